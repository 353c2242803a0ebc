#include "ui/chart/sparkline.h"

#include "ui/chart/chart_brush.h"

#include <QPainter>

#include <algorithm>

namespace tk::ui {

Sparkline::Sparkline(const Theme &theme, QWidget *parent)
    : QWidget(parent)
    , m_theme(theme)
{
    connect(&theme, &Theme::changed, this, [this] { update(); });
}

void Sparkline::setPoints(std::vector<LinePoint> points, milliseconds longestStep)
{
    m_points = std::move(points);
    m_longestStep = longestStep;
    update();
}

void Sparkline::addPoint(const LinePoint &point)
{
    if (!m_points.empty() && point.time <= m_points.back().time)
        return;
    m_points.push_back(point);
    const auto young = [this](const LinePoint &each) { return each.time >= end() - m_span; };
    m_points.erase(m_points.begin(), std::find_if(m_points.begin(), m_points.end(), young));
    update();
}

void Sparkline::setBands(std::vector<Band> bands)
{
    m_bands = std::move(bands);
    update();
}

void Sparkline::setSpan(milliseconds span, UtcTime now)
{
    m_span = std::max(span, milliseconds(1));
    m_now = now;
    update();
}

void Sparkline::setFloor(std::optional<double> floor)
{
    m_floor = floor;
    update();
}

void Sparkline::setTone(Tone tone)
{
    m_tone = tone;
    update();
}

void Sparkline::setEmptyText(const QString &text)
{
    m_emptyText = text;
    update();
}

void Sparkline::setGrey(bool grey)
{
    m_grey = grey;
    update();
}

UtcTime Sparkline::end() const
{
    return m_points.empty() ? m_now : std::max(m_now, m_points.back().time);
}

QColor Sparkline::colour(const Palette &palette, Tone tone) const
{
    switch (tone) {
    case Tone::Accent:
        return palette.accent;
    case Tone::Live:
        return palette.live;
    case Tone::Late:
        return palette.late;
    case Tone::Stale:
        return palette.stale;
    case Tone::Quiet:
        return palette.quiet;
    }
    return palette.accent;
}

void Sparkline::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const Palette palette = m_grey ? greyed(m_theme.palette()) : m_theme.palette();
    const ChartBrush brush{painter, palette, devicePixelRatioF()};
    const QRectF area = QRectF(rect()).adjusted(1, 3, -3, -3);
    if (area.width() < 2 || area.height() < 2)
        return;
    const TimeScale time{double(toMs(end() - m_span)), double(m_span.count()) / area.width(), area.left(),
                         area.width()};
    for (const Band &band : m_bands) {
        const double left = std::max(time.x(double(toMs(band.from))), area.left());
        const double right = std::min(time.x(double(toMs(band.to))), area.right());
        QColor shade = colour(palette, band.tone);
        shade.setAlpha(palette.isDark ? 60 : 48);
        if (right > area.left() && left < area.right())
            painter.fillRect(QRectF(left, 0, std::max(1.0, right - left), height()), shade);
    }
    std::optional<PriceRange> range;
    for (const LinePoint &point : m_points) {
        if (point.time < end() - m_span)
            continue;
        const PriceRange one{point.value, point.value};
        range = range ? united(*range, one) : one;
    }
    if (!range) {
        painter.setPen(palette.secondaryText);
        painter.drawText(rect(), Qt::AlignCenter | Qt::TextWordWrap,
                         m_emptyText.isEmpty() ? tr("nothing measured yet") : m_emptyText);
        return;
    }
    if (m_floor)
        range->low = std::min(range->low, *m_floor);
    const PriceScale scale{padded(*range, 0), area.top(), area.bottom()};
    painter.setClipRect(area.adjusted(-1, -3, 3, 3));
    brush.line(m_points, unbrokenRuns(m_points, {}, m_longestStep), time, scale, colour(palette, m_tone), false);
    const LinePoint &newest = m_points.back();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour(palette, m_tone));
    painter.drawEllipse(QPointF(time.x(double(toMs(newest.time))), scale.y(newest.value)), 2, 2);
}

} // namespace tk::ui
