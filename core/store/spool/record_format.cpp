#include "store/spool/record_format.h"

#include <QtEndian>

#include <algorithm>
#include <cstring>
#include <libdeflate.h>

namespace tk::store::record {

namespace {

// No character of a line: so the letters of a payload never look like a record's begin.
constexpr char magic[4] = {'\x1e', 'T', 'K', '\x01'};
constexpr qint64 crcFrom = 8;        // the header's crc covers the bytes from here on
constexpr qint64 chunk = 256 * 1024; // read at once
constexpr qint64 sector = 4096;      // read one by one where the disk refuses a chunk
constexpr quint64 longest = maxPayload;

quint32 crcOf(const char *bytes, qint64 size)
{
    return libdeflate_crc32(0, bytes, size_t(size));
}

} // namespace

void encode(QByteArray &to, quint64 seq, UtcTime taken, std::string_view payload)
{
    Q_ASSERT(!payload.empty() && qint64(payload.size()) <= maxPayload);
    char header[headerSize];
    std::memcpy(header, magic, sizeof(magic));
    qToLittleEndian(crcOf(payload.data(), qint64(payload.size())), header + 8);
    qToLittleEndian(quint32(payload.size()), header + 12);
    qToLittleEndian(seq, header + 16);
    qToLittleEndian(quint64(toMs(taken)), header + 24);
    qToLittleEndian(crcOf(header + crcFrom, headerSize - crcFrom), header + 4);
    to.append(header, headerSize);
    to.append(payload.data(), qsizetype(payload.size()));
}

qsizetype firstPiece(std::string_view lines)
{
    if (lines.size() <= size_t(maxPayload))
        return qsizetype(lines.size());
    const size_t end = lines.rfind('\n', size_t(maxPayload) - 1);
    return end == std::string_view::npos ? 0 : qsizetype(end + 1);
}

std::optional<Header> decodeHeader(const char *bytes)
{
    if (std::memcmp(bytes, magic, sizeof(magic)) != 0 ||
        qFromLittleEndian<quint32>(bytes + 4) != crcOf(bytes + crcFrom, headerSize - crcFrom))
        return std::nullopt;
    const auto length = qFromLittleEndian<quint32>(bytes + 12);
    if (length == 0 || length > longest)
        return std::nullopt;
    return Header{.seq = qFromLittleEndian<quint64>(bytes + 16),
                  .taken = fromMs(qFromLittleEndian<qint64>(bytes + 24)),
                  .payload = qint64(length),
                  .crc = qFromLittleEndian<quint32>(bytes + 8)};
}

Scanner::Scanner(ByteSource *source, const Range &range)
    : m_source(source)
    , m_range(range)
    , m_offset(range.begin)
    , m_dataEnd(range.begin)
    , m_lastSeq(range.after_seq)
{}

std::optional<Found> Scanner::next()
{
    const auto passOver = [this](const QString &what, qint64 to) {
        if (m_badFrom < 0) {
            m_badFrom = m_offset;
            m_badWhat = what;
        }
        m_offset = to;
    };
    while (m_offset < m_range.end) {
        const char *start = view(m_offset, headerSize);
        const std::optional<Header> header = start ? decodeHeader(start) : std::nullopt;
        if (!header) {
            passOver(QStringLiteral("no record"), findMagic(m_offset + 1));
            continue;
        }
        const qint64 end = m_offset + sizeOf(header->payload);
        if (end > m_range.end) {
            passOver(QStringLiteral("cut short"), m_range.end);
            continue;
        }
        if (header->seq <= m_lastSeq || header->seq >= m_range.below_seq) {
            passOver(QStringLiteral("number out of order"), end);
            continue;
        }
        const char *whole = view(m_offset, end - m_offset);
        if (!whole || crcOf(whole + headerSize, header->payload) != header->crc) {
            passOver(QStringLiteral("checksum"), end);
            continue;
        }
        closeDamage(m_offset, false);
        const Found found{m_offset, *header, std::string_view(whole + headerSize, size_t(header->payload))};
        m_offset = end;
        m_dataEnd = end;
        m_lastSeq = header->seq;
        return found;
    }
    closeDamage(m_range.end, true);
    return std::nullopt;
}

const char *Scanner::view(qint64 offset, qint64 size)
{
    if (offset + size > m_range.end)
        return nullptr;
    if (offset < m_bufferAt || offset + size > m_bufferAt + m_bufferSize)
        fill(offset, size);
    if (offset < m_bufferAt || offset + size > m_bufferAt + m_bufferSize)
        return nullptr; // the file is shorter than its owner believes
    return m_buffer.constData() + (offset - m_bufferAt);
}

void Scanner::fill(qint64 offset, qint64 size)
{
    const qint64 wanted = std::min(std::max(size, chunk), m_range.end - offset);
    // What is there already is moved, not read again.
    qint64 have = 0;
    if (offset >= m_bufferAt && offset < m_bufferAt + m_bufferSize) {
        have = m_bufferAt + m_bufferSize - offset;
        std::memmove(m_buffer.data(), m_buffer.constData() + (offset - m_bufferAt), size_t(have));
    }
    if (m_buffer.size() < wanted)
        m_buffer.resize(wanted);
    m_bufferAt = offset;
    m_bufferSize = have;
    if (have >= wanted)
        return;
    qint64 got = m_source->read(m_buffer.data() + have, wanted - have, offset + have);
    if (got < 0) {
        // Sector by sector, so that one bad spot costs only what lies on it. Its bytes are zeros: never a record.
        got = 0;
        while (have + got < wanted) {
            const qint64 at = offset + have + got;
            const qint64 piece = std::min(sector - at % sector, wanted - have - got);
            char *to = m_buffer.data() + have + got;
            const qint64 read = m_source->read(to, piece, at);
            if (read < 0) {
                m_readFailed = true;
                m_failure = qt_error_string(int(-read));
                std::memset(to, 0, size_t(piece));
            }
            got += read < 0 ? piece : read;
            if (read >= 0 && read < piece)
                break;
        }
    }
    m_bufferSize += got;
}

qint64 Scanner::findMagic(qint64 from)
{
    while (from + headerSize <= m_range.end) {
        if (!view(from, headerSize))
            break;
        const char *begin = m_buffer.constData() + (from - m_bufferAt);
        const char *end = m_buffer.constData() + m_bufferSize;
        const char *at = std::search(begin, end, std::begin(magic), std::end(magic));
        if (at != end)
            return m_bufferAt + (at - m_buffer.constData());
        from = m_bufferAt + m_bufferSize - qint64(sizeof(magic)) + 1;
    }
    return m_range.end;
}

void Scanner::closeDamage(qint64 end, bool atEnd)
{
    if (m_badFrom < 0)
        return;
    const qint64 begin = std::exchange(m_badFrom, -1);
    if (atEnd) {
        // Only up to the last byte that anybody wrote.
        qint64 last = begin;
        for (qint64 at = begin; at < end;) {
            qint64 size = std::min(chunk, end - at);
            const char *bytes = view(at, size);
            if (!bytes) { // the file is shorter than its owner believes: what there is, is in the buffer
                size = m_bufferAt + m_bufferSize - at;
                bytes = m_buffer.constData() + (at - m_bufferAt);
            }
            if (size <= 0)
                break;
            for (qint64 i = size; i > 0; --i) {
                if (bytes[i - 1]) {
                    last = at + i;
                    break;
                }
            }
            at += size;
        }
        end = last;
        m_badWhat = QStringLiteral("torn tail");
    }
    const QString what = std::exchange(m_failure, QString());
    if (end > begin || !what.isEmpty())
        m_damage.push_back({begin, end - begin, what.isEmpty() ? m_badWhat : what, atEnd});
}

} // namespace tk::store::record
