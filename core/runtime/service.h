// A part of the engine that lives in one thread: built, started, stopped and destroyed there.
#pragma once

#include "base/result.h"

#include <QObject>

namespace tk::runtime {

class Service : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    virtual void start() = 0; // a start that cannot succeed ends in failed()
    virtual void stop() = 0;  // asynchronous; ends in stopped(), once

Q_SIGNALS:
    void failed(const tk::Error &error); // the service cannot go on
    void stopped();
};

} // namespace tk::runtime
