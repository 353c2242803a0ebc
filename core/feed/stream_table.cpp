#include "feed/stream_table.h"

#include <algorithm>

namespace tk::feed {

namespace {

constexpr MonotonicTime never{};

} // namespace

StreamState StreamEntry::told() const
{
    if (troubled && (state == StreamState::Requested || state == StreamState::Acknowledged))
        return toMs(last_event) == 0 ? StreamState::Silent : StreamState::Stale;
    return isUnclosed() ? StreamState::Late : state;
}

UtcTime StreamEntry::toldSince() const
{
    if (troubled)
        return trouble_since;
    return told() == state ? since : nextCandleOpen(spec.key.timeframe, unclosed);
}

QString StreamEntry::toldCause() const
{
    if (isUnclosed() && told() == StreamState::Late)
        return QStringLiteral("the exchange did not close the candle of %1").arg(isoText(unclosed).mid(11, 5));
    if (heal_attempts == 0 || isSick() || !isToldSick())
        return cause;
    return QStringLiteral("%1 · asked for again (%2), no data yet").arg(cause).arg(heal_attempts);
}

StreamTable::StreamTable(Thresholds thresholds, exchange::CandleFacts facts)
    : m_thresholds(thresholds)
    , m_facts(facts)
{}

quint32 StreamTable::pairIndex(const QString &name, MonotonicTime now)
{
    const auto known = m_pairIndex.constFind(name);
    if (known != m_pairIndex.cend())
        return *known;
    const auto index = quint32(m_pairs.size());
    PairWatch pair;
    pair.name = name;
    pair.last_trade = now;
    pair.expected = m_expected.contains(name);
    m_pairs.push_back(std::move(pair));
    m_pairIndex.insert(name, index);
    return index;
}

StreamId StreamTable::add(exchange::StreamSpec spec, MonotonicTime now, UtcTime utc)
{
    const auto id = StreamId(m_streams.size());
    StreamEntry entry;
    entry.pair = pairIndex(spec.key.pair, now);
    entry.spec = std::move(spec);
    entry.since = utc;
    entry.subscribed = now;
    entry.subscribed_utc = utc;
    m_pairs[entry.pair].streams.push_back(id);
    m_index.insert(entry.spec.key, id);
    m_streams.push_back(std::move(entry));
    return id;
}

void StreamTable::remove(StreamId id)
{
    StreamEntry &entry = m_streams[id];
    entry.removed = true;
    m_index.remove(entry.spec.key);
    std::erase(m_pairs[entry.pair].streams, id);
}

std::optional<StreamId> StreamTable::find(const StreamKey &key) const
{
    const auto found = m_index.constFind(key);
    return found == m_index.cend() ? std::nullopt : std::optional(*found);
}

void StreamTable::expect(const std::set<QString> &pairs)
{
    m_expected = pairs;
    for (PairWatch &pair : m_pairs)
        pair.expected = pairs.contains(pair.name);
}

std::optional<StreamTransition> StreamTable::set(StreamId id, StreamState state, const QString &cause, UtcTime utc,
                                                 UtcTime since)
{
    StreamEntry &entry = m_streams[id];
    if (entry.state == state || entry.state == StreamState::Ended)
        return {};
    const StreamState from = std::exchange(entry.state, state);
    // A stream that goes from late to stale has been in trouble since the first of them.
    if (!(from == StreamState::Late && state == StreamState::Stale))
        entry.since = std::min(since, utc);
    entry.cause = cause;
    entry.mute |= entry.isSick() && !entry.lost && !entry.refused;
    if (entry.isSick() && !std::exchange(entry.troubled, true))
        entry.trouble_since = entry.since;
    else if (state == StreamState::Live || state == StreamState::Quiet || state == StreamState::Ended)
        entry.troubled = entry.refused = false;
    return StreamTransition{id, from, state, cause};
}

std::optional<StreamTransition> StreamTable::subscribed(StreamId id, MonotonicTime now, UtcTime utc)
{
    StreamEntry &entry = m_streams[id];
    PairWatch &pair = m_pairs[entry.pair];
    entry.subscribed = now;
    entry.subscribed_utc = utc;
    entry.fresh = true;
    entry.lost = false;
    entry.refused = false;
    entry.unclosed = {};
    entry.behind_since = never;
    entry.sibling_moves = pair.moves;
    entry.cadence.resume(now);
    // Trades from before the subscription may never be shown on it: history is compared with what it says from now on.
    // That it says what had been shown already proves that there were none.
    entry.traded_before = std::max(entry.traded_before, entry.traded);
    entry.traded = {};
    pair.rest_ahead_since = never;
    if (entry.troubled)
        pair.probe_at = never;
    return set(id, StreamState::Requested, entry.cause, utc, utc);
}

std::optional<StreamTransition> StreamTable::acknowledged(StreamId id, UtcTime utc)
{
    if (m_streams[id].state != StreamState::Requested)
        return {}; // data may come before its acknowledgement
    return set(id, StreamState::Acknowledged, m_streams[id].cause, utc, utc);
}

std::optional<StreamTransition> StreamTable::refused(StreamId id, const QString &cause, UtcTime utc)
{
    StreamEntry &entry = m_streams[id];
    if (entry.state == StreamState::Live)
        return {}; // data speaks for itself
    entry.refused = true;
    entry.cause = cause; // also of a stream that is silent already
    return set(id, toMs(entry.last_event) == 0 ? StreamState::Silent : StreamState::Stale, cause, utc, utc);
}

std::optional<StreamTransition> StreamTable::lost(StreamId id, const QString &cause, UtcTime utc)
{
    m_streams[id].lost = true;
    return set(id, StreamState::Stale, cause, utc, utc);
}

std::optional<StreamTransition> StreamTable::ended(StreamId id, const QString &cause, UtcTime utc)
{
    return set(id, StreamState::Ended, cause, utc, utc);
}

std::optional<StreamTransition> StreamTable::data(StreamId id, const Data &data, MonotonicTime now, UtcTime utc)
{
    StreamEntry &entry = m_streams[id];
    ++entry.frames;
    entry.lost = false;
    entry.last_data = now;
    entry.last_event = std::max(entry.last_event, data.event);
    entry.fresh = entry.missed = entry.mute = false;
    entry.cadence.moved(now);
    PairWatch &pair = m_pairs[entry.pair];
    if (entry.spec.key.kind == StreamKind::Candles)
        candleMoved(entry, pair, data, now);
    if (data.proves_trade)
        entry.last_move = now;
    if (data.last_trade_id >= 0) {
        entry.last_trade_id = std::max(entry.last_trade_id, data.last_trade_id);
        // Of a busy pair some stream is always a trade ahead: being behind counts only while the same trade is missing.
        if (entry.last_trade_id >= entry.behind_id)
            entry.behind_since = never;
        if (data.proves_trade && data.last_trade_id > pair.last_trade_id) {
            const bool first = std::exchange(pair.last_trade_id, data.last_trade_id) < 0;
            if (!first) // growth is a trade; the first number seen may be as old as the candle
                pair.last_trade = now;
            pair.last_trade_event = data.event;
            pair.unproven = false;
        }
    }
    if (entry.state == StreamState::Live)
        return {};
    entry.heal_attempts = 0;
    entry.heal_at = never;
    return set(id, StreamState::Live, {}, utc, utc);
}

void StreamTable::candleMoved(StreamEntry &entry, PairWatch &pair, const Data &data, MonotonicTime now)
{
    m_venueCadence.moved(now);
    m_venueMoved = now;
    m_venueSilent = false;
    const Traded traded{data.candle_open, m_facts.trade_counts ? double(data.candle_trades) : data.candle_volume};
    entry.traded = std::max(entry.traded, traded);
    if (!data.proves_trade) {
        entry.unclosed = {};
        return;
    }
    ++pair.moves;
    entry.sibling_moves = pair.moves;
    if (data.candle_open > entry.shown)
        entry.shown_before = std::exchange(entry.shown, data.candle_open);
}

void StreamTable::closeMissed(StreamId id, TimeSpan candles)
{
    StreamEntry &entry = m_streams[id];
    for (const UtcTime open : {entry.shown, entry.shown_before}) {
        // A candle that it never showed may have had no trades, and such a candle need not be closed by a frame.
        if (toMs(open) != 0 && open >= candles.from && open < candles.to && entry.state == StreamState::Live)
            entry.unclosed = std::max(entry.unclosed, open);
    }
}

void StreamTable::wasDeaf(milliseconds span)
{
    const auto shift = [span](MonotonicTime &time) {
        if (time != never)
            time += span;
    };
    for (StreamEntry &entry : m_streams) {
        for (MonotonicTime *time : {&entry.last_data, &entry.last_move, &entry.subscribed, &entry.behind_since})
            shift(*time);
    }
    for (PairWatch &pair : m_pairs) {
        for (MonotonicTime *time : {&pair.last_trade, &pair.rest_ahead_since, &pair.quiet_proof})
            shift(*time);
    }
    shift(m_venueMoved);
}

std::optional<StreamId> StreamTable::fastestCandles(const PairWatch &pair) const
{
    std::optional<StreamId> fastest;
    for (const StreamId id : pair.streams) {
        const StreamEntry &entry = m_streams[id];
        if (entry.spec.key.kind != StreamKind::Candles || entry.state == StreamState::Ended)
            continue;
        if (!fastest || entry.spec.key.timeframe < m_streams[*fastest].spec.key.timeframe)
            fastest = id;
    }
    return fastest;
}

} // namespace tk::feed
