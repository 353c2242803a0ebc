#include "store/spool/ticket_book.h"

#include <QMutexLocker>

namespace tk::store {

namespace {

constexpr size_t mostMeasured = 1'000;

} // namespace

void TicketBook::add(Stage stage, const PerLane<quint64> &up_to)
{
    const QMutexLocker lock(&m_mutex);
    // An hour without the database must cost no memory: then the latency of some is not measured.
    if (m_entries.size() >= mostMeasured)
        stage.newest_events.clear();
    if (stage.tickets.empty() && stage.newest_events.empty())
        return;
    m_entries.push_back({std::move(stage), up_to});
}

TicketBook::Stage TicketBook::settle(const PerLane<quint64> &confirmed)
{
    const QMutexLocker lock(&m_mutex);
    Stage complete;
    // One lane may be far behind the others: an entry of another lane does not wait for those before it.
    std::erase_if(m_entries, [&](Entry &entry) {
        for (const Lane lane : allLanes) {
            if (entry.up_to[size_t(lane)] > confirmed[size_t(lane)])
                return false;
        }
        complete.tickets.insert(complete.tickets.end(), entry.stage.tickets.begin(), entry.stage.tickets.end());
        complete.newest_events.insert(complete.newest_events.end(), entry.stage.newest_events.begin(),
                                      entry.stage.newest_events.end());
        return true;
    });
    return complete;
}

} // namespace tk::store
