#include "feather/date_unit.h"

#include <algorithm>
#include <array>

namespace tk::feather {

namespace {

constexpr std::array units{Unit::Second, Unit::Millisecond, Unit::Microsecond, Unit::Nanosecond};
constexpr qint64 earliest = 1'230'768'000; // 2009-01-01, s: nothing traded before
constexpr qint64 latest = 4'102'444'800;   // 2100-01-01, s; not tomorrow: the clock of a host may be wrong

bool isPlausible(qint64 value, Unit unit)
{
    const qint64 seconds = value / unitsPerSecond(unit);
    return seconds >= earliest && seconds < latest;
}

} // namespace

std::optional<Unit> plausibleUnit(qint64 value)
{
    for (const Unit unit : units) {
        if (isPlausible(value, unit))
            return unit;
    }
    return {};
}

Status settleDates(Table &table)
{
    Field &field = table.schema.fields[0];
    const auto &dates = table.columns[0].integers;
    if (dates.empty())
        return ok();
    const bool isNumber = field.kind == Kind::Integer;
    const std::optional<Unit> unit = isNumber ? plausibleUnit(dates.front()) : field.unit;
    const auto wrong = std::ranges::find_if_not(dates, [&](qint64 date) { return unit && isPlausible(date, *unit); });
    if (wrong != dates.end())
        return Error{Error::Kind::Refused,
                     QStringLiteral("the date in row %1 (%2) is no time between 2009 and 2099%3; left as it is: move "
                                    "it away to have it written anew")
                         .arg(wrong - dates.begin() + 1)
                         .arg(*wrong)
                         .arg(isNumber ? QStringLiteral(" in the unit of the others") : QString())};
    field.unit = *unit;
    return ok();
}

} // namespace tk::feather
