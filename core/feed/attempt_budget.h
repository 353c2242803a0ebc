// Connection attempts allowed in a sliding window, shared by all connections of an address (reference §2.3). Pure.
#pragma once

#include "base/time.h"

#include <deque>

namespace tk::feed {

class AttemptBudget
{
public:
    AttemptBudget(int attempts, milliseconds window)
        : m_attempts(size_t(attempts))
        , m_window(window)
    {}

    // Zero: attempt now (and it is counted). Otherwise how long to wait first.
    milliseconds take(MonotonicTime now)
    {
        while (!m_taken.empty() && now - m_taken.front() >= m_window)
            m_taken.pop_front();
        if (m_taken.size() < m_attempts) {
            m_taken.push_back(now);
            return milliseconds(0);
        }
        return std::chrono::ceil<milliseconds>(m_taken.front() + m_window - now);
    }

private:
    size_t m_attempts;
    milliseconds m_window;
    std::deque<MonotonicTime> m_taken;
};

} // namespace tk::feed
