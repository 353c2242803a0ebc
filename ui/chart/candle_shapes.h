// Candles as rectangles on whole device pixels; many in one column become one shape. Pure.
#pragma once

#include "ui/chart/price_scale.h"
#include "ui/chart/time_scale.h"

#include <vector>

namespace tk::ui {

// All in device pixels; edges, so that right - left and low - high are sizes.
struct CandleShape
{
    int left = 0; // of the body
    int right = 0;
    int wick_left = 0;
    int wick_right = 0;
    int high = 0; // y, the smallest
    int low = 0;
    int body_top = 0;
    int body_bottom = 0;
    double volume = 0; // summed over the candles of the column
    bool up = false;

    bool operator==(const CandleShape &) const = default;
};

// Both scales in device pixels; `slotMs` is the length of a candle, `wick` the width of a wick in pixels.
// From bars without order nothing sensible comes.
std::vector<CandleShape> candleShapes(Bars bars, const TimeScale &time, const PriceScale &price, double slotMs,
                                      int wick);

// How wide a body is for a slot of so many pixels: even with an even wick, odd with an odd one, so that the wick stands
// in the middle.
int bodyWidth(double slotPx, int wick);

// Below this many pixels for a slot, columns are painted instead of candles.
inline constexpr double NarrowestSlotPx = 3;

} // namespace tk::ui
