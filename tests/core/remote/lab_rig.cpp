#include "lab_rig.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QProcess>

#include <unistd.h>

namespace tk::test {

namespace {

QString script()
{
    return QStringLiteral(TAPEKEEPER_LAB);
}

QString groupOf(const QString &host)
{
    return QStringLiteral("tapekeeper-lab-%1-%2").arg(::getpid()).arg(host);
}

// Hosts that share this process's control groups share the groups of their units as well: one that stops a unit takes
// the group of another's from below it, which then fails to start (exit code 219).
QString inItsOwnGroups(const QString &host)
{
    return QStringLiteral("for g in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do "
                          "[ -w $g/cgroup.procs ] || continue; mkdir -p $g/%1 2>/dev/null && echo $$ "
                          "2>/dev/null >$g/%1/cgroup.procs; done; exec \"$@\"")
        .arg(groupOf(host));
}

QString withoutGroups(const QString &host)
{
    return QStringLiteral("for g in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do "
                          "[ ! -d $g/%1 ] || find $g/%1 -depth -type d -exec rmdir {} + 2>/dev/null; done; true")
        .arg(groupOf(host));
}

} // namespace

QString LabRig::labFolder() const
{
    const QString named = qEnvironmentVariable("LAB_DIR");
    return named.isEmpty() ? QDir::tempPath() + QStringLiteral("/feeder-lab") : named;
}

QString LabRig::start(const QStringList &hosts)
{
    if (!QFileInfo(script()).isExecutable())
        return QStringLiteral("there is no lab at TAPEKEEPER_LAB");
    if (::getuid() != 0)
        return QStringLiteral("the lab needs root");
    // Its first boot fetches and unpacks a system: nothing that a test should begin.
    if (!QFile::exists(labFolder() + QStringLiteral("/base.done")))
        return QStringLiteral("the lab has never been up: run it once with \"up\"");
    QFile used(labFolder() + QStringLiteral("/hosts"));
    if (used.open(QIODevice::ReadOnly) && !used.readAll().trimmed().isEmpty())
        return QStringLiteral("the lab is in use: take it \"down\" first");
    m_hosts = hosts;
    for (const QString &host : hosts) {
        if (lab({QStringLiteral("up"), host}))
            continue;
        stop();
        return QStringLiteral("the lab cannot boot hosts here");
    }
    QProcess status;
    status.start(script(), {QStringLiteral("status")});
    status.waitForFinished();
    for (const QByteArray &line : status.readAllStandardOutput().split('\n')) {
        const QList<QByteArray> words = line.split(' ');
        if (words.size() == 3)
            m_addresses.insert(QString::fromUtf8(words[0]), QString::fromUtf8(words[1]));
    }
    QDir().mkdir(sockets());
    resetKnownHosts();
    return {};
}

void LabRig::stop()
{
    if (m_hosts.isEmpty())
        return;
    for (const QString &host : std::as_const(m_hosts))
        lab({QStringLiteral("thaw"), host});
    lab({QStringLiteral("down")});
    for (const QString &host : std::as_const(m_hosts))
        QProcess::execute(QStringLiteral("sh"), {QStringLiteral("-c"), withoutGroups(host)});
    m_hosts.clear();
}

bool LabRig::lab(const QStringList &arguments)
{
    // Its hosts keep what they inherit: no pipe, or waiting for its end would last as long as they do.
    QProcess process;
    process.setStandardOutputFile(QProcess::nullDevice());
    process.setStandardErrorFile(QProcess::nullDevice());
    if (arguments.value(0) == QLatin1String("up"))
        process.start(QStringLiteral("sh"), QStringList{QStringLiteral("-c"), inItsOwnGroups(arguments.value(1)),
                                                        QStringLiteral("sh"), script()} +
                                                arguments);
    else
        process.start(script(), arguments);
    return process.waitForFinished(120'000) && process.exitCode() == 0;
}

QByteArray LabRig::ssh(const QString &host, const QString &command)
{
    QProcess process;
    process.start(script(), {QStringLiteral("ssh"), host, command});
    process.waitForFinished(30'000);
    return process.readAllStandardOutput();
}

qint64 LabRig::leader(const QString &host) const
{
    QFile outer(labFolder() + QStringLiteral("/run/%1.pid").arg(host));
    if (!outer.open(QIODevice::ReadOnly))
        return 0;
    const QString pid = QString::fromLatin1(outer.readAll()).trimmed();
    QFile children(QStringLiteral("/proc/%1/task/%1/children").arg(pid));
    return children.open(QIODevice::ReadOnly) ? children.readAll().trimmed().split(' ').first().toLongLong() : 0;
}

QByteArray LabRig::asRoot(const QString &host, const QString &command, int *code)
{
    QProcess process;
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.setStandardInputFile(QProcess::nullDevice());
    process.start(QStringLiteral("nsenter"),
                  {QStringLiteral("-t"), QString::number(leader(host)), QStringLiteral("-a"), QStringLiteral("--"),
                   QStringLiteral("/usr/bin/env"), QStringLiteral("-i"), QStringLiteral("HOME=/root"),
                   QStringLiteral("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), QStringLiteral("LC_ALL=C.UTF-8"),
                   QStringLiteral("DEBIAN_FRONTEND=noninteractive"), QStringLiteral("sh"), QStringLiteral("-c"),
                   command});
    const bool ended = process.waitForFinished(300'000) && process.exitStatus() == QProcess::NormalExit;
    if (code)
        *code = ended ? process.exitCode() : -1;
    return process.readAll();
}

QString LabRig::root(const QString &host) const
{
    return labFolder() + u'/' + host;
}

void LabRig::write(const QString &host, const QString &path, const QByteArray &content)
{
    const QString name = root(host) + path;
    QDir().mkpath(QFileInfo(name).absolutePath());
    QFile file(name);
    if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size())
        qFatal("%s cannot be written", qUtf8Printable(name));
}

config::HostSettings LabRig::settings(const QString &host) const
{
    config::HostSettings settings;
    settings.name = host;
    settings.target = QStringLiteral("freqai@") + m_addresses.value(host);
    settings.identity = labFolder() + QStringLiteral("/id_ed25519");
    settings.known_hosts = knownHosts();
    settings.units = {QStringLiteral("freqtrade-feeder*.service"), QStringLiteral("influxdb-data-sync.timer"),
                      QStringLiteral("broken.service")};
    settings.data = {QStringLiteral("/srv/data")};
    return settings;
}

QByteArray LabRig::table(const QString &host, const QByteArray &more) const
{
    const config::HostSettings of = settings(host);
    return QStringLiteral("[[host]]\nname = \"%1\"\ntarget = \"%2\"\nidentity = \"%3\"\nknown_hosts = \"%4\"\n")
               .arg(of.name, of.target, of.identity, of.known_hosts)
               .toUtf8() +
           more;
}

void LabRig::resetKnownHosts()
{
    QFile::remove(knownHosts());
    QFile::copy(labFolder() + QStringLiteral("/known_hosts"), knownHosts());
}

QStringList LabRig::leftProcesses() const
{
    QStringList found;
    for (const QString &pid : QDir(QStringLiteral("/proc")).entryList({QStringLiteral("[0-9]*")}, QDir::Dirs)) {
        QFile file(QStringLiteral("/proc/%1/cmdline").arg(pid));
        if (!file.open(QIODevice::ReadOnly))
            continue;
        QByteArray line = file.readAll();
        line.replace('\0', ' ');
        // All of ours name the known keys that lie there; those of others on this machine do not.
        if (line.left(line.indexOf(' ')).endsWith("ssh") && line.contains(m_folder.path().toUtf8()))
            found.append(QString::fromUtf8(line));
    }
    return found;
}

} // namespace tk::test
