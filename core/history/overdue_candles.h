// Candles that were asked for because no closed mark came. A pair without trades has none, and its empty candles are
// read over REST: that is nobody's fault. Where REST does not answer soon, nobody knows. Pure; history thread.
#pragma once

#include "market/gap.h"
#include "market/records.h"
#include "market/stream_span.h"

#include <vector>

namespace tk::history {

class OverdueCandles
{
public:
    void asked(const StreamKey &stream, const std::vector<TimeSpan> &candles, MonotonicTime now);
    void answered(const StreamKey &stream, TimeSpan span);

    // Those without an answer for too long, once.
    std::vector<StreamSpan> takeUnanswered(MonotonicTime now);

    // Those of the answer that were traded, collected by then, and are in no gap that is known: the exchange never
    // closed them by its own mark.
    static std::vector<TimeSpan> closesMissed(const StreamKey &stream, const std::vector<Candle> &answer,
                                              UtcTime collectedSince, const std::vector<Gap> &known);

private:
    struct Overdue
    {
        StreamKey stream;
        TimeSpan span;
        MonotonicTime since{};
    };

    std::vector<Overdue> m_overdue;
};

} // namespace tk::history
