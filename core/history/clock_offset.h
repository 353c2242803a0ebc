// How far the exchange's clock is ahead of ours, by its answers to the question for its time. Pure.
#pragma once

#include "base/time.h"

namespace tk::history {

inline constexpr milliseconds quickAnswer{1'000};

// The offset after an answer: `told` by the exchange to a question sent at `sent` by our clock. It told its time
// somewhere within the round trip. A slow answer says little: it moves the known offset only as far as it proves it
// wrong.
milliseconds offsetAfter(milliseconds known, UtcTime told, UtcTime sent, milliseconds roundTrip);

} // namespace tk::history
