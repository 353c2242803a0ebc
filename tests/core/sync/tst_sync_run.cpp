// Whole runs: a real store, real files.
#include "core/store/samples.h"
#include "feather/writer.h"
#include "store/embedded/embedded_store.h"
#include "support/test_registry.h"
#include "sync/store_rows.h"
#include "sync/sync_run.h"

#include <QCryptographicHash>
#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QTemporaryDir>

#include <fcntl.h>
#include <limits>
#include <sys/stat.h>

using namespace tk;
using namespace tk::sync;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

const QString name3m = QStringLiteral("BTC_USDT_USDT-3m-futures.feather");

} // namespace

class SyncRunTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_store = std::make_unique<store::EmbeddedStore>(store::EmbeddedStore::fileIn(m_dir->path()));
        m_writer = m_store->openWriter().value();
        m_reader = m_store->openReader().value();
        QVERIFY(QDir(m_dir->path()).mkpath(QStringLiteral("fq")));
        m_options = {};
        m_options.settings.datadir = m_dir->filePath(QStringLiteral("fq"));
        m_options.lock_patience = 0ms;
        m_options.busy_patience = 0ms;
        m_now = sampleStart + 48h;
        m_stop = false;
    }

    void writesWhatIsStored()
    {
        store(Timeframe::M3, sampleStart, 100);
        store(Timeframe::Mo1, sampleStart - 24h * 100, 3);
        const SyncReport report = run();
        QCOMPARE(report.files.size(), size_t(2));
        QVERIFY(report.isGood());
        QCOMPARE(report.files[1].folder, QStringLiteral("binance/futures"));
        QCOMPARE(report.files[1].file.name, name3m);
        QCOMPARE(report.added(), 103);
        const feather::Table table = read(name3m);
        QCOMPARE(table.rows, 100);
        QCOMPARE(table.columns[0].integers.front(), toMs(sampleStart));
        QCOMPARE(table.columns[0].integers.back(), toMs(sampleStart + 99 * 3min));
        QCOMPARE(table.columns[1].doubles[7], 100.10);
        QCOMPARE(table.columns[4].doubles[7], 107.50);
        QVERIFY(table.schema == schemaOf(Content::Candles, {}));
        QVERIFY(QFile::exists(path(QStringLiteral("BTC_USDT_USDT-1Mo-futures.feather"))));
    }

    void unchangedFilesAreNotTouched()
    {
        store(Timeframe::M3, sampleStart, 100);
        run();
        const FileStamp before = *stampOf(path(name3m));
        for (const bool full : {false, true}) {
            m_options.full = full;
            const SyncReport report = run();
            QVERIFY(report.files[0].file.state == FileState::Unchanged);
            QCOMPARE(report.files[0].file.rows, 100);
            QCOMPARE(report.files[0].file.last, sampleStart + 99 * 3min);
            QVERIFY(stampOf(path(name3m))->sameFile(before));
        }
    }

    void newCandlesAreAdded()
    {
        store(Timeframe::M3, sampleStart, 100);
        store(Timeframe::H1, sampleStart, 10);
        run();
        const FileStamp hourly = *stampOf(path(QStringLiteral("BTC_USDT_USDT-1h-futures.feather")));
        store(Timeframe::M3, sampleStart + 300min, 1);
        const SyncReport report = run();
        QCOMPARE(report.added(), 1);
        QCOMPARE(report.count(FileState::Written), 1);
        QCOMPARE(read(name3m).rows, 101);
        QVERIFY(stampOf(path(QStringLiteral("BTC_USDT_USDT-1h-futures.feather")))->sameFile(hourly));
    }

    // The first fill goes from the newest candle back.
    void olderCandlesAreAddedToo()
    {
        store(Timeframe::M3, sampleStart, 100);
        run();
        store(Timeframe::M3, sampleStart - 150min, 50);
        const SyncReport report = run();
        QCOMPARE(report.added(), 50);
        QCOMPARE(read(name3m).columns[0].integers.front(), toMs(sampleStart - 150min));
    }

    void holesAreFilledWhenTheStoreHasThem()
    {
        store(Timeframe::M3, sampleStart, 100);
        store(Timeframe::M3, sampleStart + 103 * 3min, 20);
        run();
        QCOMPARE(read(name3m).rows, 120);
        store(Timeframe::M3, sampleStart + 100 * 3min, 3);
        store(Timeframe::M3, sampleStart + 123 * 3min, 1);
        QCOMPARE(run().added(), 4);
        const feather::Table table = read(name3m);
        for (size_t i = 1; i < size_t(table.rows); ++i)
            QCOMPARE(table.columns[0].integers[i] - table.columns[0].integers[i - 1], 180'000);
    }

    // A repair far back and without a hole is found within a day.
    void correctionsArriveWithinADay()
    {
        store(Timeframe::M3, sampleStart, 400);
        run();
        auto corrected = candle(sampleStart + 3min, "555.5", CandleSource::Repair);
        QVERIFY(m_writer->write({batch(series(), {corrected})}));
        QCOMPARE(run().count(FileState::Written), 0);
        m_now += 24h;
        const SyncReport report = run();
        QCOMPARE(report.files[0].file.replaced, 1);
        QCOMPARE(read(name3m).columns[4].doubles[1], 555.5);
    }

    void theFormOfTheFileStays()
    {
        store(Timeframe::M3, sampleStart, 100);
        feather::Table theirs =
            merge({schemaOf(Content::Candles, {.unit = feather::Unit::Nanosecond}), 0, std::vector<feather::Column>(6)},
                  candleRows(candles(Timeframe::M3, sampleStart - 30min, 20)), {})
                .table;
        theirs.schema.metadata = {{"pandas", "{\"a\": 1}"}};
        put(name3m, theirs);
        const SyncReport report = run();
        QVERIFY2(report.isGood(), qPrintable(report.summary()));
        const feather::Table merged = read(name3m);
        QVERIFY(merged.schema == theirs.schema);
        QCOMPARE(merged.rows, 110); // ten of theirs are older than ours
        QCOMPARE(merged.columns[0].integers.back(), toMs(sampleStart + 99 * 3min) * 1'000'000);
        // A new file beside it takes after it.
        store(Timeframe::H1, sampleStart, 2);
        run();
        QVERIFY(read(QStringLiteral("BTC_USDT_USDT-1h-futures.feather")).schema.fields[0].unit ==
                feather::Unit::Nanosecond);
    }

    // freqtrade writes the running candle, too, and reads it as final.
    void aRunningCandleOfTheirsIsReplacedOnceItIsFinal()
    {
        store(Timeframe::M3, sampleStart, 10);
        run();
        feather::Table theirs = read(name3m);
        Rows running;
        running.add(toMs(sampleStart + 30min), {100, 101, 99, 100, 0.5});
        put(name3m, merge(theirs, running, {}).table);
        QVERIFY(run().files[0].file.state == FileState::Unchanged);
        store(Timeframe::M3, sampleStart + 30min, 1);
        const SyncReport report = run();
        QCOMPARE(report.files[0].file.replaced, 1);
        QCOMPARE(read(name3m).columns[5].doubles.back(), 12.345);
    }

    void aFileThatSomebodyCutIsMadeWhole()
    {
        store(Timeframe::M3, sampleStart, 100);
        run();
        feather::Table cut = read(name3m);
        cut = merge({cut.schema, 0, std::vector<feather::Column>(6)},
                    candleRows(candles(Timeframe::M3, sampleStart, 30)), {})
                  .table;
        put(name3m, cut);
        QCOMPARE(run().added(), 70);
        QVERIFY(QFile::remove(path(name3m)));
        QCOMPARE(run().added(), 100);
    }

    void anUnreadableFileIsSetAside()
    {
        store(Timeframe::M3, sampleStart, 100);
        run();
        QVERIFY(QFile::resize(path(name3m), 1000));
        age(name3m, 3600);
        const SyncReport report = run();
        QVERIFY(!report.isGood());
        QCOMPARE(report.count(FileState::Rebuilt), 1);
        QVERIFY2(report.files[0].file.note.contains(QStringLiteral("ends early")),
                 qPrintable(report.files[0].file.note));
        QCOMPARE(read(name3m).rows, 100);
        const QString aside = brokenName(name3m, m_now);
        QCOMPARE(QFile(path(aside)).size(), 1000);
        QVERIFY(run().isGood());
    }

    // freqtrade writes in place: for a moment the file is empty.
    void aFileThatIsBeingWrittenIsLeftAlone()
    {
        store(Timeframe::M3, sampleStart, 100);
        run();
        const feather::Table whole = read(name3m);
        QVERIFY(QFile::resize(path(name3m), 0));
        const SyncReport report = run();
        QCOMPARE(report.count(FileState::Busy), 1);
        QCOMPARE(QFile(path(name3m)).size(), 0);
        put(name3m, whole);
        QVERIFY(run().isGood());
    }

    // A download that is writing every file: they are not waited for one after the other.
    void patienceIsShared()
    {
        m_options.busy_patience = 300ms;
        for (int i = 0; i < 20; ++i) {
            const QString pair = QStringLiteral("P%1/USDT:USDT").arg(i);
            QVERIFY(m_writer->write({batch(series(Timeframe::M3, pair), candles(Timeframe::M3, sampleStart, 5))}));
        }
        run();
        for (int i = 0; i < 20; ++i)
            QVERIFY(QFile::resize(path(QStringLiteral("P%1_USDT_USDT-3m-futures.feather").arg(i)), 0));
        QElapsedTimer timer;
        timer.start();
        QCOMPARE(run().count(FileState::Busy), 20);
        QVERIFY2(timer.elapsed() < 3'000, "20 times 300 ms would be 6 s");
    }

    // A_B/C:C and A.B/C:C are one name in files.
    void onePairForEachName()
    {
        for (const char *pair : {"A_B/USDT:USDT", "A.B/USDT:USDT"})
            QVERIFY(m_writer->write(
                {batch(series(Timeframe::M3, QString::fromLatin1(pair)), candles(Timeframe::M3, sampleStart, 5))}));
        QCOMPARE(run().count(FileState::Refused), 1);
        QCOMPARE(run().count(FileState::Refused), 1);
        QCOMPARE(run().count(FileState::Unchanged), 1);
    }

    void foreignFilesAreLeftAlone_data()
    {
        QTest::addColumn<QString>("sample");
        QTest::addColumn<QString>("why");
        QTest::newRow("zstd") << QStringLiteral("pandas-zstd.feather") << QStringLiteral("ZSTD");
        QTest::newRow("trades") << QStringLiteral("pandas-trades.feather") << QStringLiteral("\"id\"");
    }

    void foreignFilesAreLeftAlone()
    {
        QFETCH(QString, sample);
        QFETCH(QString, why);
        store(Timeframe::M3, sampleStart, 100);
        QVERIFY(QDir(m_options.settings.datadir).mkpath(QStringLiteral("binance/futures")));
        QVERIFY(QFile::copy(QStringLiteral(TAPEKEEPER_SOURCE_DIR "/tests/data/feather/") + sample, path(name3m)));
        age(name3m, 3600);
        const FileStamp before = *stampOf(path(name3m));
        const SyncReport report = run();
        QCOMPARE(report.count(FileState::Refused), 1);
        QVERIFY2(report.files[0].file.note.contains(why), qPrintable(report.files[0].file.note));
        QVERIFY(stampOf(path(name3m))->sameFile(before));
    }

    void anotherUnitOfVolumeIsRefused()
    {
        store(Timeframe::M3, sampleStart, 100);
        Rows contracts = candleRows(candles(Timeframe::M3, sampleStart, 90));
        for (auto &row : contracts.values)
            row[4] *= 100;
        put(name3m, merge({schemaOf(Content::Candles, {}), 0, std::vector<feather::Column>(6)}, contracts, {}).table);
        const SyncReport report = run();
        QCOMPARE(report.count(FileState::Refused), 1);
        QVERIFY(report.files[0].file.note.contains(QStringLiteral("100 times")));
        QCOMPARE(read(name3m).rows, 90);
    }

    void marksAndFunding()
    {
        RecordBatch records;
        for (int i = 0; i < 200; ++i)
            records.marks.push_back({QStringLiteral("binance-usdm"),
                                     series().pair,
                                     sampleStart + i * 1min,
                                     dec(std::to_string(100 + i)),
                                     {}});
        for (int i = 0; i < 5; ++i)
            records.funding.push_back({.exchange = QStringLiteral("binance-usdm"),
                                       .pair = series().pair,
                                       .time = sampleStart + i * 8h,
                                       .rate = dec("0.0001"),
                                       .predicted_rate = {}});
        QVERIFY(m_writer->write({records}));
        const QString mark = QStringLiteral("BTC_USDT_USDT-1h-mark.feather");
        const QString funding = QStringLiteral("BTC_USDT_USDT-1h-funding_rate.feather");
        QVERIFY(run().isGood());
        QCOMPARE(read(mark).rows, 3);
        QCOMPARE(read(mark).columns[1].doubles, (std::vector<double>{100, 160, 220}));
        QCOMPARE(read(mark).columns[4].doubles, (std::vector<double>{160, 220, 280}));
        QCOMPARE(read(funding).rows, 5);
        QCOMPARE(read(funding).columns[1].doubles[0], 0.0001);
        QCOMPARE(read(funding).schema.fields.size(), size_t(6));
        records = {};
        for (int i = 200; i < 241; ++i)
            records.marks.push_back({QStringLiteral("binance-usdm"),
                                     series().pair,
                                     sampleStart + i * 1min,
                                     dec(std::to_string(100 + i)),
                                     {}});
        QVERIFY(m_writer->write({records}));
        QCOMPARE(run().added(), 1);
        QCOMPARE(read(mark).rows, 4);
    }

    // The exchange's own mark candles, from before the start on: without them a futures backtest counts no funding at
    // all.
    void markCandlesReachBackAsFarAsTheyAreStored()
    {
        RecordBatch records;
        CandleBatch &batch = records.mark_candles.emplace_back();
        batch.series = {QStringLiteral("binance-usdm"), series().pair, Timeframe::H1};
        for (int hour = -48; hour < 2; ++hour) {
            Candle candle;
            candle.open_time = sampleStart + hour * 1h;
            candle.open = dec(std::to_string(1000 + hour));
            candle.high = dec(std::to_string(1010 + hour));
            candle.low = dec(std::to_string(990 + hour));
            candle.close = dec(std::to_string(1001 + hour));
            candle.source = CandleSource::History;
            batch.candles.push_back(candle);
        }
        // Samples of the same two hours, and of one more: where both are, the exchange's own candle stands.
        for (int i = 0; i <= 180; ++i)
            records.marks.push_back({QStringLiteral("binance-usdm"),
                                     series().pair,
                                     sampleStart + i * 1min,
                                     dec(std::to_string(2000 + i)),
                                     {}});
        QVERIFY(m_writer->write({records}));
        QVERIFY(run().isGood());
        const auto table = read(QStringLiteral("BTC_USDT_USDT-1h-mark.feather"));
        QCOMPARE(table.rows, 51);
        QCOMPARE(table.columns[1].doubles.front(), 952.0);
        QCOMPARE(table.columns[2].doubles.front(), 962.0);
        QCOMPARE(table.columns[3].doubles.front(), 942.0);
        QCOMPARE(table.columns[4].doubles.front(), 953.0);
        QCOMPARE(table.columns[1].doubles[49], 1001.0); // the exchange's, and not the samples'
        QCOMPARE(table.columns[1].doubles[50], 2120.0); // not read from the exchange yet: of samples
    }

    // A row that was made of samples is a makeshift: whenever the exchange's own comes, it takes its place at once.
    void theExchangesOwnMarkCandlesWin()
    {
        const QString mark = QStringLiteral("BTC_USDT_USDT-1h-mark.feather");
        RecordBatch samples;
        for (int i = 0; i < 661; ++i)
            samples.marks.push_back({QStringLiteral("binance-usdm"),
                                     series().pair,
                                     sampleStart + i * 1min,
                                     dec(std::to_string(100 + i)),
                                     {}});
        QVERIFY(m_writer->write({ownMarks(sampleStart - 2h, 2)}));
        QVERIFY(m_writer->write({samples}));
        run();
        QCOMPARE(read(mark).rows, 13);
        QCOMPARE(read(mark).columns[1].doubles[2], 100.0);
        // All but one of the newest eleven hours, and no newer sample: no need to wait for the next hour.
        QVERIFY(m_writer->write({ownMarks(sampleStart + 1h, 10)}));
        QCOMPARE(run().files[0].file.replaced, 10);
        QCOMPARE(read(mark).columns[1].doubles[3], 1000.0);
        QCOMPARE(read(mark).columns[1].doubles[2], 100.0);
        // The one that was missing comes eleven hours late.
        QVERIFY(m_writer->write({ownMarks(sampleStart, 1), ownMarks(sampleStart + 11h, 1)}));
        QCOMPARE(run().files[0].file.replaced, 1);
        QCOMPARE(read(mark).columns[1].doubles[2], 1000.0);
        QCOMPARE(read(mark).columns[4].doubles[2], 1001.0);
        const Receipt receipt = SyncRun::receipts(m_options.settings)->front().second;
        QVERIFY(receipt.sampled_from == UtcTime());
        QVERIFY(receipt.reread_from > sampleStart + 6h); // nothing old is read any more
        QCOMPARE(run().count(FileState::Unchanged), 1);
    }

    // Rows that cannot be, in a file of somebody else's or of a bad disk: what the store has takes their place,
    // wherever they lie, and says so; also in a file that is the same as ever to look at.
    void rowsOfAFileThatCannotBeAreReplaced()
    {
        store(Timeframe::M3, sampleStart, 3000);
        run();
        feather::Table damaged = read(name3m);
        damaged.columns[2].doubles[5] = 1; // high below everything
        damaged.columns[5].doubles[6] = -3;
        damaged.columns[4].doubles[2500] = std::numeric_limits<double>::quiet_NaN();
        const FileStamp before = *stampOf(path(name3m));
        put(name3m, damaged);
        const SyncReport report = run();
        QVERIFY2(report.isGood(), qPrintable(report.files[0].file.note));
        QCOMPARE(report.files[0].file.replaced, 3);
        QCOMPARE(report.files[0].file.added, 0);
        const QString note = report.files[0].file.note;
        QVERIFY2(note.startsWith(QStringLiteral("3 rows cannot be (the first at %1: its prices contradict")
                                     .arg(isoText(sampleStart + 15min))),
                 qPrintable(note));
        const feather::Table mended = read(name3m);
        QCOMPARE(mended.rows, 3000);
        QVERIFY(mended.columns[2].doubles[5] >= mended.columns[1].doubles[5]);
        QCOMPARE(mended.columns[5].doubles[6], 12.345);
        QCOMPARE(mended.columns[4].doubles[2500], 2600.5);
        QVERIFY(before.size > 0 && run().files[0].file.isAsBefore());
    }

    // Where nobody has the right values the rows go, and with them nothing else: the file as it was lies beside.
    void rowsOfAFileThatNobodyHasAreTakenOut()
    {
        store(Timeframe::M3, sampleStart, 100);
        Rows theirs = candleRows(candles(Timeframe::M3, sampleStart - 60min, 20));
        theirs.values[3][1] = 0.5;
        theirs.times[4] += 1000; // beside the grid
        const feather::Table given =
            merge({schemaOf(Content::Candles, {}), 0, std::vector<feather::Column>(6)}, theirs, {}).table;
        put(name3m, given);
        const SyncReport report = run();
        QVERIFY(!report.isGood());
        QVERIFY(report.files[0].file.state == FileState::Rebuilt);
        const QString note = report.files[0].file.note;
        QVERIFY2(note.contains(QStringLiteral("2 of them")) && note.contains(brokenName(name3m, m_now)),
                 qPrintable(note));
        QCOMPARE(read(name3m).rows, 118);
        QCOMPARE(read(brokenName(name3m, m_now)).rows, 20);
        QVERIFY(read(brokenName(name3m, m_now)).columns[2].doubles == given.columns[2].doubles);
        QVERIFY(run().isGood());
        // When most of it cannot be it means something else, and nothing is touched.
        theirs = candleRows(candles(Timeframe::M3, sampleStart, 50));
        for (auto &row : theirs.values)
            std::swap(row[1], row[2]);
        put(name3m, merge({schemaOf(Content::Candles, {}), 0, std::vector<feather::Column>(6)}, theirs, {}).table);
        QCOMPARE(run().count(FileState::Refused), 1);
        QCOMPARE(read(name3m).rows, 50);
    }

    // And the store's: never passed on, and told.
    void rowsOfTheStoreThatCannotBeAreLeftOut()
    {
        auto all = candles(Timeframe::M3, sampleStart, 50);
        all[20].low = dec("4000");
        all[21].volume = dec("-1");
        QVERIFY(m_writer->write({batch(series(), all)}));
        const SyncReport report = run();
        QVERIFY(!report.isGood());
        const FileReport &file = report.files[0].file;
        QVERIFY(file.state == FileState::Written);
        QCOMPARE(file.left_out, 2);
        QVERIFY2(file.note.contains(isoText(sampleStart + 60min)), qPrintable(file.note));
        const feather::Table table = read(name3m);
        QCOMPARE(table.rows, 48);
        QCOMPARE(table.columns[0].integers[20], toMs(sampleStart + 66min));
        // Put right, they come by themselves.
        QVERIFY(m_writer->write({batch(series(), candles(Timeframe::M3, sampleStart, 51, CandleSource::Repair))}));
        QVERIFY(run().isGood());
        QCOMPARE(read(name3m).rows, 51);
    }

    void anOldHostWantsOtherNames()
    {
        m_options.settings.freqtrade = QStringLiteral("2025.11");
        RecordBatch records;
        for (const int every : {8, 4}) {
            for (int i = 0; i < 5; ++i)
                records.funding.push_back({.exchange = QStringLiteral("binance-usdm"),
                                           .pair = every == 8 ? series().pair : QStringLiteral("ETH/USDT:USDT"),
                                           .time = candleOpen(Timeframe::D1, sampleStart) + i * every * 1h,
                                           .rate = dec("0.0001"),
                                           .predicted_rate = {}});
        }
        QVERIFY(m_writer->write({records}));
        const SyncReport report = run();
        QCOMPARE(report.count(FileState::Refused), 1); // every four hours: it would be wrong under that name
        const feather::Table table = read(QStringLiteral("BTC_USDT_USDT-8h-funding_rate.feather"));
        QCOMPARE(table.rows, 5);
        QVERIFY(table.schema.fields[0].unit == feather::Unit::Nanosecond);
        m_options.settings.freqtrade = QStringLiteral("2026.9");
        QVERIFY(run().isGood());
        QCOMPARE(read(QStringLiteral("ETH_USDT_USDT-1h-funding_rate.feather")).schema.fields.size(), size_t(2));
    }

    void onlyWhatIsAskedFor()
    {
        store(Timeframe::M3, sampleStart, 10);
        store(Timeframe::H1, sampleStart, 10);
        QVERIFY(m_writer->write(
            {batch(series(Timeframe::M3, QStringLiteral("ETH/USDT:USDT")), candles(Timeframe::M3, sampleStart, 5))}));
        m_options.settings.timeframes = {Timeframe::M3};
        m_options.settings.pairs = QStringList{QStringLiteral("ETH/USDT:USDT")};
        m_options.settings.history = 47h + 48min;
        const SyncReport report = run();
        QCOMPARE(report.files.size(), size_t(1));
        QCOMPARE(report.files[0].file.name, QStringLiteral("ETH_USDT_USDT-3m-futures.feather"));
        QCOMPARE(report.files[0].file.rows, 1); // the last of five: the others are older than the history
    }

    void receiptsSayWhatWasWritten()
    {
        store(Timeframe::M3, sampleStart, 10);
        run();
        const auto receipts = SyncRun::receipts(m_options.settings);
        QVERIFY(receipts);
        QCOMPARE(receipts->size(), size_t(1));
        const Receipt &receipt = receipts->front().second;
        QCOMPARE(receipt.rows, 10);
        QCOMPARE(receipt.last, sampleStart + 27min);
        QFile file(path(name3m));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(receipt.sha256, QCryptographicHash::hash(file.readAll(), QCryptographicHash::Sha256).toHex());
    }

    void whatStandsInTheWayIsNamed()
    {
        store(Timeframe::M3, sampleStart, 10);
        m_options.settings.datadir += QStringLiteral("/nowhere");
        auto report = SyncRun(m_options, *m_reader, [this] { return m_now; }, m_stop, {}).run();
        QVERIFY(!report);
        QVERIFY(report.error().message.contains(QStringLiteral("nowhere")));
    }

    // Within one file, however large: nothing of it is begun to be packed, hashed or written any more.
    void stoppedWithinAFileNothingIsLeft()
    {
        store(Timeframe::M3, sampleStart, 100);
        run();
        const FileStamp before = *stampOf(path(name3m));
        store(Timeframe::M3, sampleStart + 300min, 100);
        class StopsWhileAsked final : public RowSource
        {
        public:
            StopsWhileAsked(StoreRows &rows, std::atomic<bool> &stop)
                : m_rows(rows)
                , m_stop(stop)
            {}
            void expect(const std::vector<Wish> &) override {}
            Result<Rows> rows(const FilePlan &plan, UtcTime from, const feather::Table &have) override
            {
                auto rows = m_rows.rows(plan, from, have);
                m_stop = true;
                return rows;
            }

        private:
            StoreRows &m_rows;
            std::atomic<bool> &m_stop;
        };
        StoreRows rows(*m_reader, m_stop);
        StopsWhileAsked source(rows, m_stop);
        const auto report = syncFiles(
            m_options, planFiles(m_options.settings, *m_reader).value(), source, [this] { return m_now; }, m_stop,
            [](qint64, qint64, const QString &) {});
        QVERIFY(report && report->stopped && report->files.empty());
        QVERIFY(stampOf(path(name3m))->sameFile(before));
        m_stop = true; // and each step by itself
        feather::Reader reader;
        reader.stopWhen(m_stop);
        const auto read = reader.read(loadFile(path(name3m))->bytes);
        QVERIFY(!read && read.error().kind == Error::Kind::Cancelled);
        feather::Writer writer;
        writer.stopWhen(m_stop);
        const auto written = writer.write(this->read(name3m));
        QVERIFY(!written && written.error().kind == Error::Kind::Cancelled);
        FileSwap swap(path({}), &m_stop);
        const Status staged = swap.stage(name3m, QByteArray(100, 'x'), before);
        QVERIFY(!staged && staged.error().kind == Error::Kind::Cancelled);
        QCOMPARE(QDir(path({})).entryList({QStringLiteral("*.tk-part")}, QDir::Files | QDir::Hidden), QStringList());
        m_stop = false;
        QVERIFY(run().isGood());
        QCOMPARE(this->read(name3m).rows, 200);
    }

    void stoppedInTheMiddleNothingIsLost()
    {
        for (const char *pair : {"A/USDT:USDT", "B/USDT:USDT", "C/USDT:USDT"})
            QVERIFY(m_writer->write(
                {batch(series(Timeframe::M3, QString::fromLatin1(pair)), candles(Timeframe::M3, sampleStart, 50))}));
        m_onProgress = [this](qint64 done) { m_stop = done == 2; };
        SyncReport report = run();
        QVERIFY(report.stopped && !report.isGood());
        QCOMPARE(QDir(path({})).entryList({QStringLiteral("*.tk-part")}, QDir::Files | QDir::Hidden), QStringList());
        m_onProgress = {};
        m_stop = false;
        QVERIFY(run().isGood());
        QCOMPARE(read(QStringLiteral("C_USDT_USDT-3m-futures.feather")).rows, 50);
    }

private:
    void store(Timeframe timeframe, UtcTime from, int count)
    {
        QVERIFY(m_writer->write({batch(series(timeframe), candles(timeframe, from, count))}));
    }
    SyncReport run()
    {
        const auto report = SyncRun(
                                m_options, *m_reader, [this] { return m_now; }, m_stop,
                                [this](qint64 done, qint64, const QString &) {
                                    if (m_onProgress)
                                        m_onProgress(done);
                                })
                                .run();
        if (!report) {
            qWarning("%s", qPrintable(report.error().message)); // -maxwarnings 0 makes it a failure
            return {};
        }
        return *report;
    }
    QString path(const QString &name) const { return m_dir->filePath(QStringLiteral("fq/binance/futures/")) + name; }
    feather::Table read(const QString &name) const
    {
        const auto file = loadFile(path(name));
        const auto table = file ? feather::Reader().read(file->bytes) : file.error();
        if (table)
            return *table;
        qWarning("%s: %s", qPrintable(name), qPrintable(table.error().message));
        return {schemaOf(Content::Candles, {}), 0, std::vector<feather::Column>(6)};
    }
    // As freqtrade writes: in place.
    void put(const QString &name, const feather::Table &table) const
    {
        QVERIFY(QDir(m_options.settings.datadir).mkpath(QStringLiteral("binance/futures")));
        QFile file(path(name));
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
        file.write(feather::Writer({.level = 9}).write(table).value());
    }
    void age(const QString &name, int seconds) const
    {
        timespec times[2]{};
        times[0].tv_sec = times[1].tv_sec = ::time(nullptr) - seconds;
        QCOMPARE(::utimensat(AT_FDCWD, QFile::encodeName(path(name)).constData(), times, 0), 0);
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<store::EmbeddedStore> m_store;
    std::unique_ptr<store::StoreWriter> m_writer;
    std::unique_ptr<store::StoreReader> m_reader;
    SyncRun::Options m_options;
    UtcTime m_now;
    std::atomic<bool> m_stop{false};
    std::function<void(qint64)> m_onProgress;
};

TK_TEST(SyncRunTest, sync_run);
#include "tst_sync_run.moc"
