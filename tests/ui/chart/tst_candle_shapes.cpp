// Candles lie on whole pixels; many in a column become one that hides none of them.
#include "candle_samples.h"
#include "support/test_registry.h"
#include "ui/chart/candle_shapes.h"

using namespace tk;
using namespace tk::test;
using namespace tk::ui;

namespace {

constexpr double Slot = 60'000;

std::vector<Bar> bars(int count)
{
    std::vector<Bar> result;
    for (const Candle &candle : walk(fromMs(1'000'000 * 60'000LL), count, Timeframe::M1))
        result.push_back(toBar(candle));
    return result;
}

TimeScale scaleFor(const std::vector<Bar> &bars, double slotPx, double width)
{
    return {double(bars.front().open_ms), Slot / slotPx, 0, width};
}

} // namespace

class CandleShapesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void wicksStandInTheMiddle()
    {
        const std::vector<Bar> all = bars(40);
        const PriceScale price{padded(*rangeOf(all), 0.05), 0, 400};
        for (const int wick : {1, 2, 3}) {
            for (double slot = 3; slot < 60; slot += 0.7) {
                const auto shapes = candleShapes(all, scaleFor(all, slot, 40 * slot), price, Slot, wick);
                QCOMPARE(shapes.size(), all.size());
                for (size_t i = 0; i < shapes.size(); ++i) {
                    const CandleShape &shape = shapes[i];
                    QCOMPARE(shape.wick_right - shape.wick_left, wick);
                    QCOMPARE(shape.wick_left - shape.left, shape.right - shape.wick_right);
                    QVERIFY(shape.high <= shape.body_top && shape.body_top < shape.body_bottom);
                    QVERIFY(shape.high < shape.low);
                    QCOMPARE(shape.up, all[i].isUp());
                    if (i > 0 && slot >= wick + 2)
                        QVERIFY(shapes[i - 1].right <= shape.left); // bodies do not touch
                }
            }
        }
    }

    void bodiesHaveTheWidthOfTheirSlot()
    {
        QCOMPARE(bodyWidth(3, 1), 1);
        QCOMPARE(bodyWidth(8, 1), 5);
        QCOMPARE(bodyWidth(16, 2), 12);
        for (double slot = 3; slot < 100; slot += 0.5) {
            for (const int wick : {1, 2}) {
                const int width = bodyWidth(slot, wick);
                QVERIFY(width >= wick && (width - wick) % 2 == 0);
                QVERIFY(width <= std::max(double(wick), slot - 1));
            }
        }
    }

    void columnsHideNothing()
    {
        const std::vector<Bar> all = bars(10'000);
        const double slotPx = 0.05; // twenty candles in a column
        const PriceScale price{*rangeOf(all), 0, 1000};
        const auto shapes = candleShapes(all, scaleFor(all, slotPx, 500), price, Slot, 1);
        QVERIFY(shapes.size() >= 499 && shapes.size() <= 501);
        double volume = 0;
        int highest = 1 << 30;
        int lowest = 0;
        for (size_t i = 0; i < shapes.size(); ++i) {
            volume += shapes[i].volume;
            highest = std::min(highest, shapes[i].high);
            lowest = std::max(lowest, shapes[i].low);
            if (i > 0)
                QCOMPARE(shapes[i].left, shapes[i - 1].left + 1); // no column twice, none left out
        }
        double expected = 0;
        for (const Bar &bar : all)
            expected += bar.volume;
        QVERIFY(std::abs(volume - expected) < 1e-6 * expected);
        QCOMPARE(highest, 0);
        QCOMPARE(lowest, 1000);
    }

    void aColumnGoesFromItsFirstOpeningToItsLastClose()
    {
        const std::vector<Bar> two{{0, 10, 12, 9, 11, 5}, {60'000, 11, 20, 8, 9, 7}};
        const TimeScale time{0, 600'000, 0, 100};
        const auto shapes = candleShapes(two, time, PriceScale{{0, 100}, 0, 100}, Slot, 1);
        QCOMPARE(shapes.size(), 1U);
        QCOMPARE(shapes[0].high, 80);
        QCOMPARE(shapes[0].low, 92);
        QCOMPARE(shapes[0].volume, 12.0);
        QVERIFY(!shapes[0].up); // 10 to 9
    }

    void holesStayEmpty()
    {
        std::vector<Bar> all = bars(10'000);
        all.erase(all.begin() + 4000, all.begin() + 6000);
        const auto shapes = candleShapes(all, scaleFor(all, 0.05, 500), PriceScale{*rangeOf(all), 0, 1000}, Slot, 1);
        for (const CandleShape &shape : shapes)
            QVERIFY(shape.left <= 200 || shape.left >= 299);
    }

    void farAwayPricesDoNotOverflow()
    {
        const std::vector<Bar> one{{0, 1, 1e18, -1e18, 2, 0}};
        const auto shapes = candleShapes(one, TimeScale{-1e15, 1e-3, 0, 100}, PriceScale{{1, 1.0001}, 0, 100}, Slot, 1);
        QVERIFY(shapes[0].high < 0 && shapes[0].low > 100);
        QVERIFY(shapes[0].left > 100);
    }

    void nothingOfNothing() { QVERIFY(candleShapes({}, TimeScale{}, PriceScale{{0, 1}, 0, 1}, Slot, 1).empty()); }
};

TK_TEST(CandleShapesTest, candle_shapes);
#include "tst_candle_shapes.moc"
