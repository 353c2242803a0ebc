// When the event times of frames are taken for a clock that is off, and when not.
#include "feed/event_clock.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::feed;
using namespace tk::test;
using namespace std::chrono_literals;

class EventClockTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_offset = 0s;
        m_watch = std::make_unique<EventClock>(0s);
    }

    void agrees()
    {
        run(60s);
        QCOMPARE(m_watch->offset(), milliseconds(0));
        QCOMPARE(toMs(m_watch->since()), 0);
    }

    void isNamedWithinTenSeconds_data()
    {
        QTest::addColumn<int>("seconds");
        QTest::newRow("ahead") << 70;
        QTest::newRow("behind") << -70;
        QTest::newRow("a little ahead") << 4;
    }
    void isNamedWithinTenSeconds()
    {
        QFETCH(int, seconds);
        run(60s);
        m_offset = std::chrono::seconds(seconds);
        const UtcTime began = m_clock.utcNow();
        run(10s);
        QVERIFY(m_watch->since() > began);
        QVERIFY(std::chrono::abs(m_watch->offset() - m_offset) <= 300ms); // frames travel
        m_offset = 0s;
        run(10s);
        QCOMPARE(m_watch->offset(), milliseconds(0));
        QCOMPARE(toMs(m_watch->since()), 0);
    }

    // Late frames among those in time are no clock, nor is a burst of what was held back.
    void lateFramesAreNoClock()
    {
        for (int second = 0; second < 60; ++second) {
            m_watch->frame(m_clock.utcNow() - 24s, m_clock.utcNow());
            run(1s);
            QCOMPARE(m_watch->offset(), milliseconds(0));
        }
        for (int burst = 0; burst < 10; ++burst) {
            for (int i = 0; i < 6; ++i) { // nothing is told for so long ...
                m_clock.advance(1s);
                m_watch->judge(m_clock.utcNow(), m_clock.now());
            }
            for (int i = 60; i >= 0; --i) // ... and then all of it
                m_watch->frame(m_clock.utcNow() - i * 100ms, m_clock.utcNow());
            m_watch->judge(m_clock.utcNow(), m_clock.now());
            QCOMPARE(m_watch->offset(), milliseconds(0));
        }
    }

    void slackIsAdded()
    {
        m_watch = std::make_unique<EventClock>(20s);
        m_offset = -20s;
        run(60s);
        QCOMPARE(m_watch->offset(), milliseconds(0));
        m_offset = -40s;
        run(10s);
        QVERIFY(m_watch->offset() < -30s);
    }

    // An offset that lasts is ours to mend, and the exchange's clock is what its data goes by.
    void whatLastsIsTrusted()
    {
        run(10s);
        m_offset = 70s;
        run(60s);
        QVERIFY(m_watch->offset() > 60s);
        QCOMPARE(m_watch->lastingOffset(m_clock.now()), milliseconds(0));
        run(80s);
        QCOMPARE(m_watch->lastingOffset(m_clock.now()), m_watch->offset());
        m_offset = 0s;
        run(10s);
        QCOMPARE(m_watch->lastingOffset(m_clock.now()), milliseconds(0));
    }

private:
    void run(milliseconds span)
    {
        for (milliseconds passed{0}; passed < span; passed += 1s) {
            for (int i = 0; i < 10; ++i) {
                m_clock.advance(100ms);
                m_watch->frame(m_clock.utcNow() + m_offset - (i % 3) * 100ms, m_clock.utcNow());
            }
            m_watch->judge(m_clock.utcNow(), m_clock.now());
        }
    }

    ManualClock m_clock;
    milliseconds m_offset{0};
    std::unique_ptr<EventClock> m_watch;
};

TK_TEST(EventClockTest, event_clock);
#include "tst_event_clock.moc"
