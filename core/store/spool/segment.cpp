#include "store/spool/segment.h"

#include <QFileInfo>

#include <algorithm>
#include <fcntl.h>

namespace tk::store {

namespace {

constexpr qint64 markEvery = 1 << 20;
constexpr int digits = 20; // of the largest number: names sort as numbers do
const QString suffix = QStringLiteral(".spool");

} // namespace

void Segment::addRecord(quint64 seq, qint64 offset, qint64 payload, UtcTime taken, bool waits)
{
    if (marks.empty() || offset - marks.back().offset >= markEvery)
        marks.push_back({seq, offset});
    if (empty())
        first_taken = taken;
    newest_taken = std::max(newest_taken, taken);
    last_seq = seq;
    end = offset + record::sizeOf(payload);
    if (!waits)
        return;
    if (waiting_entries == 0)
        oldest_waiting = taken;
    ++waiting_entries;
    waiting_bytes += payload;
}

qint64 Segment::offsetFor(quint64 seq) const
{
    const auto above = std::ranges::upper_bound(marks, seq, {}, &Mark::seq);
    return above == marks.begin() ? 0 : std::prev(above)->offset;
}

QString Segment::fileName(quint64 firstSeq)
{
    return QString::number(firstSeq).rightJustified(digits, u'0') + suffix;
}

std::optional<quint64> Segment::firstSeqOf(const QString &fileName)
{
    if (!fileName.endsWith(suffix) || fileName.size() != digits + suffix.size())
        return std::nullopt;
    bool number = false;
    const quint64 seq = fileName.first(digits).toULongLong(&number);
    if (!number || seq == 0)
        return std::nullopt;
    return seq;
}

int SegmentReader::open(const record::Scanner::Range &range)
{
    const int error = m_file.open(m_name, O_RDONLY);
    record::ByteSource *self = this;
    m_scanner.emplace(self, range);
    return error;
}

Result<SegmentWriter> SegmentWriter::open(const QString &file, qint64 end, int &error)
{
    SegmentWriter writer;
    error = writer.m_file.open(file, O_RDWR | (end == 0 ? O_CREAT : 0));
    if (error)
        return fileError(QStringLiteral("create"), file, error);
    error = end == 0 ? syncFolder(QFileInfo(file).path()) : 0;
    if (error)
        return fileError(QStringLiteral("sync the folder of"), file, error);
    const qint64 size = writer.m_file.size();
    writer.m_end = end;
    writer.m_reserved = std::max(size, end);
    return writer;
}

int SegmentWriter::reserve(qint64 size)
{
    if (size <= m_reserved)
        return 0;
    const int error = m_file.reserve(m_reserved, size - m_reserved);
    m_reserved = std::max(m_reserved, error ? m_file.size() : size); // a full disk may have given a part of it
    return error;
}

int SegmentWriter::takeBack()
{
    const int error = m_file.truncate(m_end);
    if (!error)
        m_reserved = m_end;
    return error;
}

int SegmentWriter::seal()
{
    if (m_reserved == m_end)
        return 0;
    return takeBack();
}

} // namespace tk::store
