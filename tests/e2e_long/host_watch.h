// Notes when the machine itself did not let anybody run: on fast time a pause of a tenth of a second is ten seconds of
// silence, which an engine rightly reports.
#pragma once

#include "base/clock.h"
#include "market/records.h"

#include <QThread>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace tk::test {

class HostWatch final : public QThread
{
public:
    explicit HostWatch(const Clock &clock)
        : m_clock(&clock)
    {
        start(QThread::NormalPriority);
    }
    ~HostWatch() override
    {
        requestInterruption();
        wait();
    }

    static constexpr milliseconds worth{4'000}; // simulated: beyond it a pause is noted

    std::vector<TimeSpan> pauses() const
    {
        const std::scoped_lock lock(m_mutex);
        return m_pauses;
    }

protected:
    void run() override
    {
        UtcTime last = m_clock->utcNow();
        while (!isInterruptionRequested()) {
            QThread::msleep(5);
            const UtcTime now = m_clock->utcNow();
            if (now - last > worth) {
                const std::scoped_lock lock(m_mutex);
                m_pauses.push_back({last, now});
            }
            last = now;
        }
    }

private:
    const Clock *m_clock;
    mutable std::mutex m_mutex;
    std::vector<TimeSpan> m_pauses;
};

} // namespace tk::test
