// The writer of a store behind a spool: records become lines, and count as taken when the spool has them on the disk.
// Belongs to the store's thread.
#pragma once

#include "store/spool/spool.h"
#include "store/spool/ticket_book.h"
#include "store/store.h"
#include "store/stored_index.h"

#include "base/clock.h"

#include <functional>
#include <memory>

namespace tk::store {

// What the parts of a spooled store share. Every one of them is thread-safe.
struct SpoolParts
{
    std::shared_ptr<Spool> spool;
    std::shared_ptr<StoredIndex> index;
    std::shared_ptr<TicketBook> tickets;
    std::shared_ptr<const Clock> clock;
};

class SpoolWriter final : public StoreWriter
{
public:
    // `appended` is called in this thread after each append: something waits to be sent. `dropped` gets the spans of
    // ticks too long for any line: nothing goes without a name.
    SpoolWriter(SpoolParts parts, std::function<void()> appended,
                std::function<void(const std::vector<StreamSpan> &)> dropped)
        : m_parts(std::move(parts))
        , m_appended(std::move(appended))
        , m_dropped(std::move(dropped))
    {}

    Result<WriteOutcome> write(const std::vector<RecordBatch> &batches) override;
    Result<qint64> removeBefore(UtcTime) override { return 0; } // the database has a retention of its own
    Status sync() override { return ok(); }                     // every append is on the disk

private:
    struct Encoded
    {
        PerLane<QByteArray> lines{};
        std::vector<std::pair<SeriesKey, Candle>> candles{}; // to be remembered once the spool has them
        TicketBook::Stage stage{};
        WriteOutcome outcome{};
    };
    void encode(const CandleBatch &batch, Encoded &into) const;
    void encode(const TickPoint &tick, Encoded &into) const;
    Status append(Encoded &encoded); // and begins anew

    SpoolParts m_parts;
    std::function<void()> m_appended;
    std::function<void(const std::vector<StreamSpan> &)> m_dropped;
};

} // namespace tk::store
