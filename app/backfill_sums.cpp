#include "app/backfill_sums.h"

#include <algorithm>

namespace tk::app {

using history::BackfillCounts;
using history::BackfillPlan;
using history::BackfillProgress;
using history::BackfillRequest;

namespace {

void add(BackfillCounts &sum, const BackfillCounts &part)
{
    sum.wanted += part.wanted;
    sum.present += part.present;
    sum.fetched += part.fetched;
    sum.unfillable += part.unfillable;
    sum.jobs_left += part.jobs_left;
}

// A pair that one of them lists is no problem, though the others do not.
template <typename Part>
QStringList problemsOf(const QMap<QString, Part> &parts, qsizetype asked)
{
    QStringList all;
    QHash<QString, qsizetype> unlisted;
    for (const Part &part : parts) {
        for (const QString &problem : part.problems) {
            if (problem.endsWith(history::noSuchPair))
                ++unlisted[problem];
            else if (!all.contains(problem))
                all.append(problem);
        }
    }
    for (auto problem = unlisted.cbegin(); problem != unlisted.cend(); ++problem) {
        if (problem.value() == asked)
            all.append(problem.key());
    }
    return all;
}

} // namespace

BackfillSums::BackfillSums(Switchboard &board, std::function<QStringList()> exchanges)
    : m_board(board)
    , m_exchanges(std::move(exchanges))
{
    connect(&board, &Switchboard::backfillWanted, this,
            [this](const BackfillRequest &request) { m_work.insert(request.id, begun(request)); });
    connect(&board, &Switchboard::backfillPlanWanted, this,
            [this](const BackfillRequest &request) { m_plans.insert(request.id, begun(request)); });
    connect(&board, &Switchboard::backfillPartProgressed, this, [this](const BackfillProgress &part) {
        const auto work = m_work.find(part.id);
        if (work == m_work.end())
            return;
        work->parts.insert(part.exchange, part);
        Q_EMIT m_board.backfillProgressed(sumOf(part.id, *work));
    });
    connect(&board, &Switchboard::backfillPartDone, this, [this](const BackfillProgress &part) {
        if (const auto work = m_work.find(part.id); work != m_work.end()) {
            work->parts.insert(part.exchange, part);
            ended(part.id, part.exchange);
        }
    });
    connect(&board, &Switchboard::backfillPartPlanned, this, [this](const QString &exchange, const BackfillPlan &part) {
        if (const auto plan = m_plans.find(part.id); plan != m_plans.end()) {
            plan->plans.insert(exchange, part);
            planEnded(part.id, exchange);
        }
    });
}

BackfillSums::Work BackfillSums::begun(const BackfillRequest &request) const
{
    const QStringList asked = request.exchange.isEmpty() ? m_exchanges() : QStringList{request.exchange};
    return {.left = asked, .asked = asked, .parts = {}, .plans = {}};
}

BackfillProgress BackfillSums::sumOf(quint64 id, const Work &work)
{
    BackfillProgress sum;
    sum.id = id;
    sum.exchange = work.asked.size() == 1 ? work.asked.front() : QString();
    bool paused = !work.left.isEmpty();
    for (const BackfillProgress &part : work.parts) {
        add(sum, part);
        sum.cancelled = sum.cancelled || part.cancelled;
        paused = paused && (part.paused || !work.left.contains(part.exchange));
        for (auto pair = part.by_pair.cbegin(); pair != part.by_pair.cend(); ++pair)
            add(sum.by_pair[pair.key()], *pair);
    }
    sum.paused = paused;
    sum.problems = problemsOf(work.parts, work.asked.size());
    return sum;
}

void BackfillSums::ended(quint64 id, const QString &exchange)
{
    Work &work = m_work[id];
    work.left.removeOne(exchange);
    const BackfillProgress sum = sumOf(id, work);
    if (!work.left.isEmpty()) {
        Q_EMIT m_board.backfillProgressed(sum);
        return;
    }
    m_work.remove(id);
    Q_EMIT m_board.backfillDone(sum);
}

// Exchanges have budgets of their own and work side by side, so the longest counts.
void BackfillSums::planEnded(quint64 id, const QString &exchange)
{
    Work &work = m_plans[id];
    work.left.removeOne(exchange);
    if (!work.left.isEmpty())
        return;
    BackfillPlan sum{.id = id};
    for (const BackfillPlan &part : std::as_const(work.plans)) {
        sum.wanted += part.wanted;
        sum.present += part.present;
        sum.requests += part.requests;
        sum.weight += part.weight;
        sum.estimate = std::max(sum.estimate, part.estimate);
    }
    sum.problems = problemsOf(work.plans, work.asked.size());
    m_plans.remove(id);
    Q_EMIT m_board.backfillPlanned(sum);
}

void BackfillSums::exchangeGone(const QString &exchange)
{
    const auto of = [&exchange](const QHash<quint64, Work> &all) {
        std::vector<quint64> ids;
        for (auto work = all.cbegin(); work != all.cend(); ++work) {
            if (work->left.contains(exchange))
                ids.push_back(work.key());
        }
        return ids;
    };
    for (const quint64 id : of(m_work))
        ended(id, exchange);
    for (const quint64 id : of(m_plans))
        planEnded(id, exchange);
}

} // namespace tk::app
