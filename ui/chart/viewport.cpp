#include "ui/chart/viewport.h"

#include <algorithm>

namespace tk::ui {

void Viewport::place(double left, double width)
{
    const double right = m_scale.toMs();
    const bool first = m_scale.width <= 0;
    m_scale.left = left;
    m_scale.width = std::max(1.0, width);
    if (!hasData())
        return;
    if (first) {
        reset();
        return;
    }
    m_scale.from_ms = right - m_scale.spanMs();
    if (m_following)
        followNewest();
    else
        clamp();
}

void Viewport::setData(double firstMs, double endMs, double slotMs)
{
    const bool first = !hasData();
    m_firstMs = firstMs;
    m_endMs = endMs;
    m_slotMs = slotMs;
    if (first)
        reset();
    else if (m_following)
        followNewest();
}

void Viewport::clear()
{
    m_firstMs = 0;
    m_endMs = 0;
    m_following = true;
}

void Viewport::zoom(double factor, double px)
{
    if (!hasData() || factor <= 0)
        return;
    const bool followed = m_following;
    const double ms = m_scale.ms(px);
    setZoom(m_scale.ms_per_px / factor);
    m_scale.from_ms = ms - (px - m_scale.left) * m_scale.ms_per_px;
    clamp();
    judgeFollowing();
    if (followed && m_following)
        followNewest(); // the newest candle stays at its place instead of leaving room behind it
}

void Viewport::pan(double px)
{
    panMs(-px * m_scale.ms_per_px);
}

void Viewport::panMs(double ms)
{
    if (!hasData())
        return;
    m_scale.from_ms += ms;
    clamp();
    judgeFollowing();
}

void Viewport::followNewest()
{
    m_following = true;
    m_scale.from_ms = followedEnd() - m_scale.spanMs();
}

void Viewport::reset()
{
    setZoom(m_slotMs / InitialSlotPx);
    followNewest();
}

void Viewport::goToOldest()
{
    if (!hasData())
        return;
    m_scale.from_ms = m_firstMs - m_scale.spanMs() * FollowMargin;
    clamp();
    judgeFollowing();
}

void Viewport::show(double fromMs, double toMs)
{
    if (!hasData() || toMs <= fromMs)
        return;
    setZoom((toMs - fromMs) / m_scale.width);
    m_scale.from_ms = (fromMs + toMs) / 2 - m_scale.spanMs() / 2;
    clamp();
    judgeFollowing();
}

void Viewport::setZoom(double msPerPx)
{
    const double closest = m_slotMs / WidestSlotPx;
    // All there is, and some room; of little data, as much as fits a screen.
    const double all = std::max((m_endMs - m_firstMs) * 1.1, m_slotMs * 60) / m_scale.width;
    const double farthest = std::max(all, m_slotMs / InitialSlotPx);
    m_scale.ms_per_px = std::clamp(msPerPx, closest, std::max(closest, farthest));
}

// A third of the view may be empty beyond either end of the data, and no more.
void Viewport::clamp()
{
    const double span = m_scale.spanMs();
    const double earliest = std::min(m_firstMs - span / 3, followedEnd() - span);
    const double latest = m_endMs - span * 2 / 3;
    m_scale.from_ms = std::clamp(m_scale.from_ms, earliest, std::max(earliest, latest));
}

void Viewport::judgeFollowing()
{
    // To half a pixel: what was followed and not moved still is.
    m_following = m_scale.toMs() >= followedEnd() - m_scale.ms_per_px / 2;
}

} // namespace tk::ui
