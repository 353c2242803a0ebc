#include "feed/record_outbox.h"

#include "base/logging.h"

#include <algorithm>

namespace tk::feed {

namespace {

constexpr size_t batchRecords = 512;

} // namespace

RecordOutbox::RecordOutbox(RecordSink sink, GapNotes &gaps)
    : m_sink(std::move(sink))
    , m_gaps(gaps)
{}

bool RecordOutbox::isFull() const
{
    return m_batch.recordCount() >= batchRecords;
}

void RecordOutbox::flush(UtcTime now)
{
    if (m_batch.isEmpty())
        return;
    if (!m_sink(std::move(m_batch))) // then it is as it was
        nameRefused(now);
    m_batch = {};
}

// The store's queue is full. Candles and funding have history and are found missing there; ticks have none.
void RecordOutbox::nameRefused(UtcTime now)
{
    const size_t count = m_batch.recordCount();
    m_refused += count;
    const QString cause = QStringLiteral("the store's queue was full");
    for (const CandleBatch &batch : m_batch.candles)
        m_gaps.add({.stream = {batch.series.exchange, batch.series.pair, StreamKind::Candles, batch.series.timeframe},
                    .from = batch.candles.front().open_time,
                    .to = nextCandleOpen(batch.series.timeframe, batch.candles.back().open_time),
                    .cause = cause,
                    .opened = now});
    for (const TickPoint &tick : m_batch.ticks) {
        const auto kind = std::ranges::find(streamKindNames, tick.kind.toStdString());
        m_gaps.add({.stream = {tick.exchange, tick.pair, StreamKind(kind - streamKindNames.begin()), Timeframe::M1},
                    .from = tick.time,
                    .to = tick.time + milliseconds(1),
                    .cause = cause,
                    .opened = now});
    }
    qCCritical(lcFeed).noquote() << "the store's queue is full; records not taken"
                                 << logField(u"records", QString::number(count));
}

} // namespace tk::feed
