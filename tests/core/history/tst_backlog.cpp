// History brings no more than the store takes: what is fetched beyond would wait in memory.
#include "exchange/binance_usdm/adapter.h"
#include "history/history_service.h"
#include "store/embedded/embedded_store.h"
#include "store/gap_ledger.h"
#include "support/exchange/simulator_thread.h"
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
        const auto clock = std::make_shared<ScaledClock>(20, SystemClock().utcNow());
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
};

} // namespace tk::test

using tk::test::TestBacklog;
TK_TEST(TestBacklog, backlog);
#include "tst_backlog.moc"
