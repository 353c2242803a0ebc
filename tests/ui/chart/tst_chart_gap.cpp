// Where a gap is shaded, what it says, and that no line crosses it.
#include "candle_samples.h"
#include "support/test_registry.h"
#include "ui/chart/chart_gap.h"
#include "ui/chart/line_path.h"
#include "ui/chart/value_line.h"

#include <algorithm>

using namespace tk;
using namespace tk::test;
using namespace tk::ui;
using namespace std::chrono_literals;

namespace {

const UtcTime ten = utc("2026-11-20T10:00:00Z");

CandleSeries without(UtcTime from, UtcTime to)
{
    std::vector<Candle> candles = walk(ten, 100, Timeframe::M3);
    std::erase_if(candles, [&](const Candle &candle) { return candle.open_time >= from && candle.open_time < to; });
    CandleSeries series;
    series.assign(candles);
    return series;
}

std::pair<UtcTime, UtcTime> shaded(const ChartGap &gap, const CandleSeries &series)
{
    const TimeSpan span = shadedSpan(gap, series, Timeframe::M3, ten);
    return {fromMs(qint64(span.from_ms)), fromMs(qint64(span.to_ms))};
}

} // namespace

class ChartGapTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void shadeCoversTheMissingSlots()
    {
        const CandleSeries series = without(ten - 60min, ten - 30min);
        // The connection was lost within the first missing candle and came back within the last.
        const auto exact = shaded({ten - 59min, ten - 31min}, series);
        QVERIFY(exact.first == ten - 60min && exact.second == ten - 30min);
        // A gap that began while the candle before was open, which is there all the same.
        const auto wider = shaded({ten - 61min, ten - 29min}, series);
        QVERIFY(wider.first == ten - 60min && wider.second == ten - 30min);
    }

    void aGapWithoutMissingCandlesKeepsItsOwnEnds()
    {
        const CandleSeries series = without(ten, ten);
        const auto span = shaded({ten - 59min, ten - 31min}, series);
        QVERIFY(span.first == ten - 59min && span.second == ten - 31min);
    }

    void aLastingGapEndsNow()
    {
        CandleSeries series;
        series.assign(walk(ten - 30min, 50, Timeframe::M3));
        const auto span = shaded({ten - 29min, UtcTime{}}, series);
        QVERIFY(span.first == ten - 30min && span.second == ten);
    }

    void linesBreak()
    {
        std::vector<LinePoint> points;
        for (int i = 0; i < 60; ++i)
            points.push_back({ten + i * 1min, double(i)});
        const auto at = [](int minutes) { return double(toMs(ten + minutes * 1min)); };
        QVERIFY(unbrokenRuns(points, {}, 2min) == (std::vector<Run>{{0, 59}}));
        // Points inside belong to no run; the one at the end is there again.
        const std::vector<TimeSpan> gap{{at(20), at(30)}};
        QVERIFY(unbrokenRuns(points, gap, 2min) == (std::vector<Run>{{0, 19}, {30, 59}}));
        // A gap between two points breaks the line, however short.
        const std::vector<TimeSpan> tiny{{at(20) + 10'000, at(20) + 11'000}};
        QVERIFY(unbrokenRuns(points, tiny, 2min) == (std::vector<Run>{{0, 20}, {21, 59}}));
        // Two that overlap are one, in whatever order they come.
        const std::vector<TimeSpan> several{{at(25), at(30)}, {at(50), at(51)}, {at(20), at(28)}};
        QVERIFY(unbrokenRuns(points, several, 2min) == (std::vector<Run>{{0, 19}, {30, 49}, {51, 59}}));
        // So does silence nobody has named yet.
        points.erase(points.begin() + 40, points.begin() + 45);
        QVERIFY(unbrokenRuns(points, {}, 2min) == (std::vector<Run>{{0, 39}, {40, 54}}));
        QVERIFY(unbrokenRuns({}, gap, 2min).empty());
    }

    void thousandsOfPointsBecomeWhatCanBeSeen()
    {
        std::vector<LinePoint> points;
        for (int i = 0; i < 100'000; ++i)
            points.push_back({ten + i * 1s, double(i % 7)});
        points[54'321].value = 1000;
        points[76'543].value = -1000;
        const TimeScale time{double(toMs(ten)), 1'000'000, 0, 100};
        const PriceScale price{{-1000, 1000}, 0, 2000};
        const QList<QPointF> path = linePath(points, time, price);
        QVERIFY(path.size() <= 4 * 201);
        const auto [top, bottom] = std::minmax_element(
            path.begin(), path.end(), [](const QPointF &a, const QPointF &b) { return a.y() < b.y(); });
        QCOMPARE(top->y(), 0.0);
        QCOMPARE(bottom->y(), 2000.0);
        QVERIFY(
            std::is_sorted(path.begin(), path.end(), [](const QPointF &a, const QPointF &b) { return a.x() < b.x(); }));
        QCOMPARE(path.first(), QPointF(0, price.y(0)));
        // Few points stay as they are.
        const std::span<const LinePoint> few(points.data(), 3);
        QCOMPARE(linePath(few, TimeScale{double(toMs(ten)), 100, 0, 100}, price).size(), 3);
        // A rate holds until the next.
        const std::vector<LinePoint> rates{{ten, 1}, {ten + 1s, 1}, {ten + 2s, 3}};
        const QList<QPointF> steps = stepPath(rates, TimeScale{double(toMs(ten)), 1000, 0, 100}, price);
        QCOMPARE(steps, (QList<QPointF>{{0, 999}, {1, 999}, {2, 999}, {2, 997}}));
    }

    void words()
    {
        ChartGap gap{ten - 60min, ten - 36min, QStringLiteral("market#2 silent"), GapState::Open};
        QCOMPARE(gapTitle(gap, ten), QStringLiteral("gap 24 min"));
        QCOMPARE(gapStory(gap, ten, ClockZone::Utc),
                 QStringLiteral("gap 09:00–09:24 UTC · 24 min · market#2 silent · open"));
        gap.state = GapState::Repairing;
        QCOMPARE(gapTitle(gap, ten), QStringLiteral("gap 24 min · repairing"));
        gap.to = UtcTime{};
        gap.cause.clear();
        QCOMPARE(gapStory(gap, ten, ClockZone::Utc), QStringLiteral("gap 09:00–… UTC · 1 h 00 min · repairing"));
        gap.from = ten - 24h;
        gap.to = ten;
        gap.state = GapState::Unfillable;
        QCOMPARE(gapStory(gap, ten, ClockZone::Utc),
                 QStringLiteral("gap 2026-11-19 10:00:00–2026-11-20 10:00:00 UTC · 1 d 00 h · cannot be filled"));
    }

    void valuesKeepTheExchangesDecimals()
    {
        Candle candle = candleAt(ten, 83'102.4, 83'084.9);
        candle.close = *DecimalText::from("83084.90"); // the zero is theirs
        candle.source = CandleSource::Repair;
        QString text = valueText(valueParts(candle, false, Timeframe::M3, ten, ClockZone::Utc));
        text.replace(thinSpace, u'_');
        QCOMPARE(text, QStringLiteral("10:00 UTC  O 83_102.4  H 83_107.4  L 83_079.9  C 83_084.90  V 100.000  "
                                      "trades 1_027  source repair"));
        QVERIFY(valueText(valueParts(candle, true, Timeframe::M3, ten, ClockZone::Utc))
                    .endsWith(QStringLiteral("source forming")));
        QCOMPARE(decimalText({}), QStringLiteral("—"));
    }
};

TK_TEST(ChartGapTest, chart_gap);
#include "tst_chart_gap.moc"
