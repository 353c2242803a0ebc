#include "samples.h"
#include "store/embedded/embedded_store.h"
#include "support/test_registry.h"

#include <QTemporaryDir>

using namespace tk;
using namespace tk::test;
using namespace std::chrono_literals;

class EmbeddedStoreTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_store = std::make_unique<store::EmbeddedStore>(store::EmbeddedStore::fileIn(m_dir->path()));
        auto writer = m_store->openWriter();
        QVERIFY2(writer, writer ? "" : qPrintable(writer.error().message));
        m_writer = std::move(writer).value();
        m_reader = m_store->openReader().value();
    }
    void cleanup()
    {
        m_reader.reset();
        m_writer.reset();
    }

    void keepsTheExchangesOwnText()
    {
        write(batch(series(), {candle(sampleStart)}));
        const auto read = m_reader->candles(series(), always, {});
        QVERIFY(read);
        QCOMPARE(read->size(), size_t(1));
        const Candle &kept = read->front();
        QCOMPARE(kept.open.view(), std::string_view("100.10"));
        QCOMPARE(kept.low.view(), std::string_view("99.9000"));
        QCOMPARE(kept.quote_volume.view(), std::string_view("1234.50"));
        QCOMPARE(kept.trades, 42);
        QVERIFY(kept.source == CandleSource::Live);
    }

    void writingTwiceIsOnce()
    {
        const RecordBatch records = batch(series(), candles(Timeframe::M3, sampleStart, 10));
        for (int i = 0; i < 3; ++i) {
            const store::WriteOutcome outcome = write(records);
            QCOMPARE(outcome.stored, 10);
            QCOMPARE(outcome.corrected, 0);
        }
        QCOMPARE(m_reader->candles(series(), always, {})->size(), size_t(10));
    }

    void paddingIsNoCorrection()
    {
        write(batch(series(), {candle(sampleStart, "101.50", CandleSource::Live)}));
        const auto outcome = write(batch(series(), {candle(sampleStart, "101.5", CandleSource::History)}));
        QCOMPARE(outcome.stored, 1);
        QCOMPARE(outcome.corrected, 0);
        QVERIFY(only().source == CandleSource::History); // confirmed: as good as history now
    }

    void historyCorrectsLive()
    {
        write(batch(series(), {candle(sampleStart, "101.50", CandleSource::Live)}));
        const auto outcome = write(batch(series(), {candle(sampleStart, "101.60", CandleSource::History)}));
        QCOMPARE(outcome.stored, 0);
        QCOMPARE(outcome.corrected, 1);
        QCOMPARE(only().close.view(), std::string_view("101.60"));
    }

    void liveNeverReplacesHistoryOrRepair_data()
    {
        QTest::addColumn<int>("source");
        QTest::newRow("history") << int(CandleSource::History);
        QTest::newRow("repair") << int(CandleSource::Repair);
    }
    void liveNeverReplacesHistoryOrRepair()
    {
        QFETCH(int, source);
        write(batch(series(), {candle(sampleStart, "101.60", CandleSource(source))}));
        const auto outcome = write(batch(series(), {candle(sampleStart, "101.50", CandleSource::Live)}));
        QCOMPARE(outcome.stored, 0);
        QCOMPARE(outcome.corrected, 0);
        QCOMPARE(only().close.view(), std::string_view("101.60"));
        QVERIFY(only().source == CandleSource(source));
    }

    void minutesAreNotMonths()
    {
        write(batch(series(Timeframe::M1), candles(Timeframe::M1, sampleStart, 5)));
        write(batch(series(Timeframe::Mo1), candles(Timeframe::Mo1, sampleStart, 2)));
        QCOMPARE(m_reader->candles(series(Timeframe::M1), always, {})->size(), size_t(5));
        QCOMPARE(m_reader->candles(series(Timeframe::Mo1), always, {})->size(), size_t(2));
    }

    void limitsAndOrder()
    {
        write(batch(series(), candles(Timeframe::M3, sampleStart, 100)));
        const auto newest = m_reader->candles(series(), always, 3);
        QCOMPARE(newest->size(), size_t(3));
        QCOMPARE(newest->front().open_time, sampleStart + 97 * 3min);
        QCOMPARE(newest->back().open_time, sampleStart + 99 * 3min);
        const auto part = m_reader->candles(series(), {sampleStart + 3min, sampleStart + 9min}, {});
        QCOMPARE(part->size(), size_t(2)); // half-open
        QCOMPARE(part->front().open_time, sampleStart + 3min);
        QVERIFY(m_reader->candles(series(), always, 0)->empty());
        QVERIFY(m_reader->candles(series(Timeframe::H1), always, 5)->empty());
        QCOMPARE(m_reader->firstTime(series()).value(), std::optional(sampleStart));
        QCOMPARE(m_reader->lastTime(series()).value(), std::optional(sampleStart + 99 * 3min));
        QVERIFY(!m_reader->lastTime(series(Timeframe::D1)).value());
    }

    void summariesNameEachSeries()
    {
        write(batch(series(), candles(Timeframe::M3, sampleStart, 4)));
        write(batch(series(Timeframe::H1, QStringLiteral("ADA/USDT:USDT")), candles(Timeframe::H1, sampleStart, 2)));
        const auto all = m_reader->candleSeries();
        QVERIFY(all);
        QCOMPARE(all->size(), size_t(2));
        QCOMPARE(all->front().series.pair, QStringLiteral("ADA/USDT:USDT"));
        QCOMPARE(all->back().count, 4);
        QCOMPARE(all->back().last, sampleStart + 9min);
        const auto edges = m_reader->candleEdges();
        QVERIFY(edges);
        QCOMPARE(edges->size(), size_t(2));
        QVERIFY(edges->back().series == series());
        QCOMPARE(edges->back().first, sampleStart);
        QCOMPARE(edges->back().last, sampleStart + 9min);
    }

    void fundingKeepsSettledAndPredicted()
    {
        RecordBatch records;
        const QString exchange = QStringLiteral("binance-usdm");
        const QString btc = QStringLiteral("BTC/USDT:USDT");
        records.funding.push_back({exchange, btc, sampleStart, dec("0.00010000"), {}, {}, false});
        records.funding.push_back({exchange, btc, sampleStart, {}, dec("0.00011"), sampleStart + 8h, false}); // merges
        records.funding.push_back({exchange, btc, sampleStart, dec("0.00300000"), {}, {}, true}); // stands beside
        records.funding.push_back({exchange, btc, sampleStart + 1min, {}, dec("0.00012"), sampleStart + 8h, false});
        records.funding.push_back(
            {exchange, QStringLiteral("ADA/USDT:USDT"), sampleStart, dec("-0.0002"), {}, {}, false});
        write(records);
        write(records);
        const auto now = m_reader->fundingNow({});
        QVERIFY(now);
        QCOMPARE(now->size(), size_t(2));
        QCOMPARE(now->front().settled->pair, QStringLiteral("ADA/USDT:USDT"));
        QVERIFY(!now->front().predicted);
        QCOMPARE(now->back().settled->rate.view(), std::string_view("0.00010000"));
        QVERIFY(!now->back().settled->special);
        QCOMPARE(now->back().predicted->predicted_rate.view(), std::string_view("0.00012"));
        QCOMPARE(now->back().predicted->next_funding, sampleStart + 8h);
        const auto history = m_reader->fundingHistory(exchange, btc, always);
        QCOMPARE(history->size(), size_t(2));
        QVERIFY(history->back().special);
        QCOMPARE(m_reader->fundingNow(btc)->size(), size_t(1));
    }

    void marksAndTicks()
    {
        RecordBatch records;
        const QString exchange = QStringLiteral("binance-usdm");
        const QString btc = QStringLiteral("BTC/USDT:USDT");
        for (int i = 0; i < 5; ++i)
            records.marks.push_back({exchange, btc, sampleStart + i * 1min, dec("100.0" + std::to_string(i)), {}});
        for (int i = 0; i < 7; ++i)
            records.ticks.push_back({exchange, btc, QStringLiteral("trades"), sampleStart, i, "{\"p\":\"1\"}"});
        QCOMPARE(write(records).stored, 12);
        write(records);
        QCOMPARE(m_reader->marksNow({})->front().price.view(), std::string_view("100.04"));
        QCOMPARE(m_reader->markHistory(exchange, btc, {sampleStart, sampleStart + 2min})->size(), size_t(2));
        QCOMPARE(m_reader->tickCount(exchange, btc, QStringLiteral("trades"), always).value(), 7);
        QCOMPARE(m_reader->tickCount(exchange, btc, QStringLiteral("depth"), always).value(), 0);
    }

    void retentionRemovesOnlyWhatIsOlder()
    {
        write(batch(series(), candles(Timeframe::M3, sampleStart, 5000)));
        RecordBatch more;
        for (int i = 0; i < 3000; ++i) // more than a chunk within one moment
            more.ticks.push_back(
                {QStringLiteral("x"), QStringLiteral("p"), QStringLiteral("trades"), sampleStart, i, "{}"});
        write(more);
        const UtcTime edge = sampleStart + 4990 * 3min;
        qint64 removed = 0;
        while (true) {
            const auto step = m_writer->removeBefore(edge);
            QVERIFY(step);
            if (*step == 0)
                break;
            removed += *step;
        }
        QCOMPARE(removed, 4990 + 3000);
        QCOMPARE(m_reader->candles(series(), always, {})->size(), size_t(10));
        QCOMPARE(m_reader->firstTime(series()).value(), std::optional(edge));
    }

    void nothingToWriteIsNoFailure()
    {
        QVERIFY(m_writer->write({}));
        QVERIFY(m_writer->sync());
    }

    void twoReadersBesideAWriter()
    {
        const auto second = m_store->openReader().value();
        for (int i = 0; i < 50; ++i) {
            write(batch(series(), {candle(sampleStart + i * 3min)}));
            QCOMPARE(m_reader->candles(series(), always, {})->size(), size_t(i + 1));
            QCOMPARE(second->lastTime(series()).value(), std::optional(sampleStart + i * 3min));
            QVERIFY(m_writer->sync());
        }
    }

    void aReaderNeedsAStore()
    {
        store::EmbeddedStore nowhere(m_dir->filePath(QStringLiteral("none/market_data.sqlite")));
        const auto reader = nowhere.openReader();
        QVERIFY(!reader);
        QVERIFY(reader.error().message.contains(QStringLiteral("no store")));
        QVERIFY(nowhere.prepare());
        QVERIFY(nowhere.openReader());
    }

private:
    store::WriteOutcome write(const RecordBatch &records)
    {
        const auto outcome = m_writer->write({records});
        if (!outcome) {
            QTest::qFail(qPrintable(outcome.error().message), __FILE__, __LINE__);
            return {};
        }
        return *outcome;
    }
    Candle only() { return m_reader->candles(series(), always, {}).value().at(0); }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<store::EmbeddedStore> m_store;
    std::unique_ptr<store::StoreWriter> m_writer;
    std::unique_ptr<store::StoreReader> m_reader;
};

TK_TEST(EmbeddedStoreTest, embedded_store);
#include "tst_embedded_store.moc"
