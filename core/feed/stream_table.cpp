#include "feed/stream_table.h"

#include <algorithm>
#include <limits>

namespace tk::feed {

namespace {

constexpr MonotonicTime never{};
constexpr milliseconds closeSlack{2'000}; // between our clock and the exchange's

milliseconds since(MonotonicTime then, MonotonicTime now)
{
    return std::chrono::duration_cast<milliseconds>(now - then);
}

} // namespace

StreamTable::StreamTable(Thresholds thresholds)
    : m_thresholds(thresholds)
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

std::optional<StreamTransition> StreamTable::set(StreamId id, StreamState state, const QString &cause, UtcTime utc)
{
    StreamEntry &entry = m_streams[id];
    if (entry.state == state || entry.state == StreamState::Ended)
        return {};
    const StreamState from = std::exchange(entry.state, state);
    // A stream that goes from late to stale, or stale to asked-for-again, has been in trouble since the first of them.
    if (!(from == StreamState::Late && state == StreamState::Stale))
        entry.since = utc;
    entry.cause = cause;
    return StreamTransition{id, from, state, cause};
}

std::optional<StreamTransition> StreamTable::subscribed(StreamId id, MonotonicTime now, UtcTime utc)
{
    StreamEntry &entry = m_streams[id];
    entry.subscribed = now;
    entry.fresh = true;
    entry.lost = false;
    entry.behind_since = never;
    // Trades from before the subscription may never be shown on it: history is compared with what it says from now on.
    entry.candle_open = {};
    entry.candle_trades = 0;
    m_pairs[entry.pair].rest_ahead_since = never;
    return set(id, StreamState::Requested, entry.cause, utc);
}

std::optional<StreamTransition> StreamTable::acknowledged(StreamId id, UtcTime utc)
{
    if (m_streams[id].state != StreamState::Requested)
        return {}; // data may come before its acknowledgement
    return set(id, StreamState::Acknowledged, m_streams[id].cause, utc);
}

std::optional<StreamTransition> StreamTable::lost(StreamId id, const QString &cause, UtcTime utc)
{
    m_streams[id].lost = true;
    return set(id, StreamState::Stale, cause, utc);
}

std::optional<StreamTransition> StreamTable::ended(StreamId id, const QString &cause, UtcTime utc)
{
    return set(id, StreamState::Ended, cause, utc);
}

std::optional<StreamTransition> StreamTable::data(StreamId id, const Data &data, MonotonicTime now, UtcTime utc)
{
    StreamEntry &entry = m_streams[id];
    ++entry.frames;
    entry.lost = false;
    entry.last_data = now;
    entry.last_event = std::max(entry.last_event, data.event);
    entry.fresh = false;
    if (data.last_trade_id >= 0 || toMs(data.candle_open) != 0) {
        PairWatch &pair = m_pairs[entry.pair];
        entry.last_trade_id = std::max(entry.last_trade_id, data.last_trade_id);
        // Of a busy pair some stream is always a trade ahead: being behind counts only while the same trade is missing.
        if (entry.last_trade_id >= entry.behind_id)
            entry.behind_since = never;
        if (std::pair(data.candle_open, data.candle_trades) > std::pair(entry.candle_open, entry.candle_trades)) {
            entry.candle_open = data.candle_open;
            entry.candle_trades = data.candle_trades;
        }
        if (data.proves_trade && data.last_trade_id > pair.last_trade_id) {
            const bool first = std::exchange(pair.last_trade_id, data.last_trade_id) < 0;
            if (!first) // growth is a trade; the first number seen may be as old as the candle
                pair.last_trade = now;
            pair.last_trade_event = data.event;
            pair.proven_quiet = false;
            pair.unproven = false;
        }
    }
    if (entry.state == StreamState::Live)
        return {};
    entry.heal_attempts = 0;
    entry.heal_at = never;
    return set(id, StreamState::Live, {}, utc);
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

void StreamTable::probeAnswered(const ProbeAnswer &answer, MonotonicTime now)
{
    const auto index = m_pairIndex.constFind(answer.pair);
    if (index == m_pairIndex.cend())
        return;
    PairWatch &pair = m_pairs[*index];
    pair.probing = false;
    pair.probe_at = now + m_thresholds.probe_after;
    const auto candles = fastestCandles(pair);
    if (!candles)
        return;
    if (!answer.known) {
        pair.unproven = true;
        pair.probe_at = now + m_thresholds.probe_fresh;
        return;
    }
    pair.unproven = false;
    StreamEntry &entry = m_streams[*candles];
    if (entry.spec.key.timeframe != answer.timeframe)
        return;
    if (toMs(entry.candle_open) == 0) {
        // Nothing seen yet: what REST says now is the mark to compare the next answer with.
        entry.candle_open = std::max(answer.open, fromMs(1)); // known now, even where nothing was traded
        entry.candle_trades = answer.trades;
        pair.probe_at = now + m_thresholds.probe_fresh;
        pair.proven_quiet = true;
        return;
    }
    const bool ahead =
        answer.trades > 0 && std::pair(answer.open, answer.trades) > std::pair(entry.candle_open, entry.candle_trades);
    if (ahead) {
        pair.rest_open = answer.open;
        pair.rest_trades = answer.trades;
        if (pair.rest_ahead_since == never)
            pair.rest_ahead_since = now; // our frame may be on its way: judged after the grace
        pair.proven_quiet = false;
    } else {
        pair.proven_quiet = true;
    }
}

void StreamTable::judgeTicking(StreamId id, MonotonicTime now, UtcTime utc, Judgement &into)
{
    const StreamEntry &entry = m_streams[id];
    const exchange::StreamContract &contract = entry.spec.contract;
    std::optional<StreamTransition> change;
    if (entry.fresh) {
        const milliseconds age = since(entry.subscribed, now);
        if (age > contract.first_data && !entry.isSick())
            change =
                set(id, StreamState::Silent,
                    QStringLiteral("no data within %1 of the subscription").arg(ageText(contract.first_data)), utc);
    } else {
        const milliseconds age = since(entry.last_data, now);
        if (age > std::min(contract.stale, m_thresholds.stale_after))
            change = entry.isSick()
                         ? std::nullopt
                         : set(id, StreamState::Stale, QStringLiteral("no data for %1").arg(ageText(age)), utc);
        else if (age > contract.late && entry.state == StreamState::Live)
            change = set(id, StreamState::Late, QStringLiteral("no data for %1").arg(ageText(age)), utc);
    }
    if (change)
        into.transitions.push_back(*change);
}

void StreamTable::judgeByTrades(StreamId id, MonotonicTime now, UtcTime utc, Judgement &into)
{
    StreamEntry &entry = m_streams[id];
    PairWatch &pair = m_pairs[entry.pair];
    const bool byId = entry.spec.key.kind == StreamKind::Candles || entry.spec.key.kind == StreamKind::Trades ||
                      entry.spec.key.kind == StreamKind::Ticker;
    const MonotonicTime reference = entry.fresh ? entry.subscribed + m_thresholds.settling : entry.last_data;
    // A trade just before a candle's close may come with its closed frame alone, which may be late or lost; that is the
    // close watch's business, which asks for the candle. A stream that is dead misses the next trade too.
    if (entry.spec.key.kind == StreamKind::Candles &&
        pair.last_trade_event < candleOpen(entry.spec.key.timeframe, utc) + closeSlack)
        entry.excused_id = pair.last_trade_id;
    const qint64 shown = std::max(entry.last_trade_id, entry.excused_id);
    // Trades of the pair that this stream should have shown: seen on another stream ...
    bool behind = byId ? pair.last_trade_id > shown && pair.last_trade > reference
                       : pair.last_trade > reference + entry.spec.contract.stale;
    const bool bySibling = behind && byId;
    QString evidence = QStringLiteral("trades of the pair go by unseen");
    // ... or known to REST alone, when no stream of the pair shows any.
    if (!behind && entry.spec.key.kind == StreamKind::Candles && pair.rest_ahead_since != never) {
        behind = true;
        evidence = QStringLiteral("the exchange's history has trades that no stream showed");
    }
    if (!behind) {
        entry.behind_since = never;
    } else if (entry.behind_since == never) {
        entry.behind_since = now;
        entry.behind_id = bySibling ? pair.last_trade_id : std::numeric_limits<qint64>::max();
    } else if (since(entry.behind_since, now) > m_thresholds.behind_grace && !entry.isSick()) {
        const auto change =
            set(id, entry.fresh ? StreamState::Silent : StreamState::Stale,
                QStringLiteral("%1 for %2").arg(evidence, ageText(since(entry.behind_since, now))), utc);
        if (change)
            into.transitions.push_back(*change);
        return;
    }
    if (entry.isSick() || behind)
        return;
    std::optional<StreamTransition> change;
    const milliseconds quietFor = since(std::max(reference, pair.last_trade), now);
    if (pair.proven_quiet && quietFor > m_thresholds.probe_fresh)
        change = set(id, StreamState::Quiet, QStringLiteral("no trades, as the exchange's history confirms"), utc);
    else if (pair.unproven && quietFor > entry.spec.contract.late)
        change = set(id, StreamState::Late,
                     QStringLiteral("no trades seen, and REST cannot be asked whether there were any"), utc);
    if (change)
        into.transitions.push_back(*change);
}

void StreamTable::judgePair(PairWatch &pair, MonotonicTime now, Judgement &into)
{
    const auto candles = fastestCandles(pair);
    if (!candles)
        return;
    const StreamEntry &entry = m_streams[*candles];
    if (pair.rest_ahead_since != never &&
        std::pair(entry.candle_open, entry.candle_trades) >= std::pair(pair.rest_open, pair.rest_trades))
        pair.rest_ahead_since = never; // caught up
    const milliseconds patience =
        entry.fresh ? m_thresholds.probe_fresh : std::min(m_thresholds.probe_after, m_thresholds.stale_after);
    const MonotonicTime reference = std::max(pair.last_trade, entry.fresh ? entry.subscribed : entry.last_data);
    if (!pair.probing && now >= pair.probe_at && since(reference, now) > patience) {
        pair.probing = true;
        into.probes.push_back({pair.name, entry.spec.key.timeframe, entry.candle_open});
    }
}

StreamTable::Judgement StreamTable::judge(MonotonicTime now, UtcTime utc)
{
    Judgement judgement;
    for (PairWatch &pair : m_pairs)
        judgePair(pair, now, judgement);
    for (StreamId id = 0; id < m_streams.size(); ++id) {
        const StreamEntry &entry = m_streams[id];
        if (entry.removed || entry.state == StreamState::Ended || entry.spec.contract.stale.count() == 0)
            continue;
        if (entry.ticks())
            judgeTicking(id, now, utc, judgement);
        else
            judgeByTrades(id, now, utc, judgement);
    }
    return judgement;
}

} // namespace tk::feed
