// History brings no more than the store takes: what is fetched beyond would wait in memory.
#include "exchange/binance_usdm/adapter.h"
#include "history/history_service.h"
#include "store/embedded/embedded_store.h"
#include "store/gap_ledger.h"
#include "support/exchange/simulator_thread.h"
#include "support/rig_clock.h"
#include "support/test_registry.h"

#include <QDir>
#include <QTemporaryDir>
#include <QTest>

namespace tk::test {

using namespace std::chrono_literals;
using history::HistoryService;

class TestBacklog : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void asksForNoMoreThanTheStoreTakes()
    {
        const auto clock = std::make_shared<RigClock>(20);
        sim::SimSettings market;
        market.pairs = 3;
        sim::SimulatorThread sim(market, clock);
        QTemporaryDir folder;
        store::EmbeddedStore store(store::EmbeddedStore::fileIn(folder.path()));
        QVERIFY(store.prepare());
        size_t waiting = 10'000; // records, at the store
        size_t handed = 0;
        int looks = 0;
        HistoryService history(
            {.rest_url = sim.restUrl(),
             .wanted = {},
             .major_bases = {},
             .timeframes = {Timeframe::M15},
             .kinds = {StreamKind::Candles},
             .history = 20,
             .data_dir = folder.path()},
            {.adapter = exchange::binance::makeAdapter(),
             .index = store.openIndex().value(),
             .ledger = store::openGapLedger(folder.filePath(QStringLiteral("ledger.sqlite"))).value(),
             .backlog =
                 [&] {
                     ++looks;
                     return waiting;
                 }},
            clock,
            [&](RecordBatch &&batch) {
                handed += batch.recordCount();
                return true;
            },
            [] {});
        QVERIFY(history.start());
        // It knows what it wants, looks again and again, and fetches nothing but what tells it a request's weight.
        QVERIFY(QTest::qWaitFor([&] { return looks > 20; }, 20'000));
        const size_t learned = handed;
        QVERIFY2(learned <= 500, qPrintable(QString::number(learned)));
        waiting = 9'999;
        QVERIFY(QTest::qWaitFor([&] { return handed >= learned + 3 * 20; }, 20'000));
        history.stop();
    }

    // A run that was killed in the first fill had the newest candles of the first pair already: the request that tells
    // a request's weight brings nothing new, and the rest of the fill must not wait for somebody else's.
    void aFillGoesOnWhereTheFirstPairIsWhole()
    {
        const auto clock = std::make_shared<RigClock>(20);
        sim::SimSettings market;
        market.pairs = 3;
        sim::SimulatorThread sim(market, clock);
        QTemporaryDir folder;
        store::EmbeddedStore store(store::EmbeddedStore::fileIn(folder.path()));
        QVERIFY(store.prepare());
        RecordBatch whole;
        const UtcTime now = candleOpen(Timeframe::M15, clock->utcNow());
        for (const char *pair : {"BTC/USDT:USDT", "ETH/USDT:USDT"}) {
            CandleBatch series{{QStringLiteral("binance-usdm"), QString::fromLatin1(pair), Timeframe::M15}, {}};
            for (int i = 600; i > -4; --i) {
                Candle candle;
                candle.open_time = now - i * 15min;
                for (DecimalText *value :
                     {&candle.open, &candle.high, &candle.low, &candle.close, &candle.volume, &candle.quote_volume})
                    *value = *DecimalText::from("1");
                series.candles.push_back(candle);
            }
            whole.candles.push_back(std::move(series));
        }
        QVERIFY(store.openWriter().value()->write({whole}));
        qint64 handed = 0; // candles of the third pair
        HistoryService history(
            {.rest_url = sim.restUrl(),
             .wanted = {},
             .major_bases = {QStringLiteral("BTC"), QStringLiteral("ETH")},
             .timeframes = {Timeframe::M15},
             .kinds = {StreamKind::Candles},
             .history = 500,
             .data_dir = folder.path()},
            {.adapter = exchange::binance::makeAdapter(),
             .index = store.openIndex().value(),
             .ledger = store::openGapLedger(folder.filePath(QStringLiteral("ledger.sqlite"))).value()},
            clock,
            [&](RecordBatch &&batch) {
                for (const CandleBatch &one : batch.candles)
                    handed += one.series.pair.startsWith(QLatin1String("BTC")) ||
                                      one.series.pair.startsWith(QLatin1String("ETH"))
                                  ? 0
                                  : qint64(one.candles.size());
                return true;
            },
            [] {});
        QVERIFY(history.start());
        QVERIFY(QTest::qWaitFor([&] { return handed >= 500; }, 20'000));
        history.stop();
    }
};

} // namespace tk::test

using tk::test::TestBacklog;
TK_TEST(TestBacklog, backlog);
#include "tst_backlog.moc"
