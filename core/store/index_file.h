// The stored index on the disk ("stored.sqlite" in data_dir): what the database has confirmed, as runs. Losing it costs
// requests, never data. Belongs to the thread that opened it.
#pragma once

#include "store/embedded/sqlite.h"
#include "store/stored_index.h"

namespace tk::store {

class IndexFile
{
public:
    // A damaged file is set aside and begun anew: the index is learned again from the database.
    static Result<IndexFile> open(const QString &file);
    static QString fileIn(const QString &dataDir);
    IndexFile(IndexFile &&) noexcept = default;
    IndexFile &operator=(IndexFile &&) noexcept = default;
    ~IndexFile();

    Result<std::vector<StoredIndex::Known>> read();
    Status write(const std::vector<StoredIndex::Known> &changes); // all of them, durably, or none

private:
    Status putStream(const StreamKey &stream, const QString &name, const StoredIndex::Known &known,
                     const std::vector<TimeSpan> &runs);
    explicit IndexFile(Database database)
        : m_database(std::move(database))
    {}
    Database m_database;
};

} // namespace tk::store
