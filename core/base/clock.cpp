#include "base/clock.h"

#include <algorithm>

namespace tk {

namespace {

std::chrono::nanoseconds steadyNow()
{
    return std::chrono::steady_clock::now().time_since_epoch();
}

std::chrono::microseconds systemNow()
{
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch());
}

} // namespace

UtcTime SystemClock::utcNow() const
{
    return UtcTime(std::chrono::duration_cast<milliseconds>(systemNow()));
}

MonotonicTime SystemClock::now() const
{
    return MonotonicTime(steadyNow());
}

milliseconds SystemClock::timerDelay(milliseconds span) const
{
    return std::max(span, milliseconds(1));
}

ScaledClock::ScaledClock(double factor, UtcTime anchor)
    : m_factor(factor)
    , m_anchor(anchor)
{}

UtcTime ScaledClock::utcNow() const
{
    const std::chrono::microseconds real = systemNow() - m_anchor.time_since_epoch();
    return m_anchor + milliseconds(qint64(double(real.count()) * m_factor / 1000.0));
}

MonotonicTime ScaledClock::now() const
{
    return MonotonicTime(std::chrono::nanoseconds(qint64(double(steadyNow().count()) * m_factor)));
}

milliseconds ScaledClock::timerDelay(milliseconds span) const
{
    return std::max(milliseconds(qint64(double(span.count()) / m_factor)), milliseconds(1));
}

milliseconds ScaledClock::pauseOfMachine() const
{
    constexpr double usual = 200; // ms
    return milliseconds(qint64(std::max(0.0, m_factor - 1) * usual));
}

} // namespace tk
