// How spool entries lie in a file: encoding one, and a scanner that finds every whole one again, whatever happened to
// the bytes between. Pure: bytes come from a ByteSource, and no byte of them is believed unchecked.
#pragma once

#include "base/time.h"

#include <QByteArray>
#include <QString>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace tk::store::record {

// Little endian: magic u32, header's crc u32, payload's crc u32, payload's length u32, seq u64, taken u64 (ms),
// payload. The header's crc covers what follows it in the header, the payload's crc included: with a sound header the
// length can be trusted, so that a damaged payload costs one entry and no search.
inline constexpr qint64 headerSize = 32;
inline constexpr qint64 maxPayload = 256 * 1024;

constexpr qint64 sizeOf(qint64 payload)
{
    return headerSize + payload;
}

// Appends one record to `to`. The payload has 1 to maxPayload bytes.
void encode(QByteArray &to, quint64 seq, UtcTime taken, std::string_view payload);

// The length of the first piece of `lines` that fits a record: it ends behind a line's end. 0: the first line is too
// long for any record.
qsizetype firstPiece(std::string_view lines);

struct Header
{
    quint64 seq = 0;
    UtcTime taken{};
    qint64 payload = 0; // bytes
    quint32 crc = 0;    // of the payload
};

// Nothing where these headerSize bytes are no sound header.
std::optional<Header> decodeHeader(const char *bytes);

class ByteSource
{
public:
    virtual ~ByteSource() = default;
    // Bytes read, fewer than `size` only at the end; negative: an errno.
    virtual qint64 read(char *to, qint64 size, qint64 offset) = 0;
};

struct Damage
{
    qint64 offset = 0;
    qint64 bytes = 0;
    QString what;
    bool at_end = false; // no record follows it
};

struct Found
{
    qint64 offset = 0;
    Header header;
    std::string_view payload; // until the next call of the scanner

    qint64 end() const { return offset + sizeOf(header.payload); }
};

class Scanner
{
public:
    struct Range
    {
        qint64 begin = 0;
        qint64 end = 0;        // not one byte behind it is read
        quint64 after_seq = 0; // a record must be above the one before it, and above this
        quint64 below_seq = ~quint64(0);
    };

    // The source must outlive the scanner.
    Scanner(ByteSource *source, const Range &range);

    // The next whole record; none at the end. Worth calling again when extend() has moved the end.
    std::optional<Found> next();
    bool extend(qint64 end) { return end > std::exchange(m_range.end, std::max(end, m_range.end)); }

    // What was passed over since the last call. Zeros at the very end are space nobody has written to, and no damage.
    std::vector<Damage> takeDamage() { return std::exchange(m_damage, {}); }

    // Behind the last whole record: where appending can go on.
    qint64 dataEnd() const { return m_dataEnd; }
    qint64 end() const { return m_range.end; } // of the range
    quint64 lastSeq() const { return m_lastSeq; }
    bool readFailed() const { return m_readFailed; } // the disk refused some bytes, wherever

private:
    const char *view(qint64 offset, qint64 size); // null beyond the end
    void fill(qint64 offset, qint64 size);
    qint64 findMagic(qint64 from);
    void closeDamage(qint64 end, bool atEnd);

    ByteSource *m_source;
    Range m_range;
    qint64 m_offset;
    qint64 m_dataEnd;
    quint64 m_lastSeq;
    qint64 m_badFrom = -1; // where the damage begins that we are in
    QString m_badWhat;
    QByteArray m_buffer; // bytes from m_bufferAt on
    qint64 m_bufferAt = 0;
    qint64 m_bufferSize = 0;
    bool m_readFailed = false;
    QString m_failure; // the system's words for the newest refusal
    std::vector<Damage> m_damage;
};

} // namespace tk::store::record
