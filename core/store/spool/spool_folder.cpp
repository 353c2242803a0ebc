#include "store/spool/spool_folder.h"

#include "base/logging.h"

#include <QFile>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace tk::store {

namespace {

constexpr qint64 block = 4096;
constexpr qint64 largestReservation = qint64(4) << 20;
constexpr qint64 handOverBytes = qint64(1) << 20;
constexpr auto incidentEvery = std::chrono::minutes(10); // one line for each, however many segments go
constexpr milliseconds shortestSegment = std::chrono::hours(1);

qint64 segmentSize(const SpoolOptions &options)
{
    return std::max(block, std::min(options.segment_size, options.max_size / 16));
}

} // namespace

std::string_view laneName(Lane lane)
{
    switch (lane) {
    case Lane::Candles:
        return "candles";
    case Lane::Marks:
        return "marks";
    case Lane::Ticks:
        return "ticks";
    }
    return "unknown";
}

qint64 SpoolFigures::waitingBytes() const
{
    qint64 bytes = 0;
    for (const OfLane &lane : lanes)
        bytes += lane.waiting_bytes;
    return bytes;
}

UtcTime SpoolFigures::oldestWaiting() const
{
    UtcTime oldest{};
    for (const OfLane &lane : lanes) {
        if (lane.waiting_entries > 0 && (oldest == UtcTime{} || lane.oldest_waiting < oldest))
            oldest = lane.oldest_waiting;
    }
    return oldest;
}

Result<std::unique_ptr<Spool>> openSpool(SpoolOptions options)
{
    auto spool = std::make_unique<SpoolFolder>(std::move(options));
    if (Status opened = spool->open(); !opened)
        return opened.error();
    return std::unique_ptr<Spool>(std::move(spool));
}

SpoolFolder::SpoolFolder(SpoolOptions options)
    : m_options(std::move(options))
    , m_segmentSize(segmentSize(m_options))
    , m_catalog(m_options.onDamage)
    , m_readers{LaneReader(&m_catalog, Lane::Candles), LaneReader(&m_catalog, Lane::Marks),
                LaneReader(&m_catalog, Lane::Ticks)}
{}

Status SpoolFolder::open()
{
    if (const int error = createFolder(m_options.folder))
        return fileError(QStringLiteral("create the spool's folder"), m_options.folder, error);
    const Result<PositionFile::Found> found = m_positions.open(m_options.folder + QStringLiteral("/positions"));
    if (!found)
        return found.error();
    bool anyFile = false;
    for (const Lane lane : allLanes) {
        const QString folder = laneFolder(lane);
        if (Status recovered = m_catalog.recover(lane, folder, m_positions.positions().lanes[size_t(lane)]); !recovered)
            return recovered;
        const auto lock = m_catalog.lock();
        const LaneFiles &files = m_catalog.lane(lane);
        anyFile = anyFile || !files.segments.empty();
        appender(lane).next_seq = files.last_seq + 1;
        if (!files.segments.empty() && !files.segments.back()->sealed)
            appender(lane).segment = files.segments.back();
    }
    const bool fresh = *found == PositionFile::Found::Nothing && !anyFile;
    m_wasClosedCleanly = fresh || m_positions.positions().closed_cleanly;
    if (*found != PositionFile::Found::Positions && !fresh)
        qCWarning(lcStore).noquote() << QStringLiteral("spool: the positions in %1 cannot be read: everything there "
                                                       "counts as not confirmed and will be sent again")
                                            .arg(m_options.folder);
    return savePositions(); // from now on this run has not ended in order
}

// --- appending

