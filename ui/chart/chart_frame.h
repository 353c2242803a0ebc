// Where the parts of a chart lie in its widget, in logical pixels. Pure.
#pragma once

#include <QRectF>
#include <QSizeF>

namespace tk::ui {

struct ChartFrame
{
    QRectF head;       // the values of a candle
    QRectF plot;       // candles, and volume at its foot
    QRectF funding;    // a strip under the plot; empty when not shown
    QRectF price_axis; // right of plot
    QRectF time_axis;  // under everything

    // Candles keep to this part of the plot.
    double candle_top = 0;
    double candle_bottom = 0;
    double volume_top = 0; // volume bars end here at most, and stand on the plot's bottom

    // Plot and strip: what the crosshair and gaps go through.
    QRectF body() const { return funding.isEmpty() ? plot : plot.united(funding); }
};

struct FrameWishes
{
    double text_height = 14;
    double price_axis_width = 72;
    bool volume = true;
    bool funding = false;
};

ChartFrame chartFrame(QSizeF size, const FrameWishes &wishes);

} // namespace tk::ui
