// A fast clock for an engine and its exchange that live in one process: it stands still while the process does, so that
// a machine that takes the processor away for a second does not hand everything under test twenty seconds of silence.
// Runs otherwise like ScaledClock. Thread-safe; not for two processes, whose clocks would drift apart.
#pragma once

#include "base/clock.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace tk::test {

class RigClock final : public Clock
{
public:
    explicit RigClock(double factor);
    ~RigClock() override;
    RigClock(const RigClock &) = delete;
    RigClock &operator=(const RigClock &) = delete;

    UtcTime utcNow() const override;
    MonotonicTime now() const override;
    milliseconds timerDelay(milliseconds span) const override { return m_scaled.timerDelay(span); }
    milliseconds pauseOfMachine() const override { return m_scaled.pauseOfMachine(); }
    // Real time in which the process stood still, and the clock with it.
    milliseconds stood() const;

private:
    std::chrono::nanoseconds elapsed() const; // of the clock's own, since it was made

    const UtcTime m_begin;
    const ScaledClock m_scaled;
    mutable std::mutex m_mutex; // guards what follows
    mutable std::chrono::steady_clock::time_point m_seen;
    mutable std::chrono::nanoseconds m_run{0};
    mutable std::chrono::nanoseconds m_stood{0};
    bool m_ends = false;
    std::condition_variable m_wake;
    std::thread m_pulse; // looks at the clock so often that only a halt of the whole process lets it be unseen
};

} // namespace tk::test
