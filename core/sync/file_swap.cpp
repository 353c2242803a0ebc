#include "sync/file_swap.h"

#include "sync/naming.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QThread>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tk::sync {

namespace {

constexpr qint64 pieceBytes = 16 << 20; // of a file, between two looks whether somebody wants the end

} // namespace

namespace {

FileStamp stampFrom(const struct stat &status)
{
    return {.inode = status.st_ino,
            .size = status.st_size,
            .mtime = qint64(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec,
            .mode = status.st_mode & 07777,
            .user = status.st_uid,
            .group = status.st_gid,
            .regular = S_ISREG(status.st_mode)};
}

Result<FileStamp> stampOf(const store::PosixFile &file, const QString &name)
{
    struct stat status
    {};
    if (::fstat(file.descriptor(), &status) < 0)
        return store::fileError(QStringLiteral("look at"), name, errno);
    return stampFrom(status);
}

// A folder may be a link: people put freqtrade's data where there is room.
Result<FileStamp> stampOfFolder(const QString &folder)
{
    store::PosixFile file;
    if (const int error = file.openFolder(folder))
        return store::fileError(QStringLiteral("look at"), folder, error);
    return stampOf(file, folder);
}

} // namespace

Result<FileStamp> stampOf(const QString &file)
{
    struct stat status
    {};
    if (::lstat(QFile::encodeName(file).constData(), &status) == 0)
        return stampFrom(status);
    if (errno == ENOENT)
        return FileStamp{};
    return store::fileError(QStringLiteral("look at"), file, errno);
}

QString whyNotOurs(const QString &file, const FileStamp &stamp)
{
    if (!stamp.exists() || stamp.regular)
        return {};
    const QFileInfo info(file);
    if (info.isSymLink())
        return QStringLiteral(
                   "it is a symbolic link (to %1), and a file that is replaced would cut it: link the folder "
                   "instead, or put the file itself here; left as it is")
            .arg(info.symLinkTarget());
    return QStringLiteral("it is %1, not a regular file: move it away; left as it is")
        .arg(info.isDir() ? QStringLiteral("a folder") : QStringLiteral("a pipe, a socket or a device"));
}

Result<LoadedFile> loadFile(const QString &name, qint64 most)
{
    store::PosixFile file;
    if (const int error = file.open(name, O_RDONLY))
        return store::fileError(QStringLiteral("read"), name, error);
    const auto before = stampOf(file, name);
    if (!before)
        return before.error();
    if (before->size > most)
        return store::fileError(QStringLiteral("read"), name, EFBIG);
    LoadedFile loaded{QByteArray(before->size, Qt::Uninitialized), *before};
    const qint64 got = file.read(loaded.bytes.data(), loaded.bytes.size(), 0);
    if (got < 0)
        return store::fileError(QStringLiteral("read"), name, int(-got));
    const auto after = stampOf(file, name);
    if (!after)
        return after.error();
    if (got != before->size || !after->sameFile(*before))
        return Error{Error::Kind::Parse, QStringLiteral("somebody is writing the file"), true};
    return loaded;
}

Status createFolderLike(const QString &folder, const QString &above)
{
    const auto there = stampOf(folder);
    if (!there || there->exists())
        return there ? ok() : Status(there.error());
    const auto like = stampOfFolder(above);
    if (!like)
        return like.error();
    if (::mkdir(QFile::encodeName(folder).constData(), like->mode & 0777) < 0)
        return errno == EEXIST ? ok() : Status(store::fileError(QStringLiteral("create"), folder, errno));
    // Through the folder itself and not through its name: whoever owns the one above may have put a link there since.
    store::PosixFile made;
    if (made.openFolder(folder, Links::Refuse) == 0) {
        (void)!::fchown(made.descriptor(), like->user, like->group);
        (void)::fchmod(made.descriptor(), like->mode);
    }
    (void)store::syncFolder(above);
    return ok();
}

QString FolderLock::fileIn(const QString &folder)
{
    return folder + QStringLiteral("/.tapekeeper-sync.lock");
}

Result<FolderLock> FolderLock::acquire(const QString &folder, std::chrono::milliseconds patience,
                                       const std::atomic<bool> &stop)
{
    const QString name = fileIn(folder);
    FolderLock lock;
    // Not removed at the end: a lock on a file that somebody else has just unlinked would hold nothing.
    // Others are to honour it, too: for everybody where it is made here.
    if (const int error = lock.m_file.openOrCreate(name, 0666))
        return store::fileError(QStringLiteral("open"), name, error);
    const auto until = std::chrono::steady_clock::now() + patience; // a lock lives in real time, whatever the clock
    while (::flock(lock.m_file.descriptor(), LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return store::fileError(QStringLiteral("lock"), name, errno);
        if (stop || std::chrono::steady_clock::now() >= until)
            return Error{
                Error::Kind::Storage,
                QStringLiteral("somebody else writes the files in %1 (the lock %2 is held): another tapekeeper "
                               "sync, or a freqtrade that honours the lock; try again when it is done")
                    .arg(folder, name),
                true};
        QThread::msleep(50);
    }
    return lock;
}

void FileSwap::discard()
{
    for (const Staged &staged : m_staged)
        QFile::remove(path(partName(staged.name)));
    m_staged.clear();
    m_bytes = 0;
}

Status FileSwap::stage(const QString &name, QByteArray bytes, const FileStamp &expected)
{
    const QString part = path(partName(name));
    store::PosixFile file;
    const auto failed = [&](int error) {
        QFile::remove(part);
        return store::fileError(QStringLiteral("write"), part, error);
    };
    // Always a file of our own: what lies there by this name was left by a run that was cut off, or put there.
    QFile::remove(part);
    if (const int error = file.open(part, O_RDWR | O_CREAT | O_EXCL))
        return store::fileError(QStringLiteral("write"), part, error);
    for (qint64 at = 0; at < bytes.size(); at += pieceBytes) {
        if (m_stop && *m_stop) {
            QFile::remove(part);
            return Error{Error::Kind::Cancelled, QStringLiteral("interrupted")};
        }
        const qint64 size = std::min(pieceBytes, bytes.size() - at);
        if (const int error = file.write(bytes.constData() + at, size, at))
            return failed(error);
        // A large file goes to the disk as it is written: its sync must not be one long wait at the end.
        if (bytes.size() > pieceBytes)
            (void)::sync_file_range(file.descriptor(), at, size,
                                    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    }
    FileStamp like = expected;
    if (!like.exists()) {
        const auto above = stampOfFolder(m_folder);
        if (!above)
            return above.error();
        like = *above;
        like.mode &= 0666;
    }
    // Nobody but root may give files away; the group at least.
    if (::fchown(file.descriptor(), like.user, like.group) < 0)
        (void)!::fchown(file.descriptor(), uid_t(-1), like.group);
    if (::fchmod(file.descriptor(), like.mode & 0777) < 0)
        return failed(errno);
    // Starts the disk's work without waiting for it, so that the syncs of a whole batch share one wait.
    (void)::sync_file_range(file.descriptor(), 0, 0, SYNC_FILE_RANGE_WRITE);
    m_bytes += bytes.size();
    m_staged.push_back({name, std::move(bytes), expected, std::move(file)});
    return ok();
}

FileSwap::Outcome FileSwap::finish(Staged &staged)
{
    Outcome outcome{.name = staged.name};
    const QString part = path(partName(staged.name));
    const auto failed = [&](Error error) {
        outcome.error = std::move(error);
        QFile::remove(part);
        return outcome;
    };
    QByteArray back(staged.bytes.size() + 1, Qt::Uninitialized);
    const qint64 got = staged.part.read(back.data(), back.size(), 0);
    if (got != staged.bytes.size() || !staged.bytes.startsWith(QByteArrayView(back).first(got)))
        return failed({Error::Kind::Storage,
                       QStringLiteral("%1 does not hold what was written into it; check the disk").arg(part), true});
    const auto stamp = stampOf(staged.part, part);
    const auto there = stampOf(path(staged.name));
    if (!stamp || !there)
        return failed(stamp ? there.error() : stamp.error());
    const bool asExpected =
        staged.expected.exists() ? there->exists() && there->sameFile(staged.expected) : !there->exists();
    if (!asExpected) {
        outcome.overtaken = true;
        QFile::remove(part);
        return outcome;
    }
    if (::rename(QFile::encodeName(part).constData(), QFile::encodeName(path(staged.name)).constData()) < 0)
        return failed(store::fileError(QStringLiteral("rename"), part, errno));
    outcome.stamp = *stamp;
    return outcome;
}

std::vector<FileSwap::Outcome> FileSwap::commit()
{
    std::vector<Outcome> outcomes;
    std::vector<int> errors;
    for (Staged &staged : m_staged)
        errors.push_back(staged.part.sync());
    for (size_t i = 0; i < m_staged.size(); ++i) {
        if (errors[i] == 0) {
            outcomes.push_back(finish(m_staged[i]));
            continue;
        }
        const QString part = path(partName(m_staged[i].name));
        QFile::remove(part);
        outcomes.push_back(
            {.name = m_staged[i].name, .error = store::fileError(QStringLiteral("write"), part, errors[i])});
    }
    if (const int error = m_staged.empty() ? 0 : store::syncFolder(m_folder)) {
        // The names are right for everybody who looks now; whether they survive a power cut is not known.
        for (Outcome &outcome : outcomes) {
            if (!outcome.error && !outcome.overtaken)
                outcome.error = store::fileError(QStringLiteral("sync"), m_folder, error);
        }
    }
    m_staged.clear();
    m_bytes = 0;
    return outcomes;
}

void removeParts(const QString &folder)
{
    const QDir dir(folder);
    for (const QString &name : dir.entryList(QDir::Files | QDir::Hidden)) {
        if (isPartName(name))
            QFile::remove(dir.filePath(name));
    }
}

} // namespace tk::sync
