// The candle chart's mouse, wheel and keyboard.
#include "ui/chart/candle_chart.h"

#include <QFocusEvent>
#include <QFontMetricsF>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace tk::ui {

void CandleChart::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    refreshFrame();
    viewChanged();
}

void CandleChart::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange) {
        refreshFrame();
        viewChanged();
    }
}

void CandleChart::wheelEvent(QWheelEvent *event)
{
    if (!m_view.hasData()) {
        event->ignore();
        return;
    }
    const QPoint turned = event->angleDelta();
    const bool sideways = event->modifiers().testFlag(Qt::ShiftModifier) || std::abs(turned.x()) > std::abs(turned.y());
    if (sideways)
        m_view.pan(double(turned.x() != 0 ? turned.x() : turned.y()) * 0.6);
    else
        m_view.zoom(std::pow(1.2, turned.y() / 120.0), event->position().x());
    event->accept();
    viewChanged();
    pointAt(event->position());
}

void CandleChart::mousePressEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton) {
        QWidget::mousePressEvent(event);
        return;
    }
    if (newestButton().contains(event->position())) {
        followNewest();
        return;
    }
    if (m_view.hasData() && m_frame.body().contains(event->position()))
        m_dragFrom = event->position();
}

void CandleChart::mouseMoveEvent(QMouseEvent *event)
{
    if (m_dragFrom) {
        const double by = event->position().x() - m_dragFrom->x();
        if (by != 0.0) {
            setCursor(Qt::ClosedHandCursor);
            m_dragFrom = event->position();
            m_view.pan(by);
            viewChanged();
        }
    }
    pointAt(event->position());
}

void CandleChart::mouseReleaseEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton)
        return;
    m_dragFrom.reset();
    pointAt(event->position());
}

void CandleChart::mouseDoubleClickEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton || !m_view.hasData())
        return;
    m_dragFrom.reset();
    m_view.reset();
    viewChanged();
}

void CandleChart::leaveEvent(QEvent *event)
{
    QWidget::leaveEvent(event);
    moveCrosshair({});
}

void CandleChart::focusInEvent(QFocusEvent *event)
{
    QWidget::focusInEvent(event);
    m_keyboardFocus = event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason ||
                      event->reason() == Qt::ShortcutFocusReason;
    update();
}

void CandleChart::focusOutEvent(QFocusEvent *event)
{
    QWidget::focusOutEvent(event);
    m_keyboardFocus = false;
    update();
}

void CandleChart::keyPressEvent(QKeyEvent *event)
{
    const double span = m_view.scale().spanMs();
    const bool shift = event->modifiers().testFlag(Qt::ShiftModifier);
    const bool fine = event->modifiers().testFlag(Qt::ControlModifier);
    const auto pan = [&](int direction, double step) {
        m_view.panMs(direction * step);
        viewChanged();
    };
    switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Right: {
        const int direction = event->key() == Qt::Key_Left ? -1 : 1;
        if (shift)
            stepCrosshair(direction);
        else
            pan(direction, fine ? slotMs() : span * 0.1);
        return;
    }
    case Qt::Key_PageUp:
        pan(-1, span * 0.9);
        return;
    case Qt::Key_PageDown:
        pan(1, span * 0.9);
        return;
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        zoom(1.25);
        return;
    case Qt::Key_Minus:
    case Qt::Key_Underscore:
        zoom(0.8);
        return;
    case Qt::Key_Home:
        m_view.goToOldest();
        viewChanged();
        return;
    case Qt::Key_End:
        followNewest();
        return;
    case Qt::Key_Escape:
        if (m_crosshair) {
            moveCrosshair({});
            return;
        }
        break;
    default:
        break;
    }
    QWidget::keyPressEvent(event);
}

