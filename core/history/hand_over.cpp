#include "history/ticket_book.h"

#include <utility>

namespace tk::history {

TicketBook::TicketBook(RecordSink sink, quint64 first)
    : m_sink(std::move(sink))
    , m_lastTicket(first)
{}

bool TicketBook::hand(RecordBatch batch, const StreamKey &stream, quint64 backfill, TimeSpan fetched)
{
    batch.ticket = ++m_lastTicket;
    const qint64 records = qint64(batch.recordCount());
    const quint64 ticket = batch.ticket;
    const UtcTime oldest = batch.candles.empty() ? UtcTime{} : batch.candles.front().candles.front().open_time;
    if (!m_sink(std::move(batch)))
        return false;
    m_pending.insert(ticket, {stream, backfill, records, oldest, fetched});
    return true;
}

std::optional<TicketBook::Pending> TicketBook::stored(quint64 ticket)
{
    const auto found = m_pending.find(ticket);
    if (found == m_pending.end())
        return {};
    Pending pending = std::move(*found);
    m_pending.erase(found);
    ++m_batchesStored;
    return pending;
}

} // namespace tk::history
