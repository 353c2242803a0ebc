#include "store/store.h"

#include "store/run_set.h"

namespace tk::store {

Result<std::vector<TimeSpan>> StoreReader::markHoles(const QString &exchange, const QString &pair, TimeSpan span)
{
    const auto marks = markHistory(exchange, pair, span);
    if (!marks)
        return marks.error();
    RunSet minutes(Timeframe::M1); // a point anywhere in the minute stands for it
    for (const MarkPoint &mark : *marks)
        minutes.add(candleOpen(Timeframe::M1, mark.time));
    return minutes.holes(span);
}

Result<std::vector<SeriesEdge>> StoreReader::candleEdges()
{
    const auto summaries = candleSeries();
    if (!summaries)
        return summaries.error();
    std::vector<SeriesEdge> edges;
    for (const SeriesSummary &summary : *summaries)
        edges.push_back({summary.series, summary.first, summary.last});
    return edges;
}

Result<bool> StoreReader::isConfirmed(const StreamKey & /*stream*/, TimeSpan /*span*/)
{
    return true;
}

Result<std::vector<Candle>> StoreReader::knownCandles(const SeriesKey &series, TimeSpan span)
{
    return candles(series, span, std::nullopt);
}

Result<std::optional<UtcTime>> StoreReader::newestSettledFunding(const QString &exchange, const QString &pair)
{
    const auto states = fundingNow(pair);
    if (!states)
        return states.error();
    for (const FundingState &state : *states) {
        if (state.settled && state.settled->exchange == exchange)
            return std::optional(state.settled->time);
    }
    return std::optional<UtcTime>();
}

} // namespace tk::store
