// The sender's files: what is confirmed is written down before the spool forgets it, and tickets follow.
#include "base/logging.h"
#include "store/influx/sender.h"

namespace tk::store::influx {

void Sender::filesGone()
{
    m_indexFile.reset(); // closed before another one is opened under its name: closing removes the log
    m_letters.emplace(DeadLetterOptions{.folder = m_options.dead_letter_folder});
    save();
    pump();
}

void Sender::settleTickets()
{
    const SpoolFigures figures = m_parts.spool->figures();
    PerLane<quint64> confirmed{};
    for (const Lane lane : allLanes)
        confirmed[size_t(lane)] = figures.lanes[size_t(lane)].acknowledged_seq;
    const TicketBook::Stage complete = m_parts.tickets->settle(confirmed);
    if (!complete.tickets.empty())
        Q_EMIT stored(complete.tickets);
    if (!complete.newest_events.empty()) {
        std::vector<milliseconds> latencies;
        const UtcTime now = m_parts.clock->utcNow();
        for (const UtcTime event : complete.newest_events)
            latencies.push_back(now - event);
        Q_EMIT latencyMeasured(latencies);
    }
}

void Sender::save()
{
    if (!m_indexFile) {
        auto file = IndexFile::open(m_options.index_file);
        if (!file) {
            qCWarning(lcStore).noquote() << file.error().message;
            return; // tried again, and nothing of the spool is forgotten meanwhile
        }
        m_indexFile = std::move(file).value();
        m_parts.index->changeAll();
    }
    for (StoredIndex::Known &known : m_parts.index->takeChanges()) {
        if (const auto before = m_unsaved.find(known.stream); before != m_unsaved.end())
            known.predicted_only &= before->second.predicted_only;
        m_unsaved.insert_or_assign(known.stream, std::move(known));
    }
    std::vector<StoredIndex::Known> changes;
    changes.reserve(m_unsaved.size());
    for (const auto &known : m_unsaved)
        changes.push_back(known.second);
    // The index first: what the spool forgets must be known to be stored.
    Status saved = m_indexFile->write(changes);
    if (saved) {
        m_unsaved.clear();
        saved = m_parts.spool->maintain(m_parts.clock->utcNow());
    }
    if (!saved)
        qCWarning(lcStore).noquote() << "what the database has confirmed could not be written down:"
                                     << saved.error().message;
}

} // namespace tk::store::influx
