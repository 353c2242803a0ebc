#include "history/request_planner.h"

#include <algorithm>

namespace tk::history {

std::vector<TimeSpan> planWindows(Timeframe timeframe, std::span<const TimeSpan> holes, int perRequest)
{
    std::vector<TimeSpan> windows;
    size_t left = holes.size();
    if (left == 0)
        return windows;
    UtcTime end = holes[left - 1].to;
    while (left > 0) {
        const UtcTime earliest = candlesBefore(timeframe, end, perRequest);
        const size_t before = left;
        // Take in every hole that lies in the window as a whole.
        while (left > 0 && holes[left - 1].from >= earliest)
            --left;
        if (left == before) { // one that is longer than the window: its newest part
            windows.push_back({earliest, end});
            end = earliest;
        } else { // no part of the next one, which would cost more than it saves
            windows.push_back({holes[left].from, end});
            if (left > 0)
                end = holes[left - 1].to;
        }
    }
    return windows;
}

std::vector<TimeSpan> without(std::span<const TimeSpan> holes, std::span<const TimeSpan> excluded)
{
    std::vector<TimeSpan> rest;
    for (TimeSpan hole : holes) {
        for (const TimeSpan &gone : excluded) {
            if (gone.to <= hole.from || gone.from >= hole.to)
                continue;
            if (gone.from > hole.from)
                rest.push_back({hole.from, gone.from});
            hole.from = std::min(hole.to, gone.to);
        }
        if (hole.from < hole.to)
            rest.push_back(hole);
    }
    return rest;
}

std::vector<TimeSpan> absent(Timeframe timeframe, TimeSpan span, std::span<const Candle> present)
{
    std::vector<TimeSpan> runs;
    UtcTime next = span.from;
    for (const Candle &candle : present) {
        if (candle.open_time < next || candle.open_time >= span.to)
            continue;
        if (candle.open_time > next)
            runs.push_back({next, candle.open_time});
        next = nextCandleOpen(timeframe, candle.open_time);
    }
    if (next < span.to)
        runs.push_back({next, span.to});
    return runs;
}

qint64 candleCount(Timeframe timeframe, std::span<const TimeSpan> spans)
{
    qint64 count = 0;
    for (const TimeSpan &span : spans)
        count += candlesBetween(timeframe, span.from, span.to);
    return count;
}

} // namespace tk::history
