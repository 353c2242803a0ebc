// What history says of itself, once a second. Immutable once sent.
#pragma once

#include "exchange/selection.h"
#include "history/backfill.h"
#include "market/gap.h"

#include <QHash>

namespace tk::history {

struct HistorySnapshot
{
    QString exchange;
    UtcTime at{};
    bool instruments_known = false;
    int pairs = 0;
    std::vector<exchange::NotCollected> not_collected; // named in the configuration
    QString limit_name; // of the exchange's main limit on requests, and what is used of our share of it
    int limit_used = 0;
    int limit_allowed = 0;
    milliseconds limit_window{0};
    milliseconds paused_for{0};
    QString trouble; // why REST does not work; empty when it does
    UtcTime trouble_since{};
    QString ledger_trouble; // why the gap ledger takes nothing; what it should know is kept meanwhile
    UtcTime ledger_trouble_since{};
    milliseconds clock_offset{0};
    size_t jobs_waiting = 0;
    int in_flight = 0;
    FillProgress fill;
    std::vector<Gap> open_gaps;
    std::vector<Gap> lost;      // the newest of those found unfillable since the start
    size_t loss_gaps = 0;       // of the open ones: what was stored and is not there any more
    size_t refused_gaps = 0;    // of the open ones: what our own database does not take
    bool repairing = false;     // something can move: REST answers, and the store has room
    QString waits;              // why nothing can, for people; empty when it can
    quint64 batches_stored = 0; // of what it fetched, confirmed by the store since the start
    int times_anew = 0;         // how often the store was said to have begun anew, and its loss was named
    quint64 gaps_opened = 0;
    quint64 gaps_closed = 0;
    quint64 gaps_unfillable = 0;   // since the start
    quint64 unfillable_before = 0; // of earlier runs, as far as the store reaches
};

} // namespace tk::history
