// The REST side of the exchange (reference §2.6 to §2.8, §2.10). Pure but for the limits it counts.
#pragma once

#include "net/http_server.h"
#include "support/exchange/listen_keys.h"
#include "support/exchange/market.h"
#include "support/exchange/rate_limiter.h"

#include <QUrlQuery>

namespace tk::sim {

// An answer, or a refusal with the exchange's own code.
struct RestOutcome
{
    int status = 200;
    QByteArray body;
};

class RestApi
{
public:
    RestApi(Market &market, ListenKeys &listenKeys);

    void handle(const net::HttpRequest &request, const net::HttpServer::Reply &reply);
    int usedWeight() const { return m_limiter.usedWeight(); }

private:
    struct Call
    {
        const QUrlQuery query;
        QByteArray text(const char *name) const;
        std::optional<qint64> number(const char *name) const;
    };
    bool refuseByFault(const net::HttpRequest &request, const net::HttpServer::Reply &reply);
    RestOutcome dispatch(const QByteArray &path, const Call &call);
    const Contract *contractOf(const Call &call, const char *parameter, RestOutcome *refusal) const;

    RestOutcome klines(const QByteArray &path, const Call &call);
    RestOutcome fundingRate(const Call &call);
    RestOutcome fundingInfo();
    RestOutcome premiumIndex(const Call &call);
    RestOutcome depth(const Call &call);
    RestOutcome trades(const Call &call);
    RestOutcome aggTrades(const Call &call);
    RestOutcome ticker(const QByteArray &path, const Call &call);
    RestOutcome openInterest(const Call &call);
    RestOutcome openInterestHist(const Call &call);
    RestOutcome listenKey(const net::HttpRequest &request);

    Market &m_market;
    ListenKeys &m_listenKeys;
    RateLimiter m_limiter;
};

QByteArray exchangeInfo(const Market &market, int from = 0); // §2.7; from that contract on, where it is in pages

} // namespace tk::sim
