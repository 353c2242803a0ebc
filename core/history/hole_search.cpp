#include "history/hole_search.h"

#include "history/request_planner.h"
#include "market/gap_cause.h"

#include <algorithm>

namespace tk::history {

using exchange::Instrument;

HoleSearch::HoleSearch(QString exchange, Sources sources)
    : m_exchange(std::move(exchange))
    , m_from(sources)
{}

Result<std::vector<TimeSpan>> HoleSearch::lacks(const SeriesKey &series, TimeSpan span)
{
    const auto holes = m_from.index.holes(series, span);
    if (!holes)
        return holes.error();
    return without(*holes,
                   m_from.gaps.knownAbsent({series.exchange, series.pair, StreamKind::Candles, series.timeframe}));
}

UtcTime HoleSearch::wantedFrom(const Instrument &instrument, Timeframe timeframe, std::optional<UtcTime> held) const
{
    const UtcTime listed = candleOpen(timeframe, instrument.onboard);
    UtcTime from = candlesBefore(timeframe, m_from.time.lastClosed(timeframe), m_from.settings.history);
    if (held)
        from = std::min(from, *held);
    if (instrument.onboard >= m_from.runs.startedAt())
        from = listed; // listed while we ran: from its first candle, however late we noticed
    from = std::max(from, listed);
    if (m_from.settings.retention.count() > 0) // a candle more, so that what is about to be removed is not asked for
        from = std::max(from, nextCandleOpen(timeframe, candleOpen(timeframe, oldestKept())));
    return from;
}

Result<HoleSearch::Holes> HoleSearch::holesOf(const Instrument &instrument, Timeframe timeframe, const QString &lossOf)
{
    const SeriesKey series{m_exchange, instrument.unified, timeframe};
    const StreamKey stream{series.exchange, series.pair, StreamKind::Candles, timeframe};
    const UtcTime end = m_from.time.lastClosed(timeframe);
    const auto first = m_from.index.firstTime(series);
    if (!first)
        return first.error();
    // What was held once and is not there any more was lost, wherever the store begins now.
    std::optional<UtcTime> held = *first;
    if (const auto reach = m_from.reach.of(series); m_from.settings.store_at_hand && reach)
        held = std::min(held.value_or(*reach), *reach);
    const UtcTime from = wantedFrom(instrument, timeframe, held);
    Holes result;
    if (from >= end)
        return result;
    const auto found = lacks(series, {from, end});
    if (!found)
        return found.error();
    // What lies before the first candle ever held was never collected; what lies behind it was missed, and is a gap.
    const QString ended = m_from.runs.howItEnded();
    for (const TimeSpan &hole : *found) {
        if (!held || hole.to <= *held) {
            result.never_collected.push_back(hole);
            continue;
        }
        const bool tail = hole.to == end;
        const bool lost = !first->has_value() || hole.from < **first;
        result.missed.push_back(
            {.stream = stream,
             .from = hole.from,
             .to = hole.to,
             .cause = !lossOf.isEmpty() ? gapcause::storeAnew + QStringLiteral(": ") + lossOf
                      : lost  ? gapcause::storeAnew + QStringLiteral(": what it had held is not there any more")
                      : !tail ? QStringLiteral("hole found in the store at start")
                              : ended,
             .opened = m_from.clock.utcNow()});
    }
    return result;
}

std::vector<TimeSpan> HoleSearch::markCandleHoles(const Instrument &instrument)
{
    if (!m_from.settings.mark_candles || m_from.settings.timeframes.empty())
        return {};
    const SeriesKey series{m_exchange, instrument.unified, Timeframe::H1};
    const StreamKey stream{series.exchange, series.pair, StreamKind::MarkCandles, Timeframe::H1};
    UtcTime from = m_from.time.lastClosed(Timeframe::H1);
    for (const Timeframe timeframe : m_from.settings.timeframes) {
        const UtcTime planned = candlesBefore(timeframe, m_from.time.lastClosed(timeframe), m_from.settings.history);
        const auto held = m_from.reach.of({series.exchange, series.pair, timeframe});
        from = std::min(from, held ? std::min(planned, *held) : planned);
    }
    from = std::max(from, instrument.onboard);
    if (m_from.settings.retention.count() > 0)
        from = std::max(from, oldestKept() + std::chrono::hours(1));
    const TimeSpan span{candleOpen(Timeframe::H1, from), m_from.time.lastClosed(Timeframe::H1)};
    if (span.from >= span.to)
        return {};
    const auto found = m_from.index.markCandleHoles(series, span);
    return found ? without(*found, m_from.gaps.knownAbsent(stream)) : std::vector<TimeSpan>();
}

Result<HoleSearch::Audit> HoleSearch::searchAll()
{
    const auto all = m_from.index.candleSeries();
    if (!all)
        return all.error();
    Audit audit;
    audit.series = all->size();
    for (const store::SeriesSummary &summary : *all) {
        const SeriesKey &series = summary.series;
        const Instrument *known = m_from.instruments.find(series.pair);
        if (series.exchange != m_exchange || !known)
            continue;
        const bool collected = m_from.instruments.collects(series.pair);
        const UtcTime end =
            collected ? m_from.time.lastClosed(series.timeframe) : nextCandleOpen(series.timeframe, summary.last);
        // From where it was ever held: what lay before its first candle of now was lost.
        const UtcTime held = std::min(summary.first, m_from.reach.of(series).value_or(summary.first));
        UtcTime from = std::max(held, candleOpen(series.timeframe, known->onboard));
        if (from < oldestKept())
            from = nextCandleOpen(series.timeframe, candleOpen(series.timeframe, oldestKept()));
        if (from >= end)
            continue;
        const auto unknown = lacks(series, {from, end});
        if (!unknown)
            continue;
        for (const TimeSpan &hole : *unknown)
            audit.gaps.push_back({.stream = {series.exchange, series.pair, StreamKind::Candles, series.timeframe},
                                  .from = hole.from,
                                  .to = hole.to,
                                  .cause = QStringLiteral("hole found by the nightly search"),
                                  .opened = m_from.clock.utcNow()});
        audit.holed += unknown->empty() ? 0 : 1;
        audit.missing += candleCount(series.timeframe, *unknown);
    }
    return audit;
}

} // namespace tk::history