Result<PerLane<quint64>> SpoolFolder::append(const PerLane<QByteArray> &lines, UtcTime taken)
{
    const std::lock_guard appending(m_appendMutex);
    for (const QByteArray &some : lines) {
        for (std::string_view rest(some.constData(), size_t(some.size())); !rest.empty();) {
            const qsizetype first = record::firstPiece(rest);
            if (first == 0 || (first == record::maxPayload && size_t(first) == rest.size() && rest.back() != '\n'))
                return Error{
                    Error::Kind::Refused,
                    QStringLiteral("a line for the spool is longer than %1 bytes").arg(record::maxPayload - 1)};
            rest.remove_prefix(size_t(first));
        }
    }
    if (m_closed.exchange(false)) {
        if (Status saved = savePositions(); !saved) {
            m_closed = true;
            return saved.error();
        }
    }
    while (true) {
        const Pieces pieces = encode(lines, taken);
        qint64 growing = 0;
        for (const Piece &piece : pieces)
            growing += growth(piece, taken);
        bool fits = false;
        {
            const auto lock = m_catalog.lock();
            fits = m_catalog.bytesOnDisk() + growing <= m_options.max_size;
        }
        Failure failure;
        for (auto piece = pieces.begin(); fits && piece != pieces.end() && !failure.error; ++piece)
            failure = prepare(*piece, taken);
        if (fits && !failure.error)
            failure = writeAndSync(pieces);
        if (fits && !failure.error) {
            promise(pieces, taken);
            PerLane<quint64> last{};
            for (const Piece &piece : pieces)
                last[size_t(piece.lane)] = piece.records.back().seq;
            return last;
        }
        if (fits && !meansFull(failure.error))
            return fileError(failure.what, failure.file, failure.error);
        bool made = false;
        if (Status room = makeRoom(taken, made); !room)
            return room.error();
        if (made)
            continue;
        if (fits)
            return fileError(failure.what, failure.file, failure.error);
        return Error{Error::Kind::Storage,
                     QStringLiteral("%1 bytes do not fit the spool in %2: raise its max_size of %3 bytes")
                         .arg(growing)
                         .arg(m_options.folder)
                         .arg(m_options.max_size),
                     true};
    }
}

SpoolFolder::Pieces SpoolFolder::encode(const PerLane<QByteArray> &lines, UtcTime taken)
{
    Pieces pieces;
    for (const Lane lane : allLanes) {
        QByteArray whole = lines[size_t(lane)];
        if (whole.isEmpty())
            continue;
        if (!whole.endsWith('\n'))
            whole.append('\n');
        Piece piece{.lane = lane, .bytes = {}, .records = {}};
        piece.bytes.reserve(whole.size() + record::headerSize * (1 + 2 * whole.size() / record::maxPayload));
        quint64 seq = appender(lane).next_seq;
        for (std::string_view rest(whole.constData(), size_t(whole.size())); !rest.empty(); ++seq) {
            const qsizetype size = record::firstPiece(rest);
            record::encode(piece.bytes, seq, taken, rest.substr(0, size_t(size)));
            piece.records.push_back({seq, qint64(size)});
            rest.remove_prefix(size_t(size));
        }
        pieces.push_back(std::move(piece));
    }
    return pieces;
}

bool SpoolFolder::wantsNewSegment(const Piece &piece, UtcTime taken)
{
    const SegmentPtr &segment = appender(piece.lane).segment;
    if (!segment)
        return true;
    const auto lock = m_catalog.lock();
    if (segment->empty())
        return false;
    // By size; and by age, or a quiet lane would keep what it could forget.
    return segment->end + piece.bytes.size() > m_segmentSize ||
           taken - segment->first_taken > std::max(m_options.keep_acknowledged, shortestSegment);
}

qint64 SpoolFolder::reservation(qint64 end, qint64 size) const
{
    const qint64 step = std::clamp(m_segmentSize / 16 / block * block, block, largestReservation);
    const qint64 stepped = (end + size + step - 1) / step * step;
    return std::max((end + size + block - 1) / block * block, std::min(stepped, m_segmentSize));
}

// How many more bytes the lane will take on the disk.
qint64 SpoolFolder::growth(const Piece &piece, UtcTime taken)
{
    if (wantsNewSegment(piece, taken))
        return reservation(0, piece.bytes.size());
    const auto lock = m_catalog.lock();
    const Segment &segment = *appender(piece.lane).segment;
    if (segment.end + piece.bytes.size() <= segment.disk_bytes)
        return 0;
    return reservation(segment.end, piece.bytes.size()) - segment.disk_bytes;
}

