#include "support/exchange/rate_limiter.h"

#include <algorithm>

namespace tk::sim {

namespace {

constexpr int toleratedAfter429 = 10;
constexpr int toleratedWhileBanned = 10;
constexpr qint64 firstBanMs = 120'000;
constexpr qint64 longestBanMs = 3LL * 86'400'000;
constexpr size_t separateLimit = 500;
constexpr qint64 separateWindowMs = 300'000;

net::HttpResponse refusal(int status, qint64 retryAfterSeconds, const QByteArray &message)
{
    net::HttpResponse response;
    response.status = status;
    response.headers.fields = {{"Content-Type", "application/json"},
                               {"Retry-After", QByteArray::number(retryAfterSeconds)}};
    response.body = "{\"code\":-1003,\"msg\":\"" + message + "\"}";
    return response;
}

} // namespace

net::HttpResponse RateLimiter::refuse429(qint64 now)
{
    ++m_market.stats.rest429;
    return refusal(429, (60'000 - now % 60'000 + 999) / 1000,
                   "Too many requests; current limit of IP(127.0.0.1) is " +
                       QByteArray::number(m_market.settings.weightPerMinute) +
                       " requests per minute. Please use the websocket for live updates to avoid polling the API.");
}

net::HttpResponse RateLimiter::refuse418(qint64 now)
{
    ++m_market.stats.rest418;
    return refusal(418, (m_bannedUntilMs - now + 999) / 1000,
                   "Way too many requests; IP banned until " + QByteArray::number(m_bannedUntilMs) +
                       ". Please use the websocket for live updates to avoid bans.");
}

std::optional<net::HttpResponse> RateLimiter::charge(int weight, bool separate)
{
    const qint64 now = m_market.nowMs();
    if (now < m_bannedUntilMs) {
        if (++m_sentWhileBanned % toleratedWhileBanned == 0) { // sending on makes it longer
            ++m_bans;
            m_bannedUntilMs = std::min(now + (firstBanMs << std::min(m_bans, 12)), now + longestBanMs);
        }
        return refuse418(now);
    }
    if (now / 60'000 != m_minute) {
        m_minute = now / 60'000;
        m_used = 0;
        m_refusedInRow = 0;
    }
    if (separate) {
        while (!m_separate.empty() && m_separate.front() <= now - separateWindowMs)
            m_separate.pop_front();
        if (m_separate.size() >= separateLimit)
            return refuse429(now);
        m_separate.push_back(now);
        return {};
    }
    m_used += weight;
    m_market.stats.maxWeightInMinute = std::max(m_market.stats.maxWeightInMinute, m_used);
    if (m_used <= m_market.settings.weightPerMinute)
        return {};
    if (++m_refusedInRow <= toleratedAfter429) {
        net::HttpResponse response = refuse429(now);
        response.headers.fields.emplace_back("X-MBX-USED-WEIGHT-1M", QByteArray::number(m_used));
        return response;
    }
    m_bannedUntilMs = std::min(now + (firstBanMs << std::min(m_bans, 12)), now + longestBanMs);
    ++m_bans;
    m_sentWhileBanned = 0;
    return refuse418(now);
}

std::optional<net::HttpResponse> RateLimiter::chargeSliding(const QByteArray &path)
{
    const qint64 now = m_market.nowMs();
    bool isOver = false;
    const auto &limits = m_market.settings.manners.requestLimits;
    for (size_t i = 0; i < limits.size(); ++i) {
        std::deque<qint64> &times = m_sliding[{i, limits[i].perPath ? path : QByteArray()}];
        while (!times.empty() && times.front() <= now - limits[i].window.count())
            times.pop_front();
        isOver = isOver || times.size() >= size_t(limits[i].requests);
        times.push_back(now); // a refused one counts, too
    }
    if (!isOver)
        return {};
    ++m_market.stats.rest429;
    return refusal(429, 1, "Too many visits!");
}

} // namespace tk::sim
