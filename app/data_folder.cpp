#include "app/data_folder.h"

#include "base/logging.h"

#include <QFile>
#include <QFileInfo>

#include <sys/stat.h>

namespace tk::app {

namespace {

constexpr int lookEveryMs = 1'000; // of real time

} // namespace

DataFolder::DataFolder(QString folder, runtime::DataDirLock lock)
    : m_folder(std::move(folder))
    , m_lock(std::move(lock))
    , m_known(lockFile())
{
    connect(&m_timer, &QTimer::timeout, this, &DataFolder::look);
    m_timer.start(lookEveryMs);
}

DataFolder::Identity DataFolder::lockFile() const
{
    struct stat info = {};
    if (::stat(QFile::encodeName(m_folder + QStringLiteral("/lock")).constData(), &info) != 0)
        return {};
    return {quint64(info.st_dev), quint64(info.st_ino)};
}

void DataFolder::look()
{
    if (m_lost.isEmpty()) {
        const Identity now = lockFile();
        if (now == m_known)
            return;
        m_lost = !QFileInfo::exists(m_folder)
                     ? QStringLiteral("the data folder %1 was removed while in use").arg(m_folder)
                 : now == Identity{}
                     ? QStringLiteral("the lock of the data folder %1 was removed while in use").arg(m_folder)
                     : QStringLiteral("another folder stands in the place of %1").arg(m_folder);
        qCCritical(lcApp).noquote() << m_lost;
        Q_EMIT lost(m_lost);
    }
    auto lock = runtime::DataDirLock::acquire(m_folder);
    if (!lock) {
        if (std::exchange(m_trouble, lock.error().message) != lock.error().message) {
            qCCritical(lcApp).noquote() << m_trouble;
            Q_EMIT troubled(m_trouble);
        }
        return;
    }
    m_lock = std::move(lock).value();
    m_known = lockFile();
    m_trouble.clear();
    qCWarning(lcApp).noquote() << "the data folder is ours again:" << m_folder;
    Q_EMIT taken(std::exchange(m_lost, {}));
}

} // namespace tk::app
