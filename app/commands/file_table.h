// Files for freqtrade in the tables that commands print.
#pragma once

#include "app/output.h"
#include "sync/sync_run.h"

namespace tk::app {

// file, added, replaced, rows, last, state, note
std::vector<Column> fileColumns();
std::vector<Cell> fileCells(const sync::SyncReport::Row &row);

// "FOLDER/NAME: STATE: NOTE"
QString fileTrouble(const sync::SyncReport::Row &row);

} // namespace tk::app
