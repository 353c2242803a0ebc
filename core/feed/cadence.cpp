#include "feed/cadence.h"

#include <algorithm>
#include <numeric>

namespace tk::feed {

namespace {

constexpr quint16 busyFrames = 6;    // in each window of ten seconds ...
constexpr size_t busyWindows = 3;    // ... of the last half minute
constexpr size_t liquidWindows = 18; // a frame in every three of them
constexpr quint16 busySlice = 3;     // frames in each slice of a young stream

template <size_t count>
void shift(std::array<quint16, count> &counts, qint64 passed)
{
    const size_t places = size_t(std::clamp<qint64>(passed, 0, qint64(count)));
    std::shift_right(counts.begin(), counts.end(), qint64(places));
    std::fill_n(counts.begin(), places, quint16(0));
}

} // namespace

void Cadence::roll(qint64 window, qint64 slice)
{
    shift(m_counts, m_window < 0 ? 1 : window - m_window);
    shift(m_slices, slice - m_slice);
    m_window = window;
    m_slice = slice;
}

void Cadence::judge(MonotonicTime now)
{
    const auto whole = m_counts.begin() + 1; // the running window is not over yet
    const auto slice = m_slices.begin() + 1; // nor is the running slice
    const bool busy = std::all_of(whole, whole + busyWindows, [](quint16 count) { return count >= busyFrames; });
    const bool youngAndBusy =
        now - m_first < youth && std::all_of(slice, m_slices.end(), [](quint16 count) { return count >= busySlice; });
    bool liquid = true;
    for (size_t first = 0; first < liquidWindows && liquid; first += 3)
        liquid = std::any_of(whole + first, whole + first + 3, [](quint16 count) { return count > 0; });
    m_pace = busy || youngAndBusy ? Pace::Busy : liquid ? Pace::Liquid : Pace::Thin;
    const int frames = busy || !youngAndBusy ? std::accumulate(whole, whole + busyWindows, 0)
                                             : std::accumulate(slice, m_slices.end(), 0);
    const milliseconds span =
        busy || !youngAndBusy ? windowLength * qint64(busyWindows) : sliceLength * qint64(slices - 1);
    m_usualPause = m_pace == Pace::Thin || frames == 0 ? milliseconds(0) : span / frames;
}

} // namespace tk::feed
