// What a store must do. The embedded store (SQLite) and InfluxDB implement it. All calls are synchronous and belong to
// the thread that opened the object; several readers may be open beside the one writer.
#pragma once

#include "base/result.h"
#include "market/records.h"
#include "market/stream.h"
#include "store/impossible_rows.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace tk::store {

struct SeriesSummary
{
    SeriesKey series;
    UtcTime first;
    UtcTime last;
    qint64 count = 0;
};

// The oldest and the newest candle of a series.
struct SeriesEdge
{
    SeriesKey series;
    UtcTime first;
    UtcTime last;
};

struct FundingState
{
    std::optional<FundingPoint> settled;   // newest settled rate
    std::optional<FundingPoint> predicted; // newest prediction
};

// What the engine knows to be stored. Answers at once, never over a network: history plans and closes gaps by it, also
// while the database is away.
class StoreIndex
{
public:
    virtual ~StoreIndex() = default;

    // Open time of the oldest candle that is stored or durably on its way; nothing for an empty series.
    virtual Result<std::optional<UtcTime>> firstTime(const SeriesKey &series) = 0;

    // Runs of missing candle opens within [span.from, span.to), both on the grid, ascending: neither stored nor durably
    // on their way. An empty series is one hole.
    virtual Result<std::vector<TimeSpan>> holes(const SeriesKey &series, TimeSpan span) = 0;

    // The same for mark prices: whole minutes without any.
    virtual Result<std::vector<TimeSpan>> markHoles(const QString &exchange, const QString &pair, TimeSpan span) = 0;

    // The same for candles of the mark price.
    virtual Result<std::vector<TimeSpan>> markCandleHoles(const SeriesKey &series, TimeSpan span) = 0;

    // The database itself has confirmed all that is known of the span (candles, mark prices): nothing is on its way.
    virtual Result<bool> isConfirmed(const StreamKey &stream, TimeSpan span) = 0;

    // The values of the candles in the span, as far as they are at hand without asking anybody.
    virtual Result<std::vector<Candle>> knownCandles(const SeriesKey &series, TimeSpan span) = 0;

    virtual Result<std::vector<SeriesSummary>> candleSeries() = 0; // every series that has candles

    virtual Result<std::optional<UtcTime>> newestSettledFunding(const QString &exchange, const QString &pair) = 0;
};

// Everything a store can be asked for. May wait for a database (a deadline of its own, then an error). Candles that
// cannot be are in no answer.
class StoreReader : public StoreIndex
{
public:
    // Those that were left out since the last take.
    ImpossibleRows takeImpossible() { return std::exchange(m_impossible, {}); }

    // Final candles with open time in [span.from, span.to), ascending; with a limit, the newest `limit` of them.
    virtual Result<std::vector<Candle>> candles(const SeriesKey &series, TimeSpan span,
                                                std::optional<qint64> limit) = 0;

    // Open time of the newest stored candle; nothing for an empty series.
    virtual Result<std::optional<UtcTime>> lastTime(const SeriesKey &series) = 0;

    // Every series that has candles, with its edges; counts nothing, and so is cheap where candleSeries() is not.
    virtual Result<std::vector<SeriesEdge>> candleEdges();

    // The same of the mark price's candles.
    virtual Result<std::vector<SeriesEdge>> markCandleEdges() = 0;

    // The newest funding state, and the newest mark price; of all pairs where none is named. Sorted by pair.
    virtual Result<std::vector<FundingState>> fundingNow(std::optional<QString> pair) = 0;
    virtual Result<std::vector<MarkPoint>> marksNow(std::optional<QString> pair) = 0;

    // Settled funding points in the span, ascending.
    virtual Result<std::vector<FundingPoint>> fundingHistory(const QString &exchange, const QString &pair,
                                                             TimeSpan span) = 0;

    // Time of the oldest mark price; nothing where there is none.
    virtual Result<std::optional<UtcTime>> firstMark(const QString &exchange, const QString &pair) = 0;

    virtual Result<std::vector<MarkPoint>> markHistory(const QString &exchange, const QString &pair, TimeSpan span) = 0;

    // Candles of the mark price with open time in [span.from, span.to), ascending.
    virtual Result<std::vector<Candle>> markCandles(const SeriesKey &series, TimeSpan span) = 0;

    // How many ticks of one kind are stored in the span.
    virtual Result<qint64> tickCount(const QString &exchange, const QString &pair, const QString &kind,
                                     TimeSpan span) = 0;

    // What the index wants to know, from the questions above: a reader sees what is stored, and nothing on its way.
    Result<std::vector<TimeSpan>> markHoles(const QString &exchange, const QString &pair, TimeSpan span) override;
    Result<bool> isConfirmed(const StreamKey &stream, TimeSpan span) override;
    Result<std::vector<Candle>> knownCandles(const SeriesKey &series, TimeSpan span) override;
    Result<std::optional<UtcTime>> newestSettledFunding(const QString &exchange, const QString &pair) override;

protected:
    bool isSound(const SeriesKey &series, const Candle &candle, bool of_mark_price)
    {
        return m_impossible.isSound(series, candle, of_mark_price);
    }

private:
    ImpossibleRows m_impossible;
};

// What a write changed, so that a repair can be counted as one.
struct WriteOutcome
{
    qint64 stored = 0;     // points written, new or equal; corrected ones are not among them
    qint64 corrected = 0;  // candles that were there with other values and were replaced
    bool confirmed = true; // false: safe on the disk, on its way to a database that will confirm it
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

    // Looks whether the files in use are still there and whole, and mends what is not. About once a second.
    virtual Status lookAfter() { return ok(); }

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
    virtual Result<std::shared_ptr<StoreIndex>> openIndex() = 0; // one, or one for each who asks
};

} // namespace tk::store
