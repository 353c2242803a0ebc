// Which candles of one series have been closed by the exchange's own mark, and which are overdue. Pure. A closed frame
// can be missing or 24 s late: beyond the deadline the candle is read over REST, never guessed (reference §2.5).
#pragma once

#include "market/records.h"

#include <optional>
#include <vector>

namespace tk::feed {

class CloseWatch
{
public:
    CloseWatch(Timeframe timeframe, UtcTime start); // the candle that forms at `start` is the first one expected

    // A final candle arrived. False: it had arrived before (an overlap of two connections, or a repeated frame).
    bool closed(UtcTime open);

    // Spans of candles whose end is longer ago than `grace` and which were not closed; each is told once.
    std::vector<TimeSpan> overdue(UtcTime now, milliseconds grace);

private:
    Timeframe m_timeframe;
    UtcTime m_next;                // first open not yet resolved (closed, or told as overdue)
    std::vector<UtcTime> m_closed; // closed ones at or behind m_next, ascending
    std::vector<UtcTime> m_recent; // the newest closed ones before m_next, to tell repeats
};

} // namespace tk::feed
