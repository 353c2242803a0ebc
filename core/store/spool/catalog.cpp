#include "store/spool/catalog.h"

#include "base/logging.h"

#include <QDir>
#include <QFileInfo>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace tk::store {

namespace {

constexpr qint64 block = 4096; // what a file system gives away at once

// When a segment was begun; by its file where its first record is not readable.
UtcTime firstTaken(const Segment &segment)
{
    PosixFile file;
    char bytes[record::headerSize];
    if (file.open(segment.file, O_RDONLY) == 0 && file.read(bytes, sizeof(bytes), 0) == qint64(sizeof(bytes))) {
        if (const auto header = record::decodeHeader(bytes))
            return header->taken;
    }
    return fromMs(QFileInfo(segment.file).lastModified().toMSecsSinceEpoch());
}

} // namespace

SegmentPtr LaneFiles::at(quint64 seq) const
{
    const auto it = std::ranges::lower_bound(segments, seq, {}, [](const SegmentPtr &one) { return one->last_seq; });
    return it == segments.end() || (*it)->empty() ? nullptr : *it;
}

SegmentPtr LaneFiles::behind(const Segment &segment) const
{
    const auto it =
        std::ranges::upper_bound(segments, segment.first_seq, {}, [](const SegmentPtr &one) { return one->first_seq; });
    return it == segments.end() ? nullptr : *it;
}

qint64 Catalog::bytesOnDisk() const
{
    qint64 bytes = PositionFile::fileSize;
    for (const LaneFiles &files : m_lanes) {
        for (const SegmentPtr &segment : files.segments)
            bytes += (segment->disk_bytes + block - 1) / block * block;
    }
    return bytes;
}

Positions Catalog::positions() const
{
    Positions positions;
    for (const Lane lane : allLanes)
        positions.lanes[size_t(lane)] = {m_lanes[size_t(lane)].acknowledged, m_lanes[size_t(lane)].last_seq};
    return positions;
}

void Catalog::report(const SegmentPtr &segment, const std::vector<record::Damage> &damage)
{
    for (const record::Damage &one : damage) {
        {
            const Lock held = lock();
            if (segment->removed || std::ranges::find(segment->damage, one.offset) != segment->damage.end())
                continue;
            segment->damage.push_back(one.offset);
            m_damagedBytes += quint64(one.bytes);
        }
        qCWarning(lcStore).noquote() << QStringLiteral("spool: passed over %1 damaged bytes at %2 of %3 (%4)")
                                            .arg(one.bytes)
                                            .arg(one.offset)
                                            .arg(segment->file, one.what);
        if (m_onDamage)
            m_onDamage({segment->file, one.offset, one.bytes, one.what});
    }
}

Status Catalog::recover(Lane lane, const QString &folder, const Positions::OfLane &positions)
{
    if (const int error = createFolder(folder))
        return fileError(QStringLiteral("create"), folder, error);
    if (::access(QFile::encodeName(folder).constData(), R_OK | W_OK | X_OK) != 0)
        return fileError(QStringLiteral("use"), folder, errno);

    std::vector<SegmentPtr> found;
    for (const QString &name : QDir(folder).entryList(QDir::Files, QDir::Name)) {
        const std::optional<quint64> seq = Segment::firstSeqOf(name);
        if (!seq)
            continue; // none of ours
        auto segment = std::make_shared<Segment>();
        segment->lane = lane;
        segment->first_seq = *seq;
        segment->file = folder + u'/' + name;
        segment->disk_bytes = QFileInfo(segment->file).size();
        found.push_back(std::move(segment));
    }

    LaneFiles &files = m_lanes[size_t(lane)];
    files.last_seq = std::max(positions.last, positions.acknowledged);
    files.acknowledged = positions.acknowledged;
    for (size_t i = 0; i < found.size(); ++i) {
        const SegmentPtr &segment = found[i];
        const SegmentPtr next = i + 1 < found.size() ? found[i + 1] : nullptr;
        // What follows from the names, until a scan knows better.
        segment->last_seq = next ? next->first_seq - 1 : segment->first_seq - 1;
        segment->end = segment->disk_bytes;
        segment->sealed = next != nullptr;
        segment->first_taken = firstTaken(*segment);
        segment->newest_taken = next ? firstTaken(*next) : segment->first_taken;
        if (!next || segment->last_seq > files.acknowledged)
            scan(segment, next ? next->first_seq : ~quint64(0), !next);
        files.last_seq = std::max({files.last_seq, segment->last_seq, segment->first_seq - 1});
        if (segment->empty())
            ::unlink(QFile::encodeName(segment->file).constData()); // nothing was ever promised in it
        else
            files.segments.push_back(segment);
    }
    return ok();
}

void Catalog::scan(const SegmentPtr &segment, quint64 belowSeq, bool newest)
{
    const LaneFiles &files = m_lanes[size_t(segment->lane)];
    const qint64 size = segment->disk_bytes;
    SegmentReader reader(segment->file);
    if (const int error = reader.open({0, size, segment->first_seq - 1, belowSeq})) {
        report(segment, {{0, size, qt_error_string(error), true}});
        segment->sealed = true; // kept, in case it can be read another day
        return;
    }
    Segment scanned;
    record::Scanner &scanner = reader.scanner();
    while (const auto record = scanner.next())
        scanned.addRecord(record->header.seq, record->offset, record->header.payload, record->header.taken,
                          record->header.seq > files.acknowledged);
    const std::vector<record::Damage> damage = scanner.takeDamage();
    report(segment, damage);
    if (scanned.empty() && !damage.empty() && (!newest || scanner.readFailed())) {
        segment->sealed = true; // nothing to deliver; goes with its age
        return;
    }
    segment->last_seq = scanned.empty() ? segment->first_seq - 1 : scanned.last_seq;
    segment->end = scanned.end;
    segment->first_taken = scanned.first_taken;
    segment->newest_taken = scanned.newest_taken;
    segment->waiting_entries = scanned.waiting_entries;
    segment->waiting_bytes = scanned.waiting_bytes;
    segment->oldest_waiting = scanned.oldest_waiting;
    segment->marks = std::move(scanned.marks);
    segment->scanned = true;
    if (!newest)
        return;
    if (scanner.readFailed()) {
        segment->sealed = true; // what the disk refuses today is not cut off
        return;
    }
    // The torn tail and the unused space go, so that appending begins behind sound records and before zeros.
    PosixFile file;
    int error = segment->end < size ? file.open(segment->file, O_RDWR) : 0;
    if (!error && segment->end < size)
        error = file.truncate(segment->end);
    if (!error && file.isOpen())
        error = file.sync();
    if (error)
        segment->sealed = true;
    else
        segment->disk_bytes = segment->end;
}

} // namespace tk::store
