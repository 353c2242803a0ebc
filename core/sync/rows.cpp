#include "sync/rows.h"

#include <algorithm>

namespace tk::sync {

using namespace std::chrono_literals;

Rows candleRows(std::span<const Candle> candles)
{
    Rows rows;
    rows.times.reserve(candles.size());
    rows.values.reserve(candles.size());
    for (const Candle &candle : candles) {
        if (!rows.times.empty() && toMs(candle.open_time) <= rows.times.back())
            continue; // stores answer ascending, each candle once; a file may depend on it
        rows.add(toMs(candle.open_time), {candle.open.toDouble(), candle.high.toDouble(), candle.low.toDouble(),
                                          candle.close.toDouble(), candle.volume.toDouble()});
    }
    return rows;
}

Rows markCandleRows(std::span<const Candle> hours, Timeframe timeframe)
{
    Rows rows;
    for (size_t next = 0; next < hours.size();) {
        const UtcTime open = candleOpen(timeframe, hours[next].open_time);
        const UtcTime end = nextCandleOpen(timeframe, open);
        std::array<double, 5> row{hours[next].open.toDouble(), hours[next].high.toDouble(), hours[next].low.toDouble(),
                                  hours[next].close.toDouble(), 0};
        UtcTime expected = open;
        for (; next < hours.size() && hours[next].open_time < end; ++next) {
            if (hours[next].open_time != expected)
                continue;
            row[1] = std::max(row[1], hours[next].high.toDouble());
            row[2] = std::min(row[2], hours[next].low.toDouble());
            row[3] = hours[next].close.toDouble();
            expected += 1h;
        }
        if (expected == end)
            rows.add(toMs(open), row);
    }
    if (!rows.times.empty())
        rows.exact_to = rows.times.back() + 1;
    return rows;
}

Rows markRows(std::span<const MarkPoint> marks, Timeframe timeframe)
{
    Rows rows;
    size_t next = 0;
    while (next < marks.size()) {
        const UtcTime open = candleOpen(timeframe, marks[next].time);
        const UtcTime end = nextCandleOpen(timeframe, open);
        std::array<double, 5> row{};
        UtcTime expected = open; // the minute that has no sample yet
        bool whole = true;
        for (; next < marks.size() && marks[next].time < end; ++next) {
            const double price = marks[next].price.toDouble();
            const UtcTime minute = candleOpen(Timeframe::M1, marks[next].time);
            if (minute == open && expected == open)
                row = {price, price, price, price, 0};
            row[1] = std::max(row[1], price);
            row[2] = std::min(row[2], price);
            if (minute > expected)
                whole = false;
            if (minute == expected)
                expected += 1min;
        }
        const bool closed = next < marks.size() && candleOpen(Timeframe::M1, marks[next].time) == end;
        if (!whole || expected != end || !closed)
            continue;
        row[3] = marks[next].price.toDouble();
        row[1] = std::max(row[1], row[3]);
        row[2] = std::min(row[2], row[3]);
        rows.add(toMs(open), row);
    }
    return rows;
}

Rows fundingRows(std::span<const FundingPoint> points)
{
    Rows rows;
    bool lastIsSpecial = false;
    for (const FundingPoint &point : points) {
        if (point.rate.isEmpty())
            continue;
        const qint64 hour = toMs(candleOpen(Timeframe::H1, point.time));
        const std::array<double, 5> row{point.rate.toDouble(), 0, 0, 0, 0};
        if (rows.times.empty() || hour > rows.times.back()) {
            rows.add(hour, row);
        } else if (hour == rows.times.back() && lastIsSpecial && !point.special) {
            rows.values.back() = row;
        } else {
            continue;
        }
        lastIsSpecial = point.special;
    }
    return rows;
}

bool onGrid(const Rows &rows, Timeframe timeframe)
{
    return std::ranges::all_of(rows.times,
                               [&](qint64 time) { return candleOpen(timeframe, fromMs(time)) == fromMs(time); });
}

} // namespace tk::sync
