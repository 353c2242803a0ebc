// The streams of the route /public: best quotes and order books.
#include "support/exchange/book.h"
#include "support/exchange/stream.h"

#include <algorithm>

namespace tk::sim {

namespace {

class BookTickerStream final : public Stream
{
public:
    BookTickerStream(const QByteArray &name, const Contract *contract, Market &market)
        : Stream(name, market)
        , m_contract(contract)
    {}

    void advance(qint64 now, Outlet &outlet) override
    {
        const qint64 step = bookStep(now);
        if (m_contract) {
            if (step == m_step || !m_contract->isListed(now))
                return;
            m_step = step;
            const BookTop top = bookTop(*m_contract, step, m_cursor);
            if (top == m_top)
                return;
            m_top = top;
            say(*m_contract, top, step, now, outlet);
        } else if (now >= m_dueMs) {
            m_dueMs = now + 5000;
            for (const auto &contract : m_market.universe.contracts()) {
                PathCursor cursor;
                if (contract->family == 1 && contract->isListed(now))
                    say(*contract, bookTop(*contract, step, cursor), step, now, outlet);
            }
        }
    }

private:
    void say(const Contract &contract, const BookTop &top, qint64 step, qint64 now, Outlet &outlet)
    {
        m_text.resize(0);
        appendBookTicker(m_text, contract, top, step, m_market.serverMs(now));
        outlet.frame(*this, m_text, {});
    }

    const Contract *m_contract;
    qint64 m_step = 0;
    qint64 m_dueMs = 0;
    BookTop m_top;
    PathCursor m_cursor;
};

class DepthStream final : public Stream
{
public:
    DepthStream(const QByteArray &name, const Contract &contract, int levels, qint64 periodMs, Market &market)
        : Stream(name, market)
        , m_contract(contract)
        , m_levels(levels)
        , m_periodSteps(periodMs / bookStepMs)
        , m_step(bookStep(market.nowMs()) / m_periodSteps * m_periodSteps)
        , m_lastId(bookId(contract, m_step))
    {}

    void advance(qint64 now, Outlet &outlet) override
    {
        const qint64 step = bookStep(now) / m_periodSteps * m_periodSteps;
        if (step <= m_step || !m_contract.isListed(now))
            return;
        const qint64 from = std::exchange(m_step, step);
        const BookSides sides = m_levels > 0 ? bookLevels(m_contract, step, m_levels, m_cursor)
                                             : bookDifference(m_contract, from, step, m_cursor);
        if (sides.bids.empty() && sides.asks.empty())
            return;
        DepthIds ids;
        ids.previous = m_lastId;
        ids.last = bookId(m_contract, step);
        ids.first = m_lastId + 1 + step % 30; // ids are shared by many symbols: hardly ever the previous plus one
        m_lastId = ids.last;
        const qint64 event = m_market.serverMs(now);
        m_text.resize(0);
        appendDepth(m_text, m_contract, sides, ids, std::min(m_market.serverMs(step * bookStepMs), event), event);
        outlet.frame(*this, m_text, {});
    }

private:
    const Contract &m_contract;
    const int m_levels;
    const qint64 m_periodSteps;
    qint64 m_step;
    qint64 m_lastId;
    PathCursor m_cursor;
};

} // namespace

std::unique_ptr<Stream> makeBookTickerStream(const QByteArray &name, const Contract *contract, Market &market)
{
    return std::make_unique<BookTickerStream>(name, contract, market);
}

std::unique_ptr<Stream> makeDepthStream(const QByteArray &name, const Contract &contract, int levels, qint64 periodMs,
                                        Market &market)
{
    return std::make_unique<DepthStream>(name, contract, levels, periodMs, market);
}

} // namespace tk::sim
