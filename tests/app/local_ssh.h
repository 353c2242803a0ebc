// An `ssh` that runs its command on this computer, and a host of that kind: both ends of a push are the real program,
// with nothing but pipes between. Real connections: tst_push_lab.
#pragma once

#include <QByteArray>
#include <QString>
#include <QTemporaryDir>

namespace tk::test {

class LocalSsh
{
public:
    LocalSsh(); // goes first in PATH, until this object goes
    ~LocalSsh();

    // A receiver that leaves its process id in pidFile(); `before` are commands of the shell.
    QString receiver(const QByteArray &before = {});
    QString script(const QByteArray &commands);
    QString pidFile() const { return m_folder.filePath(QStringLiteral("pid")); }
    qint64 takePid(); // of the receiver that runs; 0: none has begun

private:
    QTemporaryDir m_folder;
    QByteArray m_path;
    int m_scripts = 0;
};

// The table of a [[host]] for it.
QString pushTable(const QString &name, const QString &datadir, const QString &program);

} // namespace tk::test
