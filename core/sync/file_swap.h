// Replacing files that somebody may be reading: complete beside them, on the disk, read back, then renamed over them. A
// reader sees the old file or the new one, also after a crash at any moment.
#pragma once

#include "base/result.h"
#include "store/posix_file.h"

#include <QByteArray>
#include <QString>

#include <atomic>
#include <chrono>
#include <optional>
#include <vector>

namespace tk::sync {

// Which file it is, and whether somebody has written to it.
struct FileStamp
{
    quint64 inode = 0;
    qint64 size = -1; // negative: there is no file
    qint64 mtime = 0; // ns since 1970, by the file system's clock
    quint32 mode = 0644;
    quint32 user = 0;
    quint32 group = 0;
    bool regular = true; // false: a link, a pipe, a device, a folder

    bool exists() const { return size >= 0; }
    bool sameFile(const FileStamp &other) const
    {
        return inode == other.inode && size == other.size && mtime == other.mtime;
    }
};

Result<FileStamp> stampOf(const QString &file); // an absent file is no error; a link is looked at itself

// Why what is there is not to be opened nor replaced: what it is, and what to do. Empty where it is a regular file.
QString whyNotOurs(const QString &file, const FileStamp &stamp);

struct LoadedFile
{
    QByteArray bytes;
    FileStamp stamp;
};

// A folder in an existing one, with the same mode and, as far as this user may, owner.
Status createFolderLike(const QString &folder, const QString &above);

// All of a file of at most `most` bytes; an error when it changed meanwhile.
inline constexpr qint64 mostFileBytes = qint64(1) << 30; // twenty million rows
Result<LoadedFile> loadFile(const QString &file, qint64 most = mostFileBytes);

// One writer per folder, among all who honour the lock file (`flock FOLDER/.tapekeeper-sync.lock freqtrade …`).
class FolderLock
{
public:
    // Tries for so long; `stop` ends the waiting.
    static Result<FolderLock> acquire(const QString &folder, std::chrono::milliseconds patience,
                                      const std::atomic<bool> &stop);
    static QString fileIn(const QString &folder);

private:
    store::PosixFile m_file; // closing it frees the lock
};

// Several files of one folder at once, because a disk takes one large wave of writes much quicker than many small ones.
class FileSwap
{
public:
    // `stop` ends the writing of a large file soon; it must outlive the object.
    explicit FileSwap(QString folder, const std::atomic<bool> *stop = nullptr)
        : m_folder(std::move(folder))
        , m_stop(stop)
    {}
    ~FileSwap() { discard(); }
    FileSwap(const FileSwap &) = delete;
    FileSwap &operator=(const FileSwap &) = delete;

    // Writes the new content beside the file. `expected` is the file as it was read; its mode and owner are kept. A new
    // file takes after its folder, whose owner is the one who is to use it.
    Status stage(const QString &name, QByteArray bytes, const FileStamp &expected);

    struct Outcome
    {
        QString name;
        FileStamp stamp{};      // of the new file
        bool overtaken = false; // somebody else wrote the file meanwhile: it is as they left it
        std::optional<Error> error{};
    };
    // Makes all of them durable, compares what the disk gives back, and puts each into its place.
    std::vector<Outcome> commit();

    void discard(); // what is staged goes; the files stay as they are

    size_t count() const { return m_staged.size(); }
    qint64 bytes() const { return m_bytes; } // staged and not committed

private:
    struct Staged
    {
        QString name;
        QByteArray bytes;
        FileStamp expected;
        store::PosixFile part;
    };
    QString path(const QString &name) const { return m_folder + u'/' + name; }
    Outcome finish(Staged &staged);

    QString m_folder;
    const std::atomic<bool> *m_stop;
    std::vector<Staged> m_staged;
    qint64 m_bytes = 0;
};

// Removes what an interrupted run left beside the files. Under the lock only.
void removeParts(const QString &folder);

} // namespace tk::sync
