#include "feed/cadence.h"

#include <algorithm>
#include <numeric>

namespace tk::feed {

namespace {

constexpr quint16 busyFrames = 6;    // in each window of ten seconds ...
constexpr size_t busyWindows = 3;    // ... of the last half minute
constexpr size_t liquidWindows = 18; // a frame in every three of them

} // namespace

void Cadence::roll(qint64 window)
{
    const qint64 passed = m_window < 0 ? 1 : window - m_window;
    const size_t shift = size_t(std::clamp<qint64>(passed, 1, qint64(windows)));
    std::shift_right(m_counts.begin(), m_counts.end(), qint64(shift));
    std::fill_n(m_counts.begin(), shift, quint16(0));
    m_window = window;
    const auto whole = m_counts.begin() + 1; // the running window is not over yet
    const bool busy = std::all_of(whole, whole + busyWindows, [](quint16 count) { return count >= busyFrames; });
    bool liquid = true;
    for (size_t first = 0; first < liquidWindows && liquid; first += 3)
        liquid = std::any_of(whole + first, whole + first + 3, [](quint16 count) { return count > 0; });
    m_pace = busy ? Pace::Busy : liquid ? Pace::Liquid : Pace::Thin;
}

milliseconds Cadence::usualPause() const
{
    const int frames = std::accumulate(m_counts.begin() + 1, m_counts.begin() + 1 + busyWindows, 0);
    if (m_pace == Pace::Thin || frames == 0)
        return milliseconds(0);
    return milliseconds(windowLength.count() * qint64(busyWindows) / frames);
}

} // namespace tk::feed
