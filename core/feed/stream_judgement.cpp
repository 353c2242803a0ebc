// What silence means: the half of StreamTable that time drives. The rules are told in stream_table.h.
#include "feed/stream_table.h"

#include <algorithm>
#include <limits>

namespace tk::feed {

namespace {

constexpr MonotonicTime never{};
constexpr milliseconds closeSlack{2'000};   // between our clock and the exchange's
constexpr milliseconds busyGrace{10'000};   // trades of a busy pair must show up on its streams within
constexpr milliseconds restGrace{4'000};    // what history knows of a pair with a pace must be shown within
constexpr milliseconds soonest{4'000};      // between two questions about one pair
constexpr milliseconds liquidDoubt{40'000}; // silence of a liquid pair that is asked about
constexpr int doubtPauses = 6;              // the same of a busy one, in usual pauses between ...
constexpr milliseconds leastDoubt{4'000};   // ... this ...
constexpr milliseconds mostDoubt{8'000};    // ... and this
constexpr quint64 siblingMoves = 5;         // frames of siblings that are no coincidence
constexpr int fewPairs = 3;                 // so few pairs are no venue

milliseconds since(MonotonicTime then, MonotonicTime now)
{
    return std::chrono::duration_cast<milliseconds>(now - then);
}

} // namespace

// --- proof by history ------------------------------------------------------------------------------------------------

milliseconds StreamTable::probePatience(const PairWatch &pair, const StreamEntry &candles) const
{
    const Pace pace = candles.cadence.pace();
    if (candles.fresh)
        return pair.expected || candles.troubled || pace != Pace::Thin ? m_thresholds.probe_expected
                                                                       : m_thresholds.probe_fresh;
    if (pace == Pace::Busy)
        return std::clamp(candles.cadence.usualPause() * doubtPauses, leastDoubt, mostDoubt);
    if (pace == Pace::Liquid)
        return liquidDoubt;
    return std::min(pair.expected ? liquidDoubt : m_thresholds.probe_after, m_thresholds.stale_after);
}

void StreamTable::judgePair(PairWatch &pair, MonotonicTime now, Judgement &into)
{
    const auto candles = fastestCandles(pair);
    if (!candles)
        return;
    const StreamEntry &entry = m_streams[*candles];
    if (pair.rest_ahead_since != never && entry.traded >= pair.rest)
        pair.rest_ahead_since = never; // caught up
    if (entry.lost || entry.refused)
        return; // nothing can be shown on it, whatever the market does
    const MonotonicTime last = std::max(pair.last_trade, reference(entry));
    if (pair.probing != never && since(pair.probing, now) > m_thresholds.probe_fresh)
        pair.probing = never; // an answer that never came must not be waited for
    if (pair.probing == never && now >= pair.probe_at &&
        since(last, now) > probePatience(pair, entry) + m_thresholds.slack) {
        pair.probing = now;
        into.probes.push_back({pair.name, entry.spec.key.timeframe, entry.traded.open});
    }
}

void StreamTable::probeAnswered(const ProbeAnswer &answer, MonotonicTime now)
{
    const auto index = m_pairIndex.constFind(answer.pair);
    if (index == m_pairIndex.cend())
        return;
    PairWatch &pair = m_pairs[*index];
    pair.probing = never;
    pair.probe_at = now + m_thresholds.probe_after;
    const auto candles = fastestCandles(pair);
    if (!candles)
        return;
    StreamEntry &entry = m_streams[*candles];
    // Where data is due, the next question follows soon, and the later the longer the silence lasts.
    const bool due = pair.expected || entry.troubled || entry.cadence.pace() != Pace::Thin;
    const milliseconds silence = since(std::max(pair.last_trade, reference(entry)), now);
    if (due)
        pair.probe_at = now + std::clamp(silence / 2, soonest, m_thresholds.probe_after);
    pair.unproven = !answer.known;
    if (!answer.known) {
        pair.probe_at = std::min(pair.probe_at, now + m_thresholds.probe_fresh);
        return;
    }
    if (entry.spec.key.timeframe != answer.timeframe)
        return;
    const Traded known{answer.open, m_facts.trade_counts ? double(answer.trades) : answer.volume};
    if (!entry.traded.isKnown()) {
        // Nothing was shown since the subscription: what history says now is the mark to compare its next answer with.
        // It is a proof by itself when nothing was traded since, or nothing beyond what had been shown before.
        const bool nothingSince = !known.isKnown() ||
                                  nextCandleOpen(answer.timeframe, known.open) <= entry.subscribed_utc ||
                                  known == entry.traded_before;
        // Silent while it was listened to, and there were trades: that nothing is traded now proves nothing of it.
        entry.missed |= entry.mute && entry.traded_before.isKnown() && known > entry.traded_before;
        entry.traded = std::max(known, Traded{fromMs(1), 0}); // known now, even where nothing was traded
        pair.probe_at = std::min(pair.probe_at, now + m_thresholds.probe_fresh);
        if (nothingSince)
            pair.quiet_proof = now;
        return;
    }
    if (known.amount > 0 && known > entry.traded) {
        pair.rest = known;
        if (pair.rest_ahead_since == never)
            pair.rest_ahead_since = now; // our frame may be on its way: judged after the grace
        pair.quiet_proof = never;
    } else if (known == entry.traded || entry.traded.amount == 0) {
        pair.quiet_proof = now;
    } else {
        pair.unproven = true; // an answer that is older than what we saw proves nothing
        pair.probe_at = std::min(pair.probe_at, now + m_thresholds.probe_fresh);
    }
}

// History was asked after the last that the stream showed, and not too long ago.
bool StreamTable::provenQuiet(const StreamEntry &entry, MonotonicTime now) const
{
    const PairWatch &pair = m_pairs[entry.pair];
    const MonotonicTime moved = std::max(pair.last_trade, entry.fresh ? entry.subscribed : entry.last_move);
    return pair.quiet_proof != never && pair.quiet_proof >= moved &&
           since(pair.quiet_proof, now) <= m_thresholds.probe_after + m_thresholds.probe_fresh + m_thresholds.slack;
}

// --- judging ---------------------------------------------------------------------------------------------------------

void StreamTable::judgeTicking(StreamId id, MonotonicTime now, UtcTime utc, Judgement &into)
{
    const StreamEntry &entry = m_streams[id];
    const exchange::StreamContract &contract = entry.spec.contract;
    std::optional<StreamTransition> change;
    if (entry.fresh) {
        const milliseconds age = since(entry.subscribed, now);
        if (age > contract.first_data && !entry.isSick())
            change = set(id, StreamState::Silent,
                         QStringLiteral("no data within %1 of the subscription").arg(ageText(contract.first_data)), utc,
                         utc - age + contract.first_data);
    } else {
        const milliseconds age = since(entry.last_data, now);
        const UtcTime due = utc - age + entry.cadence.usualPause();
        if (age > std::min(contract.stale, m_thresholds.stale_after))
            change = entry.isSick()
                         ? std::nullopt
                         : set(id, StreamState::Stale, QStringLiteral("no data for %1").arg(ageText(age)), utc, due);
        else if (age > contract.late && entry.state == StreamState::Live)
            change = set(id, StreamState::Late, QStringLiteral("no data for %1").arg(ageText(age)), utc, due);
    }
    if (change)
        into.transitions.push_back(*change);
}

// Trades of the pair went by that this stream should have shown. True while that is so, named or not.
bool StreamTable::judgeUnseen(StreamId id, MonotonicTime now, UtcTime utc, Judgement &into)
{
    StreamEntry &entry = m_streams[id];
    PairWatch &pair = m_pairs[entry.pair];
    const bool isCandles = entry.spec.key.kind == StreamKind::Candles;
    const bool byId =
        isCandles || entry.spec.key.kind == StreamKind::Trades || entry.spec.key.kind == StreamKind::Ticker;
    const Pace pace = entry.cadence.pace();
    const MonotonicTime listening = entry.fresh ? entry.subscribed + m_thresholds.settling : entry.last_data;
    // A trade just before a candle's close may come with its closed frame alone, which may be late or lost; that is the
    // close watch's business, which asks for the candle. A stream that is dead misses the next trade too.
    if (isCandles && pair.last_trade_event < candleOpen(entry.spec.key.timeframe, utc) + closeSlack)
        entry.excused_id = pair.last_trade_id;
    const qint64 shown = std::max(entry.last_trade_id, entry.excused_id);
    milliseconds grace = pace == Pace::Busy ? busyGrace : m_thresholds.behind_grace;
    // Seen on another stream, by their numbers ...
    bool behind = byId ? pair.last_trade_id > shown && pair.last_trade > listening
                       : pair.last_trade > listening + entry.spec.contract.stale;
    const bool bySibling = behind && byId;
    QString evidence = QStringLiteral("trades of the pair go by unseen");
    // ... or by frames alone, where numbers tell nothing; but a stream may have a slower pace than its siblings ...
    if (!behind && isCandles && pair.moves >= entry.sibling_moves + siblingMoves) {
        const milliseconds patience = pace == Pace::Thin ? entry.spec.contract.stale : m_thresholds.behind_grace;
        behind = since(reference(entry), now) > patience + m_thresholds.slack;
        grace = milliseconds(-1);
        evidence = QStringLiteral("other candles of the pair move");
    }
    // ... or known to history alone, when no stream of the pair shows any.
    if (!behind && isCandles && pair.rest_ahead_since != never) {
        behind = true;
        grace = pace != Pace::Thin || pair.expected ? restGrace : m_thresholds.behind_grace;
        evidence = QStringLiteral("the exchange's history has trades that no stream showed");
    }
    if (!behind) {
        entry.behind_since = never;
        return false;
    }
    if (entry.behind_since == never) {
        entry.behind_since = now;
        entry.behind_id = bySibling ? pair.last_trade_id : std::numeric_limits<qint64>::max();
    }
    const milliseconds age = since(entry.behind_since, now);
    const bool missed = age > grace + (grace.count() < 0 ? milliseconds(0) : m_thresholds.slack);
    entry.missed |= missed;
    if (missed && !entry.isSick()) {
        const UtcTime first = bySibling ? utc - age : utc - since(reference(entry), now) + entry.cadence.usualPause();
        const auto change = set(id, entry.fresh ? StreamState::Silent : StreamState::Stale,
                                grace.count() < 0 ? QStringLiteral("%1, this stream does not").arg(evidence)
                                                  : QStringLiteral("%1 for %2").arg(evidence, ageText(age)),
                                utc, first);
        if (change)
            into.transitions.push_back(*change);
    }
    return true;
}

// Silent for many times its own pause, and nobody proved that the pair is quiet. True when that was named.
bool StreamTable::judgeSilence(StreamId id, MonotonicTime now, UtcTime utc, Judgement &into)
{
    const StreamEntry &entry = m_streams[id];
    const PairWatch &pair = m_pairs[entry.pair];
    const Pace pace = entry.cadence.pace();
    milliseconds limit{0};
    if (pace == Pace::Busy)
        limit = m_thresholds.busy_silent;
    else if (pace == Pace::Liquid)
        limit = m_thresholds.liquid_silent;
    else if (pair.expected && entry.fresh)
        limit = entry.spec.contract.first_data;
    if (limit.count() == 0)
        return false;
    const bool isBook = entry.spec.key.kind == StreamKind::Depth || entry.spec.key.kind == StreamKind::BookTicker;
    if (isBook || !fastestCandles(pair)) // a book may stand still; and without candles history cannot be asked
        limit = std::max(limit, entry.spec.contract.stale);
    const milliseconds silence = since(reference(entry), now);
    if (silence <= limit + m_thresholds.slack)
        return false;
    const milliseconds pause = entry.cadence.usualPause();
    const QString cause =
        pause.count() == 0
            ? QStringLiteral("no data within %1 of the subscription").arg(ageText(limit))
            : QStringLiteral("no data for %1, where it came every %2").arg(ageText(silence), ageText(pause));
    const auto change =
        set(id, entry.fresh ? StreamState::Silent : StreamState::Stale, cause, utc, utc - silence + pause);
    if (change)
        into.transitions.push_back(*change);
    return change.has_value();
}

void StreamTable::judgeByTrades(StreamId id, MonotonicTime now, UtcTime utc, Judgement &into)
{
    const StreamEntry &entry = m_streams[id];
    const PairWatch &pair = m_pairs[entry.pair];
    const Pace pace = entry.cadence.pace();
    if (entry.refused || entry.lost || judgeUnseen(id, now, utc, into) || entry.isSick())
        return;
    const bool quiet = provenQuiet(entry, now);
    if (!quiet && judgeSilence(id, now, utc, into))
        return;
    const milliseconds quietFor =
        since(std::max(entry.fresh ? entry.subscribed + m_thresholds.settling : entry.last_data, pair.last_trade), now);
    // That the pair is quiet now does not mend a stream that missed what there was. Only where data comes seldom anyway
    // is the word of history enough to end another trouble.
    const bool explains = !entry.missed && (!entry.troubled || pace == Pace::Thin);
    std::optional<StreamTransition> change;
    if (quiet && explains && (quietFor > m_thresholds.probe_fresh || entry.troubled))
        change = set(id, StreamState::Quiet, QStringLiteral("no trades, as the exchange's history confirms"), utc, utc);
    else if (pair.unproven && quietFor > entry.spec.contract.late)
        change = set(id, StreamState::Late,
                     QStringLiteral("no trades seen, and REST cannot be asked whether there were any"), utc, utc);
    if (change)
        into.transitions.push_back(*change);
}

// A venue whose candles moved all the time, and of which none moves: no pair has to be asked about.
void StreamTable::judgeVenue(MonotonicTime now, UtcTime utc, Judgement &into)
{
    const milliseconds silence = since(m_venueMoved, now);
    if (m_venueSilent || m_venueCadence.pace() != Pace::Busy ||
        silence <= m_thresholds.venue_silent + m_thresholds.slack)
        return;
    const auto carriesCandles = [this](const PairWatch &pair) { return fastestCandles(pair).has_value(); };
    if (std::ranges::count_if(m_pairs, carriesCandles) < fewPairs)
        return;
    m_venueSilent = true;
    const QString cause = QStringLiteral("no candle of any pair has moved for %1").arg(ageText(silence));
    for (StreamId id = 0; id < m_streams.size(); ++id) {
        const StreamEntry &entry = m_streams[id];
        if (entry.removed || entry.lost || entry.refused || entry.isSick() || entry.state == StreamState::Ended ||
            entry.spec.key.kind != StreamKind::Candles || since(reference(entry), now) <= m_thresholds.venue_silent)
            continue;
        const auto change = set(id, entry.fresh ? StreamState::Silent : StreamState::Stale, cause, utc,
                                utc - silence + m_venueCadence.usualPause());
        if (change)
            into.transitions.push_back(*change);
    }
}

StreamTable::Judgement StreamTable::judge(MonotonicTime now, UtcTime utc)
{
    Judgement judgement;
    judgeVenue(now, utc, judgement);
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
