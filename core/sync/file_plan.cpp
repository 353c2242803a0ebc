#include "sync/file_plan.h"

#include "market/pair.h"

#include <algorithm>
#include <map>

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
    const auto wanted = [&](const QString &exchange, const QString &pair) {
        return (settings.exchange.isEmpty() || exchange == settings.exchange) && isPerpetual(pair) &&
               (!settings.pairs || settings.pairs->contains(pair));
    };
    std::vector<FilePlan> plans;
    const auto edges = reader.candleEdges();
    if (!edges)
        return edges.error();
    const auto &timeframes = settings.timeframes;
    for (const store::SeriesEdge &edge : *edges) {
        if (wanted(edge.series.exchange, edge.series.pair) &&
            (timeframes.empty() || std::ranges::find(timeframes, edge.series.timeframe) != timeframes.end()))
            plans.push_back({{edge.series.exchange, edge.series.pair, Content::Candles, edge.series.timeframe},
                             edge.first,
                             edge.last});
    }
    const auto marks = reader.marksNow(std::nullopt);
    if (!marks)
        return marks.error();
    const auto hours = reader.markCandleEdges();
    if (!hours)
        return hours.error();
    std::map<std::pair<QString, QString>, FilePlan> marked; // by exchange and pair
    for (const store::SeriesEdge &edge : *hours) {
        FilePlan &plan = marked[{edge.series.exchange, edge.series.pair}];
        plan.store_first = edge.first;
        plan.store_last = edge.last + std::chrono::hours(1);
        plan.own_last = edge.last;
    }
    for (const MarkPoint &mark : *marks) {
        FilePlan &plan = marked[{mark.exchange, mark.pair}];
        plan.store_last = std::max(plan.store_last, mark.time);
    }
    for (auto &[of, plan] : marked) {
        plan.file = {of.first, of.second, Content::Mark, Timeframe::H1};
        if (wanted(of.first, of.second))
            plans.push_back(plan);
    }
    const auto funding = reader.fundingNow(std::nullopt);
    if (!funding)
        return funding.error();
    for (const store::FundingState &state : *funding) {
        if (state.settled && wanted(state.settled->exchange, state.settled->pair))
            plans.push_back({{state.settled->exchange, state.settled->pair, Content::Funding, Timeframe::H1},
                             {},
                             state.settled->time});
    }
    std::ranges::stable_sort(plans, {}, [](const FilePlan &plan) { return plan.file.exchange; });
    return plans;
}

} // namespace tk::sync
