#include "ui/support/state_mark.h"

#include <QCoreApplication>
#include <QPainter>
#include <QPen>
#include <QPolygonF>

#include <algorithm>
#include <numbers>

namespace tk::ui {

MarkShape markShape(StreamState state)
{
    switch (state) {
    case StreamState::Requested:
    case StreamState::Acknowledged:
        return MarkShape::DottedRing;
    case StreamState::Live:
        return MarkShape::Disc;
    case StreamState::Late:
        return MarkShape::Triangle;
    case StreamState::Stale:
        return MarkShape::Square;
    case StreamState::Silent:
        return MarkShape::Diamond;
    case StreamState::Quiet:
        return MarkShape::Ring;
    case StreamState::Ended:
        return MarkShape::Dash;
    }
    return MarkShape::Dash;
}

QColor stateColour(const Palette &palette, StreamState state)
{
    switch (state) {
    case StreamState::Live:
        return palette.live;
    case StreamState::Late:
        return palette.late;
    case StreamState::Stale:
        return palette.stale;
    case StreamState::Silent:
        return palette.silent;
    case StreamState::Requested:
    case StreamState::Acknowledged:
    case StreamState::Quiet:
    case StreamState::Ended:
        return palette.quiet;
    }
    return palette.quiet;
}

QString stateWord(StreamState state)
{
    const auto word = [](const char *text) { return QCoreApplication::translate("tk::ui::StreamState", text); };
    switch (state) {
    case StreamState::Requested:
    case StreamState::Acknowledged:
        return word(QT_TRANSLATE_NOOP("tk::ui::StreamState", "waiting"));
    case StreamState::Live:
        return word(QT_TRANSLATE_NOOP("tk::ui::StreamState", "live"));
    case StreamState::Late:
        return word(QT_TRANSLATE_NOOP("tk::ui::StreamState", "late"));
    case StreamState::Stale:
        return word(QT_TRANSLATE_NOOP("tk::ui::StreamState", "stale"));
    case StreamState::Silent:
        return word(QT_TRANSLATE_NOOP("tk::ui::StreamState", "silent"));
    case StreamState::Quiet:
        return word(QT_TRANSLATE_NOOP("tk::ui::StreamState", "quiet"));
    case StreamState::Ended:
        return word(QT_TRANSLATE_NOOP("tk::ui::StreamState", "ended"));
    }
    return {};
}

QChar stateSymbol(StreamState state)
{
    switch (markShape(state)) {
    case MarkShape::Disc:
        return u'●';
    case MarkShape::Triangle:
        return u'▲';
    case MarkShape::Square:
        return u'■';
    case MarkShape::Diamond:
        return u'◆';
    case MarkShape::Ring:
        return u'○';
    case MarkShape::Dash:
        return u'–';
    case MarkShape::DottedRing:
        return u'◌';
    }
    return u'–';
}

void paintMark(QPainter &painter, const QRectF &box, MarkShape shape, const QColor &colour)
{
    const double size = std::min(box.width(), box.height());
    const QPointF middle = box.center();
    const double half = size / 2;
    const double stroke = std::max(1.2, size / 7);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    switch (shape) {
    case MarkShape::Disc:
        painter.drawEllipse(middle, half * 0.9, half * 0.9);
        break;
    case MarkShape::Triangle:
        painter.drawPolygon(QPolygonF({{middle.x(), middle.y() - half * 0.9},
                                       {middle.x() + half, middle.y() + half * 0.8},
                                       {middle.x() - half, middle.y() + half * 0.8}}));
        break;
    case MarkShape::Square:
        painter.drawRect(QRectF(middle.x() - half * 0.82, middle.y() - half * 0.82, size * 0.82, size * 0.82));
        break;
    case MarkShape::Diamond:
        painter.drawPolygon(QPolygonF({{middle.x(), middle.y() - half},
                                       {middle.x() + half, middle.y()},
                                       {middle.x(), middle.y() + half},
                                       {middle.x() - half, middle.y()}}));
        break;
    case MarkShape::Ring:
    case MarkShape::DottedRing: {
        const double radius = half * 0.9 - stroke / 2;
        QPen pen(colour, stroke);
        if (shape == MarkShape::DottedRing) {
            const double step = 2 * std::numbers::pi * radius / stroke / 5; // five dashes, in units of the pen's width
            pen.setCapStyle(Qt::FlatCap);
            pen.setDashPattern({step * 0.5, step * 0.5});
        }
        painter.setPen(pen);
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(middle, radius, radius);
        break;
    }
    case MarkShape::Dash:
        painter.drawRect(QRectF(middle.x() - half * 0.9, middle.y() - stroke / 2, size * 0.9, stroke));
        break;
    }
    painter.restore();
}

void paintStateMark(QPainter &painter, const QRectF &box, StreamState state, const Palette &palette)
{
    paintMark(painter, box, markShape(state), stateColour(palette, state));
}

} // namespace tk::ui
