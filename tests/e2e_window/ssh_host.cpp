#include "ssh_host.h"

#include <QDir>
#include <QFile>
#include <QStandardPaths>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTest>

#include <pwd.h>
#include <unistd.h>

namespace tk::test {

namespace {

QString userName()
{
    const passwd *entry = ::getpwuid(::getuid());
    return entry ? QString::fromLocal8Bit(entry->pw_name) : QString();
}

void write(const QString &name, const QByteArray &content, bool executable = false)
{
    QFile file(name);
    if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size())
        qFatal("%s cannot be written", qUtf8Printable(name));
    file.setPermissions(executable ? QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner
                                   : QFile::ReadOwner | QFile::WriteOwner);
}

} // namespace

SshHost::SshHost()
    : m_path(qgetenv("PATH"))
{}

SshHost::~SshHost()
{
    stop();
    qputenv("PATH", m_path);
}

bool SshHost::run(const QString &program, const QStringList &arguments)
{
    QProcess process;
    process.start(program, arguments);
    if (process.waitForFinished(20'000) && process.exitCode() == 0)
        return true;
    m_problem = program + QStringLiteral(": ") + QString::fromLocal8Bit(process.readAllStandardError());
    return false;
}

bool SshHost::writeFiles()
{
    const QString folder = m_folder.path();
    for (const char *key : {"host", "user"}) {
        QFile::remove(folder + u'/' + QLatin1String(key));
        if (!run(QStringLiteral("ssh-keygen"),
                 {QStringLiteral("-q"), QStringLiteral("-t"), QStringLiteral("ed25519"), QStringLiteral("-N"),
                  QString(), QStringLiteral("-f"), folder + u'/' + QLatin1String(key)}))
            return false;
    }
    QFile user(folder + QStringLiteral("/user.pub"));
    QFile host(folder + QStringLiteral("/host.pub"));
    if (!user.open(QIODevice::ReadOnly) || !host.open(QIODevice::ReadOnly))
        return false;
    write(folder + QStringLiteral("/authorized"), user.readAll());
    write(folder + QStringLiteral("/known"), "[127.0.0.1]:" + QByteArray::number(m_port) + ' ' + host.readAll());
    const QByteArray at = folder.toUtf8();
    write(folder + QStringLiteral("/sshd_config"),
          "ListenAddress 127.0.0.1\nPort " + QByteArray::number(m_port) + "\nHostKey " + at +
              "/host\nAuthorizedKeysFile " + at +
              "/authorized\nPidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n"
              "PermitRootLogin prohibit-password\nAllowStreamLocalForwarding yes\n");
    write(folder + QStringLiteral("/config"), "Host *\n IdentityFile " + at +
                                                  "/user\n IdentitiesOnly yes\n UserKnownHostsFile " + at +
                                                  "/known\n GlobalKnownHostsFile none\n");
    const QString system = QStandardPaths::findExecutable(QStringLiteral("ssh"));
    QDir(folder).mkpath(QStringLiteral("bin"));
    write(folder + QStringLiteral("/bin/ssh"), "#!/bin/sh\nexec " + system.toUtf8() + " -F " + at + "/config \"$@\"\n",
          true);
    return !system.isEmpty();
}

bool SshHost::listen()
{
    m_server.setProcessChannelMode(QProcess::MergedChannels);
    m_server.start(QStringLiteral("/usr/sbin/sshd"), {QStringLiteral("-D"), QStringLiteral("-e"), QStringLiteral("-f"),
                                                      m_folder.filePath(QStringLiteral("sshd_config"))});
    if (!m_server.waitForStarted(5'000)) {
        m_problem = m_server.errorString();
        return false;
    }
    const bool up = QTest::qWaitFor(
        [this] {
            QTcpSocket probe;
            probe.connectToHost(QStringLiteral("127.0.0.1"), m_port);
            return m_server.state() == QProcess::NotRunning || probe.waitForConnected(200);
        },
        10'000);
    if (up && m_server.state() == QProcess::Running)
        return true;
    m_problem = QString::fromLocal8Bit(m_server.readAll());
    stop();
    return false;
}

bool SshHost::start()
{
    if (!QFile::exists(QStringLiteral("/usr/sbin/sshd")) ||
        QStandardPaths::findExecutable(QStringLiteral("ssh")).isEmpty()) {
        m_problem = QStringLiteral("openssh-server or openssh-client is not installed");
        return false;
    }
    if (::getuid() == 0)
        QDir().mkpath(QStringLiteral("/run/sshd")); // where its separated child lives
    QTcpServer free;
    if (!free.listen(QHostAddress::LocalHost))
        return false;
    m_port = free.serverPort();
    free.close();
    if (!writeFiles())
        return false;
    qputenv("PATH", m_folder.filePath(QStringLiteral("bin")).toUtf8() + ':' + m_path);
    return listen();
}

void SshHost::stop()
{
    if (m_server.state() == QProcess::NotRunning)
        return;
    // The listener's children serve the connections: a host that goes takes them along.
    QProcess children;
    children.start(QStringLiteral("pkill"),
                   {QStringLiteral("-TERM"), QStringLiteral("-P"), QString::number(m_server.processId())});
    children.waitForFinished(5'000);
    m_server.terminate();
    if (!m_server.waitForFinished(5'000))
        m_server.kill();
    m_server.waitForFinished(5'000);
}

bool SshHost::restart()
{
    stop();
    return listen();
}

remote::SshTarget SshHost::target() const
{
    return {userName(), QStringLiteral("127.0.0.1"), m_port, {}};
}

void SshHost::forgetHostKey()
{
    write(m_folder.filePath(QStringLiteral("known")), {});
}

void SshHost::changeHostKey()
{
    const QString other = m_folder.filePath(QStringLiteral("other"));
    run(QStringLiteral("ssh-keygen"), {QStringLiteral("-q"), QStringLiteral("-t"), QStringLiteral("ed25519"),
                                       QStringLiteral("-N"), QString(), QStringLiteral("-f"), other});
    QFile key(other + QStringLiteral(".pub"));
    if (key.open(QIODevice::ReadOnly))
        write(m_folder.filePath(QStringLiteral("known")),
              "[127.0.0.1]:" + QByteArray::number(m_port) + ' ' + key.readAll());
}

} // namespace tk::test
