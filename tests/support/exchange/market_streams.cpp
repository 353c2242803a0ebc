// The streams of the route /market beside candles: trades, liquidations, marks, tickers, news of contracts.
#include "support/exchange/hash.h"
#include "support/exchange/stream.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace tk::sim {

namespace {

constexpr qint64 catchUpMs = 10'000; // after a jump of the clock so much is told, and no more

class TradeStream final : public Stream
{
public:
    TradeStream(const QByteArray &name, const Contract &contract, Market &market)
        : Stream(name, market)
        , m_contract(contract)
        , m_nextIndex(tradeIndexAt(contract, market.nowMs()))
    {}

    void advance(qint64 now, Outlet &outlet) override
    {
        const qint64 end = tradeIndexAt(m_contract, now - delayMs);
        for (; m_nextIndex < end; ++m_nextIndex) {
            if (!tradeExists(m_contract, m_nextIndex, tradeTime(m_contract, m_nextIndex)))
                continue;
            m_text.resize(0);
            appendAggTrade(m_text, m_contract, tradeAt(m_contract, m_nextIndex, m_cursor), m_market.serverMs(now));
            outlet.frame(*this, m_text, {});
        }
    }

private:
    static constexpr qint64 delayMs = 100; // aggregation

    const Contract &m_contract;
    qint64 m_nextIndex;
    PathCursor m_cursor;
};

class LiquidationStream final : public Stream
{
public:
    LiquidationStream(const QByteArray &name, const Contract *contract, Market &market)
        : Stream(name, market)
        , m_contract(contract)
        , m_doneMs(market.nowMs())
    {}

    void advance(qint64 now, Outlet &outlet) override
    {
        if (now / 1000 == m_doneMs / 1000)
            return;
        const qint64 from = std::max(m_doneMs, now - 60'000) - delayMs;
        if (m_contract) {
            say(*m_contract, from, now - delayMs, now, outlet);
        } else {
            for (const auto &contract : m_market.universe.contracts()) {
                if (contract->family == 1)
                    say(*contract, from, now - delayMs, now, outlet);
            }
        }
        m_doneMs = now;
    }

private:
    static constexpr qint64 delayMs = 1000;

    void say(const Contract &contract, qint64 from, qint64 to, qint64 now, Outlet &outlet)
    {
        for (qint64 minute = from - from % 60'000; minute < to; minute += 60'000) {
            PathCursor cursor;
            const std::optional<Liquidation> order = liquidationIn(contract, minute, cursor);
            if (!order || order->timeMs < from || order->timeMs >= to)
                continue;
            m_text.resize(0);
            appendForceOrder(m_text, contract, *order, m_market.serverMs(now));
            outlet.frame(*this, m_text, {});
        }
    }

    const Contract *m_contract; // nothing: all of them
    qint64 m_doneMs;
};

class MarkStream final : public Stream
{
public:
    MarkStream(const QByteArray &name, const Contract *contract, qint64 periodMs, Market &market)
        : Stream(name, market)
        , m_contract(contract)
        , m_periodMs(periodMs)
        , m_dueMs((market.nowMs() / periodMs + 1) * periodMs)
    {}

    void advance(qint64 now, Outlet &outlet) override
    {
        if (now < m_dueMs)
            return;
        m_dueMs = std::max(m_dueMs, (now - catchUpMs) / m_periodMs * m_periodMs);
        for (; m_dueMs <= now; m_dueMs += m_periodMs) {
            if (m_contract) {
                if (!m_contract->isListed(m_dueMs))
                    continue;
                m_text.resize(0);
                appendMarkPrice(m_text, *m_contract, m_dueMs, m_market.serverMs(m_dueMs),
                                m_market.tape.cursor(*m_contract));
                outlet.frame(*this, m_text, {});
            } else {
                sayAll(false, outlet);
                sayAll(true, outlet);
            }
        }
    }

private:
    // Two arrays: TradFi contracts come in one of their own; the rows of COIN-M are among the others.
    void sayAll(bool tradfi, Outlet &outlet)
    {
        m_text = "[";
        for (const auto &contract : m_market.universe.contracts()) {
            if ((contract->contractType == "TRADIFI_PERPETUAL") != tradfi || contract->neverOpens ||
                contract->onboardMs > m_dueMs)
                continue;
            if (m_text.size() > 1)
                m_text += ',';
            appendMarkPrice(m_text, *contract, m_dueMs, m_market.serverMs(m_dueMs), m_market.tape.cursor(*contract));
        }
        m_text += ']';
        outlet.frame(*this, m_text, {});
    }

