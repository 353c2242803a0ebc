#include "support/exchange/encode.h"

#include "support/exchange/hash.h"
#include "support/exchange/json_text.h"

namespace tk::sim {

namespace {

void appendKlineBody(QByteArray &out, const Contract &c, const KlineText &text, const Aggregate &sum, bool withSymbol)
{
    const int price = c.priceDecimals;
    const int volume = sum.fills == 0 ? 0 : c.quantityDecimals;
    const int quote = sum.fills == 0 ? 0 : price + c.quantityDecimals;
    JsonText json(out);
    json.raw("\"k\":{\"t\":").number(text.openMs).raw(",\"T\":").number(text.closeMs - 1);
    if (withSymbol)
        json.raw(",\"s\":").string(c.symbol);
    json.raw(",\"i\":").string(text.interval).raw(",\"f\":").number(sum.firstFill).raw(",\"L\":").number(sum.lastFill);
    json.raw(",\"o\":").quoted(sum.open, price).raw(",\"c\":").quoted(sum.close, price);
    json.raw(",\"h\":").quoted(sum.high, price).raw(",\"l\":").quoted(sum.low, price);
    json.raw(",\"v\":").quoted(sum.volume, volume).raw(",\"n\":").number(sum.fills);
    json.raw(",\"x\":").boolean(text.closed).raw(",\"q\":").quoted(sum.quote, quote);
    json.raw(",\"V\":").quoted(sum.takerVolume, volume).raw(",\"Q\":").quoted(sum.takerQuote, quote);
    json.raw(",\"B\":\"0\"}}");
}

QByteArray lastQuantityText(const Contract &c, const DayWindow &day)
{
    return decimal(day.sum.lastQuantity, c.quantityDecimals);
}

} // namespace

void appendKline(QByteArray &out, const Contract &contract, const KlineText &text, const Aggregate &sum)
{
    JsonText(out).raw("{\"e\":\"kline\",\"E\":").number(text.eventMs).raw(",\"s\":").string(contract.symbol).raw(",");
    appendKlineBody(out, contract, text, sum, true);
}

void appendContinuousKline(QByteArray &out, const Contract &contract, const KlineText &text, const Aggregate &sum)
{
    JsonText(out)
        .raw("{\"e\":\"continuous_kline\",\"E\":")
        .number(text.eventMs)
        .raw(",\"ps\":")
        .string(contract.pair)
        .raw(",\"ct\":")
        .string(contract.contractType)
        .raw(",");
    appendKlineBody(out, contract, text, sum, false);
}

void appendKlineRow(QByteArray &out, const Contract &contract, qint64 openMs, qint64 closeMs, const Aggregate &sum)
{
    const int price = contract.priceDecimals;
    const int volume = sum.fills == 0 ? 0 : contract.quantityDecimals;
    const int quote = sum.fills == 0 ? 0 : price + contract.quantityDecimals;
    JsonText json(out);
    json.raw("[").number(openMs).raw(",").quoted(sum.open, price).raw(",").quoted(sum.high, price).raw(",");
    json.quoted(sum.low, price).raw(",").quoted(sum.close, price).raw(",").quoted(sum.volume, volume).raw(",");
    json.number(closeMs - 1).raw(",").quoted(sum.quote, quote).raw(",").number(sum.fills).raw(",");
    json.quoted(sum.takerVolume, volume).raw(",").quoted(sum.takerQuote, quote).raw(",\"0\"]");
}

void appendMarkRow(QByteArray &out, qint64 openMs, qint64 closeMs, const MarkCandle &candle)
{
    JsonText json(out);
    json.raw("[").number(openMs).raw(",").quoted(candle.open, 8).raw(",").quoted(candle.high, 8).raw(",");
    json.quoted(candle.low, 8).raw(",").quoted(candle.close, 8).raw(",\"0\",").number(closeMs - 1).raw(",\"0\",");
    json.number(candle.points).raw(",\"0\",\"0\",\"0\"]");
}

void appendAggTrade(QByteArray &out, const Contract &contract, const Trade &trade, qint64 eventMs)
{
    JsonText json(out);
    json.raw("{\"e\":\"aggTrade\",\"E\":").number(eventMs).raw(",\"a\":").number(trade.id);
    json.raw(",\"s\":").string(contract.symbol).raw(",\"p\":").quoted(trade.price, contract.priceDecimals);
    json.raw(",\"q\":").quoted(trade.quantity, contract.quantityDecimals);
    json.raw(",\"nq\":").quoted(trade.quantity, contract.quantityDecimals);
    json.raw(",\"f\":").number(trade.firstFill).raw(",\"l\":").number(trade.lastFill);
    json.raw(",\"T\":").number(trade.time).raw(",\"m\":").boolean(trade.buyerIsMaker);
    json.raw(",\"st\":").number(contract.family).raw("}");
}

void appendMarkPrice(QByteArray &out, const Contract &contract, qint64 ms, qint64 eventMs, PathCursor &cursor)
{
    const Mark mark = markAt(contract, ms, cursor);
    const bool funded = contract.hasFunding() && contract.isListed(ms);
    JsonText json(out);
    json.raw("{\"e\":\"markPriceUpdate\",\"E\":").number(eventMs).raw(",\"s\":").string(contract.symbol);
    json.raw(",\"p\":").quoted(mark.mark, 8).raw(",\"ap\":").quoted(mark.average, 8);
    json.raw(",\"P\":").quoted(mark.settle, 8).raw(",\"i\":").quoted(mark.index, 8);
    if (funded)
        json.raw(",\"r\":").quoted(liveRate(contract, ms), 8).raw(",\"T\":").number(nextFunding(contract, ms));
    else // dated and ended contracts: both forms occur
        json.raw(contract.contractType.endsWith("QUARTER") ? ",\"r\":\"\",\"T\":0" : ",\"r\":\"0.00000000\",\"T\":0");
    json.raw(",\"st\":").number(contract.family).raw("}");
}

void appendBookTicker(QByteArray &out, const Contract &contract, const BookTop &top, qint64 step, qint64 eventMs)
{
    JsonText json(out);
    json.raw("{\"e\":\"bookTicker\",\"u\":").number(bookId(contract, step)).raw(",\"s\":").string(contract.symbol);
    json.raw(",\"ps\":").string(contract.pair).raw(",\"b\":").quoted(top.bid, contract.priceDecimals);
    json.raw(",\"B\":").quoted(top.bidSize, contract.quantityDecimals);
    json.raw(",\"a\":").quoted(top.ask, contract.priceDecimals);
    json.raw(",\"A\":").quoted(top.askSize, contract.quantityDecimals);
    json.raw(",\"T\":").number(eventMs - 1).raw(",\"E\":").number(eventMs);
    json.raw(",\"st\":").number(contract.family).raw("}");
}

void appendLevels(QByteArray &out, const Contract &contract, const std::vector<Level> &levels)
{
    JsonText json(out);
    json.raw("[");
    bool first = true;
    for (const Level &level : levels) {
        json.raw(first ? "[" : ",[").quoted(level.price, contract.priceDecimals).raw(",");
        json.quoted(level.size, level.size == 0 ? 0 : contract.quantityDecimals).raw("]");
        first = false;
    }
    json.raw("]");
}

void appendDepth(QByteArray &out, const Contract &contract, const BookSides &sides, const DepthIds &ids, qint64 timeMs,
                 qint64 eventMs)
{
    JsonText json(out);
    json.raw("{\"e\":\"depthUpdate\",\"E\":").number(eventMs).raw(",\"T\":").number(timeMs);
    json.raw(",\"s\":").string(contract.symbol).raw(",\"ps\":").string(contract.pair);
    json.raw(",\"U\":").number(ids.first).raw(",\"u\":").number(ids.last).raw(",\"pu\":").number(ids.previous);
    json.raw(",\"b\":");
    appendLevels(out, contract, sides.bids);
    json.raw(",\"a\":");
    appendLevels(out, contract, sides.asks);
    json.raw(",\"st\":").number(contract.family).raw("}");
}

DayWindow dayWindow(Tape &tape, const Contract &contract, qint64 nowMs)
{
    DayWindow day;
    day.openMs = (nowMs - 86'400'000) / 60'000 * 60'000;
    day.closeMs = nowMs;
    day.sum = tape.aggregate(contract, day.openMs, nowMs);
    return day;
}

qint64 DayWindow::weightedAverage(const Contract &) const
{
    return sum.volume == 0 ? sum.close : (sum.quote + sum.volume / 2) / sum.volume;
}

qint64 DayWindow::changePermyriad() const
{
    return sum.open == 0 ? 0 : qint64(double(sum.close - sum.open) * 100'000 / double(sum.open));
}

qint64 DayWindow::quoteInPriceUnits(const Contract &contract) const
{
    qint64 quote = sum.quote;
    for (int i = 0; i < contract.quantityDecimals; ++i)
        quote /= 10;
    return quote;
}

void appendTicker(QByteArray &out, const Contract &contract, const DayWindow &day, qint64 eventMs)
{
    const int price = contract.priceDecimals;
    const Aggregate &sum = day.sum;
    JsonText json(out);
    json.raw("{\"e\":\"24hrTicker\",\"E\":").number(eventMs).raw(",\"s\":").string(contract.symbol);
    json.raw(",\"ps\":").string(contract.pair).raw(",\"p\":").quoted(sum.close - sum.open, price);
    json.raw(",\"P\":").quoted(day.changePermyriad(), 3).raw(",\"w\":").quoted(day.weightedAverage(contract), price);
    json.raw(",\"c\":").quoted(sum.close, price).raw(",\"Q\":").string(lastQuantityText(contract, day));
    json.raw(",\"o\":").quoted(sum.open, price).raw(",\"h\":").quoted(sum.high, price);
    json.raw(",\"l\":").quoted(sum.low, price).raw(",\"v\":").quoted(sum.volume, contract.quantityDecimals);
    json.raw(",\"q\":").quoted(day.quoteInPriceUnits(contract), price).raw(",\"O\":").number(day.openMs);
    json.raw(",\"C\":").number(day.closeMs).raw(",\"F\":").number(sum.firstFill).raw(",\"L\":").number(sum.lastFill);
    json.raw(",\"n\":").number(sum.fills).raw(",\"st\":").number(contract.family).raw("}");
}

void appendMiniTicker(QByteArray &out, const Contract &contract, const DayWindow &day, qint64 eventMs)
{
    const int price = contract.priceDecimals;
    JsonText json(out);
    json.raw("{\"e\":\"24hrMiniTicker\",\"E\":").number(eventMs).raw(",\"s\":").string(contract.symbol);
    json.raw(",\"c\":").quoted(day.sum.close, price).raw(",\"o\":").quoted(day.sum.open, price);
    json.raw(",\"h\":").quoted(day.sum.high, price).raw(",\"l\":").quoted(day.sum.low, price);
    json.raw(",\"v\":").quoted(day.sum.volume, contract.quantityDecimals);
    json.raw(",\"q\":").quoted(day.quoteInPriceUnits(contract), price).raw(",\"ps\":").string(contract.pair);
    json.raw(",\"st\":").number(contract.family).raw("}");
}

std::optional<Liquidation> liquidationIn(const Contract &contract, qint64 minuteMs, PathCursor &cursor)
{
    const quint64 chance = mix(contract.seed + 59, quint64(minuteMs));
    if (chance % 20 != 0)
        return {};
    Liquidation order;
    order.timeMs = minuteMs + qint64((chance >> 8) % 60'000);
    if (!contract.isListed(order.timeMs))
        return {};
    order.sell = (chance & 1024) != 0;
    order.quantity = 1 + qint64(double(contract.lot) * unit(mix(chance, 1)) * 5);
    const double path = pathAt(contract, order.timeMs, cursor) / double(contract.tick);
    order.averagePrice = std::max<qint64>(1, qint64(path)) * contract.tick;
    order.price = std::max<qint64>(1, qint64(path * (order.sell ? 0.996 : 1.004))) * contract.tick;
    return order;
}

void appendForceOrder(QByteArray &out, const Contract &contract, const Liquidation &order, qint64 eventMs)
{
    const int price = contract.priceDecimals;
    const int quantity = contract.quantityDecimals;
    JsonText json(out);
    json.raw("{\"e\":\"forceOrder\",\"E\":").number(eventMs).raw(",\"o\":{\"s\":").string(contract.symbol);
    json.raw(order.sell ? ",\"S\":\"SELL\"" : ",\"S\":\"BUY\"").raw(",\"o\":\"LIMIT\",\"f\":\"IOC\",\"q\":");
    json.quoted(order.quantity, quantity).raw(",\"p\":").quoted(order.price, price);
    json.raw(",\"ap\":").quoted(order.averagePrice, price).raw(",\"X\":\"FILLED\",\"l\":");
    json.quoted(order.quantity, quantity).raw(",\"z\":").quoted(order.quantity, quantity);
    json.raw(",\"T\":").number(order.timeMs).raw(",\"ps\":").string(contract.pair);
    json.raw(",\"st\":").number(contract.family).raw("}}");
}

void appendContractInfo(QByteArray &out, const Contract &contract, qint64 nowMs, qint64 eventMs)
{
    JsonText json(out);
    json.raw("{\"e\":\"contractInfo\",\"E\":").number(eventMs).raw(",\"s\":").string(contract.symbol);
    json.raw(",\"ct\":").string(contract.contractType).raw(",\"dt\":").number(contract.deliveryMs);
    json.raw(",\"ot\":").number(contract.listedMs()).raw(",\"cs\":").string(contract.status(nowMs));
    json.raw(",\"bks\":[{\"bs\":1,\"bnf\":0,\"bnc\":5000,\"mmr\":0.01,\"cf\":0,\"mi\":21,\"ma\":50}],\"st\":");
    json.number(contract.family).raw("}");
}

} // namespace tk::sim
