// The way to an engine on another host: its socket, forwarded by the system's ssh; no port is opened there. Lives in
// the thread that creates it; nothing blocks.
#pragma once

#include "link/link_client.h"
#include "remote/ssh_command.h"

#include <QProcess>
#include <QTemporaryDir>

namespace tk::remote {

class SshLink final : public link::EngineLink
{
    Q_OBJECT
public:
    // Without a path in the target the engine's socket is looked for in the usual folders of that host.
    explicit SshLink(SshTarget target, QObject *parent = nullptr);
    ~SshLink() override; // no process stays behind

    void open(); // ends in connected() or failed(); again after each failure

    bool isConnected() const override { return m_client.isConnected(); }
    link::Hello engine() const override { return m_client.engine(); }
    qint64 request(const QString &command, const QJsonObject &args = {}) override
    {
        return m_client.request(command, args);
    }
    void watch(const QStringList &series = {}) override { m_client.watch(series); }

private:
    void findSocket();
    void forward(const QString &remoteSocket);
    void lookForSocket();
    void fail(const Error &error);
    void endProcess();

    SshTarget m_target;
    QTemporaryDir m_folder; // of the local socket
    link::LinkClient m_client;
    QTimer m_look;    // until ssh has made the local socket
    QTimer m_timeout; // of finding and forwarding
    std::unique_ptr<QProcess> m_process;
    bool m_failing = false;
};

} // namespace tk::remote