    const Contract *m_contract;
    const qint64 m_periodMs;
    qint64 m_dueMs;
};

class TickerStream final : public Stream
{
public:
    TickerStream(const QByteArray &name, const Contract *contract, bool mini, Market &market)
        : Stream(name, market)
        , m_contract(contract)
        , m_mini(mini)
        , m_dueMs(market.nowMs() + qint64(mixText(market.settings.seed, name) % 1000))
    {}

    void advance(qint64 now, Outlet &outlet) override
    {
        if (now < m_dueMs)
            return;
        m_dueMs = now + (m_contract ? 2000 : 1000);
        m_text.resize(0);
        if (m_contract) {
            if (append(*m_contract, now))
                outlet.frame(*this, m_text, {});
            return;
        }
        m_text = "[";
        for (const auto &contract : m_market.universe.contracts()) {
            const qsizetype before = m_text.size();
            if (before > 1)
                m_text += ',';
            if (!append(*contract, now))
                m_text.resize(before);
        }
        m_text += ']';
        if (m_text.size() > 2)
            outlet.frame(*this, m_text, {});
    }

private:
    bool append(const Contract &contract, qint64 now) // false: nothing changed since it was told
    {
        if (!contract.isListed(now))
            return false;
        const qint64 newest = tradeIndexAt(contract, now);
        qint64 &told = m_told[contract.index];
        if (told == newest)
            return false;
        told = newest;
        const DayWindow day = dayWindow(m_market.tape, contract, now);
        if (day.sum.fills == 0)
            return false;
        if (m_mini)
            appendMiniTicker(m_text, contract, day, m_market.serverMs(now));
        else
            appendTicker(m_text, contract, day, m_market.serverMs(now));
        return true;
    }

    const Contract *m_contract;
    const bool m_mini;
    qint64 m_dueMs;
    std::unordered_map<int, qint64> m_told;
};

class ContractInfoStream final : public Stream
{
public:
    ContractInfoStream(const QByteArray &name, Market &market)
        : Stream(name, market)
    {
        const qint64 now = market.nowMs();
        for (const auto &contract : market.universe.contracts())
            m_known[contract->index] = stateOf(*contract, now);
    }

    void advance(qint64 now, Outlet &outlet) override
    {
        for (const auto &contract : m_market.universe.contracts()) {
            const State state = stateOf(*contract, now);
            const auto [known, isNew] = m_known.try_emplace(contract->index, state);
            if (!isNew && known->second == state)
                continue;
            known->second = state;
            m_text.resize(0);
            appendContractInfo(m_text, *contract, now, m_market.serverMs(now));
            outlet.frame(*this, m_text, {});
        }
    }

private:
    struct State
    {
        bool open = false;
        qint64 deliveryMs = 0;
        bool operator==(const State &) const = default;
    };
    static State stateOf(const Contract &contract, qint64 now) { return {contract.isListed(now), contract.deliveryMs}; }

    std::unordered_map<int, State> m_known;
};

} // namespace

std::unique_ptr<Stream> makeTradeStream(const QByteArray &name, const Contract &contract, Market &market)
{
    return std::make_unique<TradeStream>(name, contract, market);
}

std::unique_ptr<Stream> makeLiquidationStream(const QByteArray &name, const Contract *contract, Market &market)
{
    return std::make_unique<LiquidationStream>(name, contract, market);
}

std::unique_ptr<Stream> makeMarkStream(const QByteArray &name, const Contract *contract, qint64 periodMs,
                                       Market &market)
{
    return std::make_unique<MarkStream>(name, contract, periodMs, market);
}

std::unique_ptr<Stream> makeTickerStream(const QByteArray &name, const Contract *contract, bool mini, Market &market)
{
    return std::make_unique<TickerStream>(name, contract, mini, market);
}

std::unique_ptr<Stream> makeContractInfoStream(const QByteArray &name, Market &market)
{
    return std::make_unique<ContractInfoStream>(name, market);
}

} // namespace tk::sim
