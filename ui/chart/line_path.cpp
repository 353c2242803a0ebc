#include "ui/chart/line_path.h"

#include <algorithm>
#include <cmath>

namespace tk::ui {

namespace {

QPointF placeOf(const LinePoint &point, const TimeScale &time, const PriceScale &price)
{
    return {time.x(double(toMs(point.time))), price.y(point.value)};
}

} // namespace

QList<QPointF> linePath(std::span<const LinePoint> points, const TimeScale &time, const PriceScale &price)
{
    QList<QPointF> path;
    const auto columnOf = [](const QPointF &at) { return std::floor(at.x() * 2); };
    for (size_t i = 0; i < points.size();) {
        const QPointF first = placeOf(points[i], time, price);
        QPointF top = first;
        QPointF bottom = first;
        QPointF last = first;
        const double column = columnOf(first);
        for (++i; i < points.size(); ++i) {
            const QPointF at = placeOf(points[i], time, price);
            if (columnOf(at) != column)
                break;
            last = at;
            if (at.y() < top.y())
                top = at;
            if (at.y() > bottom.y())
                bottom = at;
        }
        const bool topFirst = top.x() <= bottom.x();
        for (const QPointF &at : {first, topFirst ? top : bottom, topFirst ? bottom : top, last}) {
            if (path.isEmpty() || path.last() != at)
                path.append(at);
        }
    }
    return path;
}

QList<QPointF> stepPath(std::span<const LinePoint> points, const TimeScale &time, const PriceScale &price)
{
    QList<QPointF> path;
    for (const LinePoint &point : points) {
        const QPointF at = placeOf(point, time, price);
        if (!path.isEmpty() && path.last().y() != at.y())
            path.append(QPointF(at.x(), path.last().y()));
        path.append(at);
    }
    return path;
}

} // namespace tk::ui
