// How a database file of ours is opened by its one writer: named, versioned, checked after an unclean stop, and set
// aside when it is damaged. The store and the gap ledger share it.
#pragma once

#include "store/embedded/sqlite.h"

#include <functional>

namespace tk::store {

struct DatabaseSpec
{
    const char *title;       // "store", "gap ledger": how logs call it
    qint32 applicationId;    // marks the file as ours
    int version;             // of the schema; kept in user_version
    const char *schema;      // creates it, within a transaction
    const char *synchronous; // "NORMAL" or "FULL"
    std::chrono::milliseconds busyTimeout{5000};
    qint64 maxBytes = 0; // the file may not grow beyond it; 0: as far as the disk goes
    int logPages = 4000; // of 4 KiB; then the log is folded into the file
};

// Opens or creates the file for writing (WAL mode). When the machine went down with the file in use it is checked first
// (a third of a gigabyte per second); a mere crash of the process tears no page, and a restart must be quick. A damaged
// file is renamed to FILE.corrupt-<UTC stamp> (its -wal and -shm with it), said in the log and begun anew; `onSetAside`
// is told the new name. A file of a newer version, or of another program, is refused and left alone.
Result<Database> openOwned(const QString &file, const DatabaseSpec &spec,
                           const std::function<void(const QString &)> &onSetAside = {});

// Marks the stop as clean and folds the log into the file. Call last before the Database goes.
void closeOwned(Database &database);

// Renames the damaged file and what belongs to it; close every own connection first. Returns the new name.
Result<QString> setAside(const QString &file, const char *title, const QString &why);

// "ok", or what is wrong.
Result<QString> quickCheck(Database &database);

} // namespace tk::store
