// A real sshd on loopback with keys of its own, and an `ssh` in front of the system's that knows them: the product uses
// the system's ssh with the user's configuration, and tests may not touch that one.
#pragma once

#include "remote/ssh_command.h"

#include <QProcess>
#include <QTemporaryDir>

namespace tk::test {

class SshHost
{
public:
    SshHost();
    ~SshHost();

    bool start();   // false: no sshd here, or it cannot run
    void stop();    // every connection ends with it
    bool restart(); // on the same port
    bool isRunning() const { return m_server.state() == QProcess::Running; }
    QString problem() const { return m_problem; }

    remote::SshTarget target() const;
    void forgetHostKey(); // as if the host had never been seen
    void changeHostKey(); // as if another host answered

private:
    bool run(const QString &program, const QStringList &arguments);
    bool writeFiles();
    bool listen();

    QTemporaryDir m_folder;
    QProcess m_server;
    QByteArray m_path; // of the environment, as it was
    QString m_problem;
    quint16 m_port = 0;
};

} // namespace tk::test
