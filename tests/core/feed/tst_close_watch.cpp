// Which candles were closed by the exchange's mark, and which are overdue.
#include "feed/close_watch.h"
#include "support/test_registry.h"

#include <QElapsedTimer>

using namespace tk;
using namespace tk::feed;
using namespace std::chrono_literals;

namespace {

const UtcTime start = fromMs(1'795'168'800'000); // 2026-11-20T10:00:00Z, a Friday

} // namespace

class CloseWatchTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void inOrder()
    {
        CloseWatch watch(Timeframe::M1, start + 20s);
        for (int i = 0; i < 100; ++i) {
            QVERIFY(watch.closed(start + i * 1min));
            QVERIFY(watch.overdue(start + (i + 1) * 1min + 45s, 30s).empty());
        }
    }

    void outOfOrderAndRepeated()
    {
        CloseWatch watch(Timeframe::M1, start);
        QVERIFY(watch.closed(start + 2min));
        QVERIFY(watch.closed(start));
        QVERIFY(!watch.closed(start + 2min)); // an overlap of two connections
        QVERIFY(!watch.closed(start));
        QVERIFY(watch.closed(start + 1min));
        QVERIFY(!watch.closed(start + 1min));
        QVERIFY(watch.overdue(start + 3min + 1h, 1h).empty());
    }

    void overdueOnce()
    {
        CloseWatch watch(Timeframe::M1, start);
        QVERIFY(watch.overdue(start + 1min + 29s, 30s).empty());
        const auto spans = watch.overdue(start + 1min + 30s, 30s);
        QCOMPARE(spans.size(), size_t(1));
        QVERIFY((spans[0] == TimeSpan{start, start + 1min}));
        QVERIFY(watch.overdue(start + 1min + 30s, 30s).empty());
        QVERIFY(watch.closed(start)); // its mark comes at last: taken, the store keeps whichever is better
        QVERIFY(!watch.closed(start));
        QVERIFY(watch.overdue(start + 2min, 30s).empty());
    }

    void aroundClosedOnes()
    {
        CloseWatch watch(Timeframe::M1, start);
        watch.closed(start + 1min);
        watch.closed(start + 4min);
        watch.closed(start + 3min);
        const auto spans = watch.overdue(start + 7min, 30s); // the sixth ended 60 s ago, so it is due too
        QCOMPARE(spans.size(), size_t(3));
        QVERIFY((spans[0] == TimeSpan{start, start + 1min}));
        QVERIFY((spans[1] == TimeSpan{start + 2min, start + 3min}));
        QVERIFY((spans[2] == TimeSpan{start + 5min, start + 6min}));
    }

    void yearsAreFast()
    {
        QElapsedTimer timer;
        timer.start();
        CloseWatch watch(Timeframe::M1, start);
        const auto spans = watch.overdue(start + std::chrono::years(30), 30s);
        QCOMPARE(spans.size(), size_t(1));
        QVERIFY(spans[0].from == start);
        QVERIFY(candlesBetween(Timeframe::M1, spans[0].from, spans[0].to) > 15'000'000);
        QVERIFY(watch.overdue(start - std::chrono::years(30), 30s).empty()); // and back
        QVERIFY(timer.elapsed() < 1000);
    }

    void calendarGrids()
    {
        CloseWatch month(Timeframe::Mo1, start);
        const UtcTime november = fromMs(1'793'491'200'000);
        const UtcTime december = fromMs(1'796'083'200'000);
        QVERIFY(month.overdue(december + 29s, 30s).empty());
        const auto late = month.overdue(december + 30s, 30s);
        QCOMPARE(late.size(), size_t(1));
        QVERIFY((late[0] == TimeSpan{november, december}));
        QVERIFY(month.closed(december));
        CloseWatch week(Timeframe::W1, start);
        const UtcTime monday = fromMs(1'794'787'200'000); // 2026-11-16
        QVERIFY(week.closed(monday));
        QVERIFY(week.overdue(monday + 168h + 1min, 30s).empty());
        QVERIFY((week.overdue(monday + 336h + 1min, 30s).at(0) == TimeSpan{monday + 168h, monday + 336h}));
    }

    // Whatever the order: each candle is closed once or told as overdue once, and never neither.
    void everyCandleIsAccountedFor()
    {
        quint64 random = 12345;
        const auto next = [&random] {
            return (random = random * 6364136223846793005ULL + 1442695040888963407ULL) >> 33;
        };
        for (int round = 0; round < 200; ++round) {
            CloseWatch watch(Timeframe::M1, start);
            std::vector<int> told(60, 0);
            std::vector<bool> closed(60, false);
            for (int minute = 0; minute < 70; ++minute) {
                const UtcTime now = start + minute * 1min;
                for (int i = std::max(0, minute - 3); i < std::min(minute, 60); ++i) {
                    if (next() % 3 == 0)
                        closed[size_t(i)] = watch.closed(start + i * 1min) || closed[size_t(i)];
                }
                for (const TimeSpan &span : watch.overdue(now, 30s)) {
                    for (UtcTime open = span.from; open < span.to; open += 1min) {
                        const auto index = size_t((open - start) / 1min);
                        if (index < 60)
                            ++told[index];
                    }
                }
            }
            for (size_t i = 0; i < 60; ++i) {
                QVERIFY(told[i] <= 1);
                QVERIFY(told[i] == 1 || closed[i]);
            }
        }
    }
};

TK_TEST(CloseWatchTest, close_watch);
#include "tst_close_watch.moc"
