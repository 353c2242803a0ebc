// An open file with the system's own calls, for what must be durable: whole reads and writes, and a sync that says when
// it failed. Failures are errno values, so that a caller can tell a full disk from a broken one. One thread per object.
#pragma once

#include "base/regular_file.h"

#include <QString>

#include <utility>

namespace tk::store {

class PosixFile
{
public:
    PosixFile() = default;
    PosixFile(PosixFile &&other) noexcept
        : m_descriptor(std::exchange(other.m_descriptor, -1))
    {}
    PosixFile &operator=(PosixFile &&other) noexcept
    {
        std::swap(m_descriptor, other.m_descriptor);
        return *this;
    }
    ~PosixFile() { close(); }

    // A regular file and no link to one; never waits (base/regular_file.h). Flags of open(2); a new file is the owner's
    // alone.
    int open(const QString &file, int flags);
    int openOrCreate(const QString &file, unsigned mode); // for both; only a file that is made here gets the mode
    int openFolder(const QString &folder, Links links = Links::Follow); // to sync its names
    void close();
    bool isOpen() const { return m_descriptor >= 0; }
    int descriptor() const { return m_descriptor; } // for calls this class does not know; negative: not open

    int write(const char *bytes, qint64 size, qint64 offset); // all of it, or the reason
    // Bytes read: fewer than `size` only at the end of the file. Negative: the errno.
    qint64 read(char *to, qint64 size, qint64 offset) const;
    int sync(); // the data, and of the metadata what reading it back needs
    // Space that later writes will not have to ask for. Nothing, successfully, where the file system knows no such
    // thing.
    int reserve(qint64 offset, qint64 size);
    int truncate(qint64 size);
    qint64 size() const;                     // negative: the errno
    bool isNamed(const QString &file) const; // the name still stands for what is open here

private:
    int m_descriptor = -1;
};

// Makes the names in a folder durable: of files that were created, renamed or removed.
int syncFolder(const QString &folder);

// Creates the folder and those above it, for the owner alone, and makes their names durable.
int createFolder(const QString &folder);

bool meansFull(int error);

// "cannot WHAT FILE: the system's words; what to do". Retryable: disks get room, and mounts come back.
Error fileError(const QString &what, const QString &file, int error);

} // namespace tk::store
