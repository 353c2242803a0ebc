// The line above a chart: every value of the candle under the crosshair, in the exchange's own decimals. Pure.
#pragma once

#include "market/candle.h"
#include "ui/support/format.h"

#include <vector>

namespace tk::ui {

struct ValuePart
{
    QString label; // quiet; may be empty
    QString value;

    bool operator==(const ValuePart &) const = default;
};

// "10:00 UTC", O, H, L, C, V, "1 027 trades", source. A forming candle says so in place of its source.
std::vector<ValuePart> valueParts(const Candle &candle, bool forming, Timeframe timeframe, UtcTime now, ClockZone zone);

// The same in one piece, for screen readers and the clipboard.
QString valueText(const std::vector<ValuePart> &parts);

QString decimalText(const DecimalText &decimal);

} // namespace tk::ui
