#include "ui/chart/chart_brush.h"

#include "ui/chart/line_path.h"
#include "ui/support/state_mark.h"

#include <QFontMetricsF>
#include <QList>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace tk::ui {

namespace {

QRect toDevice(const QRectF &rect, double ratio)
{
    const auto at = [ratio](double value) { return int(std::lround(value * ratio)); };
    return {QPoint(at(rect.left()), at(rect.top())), QPoint(at(rect.right()) - 1, at(rect.bottom()) - 1)};
}

} // namespace

DevicePixels::DevicePixels(QPainter &painter, double ratio)
    : m_painter(painter)
{
    m_painter.save();
    m_painter.scale(1 / ratio, 1 / ratio);
    m_painter.setRenderHint(QPainter::Antialiasing, false);
}

DevicePixels::~DevicePixels()
{
    m_painter.restore();
}

Palette greyed(const Palette &palette)
{
    Palette grey = palette;
    const auto shade = [&](double opacity) { return mixed(palette.panel, palette.secondaryText, opacity); };
    grey.text = palette.secondaryText;
    grey.accent = grey.live = grey.late = grey.stale = grey.silent = palette.quiet;
    grey.candleUp = shade(0.45);
    grey.candleDown = shade(0.65);
    grey.volumeUp = shade(0.18);
    grey.volumeDown = shade(0.26);
    grey.gapLine = palette.quiet;
    grey.gapShade = palette.waitingShade;
    return grey;
}

int ChartBrush::hairline() const
{
    return std::max(1, int(std::floor(ratio)));
}

void ChartBrush::horizontal(double y, double left, double right, const QColor &colour, bool dashed) const
{
    const DevicePixels device(painter, ratio);
    const int at = int(std::floor(y * ratio));
    const int from = int(std::lround(left * ratio));
    const int to = int(std::lround(right * ratio));
    const int width = hairline();
    if (!dashed) {
        painter.fillRect(QRect(from, at, to - from, width), colour);
        return;
    }
    QPen pen(colour, width, Qt::CustomDashLine, Qt::FlatCap);
    pen.setDashPattern({3, 3});
    painter.setPen(pen);
    painter.drawLine(QLineF(from, at + width / 2.0, to, at + width / 2.0));
}

void ChartBrush::vertical(double x, double top, double bottom, const QColor &colour, bool dashed) const
{
    const DevicePixels device(painter, ratio);
    const int at = int(std::floor(x * ratio));
    const int from = int(std::lround(top * ratio));
    const int to = int(std::lround(bottom * ratio));
    const int width = hairline();
    if (!dashed) {
        painter.fillRect(QRect(at, from, width, to - from), colour);
        return;
    }
    QPen pen(colour, width, Qt::CustomDashLine, Qt::FlatCap);
    pen.setDashPattern({3, 3});
    painter.setPen(pen);
    painter.drawLine(QLineF(at + width / 2.0, from, at + width / 2.0, to));
}

void ChartBrush::candles(const std::vector<CandleShape> &shapes, const QRectF &clip) const
{
    const DevicePixels device(painter, ratio);
    painter.setClipRect(toDevice(clip, ratio), Qt::IntersectClip);
    painter.setPen(Qt::NoPen);
    QList<QRect> rects;
    rects.reserve(qsizetype(shapes.size()) * 2);
    for (const bool up : {true, false}) {
        rects.clear();
        for (const CandleShape &shape : shapes) {
            if (shape.up != up)
                continue;
            rects.append(
                QRect(shape.wick_left, shape.high, shape.wick_right - shape.wick_left, shape.low - shape.high));
            if (shape.right - shape.left > shape.wick_right - shape.wick_left)
                rects.append(
                    QRect(shape.left, shape.body_top, shape.right - shape.left, shape.body_bottom - shape.body_top));
        }
        painter.setBrush(up ? palette.candleUp : palette.candleDown);
        painter.drawRects(rects);
    }
}

void ChartBrush::volumes(const std::vector<CandleShape> &shapes, double largest, const ChartFrame &frame) const
{
    if (!(largest > 0) || frame.volume_top >= frame.plot.bottom())
        return;
    const DevicePixels device(painter, ratio);
    painter.setClipRect(toDevice(frame.plot, ratio), Qt::IntersectClip);
    painter.setPen(Qt::NoPen);
    const int foot = int(std::lround(frame.plot.bottom() * ratio));
    const double height = (frame.plot.bottom() - frame.volume_top) * ratio;
    QList<QRect> rects;
    rects.reserve(qsizetype(shapes.size()));
    for (const bool up : {true, false}) {
        rects.clear();
        for (const CandleShape &shape : shapes) {
            const int size = int(std::lround(std::min(1.0, shape.volume / largest) * height));
            if (shape.up == up && size > 0)
                rects.append(QRect(shape.left, foot - size, shape.right - shape.left, size));
        }
        painter.setBrush(up ? palette.volumeUp : palette.volumeDown);
        painter.drawRects(rects);
    }
}

void ChartBrush::forming(const CandleShape &shape, const QRectF &clip) const
{
    const DevicePixels device(painter, ratio);
    painter.setClipRect(toDevice(clip, ratio), Qt::IntersectClip);
    const QColor colour = shape.up ? palette.candleUp : palette.candleDown;
    const int wick = shape.wick_right - shape.wick_left;
    painter.fillRect(QRect(shape.wick_left, shape.high, wick, shape.low - shape.high), colour);
    const QRect body(shape.left, shape.body_top, shape.right - shape.left, shape.body_bottom - shape.body_top);
    painter.fillRect(body, colour);
    const QRect inside = body.adjusted(wick, wick, -wick, -wick);
    if (inside.width() > 0 && inside.height() > 0)
        painter.fillRect(inside, palette.panel);
}

