// How long the GUI thread computes at once between two waits for events, in its own CPU time: a machine that is busy
// with something else does not count.
#pragma once

#include <QAbstractEventDispatcher>
#include <QObject>

#include <algorithm>
#include <chrono>
#include <ctime>

namespace tk::test {

class StallWatch : public QObject
{
public:
    StallWatch()
        : m_since(now())
    {
        QAbstractEventDispatcher *dispatcher = QAbstractEventDispatcher::instance();
        // Between two turns of the loop everything that happens is one slice.
        connect(dispatcher, &QAbstractEventDispatcher::awake, this, [this] { slice(); });
        connect(dispatcher, &QAbstractEventDispatcher::aboutToBlock, this, [this] { slice(); });
    }

    std::chrono::microseconds longest() const { return m_longest; }
    int slices() const { return m_slices; }

private:
    static std::chrono::microseconds now()
    {
        timespec time{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return std::chrono::microseconds(qint64(time.tv_sec) * 1'000'000 + time.tv_nsec / 1'000);
    }

    void slice()
    {
        const auto at = now();
        m_longest = std::max(m_longest, at - m_since);
        m_since = at;
        ++m_slices;
    }

    std::chrono::microseconds m_since;
    std::chrono::microseconds m_longest{0};
    int m_slices = 0;
};

} // namespace tk::test
