// kill -9 at any moment of a sync: every file is readable, no candle is lost, and the next run goes on.
#include "cli_fixture.h"
#include "core/store/samples.h"
#include "feather/reader.h"
#include "store/embedded/embedded_store.h"
#include "support/test_registry.h"
#include "sync/file_swap.h"
#include "sync/naming.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>

#include <map>
#include <random>

using namespace tk;
using namespace tk::test;

namespace {

constexpr int pairs = 80; // more than lie staged at once
constexpr int history = 1500;

SeriesKey pairNumber(int number)
{
    return series(Timeframe::M3, QStringLiteral("P%1/USDT:USDT").arg(number));
}

} // namespace

class SyncCrashTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void killedAtRandomMoments()
    {
        const int kills = qEnvironmentVariableIsSet("TAPEKEEPER_LONG") ? 100 : 12;
        CliFixture cli;
        const QTemporaryDir dir;
        cli.writeConfig(QStringLiteral("[sync]\ndatadir = \"%1\"").arg(dir.path()));
        QVERIFY(QDir().mkpath(cli.dataDir()));
        store::EmbeddedStore store(store::EmbeddedStore::fileIn(cli.dataDir()));
        auto writer = store.openWriter();
        QVERIFY(writer);
        UtcTime end = sampleStart;
        const auto grow = [&](int count) {
            std::vector<RecordBatch> batches;
            for (int i = 0; i < pairs; ++i)
                batches.push_back(batch(pairNumber(i), candles(Timeframe::M3, end, count)));
            end += count * std::chrono::minutes(3);
            return writer.value()->write(batches).has_value();
        };
        QVERIFY(grow(history));
        const QStringList once{QStringLiteral("sync"), QStringLiteral("--once")};
        QCOMPARE(cli.run(once).code, 0);
        // How long a run takes such as those that are killed: the first one writes everything, and takes longer.
        QVERIFY(grow(1));
        QElapsedTimer timer;
        timer.start();
        QCOMPARE(cli.run(once).code, 0);
        const int whole = int(timer.elapsed());

        const QString folder = dir.filePath(QStringLiteral("binance/futures"));
        std::map<QString, qint64> known; // rows by file
        std::mt19937 random(20'261'121);
        int cut = 0; // runs that the kill really interrupted
        for (int i = 0; i < kills; ++i) {
            QVERIFY(grow(1));
            QProcess *process = cli.start(once);
            const int moment = int(random() % uint32_t(std::max(whole, 2)));
            if (!process->waitForFinished(moment)) {
                process->kill();
                QVERIFY(process->waitForFinished(30'000));
                ++cut;
            }
            const QStringList names = QDir(folder).entryList({QStringLiteral("*.feather")}, QDir::Files);
            QCOMPARE(names.size(), pairs);
            for (const QString &name : names) {
                const auto file = sync::loadFile(folder + u'/' + name);
                QVERIFY(file);
                const auto table = feather::Reader().read(file->bytes);
                QVERIFY2(table, table ? "" : qPrintable(name + u' ' + table.error().message));
                QVERIFY(table->rows >= known[name] && table->rows >= history);
                known[name] = table->rows;
                // Without a hole: from the first candle to the last one it has.
                for (size_t row = 0; row < size_t(table->rows); ++row)
                    QCOMPARE(table->columns[0].integers[row], toMs(sampleStart) + qint64(row) * 180'000);
            }
        }
        QVERIFY(cut >= kills / 3);
        QCOMPARE(cli.run(once).code, 0);
        for (const auto &[name, rows] : known) {
            const auto table = feather::Reader().read(sync::loadFile(folder + u'/' + name)->bytes);
            QVERIFY(table);
            QCOMPARE(table->rows, history + 1 + kills);
        }
        for (const QString &name : QDir(folder).entryList(QDir::Files | QDir::Hidden))
            QVERIFY2(!sync::isPartName(name) && !name.contains(QLatin1StringView("broken")), qPrintable(name));
    }
};

TK_TEST(SyncCrashTest, sync_crash);
#include "tst_sync_crash.moc"
