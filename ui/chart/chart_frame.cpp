#include "ui/chart/chart_frame.h"

#include <algorithm>
#include <cmath>

namespace tk::ui {

ChartFrame chartFrame(QSizeF size, const FrameWishes &wishes)
{
    constexpr double side = 8;
    const double head = std::ceil(wishes.text_height) + 10;
    const double foot = std::ceil(wishes.text_height) + 8;
    const double axis = std::min(wishes.price_axis_width, size.width() / 2);
    const double width = std::max(1.0, size.width() - axis - side);
    const double height = std::max(1.0, size.height() - head - foot);
    // A strip that would leave no room for candles stays away.
    const double strip = wishes.funding && height > 160 ? std::clamp(std::round(height * 0.14), 32.0, 64.0) : 0;

    ChartFrame frame;
    frame.head = QRectF(side, 0, std::max(1.0, size.width() - 2 * side), head);
    frame.plot = QRectF(side, head, width, std::max(1.0, height - strip));
    if (strip > 0)
        frame.funding = QRectF(side, frame.plot.bottom(), width, strip);
    frame.price_axis = QRectF(frame.plot.right(), head, axis, height);
    frame.time_axis = QRectF(side, head + height, width, foot);

    const bool volume = wishes.volume && frame.plot.height() > 120;
    const double bars = volume ? std::round(frame.plot.height() * 0.16) : 0;
    frame.volume_top = frame.plot.bottom() - bars;
    frame.candle_top = frame.plot.top() + 4;
    frame.candle_bottom = frame.volume_top - (volume ? 8 : 4);
    return frame;
}

} // namespace tk::ui
