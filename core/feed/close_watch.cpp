#include "feed/close_watch.h"

#include <algorithm>

namespace tk::feed {

namespace {

constexpr size_t rememberedCloses = 8;

} // namespace

CloseWatch::CloseWatch(Timeframe timeframe, UtcTime start)
    : m_timeframe(timeframe)
    , m_next(candleOpen(timeframe, start))
{}

bool CloseWatch::closed(UtcTime open)
{
    if (std::ranges::find(m_recent, open) != m_recent.end())
        return false;
    m_recent.push_back(open);
    if (m_recent.size() > rememberedCloses)
        m_recent.erase(m_recent.begin());
    if (open < m_next)
        return true; // late, already asked for over REST: the store keeps whichever is better
    m_closed.insert(std::ranges::upper_bound(m_closed, open), open);
    while (!m_closed.empty() && m_closed.front() == m_next) {
        m_closed.erase(m_closed.begin());
        m_next = nextCandleOpen(m_timeframe, m_next);
    }
    return true;
}

std::vector<TimeSpan> CloseWatch::overdue(UtcTime now, milliseconds grace)
{
    std::vector<TimeSpan> spans;
    const UtcTime limit = now - grace;
    // The end of the overdue part: the first candle that has not ended before the limit. No loop over candles, since a
    // clock jump can put years between.
    const UtcTime end = candleOpen(m_timeframe, limit);
    while (m_next < end) {
        const UtcTime until = m_closed.empty() ? end : std::min(end, m_closed.front());
        if (until > m_next)
            spans.push_back({m_next, until});
        m_next = until;
        while (!m_closed.empty() && m_closed.front() == m_next) {
            m_closed.erase(m_closed.begin());
            m_next = nextCandleOpen(m_timeframe, m_next);
        }
    }
    return spans;
}

} // namespace tk::feed
