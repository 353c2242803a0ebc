// Candles whose closed mark did not come.
#include "history/overdue_candles.h"

#include "keeper_rig.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;

class OverdueCandlesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whatIsNotAnsweredIsNamedOnce()
    {
        OverdueCandles overdue;
        overdue.asked(stream, {span(0, 1), span(1, 2)}, now);
        overdue.asked(stream, {span(5, 6)}, now + 10s);
        QVERIFY(overdue.takeUnanswered(now + 14s).empty());
        const auto late = overdue.takeUnanswered(now + 15s);
        QCOMPARE(late.size(), size_t(2));
        QVERIFY(late[1].stream == stream && late[1].span == span(1, 2));
        QVERIFY(overdue.takeUnanswered(now + 20s).empty());
        QCOMPARE(overdue.takeUnanswered(now + 25s).size(), size_t(1));
    }

    // By an answer that covers the whole of it, of the same stream.
    void whatIsAnsweredIsNot()
    {
        OverdueCandles overdue;
        StreamKey other = stream;
        other.timeframe = Timeframe::M5;
        overdue.asked(stream, {span(0, 1), span(1, 4), span(6, 7)}, now);
        overdue.asked(other, {span(0, 1)}, now);
        overdue.answered(stream, span(0, 3));
        const auto late = overdue.takeUnanswered(now + 1min);
        QCOMPARE(late.size(), size_t(3));
        QVERIFY(late[0].span == span(1, 4));
        QVERIFY(late[1].span == span(6, 7));
        QVERIFY(late[2].stream == other);
    }

    // Nobody's fault: without trades, from before we collected, or in a gap with a cause of its own.
    void onlyWhatWasTradedAndNotNamedMissedItsMark()
    {
        auto answer = KeeperRig::candles(Timeframe::M3, KeeperRig::start, 6);
        answer[1].trades = 0;
        Gap known;
        known.stream = stream;
        known.from = at(3) + 1min;
        known.to = at(3) + 2min;
        Gap running; // still open
        running.stream = stream;
        running.from = at(5) + 1min;
        Gap elsewhere = known;
        elsewhere.stream.pair = QStringLiteral("ETH/USDT:USDT");
        elsewhere.from = at(4);
        elsewhere.to = at(5);
        const auto missed = OverdueCandles::closesMissed(stream, answer, at(0) + 1s, {known, running, elsewhere});
        QVERIFY((missed == std::vector{span(2, 3), span(4, 5)}));
        // A gap that ends where the candle opens is another one's.
        known.from = at(1);
        known.to = at(2);
        QVERIFY((OverdueCandles::closesMissed(stream, {answer[2]}, at(0), {known}) == std::vector{span(2, 3)}));
    }

private:
    static UtcTime at(int candle) { return KeeperRig::start + candle * 3min; }
    static TimeSpan span(int from, int to) { return {at(from), at(to)}; }

    const StreamKey stream{venue, btc, StreamKind::Candles, Timeframe::M3};
    const MonotonicTime now{1h};
};

TK_TEST(OverdueCandlesTest, overdue_candles);

#include "tst_overdue_candles.moc"
