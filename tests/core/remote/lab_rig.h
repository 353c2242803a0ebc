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
    bool inside(const QString &host, const QStringList &command); // as root, in the host's own namespaces
    QString root(const QString &host) const; // its files, here
    void write(const QString &host, const QString &path, const QByteArray &content);

    config::HostSettings settings(const QString &host) const;
    QString knownHosts() const { return m_folder.filePath(QStringLiteral("known")); }
    void resetKnownHosts();
    QString sockets() const { return m_folder.filePath(QStringLiteral("s")); }
    QString socket(const QString &host) const { return sockets() + u'/' + host; }

    // Command lines of the ssh processes that work for this rig's hosts, whoever started them.
    QStringList leftProcesses() const;

private:
    QString labFolder() const;

    QTemporaryDir m_folder;
    QStringList m_hosts;
    QHash<QString, QString> m_addresses;
};

} // namespace tk::test
