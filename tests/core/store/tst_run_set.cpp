#include "store/run_set.h"
#include "support/test_registry.h"

#include <QTest>

#include <random>
#include <set>

namespace tk::store {

using namespace std::chrono_literals;

namespace {

constexpr UtcTime t0 = fromMs(1'763'942'400'000); // 2025-11-24, a Monday

UtcTime minute(int n)
{
    return t0 + n * 1min;
}

} // namespace

class TestRunSet : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void growsAtTheEnd();
    void meltsWhatTouches();
    void removesFromTheMiddle();
    void ignoresWhatIsBesideTheGrid();
    void knowsMonths();
    void agreesWithASet();
};

void TestRunSet::growsAtTheEnd()
{
    RunSet set(Timeframe::M1);
    QVERIFY(set.isEmpty());
    for (int i = 0; i < 5; ++i)
        set.add(minute(i));
    QCOMPARE(set.runs(), (std::vector<TimeSpan>{{minute(0), minute(5)}}));
    QCOMPARE(set.first(), minute(0));
    QCOMPARE(set.last(), minute(4));
    QCOMPARE(set.count(), 5);
    QCOMPARE(set.holes({minute(-1), minute(7)}),
             (std::vector<TimeSpan>{{minute(-1), minute(0)}, {minute(5), minute(7)}}));
}

void TestRunSet::meltsWhatTouches()
{
    RunSet set(Timeframe::M1);
    set.add(TimeSpan{minute(0), minute(2)});
    set.add(TimeSpan{minute(4), minute(6)});
    set.add(TimeSpan{minute(8), minute(9)});
    QCOMPARE(set.runs().size(), 3u);
    set.add(TimeSpan{minute(2), minute(8)});
    QCOMPARE(set.runs(), (std::vector<TimeSpan>{{minute(0), minute(9)}}));
    set.add(minute(3)); // twice is once
    QCOMPARE(set.count(), 9);
}

void TestRunSet::removesFromTheMiddle()
{
    RunSet set(Timeframe::M1);
    set.add(TimeSpan{minute(0), minute(10)});
    set.remove({minute(3), minute(5)});
    QCOMPARE(set.runs(), (std::vector<TimeSpan>{{minute(0), minute(3)}, {minute(5), minute(10)}}));
    QVERIFY(!set.contains(minute(3)));
    QVERIFY(!set.contains(minute(4)));
    QVERIFY(set.contains(minute(5)));
    QCOMPARE(set.count({minute(2), minute(6)}), 2);
    set.remove({minute(-5), minute(50)});
    QVERIFY(set.isEmpty());
}

void TestRunSet::ignoresWhatIsBesideTheGrid()
{
    RunSet set(Timeframe::M3);
    set.add(t0 + 1min);
    QVERIFY(set.isEmpty());
}

void TestRunSet::knowsMonths()
{
    RunSet set(Timeframe::Mo1);
    const UtcTime january = candleOpen(Timeframe::Mo1, fromMs(1'767'225'600'000)); // 2026
    const UtcTime february = nextCandleOpen(Timeframe::Mo1, january);
    const UtcTime march = nextCandleOpen(Timeframe::Mo1, february);
    set.add(january);
    set.add(march);
    QCOMPARE(set.holes({january, nextCandleOpen(Timeframe::Mo1, march)}), (std::vector<TimeSpan>{{february, march}}));
    set.add(february);
    QCOMPARE(set.runs().size(), 1u);
    QCOMPARE(set.count(), 3);
}

void TestRunSet::agreesWithASet()
{
    std::mt19937 random(7);
    const auto number = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random); };
    RunSet runs(Timeframe::M1);
    std::set<int> truth;
    for (int step = 0; step < 5'000; ++step) {
        const int from = number(0, 200);
        const int to = from + number(0, 12);
        const TimeSpan span{minute(from), minute(to)};
        if (number(0, 2) == 0) {
            runs.remove(span);
            for (int i = from; i < to; ++i)
                truth.erase(i);
        } else {
            runs.add(span);
            for (int i = from; i < to; ++i)
                truth.insert(i);
        }
        const int a = number(-5, 210);
        const int b = a + number(0, 60);
        const qint64 expected = std::distance(truth.lower_bound(a), truth.lower_bound(b));
        QCOMPARE(runs.count({minute(a), minute(b)}), expected);
        QCOMPARE(runs.contains(minute(a)), truth.contains(a));
        qint64 missing = 0;
        for (const TimeSpan &hole : runs.holes({minute(a), minute(b)}))
            missing += candlesBetween(Timeframe::M1, hole.from, hole.to);
        QCOMPARE(missing, b - a - expected);
        for (size_t i = 1; i < runs.runs().size(); ++i)
            QVERIFY(runs.runs()[i - 1].to < runs.runs()[i].from);
    }
}

TK_TEST(TestRunSet, run_set);

} // namespace tk::store

#include "tst_run_set.moc"
