// Every stream of one exchange with its contract and state. Pure: told what happened and what time it is, it says which
// streams changed state and which pairs need proof that they are merely quiet. Belongs to the feed thread.
//
// How silence is judged (stream_judgement.cpp). A stream that ticks by itself (mark price) is late, then stale, by the
// clock. A stream that only moves with trades (candles, trades, ticker) is stale when
//   - trades of its pair went by that it did not show: told by trade ids or frames on a sibling stream, or by the
//     exchange's REST candles, which are asked when the pair is silent for longer than its own pace lets expect;
//   - or it is silent for many times its own pause (see Cadence), and nothing proves that the pair is quiet;
//   - or no candle of the whole venue moves any more.
// A pair is quiet by proof alone: the exchange's history, asked after the last frame, knows no trade that was not
// shown.
#pragma once

#include "exchange/adapter.h"
#include "feed/cadence.h"
#include "market/quiet_probe.h"

#include <QHash>

#include <optional>
#include <set>
#include <vector>

namespace tk::feed {

using StreamId = quint32;
inline constexpr StreamId noStream = ~StreamId(0);

// How much was traded in the newest candle that is known: the measure by which stream and history are compared.
struct Traded
{
    UtcTime open{};    // 0: nothing is known
    double amount = 0; // number of trades, or the volume where the exchange counts none

    bool isKnown() const { return toMs(open) != 0; }
    auto operator<=>(const Traded &) const = default;
};

struct StreamEntry
{
    exchange::StreamSpec spec;
    quint32 pair = 0; // index into the table's pairs
    StreamState state = StreamState::Requested;
    UtcTime since{};      // of the state
    QString cause;        // of the state; empty for live
    UtcTime last_event{}; // event time of the newest data; 0: never
    MonotonicTime last_data{};
    MonotonicTime last_move{}; // the same without closed marks, which come for quiet pairs, too
    MonotonicTime subscribed{};
    UtcTime subscribed_utc{};
    bool fresh = true;       // no data since the last subscription
    bool lost = false;       // its connection is gone; healed with the connection, not by itself
    bool removed = false;    // left the configuration; the id is not used again
    bool refused = false;    // by the exchange, with a reason: asking again soon is no cure
    bool troubled = false;   // was stale or silent, and neither data nor proof of quietness came since
    UtcTime trouble_since{}; // the first due time that it missed
    bool mute = false;       // was silent while its connection was there, and no data came since
    bool missed = false;     // trades went by that it did not show, and no data came since: its silence proves nothing
    UtcTime unclosed{};      // a candle that it showed, whose closed mark did not come; 0: none
    UtcTime shown{};         // open times of the newest candle that it showed while it formed ...
    UtcTime shown_before{};  // ... and of the one before
    quint64 frames = 0;
    qint64 last_trade_id = -1;
    Traded traded;        // what it showed since the subscription, or the mark that history set
    Traded traded_before; // what it had shown before the subscription
    Cadence cadence;
    quint64 sibling_moves = 0;    // of the pair's candle streams, when this one last moved
    MonotonicTime behind_since{}; // since when trades of the pair are missing here; 0: they are not
    qint64 behind_id = 0;         // showing this trade or a later one ends it
    qint64 excused_id = -1;       // trades up to it belong to a candle that has closed: the close watch asks for them
    int heal_attempts = 0;        // since it was last live
    MonotonicTime heal_at{};      // not healed again before

    // Data is due here whatever the market does.
    bool ticks() const { return spec.contract.stale.count() > 0 && !spec.contract.quiet_possible; }
    bool isSick() const { return tk::isSick(state); }

