#include "ui/chart/time_ticks.h"

#include <QLocale>

#include <algorithm>
#include <array>

namespace tk::ui {

namespace {

constexpr qint64 Minute = 60'000;
constexpr qint64 Hour = 60 * Minute;
constexpr qint64 Day = 24 * Hour;

constexpr std::array<qint64, 15> withinDays{Minute,      2 * Minute,  5 * Minute, 10 * Minute, 15 * Minute,
                                            20 * Minute, 30 * Minute, Hour,       2 * Hour,    3 * Hour,
                                            4 * Hour,    6 * Hour,    8 * Hour,   12 * Hour,   Day};

QString text(const QDateTime &time, const char *format)
{
    return QLocale::c().toString(time, QString::fromLatin1(format));
}

qint64 startOf(QDate date, ClockZone zone)
{
    return date.startOfDay(zone == ClockZone::Utc ? Qt::UTC : Qt::LocalTime).toMSecsSinceEpoch();
}

class Collector
{
public:
    Collector(UtcTime from, UtcTime to)
        : m_from(toMs(from))
        , m_to(toMs(to))
    {}

    // Times come ascending. Asked before a label is made: zoomed in, most of a day's minutes are out of sight.
    bool wants(qint64 ms) const { return ms >= m_from && ms <= m_to; }

    void add(qint64 ms, const QString &label, bool strong)
    {
        if (wants(ms))
            ticks.push_back({fromMs(ms), label, strong});
    }

    std::vector<TimeTick> ticks;

private:
    qint64 m_from;
    qint64 m_to;
};

std::vector<TimeTick> ticksWithinDays(UtcTime from, UtcTime to, qint64 step, ClockZone zone)
{
    Collector found(from, to);
    const QDate last = inZone(to, zone).date();
    for (QDate date = inZone(from, zone).date(); date <= last; date = date.addDays(1)) {
        const qint64 start = startOf(date, zone);
        const qint64 end = startOf(date.addDays(1), zone);
        for (qint64 ms = start; ms < end; ms += step) {
            if (!found.wants(ms))
                continue;
            const bool midnight = ms == start;
            found.add(ms, text(inZone(fromMs(ms), zone), midnight ? "MMM d" : "HH:mm"), midnight);
        }
    }
    return std::move(found.ticks);
}

std::vector<TimeTick> ticksOfDays(UtcTime from, UtcTime to, int step, ClockZone zone)
{
    Collector found(from, to);
    const QDate last = inZone(to, zone).date();
    // Julian day 0 was a Monday, so weeks begin on one.
    QDate date = inZone(from, zone).date();
    date = date.addDays(-(date.toJulianDay() % step));
    for (; date <= last; date = date.addDays(step)) {
        const qint64 ms = startOf(date, zone);
        const bool newMonth = date.day() <= step;
        found.add(ms, text(inZone(fromMs(ms), zone), "MMM d"), newMonth && step < 7);
    }
    return std::move(found.ticks);
}

std::vector<TimeTick> ticksOfMonths(UtcTime from, UtcTime to, int step, ClockZone zone)
{
    Collector found(from, to);
    const QDate start = inZone(from, zone).date();
    const QDate last = inZone(to, zone).date();
    int months = start.year() * 12 + start.month() - 1;
    months -= months % step;
    for (;; months += step) {
        const QDate date(months / 12, months % 12 + 1, 1);
        if (date > last)
            break;
        const bool january = date.month() == 1;
        const QString label =
            january ? QString::number(date.year()) : QLocale::c().toString(date, QStringLiteral("MMM"));
        found.add(startOf(date, zone), label, january && step < 12);
    }
    return std::move(found.ticks);
}

} // namespace

std::vector<TimeTick> timeTicks(UtcTime from, UtcTime to, milliseconds least, ClockZone zone)
{
    const qint64 wanted = std::max<qint64>(1, least.count());
    if (to <= from)
        return {};
    for (const qint64 step : withinDays) {
        if (step >= wanted && step < Day)
            return ticksWithinDays(from, to, step, zone);
    }
    for (const int days : {1, 2, 7, 14}) {
        if (days * Day >= wanted)
            return ticksOfDays(from, to, days, zone);
    }
    for (const int months : {1, 3, 6, 12, 24, 60}) {
        if (months * 28 * Day >= wanted)
            return ticksOfMonths(from, to, months, zone);
    }
    return ticksOfMonths(from, to, 120, zone);
}

} // namespace tk::ui
