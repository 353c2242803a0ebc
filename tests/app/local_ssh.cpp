#include "local_ssh.h"

#include <QDir>
#include <QFile>

namespace tk::test {

LocalSsh::LocalSsh()
    : m_path(qgetenv("PATH"))
{
    QDir(m_folder.path()).mkpath(QStringLiteral("bin"));
    // sshd gives the words after the host to the login shell, as one line.
    const QString made = script("for last; do :; done\nexec sh -c \"$last\"\n");
    QFile::rename(made, m_folder.filePath(QStringLiteral("bin/ssh")));
    qputenv("PATH", m_folder.filePath(QStringLiteral("bin")).toUtf8() + ':' + m_path);
}

LocalSsh::~LocalSsh()
{
    qputenv("PATH", m_path);
}

QString LocalSsh::script(const QByteArray &commands)
{
    const QString name = m_folder.filePath(QStringLiteral("script-%1").arg(++m_scripts));
    QFile file(name);
    const QByteArray text = "#!/bin/sh\n" + commands;
    if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size())
        qFatal("%s cannot be written", qUtf8Printable(name));
    file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    return name;
}

QString LocalSsh::receiver(const QByteArray &before)
{
    return script(before + "\necho $$ >" + pidFile().toUtf8() + ".new && mv " + pidFile().toUtf8() + ".new " +
                  pidFile().toUtf8() + "\nexec " TAPEKEEPER_BIN_DIR "/tapekeeper-server \"$@\"\n");
}

qint64 LocalSsh::takePid()
{
    QFile file(pidFile());
    const qint64 pid = file.open(QIODevice::ReadOnly) ? file.readAll().trimmed().toLongLong() : 0;
    file.remove();
    return pid;
}

QString pushTable(const QString &name, const QString &datadir, const QString &program)
{
    return QStringLiteral("[[host]]\nname = \"%1\"\npush = \"%2\"\npush_program = \"%3\"\npush_every = \"10s\"\n")
        .arg(name, datadir, program);
}

} // namespace tk::test
