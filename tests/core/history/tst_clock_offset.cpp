// What an answer to the question for the exchange's time says about its clock.
#include "history/clock_offset.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::history;
using namespace std::chrono_literals;

class ClockOffsetTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aQuickAnswerIsBelieved()
    {
        QCOMPARE(offsetAfter(0ms, sent + 350ms, sent, 100ms), 300ms);
        QCOMPARE(offsetAfter(9s, sent + 350ms, sent, 100ms), 300ms);
        QCOMPARE(offsetAfter(0ms, sent - 2s, sent, 1s), -2500ms);
    }

    // Ten seconds under way, and told to be 4 s ahead of us at its middle: it may be anything from -1 s to 9 s.
    void aSlowAnswerCorrectsOnlyWhatItDisproves()
    {
        const UtcTime told = sent + 9s;
        QCOMPARE(offsetAfter(0ms, told, sent, 10s), 0ms);
        QCOMPARE(offsetAfter(-1s, told, sent, 10s), -1s);
        QCOMPARE(offsetAfter(9s, told, sent, 10s), 9s);
        QCOMPARE(offsetAfter(-1001ms, told, sent, 10s), -1s);
        QCOMPARE(offsetAfter(-1h, told, sent, 10s), -1s);
        QCOMPARE(offsetAfter(1h, told, sent, 10s), 9s);
    }

    void theEdgeOfSlow()
    {
        QCOMPARE(offsetAfter(0ms, sent + 700ms, sent, quickAnswer), 200ms);
        QCOMPARE(offsetAfter(0ms, sent + 700ms, sent, quickAnswer + 1ms), 0ms);
    }

private:
    static constexpr UtcTime sent = fromMs(1'795'168'800'000);
};

TK_TEST(ClockOffsetTest, clock_offset);
#include "tst_clock_offset.moc"
