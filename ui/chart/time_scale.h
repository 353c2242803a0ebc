// Time on the horizontal axis: straight, so that what is missing takes its room. Milliseconds since 1970 and pixels.
#pragma once

namespace tk::ui {

struct TimeScale
{
    double from_ms = 0; // at `left`
    double ms_per_px = 1;
    double left = 0; // px
    double width = 0;

    double x(double ms) const { return left + (ms - from_ms) / ms_per_px; }
    double ms(double px) const { return from_ms + (px - left) * ms_per_px; }
    double toMs() const { return from_ms + width * ms_per_px; }
    double spanMs() const { return width * ms_per_px; }

    // The same in device pixels.
    TimeScale scaled(double ratio) const { return {from_ms, ms_per_px / ratio, left * ratio, width * ratio}; }

    bool operator==(const TimeScale &) const = default;
};

} // namespace tk::ui
