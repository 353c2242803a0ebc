#include "history/limit_account.h"

#include <algorithm>
#include <deque>

namespace tk::history {

namespace {

// Windows that the exchange's clock aligns. Our idea of that clock is not exact, so their turn is taken with care.
class AlignedAccount final : public LimitAccount
{
public:
    explicit AlignedAccount(const exchange::RequestLimit &limit)
        : m_limit(limit)
        , m_turnGuard(std::min(milliseconds(400), limit.window / 4))
        , m_turnTolerance(std::min(milliseconds(5'000), limit.window / 4))
    {}

    milliseconds wait(int amount, int allowed, Moment at) override
    {
        if (at.exchange < m_notBefore && m_notBefore - at.exchange <= m_turnTolerance)
            return m_notBefore - at.exchange;
        turn(at.exchange);
        const int before = m_reported + m_inFlight;
        if (before == 0)
            return std::max(m_turnGuard - into(at.exchange), milliseconds(0));
        return before + amount > allowed ? m_limit.window - into(at.exchange) + m_turnGuard : milliseconds(0);
    }

    void take(int amount) override { m_inFlight += amount; }

    void settle(int amount, std::optional<int> told, UtcTime sent, Moment at) override
    {
        m_inFlight -= amount;
        turn(at.exchange);
        if (!told || indexOf(sent) != m_index) {
            m_reported += amount; // the count may be that of the window before: ours is the safe one
            return;
        }
        const int expected = m_reported + m_inFlight + amount;
        const bool isOldCount = *told > expected + m_limit.amount / 4 && into(at.exchange) < m_turnTolerance;
        if (isOldCount)
            m_notBefore = at.exchange + std::min(milliseconds(1'000), m_turnTolerance);
        else
            m_reported = std::max(m_reported, *told);
    }

    int used(Moment at) const override { return indexOf(at.exchange) > m_index ? 0 : m_reported + m_inFlight; }

private:
    static constexpr qint64 jitter = 1; // the exchange's time may step back so far; beyond, it was corrected

    qint64 indexOf(UtcTime time) const { return toMs(time) / m_limit.window.count(); }
    milliseconds into(UtcTime time) const { return milliseconds(toMs(time) % m_limit.window.count()); }

    void turn(UtcTime time)
    {
        const qint64 on = indexOf(time) - m_index;
        if (on <= 0 && on >= -jitter)
            return;
        m_index = indexOf(time);
        m_reported = 0;
    }

    exchange::RequestLimit m_limit;
    milliseconds m_turnGuard;     // after the turn of the window, for the two clocks to agree
    milliseconds m_turnTolerance; // within it a count of the old window may still be told
    qint64 m_index = 0;
    int m_reported = 0; // used in this window, by the exchange's count or by ours
    int m_inFlight = 0;
    UtcTime m_notBefore{}; // the exchange's window has not turned yet, whatever our clock says
};

// A window that slides. A request counts from when it reaches the exchange: at the latest with its answer, which is
// when its time begins to run here.
class SlidingAccount final : public LimitAccount
{
public:
    explicit SlidingAccount(const exchange::RequestLimit &limit)
        : m_window(limit.window)
    {}

    milliseconds wait(int amount, int allowed, Moment at) override
    {
        while (!m_settled.empty() && at.now - m_settled.front().at >= m_window) {
            m_sum -= m_settled.front().amount;
            m_settled.pop_front();
        }
        int excess = m_sum + m_inFlight + amount - allowed;
        if (excess <= 0 || m_sum + m_inFlight == 0)
            return milliseconds(0);
        for (const Use &use : m_settled) {
            excess -= use.amount;
            if (excess <= 0)
                return std::chrono::ceil<milliseconds>(use.at + m_window - at.now);
        }
        return m_window; // what is under way holds the rest; its answers end the wait
    }

    void take(int amount) override { m_inFlight += amount; }

    void settle(int amount, std::optional<int> told, UtcTime, Moment at) override
    {
        m_inFlight -= amount;
        const int foreign = told ? std::max(*told - (used(at) + amount), 0) : 0; // of others behind this address
        m_settled.push_back({at.now, amount + foreign});
        m_sum += amount + foreign;
    }

    int used(Moment at) const override
    {
        int sum = m_sum + m_inFlight;
        for (const Use &use : m_settled) {
            if (at.now - use.at < m_window)
                break;
            sum -= use.amount;
        }
        return sum;
    }

private:
    struct Use
    {
        MonotonicTime at{};
        int amount = 0;
    };

    milliseconds m_window;
    std::deque<Use> m_settled; // within the window, ascending
    int m_sum = 0;             // of m_settled
    int m_inFlight = 0;
};

} // namespace

std::unique_ptr<LimitAccount> openAccount(const exchange::RequestLimit &limit)
{
    if (limit.kind == exchange::RequestLimit::Window::Aligned)
        return std::make_unique<AlignedAccount>(limit);
    return std::make_unique<SlidingAccount>(limit);
}

} // namespace tk::history
