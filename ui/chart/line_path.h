// A run of a line as points to paint: however many values fall into a column of pixels, what can be seen of them stays.
#pragma once

#include "ui/chart/price_scale.h"
#include "ui/chart/time_scale.h"

#include <QList>
#include <QPointF>

#include <span>

namespace tk::ui {

// At most four points to a column of half a pixel: its first, lowest, highest and last.
QList<QPointF> linePath(std::span<const LinePoint> points, const TimeScale &time, const PriceScale &price);

// A value holds until the next one.
QList<QPointF> stepPath(std::span<const LinePoint> points, const TimeScale &time, const PriceScale &price);

} // namespace tk::ui
