// What part of time a chart shows: zoom about a point, pan, stay near the data, follow the newest candle. Pure.
#pragma once

#include "ui/chart/time_scale.h"

namespace tk::ui {

class Viewport
{
public:
    static constexpr double InitialSlotPx = 8;   // a candle and the space beside it
    static constexpr double WidestSlotPx = 96;   // what zooming in ends at
    static constexpr double FollowMargin = 0.03; // of the width, free behind the newest candle

    // Where the plot lies. The right end stays where it is.
    void place(double left, double width);

    // What there is: the oldest opening, the end of the newest candle, the length of one. Following, the view moves on.
    void setData(double firstMs, double endMs, double slotMs);
    void clear();

    // 2 shows half as much. The moment under `px` stays there.
    void zoom(double factor, double px);
    void pan(double px); // positive: towards the past, as the mouse drags it
    void panMs(double ms);
    void followNewest();
    void reset(); // follow at the usual zoom
    void goToOldest();
    void show(double fromMs, double toMs);

    bool hasData() const { return m_endMs > m_firstMs; }
    bool isFollowing() const { return m_following; }
    const TimeScale &scale() const { return m_scale; }
    double slotPx() const { return m_slotMs / m_scale.ms_per_px; }
    double firstMs() const { return m_firstMs; }
    double endMs() const { return m_endMs; }

    // The left end is so near the oldest candle that older ones should be asked for.
    bool wantsOlder() const { return hasData() && m_scale.from_ms < m_firstMs + m_scale.spanMs() * 0.25; }

private:
    double followedEnd() const { return m_endMs + m_scale.spanMs() * FollowMargin; }
    void setZoom(double msPerPx);
    void clamp();
    void judgeFollowing();

    TimeScale m_scale;
    double m_firstMs = 0;
    double m_endMs = 0;
    double m_slotMs = 60'000;
    bool m_following = true;
};

} // namespace tk::ui
