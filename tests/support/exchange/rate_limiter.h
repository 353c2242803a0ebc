// The exchange's request limits: weight per UTC clock minute, the separate one of funding, 429 and then bans; or the
// sliding ones of SimManners.
#pragma once

#include "net/http_message.h"
#include "support/exchange/market.h"

#include <deque>
#include <map>
#include <optional>

namespace tk::sim {

class RateLimiter
{
public:
    explicit RateLimiter(Market &market)
        : m_market(market)
    {}

    // Counts a request; an answer when it is refused. `separate`: counts against the limit of fundingRate instead.
    std::optional<net::HttpResponse> charge(int weight, bool separate);
    std::optional<net::HttpResponse> chargeSliding(const QByteArray &path); // by SimManners
    int usedWeight() const { return m_used; }

private:
    net::HttpResponse refuse429(qint64 now);
    net::HttpResponse refuse418(qint64 now);

    Market &m_market;
    qint64 m_minute = 0;
    int m_used = 0;
    int m_refusedInRow = 0; // requests sent on in spite of 429
    qint64 m_bannedUntilMs = 0;
    int m_bans = 0; // each is twice as long as the one before
    int m_sentWhileBanned = 0;
    std::deque<qint64> m_separate; // times of the requests in the last five minutes
    std::map<std::pair<size_t, QByteArray>, std::deque<qint64>> m_sliding; // by limit, and path where it has its own
};

} // namespace tk::sim
