#include "readonly_disk.h"

#include <QFile>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

std::array<char, 4096> folder; // without a slash at its end
std::atomic<bool> readOnly{false};
std::atomic<quint64> refused{0};

bool isBelow(const char *path)
{
    const size_t length = std::strlen(folder.data());
    return path && std::strncmp(path, folder.data(), length) == 0 && (path[length] == '/' || path[length] == '\0');
}

bool refusesPath(const char *path)
{
    if (!readOnly.load(std::memory_order_relaxed) || !isBelow(path))
        return false;
    ++refused;
    errno = EROFS;
    return true;
}

bool refusesFile(int file)
{
    if (!readOnly.load(std::memory_order_relaxed))
        return false;
    std::array<char, 64> link{};
    std::array<char, 4096> path{};
    std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", file);
    const int before = errno;
    const ssize_t length = ::readlink(link.data(), path.data(), path.size() - 1);
    errno = before;
    return length > 0 && refusesPath(path.data());
}

} // namespace

#if defined(__linux__) && defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)

// Under the names of the C library: the program's own come before those of its libraries.
#define TK_CALL(name) __asm__(#name) __attribute__((visibility("default")))

extern "C" {
int tkOpen(const char *path, int flags, ...) TK_CALL(open);
int tkOpen64(const char *path, int flags, ...) TK_CALL(open64);
int tkOpenAt(int at, const char *path, int flags, ...) TK_CALL(openat);
ssize_t tkWrite(int file, const void *bytes, size_t length) TK_CALL(write);
ssize_t tkPwrite(int file, const void *bytes, size_t length, off_t at) TK_CALL(pwrite);
ssize_t tkPwrite64(int file, const void *bytes, size_t length, off_t at) TK_CALL(pwrite64);
ssize_t tkWritev(int file, const iovec *parts, int count) TK_CALL(writev);
int tkTruncate(int file, off_t length) TK_CALL(ftruncate);
int tkTruncate64(int file, off_t length) TK_CALL(ftruncate64);
int tkFallocate(int file, off_t from, off_t length) TK_CALL(posix_fallocate);
int tkFallocate64(int file, off_t from, off_t length) TK_CALL(posix_fallocate64);
int tkFsync(int file) TK_CALL(fsync);
int tkFdatasync(int file) TK_CALL(fdatasync);
int tkMkdir(const char *path, mode_t mode) TK_CALL(mkdir);
int tkRmdir(const char *path) TK_CALL(rmdir);
int tkUnlink(const char *path) TK_CALL(unlink);
int tkRename(const char *from, const char *to) TK_CALL(rename);
int tkRenameAt2(int fromAt, const char *from, int toAt, const char *to, unsigned flags) TK_CALL(renameat2);
int tkLinkAt(int fromAt, const char *from, int toAt, const char *to, int flags) TK_CALL(linkat);
int tkLink(const char *from, const char *to) TK_CALL(link);
int tkChmod(const char *path, mode_t mode) TK_CALL(chmod);
int tkFchmod(int file, mode_t mode) TK_CALL(fchmod);
int tkAccess(const char *path, int mode) TK_CALL(access);
}

namespace {

int openWith(int at, const char *path, int flags, mode_t mode)
{
    const bool makes = (flags & O_TMPFILE) == O_TMPFILE || ((flags & O_CREAT) != 0 && ::access(path, F_OK) != 0);
    if (((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0 || makes) && refusesPath(path))
        return -1;
    return int(::syscall(SYS_openat, at, path, flags, mode));
}

mode_t modeOf(int flags, va_list rest)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
}

} // namespace

int tkOpen(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = modeOf(flags, rest);
    va_end(rest);
    return openWith(AT_FDCWD, path, flags, mode);
}

int tkOpen64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = modeOf(flags, rest);
    va_end(rest);
    return openWith(AT_FDCWD, path, flags, mode);
}

