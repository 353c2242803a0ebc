// Open interest over REST: now, and its history.
#include "support/exchange/json_text.h"
#include "support/exchange/market_model.h"
#include "support/exchange/rest_api.h"

#include <algorithm>
#include <array>

namespace tk::sim {

namespace {

constexpr qint64 historyMs = 30 * 86'400'000LL; // the exchange keeps no more

RestOutcome refused(int code, const QByteArray &message)
{
    return {400, "{\"code\":" + QByteArray::number(code) + ",\"msg\":\"" + message + "\"}"};
}

// In units of the contract's quantity.
qint64 interestAt(const Contract &contract, qint64 ms, PathCursor &cursor)
{
    return qint64(double(contract.lot) * 50'000 * (pathAt(contract, ms, cursor) / contract.basePrice));
}

// Those that the endpoint knows: no minute and nothing longer than a day.
std::optional<Timeframe> periodOf(const QByteArray &text)
{
    static constexpr std::array known{"5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"};
    if (std::none_of(known.begin(), known.end(), [&](const char *period) { return text == period; }))
        return {};
    return timeframeFromName(std::string_view(text.data(), size_t(text.size())));
}

} // namespace

RestOutcome RestApi::openInterest(const Call &call)
{
    RestOutcome outcome;
    const Contract *contract = contractOf(call, "symbol", &outcome);
    if (!contract)
        return outcome;
    const qint64 now = m_market.nowMs();
    PathCursor cursor;
    const qint64 interest = interestAt(*contract, now - now % 5000, cursor);
    JsonText json(outcome.body);
    json.raw("{\"symbol\":").string(contract->symbol).raw(",\"openInterest\":");
    json.quoted(interest, contract->quantityDecimals).raw(",\"time\":").number(now).raw("}");
    return outcome;
}

// The newest `limit` rows up to the end; rows stand at the end of their period, and the newest comes with it.
RestOutcome RestApi::openInterestHist(const Call &call)
{
    RestOutcome outcome;
    const Contract *contract = contractOf(call, "symbol", &outcome);
    if (!contract)
        return outcome;
    const auto period = periodOf(call.text("period"));
    if (!period)
        return refused(-1130, "Data sent for parameter 'period' is not valid.");
    const qint64 limit = call.text("limit").isEmpty() ? 30 : call.number("limit").value_or(0);
    if (limit < 1 || limit > 500)
        return refused(-1130, "Data sent for parameter 'limit' is not valid.");
    const qint64 now = m_market.nowMs();
    const std::optional<qint64> from = call.number("startTime");
    if (from && *from < now - historyMs)
        return refused(-1130, "parameter 'startTime' is invalid.");
    const qint64 to = std::min(call.number("endTime").value_or(now), now);
    const qint64 earliest = std::max({from.value_or(0), now - historyMs, contract->onboardMs});
    std::vector<qint64> times; // newest first
    for (UtcTime at = candleOpen(*period, fromMs(to)); toMs(at) >= earliest && qint64(times.size()) < limit;
         at = candlesBefore(*period, at, 1))
        times.push_back(toMs(at));
    outcome.body = "[";
    JsonText json(outcome.body);
    PathCursor cursor;
    for (auto time = times.rbegin(); time != times.rend(); ++time) {
        const qint64 interest = interestAt(*contract, *time, cursor);
        const auto price = qint64(pathAt(*contract, *time, cursor));
        json.raw(outcome.body.size() > 1 ? ",{\"symbol\":" : "{\"symbol\":").string(contract->symbol);
        json.raw(",\"sumOpenInterest\":").quoted(interest, contract->quantityDecimals);
        json.raw(",\"sumOpenInterestValue\":")
            .quoted(interest * price, contract->quantityDecimals + contract->priceDecimals);
        json.raw(",\"CMCCirculatingSupply\":\"0\",\"timestamp\":").number(*time).raw("}");
    }
    json.raw("]");
    return outcome;
}

} // namespace tk::sim
