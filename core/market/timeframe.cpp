#include "market/timeframe.h"

namespace tk {

namespace {

using namespace std::chrono;

struct Row
{
    std::string_view name;
    milliseconds length;
};

constexpr std::array<Row, 15> rows{{{"1m", minutes(1)},
                                    {"3m", minutes(3)},
                                    {"5m", minutes(5)},
                                    {"15m", minutes(15)},
                                    {"30m", minutes(30)},
                                    {"1h", hours(1)},
                                    {"2h", hours(2)},
                                    {"4h", hours(4)},
                                    {"6h", hours(6)},
                                    {"8h", hours(8)},
                                    {"12h", hours(12)},
                                    {"1d", hours(24)},
                                    {"3d", hours(72)},
                                    {"1w", hours(168)},
                                    {"1M", hours(720)}}};

constexpr milliseconds mondayOffset = hours(96); // 1970-01-05 was the first Monday

year_month_day monthOf(UtcTime time)
{
    const year_month_day day(floor<days>(time));
    return day.year() / day.month() / 1;
}

UtcTime startOf(year_month_day day)
{
    return UtcTime(sys_days(day).time_since_epoch());
}

} // namespace

std::string_view timeframeName(Timeframe timeframe)
{
    return rows[size_t(timeframe)].name;
}

QString timeframeText(Timeframe timeframe)
{
    const std::string_view name = timeframeName(timeframe);
    return QString::fromLatin1(name.data(), qsizetype(name.size()));
}

std::optional<Timeframe> timeframeFromName(std::string_view name)
{
    for (const Timeframe timeframe : allTimeframes) {
        if (timeframeName(timeframe) == name)
            return timeframe;
    }
    return {};
}

milliseconds nominalLength(Timeframe timeframe)
{
    return rows[size_t(timeframe)].length;
}

UtcTime candleOpen(Timeframe timeframe, UtcTime time)
{
    if (timeframe == Timeframe::Mo1)
        return startOf(monthOf(time));
    const milliseconds length = nominalLength(timeframe);
    const milliseconds offset = timeframe == Timeframe::W1 ? mondayOffset : milliseconds(0);
    const qint64 since = (time.time_since_epoch() - offset).count();
    const qint64 index = since >= 0 ? since / length.count() : -((-since + length.count() - 1) / length.count());
    return UtcTime(offset + length * index);
}

UtcTime nextCandleOpen(Timeframe timeframe, UtcTime open)
{
    if (timeframe == Timeframe::Mo1)
        return startOf(monthOf(open) + months(1));
    return open + nominalLength(timeframe);
}

UtcTime previousCandleOpen(Timeframe timeframe, UtcTime open)
{
    if (timeframe == Timeframe::Mo1)
        return startOf(monthOf(open) - months(1));
    return open - nominalLength(timeframe);
}

UtcTime candlesBefore(Timeframe timeframe, UtcTime open, qint64 count)
{
    if (timeframe == Timeframe::Mo1)
        return startOf(monthOf(open) - months(count));
    return open - nominalLength(timeframe) * count;
}

qint64 candlesBetween(Timeframe timeframe, UtcTime from, UtcTime to)
{
    if (to <= from)
        return 0;
    if (timeframe == Timeframe::Mo1) {
        const auto a = monthOf(from);
        const auto b = monthOf(to);
        return (int(b.year()) - int(a.year())) * 12 + int(unsigned(b.month())) - int(unsigned(a.month()));
    }
    return (to - from) / nominalLength(timeframe);
}

} // namespace tk
