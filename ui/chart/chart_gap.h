// Gaps as a chart knows them: where candles are missing, how long, why, and what is being done about it. Pure.
#pragma once

#include "market/gap.h"
#include "ui/chart/candle_series.h"
#include "ui/support/format.h"

#include <vector>

namespace tk::ui {

struct ChartGap
{
    UtcTime from{};
    UtcTime to{}; // 0 while it lasts
    QString cause{};
    GapState state = GapState::Open;

    bool operator==(const ChartGap &) const = default;
};

struct TimeSpan
{
    double from_ms = 0;
    double to_ms = 0;

    bool holds(double ms) const { return from_ms <= ms && ms < to_ms; }
    bool operator==(const TimeSpan &) const = default;
};

// What is shaded: the slots of the candle grid that the gap touches, without those at its ends whose candle is there.
// A gap inside of candles that are all there keeps its own ends. One that lasts ends at `until`.
TimeSpan shadedSpan(const ChartGap &gap, const CandleSeries &series, Timeframe timeframe, UtcTime until);

// Runs of points with nothing missing between: they break where a span begins or ends between two points, and where two
// are further apart than `longestStep`. Points inside a span belong to no run. Each run is [first, last] by index.
struct Run
{
    size_t first = 0;
    size_t last = 0;

    bool operator==(const Run &) const = default;
};
std::vector<Run> unbrokenRuns(std::span<const LinePoint> points, std::span<const TimeSpan> spans,
                              milliseconds longestStep);

// "gap 24 min", "gap 24 min · repairing".
QString gapTitle(const ChartGap &gap, UtcTime now);

// The whole story for the line on top: "gap 09:51–10:15 UTC · 24 min · market#2 silent · repairing".
QString gapStory(const ChartGap &gap, UtcTime now, ClockZone zone);

} // namespace tk::ui
