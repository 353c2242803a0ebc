#include "runtime/data_dir_lock.h"

#include "base/private_folder.h"
#include "base/regular_file.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>

#include <cerrno>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace tk::runtime {

namespace {

Error folderError(const QString &message)
{
    return Error{Error::Kind::Storage, message};
}

// A folder that an earlier version, or an installation, made for everybody. One that holds other things is left alone.
void closeToOthers(const QString &folder, bool wasOurs)
{
    struct stat status
    {};
    const QByteArray name = QFile::encodeName(folder);
    const bool ours = ::stat(name.constData(), &status) == 0 && status.st_uid == ::geteuid() &&
                      (status.st_mode & S_ISVTX) == 0 && wasOurs;
    if (ours && (status.st_mode & 0007) != 0)
        (void)!::chmod(name.constData(), status.st_mode & 07770);
}

} // namespace

Result<DataDirLock> DataDirLock::acquire(const QString &dataDir)
{
    const QString name = QStringLiteral("lock");
    const QString file = dataDir + u'/' + name;
    // The folders above are the user's own, and have the modes that he gives to such.
    if (!QDir().mkpath(QFileInfo(dataDir).absolutePath()) || !makePrivateFolder(dataDir))
        return folderError(QStringLiteral("cannot create the data folder %1: check the permissions, or choose another "
                                          "[engine] data_dir")
                               .arg(dataDir));
    // Not removed at the end: a lock on a file that somebody else has just unlinked would hold nothing.
    const QStringList there = QDir(dataDir).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot);
    const int descriptor = openOrCreateRegular(file, 0600);
    if (descriptor < 0)
        return folderError(QStringLiteral("cannot open %1: %2; give this user write access to the folder, or choose "
                                          "another [engine] data_dir")
                               .arg(file, fileErrorText(-descriptor)));
    closeToOthers(dataDir, there.isEmpty() || there.contains(name));
    DataDirLock lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        const int reason = errno;
        if (reason != EWOULDBLOCK)
            return folderError(QStringLiteral("cannot lock %1: %2; put [engine] data_dir on a local file system")
                                   .arg(file, qt_error_string(reason)));
        char text[32] = {};
        const ssize_t size = ::pread(descriptor, text, sizeof(text) - 1, 0);
        const QString owner = QString::fromLatin1(text, qsizetype(std::max<ssize_t>(size, 0))).trimmed();
        return folderError(
            QStringLiteral("an engine (process %1) already works in %2: stop that one, attach to it with "
                           "--attach, or choose another [engine] data_dir")
                .arg(owner.isEmpty() ? QStringLiteral("unknown") : owner, dataDir));
    }
    const QByteArray pid = QByteArray::number(::getpid()) + '\n';
    if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, pid.constData(), size_t(pid.size()), 0) != pid.size()) {
        // A full disk: the lock holds all the same, only its message will not know us.
    }
    return lock;
}

DataDirLock::DataDirLock(DataDirLock &&other) noexcept
    : m_descriptor(std::exchange(other.m_descriptor, -1))
{}

DataDirLock &DataDirLock::operator=(DataDirLock &&other) noexcept
{
    std::swap(m_descriptor, other.m_descriptor);
    return *this;
}

DataDirLock::~DataDirLock()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
}

} // namespace tk::runtime
