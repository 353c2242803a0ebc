// tapekeeper sync as users run it: beside an engine, without one, out of InfluxDB; and what pandas says to it.
#include "cli_fixture.h"
#include "core/store/samples.h"
#include "feather/reader.h"
#include "feather/writer.h"
#include "runtime/data_dir_lock.h"
#include "store/embedded/embedded_store.h"
#include "support/influx/influx_server.h"
#include "support/python.h"
#include "support/test_registry.h"
#include "sync/file_swap.h"
#include "sync/layout.h"
#include "sync/merge.h"

#include <QDir>
#include <QFile>

#include <csignal>

using namespace tk;
using namespace tk::test;
using namespace std::chrono_literals;

#define COMPARE_CODE(result, expected) QVERIFY2((result).code == (expected), ((result).out + (result).err).constData())

class SyncTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_cli = std::make_unique<CliFixture>();
        m_dir = std::make_unique<QTemporaryDir>();
        m_datadir = m_dir->path();
        m_cli->writeConfig(QStringLiteral("[sync]\ndatadir = \"%1\"").arg(m_datadir));
    }

    void wrongUsage()
    {
        COMPARE_CODE(run(QStringLiteral("sync --receipts --once")), 2);
        COMPARE_CODE(run(QStringLiteral("sync --once --timeframes 7m")), 2);
        COMPARE_CODE(run(QStringLiteral("sync --once --pairs BTCUSDT")), 2);
    }

    void whatIsMissingIsNamed()
    {
        const RunResult noStore = run(QStringLiteral("sync --once"));
        COMPARE_CODE(noStore, 3);
        QVERIFY2(noStore.err.contains("there is no store"), noStore.err.constData());
        fill(10);
        const RunResult noFolder = run(QStringLiteral("sync --once --datadir /nowhere/data"));
        COMPARE_CODE(noFolder, 3);
        QVERIFY2(noFolder.err.contains("/nowhere/data"), noFolder.err.constData());
        QVERIFY(noFolder.out.isEmpty());
        COMPARE_CODE(run(QStringLiteral("sync --once --pairs LTC/USDT:USDT")), 1);
        // Somebody else writes there.
        QVERIFY(QDir(m_datadir).mkpath(QStringLiteral("binance/futures")));
        const std::atomic<bool> stop{false};
        const auto lock = sync::FolderLock::acquire(m_datadir + QStringLiteral("/binance/futures"), 0ms, stop);
        QVERIFY(lock);
        const RunResult locked = run(QStringLiteral("sync --once"));
        COMPARE_CODE(locked, 3);
        QVERIFY2(locked.err.contains(".tapekeeper-sync.lock"), locked.err.constData());
    }

    void besideAnEngine()
    {
        QVERIFY(m_cli->startEngine());
        const RunResult first = run(QStringLiteral("sync --once --format json"));
        COMPARE_CODE(first, 0);
        QVERIFY(first.array().size() >= 4 + 2); // two pairs: two timeframes and the funding
        int compared = 0;
        for (const QJsonValue &row : first.array()) {
            const QString file = row[QLatin1String("file")].toString();
            const auto table = read(file);
            QCOMPARE(table.rows, row[QLatin1String("rows")].toInteger());
            if (!file.endsWith(QLatin1String("USDT_USDT-1h-futures.feather")) || !file.contains(QLatin1String("BTC")))
                continue;
            // Digit by digit what the exchange says happened, as doubles.
            const UtcTime from = fromMs(table.columns[0].integers.front());
            const UtcTime to = fromMs(table.columns[0].integers.back() + 1);
            const auto truth = m_cli->exchange().truth(QStringLiteral("BTCUSDT"), Timeframe::H1, {from, to});
            QCOMPARE(qint64(truth.size()), table.rows);
            for (size_t i = 0; i < truth.size(); ++i) {
                QCOMPARE(table.columns[0].integers[i], toMs(truth[i].open_time));
                const DecimalText *texts[]{&truth[i].open, &truth[i].high, &truth[i].low, &truth[i].close,
                                           &truth[i].volume};
                for (size_t column = 0; column < 5; ++column) {
                    const QByteArray text(texts[column]->view().data(), qsizetype(texts[column]->view().size()));
                    QVERIFY(table.columns[column + 1].doubles[i] == text.toDouble());
                }
                ++compared;
            }
        }
        QVERIFY(compared >= 49);
        QVERIFY(m_cli->stopEngine());
        const RunResult second = run(QStringLiteral("sync --once --format json"));
        COMPARE_CODE(second, 0);
        QCOMPARE(second.array().size(), first.array().size());
        const RunResult third = run(QStringLiteral("sync --once --full --format json"));
        for (const QJsonValue &row : third.array())
            QCOMPARE(row[QLatin1String("state")].toString(), QStringLiteral("unchanged"));
        const RunResult receipts = run(QStringLiteral("sync --receipts --format json"));
        COMPARE_CODE(receipts, 0);
        QCOMPARE(receipts.array().size(), first.array().size());
        QCOMPARE(receipts.array()[0][QLatin1String("sha256")].toString().size(), 64);
    }

    void repeatsUntilItIsStopped()
    {
        m_cli->writeConfig(QStringLiteral("[sync]\ndatadir = \"%1\"\ninterval = \"10s\"").arg(m_datadir));
        fill(10);
        // A hundred times the speed: the next run comes after a tenth of a second.
        QProcess *process = m_cli->start({QStringLiteral("sync"), QStringLiteral("--speed"), QStringLiteral("100")});
        QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(path(m_name)), 30'000);
        fill(15);
        QTRY_VERIFY_WITH_TIMEOUT(read(m_name).rows == 15, 30'000);
        process->terminate();
        QVERIFY(process->waitForFinished(30'000));
        QCOMPARE(process->exitStatus(), QProcess::NormalExit);
        QCOMPARE(process->exitCode(), 0);
    }

    void aBrokenFileIsToldByTheExitCode()
    {
        fill(10);
        COMPARE_CODE(run(QStringLiteral("sync --once")), 0);
        QVERIFY(QFile::resize(path(m_name), 500));
        const RunResult busy = run(QStringLiteral("sync --once --format json"));
        COMPARE_CODE(busy, 1);
        QCOMPARE(busy.array()[0][QLatin1String("state")].toString(), QStringLiteral("busy"));
        QVERIFY2(busy.err.contains("cannot be read"), busy.err.constData());
    }

    void outOfInflux()
    {
        if (!InfluxServer::isInstalled())
            QSKIP("no influxd on this machine");
        InfluxServer server;
        QVERIFY(server.start());
        fill(3000);
        COMPARE_CODE(run(QStringLiteral("sync --once")), 0);
        const feather::Table embedded = read(m_name);
        QTemporaryDir other;
        m_datadir = other.path();
        m_cli->writeConfig(QStringLiteral("[store]\nkind = \"influx\"\n[store.influx]\nurl = \"%1\"\n[sync]\ndatadir = "
                                          "\"%2\"")
                               .arg(server.settings().url.toString(), other.path()));
        COMPARE_CODE(run(QStringLiteral("copy embedded influx")), 0);
        const RunResult first = run(QStringLiteral("sync --once --format json"));
        COMPARE_CODE(first, 0);
        QCOMPARE(first.array().size(), 1);
        const feather::Table table = read(m_name);
        QCOMPARE(table.rows, 3000);
        for (size_t i = 0; i < 6; ++i) {
            QVERIFY(table.columns[i].integers == embedded.columns[i].integers);
            QVERIFY(table.columns[i].doubles == embedded.columns[i].doubles);
        }
        const RunResult second = run(QStringLiteral("sync --once --format json"));
        QCOMPARE(second.array()[0][QLatin1String("state")].toString(), QStringLiteral("unchanged"));
        server.kill();
        COMPARE_CODE(run(QStringLiteral("sync --once")), 3);
    }

    // The reader that freqtrade uses.
    void pandasReadsTheSame()
    {
        SKIP_WITHOUT_PANDAS();
        fill(1500);
        COMPARE_CODE(run(QStringLiteral("sync --once")), 0);
        const auto seen = askPython({QStringLiteral("describe"), path(m_name)});
        QCOMPARE(seen.size(), 1);
        const feather::Table table = read(m_name);
        QCOMPARE(seen[0][QLatin1String("rows")].toInteger(), 1500);
        QCOMPARE(seen[0][QLatin1String("index")].toString(), QStringLiteral("RangeIndex"));
        QVERIFY(seen[0][QLatin1String("ascending")].toBool());
        const QJsonArray types = seen[0][QLatin1String("types")].toArray();
        QCOMPARE(types[0].toString(), QStringLiteral("datetime64[ms, UTC]"));
        for (int i = 1; i < 6; ++i)
            QCOMPARE(types[i].toString(), QStringLiteral("float64"));
        const QJsonArray dates = seen[0][QLatin1String("dates")].toArray();
        const QJsonArray values = seen[0][QLatin1String("values")].toArray();
        for (qsizetype row = 0; row < 1500; ++row) {
            QCOMPARE(dates[row].toInteger(), table.columns[0].integers[size_t(row)]);
            for (qsizetype column = 0; column < 5; ++column)
                QVERIFY(values[column].toArray()[row].toString().toDouble() ==
                        table.columns[size_t(column) + 1].doubles[size_t(row)]);
        }
    }

    // A file of pandas' own (an old host's, in nanoseconds) goes on in its own form.
    void pandasFilesGoOn()
    {
        SKIP_WITHOUT_PANDAS();
        for (const char *unit : {"ns", "ms"}) {
            QVERIFY(QDir(m_datadir).mkpath(QStringLiteral("binance/futures")));
            QFile::remove(path(m_name));
            QVERIFY(QProcess::execute(pythonWithPandas(),
                                      featherCheck({QStringLiteral("write"), path(m_name), QLatin1StringView(unit),
                                                    QStringLiteral("70000")})) == 0);
            const feather::Table before = read(m_name);
            QCOMPARE(before.rows, 70'000);
            fill(100);
            COMPARE_CODE(run(QStringLiteral("sync --once")), 0);
            const auto seen = askPython({QStringLiteral("describe"), path(m_name)});
            QCOMPARE(seen.size(), 1);
            QCOMPARE(seen[0][QLatin1String("rows")].toInteger(), 70'100); // two batches
            QVERIFY(seen[0][QLatin1String("ascending")].toBool());
            QCOMPARE(seen[0][QLatin1String("types")].toArray()[0].toString(),
                     QStringLiteral("datetime64[%1, UTC]").arg(QLatin1StringView(unit)));
            QVERIFY(read(m_name).schema == before.schema);
        }
    }

    // Never an exception, never fewer rows, while the file is replaced a thousand times.
    void aReaderSeesWholeFilesOnly()
    {
        SKIP_WITHOUT_PANDAS();
        feather::Table table{sync::schemaOf(sync::Content::Candles, {}), 0, std::vector<feather::Column>(6)};
        table = sync::merge(table, sync::candleRows(candles(Timeframe::M3, sampleStart, 3000)), {}).table;
        const auto replace = [&] {
            sync::FileSwap swap(m_datadir);
            return swap.stage(m_name, feather::Writer().write(table).value(),
                              *sync::stampOf(m_datadir + u'/' + m_name)) &&
                   !swap.commit().front().error;
        };
        QVERIFY(replace());
        QProcess reader;
        reader.start(pythonWithPandas(), featherCheck({QStringLiteral("loop"), m_datadir + u'/' + m_name}));
        QVERIFY(reader.waitForReadyRead(60'000)); // it has read once
        reader.readAllStandardOutput();
        UtcTime next = sampleStart + 3000 * 3min;
        for (int i = 0; i < 1000; ++i, next += 3min) {
            table = sync::merge(std::move(table), sync::candleRows(candles(Timeframe::M3, next, 1)), {}).table;
            QVERIFY(replace());
        }
        reader.write("enough\n");
        QVERIFY(reader.waitForFinished(60'000));
        const QJsonObject seen = QJsonDocument::fromJson(reader.readAllStandardOutput()).object();
        QCOMPARE(seen[QLatin1String("failed")].toInteger(-1), 0);
        QCOMPARE(seen[QLatin1String("shrunk")].toInteger(-1), 0);
        QCOMPARE(seen[QLatin1String("last")].toInteger(-1), 4000);
        QVERIFY(seen[QLatin1String("reads")].toInteger() > 20);
    }

    // freqtrade's own code, where scripts/test --long has installed it.
    void freqtradeLoadsThem()
    {
        const QString python = qEnvironmentVariable("TAPEKEEPER_FREQTRADE_PYTHON");
        if (python.isEmpty())
            QSKIP("no TAPEKEEPER_FREQTRADE_PYTHON: scripts/test --long makes one");
        fill(1500);
        COMPARE_CODE(run(QStringLiteral("sync --once")), 0);
        const auto seen = askPython({QStringLiteral("freqtrade"), m_datadir + QStringLiteral("/binance"),
                                     QStringLiteral("BTC/USDT:USDT"), QStringLiteral("3m"), QStringLiteral("futures")},
                                    python);
        QCOMPARE(seen.size(), 1);
        QCOMPARE(seen[0][QLatin1String("files")].toInteger(), 1);
        QCOMPARE(seen[0][QLatin1String("rows")].toInteger(), 1500);
        const feather::Table table = read(m_name);
        for (qsizetype row = 0; row < 1500; ++row) {
            QCOMPARE(seen[0][QLatin1String("dates")].toArray()[row].toInteger(),
                     table.columns[0].integers[size_t(row)]);
            QVERIFY(seen[0][QLatin1String("first")].toArray()[row].toString().toDouble() ==
                    table.columns[1].doubles[size_t(row)]);
        }
    }

    // What freqtrade has downloaded goes on with what we have, and freqtrade loads both.
    void freqtradesFilesGoOn()
    {
        const QString python = qEnvironmentVariable("TAPEKEEPER_FREQTRADE_PYTHON");
        if (python.isEmpty())
            QSKIP("no TAPEKEEPER_FREQTRADE_PYTHON: scripts/test --long makes one");
        fill(100);
        const UtcTime start = sampleStart - 24h * 30;
        RecordBatch records;
        for (int i = 0; i < 10; ++i)
            records.funding.push_back({.exchange = QStringLiteral("binance-usdm"),
                                       .pair = series().pair,
                                       .time = candleOpen(Timeframe::H8, start) + i * 8h,
                                       .rate = dec("0.0001"),
                                       .predicted_rate = {}});
        QVERIFY(store::EmbeddedStore(store::EmbeddedStore::fileIn(m_cli->dataDir()))
                    .openWriter()
                    .value()
                    ->write({records}));
        const QString datadir = m_datadir + QStringLiteral("/binance");
        QVERIFY(QDir().mkpath(datadir));
        const auto freqtrade = [&](const QString &timeframe, const QString &kind, const QStringList &more = {}) {
            const QString what = more.isEmpty() ? QStringLiteral("freqtrade") : QStringLiteral("freqtrade-write");
            const auto told = askPython(QStringList{what, datadir, series().pair, timeframe, kind} + more, python);
            return told.size() == 1 ? told[0] : QJsonObject();
        };
        const auto before = [](UtcTime first, milliseconds step) {
            return QStringList{QString::number(toMs(first - 20 * step)), QString::number(step.count()),
                               QStringLiteral("25")}; // five of them are ours, too
        };
        freqtrade(QStringLiteral("3m"), QStringLiteral("futures"), before(start, 3min));
        const QJsonObject written = freqtrade(QStringLiteral("1h"), QStringLiteral("funding_rate"),
                                              before(candleOpen(Timeframe::H8, start), 8h));
        COMPARE_CODE(run(QStringLiteral("sync --once")), 0);

        const QJsonObject seen = freqtrade(QStringLiteral("3m"), QStringLiteral("futures"));
        QCOMPARE(seen[QLatin1String("rows")].toInteger(), 120);
        const QJsonArray first = seen[QLatin1String("first")].toArray();
        QCOMPARE(first[19].toString(), QStringLiteral("19.25")); // theirs
        QCOMPARE(first[20].toString(), QStringLiteral("100.1")); // ours, which is final
        const QJsonObject funding = freqtrade(QStringLiteral("1h"), QStringLiteral("funding_rate"));
        QCOMPARE(funding[QLatin1String("rows")].toInteger(), 30);
        QCOMPARE(funding[QLatin1String("first")].toArray()[29].toString(), QStringLiteral("0.0001"));
        // The file has as many columns as freqtrade gave it.
        const feather::Table table = read(QStringLiteral("BTC_USDT_USDT-1h-funding_rate.feather"));
        QCOMPARE(qsizetype(table.schema.fields.size()), written[QLatin1String("columns")].toArray().size());
    }

private:
    RunResult run(const QString &words) { return m_cli->run(words.split(u' ')); }
    QString path(const QString &name) const
    {
        return m_datadir + u'/' + (name.contains(u'/') ? name : QStringLiteral("binance/futures/") + name);
    }
    feather::Table read(const QString &name) const
    {
        const auto file = sync::loadFile(path(name));
        const auto table = file ? feather::Reader().read(file->bytes) : file.error();
        if (table)
            return *table;
        qWarning("%s: %s", qPrintable(name), qPrintable(table.error().message));
        return {sync::schemaOf(sync::Content::Candles, {}), 0, std::vector<feather::Column>(6)};
    }
    // The store has so many candles of one series.
    void fill(int count)
    {
        QVERIFY(QDir().mkpath(m_cli->dataDir()));
        store::EmbeddedStore store(store::EmbeddedStore::fileIn(m_cli->dataDir()));
        auto writer = store.openWriter();
        QVERIFY(writer);
        QVERIFY(writer.value()->write({batch(series(), candles(Timeframe::M3, sampleStart - 24h * 30, count))}));
    }

    const QString m_name = QStringLiteral("BTC_USDT_USDT-3m-futures.feather");
    std::unique_ptr<CliFixture> m_cli;
    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_datadir;
};

TK_TEST(SyncTest, sync);
#include "tst_sync.moc"
