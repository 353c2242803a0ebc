// Rows in blocks of equal time, each with a digest: so that two long lists which are nearly the same can be compared
// without sending one. Pure.
#pragma once

#include "feather/table.h"
#include "sync/rows.h"

#include <QByteArray>

#include <compare>
#include <vector>

namespace tk::sync {

inline constexpr qint64 rowsOfBlock = 4'096;  // about: by the usual length of the timeframe
inline constexpr qsizetype digestLength = 16; // bytes
inline constexpr quint32 mostBlocks = 10'000; // of one file

struct RowBlock
{
    qint64 start = 0; // ms; a multiple of the block's length
    QByteArray digest;

    bool operator==(const RowBlock &) const = default;
};

// Ascending, without empty ones. The rows must be ascending.
std::vector<RowBlock> blocksOf(Timeframe timeframe, const Rows &rows);

// The rows of a file that has the usual six columns; none of another one.
Rows rowsOf(const feather::Table &table);

// Removes the blocks that are the same over there. With `goesOn` the last block may not be complete: it is moved into
// `rest`.
void dropKnown(Timeframe timeframe, const std::vector<RowBlock> &known, bool goesOn, Rows &rows, Rows &rest);

} // namespace tk::sync
