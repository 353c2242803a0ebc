// Candle intervals and their grids in UTC (reference: exchanges §1.2).
#pragma once

#include "base/time.h"

#include <QString>
#include <QStringView>

#include <array>
#include <optional>

namespace tk {

enum class Timeframe : quint8 { M1, M3, M5, M15, M30, H1, H2, H4, H6, H8, H12, D1, D3, W1, Mo1 };

inline constexpr std::array<Timeframe, 15> allTimeframes{Timeframe::M1,  Timeframe::M3, Timeframe::M5,  Timeframe::M15,
                                                         Timeframe::M30, Timeframe::H1, Timeframe::H2,  Timeframe::H4,
                                                         Timeframe::H6,  Timeframe::H8, Timeframe::H12, Timeframe::D1,
                                                         Timeframe::D3,  Timeframe::W1, Timeframe::Mo1};

// Case-sensitive: "1m" is a minute, "1M" a month.
std::string_view timeframeName(Timeframe timeframe);
QString timeframeText(Timeframe timeframe);
std::optional<Timeframe> timeframeFromName(std::string_view name);

// The usual length; a month has none, its nominal 30 days serve for thresholds only.
milliseconds nominalLength(Timeframe timeframe);

// Start of the candle that holds `time`; weeks open on Monday, months by the calendar.
UtcTime candleOpen(Timeframe timeframe, UtcTime time);
UtcTime nextCandleOpen(Timeframe timeframe, UtcTime open);
UtcTime previousCandleOpen(Timeframe timeframe, UtcTime open);

// `count` candles before `open`, on the grid.
UtcTime candlesBefore(Timeframe timeframe, UtcTime open, qint64 count);

// Number of candle opens in [from, to); both on the grid.
qint64 candlesBetween(Timeframe timeframe, UtcTime from, UtcTime to);

} // namespace tk
