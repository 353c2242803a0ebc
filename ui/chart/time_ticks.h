// Where the time axis has its labels: round times of UTC or of the place, and how they read.
#pragma once

#include "ui/support/format.h"

#include <QString>

#include <vector>

namespace tk::ui {

struct TimeTick
{
    UtcTime time;
    QString label;
    bool strong = false; // a new day under hours, a new year under months

    bool operator==(const TimeTick &) const = default;
};

// Ticks in [from, to], at least `least` apart.
std::vector<TimeTick> timeTicks(UtcTime from, UtcTime to, milliseconds least, ClockZone zone);

} // namespace tk::ui
