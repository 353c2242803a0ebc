// Our clock beside the event times of an exchange's frames. One frame may be late, or odd; where every frame of all its
// streams lies on the same side for seconds, one of the two clocks is off, and what is dated by either is in doubt.
// Pure; feed thread.
#pragma once

#include "base/time.h"

#include <algorithm>

namespace tk::feed {

class EventClock
{
public:
    // `slack`: of our clock, see Clock::pauseOfMachine(); by so much more a frame may come late.
    explicit EventClock(milliseconds slack)
        : m_late(lateFrom + slack)
    {}

    void frame(UtcTime event, UtcTime utc)
    {
        const milliseconds ahead = event - utc;
        m_least = m_frames == 0 ? ahead : std::min(m_least, ahead);
        m_most = m_frames == 0 ? ahead : std::max(m_most, ahead);
        ++m_frames;
    }

    // About once a second. True when what follows changed: they began to differ, or agree again.
    bool judge(UtcTime utc, MonotonicTime now);

    // By how much the frames are ahead of our clock (negative: behind it), as little as any frame says; 0: they agree.
    milliseconds offset() const { return m_offset; }
    UtcTime since() const { return m_since; } // 0: they agree

    // The same once it has lasted for so long that it is our clock that has to be mended, and the exchange's that its
    // data goes by; 0 before: who knows whose is wrong.
    milliseconds lastingOffset(MonotonicTime now) const
    {
        return m_offset.count() != 0 && now - m_differsFrom >= trustAfter ? m_offset : milliseconds(0);
    }

    static constexpr milliseconds aheadFrom{3'000}; // nothing arrives before it was sent
    static constexpr milliseconds lateFrom{5'000};  // much does some time after
    static constexpr milliseconds trustAfter{120'000};

private:
    static constexpr milliseconds window{3'000};
    static constexpr int fewFrames = 3; // of which nothing follows

    const milliseconds m_late;
    MonotonicTime m_windowFrom{};
    int m_frames = 0; // of this window
    milliseconds m_least{0};
    milliseconds m_most{0};
    milliseconds m_offset{0};
    UtcTime m_since{};
    MonotonicTime m_differsFrom{};
};

} // namespace tk::feed
