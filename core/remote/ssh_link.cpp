#include "remote/ssh_link.h"

#include <QFile>

namespace tk::remote {

namespace {

constexpr int lookEvery = 50; // ms
constexpr int openWithin = 25'000;

// Where an engine keeps its socket: as a service, as a user, or in XDG_DATA_HOME. Prints the first there is.
QString findScript()
{
    return QStringLiteral("for d in /var/lib/tapekeeper \"${XDG_DATA_HOME:-$HOME/.local/share}/tapekeeper\" "
                          "\"$HOME/.local/share/tapekeeper\"; do if [ -S \"$d/engine.sock\" ] && [ -r "
                          "\"$d/engine.sock\" ]; then echo \"$d/engine.sock\"; exit 0; fi; done; exit 9");
}

} // namespace

SshLink::SshLink(SshTarget target, QObject *parent)
    : EngineLink(parent)
    , m_target(std::move(target))
{
    using link::LinkClient;
    connect(&m_client, &LinkClient::connected, this, [this] {
        m_timeout.stop();
        Q_EMIT connected();
    });
    connect(&m_client, &LinkClient::failed, this, &SshLink::fail);
    connect(&m_client, &LinkClient::progressed, this, &EngineLink::progressed);
    connect(&m_client, &LinkClient::finished, this, &EngineLink::finished);
    connect(&m_client, &LinkClient::refused, this, &EngineLink::refused);
    connect(&m_client, &LinkClient::snapshot, this, &EngineLink::snapshot);
    connect(&m_client, &LinkClient::changes, this, &EngineLink::changes);
    connect(&m_look, &QTimer::timeout, this, &SshLink::lookForSocket);
    m_timeout.setSingleShot(true);
    connect(&m_timeout, &QTimer::timeout, this, [this] {
        fail(Error{Error::Kind::Timeout, QStringLiteral("%1 does not answer over ssh").arg(m_target.text()), true});
    });
}

SshLink::~SshLink()
{
    endProcess();
}

void SshLink::endProcess()
{
    m_look.stop();
    m_timeout.stop();
    if (QProcess *process = m_process.release()) {
        process->disconnect(this);
        process->kill(); // it holds nothing but the tunnel
        process->waitForFinished(1'000);
        process->deleteLater();
    }
    QFile::remove(m_folder.filePath(QStringLiteral("engine.sock")));
}

void SshLink::open()
{
    endProcess();
    m_client.close();
    m_timeout.start(openWithin);
    if (m_target.path.isEmpty())
        findSocket();
    else
        forward(m_target.path);
}

void SshLink::findSocket()
{
    m_process = std::make_unique<QProcess>();
    QProcess *process = m_process.get();
    connect(process, &QProcess::finished, this, [this, process](int code) {
        const QString socket = QString::fromUtf8(process->readAllStandardOutput()).trimmed();
        if (code == 0 && socket.startsWith(u'/'))
            return forward(socket);
        if (code == 9)
            return fail(Error{Error::Kind::Network,
                              QStringLiteral("%1: no engine runs there for this user; start it, or name its socket: "
                                             "ssh://%1/path/of/data_dir/engine.sock")
                                  .arg(m_target.text()),
                              true});
        fail(sshError(m_target, process->readAllStandardError()));
    });
    connect(process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            fail(Error{Error::Kind::Config, QStringLiteral("ssh could not be started: install openssh-client")});
    });
    process->setStandardInputFile(QProcess::nullDevice());
    process->start(QStringLiteral("ssh"), sshRun(m_target, {QStringLiteral("sh"), QStringLiteral("-c"), findScript()}));
}

void SshLink::forward(const QString &remoteSocket)
{
    const QString local = m_folder.filePath(QStringLiteral("engine.sock"));
    if (m_process) {
        m_process->disconnect(this);
        m_process.release()->deleteLater(); // it has ended: we may be in its signal
    }
    m_process = std::make_unique<QProcess>();
    QProcess *process = m_process.get();
    connect(process, &QProcess::finished, this,
            [this, process] { fail(sshError(m_target, process->readAllStandardError())); });
    connect(process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            fail(Error{Error::Kind::Config, QStringLiteral("ssh could not be started: install openssh-client")});
    });
    process->setStandardInputFile(QProcess::nullDevice());
    process->start(QStringLiteral("ssh"), sshForward(m_target, local, remoteSocket));
    m_look.start(lookEvery);
}

void SshLink::lookForSocket()
{
    const QString local = m_folder.filePath(QStringLiteral("engine.sock"));
    if (!QFile::exists(local))
        return;
    m_look.stop();
    m_client.connectTo(local);
}

void SshLink::fail(const Error &error)
{
    if (m_failing)
        return; // the process and the socket may both tell of one end
    m_failing = true;
    // Not from within a signal of the process that is about to go.
    m_look.stop();
    m_timeout.stop();
    m_client.close();
    QMetaObject::invokeMethod(
        this,
        [this, error] {
            endProcess();
            m_failing = false;
            Q_EMIT failed(error);
        },
        Qt::QueuedConnection);
}

} // namespace tk::remote
