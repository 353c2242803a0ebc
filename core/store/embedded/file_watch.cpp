#include "store/embedded/file_watch.h"

#include <QFile>

#include <sys/stat.h>

namespace tk::store {

FileWatch::FileWatch(const QString &file)
    : m_file(file)
    , m_main(of(file))
    , m_log(of(file + QStringLiteral("-wal")))
    , m_now(m_main.size)
{}

FileWatch::Identity FileWatch::of(const QString &name)
{
    struct stat info = {};
    if (::stat(QFile::encodeName(name).constData(), &info) != 0)
        return {};
    return {quint64(info.st_dev), quint64(info.st_ino), qint64(info.st_size)};
}

FileWatch::Finding FileWatch::look()
{
    const Identity now = of(m_file);
    if (now.size < 0)
        return Finding::Gone;
    if (!same(now, m_main))
        return Finding::Replaced;
    m_now = now.size;
    if (now.size < m_main.size)
        return Finding::Cut;
    m_main.size = now.size;
    const Identity log = of(m_file + QStringLiteral("-wal"));
    if (m_log.size >= 0 && (log.size < 0 || !same(log, m_log)))
        return Finding::LogGone;
    return Finding::Whole;
}

QString FileWatch::text(Finding finding) const
{
    switch (finding) {
    case Finding::Whole:
        break;
    case Finding::Gone:
        return QStringLiteral("%1 was moved or removed while in use").arg(m_file);
    case Finding::Replaced:
        return QStringLiteral("%1 was moved or removed while in use, and another file has its name").arg(m_file);
    case Finding::LogGone:
        return QStringLiteral("%1-wal was removed while in use").arg(m_file);
    case Finding::Cut:
        return QStringLiteral("it was cut from %1 to %2 bytes while in use").arg(m_main.size).arg(m_now);
    }
    return {};
}

bool FileWatch::logIsOurs() const
{
    const Identity log = of(m_file + QStringLiteral("-wal"));
    return log.size >= 0 && m_log.size >= 0 && same(log, m_log);
}

} // namespace tk::store
