// Candles, funding and trades over REST.
#include "support/exchange/encode.h"
#include "support/exchange/json_text.h"
#include "support/exchange/kline_values.h"
#include "support/exchange/rest_api.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace tk::sim {

namespace {

RestOutcome refused(int code, const QByteArray &message)
{
    return {400, "{\"code\":" + QByteArray::number(code) + ",\"msg\":\"" + message + "\"}"};
}

struct Span
{
    std::optional<qint64> from;
    std::optional<qint64> to; // inclusive
    qint64 limit = 500;
};

// How far the mark price was from the index, in 1e-8: of the four corners that both candles have.
MarkCandle premiumOf(const MarkCandle &mark, const MarkCandle &index)
{
    const auto ratio = [](qint64 a, qint64 b) { return b == 0 ? 0 : std::llround((double(a) / double(b) - 1) * 1e8); };
    const std::array corners{ratio(mark.open, index.open), ratio(mark.high, index.high), ratio(mark.low, index.low),
                             ratio(mark.close, index.close)};
    const auto [least, most] = std::ranges::minmax(corners);
    return {.open = corners[0], .high = most, .low = least, .close = corners[3], .points = mark.points};
}

// Open times of the candles asked for, ascending. Without a start the newest ones up to the end, or up to now.
std::vector<qint64> opensOf(Timeframe timeframe, const Span &span, qint64 earliest, qint64 now)
{
    const UtcTime last = candleOpen(timeframe, fromMs(std::min(span.to.value_or(now), now)));
    UtcTime open;
    if (span.from) {
        open = candleOpen(timeframe, fromMs(*span.from));
        if (toMs(open) < *span.from)
            open = nextCandleOpen(timeframe, open);
    } else {
        open = candlesBefore(timeframe, last, span.limit - 1);
    }
    open = std::max(open, candleOpen(timeframe, fromMs(earliest)));
    std::vector<qint64> opens;
    for (; open <= last && qint64(opens.size()) < span.limit; open = nextCandleOpen(timeframe, open))
        opens.push_back(toMs(open));
    return opens;
}

// What a real exchange has told after a maintenance: the third of eleven opens late, the fifth closes early, the
// seventh has its high below its low.
void appendOddRow(QByteArray &out, const Contract &contract, qint64 open, qint64 close, Aggregate sum, qint64 number)
{
    if (number == 3)
        open += 494; // ms beside the grid: it is still in its place among the others
    else if (number == 5)
        close -= 1'000;
    else if (number == 7)
        std::swap(sum.high, sum.low);
    if (number == 7 && sum.high == sum.low)
        sum.high = sum.low - 1;
    appendKlineRow(out, contract, open, close, sum);
}

} // namespace

