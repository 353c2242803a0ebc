// What files each lane has and how far it is confirmed: shared by the appending and the reading side, under one lock
// that is never held while a disk works.
#pragma once

#include "store/spool/positions.h"
#include "store/spool/segment.h"

#include <deque>
#include <mutex>

namespace tk::store {

struct LaneFiles
{
    std::deque<SegmentPtr> segments{}; // ascending; the last one may be appended to
    quint64 last_seq = 0;
    quint64 acknowledged = 0;

    // The first segment that can hold an entry at or above `seq`; null: none.
    SegmentPtr at(quint64 seq) const;
    SegmentPtr behind(const Segment &segment) const; // the next one; null: none
    bool isAcknowledged(const Segment &segment) const { return segment.last_seq <= acknowledged; }
};

class Catalog
{
public:
    explicit Catalog(std::function<void(const SpoolDamage &)> onDamage)
        : m_onDamage(std::move(onDamage))
    {}

    using Lock = std::unique_lock<std::mutex>;
    Lock lock() const { return Lock(m_mutex); }

    // Only with the lock held.
    LaneFiles &lane(Lane lane) { return m_lanes[size_t(lane)]; }
    const LaneFiles &lane(Lane lane) const { return m_lanes[size_t(lane)]; }
    qint64 bytesOnDisk() const;
    Positions positions() const;
    quint64 damagedBytes() const { return m_damagedBytes; }

    // Only without the lock. Logs, counts and tells what was not told before.
    void report(const SegmentPtr &segment, const std::vector<record::Damage> &damage);

    // Finds the files of a lane and reads what is not confirmed. Before any other thread knows of this.
    Status recover(Lane lane, const QString &folder, const Positions::OfLane &positions);

private:
    void scan(const SegmentPtr &segment, quint64 belowSeq, bool newest);

    mutable std::mutex m_mutex;
    PerLane<LaneFiles> m_lanes{};
    quint64 m_damagedBytes = 0;
    std::function<void(const SpoolDamage &)> m_onDamage;
};

} // namespace tk::store
