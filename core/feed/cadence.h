// How often a stream usually moves, learned from its own frames: what its silence is measured by. Pure; feed thread.
//
// A stream is *busy* when every ten seconds of the last half minute brought several frames, and *liquid* when every
// half minute of the last three minutes brought one. For such a stream a silence of many times its usual pause is no
// chance any more: it has to be explained, by proof that nothing was traded or by calling the stream stale. Everything
// else is *thin*: its silence tells nothing by itself.
// A stream that has not lived for that half minute yet is busy as soon as every four seconds of the last twelve brought
// several frames, counted from its first one. A thin pair that began with a burst is taken for one until its next
// frame.
#pragma once

#include "base/time.h"

#include <QtGlobal>

#include <array>

namespace tk::feed {

enum class Pace : quint8 { Thin, Liquid, Busy };

class Cadence
{
public:
    // A frame came. Silence before it is part of what is learned.
    void moved(MonotonicTime now)
    {
        const qint64 window = now.time_since_epoch() / windowLength;
        if (m_window < 0)
            m_first = now;
        const qint64 slice = sliceAt(now);
        if (window != m_window || slice != m_slice) {
            roll(window, slice);
            judge(now);
        }
        ++m_counts[0];
        ++m_slices[0];
    }

    // The stream was asked for anew: the time in which it could not move teaches nothing.
    void resume(MonotonicTime now)
    {
        if (m_window < 0)
            return;
        m_window = now.time_since_epoch() / windowLength;
        m_slice = sliceAt(now);
    }

    Pace pace() const { return m_pace; }

    // Between two frames over the last half minute, or over what a young stream was judged by; zero for a thin one.
    milliseconds usualPause() const { return m_usualPause; }

private:
    static constexpr milliseconds windowLength{10'000};
    static constexpr size_t windows = 19; // the one that runs, and three minutes
    static constexpr milliseconds sliceLength{4'000};
    static constexpr size_t slices = 4;          // the one that runs, and twelve seconds
    static constexpr milliseconds youth{40'000}; // then three whole windows lie behind its first frame

    // Since the first frame; it stands still once the stream is not young any more.
    qint64 sliceAt(MonotonicTime now) const
    {
        const auto age = std::chrono::duration_cast<milliseconds>(now - m_first);
        return age < youth ? age / sliceLength : youth / sliceLength;
    }
    void roll(qint64 window, qint64 slice);
    void judge(MonotonicTime now);

    std::array<quint16, windows> m_counts{}; // newest first
    std::array<quint16, slices> m_slices{};  // the same
    MonotonicTime m_first{};
    qint64 m_window = -1;
    qint64 m_slice = 0;
    Pace m_pace = Pace::Thin;
    milliseconds m_usualPause{0};
};

} // namespace tk::feed
