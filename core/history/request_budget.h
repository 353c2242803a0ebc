// The one budget of REST requests towards an exchange, shared by all jobs: our share of every limit that the exchange
// states, and the pauses that its refusals ask for. Pure; one thread.
#pragma once

#include "exchange/adapter.h"
#include "history/limit_account.h"

#include <map>

namespace tk::history {

class RequestBudget
{
public:
    RequestBudget(std::vector<exchange::RequestLimit> limits, double share);

    void setShare(double share) { m_share = share; }

    // Zero: the request is reserved, send it now. Otherwise wait so long and ask again.
    milliseconds reserve(const exchange::RestRequest &request, Moment at);

    // The answer of a reserved request that was sent at `sent` by the exchange's clock, and what it says is used.
    void settle(const exchange::RestRequest &request, const std::vector<exchange::LimitUse> &told, UtcTime sent,
                Moment at);

    // A refusal: nothing is sent before `now + pause`. A ban also halves the budget for an hour.
    void pause(milliseconds pause, MonotonicTime now);
    void banned(milliseconds pause, MonotonicTime now);
    milliseconds pausedFor(MonotonicTime now) const;

    // Of the limit that is told to people, the exchange's first.
    int used(Moment at) const;
    int allowed(MonotonicTime now) const;
    const exchange::RequestLimit &mainLimit() const { return m_limits.front(); }
    int mainCost(const exchange::RestRequest &request) const;

    // How long requests that cost so much of each limit altogether take at the least, with nothing else asked for.
    milliseconds estimate(const std::map<QByteArray, int> &costs, MonotonicTime now) const;

    int inFlight() const { return m_inFlight; }

private:
    using Key = std::pair<size_t, QByteArray>; // which limit, and of which path where each has its own

    size_t indexOf(const QByteArray &limit) const;
    LimitAccount &account(size_t limit, const exchange::RestRequest &request);
    int allowed(size_t limit, MonotonicTime now) const;

    std::vector<exchange::RequestLimit> m_limits; // never empty
    double m_share;
    std::map<Key, std::unique_ptr<LimitAccount>> m_accounts;
    int m_inFlight = 0;
    MonotonicTime m_pausedUntil{};
    MonotonicTime m_halvedUntil{};
};

} // namespace tk::history
