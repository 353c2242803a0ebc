#include "history/backfill_desk.h"

#include "history/request_planner.h"

#include <algorithm>

namespace tk::history {

using exchange::Instrument;

BackfillDesk::BackfillDesk(Sources sources)
    : m_from(sources)
{}

std::vector<BackfillDesk::Missing> BackfillDesk::missingOf(const BackfillRequest &request, const QString &trouble,
                                                           QStringList &problems)
{
    QStringList pairs = request.pairs;
    if (pairs.isEmpty()) {
        for (const Instrument &instrument : m_from.instruments.wanted())
            pairs.append(instrument.unified);
    }
    if (!m_from.instruments.isKnown())
        problems.append(QStringLiteral("the exchange's instrument list is not known yet%1")
                            .arg(trouble.isEmpty() ? QString() : QStringLiteral(": ") + trouble));
    const UtcTime oldestKept = m_from.settings.oldestKept(m_from.time.now());
    std::vector<Missing> all;
    for (const QString &pair : std::as_const(pairs)) {
        const Instrument *found = m_from.instruments.find(pair);
        if (!found) {
            problems.append(pair + noSuchPair);
            continue;
        }
        for (const Timeframe timeframe : request.timeframes) {
            const UtcTime listed = candleOpen(timeframe, found->onboard);
            UtcTime from = std::max(candleOpen(timeframe, request.span.from), listed);
            if (from < oldestKept) {
                from = nextCandleOpen(timeframe, candleOpen(timeframe, oldestKept));
                const QString problem = QStringLiteral("the store keeps %1: what is older is not fetched")
                                            .arg(ageText(m_from.settings.retention));
                if (!problems.contains(problem))
                    problems.append(problem);
            }
            const TimeSpan span{from,
                                std::min(candleOpen(timeframe, request.span.to), m_from.time.lastClosed(timeframe))};
            if (span.from >= span.to)
                continue;
            if (auto missing = missingOf(request, *found, timeframe, span))
                all.push_back(std::move(missing).value());
            else
                problems.append(missing.error().message);
        }
    }
    return all;
}

Result<BackfillDesk::Missing> BackfillDesk::missingOf(const BackfillRequest &request, const Instrument &instrument,
                                                      Timeframe timeframe, TimeSpan span)
{
    Missing missing{.instrument = &instrument, .timeframe = timeframe, .holes = {span}};
    if (request.only_missing) {
        auto holes = m_from.holes.lacks({m_from.adapter.name(), instrument.unified, timeframe}, span);
        if (!holes)
            return holes.error();
        missing.holes = std::move(holes).value();
    }
    missing.missing = candleCount(timeframe, missing.holes);
    missing.present = candlesBetween(timeframe, span.from, span.to) - missing.missing;
    return missing;
}

std::vector<BackfillDesk::Missing> BackfillDesk::start(const BackfillRequest &request, const QString &trouble)
{
    QStringList problems;
    std::vector<Missing> all = missingOf(request, trouble, problems);
    m_book.begin(request.id).problems = problems;
    for (const Missing &series : all)
        m_book.want(request.id, series.instrument->unified, series.missing, series.present);
    return all;
}

BackfillPlan BackfillDesk::plan(const BackfillRequest &request, const QString &trouble, const RequestBudget &budget,
                                MonotonicTime now)
{
    BackfillPlan plan{.id = request.id};
    std::map<QByteArray, int> costs; // of all requests, by limit
    for (const Missing &series : missingOf(request, trouble, plan.problems)) {
        plan.wanted += series.missing;
        plan.present += series.present;
        const int perRequest = m_from.adapter.bestCandlesPerRequest(series.missing);
        for (const TimeSpan &window : planWindows(series.timeframe, series.holes, perRequest)) {
            ++plan.requests;
            const exchange::RestRequest asked =
                m_from.adapter.candlesRequest(*series.instrument, series.timeframe, window);
            plan.weight += budget.mainCost(asked);
            for (const exchange::RequestCost &cost : asked.costs)
                costs[cost.limit] += cost.amount;
        }
    }
    plan.estimate = budget.estimate(costs, now);
    return plan;
}

void BackfillDesk::cancel(quint64 id)
{
    if (!m_book.contains(id))
        return;
    m_from.queue.takeBackfill(id);
    m_paused.remove(id);
    m_book.cancel(id);
}

bool BackfillDesk::pause(quint64 id, bool paused)
{
    const BackfillProgress *progress = m_book.find(id);
    if (!progress || progress->paused == paused)
        return false;
    m_book.setPaused(id, paused);
    if (paused) {
        m_paused.insert(id, m_from.queue.takeBackfill(id));
        return true;
    }
    for (Job &job : m_paused.take(id)) {
        const QString pair = job.instrument.unified;
        if (!m_from.queue.add(std::move(job)))
            m_book.jobEnded(id, pair); // somebody else wants the same meanwhile
    }
    return true;
}

void BackfillDesk::putBack(Job job)
{
    if (!isWanted(job))
        return; // cancelled while it was under way
    if (const auto paused = m_paused.find(job.backfill); paused != m_paused.end())
        paused->push_back(std::move(job));
    else
        m_from.queue.add(std::move(job));
}

} // namespace tk::history
