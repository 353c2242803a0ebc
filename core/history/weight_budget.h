// The one budget of REST requests towards an exchange, shared by all jobs: weight per UTC minute as the exchange counts
// it (reference §2.8), a second sliding limit for the requests that have their own, and the pauses that refusals ask
// for. Pure; one thread.
#pragma once

#include "base/time.h"
#include "exchange/adapter.h"

#include <deque>
#include <optional>

namespace tk::history {

class WeightBudget
{
public:
    WeightBudget(exchange::RestLimits limits, double share);

    void setShare(double share) { m_share = share; }

    // Zero: the request is reserved, send it now. Otherwise wait so long and ask again. `exchangeTime` is UTC as the
    // exchange's clock has it.
    milliseconds reserve(const exchange::RestRequest &request, MonotonicTime now, UtcTime exchangeTime);

    // The answer of a reserved request that was sent at `sent`; `used` is what the exchange's header says.
    void settle(const exchange::RestRequest &request, std::optional<int> used, UtcTime sent, UtcTime exchangeTime);

    // A refusal: nothing is sent before `now + pause`. A ban also halves the budget for an hour.
    void pause(milliseconds pause, MonotonicTime now);
    void banned(milliseconds pause, MonotonicTime now);

    int used(UtcTime exchangeTime) const; // in the present minute, as far as we know
    int limit(MonotonicTime now) const;   // what we allow ourselves per minute
    milliseconds pausedFor(MonotonicTime now) const;
    int inFlight() const { return m_requestsInFlight; }

private:
    void turnMinute(UtcTime exchangeTime);
    milliseconds untilNextMinute(UtcTime exchangeTime) const;

    exchange::RestLimits m_limits;
    double m_share;
    qint64 m_minute = 0;
    int m_reported = 0; // used in m_minute, by the exchange's count or by ours
    int m_inFlight = 0; // reserved weight without an answer
    int m_requestsInFlight = 0;
    MonotonicTime m_pausedUntil{};
    MonotonicTime m_halvedUntil{};
    UtcTime m_notBefore{}; // the exchange's minute has not turned yet, whatever our clock says
    std::deque<MonotonicTime> m_separate;
};

} // namespace tk::history
