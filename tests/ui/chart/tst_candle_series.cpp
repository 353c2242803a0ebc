// Whatever order candles come in, each opening is there once and in its place.
#include "candle_samples.h"
#include "support/test_registry.h"
#include "ui/chart/candle_series.h"

using namespace tk;
using namespace tk::test;
using namespace tk::ui;
using namespace std::chrono_literals;

namespace {

const UtcTime noon = utc("2026-11-20T12:00:00Z");

bool isInOrder(const CandleSeries &series)
{
    for (size_t i = 0; i < series.size(); ++i) {
        if (toMs(series.candle(i).open_time) != series.bars()[i].open_ms)
            return false;
        if (i > 0 && series.bars()[i - 1].open_ms >= series.bars()[i].open_ms)
            return false;
    }
    return true;
}

} // namespace

class CandleSeriesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void assignSortsAndKeepsTheLater()
    {
        std::vector<Candle> candles = walk(noon, 50, Timeframe::M3);
        std::vector<Candle> mixedUp(candles.rbegin(), candles.rend());
        Candle again = candles[20];
        again.close = decimal(99'999);
        mixedUp.push_back(again);
        CandleSeries series;
        series.assign(mixedUp);
        QCOMPARE(series.size(), 50U);
        QVERIFY(isInOrder(series));
        QCOMPARE(series.bars()[20].close, 99'999.0);
        QVERIFY(series.candle(20) == again); // to the letter
    }

    void putAppendsReplacesAndInserts()
    {
        const std::vector<Candle> candles = walk(noon, 10, Timeframe::M3);
        CandleSeries series;
        for (size_t i = 0; i < candles.size(); ++i) {
            if (i != 4)
                QCOMPARE(series.put(candles[i]), CandleSeries::Change::Appended);
        }
        QVERIFY(!series.indexOf(toMs(candles[4].open_time)));
        QCOMPARE(series.put(candles[4]), CandleSeries::Change::Inserted);
        QCOMPARE(series.put(candles[4]), CandleSeries::Change::Same);
        Candle better = candles[4];
        better.high = decimal(90'000);
        QCOMPARE(series.put(better), CandleSeries::Change::Replaced);
        QVERIFY(isInOrder(series));
        QCOMPARE(series.indexOf(toMs(better.open_time)).value(), 4U);
        QCOMPARE(series.bars()[4].high, 90'000.0);
    }

    void olderChunks()
    {
        const std::vector<Candle> candles = walk(noon, 100, Timeframe::M3);
        CandleSeries series;
        series.assign({candles.begin() + 60, candles.end()});
        QCOMPARE(series.merge({candles.begin() + 30, candles.begin() + 60}), 30U);
        QCOMPARE(series.merge({candles.begin(), candles.begin() + 45}), 30U); // reaches into what is there
        QCOMPARE(series.merge({}), 0U);
        QCOMPARE(series.size(), 100U);
        QVERIFY(isInOrder(series));
        QVERIFY(series.oldest() == candles.front());
        QVERIFY(series.newest() == candles.back());
    }

    void ranges()
    {
        CandleSeries series;
        QVERIFY(series.opening(0, 1e15).empty());
        const std::vector<Candle> candles = walk(noon, 100, Timeframe::M3);
        series.assign(candles);
        const auto ms = [&](size_t i) { return double(toMs(candles[i].open_time)); };
        QCOMPARE(series.opening(ms(10), ms(20)).size(), 10U); // the end is not part of it
        QCOMPARE(series.opening(ms(10) + 1, ms(20) + 1).size(), 10U);
        QCOMPARE(series.opening(ms(20), ms(10)).size(), 0U);
        QCOMPARE(series.opening(0, 1e15).size(), 100U);
        QCOMPARE(series.nearest(0), 0U);
        QCOMPARE(series.nearest(1e15), 99U);
        QCOMPARE(series.nearest(ms(10) + 80'000), 10U);
        QCOMPARE(series.nearest(ms(10) + 100'000), 11U);
    }
};

TK_TEST(CandleSeriesTest, candle_series);
#include "tst_candle_series.moc"
