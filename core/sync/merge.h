// What a file holds and what the store knows, made one: ascending, each time once, nothing lost. Pure.
#pragma once

#include "feather/table.h"
#include "sync/rows.h"

#include <optional>

namespace tk::sync {

struct MergeRules
{
    // Where both have a row: ours stands (candles: the store's are final and compared with the exchange); or the file's
    // (mark prices: freqtrade's own come from the exchange, ours from samples where we have not read the exchange's
    // yet), unless it begins at `open_from` or later: then it was not final when the file was written.
    bool ours_win = true;
    qint64 open_from = 0; // ms
    qint64 grid = 1;      // ms: times within one step are the same time (funding: an hour)
};

struct Merged
{
    feather::Table table;
    qint64 added = 0;
    qint64 replaced = 0; // rows that had other values
    qint64 doubled = 0;  // rows of the file that had the time of another one; they became one, as freqtrade makes them

    bool changed() const { return added + replaced + doubled > 0 || reordered; }
    bool reordered = false;
};

// `table` has a date and `values` columns (sync/layout.h). Its schema stays.
Merged merge(feather::Table table, const Rows &ours, const MergeRules &rules);

// The file's times in ms, of its own unit.
qint64 toMilliseconds(const feather::Field &date, qint64 value);
qint64 fromMilliseconds(const feather::Field &date, qint64 ms);

// The factor between the volumes of the file and ours, where it is the same in nearly every row that both have, and not
// one: then the file counts in another unit, contracts say, and nothing must be mixed.
std::optional<double> volumeFactor(const feather::Table &table, const Rows &ours);

} // namespace tk::sync
