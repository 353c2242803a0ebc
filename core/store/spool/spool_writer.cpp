#include "store/spool/spool_writer.h"

#include "base/logging.h"
#include "store/line_protocol.h"
#include "store/point_line.h"

#include <algorithm>

namespace tk::store {

namespace {

constexpr qsizetype largestAppend = 1024 * 1024; // bytes of lines that go into the spool at once
constexpr qsizetype longestLine = 200 * 1024;    // the spool's entries hold 256 KiB, some databases' lines less

} // namespace

Result<WriteOutcome> SpoolWriter::write(const std::vector<RecordBatch> &batches)
{
    WriteOutcome all{.confirmed = false};
    Encoded encoded;
    const auto lines = [&encoded](Lane lane) -> QByteArray & { return encoded.lines[size_t(lane)]; };
    for (const RecordBatch &batch : batches) {
        for (const CandleBatch &candles : batch.candles)
            encode(candles, encoded);
        for (const CandleBatch &candles : batch.mark_candles) {
            appendMarkLines(candles, lines(Lane::Candles));
            encoded.outcome.stored += qint64(candles.candles.size());
        }
        for (const FundingPoint &point : batch.funding)
            appendLine(point, lines(laneOf(point)));
        for (const MarkPoint &point : batch.marks)
            appendLine(point, lines(Lane::Marks));
        for (const TickPoint &tick : batch.ticks)
            encode(tick, encoded);
        encoded.outcome.stored += qint64(batch.funding.size() + batch.marks.size() + batch.ticks.size());
        if (batch.ticket != 0)
            encoded.stage.tickets.push_back(batch.ticket);
        if (toMs(batch.newest_event) != 0)
            encoded.stage.newest_events.push_back(batch.newest_event);
        qsizetype bytes = 0;
        for (const QByteArray &text : encoded.lines)
            bytes += text.size();
        if (bytes < largestAppend && &batch != &batches.back())
            continue;
        // Part by part: one that the spool refuses is repeated with those behind it, and those before it once more,
        // which changes nothing.
        const WriteOutcome part = encoded.outcome;
        if (const Status appended = append(encoded); !appended)
            return appended.error();
        all.stored += part.stored;
        all.corrected += part.corrected;
    }
    return all;
}

Status SpoolWriter::append(Encoded &encoded)
{
    PerLane<quint64> up_to{};
    if (std::ranges::any_of(encoded.lines, [](const QByteArray &text) { return !text.isEmpty(); })) {
        const auto appended = m_parts.spool->append(encoded.lines, m_parts.clock->utcNow());
        if (!appended)
            return appended.error();
        up_to = *appended;
    }
    for (const Lane lane : allLanes)
        m_parts.index->taken(lane, encoded.lines[size_t(lane)]);
    for (const auto &[series, candle] : encoded.candles)
        m_parts.index->remember(series, candle);
    m_parts.tickets->add(std::move(encoded.stage), up_to);
    m_appended();
    encoded = {};
    return ok();
}

void SpoolWriter::encode(const TickPoint &tick, Encoded &into) const
{
    QByteArray &lines = into.lines[size_t(Lane::Ticks)];
    const qsizetype before = lines.size();
    appendLine(tick, lines);
    if (lines.size() - before <= longestLine)
        return;
    const QByteArray line = lines.sliced(before);
    lines.truncate(before);
    qCCritical(lcStore).noquote() << "a record is too long for any line and is left out" << logField(u"pair", tick.pair)
                                  << logField(u"kind", tick.kind) << logField(u"bytes", QString::number(line.size()));
    m_dropped(coveredSpans(Lane::Ticks, line));
}

void SpoolWriter::encode(const CandleBatch &batch, Encoded &into) const
{
    CandleBatch fit{batch.series, {}};
    fit.candles.reserve(batch.candles.size());
    for (const Candle &candle : batch.candles) {
        const auto known = m_parts.index->remembered(batch.series, candle.open_time);
        // A late closed mark never replaces what was read over REST (the database would keep the last write).
        if (known && known->source != CandleSource::Live && candle.source == CandleSource::Live)
            continue;
        if (known && !sameValues(*known, candle))
            ++into.outcome.corrected;
        else
            ++into.outcome.stored;
        fit.candles.push_back(candle);
        into.candles.emplace_back(batch.series, candle);
    }
    appendLines(fit, into.lines[size_t(Lane::Candles)]);
}

} // namespace tk::store
