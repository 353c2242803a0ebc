#include "support/exchange/tape.h"

#include "support/exchange/json_text.h"

#include <algorithm>

namespace tk::sim {

namespace {

constexpr qint64 hourMs = 3'600'000;
constexpr size_t maxCachedHours = 40'000; // of one contract: four years

void addPoint(MarkCandle &candle, qint64 value)
{
    if (candle.points == 0) {
        candle.open = candle.high = candle.low = value;
    } else {
        candle.high = std::max(candle.high, value);
        candle.low = std::min(candle.low, value);
    }
    candle.close = value;
    ++candle.points;
}

void mergeMarks(MarkCandle &candle, const MarkCandle &later)
{
    if (later.points == 0)
        return;
    if (candle.points == 0) {
        candle = later;
        return;
    }
    candle.high = std::max(candle.high, later.high);
    candle.low = std::min(candle.low, later.low);
    candle.close = later.close;
    candle.points += later.points;
}

// Mark and index prices of every second in [fromMs, toMs).
std::array<MarkCandle, 2> markSpan(const Contract &contract, qint64 fromMs, qint64 toMs)
{
    std::array<MarkCandle, 2> candles;
    PathCursor path;
    for (qint64 ms = (fromMs + 999) / 1000 * 1000; ms < toMs; ms += 1000) {
        const Mark mark = markAt(contract, ms, path);
        addPoint(candles[0], mark.mark);
        addPoint(candles[1], mark.index);
    }
    return candles;
}

DecimalText text(qint64 units, int decimals)
{
    const QByteArray bytes = decimal(units, decimals);
    return *DecimalText::from(std::string_view(bytes.data(), size_t(bytes.size())));
}

} // namespace

void Aggregate::add(const Trade &trade)
{
    if (fills == 0) {
        open = high = low = trade.price;
        firstFill = trade.firstFill;
    } else {
        high = std::max(high, trade.price);
        low = std::min(low, trade.price);
    }
    close = trade.price;
    lastFill = trade.lastFill;
    lastQuantity = trade.quantity;
    fills += trade.lastFill - trade.firstFill + 1;
    volume += trade.quantity;
    quote += trade.quantity * trade.price;
    if (!trade.buyerIsMaker) { // the taker bought
        takerVolume += trade.quantity;
        takerQuote += trade.quantity * trade.price;
    }
}

void Aggregate::merge(const Aggregate &later)
{
    if (later.fills == 0)
        return;
    if (fills == 0) {
        *this = later;
        return;
    }
    high = std::max(high, later.high);
    low = std::min(low, later.low);
    close = later.close;
    volume += later.volume;
    takerVolume += later.takerVolume;
    quote += later.quote;
    takerQuote += later.takerQuote;
    lastFill = later.lastFill;
    lastQuantity = later.lastQuantity;
    fills += later.fills;
}

Aggregate Aggregate::flat(qint64 price)
{
    Aggregate sum;
    sum.open = sum.high = sum.low = sum.close = price;
    return sum;
}

Tape::Cache &Tape::cacheOf(const Contract &contract)
{
    if (m_caches.size() <= size_t(contract.index))
        m_caches.resize(size_t(contract.index) + 1);
    return m_caches[size_t(contract.index)];
}

PathCursor &Tape::cursor(const Contract &contract)
{
    return cacheOf(contract).cursor;
}

void Tape::forget(const Contract &contract)
{
    cacheOf(contract).hours.clear();
}

void Tape::addTrades(const Contract &contract, qint64 fromMs, qint64 toMs, Aggregate &sum)
{
    const qint64 end = tradeIndexAt(contract, toMs);
    PathCursor path;
    for (qint64 index = tradeIndexAt(contract, fromMs); index < end; ++index) {
        if (contract.quiet.empty() || tradeExists(contract, index, fromMs))
            sum.add(tradeAt(contract, index, path));
    }
}

const Aggregate &Tape::hour(const Contract &contract, qint64 startMs)
{
    Cache &cache = cacheOf(contract);
    const auto found = cache.hours.find(startMs);
    if (found != cache.hours.end())
        return found->second;
    if (cache.hours.size() > maxCachedHours)
        cache.hours.clear();
    Aggregate sum;
    addTrades(contract, startMs, startMs + hourMs, sum);
    return cache.hours.emplace(startMs, sum).first->second;
}

Aggregate Tape::aggregate(const Contract &contract, qint64 fromMs, qint64 toMs)
{
    Aggregate sum;
    if (contract.neverOpens)
        return sum;
    fromMs = std::max(fromMs, contract.onboardMs);
    toMs = std::min(toMs, contract.deliveryMs);
    while (fromMs < toMs) {
        const qint64 hourStart = fromMs - fromMs % hourMs;
        const qint64 end = std::min(hourStart + hourMs, toMs);
        if (fromMs == hourStart && end == hourStart + hourMs)
            sum.merge(hour(contract, hourStart));
        else
            addTrades(contract, fromMs, end, sum);
        fromMs = end;
    }
    return sum;
}

std::optional<Aggregate> Tape::candle(const Contract &contract, Timeframe timeframe, qint64 openMs, qint64 nowMs)
{
    const qint64 closeMs = toMs(nextCandleOpen(timeframe, fromMs(openMs)));
    if (contract.neverOpens || closeMs <= contract.onboardMs || openMs >= contract.deliveryMs || openMs > nowMs)
        return {};
    const Aggregate sum = aggregate(contract, openMs, std::min(closeMs, nowMs));
    if (sum.fills > 0)
        return sum;
    const qint64 last = lastTradeBefore(contract, openMs);
    if (last < 0)
        return {};
    PathCursor path;
    return Aggregate::flat(tradeAt(contract, last, path).price);
}

MarkCandle Tape::markCandle(const Contract &contract, Timeframe timeframe, qint64 openMs, qint64 nowMs, bool indexPrice)
{
    MarkCandle candle;
    const qint64 end = std::min({toMs(nextCandleOpen(timeframe, fromMs(openMs))), nowMs, contract.deliveryMs});
    qint64 from = std::max(openMs, contract.onboardMs);
    Cache &cache = cacheOf(contract);
    while (from < end) {
        const qint64 hourStart = from - from % hourMs;
        const qint64 to = std::min(hourStart + hourMs, end);
        if (from == hourStart && to == hourStart + hourMs) {
            if (cache.markHours.size() > maxCachedHours)
                cache.markHours.clear();
            auto found = cache.markHours.find(hourStart);
            if (found == cache.markHours.end())
                found = cache.markHours.emplace(hourStart, markSpan(contract, from, to)).first;
            mergeMarks(candle, found->second[indexPrice ? 1 : 0]);
        } else {
            mergeMarks(candle, markSpan(contract, from, to)[indexPrice ? 1 : 0]);
        }
        from = to;
    }
    return candle;
}

RunningCandle Tape::start(const Contract &contract, Timeframe timeframe, qint64 openMs)
{
    RunningCandle candle;
    candle.openMs = openMs;
    candle.closeMs = toMs(nextCandleOpen(timeframe, fromMs(openMs)));
    candle.nextIndex = tradeIndexAt(contract, std::max(openMs, contract.onboardMs));
    return candle;
}

bool Tape::extend(const Contract &contract, RunningCandle &candle, qint64 nowMs)
{
    if (contract.neverOpens)
        return false;
    const qint64 fills = candle.sum.fills;
    const qint64 end = tradeIndexAt(contract, std::min({nowMs, candle.closeMs, contract.deliveryMs}));
    // A stream subscribed late in a long candle starts from the cached hours.
    if (end - candle.nextIndex > 4 * contract.perBlockActive) {
        candle.sum = aggregate(contract, candle.openMs, std::min(nowMs, candle.closeMs));
        candle.nextIndex = end;
        return true;
    }
    PathCursor &path = cursor(contract);
    for (; candle.nextIndex < end; ++candle.nextIndex) {
        if (tradeExists(contract, candle.nextIndex, tradeTime(contract, candle.nextIndex)))
            candle.sum.add(tradeAt(contract, candle.nextIndex, path));
    }
    return candle.sum.fills != fills;
}

Candle toCandle(const Contract &contract, qint64 openMs, const Aggregate &sum)
{
    Candle candle;
    candle.open_time = fromMs(openMs);
    candle.open = text(sum.open, contract.priceDecimals);
    candle.high = text(sum.high, contract.priceDecimals);
    candle.low = text(sum.low, contract.priceDecimals);
    candle.close = text(sum.close, contract.priceDecimals);
    candle.volume = sum.fills == 0 ? text(0, 0) : text(sum.volume, contract.quantityDecimals);
    candle.quote_volume =
        sum.fills == 0 ? text(0, 0) : text(sum.quote, contract.priceDecimals + contract.quantityDecimals);
    candle.trades = sum.fills;
    candle.source = CandleSource::History;
    return candle;
}

} // namespace tk::sim
