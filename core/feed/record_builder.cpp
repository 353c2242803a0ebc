#include "feed/record_builder.h"

#include "market/candle_check.h"
#include "market/gap_cause.h"

#include <algorithm>

namespace tk::feed {

using namespace exchange;

namespace {

constexpr milliseconds justClosed{60'000};
constexpr milliseconds clockSlack{2'000}; // between the exchange's clock and ours
constexpr milliseconds sameOffset{5'000};
constexpr size_t mostHeld = 3; // minutes: then it is known whose clock is wrong

} // namespace

RecordBuilder::RecordBuilder(Settings settings)
    : m_settings(settings)
{}

void RecordBuilder::track(StreamId id, const StreamEntry &entry, UtcTime now)
{
    if (m_tracked.size() <= id)
        m_tracked.resize(id + 1);
    auto tracked = std::make_unique<Tracked>();
    const StreamKey &key = entry.spec.key;
    if (key.kind == StreamKind::Candles) {
        tracked->series = {key.exchange, key.pair, key.timeframe};
        // From a little before now: a candle that closed this very moment is not final over REST yet, so the fill that
        // begins beside us leaves it out.
        tracked->closes = std::make_unique<CloseWatch>(key.timeframe, now - justClosed);
    }
    m_tracked[id] = std::move(tracked);
}

void RecordBuilder::forget(StreamId id)
{
    if (id < m_tracked.size())
        m_tracked[id].reset();
}

void RecordBuilder::event(StreamId id, const StreamEntry &entry, const MarketEvent &event, UtcTime now,
                          milliseconds ahead, RecordBatch &into)
{
    if (id >= m_tracked.size() || !m_tracked[id])
        return;
    Tracked &tracked = *m_tracked[id];
    into.newest_event = std::max(into.newest_event, event.event_time);
    if (const auto *update = std::get_if<CandleUpdate>(&event.payload)) {
        if (update->final)
            candle(tracked, *update, into);
    } else if (const auto *markUpdate = std::get_if<MarkUpdate>(&event.payload)) {
        mark(tracked, entry, *markUpdate, event.event_time, {now, ahead}, into);
    } else if (const auto *trade = std::get_if<TradeUpdate>(&event.payload)) {
        if (continues(tracked, entry, event))
            tick(entry, event, trade->id, into);
    } else if (const auto *depth = std::get_if<DepthUpdate>(&event.payload)) {
        if (continues(tracked, entry, event))
            tick(entry, event, depth->last_id, into);
    } else if (std::holds_alternative<LiquidationUpdate>(event.payload) ||
               std::holds_alternative<TickerUpdate>(event.payload)) {
        tick(entry, event, toMs(event.event_time), into);
    }
    tracked.last_event = event.event_time;
}

void RecordBuilder::candle(Tracked &tracked, const CandleUpdate &update, RecordBatch &into)
{
    const auto close = toMs(update.close_time) != 0 ? std::optional(update.close_time) : std::nullopt;
    if (const auto why = whyImpossible(update.candle, update.timeframe, close)) {
        // Not stored, and not taken for closed: history is asked what it was.
        const SeriesKey &series = tracked.series;
        const UtcTime begin = candleOpen(update.timeframe, update.candle.open_time);
        m_breaks.push_back({{series.exchange, series.pair, StreamKind::Candles, series.timeframe},
                            {begin, nextCandleOpen(update.timeframe, begin)},
                            gapcause::impossible + QStringLiteral(": ") + *why});
        return;
    }
    if (!tracked.closes->closed(update.candle.open_time)) {
        ++m_counts.repeated_finals;
        return;
    }
    ++m_counts.final_candles;
    CandleBatch &batch = into.candles.emplace_back();
    batch.series = tracked.series;
    batch.candles.push_back(update.candle);
    batch.candles.back().source = CandleSource::Live;
    const UtcTime open = update.candle.open_time;
    m_closed.push_back({tracked.series, {open, nextCandleOpen(update.timeframe, open)}});
}

void RecordBuilder::mark(Tracked &tracked, const StreamEntry &entry, const MarkUpdate &update, UtcTime time,
                         Clocks clocks, RecordBatch &into)
{
    if (toMs(update.next_funding) != 0) {
        if (toMs(tracked.next_funding) != 0 && update.next_funding > tracked.next_funding)
            m_settled.push_back(entry.spec.key.pair);
        tracked.next_funding = std::max(tracked.next_funding, update.next_funding);
    }
    const qint64 every = m_settings.mark_price_every.count();
    const qint64 bucket = every > 0 ? toMs(time) / every : toMs(time);
    if (bucket <= tracked.mark_bucket)
        return; // not due, or an overlap of two connections
    // No minute is stored before it has begun. Either clock may be off: where it is the exchange's, for a moment, what
    // it dated meanwhile is not of that minute, whose own sample comes in time; where it is ours, it is known after a
    // while, and what was held is stored as it was dated.
    if (every > 0 && fromMs(bucket * every) > clocks.now + clocks.ahead + clockSlack) {
        if (tracked.held.size() < mostHeld && (tracked.held.empty() || tracked.held.back().bucket < bucket))
            tracked.held.push_back({bucket, time, time - clocks.now, update});
        return;
    }
    if (!tracked.held.empty())
        takeHeld(tracked, entry, bucket, clocks.ahead, into);
    tracked.mark_bucket = bucket;
    put(entry, update, time, into);
}

// Before the sample of the bucket `next` is stored.
void RecordBuilder::takeHeld(Tracked &tracked, const StreamEntry &entry, qint64 next, milliseconds ahead,
                             RecordBatch &into)
{
    const qint64 every = m_settings.mark_price_every.count();
    const auto nameMissing = [&](qint64 until) {
        if (tracked.mark_bucket >= 0 && tracked.mark_bucket + 1 < until)
            m_breaks.push_back({entry.spec.key,
                                {fromMs((tracked.mark_bucket + 1) * every), fromMs(until * every)},
                                QStringLiteral("mark prices were dated by a clock that was off")});
    };
    for (const HeldMark &held : std::exchange(tracked.held, {})) {
        const bool isTrue = ahead.count() != 0 && std::chrono::abs(held.ahead - ahead) <= sameOffset;
        if (!isTrue || held.bucket <= tracked.mark_bucket || held.bucket >= next)
            continue;
        nameMissing(held.bucket);
        tracked.mark_bucket = held.bucket;
        put(entry, held.update, held.time, into);
    }
    nameMissing(next);
}

void RecordBuilder::put(const StreamEntry &entry, const MarkUpdate &update, UtcTime time, RecordBatch &into)
{
    ++m_counts.mark_points;
    const StreamKey &key = entry.spec.key;
    into.marks.push_back({.exchange = key.exchange,
                          .pair = key.pair,
                          .time = time,
                          .price = update.mark_price,
                          .index_price = update.index_price});
    if (!update.funding_rate.isEmpty())
        into.funding.push_back({.exchange = key.exchange,
                                .pair = key.pair,
                                .time = time,
                                .rate = {},
                                .predicted_rate = update.funding_rate,
                                .next_funding = update.next_funding,
                                .special = false});
}

// False: seen before (an overlap of two connections). A step in the chain is recorded as a break.
bool RecordBuilder::continues(Tracked &tracked, const StreamEntry &entry, const MarketEvent &event)
{
    qint64 id = 0;
    bool follows = false;
    if (const auto *trade = std::get_if<TradeUpdate>(&event.payload)) {
        id = trade->id;
        follows = id == tracked.last_id + 1;
    } else if (const auto *depth = std::get_if<DepthUpdate>(&event.payload)) {
        id = depth->last_id;
        follows = depth->previous_id == tracked.last_id;
    }
    const qint64 last = tracked.last_id;
    if (last != 0 && id <= last)
        return false;
    if (last != 0 && !follows) {
        const bool trades = std::holds_alternative<TradeUpdate>(event.payload);
        m_breaks.push_back(
            {entry.spec.key,
             {tracked.last_event, event.event_time},
             trades ? QStringLiteral("%1 trades lost between ids %2 and %3").arg(id - last - 1).arg(last).arg(id)
                    : QStringLiteral("book chain broken: previous id is not %1").arg(last)});
    }
    tracked.last_id = id;
    return true;
}

void RecordBuilder::tick(const StreamEntry &entry, const MarketEvent &event, qint64 id, RecordBatch &into)
{
    const StreamKey &key = entry.spec.key;
    const std::string_view kind = streamKindName(key.kind);
    into.ticks.push_back({.exchange = key.exchange,
                          .pair = key.pair,
                          .kind = QString::fromLatin1(kind.data(), qsizetype(kind.size())),
                          .time = event.event_time,
                          .id = id,
                          .payload = QByteArray(event.raw.data(), qsizetype(event.raw.size()))});
}

std::vector<SeriesSpan> RecordBuilder::overdue(UtcTime now, milliseconds grace)
{
    std::vector<SeriesSpan> late;
    for (const auto &tracked : m_tracked) {
        if (!tracked || !tracked->closes)
            continue;
        for (const TimeSpan &span : tracked->closes->overdue(now, grace))
            late.push_back({tracked->series, span});
    }
    return late;
}

quint64 RecordBuilder::fundedPairs() const
{
    return quint64(std::ranges::count_if(m_tracked, [](const auto &t) { return t && toMs(t->next_funding) != 0; }));
}

std::vector<SeriesSpan> RecordBuilder::takeClosed()
{
    return std::exchange(m_closed, {});
}

std::vector<RecordBuilder::Break> RecordBuilder::takeBreaks()
{
    return std::exchange(m_breaks, {});
}

std::vector<QString> RecordBuilder::takeSettled()
{
    return std::exchange(m_settled, {});
}

} // namespace tk::feed
