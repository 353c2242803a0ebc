// What a run wants to know of a file's table: its edges, whether two are the same, which rows still wait for the
// exchange's own. Pure.
#pragma once

#include "base/time.h"
#include "feather/table.h"
#include "sync/rows.h"

namespace tk::sync {

// Its first or last time; 0 where it has no row.
UtcTime edge(const feather::Table &table, bool last);

// Same values to the bit, same columns, same metadata.
bool sameTable(const feather::Table &a, const feather::Table &b);

// The first row that may be made of mark price samples: of those that were so from `before` on (0: there were none), or
// are now, without those that the exchange's own candles have replaced. 0: there is none. The table is ascending.
UtcTime sampledFrom(const feather::Table &table, const Rows &ours, UtcTime before);

} // namespace tk::sync
