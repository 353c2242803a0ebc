// The operator's backfills: what each would fetch and cost, which jobs of it are put aside while it is paused, and how
// it goes. Who fetches is not its business. History thread.
#pragma once

#include "history/backfill_book.h"
#include "history/hole_search.h"
#include "history/job_queue.h"
#include "history/request_budget.h"

#include <QHash>

#include <vector>

namespace tk::history {

class BackfillDesk
{
public:
    struct Missing // of one series that a backfill wants
    {
        const exchange::Instrument *instrument = nullptr;
        Timeframe timeframe = Timeframe::M1;
        std::vector<TimeSpan> holes{};
        qint64 missing = 0;
        qint64 present = 0;
    };

    struct Sources // they outlive it
    {
        const exchange::ExchangeAdapter &adapter;
        const InstrumentBook &instruments;
        HoleSearch &holes;
        JobQueue &queue;
        const HistorySettings &settings;
        const ExchangeClock &time;
    };

    explicit BackfillDesk(Sources sources);

    // What it wants; the caller adds a job for each, and says so to the book. `trouble`: why the exchange does not
    // answer, if it does not.
    std::vector<Missing> start(const BackfillRequest &request, const QString &trouble);
    BackfillPlan plan(const BackfillRequest &request, const QString &trouble, const RequestBudget &budget,
                      MonotonicTime now);
    void cancel(quint64 id);
    bool pause(quint64 id, bool paused); // false: nothing changes. What is under way is still taken

    // A job that brought nothing is to be asked again: later, where its backfill is paused; never, where it ended.
    void putBack(Job job);
    // Whether anybody waits for it still: jobs of no backfill are wanted always.
    bool isWanted(const Job &job) const { return job.backfill == 0 || m_book.contains(job.backfill); }

    BackfillBook &book() { return m_book; }

private:
    std::vector<Missing> missingOf(const BackfillRequest &request, const QString &trouble, QStringList &problems);
    Result<Missing> missingOf(const BackfillRequest &request, const exchange::Instrument &instrument,
                              Timeframe timeframe, TimeSpan span);

    Sources m_from;
    BackfillBook m_book;
    QHash<quint64, std::vector<Job>> m_paused; // jobs of paused backfills, by id
};

} // namespace tk::history
