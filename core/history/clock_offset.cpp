#include "history/clock_offset.h"

#include <algorithm>

namespace tk::history {

milliseconds offsetAfter(milliseconds known, UtcTime told, UtcTime sent, milliseconds roundTrip)
{
    const milliseconds half = roundTrip / 2;
    const milliseconds middle = told - (sent + half);
    return roundTrip <= quickAnswer ? middle : std::clamp(known, middle - half, middle + half);
}

} // namespace tk::history
