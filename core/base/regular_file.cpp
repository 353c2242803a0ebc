#include "base/regular_file.h"

#include <QFile>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tk {

const int notRegularFile = EMEDIUMTYPE; // nothing on this system answers an open with it

namespace {

bool isRegular(const struct stat &status)
{
    return S_ISREG(status.st_mode);
}

int refusedKind(const struct stat &status)
{
    return S_ISDIR(status.st_mode) ? EISDIR : S_ISLNK(status.st_mode) ? ELOOP : notRegularFile;
}

int close(int descriptor, int error)
{
    ::close(descriptor);
    return -error;
}

Error readError(const QString &file, int error)
{
    return Error{error == ENOENT ? Error::Kind::Config : Error::Kind::Storage,
                 QStringLiteral("%1 cannot be read: %2").arg(file, fileErrorText(error))};
}

// Negative: the errno.
int readAll(int descriptor, qint64 most, SmallFile &into)
{
    struct stat status
    {};
    if (::fstat(descriptor, &status) < 0)
        return -errno;
    into.mode = status.st_mode & 07777;
    // Not what the size says: files of /proc say nothing, and one that grows must not be read for ever.
    into.bytes.resize(qsizetype(std::min<qint64>(most, qint64(status.st_size)) + 1));
    qsizetype total = 0;
    while (true) {
        if (total == into.bytes.size())
            into.bytes.resize(qsizetype(std::min<qint64>(most + 1, qint64(total) * 2 + 4096)));
        const ssize_t got = ::read(descriptor, into.bytes.data() + total, size_t(into.bytes.size() - total));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        total += got;
        if (total > most)
            return -EFBIG;
    }
    into.bytes.resize(total);
    return 0;
}

} // namespace

int openRegular(const QString &file, int flags, Links links, unsigned mode)
{
    if (file.contains(QChar::Null)) // the system would open what stands before it
        return -EINVAL;
    const QByteArray name = QFile::encodeName(file);
    // Looked at before it is opened, because opening some devices does something; and afterwards, because it may have
    // been replaced in between.
    struct stat status
    {};
    const int looked = links == Links::Follow ? ::stat(name.constData(), &status) : ::lstat(name.constData(), &status);
    if (looked == 0 && !isRegular(status))
        return -refusedKind(status);
    const int all = flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (links == Links::Refuse ? O_NOFOLLOW : 0);
    int descriptor = -1;
    do
        descriptor = ::open(name.constData(), all & ~O_TRUNC, mode);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0)
        return errno == ENXIO ? -notRegularFile : -errno;
    if (::fstat(descriptor, &status) < 0)
        return close(descriptor, errno);
    if (!isRegular(status))
        return close(descriptor, refusedKind(status));
    if ((flags & O_TRUNC) != 0 && ::ftruncate(descriptor, 0) < 0)
        return close(descriptor, errno);
    return descriptor;
}

int openOrCreateRegular(const QString &file, unsigned mode)
{
    for (int attempt = 0; attempt < 3; ++attempt) {
        const int made = openRegular(file, O_RDWR | O_CREAT | O_EXCL, Links::Refuse, mode);
        if (made >= 0) {
            (void)::fchmod(made, mode); // the umask had a say; the file is ours and new
            return made;
        }
        if (made != -EEXIST && made != -ELOOP)
            return made;
        const int there = openRegular(file, O_RDWR, Links::Refuse);
        if (there != -ENOENT) // gone again meanwhile
            return there;
    }
    return -ENOENT;
}

bool openForReading(QFile &file)
{
    const int descriptor = openRegular(file.fileName(), O_RDONLY, Links::Follow);
    return descriptor >= 0 && file.open(descriptor, QIODevice::ReadOnly, QFileDevice::AutoCloseHandle);
}

QString fileErrorText(int error)
{
    if (error == notRegularFile)
        return QStringLiteral("it is a pipe, a socket or a device, and a regular file belongs there");
    if (error == EISDIR)
        return QStringLiteral("it is a folder, and a regular file belongs there");
    if (error == ELOOP)
        return QStringLiteral("it is a symbolic link, and a regular file belongs there");
    if (error == EFBIG)
        return QStringLiteral("it is larger than such a file may be");
    return qt_error_string(error);
}

Result<SmallFile> readSmallFile(const QString &file, qint64 most)
{
    const int descriptor = openRegular(file, O_RDONLY, Links::Follow);
    if (descriptor < 0)
        return readError(file, -descriptor);
    SmallFile content;
    const int error = readAll(descriptor, most, content);
    ::close(descriptor);
    if (error < 0)
        return readError(file, -error);
    return content;
}

Result<std::optional<SmallFile>> readSmallFileIfAny(const QString &file, qint64 most)
{
    const int descriptor = openRegular(file, O_RDONLY, Links::Follow);
    if (descriptor == -ENOENT)
        return std::optional<SmallFile>();
    if (descriptor < 0)
        return readError(file, -descriptor);
    ::close(descriptor);
    auto content = readSmallFile(file, most);
    if (!content)
        return content.error();
    return std::optional(std::move(content).value());
}

} // namespace tk