    // What everybody is told: acknowledged is not alive, so what was in trouble stays so until data comes.
    StreamState told() const;
    UtcTime toldSince() const;
    QString toldCause() const;
    bool isToldSick() const { return tk::isSick(told()); }
    bool isUnclosed() const { return state == StreamState::Live && toMs(unclosed) != 0; }
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
        milliseconds stale_after{600'000};   // upper bound, from the configuration
        milliseconds behind_grace{20'000};   // trades seen elsewhere must show up here within
        milliseconds settling{5'000};        // after a subscription: trades from before it may still be told
        milliseconds probe_after{180'000};   // a thin pair without trades for so long is asked about over REST
        milliseconds probe_fresh{70'000};    // the same for a pair that never showed any data
        milliseconds probe_expected{10'000}; // the same for one of which data is expected at once
        milliseconds busy_silent{12'000};    // silence of a busy stream that is stale unless proven quiet
        milliseconds liquid_silent{80'000};  // the same of a liquid one
        milliseconds venue_silent{12'000};   // no candle of any pair moved on a busy venue
        milliseconds slack{0};               // of the clock, see Clock::pauseOfMachine()
    };

    StreamTable(Thresholds thresholds, exchange::CandleFacts facts);

    StreamId add(exchange::StreamSpec spec, MonotonicTime now, UtcTime utc);
    void remove(StreamId id);
    std::optional<StreamId> find(const StreamKey &key) const;
    const StreamEntry &at(StreamId id) const { return m_streams[id]; }
    StreamEntry &at(StreamId id) { return m_streams[id]; }
    size_t size() const { return m_streams.size(); }

    // Pairs of which data is expected at once, before they have shown any pace of their own: the majors.
    void expect(const std::set<QString> &pairs);

    // What happened. Each returns the state change it caused, if any.
    std::optional<StreamTransition> subscribed(StreamId id, MonotonicTime now, UtcTime utc);
    std::optional<StreamTransition> acknowledged(StreamId id, UtcTime utc);
    std::optional<StreamTransition> refused(StreamId id, const QString &cause, UtcTime utc);
    std::optional<StreamTransition> lost(StreamId id, const QString &cause, UtcTime utc);
    std::optional<StreamTransition> ended(StreamId id, const QString &cause, UtcTime utc);

    struct Data
    {
        UtcTime event;
        qint64 last_trade_id = -1; // -1: this kind of data has none
        bool proves_trade = true;  // false for a closed candle: it may tell of trades from before we listened
        UtcTime candle_open{};
        qint64 candle_trades = 0;
        double candle_volume = 0;
    };
    std::optional<StreamTransition> data(StreamId id, const Data &data, MonotonicTime now, UtcTime utc);
    void closeMissed(StreamId id, TimeSpan candles); // the exchange's closed marks of these candles did not come
    void probeAnswered(const ProbeAnswer &answer, MonotonicTime now);

    // We did not listen for a while (the thread was held up): what was silent meanwhile is no evidence.
    void wasDeaf(milliseconds span);

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
        qint64 last_trade_id = -1;        // newest trade shown by any stream of the pair
        MonotonicTime last_trade{};       // when it was shown; or the proof that there was none
        UtcTime last_trade_event{};       // the exchange's time of the frame that showed it
        quint64 moves = 0;                // frames of open candles, of all its streams
        MonotonicTime probe_at{};         // not asked again before
        MonotonicTime probing{};          // since when an answer is awaited; 0: none is
        bool expected = false;            // data is due at once
        Traded rest;                      // the newest that REST knows ...
        MonotonicTime rest_ahead_since{}; // ... and since when it is ahead of our streams; 0: it is not
        MonotonicTime quiet_proof{};      // when history last proved that nothing went by unseen; 0: it did not
        bool unproven = false;            // REST could not be asked
    };

    quint32 pairIndex(const QString &name, MonotonicTime now);
    std::optional<StreamTransition> set(StreamId id, StreamState state, const QString &cause, UtcTime utc,
                                        UtcTime since);
    void candleMoved(StreamEntry &entry, PairWatch &pair, const Data &data, MonotonicTime now);
    void judgeTicking(StreamId id, MonotonicTime now, UtcTime utc, Judgement &into);
    void judgeByTrades(StreamId id, MonotonicTime now, UtcTime utc, Judgement &into);
    bool judgeUnseen(StreamId id, MonotonicTime now, UtcTime utc, Judgement &into);
    bool judgeSilence(StreamId id, MonotonicTime now, UtcTime utc, Judgement &into);
    void judgePair(PairWatch &pair, MonotonicTime now, Judgement &into);
    void judgeVenue(MonotonicTime now, UtcTime utc, Judgement &into);
    milliseconds probePatience(const PairWatch &pair, const StreamEntry &candles) const;
    bool provenQuiet(const StreamEntry &entry, MonotonicTime now) const;
    std::optional<StreamId> fastestCandles(const PairWatch &pair) const;
    MonotonicTime reference(const StreamEntry &entry) const { return entry.fresh ? entry.subscribed : entry.last_data; }

    Thresholds m_thresholds;
    exchange::CandleFacts m_facts;
    std::vector<StreamEntry> m_streams;
    std::vector<PairWatch> m_pairs;
    QHash<QString, quint32> m_pairIndex;
    QHash<StreamKey, StreamId> m_index;
    std::set<QString> m_expected;
    Cadence m_venueCadence;       // of all candle streams together
    MonotonicTime m_venueMoved{}; // when any of them last moved, or was asked for
    bool m_venueSilent = false;
};

} // namespace tk::feed
