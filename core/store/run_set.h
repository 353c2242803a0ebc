// A set of candle opens as runs: what is there of a series, small however long it grows. Pure.
#pragma once

#include "market/records.h"

#include <optional>
#include <vector>

namespace tk::store {

class RunSet
{
public:
    explicit RunSet(Timeframe timeframe)
        : m_timeframe(timeframe)
    {}

    // All times are on the timeframe's grid; a time beside it is ignored, since it fills nothing.
    void add(UtcTime open);
    void add(TimeSpan span);
    void remove(TimeSpan span);

    bool contains(UtcTime open) const;
    std::vector<TimeSpan> holes(TimeSpan within) const; // what is missing of the span, ascending
    std::vector<TimeSpan> within(TimeSpan span) const;  // what is there of the span, ascending
    qint64 count(TimeSpan span) const;
    qint64 count() const;

    bool isEmpty() const { return m_runs.empty(); }
    UtcTime first() const { return m_runs.front().from; } // of a set that is not empty
    UtcTime last() const { return previousCandleOpen(m_timeframe, m_runs.back().to); }
    const std::vector<TimeSpan> &runs() const { return m_runs; }
    Timeframe timeframe() const { return m_timeframe; }

private:
    Timeframe m_timeframe;
    std::vector<TimeSpan> m_runs; // ascending, never touching each other
};

} // namespace tk::store
