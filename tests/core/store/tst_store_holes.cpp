#include "samples.h"
#include "store/embedded/embedded_store.h"
#include "support/test_registry.h"

#include <QTemporaryDir>

using namespace tk;
using namespace tk::test;

class StoreHolesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyTimeframe_data()
    {
        QTest::addColumn<int>("timeframe");
        for (const Timeframe timeframe : allTimeframes)
            QTest::newRow(timeframeName(timeframe).data()) << int(timeframe);
    }
    void everyTimeframe()
    {
        QFETCH(int, timeframe);
        const auto grid = Timeframe(timeframe);
        const QTemporaryDir dir;
        store::EmbeddedStore store(store::EmbeddedStore::fileIn(dir.path()));
        const auto writer = store.openWriter().value();
        const auto reader = store.openReader().value();

        // Sixty opens that cross the turn of a year, the end of a February, and both days on which clocks change.
        std::vector<UtcTime> opens{candleOpen(grid, sampleStart)};
        while (opens.size() < 60)
            opens.push_back(nextCandleOpen(grid, opens.back()));
        const TimeSpan whole{opens[0], opens[50]};

        const auto empty = reader->holes(series(grid), whole);
        QVERIFY(empty);
        QCOMPARE(empty.value(), std::vector<TimeSpan>{whole});

        std::vector<Candle> present;
        for (size_t i = 0; i < 60; ++i) {
            if ((i >= 3 && i < 5) || i == 17 || i >= 47)
                continue;
            present.push_back(candle(opens[i]));
        }
        QVERIFY(writer->write({batch(series(grid), present)}));
        const std::vector<TimeSpan> expected{{opens[3], opens[5]}, {opens[17], opens[18]}, {opens[47], opens[50]}};
        QCOMPARE(reader->holes(series(grid), whole).value(), expected);

        // Only the span asked for counts, and a start beside the grid means the next open.
        const auto inner = reader->holes(series(grid), {opens[3] + milliseconds(1), opens[17]});
        QCOMPARE(inner.value(), (std::vector<TimeSpan>{{opens[4], opens[5]}}));
        QVERIFY(reader->holes(series(grid), {opens[5], opens[17]}).value().empty());
        QVERIFY(reader->holes(series(grid), {opens[5], opens[5]}).value().empty());
    }

    // What no candle can be is handed out by nobody, is told, and counts as missing: so history fetches it again.
    void candlesThatCannotBeFillNothing()
    {
        const QTemporaryDir dir;
        store::EmbeddedStore store(store::EmbeddedStore::fileIn(dir.path()));
        const auto writer = store.openWriter().value();
        const auto reader = store.openReader().value();
        std::vector<Candle> all = candles(Timeframe::M3, sampleStart, 8);
        all[1].high = dec("100");
        all[2].low = dec("101");
        all[4].volume = dec("-1");
        all[5].open = DecimalText();
        all[6].trades = -3;
        QVERIFY(writer->write({batch(series(), all)}));
        const auto at = [&](int n) { return all[size_t(n)].open_time; };
        const TimeSpan span{at(0), at(7)};
        QCOMPARE(reader->holes(series(), span).value(), (std::vector<TimeSpan>{{at(1), at(3)}, {at(4), at(7)}}));
        QVERIFY(reader->takeImpossible().rows().empty());
        QCOMPARE(reader->candles(series(), span, {})->size(), size_t(2));
        const store::ImpossibleRows bad = reader->takeImpossible();
        QCOMPARE(bad.count(), 5);
        QCOMPARE(bad.rows().back().open, at(1)); // the newest is read first
        QCOMPARE(bad.told().size(), size_t(1));
        QVERIFY2(
            bad.told()[0].contains(QStringLiteral("5 rows in the store cannot be, the first at ") + isoText(at(1))),
            qPrintable(bad.told()[0]));
        QCOMPARE(reader->takeImpossible().count(), 0);
        RecordBatch marks = ownMarks(sampleStart, 3);
        marks.mark_candles[0].candles[1].close = dec("5000");
        QVERIFY(writer->write({marks}));
        const SeriesKey hours = series(Timeframe::H1);
        const std::chrono::hours hour(1);
        QCOMPARE(reader->markCandleHoles(hours, {sampleStart, sampleStart + 3 * hour}).value(),
                 (std::vector<TimeSpan>{{sampleStart + hour, sampleStart + 2 * hour}}));
        QCOMPARE(reader->markCandles(hours, always)->size(), size_t(2));
        QVERIFY(reader->takeImpossible().rows().at(0).of_mark_price);
        // Written anew they are candles like any other.
        QVERIFY(writer->write({batch(series(), candles(Timeframe::M3, sampleStart, 8, CandleSource::Repair))}));
        QVERIFY(reader->holes(series(), span)->empty());
    }

    void candlesBesideTheGridFillNothing()
    {
        const QTemporaryDir dir;
        store::EmbeddedStore store(store::EmbeddedStore::fileIn(dir.path()));
        const auto writer = store.openWriter().value();
        const auto reader = store.openReader().value();
        QVERIFY(writer->write({batch(series(), {candle(sampleStart + milliseconds(1))})}));
        const TimeSpan span{sampleStart, sampleStart + std::chrono::minutes(6)};
        QCOMPARE(reader->holes(series(), span).value(), std::vector<TimeSpan>{span});
    }
};

TK_TEST(StoreHolesTest, store_holes);
#include "tst_store_holes.moc"