RestOutcome RestApi::klines(const QByteArray &name, const Call &call)
{
    RestOutcome outcome;
    const bool byPair = name == "continuousKlines" || name == "indexPriceKlines";
    const Contract *contract = contractOf(call, byPair ? "pair" : "symbol", &outcome);
    if (!contract)
        return outcome;
    const QByteArray interval = call.text("interval");
    if (interval.isEmpty())
        return refused(-1102, "Mandatory parameter 'interval' was not sent, was empty/null, or malformed.");
    const auto timeframe = timeframeFromName(std::string_view(interval.data(), size_t(interval.size())));
    if (!timeframe)
        return refused(-1120, "Invalid interval.");
    Span span{call.number("startTime"), call.number("endTime"), 500};
    if (!call.text("limit").isEmpty()) {
        span.limit = call.number("limit").value_or(0);
        if (span.limit < 1 || span.limit > 1500)
            return refused(-1130, "Data sent for parameter 'limit' is not valid.");
    }
    const bool premium = name == "premiumIndexKlines";
    const bool marks = name == "markPriceKlines" || name == "indexPriceKlines" || premium;
    const qint64 now = m_market.nowMs();
    if (contract->neverOpens)
        return {200, "[]"};
    const ActiveFault *correction = m_market.faults.find(Fault::Correction, contract->lower + "@kline_" + interval);
    if (correction && correction->text("side") == QLatin1String("stream"))
        correction = nullptr;
    outcome.body = "[";
    for (const qint64 open : opensOf(*timeframe, span, contract->onboardMs, std::min(now, contract->deliveryMs - 1))) {
        const qint64 close = toMs(nextCandleOpen(*timeframe, fromMs(open)));
        const qsizetype before = outcome.body.size();
        if (before > 1)
            outcome.body += ',';
        if (premium) {
            appendMarkRow(outcome.body, open, close,
                          premiumOf(m_market.tape.markCandle(*contract, *timeframe, open, now + 1, false),
                                    m_market.tape.markCandle(*contract, *timeframe, open, now + 1, true)));
            continue;
        }
        if (marks) {
            appendMarkRow(outcome.body, open, close,
                          m_market.tape.markCandle(*contract, *timeframe, open, now + 1, name.startsWith("index")));
            continue;
        }
        std::optional<Aggregate> sum = m_market.tape.candle(*contract, *timeframe, open, now);
        if (!sum) {
            outcome.body.resize(before);
            continue;
        }
        if (correction && close <= now && now - close < correction->ms("age", 60'000))
            sum = preliminary(*contract, *sum);
        const bool odd = m_market.settings.oddRows.toLatin1() == contract->lower + "@kline_" + interval;
        appendOddRow(outcome.body, *contract, open, close, *sum, odd ? open / (close - open) % 11 : 0);
    }
    outcome.body += ']';
    return outcome;
}

RestOutcome RestApi::fundingRate(const Call &call)
{
    std::vector<const Contract *> chosen;
    if (call.text("symbol").isEmpty()) {
        for (const auto &contract : m_market.universe.contracts())
            chosen.push_back(contract.get());
    } else {
        RestOutcome refusal;
        const Contract *contract = contractOf(call, "symbol", &refusal);
        if (!contract)
            return refusal;
        chosen.push_back(contract);
    }
    const qint64 limit = std::clamp<qint64>(call.number("limit").value_or(chosen.size() > 1 ? 200 : 100), 1, 1000);
    const std::optional<qint64> from = call.number("startTime");
    const qint64 now = m_market.nowMs();
    const qint64 to = std::min(call.number("endTime").value_or(now), now);
    std::vector<std::pair<Funding, const Contract *>> rows;
    for (const Contract *contract : chosen) {
        if (!contract->hasFunding() || contract->neverOpens)
            continue;
        const qint64 interval = contract->fundingHours * 3'600'000LL;
        const qint64 end = std::min(to, contract->deliveryMs);
        qint64 due = from ? *from - 3 : end - interval * (limit + 1);
        due = std::max(due, contract->onboardMs) / interval * interval;
        for (qint64 count = 0; due <= end && count <= limit; due += interval) {
            const Funding funding = fundingAt(*contract, due);
            if (due < contract->onboardMs || funding.timeMs > end || (from && funding.timeMs < *from))
                continue;
            rows.emplace_back(funding, contract);
            ++count;
            if (hasSpecialFunding(*contract, due)) {
                Funding special = funding;
                special.special = true;
                special.rate = specialRate(funding);
                rows.emplace_back(special, contract);
            }
        }
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto &a, const auto &b) { return a.first.timeMs < b.first.timeMs; });
    if (qint64(rows.size()) > limit) {
        if (from)
            rows.resize(size_t(limit));
        else
            rows.erase(rows.begin(), rows.end() - limit);
    }
    RestOutcome outcome{200, "["};
    JsonText text(outcome.body);
    for (const auto &[funding, contract] : rows) {
        PathCursor cursor;
        text.raw(outcome.body.size() > 1 ? ",{\"symbol\":" : "{\"symbol\":").string(contract->symbol);
        text.raw(",\"fundingTime\":").number(funding.timeMs).raw(",\"fundingRate\":").quoted(funding.rate, 8);
        text.raw(",\"markPrice\":");
        if (funding.timeMs < 1'698'710'400'000) // the exchange has none before the end of October 2023
            text.raw("\"\"");
        else
            text.quoted(markAt(*contract, funding.dueMs, cursor).mark, 8);
        text.raw(",\"rateType\":").raw(funding.special ? "\"Special\"}" : "\"Regular\"}");
    }
    text.raw("]");
    return outcome;
}

RestOutcome RestApi::fundingInfo()
{
    RestOutcome outcome{200, "["};
    JsonText text(outcome.body);
    for (const auto &contract : m_market.universe.contracts()) {
        if (contract->family == 1 && !contract->hasFunding())
            continue;
        if (contract->fundingHours == 8 && contract->index % 5 == 4)
            continue; // not listed: has the usual 8 h
        text.raw(outcome.body.size() > 1 ? ",{\"symbol\":" : "{\"symbol\":").string(contract->symbol);
        text.raw(",\"adjustedFundingRateCap\":\"0.02000000\",\"adjustedFundingRateFloor\":\"-0.02000000\","
                 "\"fundingIntervalHours\":");
        text.number(contract->fundingHours).raw(",\"disclaimer\":").boolean(contract->index == 0);
        text.raw(contract->index % 14 == 0 ? ",\"updateTime\":null}" : ",\"updateTime\":1760955417544}");
    }
    text.raw("]");
    return outcome;
}

RestOutcome RestApi::trades(const Call &call)
{
    RestOutcome outcome;
    const Contract *contract = contractOf(call, "symbol", &outcome);
    if (!contract)
        return outcome;
    const qint64 limit = std::clamp<qint64>(call.number("limit").value_or(500), 1, 1000);
    std::vector<QByteArray> rows; // newest first
    PathCursor cursor;
    const qint64 end = lastTradeBefore(*contract, m_market.nowMs());
    for (qint64 index = end; index >= 0 && qint64(rows.size()) < limit; --index) {
        const Trade trade = tradeAt(*contract, index, cursor);
        if (!tradeExists(*contract, index, trade.time)) {
            if (trade.time < contract->onboardMs)
                break;
            continue;
        }
        // Every fill of the trade; the last one takes what does not divide.
        const qint64 fills = std::min(trade.lastFill - trade.firstFill + 1, std::max<qint64>(trade.quantity, 1));
        const qint64 part = trade.quantity / fills;
        for (qint64 id = trade.lastFill; id >= trade.firstFill && qint64(rows.size()) < limit; --id) {
            const qint64 quantity = id == trade.lastFill ? trade.quantity - part * (fills - 1) : part;
            QByteArray row;
            JsonText text(row);
            text.raw("{\"id\":").number(id).raw(",\"price\":").quoted(trade.price, contract->priceDecimals);
            text.raw(",\"qty\":").quoted(quantity, contract->quantityDecimals).raw(",\"quoteQty\":");
            text.quoted(quantity * trade.price, contract->priceDecimals + contract->quantityDecimals);
            text.raw(",\"time\":").number(trade.time).raw(",\"isBuyerMaker\":").boolean(trade.buyerIsMaker).raw("}");
            rows.push_back(row);
        }
    }
    outcome.body = "[";
    for (auto row = rows.rbegin(); row != rows.rend(); ++row)
        outcome.body += (outcome.body.size() > 1 ? "," : "") + *row;
    outcome.body += ']';
    return outcome;
}

RestOutcome RestApi::aggTrades(const Call &call)
{
    RestOutcome outcome;
    const Contract *contract = contractOf(call, "symbol", &outcome);
    if (!contract)
        return outcome;
    const qint64 now = m_market.nowMs();
    const qint64 oldest = now - 48 * 3'600'000LL;
    const std::optional<qint64> from = call.number("startTime");
    if (from && *from < oldest)
        return refused(-4166, "Search window is restricted to recent 2 days only.");
    const qint64 limit = std::clamp<qint64>(call.number("limit").value_or(500), 1, 1000);
    const qint64 end = tradeIndexAt(*contract, std::min(call.number("endTime").value_or(now - 1) + 1, now));
    qint64 index = from ? tradeIndexAt(*contract, *from) : end - limit;
    PathCursor cursor;
    if (const std::optional<qint64> id = call.number("fromId")) {
        // Ids lag behind positions by what quiet spans left out, and grow with them. Nothing was traded before the
        // listing: an old id means the first trade there is.
        qint64 low = std::max(*id, tradeIndexAt(*contract, contract->onboardMs));
        qint64 high = std::max(low, end);
        while (low < high) {
            const qint64 middle = low + (high - low) / 2;
            PathCursor anywhere;
            if (tradeAt(*contract, middle, anywhere).id < *id)
                low = middle + 1;
            else
                high = middle;
        }
        index = low;
    }
    outcome.body = "[";
    JsonText text(outcome.body);
    for (qint64 count = 0; index < end && count < limit; ++index) {
        const Trade trade = tradeAt(*contract, index, cursor);
        if (!tradeExists(*contract, index, trade.time))
            continue;
        ++count;
        text.raw(outcome.body.size() > 1 ? ",{\"a\":" : "{\"a\":").number(trade.id);
        text.raw(",\"p\":").quoted(trade.price, contract->priceDecimals);
        text.raw(",\"q\":").quoted(trade.quantity, contract->quantityDecimals);
        text.raw(",\"nq\":").quoted(trade.quantity, contract->quantityDecimals);
        text.raw(",\"f\":").number(trade.firstFill).raw(",\"l\":").number(trade.lastFill);
        text.raw(",\"T\":").number(trade.time).raw(",\"m\":").boolean(trade.buyerIsMaker).raw("}");
    }
    outcome.body += ']';
    return outcome;
}

} // namespace tk::sim
