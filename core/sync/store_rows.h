// The rows of files, read from a store page by page. Synchronous; the thread of its reader.
#pragma once

#include "sync/row_source.h"

#include <atomic>
#include <optional>

namespace tk::sync {

class StoreRows final : public RowSource
{
public:
    // A page of candles; of the other kinds less.
    static constexpr qint64 mostRows = 20'000;

    StoreRows(store::StoreReader &reader, const std::atomic<bool> &stop)
        : m_reader(reader)
        , m_stop(stop)
    {}

    struct Page
    {
        Rows rows;
        std::optional<UtcTime> next; // where the following page begins; nothing: this was the last one
    };
    Result<Page> page(const FilePlan &plan, UtcTime from) const;

    void expect(const std::vector<Wish> &) override {} // it is at hand
    Result<Rows> rows(const FilePlan &plan, UtcTime from, const feather::Table &have) override;

private:
    Result<Page> readPage(const FilePlan &plan, UtcTime from) const;
    Result<Page> markPage(const FilePlan &plan, UtcTime from) const;

    store::StoreReader &m_reader;
    const std::atomic<bool> &m_stop;
};

} // namespace tk::sync
