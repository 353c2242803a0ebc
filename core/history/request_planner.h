// From holes to requests: windows that cost the least weight for the most rows, newest first. Pure.
#pragma once

#include "market/records.h"

#include <span>
#include <vector>

namespace tk::history {

// Windows that together cover all holes (ascending, on the grid), each of at most `perRequest` candles, the newest
// window first. Neighbouring holes share a window where it is free to do so.
std::vector<TimeSpan> planWindows(Timeframe timeframe, std::span<const TimeSpan> holes, int perRequest);

// The parts of `holes` that lie outside `excluded`; both ascending.
std::vector<TimeSpan> without(std::span<const TimeSpan> holes, std::span<const TimeSpan> excluded);

// Candle opens of the span that are not among `present` (ascending), as runs.
std::vector<TimeSpan> absent(Timeframe timeframe, TimeSpan span, std::span<const Candle> present);

qint64 candleCount(Timeframe timeframe, std::span<const TimeSpan> spans);

} // namespace tk::history
