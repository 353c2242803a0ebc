// How often one cause may be told: a few times, then once a minute, however often it comes and goes. A line a second
// helps nobody, and fills the disk that the data needs. Not thread safe.
#pragma once

#include "base/time.h"

#include <QString>

#include <deque>
#include <utility>

namespace tk {

class TellLimit
{
public:
    explicit TellLimit(size_t most = 4, milliseconds within = std::chrono::minutes(1))
        : m_most(most)
        , m_within(within)
    {}

    // Whether this may be told now; counts it if not.
    bool allow(MonotonicTime now)
    {
        while (!m_told.empty() && now - m_told.front() >= m_within)
            m_told.pop_front();
        if (m_told.size() >= m_most) {
            ++m_untold;
            return false;
        }
        m_told.push_back(now);
        return true;
    }

    // What was not told since this was asked last: " (and 12 more like it)", or nothing.
    QString untold()
    {
        const qint64 count = std::exchange(m_untold, 0);
        return count == 0 ? QString() : QStringLiteral(" (and %1 more like it meanwhile)").arg(count);
    }

private:
    size_t m_most;
    milliseconds m_within;
    std::deque<MonotonicTime> m_told;
    qint64 m_untold = 0;
};

} // namespace tk