SpoolFolder::Failure SpoolFolder::prepare(const Piece &piece, UtcTime taken)
{
    Appender &to = appender(piece.lane);
    if (wantsNewSegment(piece, taken)) {
        seal(piece.lane);
        auto segment = std::make_shared<Segment>();
        segment->lane = piece.lane;
        segment->first_seq = to.next_seq;
        segment->last_seq = to.next_seq - 1;
        segment->scanned = true;
        segment->file =
            m_options.folder + u'/' + QString::fromLatin1(laneName(piece.lane)) + u'/' + Segment::fileName(to.next_seq);
        const auto lock = m_catalog.lock();
        m_catalog.lane(piece.lane).segments.push_back(segment);
        to.segment = std::move(segment);
    }
    qint64 end = 0;
    {
        const auto lock = m_catalog.lock();
        end = to.segment->end;
    }
    if (!to.writer) {
        int error = 0;
        Result<SegmentWriter> writer = SegmentWriter::open(to.segment->file, end, error);
        if (!writer) {
            const QString file = to.segment->file;
            seal(piece.lane); // whatever is wrong with this file, the next one may do
            return {error, QStringLiteral("open the spool's file"), file};
        }
        to.writer = std::move(writer).value();
    }
    int error = 0;
    if (end + piece.bytes.size() > to.writer->reserved())
        error = to.writer->reserve(reservation(end, piece.bytes.size()));
    if (meansFull(error)) // before anything waiting has to go: is there room for this alone?
        error = to.writer->reserve(end + piece.bytes.size());
    const auto lock = m_catalog.lock();
    to.segment->disk_bytes = to.writer->reserved();
    return {error, QStringLiteral("get room for the spool's file"), to.segment->file};
}

SpoolFolder::Failure SpoolFolder::writeAndSync(const Pieces &pieces)
{
    for (const Piece &piece : pieces) {
        Appender &to = appender(piece.lane);
        if (const int error = to.writer->write(piece.bytes)) {
            const QString file = to.segment->file;
            takeBack(pieces, true);
            return {error, QStringLiteral("write the spool's file"), file};
        }
    }
    for (const Piece &piece : pieces) {
        Appender &to = appender(piece.lane);
        if (const int error = to.writer->sync()) {
            const QString file = to.segment->file;
            takeBack(pieces, false);
            return {error, QStringLiteral("sync the spool's file"), file};
        }
    }
    return {};
}

// Nothing of these pieces was promised. After a failed sync nobody knows what the disk has of them: then their numbers
// count as used, and the files get no more records.
void SpoolFolder::takeBack(const Pieces &pieces, bool trusted)
{
    for (const Piece &piece : pieces) {
        Appender &to = appender(piece.lane);
        const int error = to.writer->takeBack();
        {
            const auto lock = m_catalog.lock();
            to.segment->disk_bytes = to.writer->reserved();
        }
        if (trusted && !error)
            continue;
        to.next_seq = piece.records.back().seq + 1;
        seal(piece.lane);
    }
}

void SpoolFolder::seal(Lane lane)
{
    Appender &to = appender(lane);
    if (!to.segment)
        return;
    if (to.writer)
        to.writer->seal(); // where it fails, zeros stay behind the records: no harm
    const SegmentPtr segment = std::exchange(to.segment, nullptr);
    bool empty = false;
    {
        const auto lock = m_catalog.lock();
        if (to.writer)
            segment->disk_bytes = to.writer->reserved();
        segment->sealed = true;
        empty = segment->empty();
    }
    to.writer.reset();
    // Nothing was promised of it. Where its file cannot be removed it goes from our books all the same: a reader would
    // wait for its first record for ever, before those of the next segment.
    if (empty && !remove(segment)) {
        const auto lock = m_catalog.lock();
        std::erase(m_catalog.lane(lane).segments, segment);
        segment->removed = true;
    }
}