void CandleChart::pointAt(QPointF position)
{
    const bool inside = m_view.hasData() && m_frame.body().contains(position);
    if (!m_dragFrom)
        setCursor(newestButton().contains(position) ? Qt::PointingHandCursor
                  : inside                          ? Qt::CrossCursor
                                                    : Qt::ArrowCursor);
    if (!inside) {
        moveCrosshair({});
        return;
    }
    Crosshair crosshair{m_view.scale().ms(position.x()), position.y()};
    const UtcTime open = candleOpen(m_timeframe, fromMs(qint64(crosshair.ms)));
    const bool candle = m_series.indexOf(toMs(open)) || (m_forming && m_forming->open_time == open);
    if (candle)
        crosshair.ms = double(toMs(open)) + slotMs() / 2; // the wick
    moveCrosshair(crosshair);
}

void CandleChart::stepCrosshair(int candles)
{
    if (m_series.isEmpty())
        return;
    const size_t last = m_series.size() - 1;
    size_t index = last;
    if (m_crosshair) {
        const auto at = qint64(m_series.nearest(m_crosshair->ms - slotMs() / 2)) + candles;
        index = size_t(std::clamp<qint64>(at, 0, qint64(last)));
    }
    const double ms = double(m_series.bars()[index].open_ms) + slotMs() / 2;
    const TimeScale &scale = m_view.scale();
    if (ms < scale.from_ms || ms > scale.toMs()) {
        m_view.panMs(ms - (scale.from_ms + scale.toMs()) / 2);
        viewChanged();
    }
    moveCrosshair(Crosshair{ms, {}});
}

void CandleChart::moveCrosshair(std::optional<Crosshair> crosshair)
{
    if (crosshair == m_crosshair)
        return;
    QRegion area;
    if (m_crosshair)
        area += crosshairArea(*m_crosshair);
    const bool moved = !crosshair || !m_crosshair || crosshair->ms != m_crosshair->ms;
    m_crosshair = crosshair;
    if (m_crosshair)
        area += crosshairArea(*m_crosshair);
    update(area);
    if (!moved)
        return;
    std::optional<UtcTime> time;
    if (m_crosshair)
        time = fromMs(qint64(m_crosshair->ms));
    Q_EMIT crosshairMoved(time);
}

QRegion CandleChart::crosshairArea(const Crosshair &crosshair) const
{
    const QRectF body = m_frame.body();
    const double x = m_view.scale().x(crosshair.ms);
    QRegion area = m_frame.head.toAlignedRect();
    area += m_frame.time_axis.adjusted(-m_frame.time_axis.left(), 0, m_frame.price_axis.width(), 0).toAlignedRect();
    area += QRectF(x - 2, body.top(), 4, body.height()).toAlignedRect();
    if (!m_frame.funding.isEmpty()) // its caption
        area += QRectF(m_frame.funding.topLeft(), QSizeF(160, m_frame.funding.height())).toAlignedRect();
    if (crosshair.y) {
        area += QRectF(body.left(), *crosshair.y - 2, body.width(), 4).toAlignedRect();
        area += m_frame.price_axis.toAlignedRect();
    }
    return area;
}

QRegion CandleChart::formingArea() const
{
    QRegion area = m_frame.head.toAlignedRect();
    area += m_frame.price_axis.toAlignedRect();
    if (!m_forming || m_price.range.size() <= 0)
        return area;
    const QRectF body = m_frame.body();
    const double x = m_view.scale().x(double(m_formingBar.open_ms));
    area += QRectF(x - 2, body.top(), m_view.slotPx() + 4, body.height()).intersected(body).toAlignedRect();
    const double level = m_price.y(m_formingBar.close);
    area += QRectF(body.left(), level - 2, body.width(), 4).intersected(body).toAlignedRect();
    return area;
}

QRectF CandleChart::newestButton() const
{
    if (!m_view.hasData() || m_view.isFollowing())
        return {};
    const QFontMetricsF metrics(font());
    const QSizeF size(std::ceil(metrics.horizontalAdvance(tr("newest ›"))) + 16, std::ceil(metrics.height()) + 6);
    return {QPointF(m_frame.plot.right() - size.width() - 8, m_frame.plot.bottom() - size.height() - 8), size};
}

} // namespace tk::ui
