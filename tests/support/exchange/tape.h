// Candles, made from the trades of the model, with a cache of whole hours so that long histories stay cheap.
#pragma once

#include "market/candle.h"
#include "support/exchange/market_model.h"

#include <optional>
#include <unordered_map>
#include <vector>

namespace tk::sim {

struct Aggregate
{
    qint64 open = 0;
    qint64 high = 0;
    qint64 low = 0;
    qint64 close = 0;
    qint64 volume = 0; // units of 10^-quantityDecimals
    qint64 takerVolume = 0;
    qint64 quote = 0; // units of 10^-(priceDecimals + quantityDecimals)
    qint64 takerQuote = 0;
    qint64 firstFill = -1;
    qint64 lastFill = -1;
    qint64 fills = 0;
    qint64 lastQuantity = 0;

    void add(const Trade &trade);
    void merge(const Aggregate &later);
    static Aggregate flat(qint64 price);
};

// A candle that grows with the clock without being made anew: what the streams hold.
struct RunningCandle
{
    qint64 openMs = 0;
    qint64 closeMs = 0;   // exclusive
    qint64 nextIndex = 0; // first trade not yet in
    Aggregate sum;
};

struct MarkCandle
{
    qint64 open = 0;
    qint64 high = 0;
    qint64 low = 0;
    qint64 close = 0;
    qint64 points = 0;
};

class Tape
{
public:
    // All trades in [fromMs, toMs).
    Aggregate aggregate(const Contract &contract, qint64 fromMs, qint64 toMs);

    // The candle opened at `openMs` with what traded before `nowMs`; flat when nothing traded in it, nothing at all
    // before the first trade of the contract or after its end.
    std::optional<Aggregate> candle(const Contract &contract, Timeframe timeframe, qint64 openMs, qint64 nowMs);
    MarkCandle markCandle(const Contract &contract, Timeframe timeframe, qint64 openMs, qint64 nowMs, bool indexPrice);

    RunningCandle start(const Contract &contract, Timeframe timeframe, qint64 openMs);
    // Takes in the trades before `nowMs`; true when there were any.
    bool extend(const Contract &contract, RunningCandle &candle, qint64 nowMs);

    void forget(const Contract &contract);        // after its trades were changed
    PathCursor &cursor(const Contract &contract); // for times that mostly grow

private:
    struct Cache
    {
        std::unordered_map<qint64, Aggregate> hours;
        std::unordered_map<qint64, std::array<MarkCandle, 2>> markHours;
        PathCursor cursor;
    };
    Cache &cacheOf(const Contract &contract);
    void addTrades(const Contract &contract, qint64 fromMs, qint64 toMs, Aggregate &sum);
    const Aggregate &hour(const Contract &contract, qint64 hourMs);

    std::vector<Cache> m_caches; // by index of the contract
};

// As a record of the product: what the exchange's history says.
Candle toCandle(const Contract &contract, qint64 openMs, const Aggregate &sum);

} // namespace tk::sim
