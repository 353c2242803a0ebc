// Values as people read them: ages, numbers, prices, sizes, times. Pure; English, with a dash for "never".
#pragma once

#include "base/time.h"
#include "market/timeframe.h"

#include <QDateTime>
#include <QString>
#include <QStringView>

#include <optional>

namespace tk::ui {

inline constexpr QChar thinSpace = QChar(0x2009);
inline constexpr QChar minusSign = QChar(0x2212);

// "—"
QString neverText();

// "0.2s", "42s", "11:42", "3h 05m", "4 d 06 h"; never is a dash.
QString ageText(std::optional<milliseconds> age);

// How long something took or lasts, in words: "41 ms", "0.4 s", "41 s", "24 min", "1 h 05 min", "2 d 04 h".
QString durationText(milliseconds duration);

// "6 412": thin spaces between groups of three.
QString countText(qint64 number);

// The exchange's own decimals, grouped before the point: "83084.90" is "83 084.90". Other text comes back as it is.
QString priceText(QStringView decimal);
QString priceText(double value, int decimals);

// Digits behind the point of a plain decimal: 2 for "83084.90".
int decimalsOf(QStringView decimal);

// A volume or the like, short: "412.51", "3 412", "1.25 M", "3.40 G".
QString amountText(double value);

// Decimal units, as disks are sold: "0 B", "812 B", "8.1 MB", "1.2 GB".
QString bytesText(qint64 bytes);

// A fraction as percent: 0.0001 with four decimals is "0.0100%".
QString percentText(double fraction, int decimals);
QString fundingText(double rate);

// Which clock times are told by: UTC, or the place's own.
enum class ClockZone { Utc, Local };

QString clockText(UtcTime time, ClockZone zone = ClockZone::Utc);    // "10:02:46"
QString minuteText(UtcTime time, ClockZone zone = ClockZone::Utc);   // "10:02"
QString dateText(UtcTime time, ClockZone zone = ClockZone::Utc);     // "2026-11-20"
QString dateTimeText(UtcTime time, ClockZone zone = ClockZone::Utc); // "2026-11-20 10:02:46"
QString zoneName(UtcTime time, ClockZone zone);                      // "UTC", "CET"

// When a candle opened, as short as it can be told beside `now`: "10:00", "Nov 19 10:00", "2025-11-19 10:00"; by the
// day for timeframes of a day and more.
QString candleOpenText(UtcTime open, Timeframe timeframe, UtcTime now, ClockZone zone = ClockZone::Utc);

// The local date and time of `time` in `zone`; what the texts above are made from.
QDateTime inZone(UtcTime time, ClockZone zone);

} // namespace tk::ui
