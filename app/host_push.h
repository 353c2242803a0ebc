// One push to one host: `ssh` with the receiver at its other end, the store at this one. Its thread may wait for the
// store; give each host its own.
#pragma once

#include "config/settings.h"
#include "remote/ssh_command.h"
#include "sync/push_sender.h"

#include <QProcess>
#include <QTimer>

#include <memory>

namespace tk::app {

class HostPush final : public QObject
{
    Q_OBJECT
public:
    struct Options
    {
        config::HostSettings host;
        config::SyncSettings sync; // pairs, timeframes, history, version; not where
        bool full = false;
        QByteArray known{}; // digest of the receipts from there
        std::function<UtcTime()> now;
        milliseconds silence{60'000}; // of the host, before it is given up
    };

    HostPush(Options options, store::StoreReader &reader, const std::atomic<bool> &stop, QObject *parent = nullptr);
    ~HostPush() override; // ends what still runs; nothing more is told

    void start(); // ends in ended()

    // Of everything, in bytes, before ssh packs it.
    qint64 sentBytes() const { return m_sent; }
    qint64 receivedBytes() const { return m_received; }

Q_SIGNALS:
    void ended(const tk::Result<tk::sync::PushReport> &result); // once

private:
    void read();
    void give();
    void finished(int code, QProcess::ExitStatus status);
    void end(const Result<sync::PushReport> &result);
    Error errorOf(int code) const;

    Options m_options;
    remote::SshTarget m_target;
    const std::atomic<bool> &m_stop;
    std::unique_ptr<sync::PushSender> m_sender;
    QProcess m_process;
    QTimer m_silence;
    QByteArray m_errors; // what was said on stderr
    qint64 m_sent = 0;
    qint64 m_received = 0;
    bool m_ended = false;
};

} // namespace tk::app
