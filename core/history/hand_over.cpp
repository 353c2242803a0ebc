#include "history/hand_over.h"

#include <utility>

namespace tk::history {

HandOver::HandOver(RecordSink sink, quint64 first)
    : m_sink(std::move(sink))
    , m_lastTicket(first)
{}

bool HandOver::hand(RecordBatch batch, const StreamKey &stream, quint64 backfill, TimeSpan fetched)
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

std::optional<HandOver::Pending> HandOver::stored(quint64 ticket)
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
