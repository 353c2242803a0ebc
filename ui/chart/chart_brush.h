// How the parts of a chart are painted: crisp, on whole device pixels, from plain values. Holds nothing of its own.
#pragma once

#include "ui/chart/candle_shapes.h"
#include "ui/chart/chart_frame.h"
#include "ui/chart/chart_gap.h"
#include "ui/chart/time_ticks.h"
#include "ui/chart/value_line.h"
#include "ui/support/palette.h"

#include <QFont>

class QPainter;

namespace tk::ui {

// While in scope, the painter counts in device pixels.
class DevicePixels
{
public:
    DevicePixels(QPainter &painter, double ratio);
    ~DevicePixels();
    DevicePixels(const DevicePixels &) = delete;
    DevicePixels &operator=(const DevicePixels &) = delete;

private:
    QPainter &m_painter;
};

// Colours of a chart whose data are old: shapes stay, nothing looks fresh.
Palette greyed(const Palette &palette);

struct ChartBrush
{
    QPainter &painter;
    const Palette &palette;
    double ratio = 1; // device pixels in a logical one

    int hairline() const;

    void horizontal(double y, double left, double right, const QColor &colour, bool dashed = false) const;
    void vertical(double x, double top, double bottom, const QColor &colour, bool dashed = false) const;

    void candles(const std::vector<CandleShape> &shapes, const QRectF &clip) const;
    void volumes(const std::vector<CandleShape> &shapes, double largest, const ChartFrame &frame) const;
    // Hollow, since it is not yet what it will be.
    void forming(const CandleShape &shape, const QRectF &clip) const;

    // `spanOf` is the gap's place in logical pixels from left to right.
    void gapShade(const QRectF &place, GapState state) const;
    QColor gapColour(GapState state) const;
    // Title and cause at the top, on a plate of their own when the gap is narrower than they are. Returns where they
    // stand; nothing is painted, and it is empty, when that would touch `taken`.
    QRectF gapWords(const QRectF &place, const QRectF &within, const QString &title, const QString &cause,
                    GapState state, const QRectF &taken) const;

    void line(std::span<const LinePoint> points, const std::vector<Run> &runs, const TimeScale &time,
              const PriceScale &price, const QColor &colour, bool steps) const;

    // A filled box at the axis with a value in it.
    void tag(const QRectF &box, const QString &text, const QColor &ground, const QColor &ink) const;

    // Beside words: a square for an error, a ring for what is old.
    void noticeMark(const QRectF &box, bool old, const QColor &colour) const;

    // In the middle: a title and what to do, under a mark when its colour is valid.
    void notice(const QRectF &within, const QString &title, const QString &detail, const QColor &mark) const;
};

} // namespace tk::ui
