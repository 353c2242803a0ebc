// What is painted of a candle: doubles, side by side in memory. The exact texts stay in the series beside it.
#pragma once

#include "market/candle.h"

#include <span>

namespace tk::ui {

struct Bar
{
    qint64 open_ms = 0;
    double open = 0;
    double high = 0;
    double low = 0;
    double close = 0;
    double volume = 0;

    bool isUp() const { return close >= open; }
    bool operator==(const Bar &) const = default;
};

using Bars = std::span<const Bar>;

inline Bar toBar(const Candle &candle)
{
    return {toMs(candle.open_time), candle.open.toDouble(),  candle.high.toDouble(),
            candle.low.toDouble(),  candle.close.toDouble(), candle.volume.toDouble()};
}

// A value at a moment: mark prices, funding rates, anything a sparkline shows.
struct LinePoint
{
    UtcTime time;
    double value = 0;

    bool operator==(const LinePoint &) const = default;
};

} // namespace tk::ui
