#include "store/run_set.h"

#include <algorithm>

namespace tk::store {

void RunSet::add(UtcTime open)
{
    if (candleOpen(m_timeframe, open) == open)
        add(TimeSpan{open, nextCandleOpen(m_timeframe, open)});
}

void RunSet::add(TimeSpan span)
{
    if (span.from >= span.to)
        return;
    if (!m_runs.empty() && m_runs.back().to == span.from) { // the usual way of a live series
        m_runs.back().to = span.to;
        return;
    }
    // Everything that touches the span melts into it.
    const auto first = std::ranges::lower_bound(m_runs, span.from, {}, &TimeSpan::to);
    auto last = first;
    for (; last != m_runs.end() && last->from <= span.to; ++last) {
        span.from = std::min(span.from, last->from);
        span.to = std::max(span.to, last->to);
    }
    m_runs.insert(m_runs.erase(first, last), span);
}

void RunSet::remove(TimeSpan span)
{
    if (span.from >= span.to)
        return;
    const auto first = std::ranges::upper_bound(m_runs, span.from, {}, &TimeSpan::to);
    auto last = first;
    std::vector<TimeSpan> rest;
    for (; last != m_runs.end() && last->from < span.to; ++last) {
        if (last->from < span.from)
            rest.push_back({last->from, span.from});
        if (last->to > span.to)
            rest.push_back({span.to, last->to});
    }
    m_runs.insert(m_runs.erase(first, last), rest.begin(), rest.end());
}

bool RunSet::contains(UtcTime open) const
{
    const auto run = std::ranges::upper_bound(m_runs, open, {}, &TimeSpan::to);
    return run != m_runs.end() && run->from <= open;
}

std::vector<TimeSpan> RunSet::within(TimeSpan span) const
{
    std::vector<TimeSpan> found;
    for (auto run = std::ranges::upper_bound(m_runs, span.from, {}, &TimeSpan::to);
         run != m_runs.end() && run->from < span.to; ++run)
        found.push_back({std::max(run->from, span.from), std::min(run->to, span.to)});
    return found;
}

std::vector<TimeSpan> RunSet::holes(TimeSpan span) const
{
    std::vector<TimeSpan> holes;
    UtcTime expected = span.from;
    for (const TimeSpan &run : within(span)) {
        if (run.from > expected)
            holes.push_back({expected, run.from});
        expected = run.to;
    }
    if (expected < span.to)
        holes.push_back({expected, span.to});
    return holes;
}

qint64 RunSet::count(TimeSpan span) const
{
    qint64 count = 0;
    for (const TimeSpan &run : within(span))
        count += candlesBetween(m_timeframe, run.from, run.to);
    return count;
}

qint64 RunSet::count() const
{
    qint64 count = 0;
    for (const TimeSpan &run : m_runs)
        count += candlesBetween(m_timeframe, run.from, run.to);
    return count;
}

} // namespace tk::store