void SpoolFolder::promise(const Pieces &pieces, UtcTime taken)
{
    const auto lock = m_catalog.lock();
    for (const Piece &piece : pieces) {
        Appender &to = appender(piece.lane);
        LaneFiles &files = m_catalog.lane(piece.lane);
        for (const Piece::Record &record : piece.records)
            to.segment->addRecord(record.seq, to.segment->end, record.payload, taken, record.seq > files.acknowledged);
        to.writer->accept(piece.bytes.size());
        to.segment->disk_bytes = to.writer->reserved();
        files.last_seq = piece.records.back().seq;
        to.next_seq = files.last_seq + 1;
    }
}

// --- making room

std::optional<SpoolFolder::Victim> SpoolFolder::victim() const
{
    const auto lock = m_catalog.lock();
    std::optional<Victim> found;
    for (const Lane lane : allLanes) {
        const LaneFiles &files = m_catalog.lane(lane);
        if (files.segments.empty() || files.segments.front()->empty() || !files.isAcknowledged(*files.segments.front()))
            continue;
        const SegmentPtr &oldest = files.segments.front();
        if (!found || oldest->newest_taken < found->segment->newest_taken)
            found = Victim{oldest, false};
    }
    if (found)
        return found;
    for (const Lane lane : allLanes) {
        const LaneFiles &files = m_catalog.lane(lane);
        if (!files.segments.empty() && !files.segments.front()->empty())
            return Victim{files.segments.front(), true};
    }
    return std::nullopt;
}

// Removes one segment. `made` stays false where there is none.
Status SpoolFolder::makeRoom(UtcTime now, bool &made)
{
    const std::optional<Victim> chosen = victim();
    if (!chosen)
        return ok();
    const SegmentPtr &segment = chosen->segment;
    if (appender(segment->lane).segment == segment)
        seal(segment->lane);
    if (Status told = chosen->waiting ? handOver(segment, now) : ok(); !told)
        return told;
    if (Status saved = savePositions(); !saved)
        return saved;
    if (!remove(segment))
        return fileError(QStringLiteral("remove the spool's file"), segment->file, errno);
    made = true;
    return ok();
}

// Gives what waits in the segment to onEvicted, a portion at a time.
Status SpoolFolder::handOver(const SegmentPtr &segment, UtcTime now)
{
    record::Scanner::Range range;
    quint64 acknowledged = 0;
    {
        const auto lock = m_catalog.lock();
        acknowledged = m_catalog.lane(segment->lane).acknowledged;
        range = {segment->offsetFor(acknowledged + 1), segment->end, segment->first_seq - 1};
    }
    std::vector<SpoolEntry> entries;
    qint64 bytes = 0;
    const auto tell = [&] {
        if (!entries.empty() && m_options.onEvicted)
            m_options.onEvicted(entries);
        entries.clear();
        bytes = 0;
    };
    qint64 count = 0;
    qint64 total = 0;
    SegmentReader reader(segment->file);
    const int error = reader.open(range);
    if (error == EMFILE || error == ENFILE || error == ENOMEM)
        return fileError(QStringLiteral("read the spool's file"), segment->file, error); // it would go untold
    if (!error) {
        while (const auto found = reader.scanner().next()) {
            if (found->header.seq <= acknowledged)
                continue;
            if (bytes + found->header.payload > handOverBytes)
                tell();
            entries.push_back({segment->lane, found->header.seq, found->header.taken,
                               QByteArray(found->payload.data(), qsizetype(found->payload.size()))});
            bytes += found->header.payload;
            total += found->header.payload;
            ++count;
        }
        m_catalog.report(segment, reader.scanner().takeDamage());
    }
    tell();
    m_evictedEntries += quint64(count);
    m_incident.entries += count;
    m_incident.bytes += total;
    if (m_incident.told != UtcTime{} && now - m_incident.told < incidentEvery && now >= m_incident.told)
        return ok();
    qCCritical(lcStore).noquote() << QStringLiteral(
                                         "spool: full, and the database has not confirmed enough: removed %1 "
                                         "waiting entries (%2 bytes), now of the lane %3; get the database "
                                         "back, or give the spool more room")
                                         .arg(m_incident.entries)
                                         .arg(m_incident.bytes)
                                         .arg(QString::fromLatin1(laneName(segment->lane)));
    m_incident = {.told = now};
    return ok();
}

