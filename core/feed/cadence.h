// How often a stream usually moves, learned from its own frames: what its silence is measured by. Pure; feed thread.
//
// A stream is *busy* when every ten seconds of the last half minute brought several frames, and *liquid* when every
// half minute of the last three minutes brought one. For such a stream a silence of many times its usual pause is no
// chance any more: it has to be explained, by proof that nothing was traded or by calling the stream stale. Everything
// else is *thin*: its silence tells nothing by itself.
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
        if (window != m_window)
            roll(window);
        ++m_counts[0];
    }

    // The stream was asked for anew: the time in which it could not move teaches nothing.
    void resume(MonotonicTime now)
    {
        if (m_window >= 0)
            m_window = now.time_since_epoch() / windowLength;
    }

    Pace pace() const { return m_pace; }

    // Between two frames over the last half minute; zero for a thin stream.
    milliseconds usualPause() const;

private:
    static constexpr milliseconds windowLength{10'000};
    static constexpr size_t windows = 19; // the one that runs, and three minutes

    void roll(qint64 window);

    std::array<quint16, windows> m_counts{}; // newest first
    qint64 m_window = -1;
    Pace m_pace = Pace::Thin;
};

} // namespace tk::feed
