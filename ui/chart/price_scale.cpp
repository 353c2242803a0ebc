#include "ui/chart/price_scale.h"

#include <algorithm>
#include <cmath>

namespace tk::ui {

std::optional<PriceRange> rangeOf(Bars bars)
{
    if (bars.empty())
        return {};
    PriceRange range{bars.front().low, bars.front().high};
    for (const Bar &bar : bars) {
        range.low = std::min(range.low, bar.low);
        range.high = std::max(range.high, bar.high);
    }
    return range;
}

PriceRange united(const PriceRange &a, const PriceRange &b)
{
    return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

PriceRange padded(const PriceRange &range, double part)
{
    const double middle = (range.low + range.high) / 2;
    const double least =
        std::max(std::abs(middle) * 1e-6, 1e-12); // so flat that doubles would not tell the ticks apart
    const double size = range.size() > least ? range.size() : std::max(std::abs(middle) * 0.002, 1e-9);
    const double half = size * (0.5 + part);
    return {middle - half, middle + half};
}

PriceTicks priceTicks(const PriceRange &range, int count, int finest)
{
    PriceTicks ticks;
    if (count < 1 || !(range.size() > 0) || !std::isfinite(range.size()))
        return ticks;
    const double least = range.size() / count;
    int power = std::max(int(std::floor(std::log10(least))), -finest);
    double step = 0;
    for (;; ++power) {
        const double unit = std::pow(10.0, power);
        const auto fits = [&](double factor) {
            step = factor * unit;
            return step >= least * (1 - 1e-9);
        };
        if (fits(1) || fits(2) || fits(5))
            break;
    }
    ticks.decimals = std::max(0, -power);
    // By whole numbers of steps, so that no error adds up.
    const double first = std::ceil(range.low / step - 1e-9);
    for (double n = first; n * step <= range.high + step * 1e-9; ++n)
        ticks.values.push_back(n == 0.0 ? 0.0 : n * step);
    return ticks;
}

} // namespace tk::ui
