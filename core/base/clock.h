// Where time comes from: injected everywhere, so that tests and drills decide how it runs. Thread-safe.
#pragma once

#include "base/time.h"

namespace tk {

class Clock
{
public:
    virtual ~Clock() = default;

    virtual UtcTime utcNow() const = 0;    // may jump; for labels and keys only
    virtual MonotonicTime now() const = 0; // never jumps; for every deadline

    // How long a QTimer has to be set for this clock to advance by `span`; never below one millisecond.
    virtual milliseconds timerDelay(milliseconds span) const = 0;

    // By how much this clock runs on while the machine pauses a thread for a moment, as every machine does. Whoever
    // takes a silence for evidence adds it: nothing for the system's clock, whole seconds for one that runs fast.
    virtual milliseconds pauseOfMachine() const { return milliseconds(0); }
};

class SystemClock final : public Clock
{
public:
    UtcTime utcNow() const override;
    MonotonicTime now() const override;
    milliseconds timerDelay(milliseconds span) const override;
};

// Runs `factor` times as fast as the system clock, both agreeing at `anchor`. Two processes with the same factor and
// anchor see the same time: how drills and the demo of fast time keep the engine and the simulator together.
class ScaledClock final : public Clock
{
public:
    ScaledClock(double factor, UtcTime anchor);

    UtcTime utcNow() const override;
    MonotonicTime now() const override;
    milliseconds timerDelay(milliseconds span) const override;
    milliseconds pauseOfMachine() const override;
    double factor() const { return m_factor; }

private:
    double m_factor;
    UtcTime m_anchor;
};

} // namespace tk
