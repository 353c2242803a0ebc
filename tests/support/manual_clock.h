// A clock that moves only when a test says so. Thread-safe.
#pragma once

#include "base/clock.h"

#include <atomic>

namespace tk::test {

class ManualClock final : public Clock
{
public:
    explicit ManualClock(UtcTime start = fromMs(1'795'168'800'000)) // 2026-11-20T10:00:00Z
        : m_utcMs(toMs(start))
    {}

    UtcTime utcNow() const override { return fromMs(m_utcMs); }
    MonotonicTime now() const override { return MonotonicTime(std::chrono::nanoseconds(m_steadyNs)); }
    milliseconds timerDelay(milliseconds span) const override { return span; }

    void advance(milliseconds span)
    {
        m_utcMs += span.count();
        m_steadyNs += std::chrono::nanoseconds(span).count();
    }
    void jumpUtc(milliseconds span) { m_utcMs += span.count(); } // somebody set the clock, or the machine slept

private:
    std::atomic<qint64> m_utcMs;
    std::atomic<qint64> m_steadyNs{1'000'000'000'000};
};

} // namespace tk::test
