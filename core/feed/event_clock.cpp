#include "feed/event_clock.h"

#include <utility>

namespace tk::feed {

bool EventClock::judge(UtcTime utc, MonotonicTime now)
{
    if (now - m_windowFrom < window)
        return false;
    m_windowFrom = now;
    if (std::exchange(m_frames, 0) < fewFrames)
        return false;
    const milliseconds before = m_offset;
    m_offset = m_least >= aheadFrom ? m_least : m_most <= -m_late ? m_most : milliseconds(0);
    if ((before.count() != 0) == (m_offset.count() != 0))
        return false;
    const bool differs = m_offset.count() != 0;
    m_since = differs ? utc : UtcTime{};
    m_differsFrom = now;
    return true;
}

} // namespace tk::feed
