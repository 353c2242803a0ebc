// Exponential backoff with full jitter: spreads reconnects, grows to a cap, never gives up.
#pragma once

#include "base/time.h"

#include <algorithm>
#include <random>

namespace tk {

class Backoff
{
public:
    Backoff(milliseconds first, milliseconds cap, quint64 seed)
        : m_first(first)
        , m_cap(cap)
        , m_random(seed)
    {}

    // The wait before the next attempt: uniform between zero and the present ceiling, which then doubles.
    milliseconds next()
    {
        const qint64 ceiling = std::min<qint64>(m_cap.count(), m_first.count() << std::min(m_failures, 20));
        ++m_failures;
        return milliseconds(std::uniform_int_distribution<qint64>(ceiling / 10, ceiling)(m_random));
    }

    int failures() const { return m_failures; }
    void reset() { m_failures = 0; }

private:
    milliseconds m_first;
    milliseconds m_cap;
    int m_failures = 0;
    std::mt19937_64 m_random;
};

} // namespace tk
