// Rows of a file that cannot be: prices that contradict one another, a volume below zero, a time beside the grid. A
// file may be another program's, or damaged where nothing else notices. Pure.
#pragma once

#include "feather/table.h"
#include "sync/naming.h"

#include <QString>

#include <vector>

namespace tk::sync {

struct ImpossibleInFile
{
    std::vector<qint64> times; // ms, in the order of the file
    QString why;               // of the first one

    bool isEmpty() const { return times.empty(); }
    QString text() const; // "3 rows cannot be (the first at …: …)"
};

// Takes them out of the table, which has the columns of such a file (sync/layout.h). Funding rates can be anything.
ImpossibleInFile takeImpossible(feather::Table &table, Content content, Timeframe timeframe);

// "1 row", "3 rows".
QString rowsText(qint64 count);

} // namespace tk::sync
