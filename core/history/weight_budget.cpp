#include "history/weight_budget.h"

#include <algorithm>

namespace tk::history {

namespace {

constexpr milliseconds minute{60'000};
constexpr milliseconds turnGuard{400};       // after the turn of the minute, for the two clocks to agree
constexpr milliseconds turnTolerance{5'000}; // within it a count from the old minute may still be told
constexpr milliseconds halvedFor{3'600'000};
constexpr qint64 jitterMinutes = 1; // the exchange's time may step back so far; beyond it, it was corrected

qint64 minuteOf(UtcTime time)
{
    return toMs(time) / minute.count();
}

} // namespace

WeightBudget::WeightBudget(exchange::RestLimits limits, double share)
    : m_limits(limits)
    , m_share(share)
{}

void WeightBudget::turnMinute(UtcTime exchangeTime)
{
    const qint64 minutesOn = minuteOf(exchangeTime) - m_minute;
    if (minutesOn <= 0 && minutesOn >= -jitterMinutes)
        return;
    m_minute = minuteOf(exchangeTime);
    m_reported = 0;
}

milliseconds WeightBudget::untilNextMinute(UtcTime exchangeTime) const
{
    return minute - milliseconds(toMs(exchangeTime) % minute.count()) + turnGuard;
}

int WeightBudget::limit(MonotonicTime now) const
{
    const double share = now < m_halvedUntil ? m_share / 2 : m_share;
    return int(double(m_limits.weight_per_minute) * share);
}

int WeightBudget::used(UtcTime exchangeTime) const
{
    return minuteOf(exchangeTime) > m_minute ? 0 : m_reported + m_inFlight;
}

milliseconds WeightBudget::pausedFor(MonotonicTime now) const
{
    return now < m_pausedUntil ? std::chrono::ceil<milliseconds>(m_pausedUntil - now) : milliseconds(0);
}

milliseconds WeightBudget::reserve(const exchange::RestRequest &request, MonotonicTime now, UtcTime exchangeTime)
{
    if (const milliseconds paused = pausedFor(now); paused.count() > 0)
        return paused;
    if (exchangeTime < m_notBefore && m_notBefore - exchangeTime <= turnTolerance)
        return m_notBefore - exchangeTime;
    turnMinute(exchangeTime);
    if (m_reported == 0 && m_inFlight == 0 && m_minute != 0) {
        const milliseconds into(toMs(exchangeTime) % minute.count());
        if (into < turnGuard)
            return turnGuard - into;
    }
    if (request.separate_limit) {
        while (!m_separate.empty() && now - m_separate.front() >= m_limits.separate_window)
            m_separate.pop_front();
        const auto allowed = size_t(double(m_limits.separate_per_window) * m_share);
        if (m_separate.size() >= std::max<size_t>(1, allowed))
            return std::chrono::ceil<milliseconds>(m_separate.front() + m_limits.separate_window - now);
        m_separate.push_back(now);
    } else if (const int before = m_reported + m_inFlight; before > 0 && before + request.weight > limit(now)) {
        return untilNextMinute(
            exchangeTime); // but what is heavier than the whole share goes alone, else it never would
    }
    m_inFlight += request.weight;
    ++m_requestsInFlight;
    return milliseconds(0);
}

void WeightBudget::settle(const exchange::RestRequest &request, std::optional<int> used, UtcTime sent,
                          UtcTime exchangeTime)
{
    m_inFlight -= request.weight;
    --m_requestsInFlight;
    turnMinute(exchangeTime);
    if (!used || minuteOf(sent) != m_minute) {
        m_reported += request.weight; // the count may be that of the minute before: ours is the safe one
        return;
    }
    const int expected = m_reported + m_inFlight + request.weight;
    const milliseconds into(toMs(exchangeTime) % minute.count());
    if (into<turnTolerance && * used> expected + m_limits.weight_per_minute / 4) {
        m_notBefore = exchangeTime + std::chrono::seconds(1);
        return;
    }
    m_reported = std::max(m_reported, *used);
}

void WeightBudget::pause(milliseconds pause, MonotonicTime now)
{
    m_pausedUntil = std::max(m_pausedUntil, now + pause);
}

void WeightBudget::banned(milliseconds pause, MonotonicTime now)
{
    this->pause(pause, now);
    m_halvedUntil = now + pause + halvedFor;
}

} // namespace tk::history
