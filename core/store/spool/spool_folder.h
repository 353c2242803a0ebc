// The spool as a folder of segment files: appends, makes room, forgets what is old. What is read and counted is the
// lane readers' work.
#pragma once

#include "store/spool/catalog.h"
#include "store/spool/lane_reader.h"

#include <atomic>

namespace tk::store {

class SpoolFolder final : public Spool
{
public:
    explicit SpoolFolder(SpoolOptions options);

    Status open();

    Result<PerLane<quint64>> append(const PerLane<QByteArray> &lines, UtcTime taken) override;
    Result<std::vector<SpoolEntry>> read(Lane lane, quint64 after, qint64 max_bytes) override;
    void acknowledge(Lane lane, quint64 seq) override;
    quint64 before(Lane lane, UtcTime since) override;
    Status maintain(UtcTime now) override;
    Status closeCleanly(UtcTime now) override;
    bool wasClosedCleanly() const override { return m_wasClosedCleanly; }
    bool isWhole() override;
    Result<std::vector<SpoolLoss>> mend() override;
    SpoolFigures figures() const override;

private:
    // Of one lane, what only who appends knows.
    struct Appender
    {
        SegmentPtr segment;                  // null: the next append begins one
        std::optional<SegmentWriter> writer; // of `segment`
        quint64 next_seq = 1;
    };
    // What one append wants to write to one lane.
    struct Piece
    {
        Lane lane = Lane::Candles;
        QByteArray bytes; // records
        struct Record
        {
            quint64 seq = 0;
            qint64 payload = 0;
        };
        std::vector<Record> records;
    };
    using Pieces = std::vector<Piece>;
    struct Failure
    {
        int error = 0; // errno; 0: none
        QString what;  // "write", "sync"
        QString file;
    };
    struct Victim
    {
        SegmentPtr segment;
        bool waiting = false; // somebody still wants it
    };
    struct Incident // of room made at the cost of what waits
    {
        UtcTime told{};
        qint64 entries = 0; // since then
        qint64 bytes = 0;
    };

    Appender &appender(Lane lane) { return m_appenders[size_t(lane)]; }
    Pieces encode(const PerLane<QByteArray> &lines, UtcTime taken);
    bool wantsNewSegment(const Piece &piece, UtcTime taken);
    qint64 growth(const Piece &piece, UtcTime taken);
    qint64 reservation(qint64 end, qint64 size) const;
    Failure prepare(const Piece &piece, UtcTime taken);
    Failure writeAndSync(const Pieces &pieces);
    void takeBack(const Pieces &pieces, bool trusted);
    void seal(Lane lane);
    void promise(const Pieces &pieces, UtcTime taken);

    Status makeRoom(UtcTime now, bool &made);
    std::optional<Victim> victim() const;
    Status handOver(const SegmentPtr &segment, UtcTime now);
    bool remove(const SegmentPtr &segment);
    Status savePositions();
    QString laneFolder(Lane lane) const;
    bool isLaneThere(Lane lane);
    SpoolLoss drop(Lane lane);

    const SpoolOptions m_options;
    const qint64 m_segmentSize;
    Catalog m_catalog;
    std::array<LaneReader, allLanes.size()> m_readers;
    bool m_wasClosedCleanly = false;

    std::mutex m_positionsMutex; // guards m_positions; taken before the catalog's lock
    PositionFile m_positions;
    std::atomic<bool> m_closed = false;
    std::atomic<quint64> m_evictedEntries = 0;

    std::mutex m_appendMutex; // guards what follows; the first of all locks
    PerLane<Appender> m_appenders{};
    Incident m_incident;
};

} // namespace tk::store
