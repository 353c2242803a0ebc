// Candles as they grow: an open frame every 250 ms where something traded, the closed frame late, as the exchange does.
#include "support/exchange/hash.h"
#include "support/exchange/kline_values.h"
#include "support/exchange/stream.h"

#include <algorithm>
#include <optional>

namespace tk::sim {

namespace {

constexpr qint64 cadenceMs = 250;

class KlineStream final : public Stream
{
public:
    KlineStream(const QByteArray &name, const Contract &contract, Timeframe timeframe, bool continuous, Market &market)
        : Stream(name, market)
        , m_contract(contract)
        , m_timeframe(timeframe)
        , m_interval(timeframeName(timeframe).data(), qsizetype(timeframeName(timeframe).size()))
        , m_continuous(continuous)
    {
        const qint64 now = market.nowMs();
        const qint64 openMs = toMs(candleOpen(timeframe, fromMs(now)));
        m_candle = market.tape.start(contract, timeframe, openMs);
        market.tape.extend(contract, m_candle, now); // shown with the next change only
        const qint64 previous = toMs(previousCandleOpen(timeframe, fromMs(openMs)));
        RunningCandle last = market.tape.start(contract, timeframe, previous);
        if (closeDue(contract, last.closeMs) > now)
            finish(std::move(last));
        m_nextOpenMs = now + qint64(mix(contract.seed, 61) % cadenceMs);
    }

    void advance(qint64 now, Outlet &outlet) override
    {
        if (m_waiting && now >= m_waitingDueMs)
            sayClosed(now, outlet);
        while (now >= m_candle.closeMs) {
            if (m_waiting) // a jump of the clock: nothing may be left out
                sayClosed(now, outlet);
            const qint64 next = m_candle.closeMs;
            finish(std::move(m_candle));
            m_candle = m_market.tape.start(m_contract, m_timeframe, next);
            if (now >= m_waitingDueMs)
                sayClosed(now, outlet);
        }
        if (m_waiting || now < m_nextOpenMs || !m_contract.isListed(now))
            return;
        m_nextOpenMs = std::max(m_nextOpenMs + cadenceMs, now - now % cadenceMs);
        if (m_market.tape.extend(m_contract, m_candle, now))
            say(m_candle, false, now, outlet);
    }

private:
    void finish(RunningCandle &&candle)
    {
        m_market.tape.extend(m_contract, candle, candle.closeMs);
        m_waitingDueMs = closeDue(m_contract, candle.closeMs);
        const bool whole =
            !m_contract.neverOpens && candle.closeMs > m_contract.onboardMs && candle.closeMs <= m_contract.deliveryMs;
        if (candle.sum.fills == 0 && m_market.settings.emptyCandles && whole) {
            if (const auto flat = m_market.tape.candle(m_contract, m_timeframe, candle.openMs, candle.closeMs))
                candle.sum = *flat;
            m_waiting = std::move(candle);
        } else if (candle.sum.fills > 0 && whole) {
            m_waiting = std::move(candle);
        } else {
            m_waiting.reset(); // the default of the exchange: nothing traded, nothing is said
        }
    }

    void sayClosed(qint64 now, Outlet &outlet)
    {
        if (!m_waiting)
            return;
        say(*m_waiting, true, now, outlet);
        m_waiting.reset();
    }

    void write(QByteArray &text, const RunningCandle &candle, const Aggregate &sum, bool closed, qint64 now) const
    {
        const KlineText head{m_interval, candle.openMs, candle.closeMs, closed, m_market.serverMs(now)};
        text.resize(0);
        if (m_continuous)
            appendContinuousKline(text, m_contract, head, sum);
        else
            appendKline(text, m_contract, head, sum);
    }

    void say(const RunningCandle &candle, bool closed, qint64 now, Outlet &outlet)
    {
        write(m_text, candle, candle.sum, closed, now);
        FrameInfo info{candle.closeMs, closed, nullptr};
        QByteArray other;
        if (closed && m_market.faults.has(Fault::Correction)) {
            write(other, candle, preliminary(m_contract, candle.sum), true, now);
            info.preliminary = &other;
        }
        outlet.frame(*this, m_text, info);
    }

    const Contract &m_contract;
    const Timeframe m_timeframe;
    const QByteArray m_interval;
    const bool m_continuous;
    RunningCandle m_candle;
    std::optional<RunningCandle> m_waiting; // ended, its closed frame is not yet due
    qint64 m_waitingDueMs = 0;
    qint64 m_nextOpenMs = 0;
};

} // namespace

qint64 closeDue(const Contract &contract, qint64 closeMs)
{
    // Busy contracts are closed by the first trade of the next candle, quiet ones by a timer (reference §2.5).
    const quint64 chance = mix(contract.seed + 67, quint64(closeMs));
    const qint64 timer = closeMs + 2000 + qint64(chance % 6);
    const qint64 trade = tradeTime(contract, tradeIndexAt(contract, closeMs));
    return std::min(timer, std::max(closeMs + 200 + qint64(chance % 60), trade + 5));
}

Aggregate preliminary(const Contract &contract, const Aggregate &sum)
{
    Aggregate other = sum;
    other.close = sum.close > sum.low ? sum.close - contract.tick : sum.close + contract.tick;
    other.low = std::min(other.low, other.close);
    other.high = std::max(other.high, other.close);
    if (sum.volume > 1) {
        other.volume = sum.volume - 1;
        other.takerVolume = std::min(sum.takerVolume, other.volume);
    }
    return other;
}

std::unique_ptr<Stream> makeKlineStream(const QByteArray &name, const Contract &contract, Timeframe timeframe,
                                        bool continuous, Market &market)
{
    return std::make_unique<KlineStream>(name, contract, timeframe, continuous, market);
}

} // namespace tk::sim
