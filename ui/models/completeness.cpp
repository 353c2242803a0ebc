#include "ui/models/completeness.h"

#include <QDateTime>
#include <QTimeZone>

#include <algorithm>

namespace tk::ui {

namespace {

constexpr milliseconds day = std::chrono::hours(24);

// Candle opens of the series in [from, to).
qint64 opensIn(Timeframe timeframe, UtcTime from, UtcTime to)
{
    if (from >= to)
        return 0;
    const auto upTo = [&](UtcTime time) { // the first open at or after `time`
        const UtcTime open = candleOpen(timeframe, time);
        return open == time ? open : nextCandleOpen(timeframe, open);
    };
    const UtcTime first = upTo(from);
    const UtcTime end = upTo(to);
    return first < end ? candlesBetween(timeframe, first, end) : 0;
}

} // namespace

Completeness::Completeness(const std::vector<SeriesRange> &ranges, const std::vector<MissingSpan> &missing, UtcTime now,
                           int days)
{
    const UtcTime today = candleOpen(Timeframe::D1, now);
    const UtcTime begin = today - day * (days - 1);
    for (int i = 0; i < days; ++i)
        m_days.push_back(QDateTime::fromMSecsSinceEpoch(toMs(begin + day * i), Qt::UTC).date());
    QHash<SeriesKey, size_t> rows;
    std::vector<SeriesRange> sorted = ranges;
    // A series that has nothing at all is missing from its first known gap on.
    for (const MissingSpan &span : missing) {
        if (std::ranges::none_of(sorted, [&](const SeriesRange &range) { return range.series == span.series; }))
            sorted.push_back({span.series, span.from, span.from});
    }
    std::ranges::sort(sorted, [](const SeriesRange &a, const SeriesRange &b) {
        return std::tie(a.series.pair, a.series.exchange, a.series.timeframe) <
               std::tie(b.series.pair, b.series.exchange, b.series.timeframe);
    });
    for (const SeriesRange &range : sorted) {
        rows.insert(range.series, m_series.size());
        m_series.push_back(range.series);
        std::vector<DayCell> cells(static_cast<size_t>(days));
        // Final candles end where the newest stored one, or a known gap behind it, ends.
        UtcTime end = nextCandleOpen(range.series.timeframe, range.last);
        UtcTime first = range.first;
        for (const MissingSpan &span : missing) {
            if (span.series != range.series)
                continue;
            end = std::max(end, toMs(span.to) != 0 ? span.to : candleOpen(range.series.timeframe, now));
            first = std::min(first, span.from);
        }
        for (int i = 0; i < days; ++i) {
            const UtcTime from = begin + day * i;
            cells[size_t(i)].expected =
                opensIn(range.series.timeframe, std::max(from, first), std::min(from + day, end));
        }
        m_cells.push_back(std::move(cells));
    }
    for (const MissingSpan &span : missing) {
        const size_t row = rows.value(span.series);
        const UtcTime to = toMs(span.to) != 0 ? span.to : candleOpen(span.series.timeframe, now);
        for (int i = 0; i < days; ++i) {
            const UtcTime from = begin + day * i;
            DayCell &cell = m_cells[row][size_t(i)];
            const qint64 count = opensIn(span.series.timeframe, std::max(from, span.from), std::min(from + day, to));
            qint64 &part = span.unfillable ? cell.unfillable : cell.missing;
            part = std::min(part + count, cell.expected);
        }
    }
}

DayCell Completeness::total(size_t series) const
{
    DayCell sum;
    for (const DayCell &cell : m_cells[series]) {
        sum.expected += cell.expected;
        sum.missing += cell.missing;
        sum.unfillable += cell.unfillable;
    }
    return sum;
}

} // namespace tk::ui
