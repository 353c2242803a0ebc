// Turns events of live streams into records for the store: final candles once each, mark prices at their cadence, ticks
// verbatim. Finds what was lost inside a stream (a missing trade id, a broken book chain). Pure; feed thread.
#pragma once

#include "exchange/adapter.h"
#include "feed/close_watch.h"
#include "feed/stream_table.h"

#include <memory>
#include <vector>

namespace tk::feed {

class RecordBuilder
{
public:
    struct Settings
    {
        milliseconds mark_price_every{60'000}; // zero: every event is a record
    };

    // Data of a tick stream that is missing between two events that did arrive, a candle that cannot be, or minutes
    // whose mark prices were dated by a clock that was off.
    struct Break
    {
        StreamKey stream;
        TimeSpan span;
        QString cause;
    };

    struct Counts
    {
        quint64 final_candles = 0;
        quint64 repeated_finals = 0; // dropped: overlap of two connections, or sent twice
        quint64 mark_points = 0;
    };

    explicit RecordBuilder(Settings settings);

    void track(StreamId id, const StreamEntry &entry, UtcTime now);
    void forget(StreamId id);

    // `now` by our clock, and by how much the exchange's is known to be ahead of it (see EventClock::lastingOffset()).
    void event(StreamId id, const StreamEntry &entry, const exchange::MarketEvent &event, UtcTime now,
               milliseconds ahead, RecordBatch &into);

    // Candles that their closed mark should have reported by now.
    std::vector<SeriesSpan> overdue(UtcTime now, milliseconds grace);

    std::vector<SeriesSpan> takeClosed(); // candles that came with their closed mark since the last call
    std::vector<Break> takeBreaks();
    std::vector<QString> takeSettled(); // pairs whose funding was settled since the last call
    const Counts &counts() const { return m_counts; }
    quint64 fundedPairs() const; // pairs with a funding time on their mark price stream

private:
    // A mark price that is dated in a minute which has not begun by our clock.
    struct HeldMark
    {
        qint64 bucket = 0;
        UtcTime time{};
        milliseconds ahead{0}; // of our clock, when it came
        exchange::MarkUpdate update{};
    };
    struct Tracked
    {
        SeriesKey series; // candles only
        std::unique_ptr<CloseWatch> closes;
        qint64 mark_bucket = -1;
        std::vector<HeldMark> held{}; // ascending, a few at most
        UtcTime next_funding{};
        qint64 last_id = 0; // of trades, or of the book chain; 0: none yet
        UtcTime last_event{};
    };

    void candle(Tracked &tracked, const exchange::CandleUpdate &update, RecordBatch &into);
    struct Clocks
    {
        UtcTime now;
        milliseconds ahead;
    };
    void mark(Tracked &tracked, const StreamEntry &entry, const exchange::MarkUpdate &update, UtcTime time,
              Clocks clocks, RecordBatch &into);
    void takeHeld(Tracked &tracked, const StreamEntry &entry, qint64 next, milliseconds ahead, RecordBatch &into);
    void put(const StreamEntry &entry, const exchange::MarkUpdate &update, UtcTime time, RecordBatch &into);
    bool continues(Tracked &tracked, const StreamEntry &entry, const exchange::MarketEvent &event);
    void tick(const StreamEntry &entry, const exchange::MarketEvent &event, qint64 id, RecordBatch &into);

    Settings m_settings;
    std::vector<std::unique_ptr<Tracked>> m_tracked; // by stream id
    std::vector<SeriesSpan> m_closed;
    std::vector<Break> m_breaks;
    std::vector<QString> m_settled;
    Counts m_counts;
};

} // namespace tk::feed
