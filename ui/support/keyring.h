// Secrets in the desktop's keyring. Nothing waits: answers come to functions, unless `context` has gone. A build
// without QtKeychain has none, and says so.
#pragma once

#include "base/result.h"

#include <QObject>
#include <QString>

#include <functional>

namespace tk::ui {

class Keyring
{
public:
    static bool isBuiltIn();

    // `place`: whose secrets, the data folder of the engine. Names: "token", "password".
    explicit Keyring(QString place)
        : m_place(std::move(place))
    {}

    void write(const QString &name, const QString &value, QObject *context, std::function<void(const Status &)> done);

    // Nothing stored is an empty text.
    void read(const QString &name, QObject *context, std::function<void(const Result<QString> &)> done);

private:
    QString key(const QString &name) const { return QStringLiteral("influx-%1 of %2").arg(name, m_place); }

    QString m_place;
};

} // namespace tk::ui
