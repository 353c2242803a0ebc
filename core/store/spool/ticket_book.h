// Who waits for which part of the spool: tickets are given back when the database has confirmed everything they stand
// for. Thread-safe. Tickets do not outlive the process, and neither does who waits for them.
#pragma once

#include "store/spool/spool.h"

#include <QMutex>

#include <deque>
#include <vector>

namespace tk::store {

class TicketBook
{
public:
    struct Stage
    {
        std::vector<quint64> tickets{};
        std::vector<UtcTime> newest_events{}; // of the batches with live data: when it happened
    };

    // What was appended up to these seqs (0: nothing in that lane).
    void add(Stage stage, const PerLane<quint64> &up_to);

    // Everything up to these seqs is confirmed: what is complete now, in the order of adding.
    Stage settle(const PerLane<quint64> &confirmed);

private:
    struct Entry
    {
        Stage stage;
        PerLane<quint64> up_to;
    };
    QMutex m_mutex;
    std::deque<Entry> m_entries;
};

} // namespace tk::store
