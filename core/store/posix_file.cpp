#include "store/posix_file.h"

#include <QFile>
#include <QFileInfo>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tk::store {

namespace {

// Repeats a call that a signal interrupted.
template <typename F>
auto untilUninterrupted(F &&call)
{
    auto answer = call();
    while (answer < 0 && errno == EINTR)
        answer = call();
    return answer;
}

} // namespace

int PosixFile::open(const QString &file, int flags)
{
    close();
    const int opened = openRegular(file, flags, Links::Refuse);
    if (opened < 0)
        return -opened;
    m_descriptor = opened;
    return 0;
}

int PosixFile::openOrCreate(const QString &file, unsigned mode)
{
    close();
    const int opened = openOrCreateRegular(file, mode);
    if (opened < 0)
        return -opened;
    m_descriptor = opened;
    return 0;
}

int PosixFile::openFolder(const QString &folder, Links links)
{
    close();
    const QByteArray name = QFile::encodeName(folder);
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (links == Links::Refuse ? O_NOFOLLOW : 0);
    m_descriptor = untilUninterrupted([&] { return ::open(name.constData(), flags); });
    return m_descriptor < 0 ? errno : 0;
}

void PosixFile::close()
{
    if (m_descriptor >= 0)
        ::close(std::exchange(m_descriptor, -1));
}

int PosixFile::write(const char *bytes, qint64 size, qint64 offset)
{
    while (size > 0) {
        const ssize_t written = untilUninterrupted([&] { return ::pwrite(m_descriptor, bytes, size_t(size), offset); });
        if (written < 0)
            return errno;
        if (written == 0)
            return ENOSPC; // a device that takes nothing and names no reason
        bytes += written;
        offset += written;
        size -= written;
    }
    return 0;
}

qint64 PosixFile::read(char *to, qint64 size, qint64 offset) const
{
    qint64 total = 0;
    while (total < size) {
        const ssize_t got =
            untilUninterrupted([&] { return ::pread(m_descriptor, to + total, size_t(size - total), offset + total); });
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        total += got;
    }
    return total;
}

int PosixFile::sync()
{
    return untilUninterrupted([&] { return ::fdatasync(m_descriptor); }) < 0 ? errno : 0;
}

int PosixFile::reserve(qint64 offset, qint64 size)
{
    // Not posix_fallocate: where the file system cannot, that writes a byte into every block.
    if (untilUninterrupted([&] { return ::fallocate(m_descriptor, 0, offset, size); }) == 0)
        return 0;
    return errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL ? 0 : errno;
}

int PosixFile::truncate(qint64 size)
{
    return untilUninterrupted([&] { return ::ftruncate(m_descriptor, size); }) < 0 ? errno : 0;
}

qint64 PosixFile::size() const
{
    struct stat status
    {};
    return ::fstat(m_descriptor, &status) < 0 ? -errno : qint64(status.st_size);
}

bool PosixFile::isNamed(const QString &file) const
{
    struct stat open = {};
    struct stat named = {};
    return m_descriptor >= 0 && ::fstat(m_descriptor, &open) == 0 &&
           ::lstat(QFile::encodeName(file).constData(), &named) == 0 && open.st_dev == named.st_dev &&
           open.st_ino == named.st_ino;
}

int syncFolder(const QString &folder)
{
    PosixFile file;
    if (const int error = file.openFolder(folder))
        return error;
    const int error = file.sync();
    return error == EINVAL ? 0 : error; // some network file systems sync no folders
}

int createFolder(const QString &folder)
{
    const QFileInfo info(folder);
    if (info.isDir())
        return 0;
    const QString above = info.absolutePath();
    if (above != info.absoluteFilePath()) {
        if (const int error = createFolder(above))
            return error;
    }
    if (::mkdir(QFile::encodeName(folder).constData(), 0700) < 0 && errno != EEXIST)
        return errno;
    return syncFolder(above);
}

bool meansFull(int error)
{
    return error == ENOSPC || error == EDQUOT;
}

Error fileError(const QString &what, const QString &file, int error)
{
    const QString advice =
        meansFull(error)                                               ? QStringLiteral("make room on the disk")
        : error == notRegularFile || error == EISDIR || error == ELOOP ? QStringLiteral("move it away")
        : error == EROFS ? QStringLiteral("look into the kernel's log for why, then mount its disk writable again")
        : error == EACCES || error == EPERM ? QStringLiteral("give this user write access to it")
                                            : QStringLiteral("check the disk and the system's log");
    return Error{Error::Kind::Storage,
                 QStringLiteral("cannot %1 %2: %3; %4").arg(what, file, fileErrorText(error), advice), true};
}

} // namespace tk::store
