// Every stream of one exchange with its contract and state. Pure: told what happened and what time it is, it says which
// streams changed state and which pairs need proof that they are merely quiet. Belongs to the feed thread.
//
// How silence is judged. A stream that ticks by itself (mark price) is late, then stale, by the clock. A stream that
// only moves with trades (candles, trades, ticker) is stale when trades of its pair went by that it did not show: told
// by trade ids on a sibling stream, or by the exchange's REST candles, which are asked when the whole pair is silent.
// A pair without trades is quiet, and never alarmed.
#pragma once

#include "exchange/adapter.h"
#include "market/quiet_probe.h"

#include <QHash>

#include <optional>
#include <vector>

namespace tk::feed {

using StreamId = quint32;
inline constexpr StreamId noStream = ~StreamId(0);

struct StreamEntry
{
    exchange::StreamSpec spec;
    quint32 pair = 0; // index into the table's pairs
    StreamState state = StreamState::Requested;
    UtcTime since{};      // of the state
    QString cause;        // of the state; empty for live
    UtcTime last_event{}; // event time of the newest data; 0: never
    MonotonicTime last_data{};
    MonotonicTime subscribed{};
    bool fresh = true;    // no data since the last subscription
    bool lost = false;    // its connection is gone; healed with the connection, not by itself
    bool removed = false; // left the configuration; the id is not used again
    quint64 frames = 0;
    qint64 last_trade_id = -1;
    UtcTime candle_open{}; // the candle last seen, and its trade count
    qint64 candle_trades = 0;
    MonotonicTime behind_since{}; // since when trades of the pair are missing here; 0: they are not
    qint64 behind_id = 0;         // showing this trade or a later one ends it
    qint64 excused_id = -1;       // trades up to it belong to a candle that has closed: the close watch asks for them
    int heal_attempts = 0;        // since it was last live
    MonotonicTime heal_at{};      // not healed again before

    // Data is due here whatever the market does.
    bool ticks() const { return spec.contract.stale.count() > 0 && !spec.contract.quiet_possible; }
    bool isSick() const { return state == StreamState::Stale || state == StreamState::Silent; }
};

struct StreamTransition
{
    StreamId id;
    StreamState from;
    StreamState to;
    QString cause;
};

class StreamTable
{
public:
    struct Thresholds
    {
        milliseconds stale_after{600'000}; // upper bound, from the configuration
        milliseconds behind_grace{20'000}; // trades seen elsewhere must show up here within
        milliseconds settling{5'000};      // after a subscription: trades from before it may still be told
        milliseconds probe_after{180'000}; // a pair without trades for so long is asked about over REST
        milliseconds probe_fresh{70'000};  // the same for a pair that never showed any data
    };

    explicit StreamTable(Thresholds thresholds);

    StreamId add(exchange::StreamSpec spec, MonotonicTime now, UtcTime utc);
    void remove(StreamId id);
    std::optional<StreamId> find(const StreamKey &key) const;
    const StreamEntry &at(StreamId id) const { return m_streams[id]; }
    StreamEntry &at(StreamId id) { return m_streams[id]; }
    size_t size() const { return m_streams.size(); }

    // What happened. Each returns the state change it caused, if any.
    std::optional<StreamTransition> subscribed(StreamId id, MonotonicTime now, UtcTime utc);
    std::optional<StreamTransition> acknowledged(StreamId id, UtcTime utc);
    std::optional<StreamTransition> lost(StreamId id, const QString &cause, UtcTime utc);
    std::optional<StreamTransition> ended(StreamId id, const QString &cause, UtcTime utc);

    struct Data
    {
        UtcTime event;
        qint64 last_trade_id = -1; // -1: this kind of data has none
        bool proves_trade = true;  // false for a closed candle: it may tell of trades from before we listened
        UtcTime candle_open{};
        qint64 candle_trades = 0;
    };
    std::optional<StreamTransition> data(StreamId id, const Data &data, MonotonicTime now, UtcTime utc);
    void probeAnswered(const ProbeAnswer &answer, MonotonicTime now);

    // What time alone changed.
    struct Judgement
    {
        std::vector<StreamTransition> transitions;
        std::vector<QuietProbe> probes;
    };
    Judgement judge(MonotonicTime now, UtcTime utc);

private:
    struct PairWatch
    {
        QString name;
        std::vector<StreamId> streams;
        qint64 last_trade_id = -1;  // newest trade shown by any stream of the pair
        MonotonicTime last_trade{}; // when it was shown; or the proof that there was none
        UtcTime last_trade_event{}; // the exchange's time of the frame that showed it
        MonotonicTime probe_at{};   // not asked again before
        bool probing = false;
        UtcTime rest_open{}; // newest candle with trades that REST knows ...
        qint64 rest_trades = 0;
        MonotonicTime rest_ahead_since{}; // ... and since when it is ahead of our streams; 0: it is not
        bool proven_quiet = false;
        bool unproven = false; // REST could not be asked
    };

    quint32 pairIndex(const QString &name, MonotonicTime now);
    std::optional<StreamTransition> set(StreamId id, StreamState state, const QString &cause, UtcTime utc);
    void judgeTicking(StreamId id, MonotonicTime now, UtcTime utc, Judgement &into);
    void judgeByTrades(StreamId id, MonotonicTime now, UtcTime utc, Judgement &into);
    void judgePair(PairWatch &pair, MonotonicTime now, Judgement &into);
    std::optional<StreamId> fastestCandles(const PairWatch &pair) const;

    Thresholds m_thresholds;
    std::vector<StreamEntry> m_streams;
    std::vector<PairWatch> m_pairs;
    QHash<QString, quint32> m_pairIndex;
    QHash<StreamKey, StreamId> m_index;
};

} // namespace tk::feed
