#include "telemetry/process_stats.h"

#include <QByteArray>
#include <QDir>
#include <QFile>

#include <sys/resource.h>
#include <unistd.h>

namespace tk::telemetry {

namespace {

QByteArray contents(const char *file)
{
    QFile source(QString::fromLatin1(file));
    return source.open(QIODevice::ReadOnly) ? source.readAll() : QByteArray();
}

double bootSeconds()
{
    for (const QByteArray &line : contents("/proc/stat").split('\n')) {
        if (line.startsWith("btime "))
            return line.mid(6).trimmed().toDouble();
    }
    return 0;
}

} // namespace

ProcessStats ProcessStats::read()
{
    ProcessStats stats;
    // proc(5): the name in brackets may hold blanks; counted from behind it, the third field of the file comes first.
    const QByteArray line = contents("/proc/self/stat");
    const QList<QByteArray> fields = line.mid(line.lastIndexOf(')') + 2).split(' ');
    if (fields.size() > 21) {
        static const double boot = bootSeconds();
        const auto ticks = double(::sysconf(_SC_CLK_TCK));
        stats.cpuSeconds = (fields[11].toDouble() + fields[12].toDouble()) / ticks;
        stats.threads = fields[17].toDouble();
        stats.startSeconds = boot + fields[19].toDouble() / ticks;
        stats.virtualBytes = fields[20].toDouble();
        stats.residentBytes = fields[21].toDouble() * double(::sysconf(_SC_PAGESIZE));
    }
    stats.openFiles = double(QDir(QStringLiteral("/proc/self/fd")).entryList(QDir::Files | QDir::System).size());
    rlimit limit = {};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
        stats.maxFiles = double(limit.rlim_cur);
    return stats;
}

} // namespace tk::telemetry
