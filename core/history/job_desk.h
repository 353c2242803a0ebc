// Puts what is wanted into the queue, and tells whom it concerns: the ledger what cannot be asked for, the book what a
// backfill waits for. Who sends is not its business. History thread.
#pragma once

#include "history/backfill_book.h"
#include "history/job_planner.h"
#include "store/store.h"

namespace tk::history {

class JobDesk
{
public:
    struct Sources // they outlive it
    {
        const JobPlanner &planner;
        const InstrumentBook &instruments;
        const HistorySettings &settings;
        JobQueue &queue;
        GapKeeper &gaps;
        BackfillBook &backfills;
        store::StoreIndex &index;
    };

    JobDesk(QString exchange, Sources sources);

    // Candles of a series. Before its listing a symbol may have been another contract, and the exchange tells of that
    // one, too: nobody asks, and the ledger knows.
    void candles(const exchange::Instrument &instrument, Timeframe timeframe, const std::vector<TimeSpan> &holes,
                 const JobPlanner::Purpose &purpose);
    // What gaps need. Pairs that the exchange's list of this run does not have are asked for no more.
    void repair(const std::vector<GapKeeper::Need> &needs);
    void listIsNew() { m_listIsNew = true; } // the exchange's list is of this run
    void funding(const exchange::Instrument &instrument);
    void add(const std::vector<Job> &jobs);

private:
    QString m_exchange;
    Sources m_from;
    bool m_listIsNew = false;
};

} // namespace tk::history
