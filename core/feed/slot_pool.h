// The connections of one exchange: which there are, which streams go where, how streams are moved between them, how
// they stand. When and why is the healer's business, and the service's. Feed thread.
#pragma once

#include "feed/feed_settings.h"
#include "feed/feed_snapshot.h"
#include "feed/healer.h"
#include "feed/slot.h"

#include <memory>
#include <vector>

namespace tk::feed {

class SlotPool
{
public:
    struct Sources // they outlive it
    {
        const FeedSettings &settings;
        const exchange::ExchangeAdapter &adapter;
        const Clock &clock;
        const StreamTable &table;
        Slot::Host &host; // of every slot
    };

    explicit SlotPool(Sources sources);
    ~SlotPool();

    bool isEmpty() const { return m_slots.empty(); }

    // On connections that have room, then on new ones; the streams of a pair stay together.
    void place(const std::vector<StreamId> &streams);
    void remove(StreamId stream);

    // The name of a stream on that route that always ticks; empty: none does now.
    QByteArray canaryFor(const QByteArray &route) const;

    std::vector<Patient> patients() const;
    void apply(const std::vector<Cure> &cures); // of the patients that were shown last
    // All streams of a pair on a fresh connection; empty: every sick stream.
    void resubscribe(const QString &pair);
    void replaceAll(const QString &reason);
    void dropEmpty(); // connections that carry nothing any more

    void tick(MonotonicTime now);
    void stop();

    std::vector<ConnectionRow> rows(MonotonicTime now) const;

private:
    Slot &makeSlot(const QByteArray &route);
    void moveToFreshSlot(Slot &from, const std::vector<StreamId> &streams, const QString &why);
    void moveAway(Slot &from, const std::vector<StreamId> &streams, const QString &why);
    ConnectionRow rowOf(const Slot &slot, MonotonicTime now) const;

    Sources m_from;
    exchange::ConnectionLimits m_limits;
    int m_lastNumber = 0;
    std::vector<std::unique_ptr<Slot>> m_slots;
};

} // namespace tk::feed
