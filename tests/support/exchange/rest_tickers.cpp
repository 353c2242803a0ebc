// The present state of contracts over REST: marks, tickers, open interest.
#include "support/exchange/encode.h"
#include "support/exchange/json_text.h"
#include "support/exchange/rest_api.h"

namespace tk::sim {

namespace {

void appendDayTicker(QByteArray &out, const Contract &c, const DayWindow &day)
{
    const int price = c.priceDecimals;
    const Aggregate &sum = day.sum;
    JsonText json(out);
    json.raw("{\"symbol\":").string(c.symbol).raw(",\"priceChange\":").quoted(sum.close - sum.open, price);
    json.raw(",\"priceChangePercent\":").quoted(day.changePermyriad(), 3);
    json.raw(",\"weightedAvgPrice\":").quoted(day.weightedAverage(c), price);
    json.raw(",\"lastPrice\":").quoted(sum.close, price);
    json.raw(",\"lastQty\":").quoted(sum.lastQuantity, c.quantityDecimals);
    json.raw(",\"openPrice\":").quoted(sum.open, price).raw(",\"highPrice\":").quoted(sum.high, price);
    json.raw(",\"lowPrice\":").quoted(sum.low, price).raw(",\"volume\":").quoted(sum.volume, c.quantityDecimals);
    json.raw(",\"quoteVolume\":").quoted(day.quoteInPriceUnits(c), price).raw(",\"openTime\":").number(day.openMs);
    json.raw(",\"closeTime\":").number(day.closeMs).raw(",\"firstId\":").number(sum.firstFill);
    json.raw(",\"lastId\":").number(sum.lastFill).raw(",\"count\":").number(sum.fills).raw("}");
}

void appendPremiumIndex(QByteArray &out, const Contract &c, qint64 now)
{
    PathCursor cursor;
    const qint64 second = now - now % 1000;
    const Mark mark = markAt(c, second, cursor);
    const bool funded = c.hasFunding() && c.isListed(now);
    JsonText json(out);
    json.raw("{\"symbol\":").string(c.symbol).raw(",\"markPrice\":").quoted(mark.mark, 8);
    json.raw(",\"indexPrice\":").quoted(mark.index, 8).raw(",\"estimatedSettlePrice\":").quoted(mark.settle, 8);
    json.raw(",\"lastFundingRate\":").quoted(funded ? liveRate(c, second) : 0, 8);
    json.raw(",\"interestRate\":").quoted(funded ? 10'000 : 0, 8);
    json.raw(",\"nextFundingTime\":").number(funded ? nextFunding(c, now) : 0);
    json.raw(",\"time\":").number(second).raw("}");
}

} // namespace

RestOutcome RestApi::premiumIndex(const Call &call)
{
    RestOutcome outcome;
    const qint64 now = m_market.nowMs();
    if (!call.text("symbol").isEmpty()) {
        const Contract *contract = contractOf(call, "symbol", &outcome);
        if (contract)
            appendPremiumIndex(outcome.body, *contract, now);
        return outcome;
    }
    outcome.body = "[";
    for (const auto &contract : m_market.universe.contracts()) {
        if (contract->family != 1 || contract->neverOpens)
            continue;
        if (outcome.body.size() > 1)
            outcome.body += ',';
        appendPremiumIndex(outcome.body, *contract, now);
    }
    outcome.body += ']';
    return outcome;
}

RestOutcome RestApi::ticker(const QByteArray &name, const Call &call)
{
    const qint64 now = m_market.nowMs();
    const auto append = [&](QByteArray &out, const Contract &contract) {
        JsonText json(out);
        if (name == "ticker/24hr") {
            appendDayTicker(out, contract, dayWindow(m_market.tape, contract, now));
        } else if (name == "ticker/price") {
            const qint64 last = lastTradeBefore(contract, now);
            PathCursor cursor;
            const Trade trade = last < 0 ? Trade{} : tradeAt(contract, last, cursor);
            json.raw("{\"symbol\":").string(contract.symbol).raw(",\"price\":");
            json.quoted(trade.price, contract.priceDecimals).raw(",\"time\":").number(trade.time).raw("}");
        } else {
            PathCursor cursor;
            const BookTop top = bookTop(contract, bookStep(now), cursor);
            json.raw("{\"symbol\":")
                .string(contract.symbol)
                .raw(",\"bidPrice\":")
                .quoted(top.bid, contract.priceDecimals);
            json.raw(",\"bidQty\":").quoted(top.bidSize, contract.quantityDecimals);
            json.raw(",\"askPrice\":").quoted(top.ask, contract.priceDecimals);
            json.raw(",\"askQty\":").quoted(top.askSize, contract.quantityDecimals);
            json.raw(",\"time\":")
                .number(now)
                .raw(",\"lastUpdateId\":")
                .number(bookId(contract, bookStep(now)))
                .raw("}");
        }
    };
    RestOutcome outcome;
    if (name != "ticker/24hr" && name != "ticker/price" && name != "ticker/bookTicker")
        return {404, "{\"code\":-5000,\"msg\":\"Path /fapi/v1/" + name + ", Method GET is invalid\"}"};
    if (!call.text("symbol").isEmpty()) {
        const Contract *contract = contractOf(call, "symbol", &outcome);
        if (contract)
            append(outcome.body, *contract);
        return outcome;
    }
    outcome.body = "[";
    for (const auto &contract : m_market.universe.contracts()) {
        if (contract->family != 1 || !contract->isListed(now))
            continue;
        if (outcome.body.size() > 1)
            outcome.body += ',';
        append(outcome.body, *contract);
    }
    outcome.body += ']';
    return outcome;
}

} // namespace tk::sim
