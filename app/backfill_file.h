// Backfills that are under way, kept in the data folder: an engine that ends in the midst of one goes on with it at its
// next start. What is stored by then is not fetched twice, as a backfill looks for what is missing.
#pragma once

#include "base/result.h"
#include "history/backfill.h"

#include <vector>

namespace tk::app {

class BackfillFile
{
public:
    explicit BackfillFile(const QString &dataDir);

    // Of an earlier run; nothing where there is no file. An error leaves the file as it is.
    Result<std::vector<history::BackfillRequest>> load() const;
    Status save(const std::vector<history::BackfillRequest> &requests) const; // as a whole; none: no file

private:
    QString m_file;
};

} // namespace tk::app