QColor ChartBrush::gapColour(GapState state) const
{
    switch (state) {
    case GapState::Repairing:
        return palette.accent;
    case GapState::Closed:
    case GapState::Unfillable:
        return palette.quiet;
    case GapState::Open:
    case GapState::Refused:
        break;
    }
    return palette.gapLine;
}

void ChartBrush::gapShade(const QRectF &place, GapState state) const
{
    const DevicePixels device(painter, ratio);
    QColor colour = gapColour(state);
    colour.setAlpha(palette.gapShade.alpha());
    QRect rect = toDevice(place, ratio);
    rect.setWidth(std::max(rect.width(), hairline())); // however short, it is seen
    painter.fillRect(rect, colour);
    // Stripes of 45 degrees, fixed to the picture's corner, so that neighbours match.
    colour.setAlpha(std::min(255, colour.alpha() * 3 / 2));
    painter.setClipRect(rect, Qt::IntersectClip);
    painter.setPen(QPen(colour, hairline()));
    const int step = int(std::lround(8 * ratio));
    const int first = (rect.left() - rect.height()) / step * step;
    for (int x = first; x < rect.right() + rect.height(); x += step)
        painter.drawLine(x, rect.bottom(), x + rect.height(), rect.top());
}

QRectF ChartBrush::gapWords(const QRectF &place, const QRectF &within, const QString &title, const QString &cause,
                            GapState state, const QRectF &taken) const
{
    QFont bold = painter.font();
    bold.setBold(true);
    const QFontMetricsF boldMetrics(bold);
    const QFontMetricsF metrics(painter.font());
    const double room = std::max(place.width(), 160.0) - 8;
    const QString shownCause = metrics.elidedText(cause, Qt::ElideRight, room);
    const double width = std::max(boldMetrics.horizontalAdvance(title), metrics.horizontalAdvance(shownCause)) + 8;
    const double height = metrics.height() * (cause.isEmpty() ? 1 : 2) + 4;
    double left = place.width() >= width ? place.left() + 1 : place.center().x() - width / 2;
    left = std::clamp(left, within.left() + 1, std::max(within.left() + 1, within.right() - width - 1));
    const QRectF box(std::round(left), within.top() + 2, std::ceil(width), height);
    if (box.intersects(taken.adjusted(-4, 0, 4, 0)))
        return {};
    const bool narrow = place.width() < width;
    if (narrow) {
        QColor plate = palette.panel;
        plate.setAlpha(215);
        painter.fillRect(box, plate);
    }
    painter.setPen(gapColour(state));
    const QRectF first = box.adjusted(4, 2, 0, 0);
    const QFont usual = painter.font();
    painter.setFont(bold);
    painter.drawText(first, Qt::AlignLeft | Qt::AlignTop | Qt::TextSingleLine, title);
    painter.setFont(usual);
    painter.drawText(first.translated(0, metrics.height()), Qt::AlignLeft | Qt::AlignTop | Qt::TextSingleLine,
                     shownCause);
    return box;
}

void ChartBrush::line(std::span<const LinePoint> points, const std::vector<Run> &runs, const TimeScale &time,
                      const PriceScale &price, const QColor &colour, bool steps) const
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, !steps);
    painter.setPen(QPen(colour, 1.2, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    for (const Run &run : runs) {
        const std::span<const LinePoint> part = points.subspan(run.first, run.last - run.first + 1);
        const QList<QPointF> path = steps ? stepPath(part, time, price) : linePath(part, time, price);
        if (path.size() == 1)
            painter.drawPoint(path.first());
        else
            painter.drawPolyline(path.constData(), int(path.size()));
    }
    painter.restore();
}

void ChartBrush::tag(const QRectF &box, const QString &text, const QColor &ground, const QColor &ink) const
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(ground);
    painter.drawRoundedRect(box, 3, 3);
    painter.setPen(ink);
    painter.drawText(box, Qt::AlignCenter | Qt::TextSingleLine, text);
    painter.restore();
}

void ChartBrush::noticeMark(const QRectF &box, bool old, const QColor &colour) const
{
    paintMark(painter, box, old ? MarkShape::Ring : MarkShape::Square, colour);
}

void ChartBrush::notice(const QRectF &within, const QString &title, const QString &detail, const QColor &mark) const
{
    painter.save();
    QFont bold = painter.font();
    bold.setBold(true);
    const QFontMetricsF metrics(bold);
    const double width = std::min(within.width() - 16, 520.0);
    const QRectF text(within.center().x() - width / 2, within.center().y() - metrics.height() * 1.5, width,
                      within.bottom() - within.center().y() + metrics.height());
    double below = text.top();
    if (mark.isValid()) {
        const double size = 10;
        paintMark(painter, QRectF(within.center().x() - size / 2, text.top() - size - 6, size, size), MarkShape::Square,
                  mark);
    }
    if (!title.isEmpty()) {
        painter.setFont(bold);
        painter.setPen(palette.text);
        QRectF used;
        painter.drawText(text, Qt::AlignHCenter | Qt::AlignTop | Qt::TextWordWrap, title, &used);
        below = used.bottom() + 4;
        bold.setBold(false);
        painter.setFont(bold);
    }
    painter.setPen(palette.secondaryText);
    painter.drawText(QRectF(text.left(), below, width, text.bottom() - below),
                     Qt::AlignHCenter | Qt::AlignTop | Qt::TextWordWrap, detail);
    painter.restore();
}

} // namespace tk::ui