// False, with errno, where the file stays. Somebody else may have removed it just now: that is as good.
bool SpoolFolder::remove(const SegmentPtr &segment)
{
    {
        const auto lock = m_catalog.lock();
        auto &segments = m_catalog.lane(segment->lane).segments;
        const auto it = std::ranges::find(segments, segment);
        if (it == segments.end())
            return true;
        segments.erase(it);
        segment->removed = true;
    }
    // Cut to nothing first: a reader that has it open would keep the space. Only then is it as good as removed.
    PosixFile file;
    const bool cut = file.open(segment->file, O_RDWR) == 0 && file.truncate(0) == 0;
    if (::unlink(QFile::encodeName(segment->file).constData()) == 0 || errno == ENOENT || cut)
        return true;
    const int error = errno;
    const auto lock = m_catalog.lock();
    auto &segments = m_catalog.lane(segment->lane).segments;
    segments.insert(std::ranges::upper_bound(segments, segment->first_seq, {},
                                             [](const SegmentPtr &one) { return one->first_seq; }),
                    segment);
    segment->removed = false;
    errno = error;
    return false;
}

// --- the rest

Result<std::vector<SpoolEntry>> SpoolFolder::read(Lane lane, quint64 after, qint64 max_bytes)
{
    return m_readers[size_t(lane)].read(after, max_bytes);
}

void SpoolFolder::acknowledge(Lane lane, quint64 seq)
{
    m_readers[size_t(lane)].acknowledge(seq);
}

quint64 SpoolFolder::before(Lane lane, UtcTime since)
{
    return m_readers[size_t(lane)].before(since);
}

Status SpoolFolder::savePositions()
{
    const std::lock_guard saving(m_positionsMutex);
    Positions positions;
    {
        const auto lock = m_catalog.lock();
        positions = m_catalog.positions();
    }
    positions.closed_cleanly = m_closed;
    return m_positions.save(positions);
}

Status SpoolFolder::maintain(UtcTime now)
{
    std::vector<SegmentPtr> old;
    {
        const auto lock = m_catalog.lock();
        for (const Lane lane : allLanes) {
            const LaneFiles &files = m_catalog.lane(lane);
            for (const SegmentPtr &segment : files.segments) {
                if (!segment->sealed || segment->empty() || !files.isAcknowledged(*segment) ||
                    segment->newest_taken > now - m_options.keep_acknowledged)
                    break;
                old.push_back(segment);
            }
        }
    }
    // First what is confirmed, then what is gone: the other way round, a crash between them would lose the numbers.
    if (Status saved = savePositions(); !saved)
        return saved;
    for (const SegmentPtr &segment : old) {
        if (!remove(segment))
            return fileError(QStringLiteral("remove the spool's file"), segment->file, errno);
    }
    return ok();
}

Status SpoolFolder::closeCleanly(UtcTime now)
{
    const std::lock_guard appending(m_appendMutex);
    for (const Lane lane : allLanes)
        seal(lane);
    if (Status maintained = maintain(now); !maintained)
        return maintained;
    m_closed = true;
    Status saved = savePositions();
    if (!saved)
        m_closed = false;
    return saved;
}

SpoolFigures SpoolFolder::figures() const
{
    SpoolFigures figures;
    const auto lock = m_catalog.lock();
    for (const Lane lane : allLanes) {
        const LaneFiles &files = m_catalog.lane(lane);
        SpoolFigures::OfLane &of = figures.lanes[size_t(lane)];
        of.last_seq = files.last_seq;
        of.acknowledged_seq = files.acknowledged;
        for (const SegmentPtr &segment : files.segments) {
            if (segment->waiting_entries == 0)
                continue;
            if (of.waiting_entries == 0)
                of.oldest_waiting = segment->oldest_waiting;
            of.waiting_entries += segment->waiting_entries;
            of.waiting_bytes += segment->waiting_bytes;
        }
    }
    figures.bytes_on_disk = m_catalog.bytesOnDisk();
    figures.max_size = m_options.max_size;
    figures.evicted_entries = m_evictedEntries;
    figures.damaged_bytes = m_catalog.damagedBytes();
    return figures;
}

} // namespace tk::store
