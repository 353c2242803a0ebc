// What a store must do. The embedded store (SQLite) implements it; InfluxDB will. All calls are synchronous and belong
// to the thread that opened the object; several readers may be open beside the one writer.
#pragma once

#include "base/result.h"
#include "market/records.h"

#include <memory>
#include <optional>
#include <vector>

namespace tk::store {

struct SeriesSummary
{
    SeriesKey series;
    UtcTime first;
    UtcTime last;
    qint64 count = 0;
};

struct FundingState
{
    std::optional<FundingPoint> settled;   // newest settled rate
    std::optional<FundingPoint> predicted; // newest prediction
};

class StoreReader
{
public:
    virtual ~StoreReader() = default;

    // Final candles with open time in [span.from, span.to), ascending; with a limit, the newest `limit` of them.
    virtual Result<std::vector<Candle>> candles(const SeriesKey &series, TimeSpan span,
                                                std::optional<qint64> limit) = 0;

    // Open time of the newest (oldest) stored candle; nothing for an empty series.
    virtual Result<std::optional<UtcTime>> lastTime(const SeriesKey &series) = 0;
    virtual Result<std::optional<UtcTime>> firstTime(const SeriesKey &series) = 0;

    // Runs of missing candle opens within [span.from, span.to), both on the grid, ascending. An empty series is one
    // hole.
    virtual Result<std::vector<TimeSpan>> holes(const SeriesKey &series, TimeSpan span) = 0;

    virtual Result<std::vector<SeriesSummary>> candleSeries() = 0; // every series that has candles

    // The newest funding state, and the newest mark price; of all pairs where none is named. Sorted by pair.
    virtual Result<std::vector<FundingState>> fundingNow(std::optional<QString> pair) = 0;
    virtual Result<std::vector<MarkPoint>> marksNow(std::optional<QString> pair) = 0;

    // Settled funding points in the span, ascending.
    virtual Result<std::vector<FundingPoint>> fundingHistory(const QString &exchange, const QString &pair,
                                                             TimeSpan span) = 0;

    virtual Result<std::vector<MarkPoint>> markHistory(const QString &exchange, const QString &pair, TimeSpan span) = 0;

    // How many ticks of one kind are stored in the span.
    virtual Result<qint64> tickCount(const QString &exchange, const QString &pair, const QString &kind,
                                     TimeSpan span) = 0;
};

// What a write changed, so that a repair can be counted as one.
struct WriteOutcome
{
    qint64 stored = 0;    // points written, new or equal; corrected ones are not among them
    qint64 corrected = 0; // candles that were there with other values and were replaced
};

class StoreWriter
{
public:
    virtual ~StoreWriter() = default;

    // Stores all batches, or none of them (then the same call may be repeated). Idempotent: a point written twice is
    // the same point. A live candle never replaces one that came from history or repair.
    virtual Result<WriteOutcome> write(const std::vector<RecordBatch> &batches) = 0;

    // Removes points older than `before`, in small steps and for a fraction of a second at most; returns how many. Call
    // again (a little later, so that live data gets its turn) while that is more than zero.
    virtual Result<qint64> removeBefore(UtcTime before) = 0;

    // Everything written so far is on the disk (after this returns, a power cut does not lose it).
    virtual Status sync() = 0;
};

// Opens the parts of one store; the composition hands it to the services that need it. Thread-safe.
class StoreFactory
{
public:
    virtual ~StoreFactory() = default;
    virtual Result<std::unique_ptr<StoreWriter>> openWriter() = 0;
    virtual Result<std::unique_ptr<StoreReader>> openReader() = 0;
};

} // namespace tk::store
