// InfluxDB 1.x and 2.x cut time into shards of seven days that begin on Mondays. A body that touches one of them alone
// gets an answer that speaks of all of it.
#pragma once

#include "market/records.h"

namespace tk::store::influx {

inline constexpr qint64 weekLength = 7 * 86'400'000LL;
inline constexpr qint64 firstMonday = 4 * 86'400'000LL; // 1970-01-05

constexpr qint64 shardWeek(UtcTime time)
{
    const qint64 since = toMs(time) - firstMonday;
    return since >= 0 ? since / weekLength : (since - weekLength + 1) / weekLength;
}

constexpr TimeSpan spanOfWeek(qint64 week)
{
    return {fromMs(firstMonday + week * weekLength), fromMs(firstMonday + (week + 1) * weekLength)};
}

} // namespace tk::store::influx
