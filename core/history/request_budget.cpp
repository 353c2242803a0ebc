#include "history/request_budget.h"

#include <algorithm>

namespace tk::history {

using exchange::LimitUse;
using exchange::RequestCost;
using exchange::RequestLimit;
using exchange::RestRequest;

namespace {

constexpr milliseconds halvedFor{3'600'000};

} // namespace

RequestBudget::RequestBudget(std::vector<RequestLimit> limits, double share)
    : m_limits(std::move(limits))
    , m_share(share)
{
    Q_ASSERT(!m_limits.empty());
}

size_t RequestBudget::indexOf(const QByteArray &limit) const
{
    const auto found = std::ranges::find(m_limits, limit, &RequestLimit::name);
    Q_ASSERT(found != m_limits.end()); // an adapter names its own limits
    return found == m_limits.end() ? 0 : size_t(found - m_limits.begin());
}

LimitAccount &RequestBudget::account(size_t limit, const RestRequest &request)
{
    const bool perPath = m_limits[limit].scope == RequestLimit::Scope::Path;
    auto &account = m_accounts[{limit, perPath ? request.path : QByteArray()}];
    if (!account)
        account = openAccount(m_limits[limit]);
    return *account;
}

int RequestBudget::allowed(size_t limit, MonotonicTime now) const
{
    const double share = now < m_halvedUntil ? m_share / 2 : m_share;
    return int(double(m_limits[limit].amount) * share);
}

int RequestBudget::allowed(MonotonicTime now) const
{
    return allowed(0, now);
}

int RequestBudget::used(Moment at) const
{
    int most = 0;
    for (const auto &[key, account] : m_accounts) {
        if (key.first == 0)
            most = std::max(most, account->used(at));
    }
    return most;
}

int RequestBudget::mainCost(const RestRequest &request) const
{
    const auto cost = std::ranges::find(request.costs, m_limits.front().name, &RequestCost::limit);
    return cost == request.costs.end() ? 0 : cost->amount;
}

milliseconds RequestBudget::estimate(const std::map<QByteArray, int> &costs, MonotonicTime now) const
{
    milliseconds longest{0};
    for (const auto &[name, amount] : costs) {
        const size_t limit = indexOf(name);
        const qint64 all = m_limits[limit].window.count() * amount;
        longest = std::max(longest, milliseconds(all / std::max(1, allowed(limit, now))));
    }
    return longest;
}

milliseconds RequestBudget::pausedFor(MonotonicTime now) const
{
    return now < m_pausedUntil ? std::chrono::ceil<milliseconds>(m_pausedUntil - now) : milliseconds(0);
}

milliseconds RequestBudget::reserve(const RestRequest &request, Moment at)
{
    milliseconds wait = pausedFor(at.now);
    for (const RequestCost &cost : request.costs) {
        const size_t limit = indexOf(cost.limit);
        wait = std::max(wait, account(limit, request).wait(cost.amount, allowed(limit, at.now), at));
    }
    if (wait.count() > 0)
        return wait;
    for (const RequestCost &cost : request.costs)
        account(indexOf(cost.limit), request).take(cost.amount);
    ++m_inFlight;
    return milliseconds(0);
}

void RequestBudget::settle(const RestRequest &request, const std::vector<LimitUse> &told, UtcTime sent, Moment at)
{
    --m_inFlight;
    for (const RequestCost &cost : request.costs) {
        const auto use = std::ranges::find(told, cost.limit, &LimitUse::limit);
        account(indexOf(cost.limit), request)
            .settle(cost.amount, use == told.end() ? std::nullopt : std::optional(use->used), sent, at);
    }
}

void RequestBudget::pause(milliseconds pause, MonotonicTime now)
{
    m_pausedUntil = std::max(m_pausedUntil, now + pause);
}

void RequestBudget::banned(milliseconds pause, MonotonicTime now)
{
    this->pause(pause, now);
    m_halvedUntil = now + pause + halvedFor;
}

} // namespace tk::history
