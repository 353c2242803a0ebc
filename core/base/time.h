// Points in time: UTC in milliseconds for labels and keys, the monotonic clock for every kind of waiting.
#pragma once

#include "base/result.h"

#include <QString>
#include <QStringView>

#include <chrono>

namespace tk {

using std::chrono::milliseconds;

using UtcTime = std::chrono::sys_time<milliseconds>;

// A clock of its own, so that monotonic and UTC times cannot be mixed up; only Clock::now() makes one.
struct MonotonicDomain
{
    using rep = std::chrono::nanoseconds::rep;
    using period = std::chrono::nanoseconds::period;
    using duration = std::chrono::nanoseconds;
    using time_point = std::chrono::time_point<MonotonicDomain>;
    static constexpr bool is_steady = true;
};
using MonotonicTime = MonotonicDomain::time_point;

constexpr qint64 toMs(UtcTime time)
{
    return time.time_since_epoch().count();
}
constexpr UtcTime fromMs(qint64 ms)
{
    return UtcTime(milliseconds(ms));
}

// "2026-11-20T10:00:00.123Z"; without the fraction where it is zero and `alwaysFraction` is false.
QString isoText(UtcTime time, bool alwaysFraction = false);

// ISO 8601 (a date alone is midnight, no zone means UTC) or milliseconds since 1970.
Result<UtcTime> parseUtcTime(QStringView text);

// "250ms", "60s", "10m", "24h", "360d".
Result<milliseconds> parseDuration(QStringView text);

// An age or a span as people read it: "0.2s", "42s", "11:42", "3h 05m", "2d 04h".
QString ageText(milliseconds age);

// "20GiB", "512MiB", "100kB", "1000".
Result<qint64> parseByteSize(QStringView text);

} // namespace tk
