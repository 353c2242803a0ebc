// A bounded, counted queue between threads, with one coalesced wake-up per drain. Its bound is each source's own: who
// floods it takes no room from another. Thread-safe.
#pragma once

#include <QMutex>
#include <QMutexLocker>

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace tk {

template <typename T>
class BoundedQueue
{
public:
    struct Counts
    {
        quint64 accepted = 0;
        quint64 refused = 0;
        size_t waiting = 0;
        size_t weight = 0; // of what waits, as its pushes said
        size_t highWater = 0;
    };

    explicit BoundedQueue(size_t capacity) // items of one source
        : m_capacity(capacity)
    {}

    // Called by the producer's thread when the queue stops being empty; typically posts a queued call.
    void setWakeUp(std::function<void()> wakeUp)
    {
        const QMutexLocker lock(&m_mutex);
        m_wakeUp = std::move(wakeUp);
    }

    // False, and counted, when the source's room is full: the caller keeps the item and decides what that means.
    // Sources are numbered from 0, without large holes.
    [[nodiscard]] bool push(T &&item, size_t weight = 1, int source = 0)
    {
        std::function<void()> wakeUp;
        {
            const QMutexLocker lock(&m_mutex);
            if (size_t(source) >= m_sources.size())
                m_sources.resize(size_t(source) + 1);
            Share &share = m_sources[size_t(source)];
            if (share.waiting >= m_capacity) {
                ++m_counts.refused;
                return false;
            }
            ++share.waiting;
            share.weight += weight;
            if (m_items.empty())
                wakeUp = m_wakeUp;
            m_items.push_back(std::move(item));
            m_counts.weight += weight;
            ++m_counts.accepted;
            m_counts.highWater = std::max(m_counts.highWater, m_items.size());
        }
        if (wakeUp)
            wakeUp();
        return true;
    }

    std::vector<T> takeAll()
    {
        const QMutexLocker lock(&m_mutex);
        m_counts.weight = 0;
        m_sources.assign(m_sources.size(), Share{});
        return std::exchange(m_items, {});
    }

    Counts counts() const
    {
        const QMutexLocker lock(&m_mutex);
        Counts counts = m_counts;
        counts.waiting = m_items.size();
        return counts;
    }

    // Of what waits, from one source.
    size_t weightOf(int source) const
    {
        const QMutexLocker lock(&m_mutex);
        return size_t(source) < m_sources.size() ? m_sources[size_t(source)].weight : 0;
    }

private:
    struct Share // of one source, in what waits
    {
        size_t waiting = 0;
        size_t weight = 0;
    };

    const size_t m_capacity;
    mutable QMutex m_mutex;
    std::vector<T> m_items;
    std::vector<Share> m_sources;
    Counts m_counts;
    std::function<void()> m_wakeUp;
};

} // namespace tk
