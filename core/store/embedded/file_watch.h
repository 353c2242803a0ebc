// Whether a database file in use is still the one that was opened, by what the file system says of it and of its log.
// Cheap enough for every second. One thread.
#pragma once

#include <QString>

namespace tk::store {

class FileWatch
{
public:
    enum class Finding : quint8 {
        Whole,
        Gone,     // no file has the name any more
        Replaced, // another file has it
        LogGone,  // the file is there, its log is not (or is another one): what the log held is in our hands alone
        Cut,      // shorter than it was: a database of ours never shrinks
    };

    FileWatch() = default;
    explicit FileWatch(const QString &file); // takes what is there now for the real one

    Finding look();
    // A sentence for people: what happened to the file.
    QString text(Finding finding) const;

    // The log that lies beside the name now is that of the file that was opened: of no use to another one.
    bool logIsOurs() const;

private:
    struct Identity
    {
        quint64 device = 0;
        quint64 inode = 0;
        qint64 size = -1; // -1: not there
    };
    static Identity of(const QString &name);
    static bool same(const Identity &a, const Identity &b) { return a.device == b.device && a.inode == b.inode; }

    QString m_file;
    Identity m_main;
    Identity m_log;
    qint64 m_now = -1; // size at the last look
};

} // namespace tk::store
