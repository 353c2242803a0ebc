// From holes to requests, and the arithmetic of spans; with properties that hold for random holes.
#include "exchange/binance_usdm/rest.h"
#include "history/request_planner.h"
#include "support/test_registry.h"

#include <random>

using namespace tk;
using namespace tk::history;
using namespace std::chrono_literals;

namespace {

const UtcTime start = candleOpen(Timeframe::D3, fromMs(1'795'168'800'000));

TimeSpan span(int from, int to, Timeframe timeframe = Timeframe::M3)
{
    return {candlesBefore(timeframe, start, -from), candlesBefore(timeframe, start, -to)};
}

std::vector<TimeSpan> randomSpans(std::mt19937 &random, int count, int longest)
{
    std::vector<TimeSpan> spans;
    int at = 0;
    for (int i = 0; i < count; ++i) {
        const bool tiny = random() % 2 == 0;
        at += 1 + int(random() % (random() % 4 == 0 ? 3000u : 50u));
        const int length = 1 + int(random() % (tiny ? 5u : unsigned(longest)));
        spans.push_back(span(at, at + length));
        at += length;
    }
    return spans;
}

int cost(const std::vector<TimeSpan> &windows)
{
    int weight = 0;
    for (const TimeSpan &window : windows)
        weight += exchange::binance::documentedCandleWeight(int(candlesBetween(Timeframe::M3, window.from, window.to)));
    return weight;
}

bool covers(const std::vector<TimeSpan> &windows, UtcTime open)
{
    return std::ranges::count_if(windows, [open](const TimeSpan &w) { return w.from <= open && open < w.to; }) == 1;
}

} // namespace

class RequestPlannerTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void simplePlans()
    {
        QVERIFY(planWindows(Timeframe::M3, {}, 499).empty());
        const std::vector one{span(10, 20)};
        QCOMPARE(planWindows(Timeframe::M3, one, 499), one);
        const std::vector exact{span(0, 499)};
        QCOMPARE(planWindows(Timeframe::M3, exact, 499), exact);
        // Newest first; the oldest window takes what is left.
        const std::vector longHole{span(0, 1200)};
        QCOMPARE(planWindows(Timeframe::M3, longHole, 499),
                 (std::vector{span(701, 1200), span(202, 701), span(0, 202)}));
        // Neighbours share one, strangers do not.
        const std::vector near{span(0, 1), span(10, 11), span(498, 499)};
        QCOMPARE(planWindows(Timeframe::M3, near, 499), std::vector{span(0, 499)});
        const std::vector apart{span(0, 1), span(10, 11), span(600, 601)};
        QCOMPARE(planWindows(Timeframe::M3, apart, 499), (std::vector{span(600, 601), span(0, 11)}));
        // A long hole is not cut into for the sake of a short one.
        const std::vector mixed{span(0, 499), span(900, 901)};
        QCOMPARE(planWindows(Timeframe::M3, mixed, 499), (std::vector{span(900, 901), span(0, 499)}));
        QCOMPARE(planWindows(Timeframe::M3, near, 1), (std::vector{span(498, 499), span(10, 11), span(0, 1)}));
    }

    void calendarPlans()
    {
        const std::vector months{span(0, 30, Timeframe::Mo1)};
        const auto windows = planWindows(Timeframe::Mo1, months, 12);
        QCOMPARE(windows.size(), size_t(3));
        for (const TimeSpan &window : windows)
            QVERIFY(candlesBetween(Timeframe::Mo1, window.from, window.to) <= 12);
        QCOMPARE(candleCount(Timeframe::Mo1, windows), qint64(30));
    }

    void randomHoles()
    {
        std::mt19937 random(20261120);
        for (int round = 0; round < 400; ++round) {
            const auto holes = randomSpans(random, 1 + int(random() % 30), 1500);
            const int limit = round % 2 == 0 ? 499 : 1 + int(random() % 500);
            const auto windows = planWindows(Timeframe::M3, holes, limit);
            for (const TimeSpan &hole : holes) {
                for (UtcTime open = hole.from; open < hole.to; open += 3min)
                    QVERIFY(covers(windows, open)); // every missing candle is asked for, once
            }
            std::vector<TimeSpan> alone;
            for (size_t i = 0; i < windows.size(); ++i) {
                const qint64 count = candlesBetween(Timeframe::M3, windows[i].from, windows[i].to);
                QVERIFY(count >= 1 && count <= limit);
                if (i > 0)
                    QVERIFY(windows[i].to <= windows[i - 1].from); // newest first
                // No window begins or ends where nothing is missing.
                QVERIFY(std::ranges::any_of(
                    holes, [&](const TimeSpan &h) { return h.from <= windows[i].from && windows[i].from < h.to; }));
                QVERIFY(std::ranges::any_of(
                    holes, [&](const TimeSpan &h) { return h.from < windows[i].to && windows[i].to <= h.to; }));
            }
            for (const TimeSpan &hole : holes) {
                for (const TimeSpan &window : planWindows(Timeframe::M3, std::vector{hole}, limit))
                    alone.push_back(window);
            }
            QVERIFY(windows.size() <= alone.size());
            QVERIFY2(cost(windows) <= cost(alone),
                     qPrintable(QStringLiteral("%1 > %2").arg(cost(windows)).arg(cost(alone))));
        }
    }

    void withoutExcluded()
    {
        const std::vector holes{span(0, 10), span(20, 30)};
        QCOMPARE(without(holes, {}), holes);
        QCOMPARE(without(holes, std::vector{span(3, 5), span(8, 25), span(40, 50)}),
                 (std::vector{span(0, 3), span(5, 8), span(25, 30)}));
        QVERIFY(without(holes, std::vector{span(0, 100)}).empty());
        QVERIFY(without({}, holes).empty());
        std::mt19937 random(42);
        for (int round = 0; round < 200; ++round) {
            const auto some = randomSpans(random, 8, 40);
            const auto gone = randomSpans(random, 8, 40);
            const auto rest = without(some, gone);
            const auto has = [](const std::vector<TimeSpan> &spans, UtcTime t) {
                return std::ranges::any_of(spans, [t](const TimeSpan &s) { return s.from <= t && t < s.to; });
            };
            for (UtcTime open = start; open < some.back().to; open += 3min)
                QCOMPARE(has(rest, open), has(some, open) && !has(gone, open));
            for (size_t i = 1; i < rest.size(); ++i)
                QVERIFY(rest[i - 1].to <= rest[i].from);
        }
    }

    void absentRuns()
    {
        const auto at = [](std::initializer_list<int> opens) {
            std::vector<Candle> candles;
            for (const int open : opens) {
                Candle candle;
                candle.open_time = start + open * 3min;
                candles.push_back(candle);
            }
            return candles;
        };
        const auto runs = [&](std::initializer_list<int> present) {
            return absent(Timeframe::M3, span(0, 6), at(present));
        };
        QCOMPARE(runs({}), std::vector{span(0, 6)});
        QVERIFY(runs({0, 1, 2, 3, 4, 5}).empty());
        QCOMPARE(runs({0, 3}), (std::vector{span(1, 3), span(4, 6)}));
        QCOMPARE(runs({5}), std::vector{span(0, 5)});
        QCOMPARE(runs({-3, -1, 2, 2, 9}), (std::vector{span(0, 2), span(3, 6)})); // strangers and doubles do no harm
        QCOMPARE(candleCount(Timeframe::M3, std::vector{span(0, 2), span(3, 6)}), qint64(5));
    }
};

TK_TEST(RequestPlannerTest, request_planner);
#include "tst_request_planner.moc"
