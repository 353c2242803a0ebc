// What the store keeps, and the batches in which it travels there.
#pragma once

#include "market/candle.h"

#include <QByteArray>
#include <QHashFunctions>
#include <QString>

#include <compare>
#include <functional>
#include <vector>

namespace tk {

// A series of candles: one pair and timeframe of one exchange.
struct SeriesKey
{
    QString exchange; // "binance-usdm"
    QString pair;     // "BTC/USDT:USDT"
    Timeframe timeframe = Timeframe::M1;

    bool operator==(const SeriesKey &) const = default;
};

inline size_t qHash(const SeriesKey &key, size_t seed = 0)
{
    return qHashMulti(seed, key.exchange, key.pair, quint8(key.timeframe));
}

struct CandleBatch
{
    SeriesKey series;
    std::vector<Candle> candles; // final ones only, ascending
};

// One point of `funding_rate`. A settled rate stands at its funding time (to the minute: exchanges print a few
// milliseconds more, reference §1.4); a predicted rate at the time of the event that told it.
struct FundingPoint
{
    QString exchange;
    QString pair;
    UtcTime time;
    DecimalText rate;           // settled; empty where only the prediction is known
    DecimalText predicted_rate; // as it stands for the coming settlement; empty for settled points from history
    UtcTime next_funding{};     // 0 when unknown
    bool special = false;       // Binance rateType "Special" (reference §2.6): stands beside the regular one
};

struct MarkPoint
{
    QString exchange;
    QString pair;
    UtcTime time;
    DecimalText price;
    DecimalText index_price; // may be empty
};

// Data without history of its own (trades, liquidations, tickers, depth): the exchange's own object, verbatim.
struct TickPoint
{
    QString exchange;
    QString pair;
    QString kind;       // "trades", "liquidations", "ticker", "depth"
    UtcTime time;       // event time
    qint64 id = 0;      // the exchange's own id; with kind, pair and time the identity of the tick
    QByteArray payload; // JSON
};

struct RecordBatch
{
    std::vector<CandleBatch> candles;
    std::vector<CandleBatch> mark_candles; // of the mark price: no volume, no trades
    std::vector<FundingPoint> funding;
    std::vector<MarkPoint> marks;
    std::vector<TickPoint> ticks;
    UtcTime newest_event{}; // newest event time of live data within; 0 when there is none. For latency metrics
    quint64 ticket = 0;     // given back by the store when all of it is stored; 0: nobody waits

    bool isEmpty() const
    {
        return candles.empty() && mark_candles.empty() && funding.empty() && marks.empty() && ticks.empty();
    }
    size_t recordCount() const
    {
        size_t count = funding.size() + marks.size() + ticks.size();
        for (const CandleBatch &batch : candles)
            count += batch.candles.size();
        for (const CandleBatch &batch : mark_candles)
            count += batch.candles.size();
        return count;
    }
};

// Takes a batch for the store; false: its queue is full, and the batch is still the caller's.
using RecordSink = std::function<bool(RecordBatch &&batch)>;

// Half-open: [from, to).
struct TimeSpan
{
    UtcTime from;
    UtcTime to;

    bool operator==(const TimeSpan &) const = default;
};

struct SeriesSpan
{
    SeriesKey series;
    TimeSpan span;
};

} // namespace tk
