// One append-only file of a lane: its facts, shared by whoever appends, reads and counts; the appender's hold on it;
// and a reader that goes through it once, from any place.
#pragma once

#include "store/posix_file.h"
#include "store/spool/record_format.h"
#include "store/spool/spool.h"

#include <memory>
#include <optional>

namespace tk::store {

// What is known of a file. The spool's lock guards everything but the first three, which never change.
struct Segment
{
    Lane lane = Lane::Candles;
    quint64 first_seq = 0; // at least: also the file's name
    QString file;

    quint64 last_seq = 0;   // first_seq - 1 while empty; an upper bound while not `scanned`
    qint64 end = 0;         // behind the last promised record
    qint64 disk_bytes = 0;  // what is reserved included
    UtcTime first_taken{};  // 0 while empty
    UtcTime newest_taken{}; // clocks jump: not always that of the last record
    bool scanned = false;   // counted record by record, here or while appending
    bool sealed = false;    // nobody will append to it
    bool removed = false;   // its bytes are gone, or about to be

    qint64 waiting_entries = 0;
    qint64 waiting_bytes = 0;
    UtcTime oldest_waiting{}; // of the first waiting entry

    // A place to begin reading about every mebibyte, so that finding an entry never means reading a whole file.
    struct Mark
    {
        quint64 seq = 0; // of the record at `offset`
        qint64 offset = 0;
    };
    std::vector<Mark> marks{};
    std::vector<qint64> damage{}; // where, as far as it was told: everything is told once

    bool empty() const { return end == 0; }
    void addRecord(quint64 seq, qint64 offset, qint64 payload, UtcTime taken, bool waits);
    qint64 offsetFor(quint64 seq) const; // at or before the record with that seq

    static QString fileName(quint64 firstSeq);
    static std::optional<quint64> firstSeqOf(const QString &fileName);
};
using SegmentPtr = std::shared_ptr<Segment>;

// Reads one segment in order. Owns its open file, so that the file may be removed meanwhile. One thread.
class SegmentReader final : record::ByteSource
{
public:
    explicit SegmentReader(QString file)
        : m_name(std::move(file))
    {}
    SegmentReader(const SegmentReader &) = delete; // its scanner points to it
    SegmentReader &operator=(const SegmentReader &) = delete;

    int open(const record::Scanner::Range &range);
    record::Scanner &scanner() { return *m_scanner; }
    const QString &file() const { return m_name; }

private:
    qint64 read(char *to, qint64 size, qint64 offset) override { return m_file.read(to, size, offset); }

    QString m_name;
    PosixFile m_file;
    std::optional<record::Scanner> m_scanner;
};

// The file being appended to. Knows nothing of room and of numbers. The appender's thread.
class SegmentWriter
{
public:
    // `end`: of the data in it, 0 for a new file. Creates the file, and makes its name durable.
    static Result<SegmentWriter> open(const QString &file, qint64 end, int &error);

    qint64 end() const { return m_end; }
    qint64 reserved() const { return m_reserved; }

    bool isNamed(const QString &file) const { return m_file.isNamed(file); }
    int reserve(qint64 size); // of the whole file
    int write(const QByteArray &bytes) { return m_file.write(bytes.constData(), bytes.size(), m_end); }
    int sync() { return m_file.sync(); }
    void accept(qint64 bytes)
    {
        m_end += bytes;
        m_reserved = std::max(m_reserved, m_end);
    }
    int takeBack(); // what was written and not accepted
    int seal();     // gives back the space that was reserved and not used

private:
    PosixFile m_file;
    qint64 m_end = 0;
    qint64 m_reserved = 0;
};

} // namespace tk::store
