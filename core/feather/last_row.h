// The last value of a column of a Feather file, read in pieces: for files that are too far away to be read as a whole.
// As wary of the bytes as the reader. Pure.
#pragma once

#include "base/result.h"
#include "feather/table.h"

#include <QByteArrayView>

namespace tk::feather {

struct Piece
{
    qint64 offset = 0; // in the file
    qint64 length = 0;
};

// So much of a file's end holds the footer of every file that was seen; a file may be shorter.
inline constexpr qint64 endingLength = 8 << 10;

struct LastBatch
{
    Schema schema;
    Piece head{}; // what describes the batch; empty: the file has no rows
    Piece body{};
};

// From the last bytes of a file of `size` bytes.
Result<LastBatch> lastBatch(QByteArrayView ending, qint64 size);

struct ColumnPlace
{
    Piece piece{};
    qint64 rows = 0;
    bool compressed = false;
};

// From the bytes of `batch.head`.
Result<ColumnPlace> columnPlace(const LastBatch &batch, QByteArrayView head, size_t column);

// From the bytes of `place.piece`; of a time or a whole number.
Result<qint64> lastInteger(const ColumnPlace &place, QByteArrayView bytes);

} // namespace tk::feather
