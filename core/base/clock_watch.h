// Finds what timers cannot see: a machine that slept and a wall clock that was set. Pure.
#pragma once

#include "base/clock.h"

#include <optional>

namespace tk {

class ClockWatch
{
public:
    ClockWatch(UtcTime utc, MonotonicTime now)
        : m_utc(utc)
        , m_now(now)
    {}

    // How far UTC ran ahead of (or behind) the monotonic clock since the last call; nothing below the tolerance.
    std::optional<milliseconds> jump(UtcTime utc, MonotonicTime now, milliseconds tolerance)
    {
        const milliseconds drift = (utc - m_utc) - std::chrono::duration_cast<milliseconds>(now - m_now);
        m_utc = utc;
        m_now = now;
        if (drift > tolerance || drift < -tolerance)
            return drift;
        return {};
    }

private:
    UtcTime m_utc;
    MonotonicTime m_now;
};

} // namespace tk
