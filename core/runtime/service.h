// A piece of the engine with a thread of its own: born, used and destroyed in that thread by a ServiceThread. It never
// blocks there for long, and registers its own heartbeat with telemetry.
#pragma once

#include "base/result.h"

#include <QObject>

namespace tk::runtime {

class Service : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    // Opens what it needs. An error ends the service at once: stop() is not called any more.
    virtual Status start() = 0;

    // Asked once, after a good start(). Asynchronous: finish or hand over the work, then emit stopped().
    virtual void stop() = 0;

Q_SIGNALS:
    // Cannot go on. The host reports it and stops everything; this service is asked to stop like the others.
    void failed(const tk::Error &error);

    // Done, once; the service is destroyed next. Without having been asked it is a failure.
    void stopped();
};

} // namespace tk::runtime
