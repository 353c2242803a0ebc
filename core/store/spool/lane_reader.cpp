#include "store/spool/lane_reader.h"

#include <algorithm>
#include <cerrno>

namespace tk::store {

int LaneReader::openAt(Cursor &cursor, const SegmentPtr &segment, quint64 seq)
{
    cursor = Cursor{.segment = segment, .reader = std::make_unique<SegmentReader>(segment->file)};
    record::Scanner::Range range;
    {
        const auto lock = m_catalog->lock();
        range.begin = segment->offsetFor(seq);
        range.end = segment->end;
        range.after_seq = segment->first_seq - 1;
        if (const SegmentPtr next = m_catalog->lane(m_lane).behind(*segment))
            range.below_seq = next->first_seq;
    }
    const int error = cursor.reader->open(range);
    if (error == ENOENT) {
        // Removed for its age or for room; or by a stranger, and then this says so.
        m_catalog->report(segment, {{range.begin, range.end - range.begin, qt_error_string(error), true}});
        cursor.gone = true;
        return 0;
    }
    if (error)
        cursor = {};
    return error;
}

bool LaneReader::lookAheadHere(Cursor &cursor)
{
    while (!cursor.ahead && !cursor.gone) {
        record::Scanner &scanner = cursor.reader->scanner();
        cursor.ahead = scanner.next();
        m_catalog->report(cursor.segment, scanner.takeDamage());
        if (cursor.ahead)
            break;
        const auto lock = m_catalog->lock();
        if (cursor.segment->removed || !scanner.extend(cursor.segment->end))
            return false;
    }
    return cursor.ahead.has_value();
}

int LaneReader::toNextSegment(Cursor &cursor, bool &found)
{
    SegmentPtr next;
    {
        const auto lock = m_catalog->lock();
        const LaneFiles &files = m_catalog->lane(m_lane);
        next = files.behind(*cursor.segment);
        // A segment has got all it will ever get before the next one is known; look once more whether it has.
        found = next && !next->empty();
        if (!found ||
            (!cursor.gone && !cursor.segment->removed && cursor.reader->scanner().end() < cursor.segment->end))
            return 0;
    }
    return openAt(cursor, next, next->first_seq);
}

int LaneReader::lookAhead(Cursor &cursor, bool &found)
{
    found = lookAheadHere(cursor);
    while (!found) {
        bool next = false;
        if (const int error = toNextSegment(cursor, next))
            return error;
        if (!next)
            return 0;
        found = lookAheadHere(cursor);
    }
    return 0;
}

Result<std::vector<SpoolEntry>> LaneReader::read(quint64 after, qint64 maxBytes)
{
    const std::lock_guard reading(m_readMutex);
    int error = 0;
    if (!m_read.segment || m_readUpTo != after) {
        SegmentPtr segment;
        {
            const auto lock = m_catalog->lock();
            segment = m_catalog->lane(m_lane).at(after + 1);
        }
        if (!segment)
            return std::vector<SpoolEntry>();
        error = openAt(m_read, segment, after + 1);
        m_readUpTo = after;
    }
    std::vector<SpoolEntry> entries;
    qint64 bytes = 0;
    while (!error) {
        bool found = false;
        error = lookAhead(m_read, found);
        if (!found)
            break;
        const record::Found &record = *m_read.ahead;
        if (record.header.seq > after) {
            if (!entries.empty() && bytes + record.header.payload > maxBytes)
                break;
            entries.push_back({m_lane, record.header.seq, record.header.taken,
                               QByteArray(record.payload.data(), qsizetype(record.payload.size()))});
            bytes += record.header.payload;
            m_readUpTo = record.header.seq;
        }
        m_read.ahead.reset();
    }
    if (error && entries.empty())
        return fileError(QStringLiteral("read the spool's lane"), QString::fromLatin1(laneName(m_lane)), error);
    return entries;
}

void LaneReader::acknowledge(quint64 seq)
{
    const std::lock_guard counting(m_countMutex);
    SegmentPtr partly; // confirmed up to somewhere within it
    quint64 before = 0;
    {
        const auto lock = m_catalog->lock();
        LaneFiles &files = m_catalog->lane(m_lane);
        before = files.acknowledged;
        seq = std::min(seq, files.last_seq);
        if (seq <= before)
            return;
        files.acknowledged = seq;
        for (const SegmentPtr &segment : files.segments) {
            if (segment->first_seq > seq)
                break;
            if (files.isAcknowledged(*segment)) {
                segment->waiting_entries = 0;
                segment->waiting_bytes = 0;
                segment->oldest_waiting = {};
            } else if (segment->waiting_entries > 0) {
                partly = segment;
            }
        }
    }
    if (!partly) {
        m_count = {};
        return;
    }
    // Walks from the first entry that waited to the first that waits now.
    if (m_count.segment != partly && openAt(m_count, partly, before + 1) != 0)
        return; // counted too high until the segment is done
    qint64 entries = 0;
    qint64 bytes = 0;
    while (lookAheadHere(m_count) && m_count.ahead->header.seq <= seq) {
        if (m_count.ahead->header.seq > before) {
            ++entries;
            bytes += m_count.ahead->header.payload;
        }
        m_count.ahead.reset();
    }
    const auto lock = m_catalog->lock();
    partly->waiting_entries = std::max<qint64>(0, partly->waiting_entries - entries);
    partly->waiting_bytes = std::max<qint64>(0, partly->waiting_bytes - bytes);
    if (m_count.ahead)
        partly->oldest_waiting = m_count.ahead->header.taken;
}

quint64 LaneReader::before(UtcTime since)
{
    SegmentPtr segment;
    quint64 last = 0;
    {
        const auto lock = m_catalog->lock();
        const LaneFiles &files = m_catalog->lane(m_lane);
        last = files.last_seq;
        const auto it = std::ranges::find_if(
            files.segments, [since](const SegmentPtr &one) { return !one->empty() && one->newest_taken >= since; });
        if (it == files.segments.end())
            return last;
        segment = *it;
    }
    Cursor cursor;
    if (openAt(cursor, segment, segment->first_seq) != 0)
        return segment->first_seq - 1; // too early rather than too late
    while (true) {
        bool found = false;
        if (lookAhead(cursor, found) != 0)
            return segment->first_seq - 1;
        if (!found)
            return last;
        if (cursor.ahead->header.taken >= since)
            return cursor.ahead->header.seq - 1;
        cursor.ahead.reset();
    }
}

} // namespace tk::store
