// Prices on the vertical axis: the range of what is visible, and round values to label.
#pragma once

#include "ui/chart/bar.h"

#include <optional>
#include <vector>

namespace tk::ui {

struct PriceRange
{
    double low = 0;
    double high = 0;

    double size() const { return high - low; }
    bool contains(const PriceRange &other) const { return low <= other.low && other.high <= high; }
    bool operator==(const PriceRange &) const = default;
};

struct PriceScale
{
    PriceRange range;
    double top = 0; // px of range.high
    double bottom = 0;

    double y(double value) const { return bottom - (value - range.low) / range.size() * (bottom - top); }
    double value(double px) const { return range.low + (bottom - px) / (bottom - top) * range.size(); }
    PriceScale scaled(double ratio) const { return {range, top * ratio, bottom * ratio}; }

    bool operator==(const PriceScale &) const = default;
};

// From the lowest low to the highest high; nothing without bars.
std::optional<PriceRange> rangeOf(Bars bars);
PriceRange united(const PriceRange &a, const PriceRange &b);

// With `part` of its size free above and below; a flat one gets a size first.
PriceRange padded(const PriceRange &range, double part);

struct PriceTicks
{
    std::vector<double> values; // ascending
    int decimals = 0;           // that tell them apart
};

// Steps of 1, 2 or 5 times a power of ten, at most `count` of them, and none finer than `finest` digits behind the
// point.
PriceTicks priceTicks(const PriceRange &range, int count, int finest = 12);

} // namespace tk::ui
