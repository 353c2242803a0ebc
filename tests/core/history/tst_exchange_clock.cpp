// When the exchange is asked for its time, and what is made of its answer.
#include "history/exchange_clock.h"

#include "support/manual_clock.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;

class ExchangeClockTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_clock.emplace();
        m_time.emplace(*m_clock, QStringLiteral("x"), 5s);
    }

    void isAskedOnceAMinute()
    {
        QVERIFY(m_time->isDue());
        m_time->asked();
        m_time->answered(m_clock->utcNow() + 50ms, m_clock->utcNow(), 100ms);
        m_clock->advance(59s);
        QVERIFY(!m_time->isDue());
        m_clock->advance(1s);
        QVERIFY(m_time->isDue());
    }

    void soonerWhereNothingIsKnown()
    {
        m_time->asked();
        m_time->notAnswered();
        m_clock->advance(10s);
        QVERIFY(m_time->isDue());
        m_time->asked();
        m_time->answered(m_clock->utcNow(), m_clock->utcNow() - 3s, 3s); // too slow to say much
        m_clock->advance(10s);
        QVERIFY(m_time->isDue());
    }

    void atOnceWhenOurClockWasSet()
    {
        m_time->asked();
        QVERIFY(!m_time->isDue());
        m_clock->jumpUtc(10s);
        QVERIFY(m_time->isDue());
    }

    void runsAsTheExchangesDoes()
    {
        m_time->answered(m_clock->utcNow() + 2s, m_clock->utcNow(), 0ms);
        QCOMPARE(m_time->offset(), 2s);
        QCOMPARE(toMs(m_time->now()), toMs(m_clock->utcNow() + 2s));
        // Final over REST some seconds after its close.
        const UtcTime close = candleOpen(Timeframe::M1, m_time->now()) + 1min;
        m_clock->advance(std::chrono::duration_cast<milliseconds>(close - m_time->now()) + 4s);
        QVERIFY(m_time->lastClosed(Timeframe::M1) < close);
        m_clock->advance(1s);
        QVERIFY(m_time->lastClosed(Timeframe::M1) == close);
    }

private:
    std::optional<ManualClock> m_clock;
    std::optional<ExchangeClock> m_time;
};

TK_TEST(ExchangeClockTest, exchange_clock);

#include "tst_exchange_clock.moc"
