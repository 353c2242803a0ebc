#include "ui/chart/candle_shapes.h"

#include <algorithm>
#include <cmath>

namespace tk::ui {

namespace {

// Scales reach far outside the plot when zoomed in; an int must hold what comes out.
int pixel(double value)
{
    return int(std::floor(std::clamp(value, -1e6, 1e6)));
}

CandleShape shapeOf(const Bar &bar, const PriceScale &price, int left, int width, int wick)
{
    CandleShape shape;
    shape.left = left;
    shape.right = left + width;
    shape.wick_left = left + (width - wick) / 2;
    shape.wick_right = shape.wick_left + wick;
    shape.high = pixel(price.y(bar.high));
    shape.low = std::max(pixel(price.y(bar.low)), shape.high + 1);
    shape.body_top = pixel(price.y(std::max(bar.open, bar.close)));
    shape.body_bottom = std::max(pixel(price.y(std::min(bar.open, bar.close))), shape.body_top + wick);
    shape.volume = bar.volume;
    shape.up = bar.isUp();
    return shape;
}

void add(Bar &column, const Bar &bar)
{
    column.high = std::max(column.high, bar.high);
    column.low = std::min(column.low, bar.low);
    column.close = bar.close;
    column.volume += bar.volume;
}

} // namespace

int bodyWidth(double slotPx, int wick)
{
    int width = std::max(int(std::floor(slotPx * 0.72)), wick);
    if ((width - wick) % 2 != 0)
        width = width + 1 <= int(slotPx) - 1 ? width + 1 : width - 1;
    return std::max(width, wick);
}

std::vector<CandleShape> candleShapes(Bars bars, const TimeScale &time, const PriceScale &price, double slotMs,
                                      int wick)
{
    std::vector<CandleShape> shapes;
    if (bars.empty())
        return shapes;
    const double slotPx = slotMs / time.ms_per_px;
    if (slotPx >= NarrowestSlotPx) {
        const int width = bodyWidth(slotPx, wick);
        shapes.reserve(bars.size());
        for (const Bar &bar : bars) {
            const double middle = time.x(double(bar.open_ms) + slotMs / 2);
            shapes.push_back(shapeOf(bar, price, pixel(middle - width / 2.0 + 0.5), width, wick));
        }
        return shapes;
    }
    shapes.reserve(std::min(bars.size(), size_t(time.width) + 2));
    const double scale = 1 / time.ms_per_px;
    const auto columnOf = [&](const Bar &bar) {
        return pixel(time.left + (double(bar.open_ms) + slotMs / 2 - time.from_ms) * scale);
    };
    Bar column = bars.front();
    int x = columnOf(column);
    for (const Bar &bar : bars.subspan(1)) {
        const int at = columnOf(bar);
        if (at == x) {
            add(column, bar);
            continue;
        }
        shapes.push_back(shapeOf(column, price, x, 1, 1));
        column = bar;
        x = at;
    }
    shapes.push_back(shapeOf(column, price, x, 1, 1));
    return shapes;
}

} // namespace tk::ui
