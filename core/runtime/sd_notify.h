// Tells the service manager how we are (sd_notify(3), without the library). Does nothing when there is none.
#pragma once

#include <QByteArray>
#include <QString>

#include <chrono>
#include <optional>

namespace tk::runtime {

class SdNotify
{
public:
    SdNotify(); // from NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID
    SdNotify(const QByteArray &socket, const QByteArray &watchdogUsec, const QByteArray &watchdogPid);
    ~SdNotify();
    SdNotify(const SdNotify &) = delete;
    SdNotify &operator=(const SdNotify &) = delete;

    bool isActive() const { return m_descriptor >= 0; }

    // How often to call watchdog(): half of what the manager allows. Call it from a check that proves progress.
    std::optional<std::chrono::milliseconds> watchdogInterval() const { return m_watchdogInterval; }

    void ready(const QString &status);
    void status(const QString &text);
    void reloading(); // ready() ends it
    void stopping(const QString &status);
    void watchdog();

private:
    void send(const QByteArray &lines) const;

    int m_descriptor = -1;
    QByteArray m_address; // sockaddr_un, as long as it is
    std::optional<std::chrono::milliseconds> m_watchdogInterval;
};

} // namespace tk::runtime
