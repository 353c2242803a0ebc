// Which files the store has something for. One plan for each of them; the store is asked for edges alone.
#pragma once

#include "config/settings.h"
#include "store/store.h"
#include "sync/naming.h"

#include <vector>

namespace tk::sync {

// A file that the store has records for.
struct FilePlan
{
    FileId file;
    UtcTime store_first{}; // of candles and of mark candles; 0: not known
    UtcTime store_last{};  // time of the newest record
    UtcTime own_last{};    // of mark candles: the newest hour that was read from the exchange; 0: none
};

// Of the pairs and timeframes that the settings name; sorted by exchange.
Result<std::vector<FilePlan>> planFiles(const config::SyncSettings &settings, store::StoreReader &reader);

} // namespace tk::sync
