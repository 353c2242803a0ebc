#include "support/exchange/rest_api.h"

#include "support/exchange/encode.h"
#include "support/exchange/json_text.h"

#include <algorithm>
#include <array>

namespace tk::sim {

namespace {

RestOutcome refused(int code, const QByteArray &message, int status = 400)
{
    return {status, "{\"code\":" + QByteArray::number(code) + ",\"msg\":\"" + message + "\"}"};
}

bool isKlines(const QByteArray &path)
{
    return path.endsWith("Klines") || path.endsWith("/klines");
}

// As measured, inclusive at the top of each band; a request without a limit costs like 501 (reference §2.6).
int klineWeight(std::optional<qint64> limit)
{
    if (!limit)
        return 5;
    if (*limit <= 100)
        return 1;
    if (*limit <= 500)
        return 2;
    return *limit <= 1000 ? 5 : 10;
}

int depthWeight(std::optional<qint64> limit)
{
    if (!limit)
        return 1;
    if (*limit <= 50)
        return 2;
    if (*limit <= 100)
        return 5;
    return *limit <= 500 ? 10 : 20;
}

int weightOf(const QByteArray &path, bool withSymbol, std::optional<qint64> limit)
{
    if (isKlines(path))
        return klineWeight(limit);
    if (path.endsWith("/depth"))
        return depthWeight(limit);
    if (path.endsWith("/premiumIndex"))
        return withSymbol ? 1 : 10;
    if (path.endsWith("/trades"))
        return 5;
    if (path.endsWith("/aggTrades"))
        return 20;
    if (path.endsWith("/ticker/24hr"))
        return withSymbol ? 1 : 40;
    if (path.endsWith("/ticker/price"))
        return withSymbol ? 1 : 2;
    if (path.endsWith("/ticker/bookTicker"))
        return withSymbol ? 2 : 5;
    return 1;
}

net::HttpResponse json(int status, const QByteArray &body)
{
    net::HttpResponse response;
    response.status = status;
    response.headers.fields = {{"Content-Type", "application/json"}};
    response.body = body;
    return response;
}

} // namespace

RestApi::RestApi(Market &market, ListenKeys &listenKeys)
    : m_market(market)
    , m_listenKeys(listenKeys)
    , m_limiter(market)
{}

QByteArray RestApi::Call::text(const char *name) const
{
    return query.queryItemValue(QLatin1String(name), QUrl::FullyDecoded).toUtf8();
}

std::optional<qint64> RestApi::Call::number(const char *name) const
{
    bool isNumber = false;
    const qint64 value = text(name).toLongLong(&isNumber);
    return isNumber ? std::optional<qint64>(value) : std::nullopt;
}

bool RestApi::refuseByFault(const net::HttpRequest &request, const net::HttpServer::Reply &reply)
{
    for (ActiveFault &fault : m_market.faults.active()) {
        if (fault.fault != Fault::RestRefuse)
            continue;
        const QString path = fault.text("path");
        if (!path.isEmpty() && !QString::fromUtf8(request.path()).contains(path))
            continue;
        if (const qint64 count = fault.number("count", 0); count > 0 && fault.uses >= count)
            continue;
        ++fault.uses;
        if (fault.text("status") == QLatin1String("hang"))
            return true;
        const int status = int(fault.number("status", fault.text("status").toInt()));
        const qint64 retry = fault.ms("retryAfter", 5000);
        net::HttpResponse response = json(status, {});
        if (status == 429 || status == 418) {
            response.headers.fields.emplace_back("Retry-After", QByteArray::number((retry + 999) / 1000));
            response.body = status == 429
                                ? QByteArray("{\"code\":-1003,\"msg\":\"Too many requests; please slow down.\"}")
                                : "{\"code\":-1003,\"msg\":\"Way too many requests; IP banned until " +
                                      QByteArray::number(m_market.nowMs() + retry) +
                                      ". Please use the websocket for live updates to avoid bans.\"}";
            ++(status == 429 ? m_market.stats.rest429 : m_market.stats.rest418);
        } else if (status == 503) {
            response.body = "{\"code\":-1008,\"msg\":\"Request throttled by system-level protection.\"}";
        } else {
            response.headers.fields = {{"Content-Type", "text/html"}};
            response.body = "<html><head><title>" + QByteArray::number(status) + ' ' + net::reasonPhrase(status) +
                            "</title></head><body><h1>The request could not be satisfied.</h1></body></html>";
        }
        reply(response);
        return true;
    }
    return false;
}

void RestApi::handle(const net::HttpRequest &request, const net::HttpServer::Reply &reply)
{
    ++m_market.stats.restRequests;
    if (refuseByFault(request, reply))
        return;
    const QByteArray path = request.path();
    const Call call{request.query()};
    const bool data = path.startsWith("/futures/data/");
    const bool separate =
        path.endsWith("/fundingRate") || path.endsWith("/fundingInfo") || data; // budgets of their own
    const int weight = weightOf(path, !call.text("symbol").isEmpty(), call.number("limit"));
    const bool weighs = m_market.settings.manners.requestLimits.empty();
    if (const auto refusal = weighs ? m_limiter.charge(weight, separate) : m_limiter.chargeSliding(path)) {
        reply(*refusal);
        return;
    }
    const RestOutcome outcome = path.endsWith("/listenKey") ? listenKey(request) : dispatch(path, call);
    if (outcome.status >= 400)
        ++m_market.stats.restErrors;
    net::HttpResponse response = json(outcome.status, outcome.body);
    if (weighs && !separate)
        response.headers.fields.emplace_back("X-MBX-USED-WEIGHT-1M", QByteArray::number(m_limiter.usedWeight()));
    reply(response);
}

RestOutcome RestApi::dispatch(const QByteArray &path, const Call &call)
{
    if (path == "/futures/data/openInterestHist")
        return openInterestHist(call);
    const bool second = path.startsWith("/fapi/v2/"); // exists for ticker/price alone
    const QByteArray name = path.startsWith("/fapi/v1/") || second ? path.mid(9) : QByteArray();
    if (second && name != "ticker/price")
        return refused(-5000, "Path " + path + ", Method GET is invalid", 404);
    if (name == "ping")
        return {200, "{}"};
    if (name == "time")
        return {200, "{\"serverTime\":" + QByteArray::number(m_market.serverMs(m_market.nowMs())) + '}'};
    if (name == "exchangeInfo") {
        ++m_market.stats.instrumentPages;
        return {200, exchangeInfo(m_market, int(call.number("cursor").value_or(0)))};
    }
    if (name == "klines" || name == "continuousKlines" || name == "markPriceKlines" || name == "indexPriceKlines" ||
        name == "premiumIndexKlines")
        return klines(name, call);
    if (name == "fundingRate")
        return fundingRate(call);
    if (name == "fundingInfo")
        return fundingInfo();
    if (name == "premiumIndex")
        return premiumIndex(call);
    if (name == "depth")
        return depth(call);
    if (name == "trades")
        return trades(call);
    if (name == "aggTrades")
        return aggTrades(call);
    if (name.startsWith("ticker/"))
        return ticker(name, call);
    if (name == "openInterest")
        return openInterest(call);
    return refused(-5000, "Path " + path + ", Method GET is invalid", 404);
}

const Contract *RestApi::contractOf(const Call &call, const char *parameter, RestOutcome *refusal) const
{
    const QByteArray symbol = call.text(parameter);
    if (symbol.isEmpty()) {
        *refusal = refused(-1102, QByteArray("Mandatory parameter '") + parameter +
                                      "' was not sent, was empty/null, or malformed.");
        return nullptr;
    }
    const Contract *contract = m_market.universe.find(symbol);
    if (!contract || contract->family != 1) {
        *refusal = refused(-1121, "Invalid symbol.");
        return nullptr;
    }
    return contract;
}

RestOutcome RestApi::depth(const Call &call)
{
    RestOutcome refusal;
    const Contract *contract = contractOf(call, "symbol", &refusal);
    if (!contract)
        return refusal;
    const qint64 limit = call.number("limit").value_or(500);
    if (constexpr std::array allowed{5, 10, 20, 50, 100, 500, 1000};
        std::find(allowed.begin(), allowed.end(), limit) == allowed.end())
        return refused(-4021, QByteArray::number(limit) + " is not valid depth limit");
    qint64 age = 100; // the endpoint lags
    if (const ActiveFault *fault = m_market.faults.find(Fault::StaleSnapshot, contract->lower))
        age = fault->ms("age", 10'000);
    const qint64 step = bookStep(m_market.nowMs() - age);
    PathCursor cursor;
    const BookSides sides = bookLevels(*contract, step, int(limit), cursor);
    RestOutcome outcome;
    JsonText text(outcome.body);
    const qint64 time = m_market.serverMs(step * bookStepMs);
    text.raw("{\"lastUpdateId\":").number(bookId(*contract, step)).raw(",\"E\":").number(time + 3);
    text.raw(",\"T\":").number(time).raw(",\"bids\":");
    appendLevels(outcome.body, *contract, sides.bids);
    text.raw(",\"asks\":");
    appendLevels(outcome.body, *contract, sides.asks);
    text.raw("}");
    return outcome;
}

RestOutcome RestApi::listenKey(const net::HttpRequest &request)
{
    const QByteArray apiKey = request.headers.value("X-MBX-APIKEY");
    if (apiKey.isEmpty())
        return refused(-2014, "API-key format invalid.", 401);
    if (apiKey.startsWith("refused"))
        return refused(-2015, "Invalid API-key, IP, or permissions for action.", 401);
    const qint64 now = m_market.nowMs();
    if (request.method == "POST")
        return {200, "{\"listenKey\":\"" + m_listenKeys.create(apiKey, now) + "\"}"};
    if (request.method == "PUT") {
        const QByteArray key = m_listenKeys.extend(apiKey, now);
        if (key.isEmpty())
            return refused(-1125, "This listenKey does not exist.");
        return {200, "{\"listenKey\":\"" + key + "\"}"};
    }
    if (request.method == "DELETE") {
        m_listenKeys.remove(apiKey);
        return {200, "{}"};
    }
    return refused(-5000, "Method is invalid", 404);
}

} // namespace tk::sim
