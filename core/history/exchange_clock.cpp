#include "history/exchange_clock.h"

#include "base/logging.h"
#include "history/clock_offset.h"

#include <utility>

namespace tk::history {

namespace {

constexpr milliseconds askEvery{60'000}; // weighs one; a clock that is off spoils what it dates until it is known
constexpr milliseconds askAgain{10'000};
constexpr milliseconds setTolerance{5'000}; // our UTC against the monotonic clock, between two looks
constexpr milliseconds alarmFrom{500};
constexpr milliseconds tellEvery{600'000};

} // namespace

ExchangeClock::ExchangeClock(const Clock &clock, QString exchange, milliseconds finalAfter)
    : m_clock(&clock)
    , m_exchange(std::move(exchange))
    , m_finalAfter(finalAfter)
    , m_watch(clock.utcNow(), clock.now())
{}

UtcTime ExchangeClock::lastClosed(Timeframe timeframe) const
{
    return candleOpen(timeframe, now() - m_finalAfter);
}

bool ExchangeClock::isDue()
{
    const MonotonicTime now = m_clock->now();
    if (m_watch.jump(m_clock->utcNow(), now, setTolerance))
        m_askAt = now;
    return now >= m_askAt;
}

void ExchangeClock::asked()
{
    m_askAt = m_clock->now() + askEvery;
}

void ExchangeClock::notAnswered()
{
    m_askAt = m_clock->now() + askAgain;
}

void ExchangeClock::answered(UtcTime told, UtcTime sent, milliseconds roundTrip)
{
    const milliseconds before = std::exchange(m_offset, offsetAfter(m_offset, told, sent, roundTrip));
    const MonotonicTime now = m_clock->now();
    if (roundTrip > quickAnswer)
        m_askAt = now + askAgain;
    const bool news = std::chrono::abs(m_offset - before) > alarmFrom;
    if (std::chrono::abs(m_offset) <= alarmFrom || (!news && now < m_tellAt))
        return;
    m_tellAt = now + tellEvery;
    qCWarning(lcHistory).noquote() << "the clock differs from the exchange's; check NTP"
                                   << logField(u"exchange", m_exchange)
                                   << logField(u"offset_ms", QString::number(m_offset.count()));
}

} // namespace tk::history
