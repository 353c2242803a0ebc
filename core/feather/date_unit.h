// Dates of a file, looked at before anything is added to it: in which unit they count, and whether they can be true.
// Pure.
#pragma once

#include "base/result.h"
#include "feather/table.h"

#include <optional>

namespace tk::feather {

// The unit in which this whole number is a time from 2009 to 2099; nothing: in none. Never two: the units are a
// thousand apart.
std::optional<Unit> plausibleUnit(qint64 value);

// Whole numbers get the unit in which all of them are plausible, in the field of the table. Refused where there is
// none, and where a timestamp's own unit makes them implausible: the file would end with two units in it.
Status settleDates(Table &table);

} // namespace tk::feather
