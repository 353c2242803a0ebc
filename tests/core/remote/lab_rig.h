// Real hosts on loopback, booted by the script that TAPEKEEPER_LAB names.
#pragma once

#include "config/settings.h"

#include <QStringList>
#include <QTemporaryDir>

namespace tk::test {

class LabRig
{
public:
    // Empty where the lab can be used; else why not.
    QString start(const QStringList &hosts);
    ~LabRig() { stop(); } // also after a test that failed
    void stop();

    bool lab(const QStringList &arguments); // of the script
    QByteArray ssh(const QString &host, const QString &command);
    // What root says on the host, both streams; `code` is the command's own. Its login is not needed.
    QByteArray asRoot(const QString &host, const QString &command, int *code = nullptr);
    QString root(const QString &host) const; // its files, here
    QString labFolder() const;               // what stays between runs
    void write(const QString &host, const QString &path, const QByteArray &content);

    config::HostSettings settings(const QString &host) const;
    QByteArray table(const QString &host,
                     const QByteArray &more = {}) const; // the way there, as a configuration has it
    QString knownHosts() const { return m_folder.filePath(QStringLiteral("known")); }
    void resetKnownHosts();
    QString sockets() const { return m_folder.filePath(QStringLiteral("s")); }
    QString socket(const QString &host) const { return sockets() + u'/' + host; }

    // Command lines of the ssh processes that work for this rig's hosts, whoever started them.
    QStringList leftProcesses() const;

private:
    qint64 leader(const QString &host) const; // its first process, as seen from here

    QTemporaryDir m_folder;
    QStringList m_hosts;
    QHash<QString, QString> m_addresses;
};

} // namespace tk::test