int tkOpenAt(int at, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = modeOf(flags, rest);
    va_end(rest);
    return openWith(at, path, flags, mode);
}

ssize_t tkWrite(int file, const void *bytes, size_t length)
{
    return refusesFile(file) ? -1 : ::syscall(SYS_write, file, bytes, length);
}

ssize_t tkPwrite(int file, const void *bytes, size_t length, off_t at)
{
    return refusesFile(file) ? -1 : ::syscall(SYS_pwrite64, file, bytes, length, at);
}

ssize_t tkPwrite64(int file, const void *bytes, size_t length, off_t at)
{
    return tkPwrite(file, bytes, length, at);
}

ssize_t tkWritev(int file, const iovec *parts, int count)
{
    return refusesFile(file) ? -1 : ::syscall(SYS_writev, file, parts, count);
}

int tkTruncate(int file, off_t length)
{
    return refusesFile(file) ? -1 : int(::syscall(SYS_ftruncate, file, length));
}

int tkTruncate64(int file, off_t length)
{
    return tkTruncate(file, length);
}

int tkFallocate(int file, off_t from, off_t length) // tells by its value, not by errno
{
    return refusesFile(file) ? EROFS : ::syscall(SYS_fallocate, file, 0, from, length) == 0 ? 0 : errno;
}

int tkFallocate64(int file, off_t from, off_t length)
{
    return tkFallocate(file, from, length);
}

int tkFsync(int file)
{
    return refusesFile(file) ? -1 : int(::syscall(SYS_fsync, file));
}

int tkFdatasync(int file)
{
    return refusesFile(file) ? -1 : int(::syscall(SYS_fdatasync, file));
}

int tkMkdir(const char *path, mode_t mode)
{
    return ::access(path, F_OK) != 0 && refusesPath(path) ? -1 : int(::syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

int tkRmdir(const char *path)
{
    return refusesPath(path) ? -1 : int(::syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR));
}

int tkUnlink(const char *path)
{
    return refusesPath(path) ? -1 : int(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

int tkRename(const char *from, const char *to)
{
    return tkRenameAt2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int tkRenameAt2(int fromAt, const char *from, int toAt, const char *to, unsigned flags)
{
    return refusesPath(from) || refusesPath(to) ? -1 : int(::syscall(SYS_renameat2, fromAt, from, toAt, to, flags));
}

int tkLinkAt(int fromAt, const char *from, int toAt, const char *to, int flags)
{
    return refusesPath(to) ? -1 : int(::syscall(SYS_linkat, fromAt, from, toAt, to, flags));
}

int tkLink(const char *from, const char *to)
{
    return tkLinkAt(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int tkChmod(const char *path, mode_t mode)
{
    return refusesPath(path) ? -1 : int(::syscall(SYS_fchmodat, AT_FDCWD, path, mode));
}

int tkFchmod(int file, mode_t mode)
{
    return refusesFile(file) ? -1 : int(::syscall(SYS_fchmod, file, mode));
}

int tkAccess(const char *path, int mode)
{
    return (mode & W_OK) != 0 && refusesPath(path) ? -1 : int(::syscall(SYS_faccessat, AT_FDCWD, path, mode));
}

namespace {
constexpr bool possible = true;
} // namespace

#else

namespace {
constexpr bool possible = false;
} // namespace

#endif

namespace tk::test {

ReadOnlyDisk::ReadOnlyDisk(const QString &path)
{
    const QByteArray name = QFile::encodeName(path);
    std::snprintf(folder.data(), folder.size(), "%s", name.constData());
}

ReadOnlyDisk::~ReadOnlyDisk()
{
    set(false);
}

void ReadOnlyDisk::set(bool value)
{
    readOnly = value;
}

quint64 ReadOnlyDisk::refusals()
{
    return refused;
}

bool ReadOnlyDisk::isPossible()
{
    return possible;
}

} // namespace tk::test
