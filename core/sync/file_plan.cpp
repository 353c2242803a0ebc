#include "sync/file_plan.h"

#include "market/pair.h"

#include <algorithm>

namespace tk::sync {

namespace {

// Settled in something: what freqtrade calls futures.
bool isPerpetual(const QString &pair)
{
    const auto parsed = Pair::parse(pair);
    return parsed && !parsed->settle.isEmpty();
}

} // namespace

Result<std::vector<FilePlan>> planFiles(const config::SyncSettings &settings, store::StoreReader &reader)
{
    const auto wanted = [&](const QString &pair) {
        return isPerpetual(pair) && (!settings.pairs || settings.pairs->contains(pair));
    };
    std::vector<FilePlan> plans;
    const auto edges = reader.candleEdges();
    if (!edges)
        return edges.error();
    const auto &timeframes = settings.timeframes;
    for (const store::SeriesEdge &edge : *edges) {
        if (wanted(edge.series.pair) &&
            (timeframes.empty() || std::ranges::find(timeframes, edge.series.timeframe) != timeframes.end()))
            plans.push_back({{edge.series.exchange, edge.series.pair, Content::Candles, edge.series.timeframe},
                             edge.first,
                             edge.last});
    }
    const auto marks = reader.marksNow(std::nullopt);
    if (!marks)
        return marks.error();
    for (const MarkPoint &mark : *marks) {
        if (wanted(mark.pair))
            plans.push_back({{mark.exchange, mark.pair, Content::Mark, Timeframe::H1}, {}, mark.time});
    }
    const auto funding = reader.fundingNow(std::nullopt);
    if (!funding)
        return funding.error();
    for (const store::FundingState &state : *funding) {
        if (state.settled && wanted(state.settled->pair))
            plans.push_back({{state.settled->exchange, state.settled->pair, Content::Funding, Timeframe::H1},
                             {},
                             state.settled->time});
    }
    std::ranges::stable_sort(plans, {}, [](const FilePlan &plan) { return plan.file.exchange; });
    return plans;
}

} // namespace tk::sync
