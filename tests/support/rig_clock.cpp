#include "rig_clock.h"

namespace tk::test {

namespace {

using namespace std::chrono_literals;

constexpr auto pulse = 2ms;
constexpr std::chrono::nanoseconds longestStep = 40ms; // between two looks: the rest was a halt

} // namespace

RigClock::RigClock(double factor)
    : m_begin(SystemClock().utcNow())
    , m_scaled(factor, m_begin)
    , m_seen(std::chrono::steady_clock::now())
    , m_pulse([this] {
        std::unique_lock lock(m_mutex);
        while (!m_wake.wait_for(lock, pulse, [this] { return m_ends; })) {
            lock.unlock();
            elapsed();
            lock.lock();
        }
    })
{}

RigClock::~RigClock()
{
    {
        const std::scoped_lock lock(m_mutex);
        m_ends = true;
    }
    m_wake.notify_all();
    m_pulse.join();
}

std::chrono::nanoseconds RigClock::elapsed() const
{
    const std::scoped_lock lock(m_mutex);
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::nanoseconds step = now - m_seen;
    m_seen = now;
    m_run += std::min(step, longestStep);
    m_stood += std::max(step - longestStep, 0ns);
    return std::chrono::nanoseconds(qint64(double(m_run.count()) * m_scaled.factor()));
}

UtcTime RigClock::utcNow() const
{
    return m_begin + std::chrono::duration_cast<milliseconds>(elapsed());
}

MonotonicTime RigClock::now() const
{
    return MonotonicTime(1h + elapsed());
}

milliseconds RigClock::stood() const
{
    const std::scoped_lock lock(m_mutex);
    return std::chrono::duration_cast<milliseconds>(m_stood);
}

} // namespace tk::test
