// Files for freqtrade: writing and updating 492 of them (164 pairs, three timeframes), against pandas as freqtrade
// calls it; what a run costs that adds one candle to each; and the same to another host, against copying the files.
#include "../e2e_window/ssh_host.h"
#include "app/push_service.h"
#include "core/store/samples.h"
#include "feather/reader.h"
#include "feather/writer.h"
#include "load_rig.h"
#include "measure.h"
#include "store/embedded/embedded_store.h"
#include "support/python.h"
#include "support/test_registry.h"
#include "sync/sync_run.h"

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>

#include <chrono>
#include <random>

namespace tk::bench {

using namespace std::chrono_literals;
using namespace tk::test;

namespace {

constexpr int pairs = 164;
constexpr int history = 1500;
constexpr int rounds = 5;
constexpr std::array timeframes{Timeframe::M3, Timeframe::M15, Timeframe::H1};
constexpr int files = pairs * int(timeframes.size());

DecimalText decimal(double value, int digits)
{
    return dec(QByteArray::number(value, 'f', digits).toStdString());
}

// A walk, as prices go: made-up regular ones would compress too well.
std::vector<Candle> walk(Timeframe timeframe, UtcTime from, int count, uint32_t seed)
{
    std::mt19937 random(seed);
    std::normal_distribution<double> step(0, 10);
    std::uniform_real_distribution<double> volume(0, 100);
    double price = 30'000;
    auto all = candles(timeframe, from, count);
    for (Candle &candle : all) {
        candle.open = decimal(price, 1);
        price += step(random);
        candle.close = decimal(price, 1);
        candle.high = decimal(price + 5, 1);
        candle.low = decimal(price - 5, 1);
        candle.volume = decimal(volume(random), 3);
    }
    return all;
}

struct Cost
{
    double cpu = 0;
    double real = 0; // seconds
};

Cost costOf(const std::function<void()> &work)
{
    const auto before = std::chrono::steady_clock::now();
    Cost cost;
    cost.cpu = cpuOf(work);
    cost.real = std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
    return cost;
}

Cost costOfPython(const QStringList &arguments)
{
    const auto told = askPython(arguments);
    if (told.size() != 1)
        return {};
    return {told[0][QLatin1String("cpu")].toDouble(), told[0][QLatin1String("real")].toDouble()};
}

// A store with what 164 pairs have in three timeframes.
struct Market
{
    explicit Market(const QString &folder)
        : store(store::EmbeddedStore::fileIn(folder))
        , writer(store.openWriter().value())
    {
        end.fill(candleOpen(Timeframe::H1, sampleStart));
    }

    bool grow(int count, uint32_t seed)
    {
        for (size_t t = 0; t < timeframes.size(); ++t) {
            std::vector<RecordBatch> batches;
            for (int i = 0; i < pairs; ++i)
                batches.push_back(batch(series(timeframes[t], QStringLiteral("P%1/USDT:USDT").arg(i)),
                                        walk(timeframes[t], end[t], count, seed + uint32_t(i))));
            end[t] += count * nominalLength(timeframes[t]);
            if (!writer->write(batches))
                return false;
        }
        return true;
    }

    store::EmbeddedStore store;
    std::unique_ptr<store::StoreWriter> writer;
    std::array<UtcTime, timeframes.size()> end{};
};

sync::SyncReport syncOnce(const sync::SyncOptions &options, store::StoreReader &reader)
{
    const std::atomic<bool> stop{false};
    return sync::SyncRun(
               options, reader, [] { return sampleStart + 24h * 100; }, stop, [](qint64, qint64, const QString &) {})
        .run()
        .value();
}

} // namespace

class BenchSync : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void againstPandas()
    {
        if (!qEnvironmentVariableIsSet("TAPEKEEPER_LONG"))
            QSKIP("a benchmark: scripts/test --long");
        SKIP_WITHOUT_PANDAS();
        const QTemporaryDir dir(benchFolder() + QStringLiteral("/bench-sync-XXXXXX"));
        QVERIFY(dir.isValid());
        const auto folder = [&](const char *name) {
            QDir(dir.path()).mkpath(QLatin1StringView(name));
            return dir.filePath(QLatin1StringView(name));
        };
        const QString ours = folder("ours");
        QStringList names;
        QStringList theirs;
        for (int i = 0; i < files; ++i) {
            names.append(QStringLiteral("P%1_USDT_USDT-3m-futures.feather").arg(i));
            theirs.append(folder("theirs") + u'/' + names.back());
        }
        feather::Table table{sync::schemaOf(sync::Content::Candles, {}), 0, std::vector<feather::Column>(6)};
        table = sync::merge(table, sync::candleRows(walk(Timeframe::M3, sampleStart, history, 1)), {}).table;
        feather::Writer writer;
        feather::Reader reader;
        bool good = true;
        // Everything that a run does to a file: pack, read back, write, sync, compare, rename.
        const auto put = [&](sync::FileSwap &swap, const QString &name, const feather::Table &content,
                             const sync::FileStamp &stamp) {
            auto bytes = writer.write(content);
            good = good && bytes && reader.read(*bytes)->rows == content.rows &&
                   swap.stage(name, std::move(bytes).value(), stamp);
            if (swap.count() == 64) {
                for (const auto &outcome : swap.commit())
                    good = good && !outcome.error && !outcome.overtaken;
            }
        };
        std::vector<double> writing, updating, writingReal, updatingReal, ourWrite, theirWrite;
        for (int round = 0; round < rounds; ++round) {
            const Cost their =
                costOfPython(QStringList{QStringLiteral("bench-write"), QString::number(history)} + theirs);
            const Cost our = costOf([&] {
                sync::FileSwap swap(ours);
                for (const QString &name : names)
                    put(swap, name, table, *sync::stampOf(ours + u'/' + name));
                good = good && (swap.commit(), true);
            });
            writing.push_back(their.cpu / our.cpu);
            writingReal.push_back(their.real / our.real);
            const Cost theirUpdate = costOfPython(QStringList{QStringLiteral("bench-update")} + theirs);
            const Cost ourUpdate = costOf([&] {
                sync::FileSwap swap(ours);
                for (const QString &name : names) {
                    const auto file = sync::loadFile(ours + u'/' + name);
                    auto content = reader.read(file->bytes);
                    const UtcTime next = fromMs(content->columns[0].integers.back()) + 3min;
                    const auto merged =
                        sync::merge(std::move(content).value(), sync::candleRows(candles(Timeframe::M3, next, 1)), {});
                    put(swap, name, merged.table, file->stamp);
                }
                good = good && (swap.commit(), true);
            });
            updating.push_back(theirUpdate.cpu / ourUpdate.cpu);
            updatingReal.push_back(theirUpdate.real / ourUpdate.real);
            ourWrite.push_back(ourUpdate.cpu * 1000 / files);
            theirWrite.push_back(theirUpdate.cpu * 1000 / files);
        }
        QVERIFY(good);
        QCOMPARE(reader.read(sync::loadFile(ours + u'/' + names.back())->bytes)->rows, history + 1);
        const auto report = [](const char *what, const QString &unit, const std::vector<double> &values) {
            judge({QString::fromLatin1(what), Demand::Bound::ReportOnly, 0, unit}, values);
        };
        report("sync-update-ms-per-file", QStringLiteral(" ms"), ourWrite);
        report("pandas-update-ms-per-file", QStringLiteral(" ms"), theirWrite);
        report("sync-write-real-time-against-pandas", QStringLiteral(" x"), writingReal);
        report("sync-update-real-time-against-pandas", QStringLiteral(" x"), updatingReal);
        const bool write = judge(
            {QStringLiteral("sync-write-against-pandas"), Demand::Bound::AtLeast, 5, QStringLiteral(" x")}, writing);
        const bool update = judge(
            {QStringLiteral("sync-update-against-pandas"), Demand::Bound::AtLeast, 5, QStringLiteral(" x")}, updating);
        QVERIFY(write && update);
    }

    void wholeRuns()
    {
        if (!qEnvironmentVariableIsSet("TAPEKEEPER_LONG"))
            QSKIP("a benchmark: scripts/test --long");
        const QTemporaryDir dir(benchFolder() + QStringLiteral("/bench-sync-XXXXXX"));
        QVERIFY(dir.isValid());
        Market market(dir.path());
        QVERIFY(market.grow(history, 1));
        sync::SyncRun::Options options;
        options.settings.datadir = dir.path();
        const auto reader = market.store.openReader().value();
        const auto run = [&] { return syncOnce(options, *reader); };
        const Cost first = costOf([&] { QCOMPARE(run().count(sync::FileState::Written), files); });
        std::vector<double> real, cpu, bytes, idle;
        for (int round = 0; round < rounds; ++round) {
            QVERIFY(market.grow(1, uint32_t(1000 + round)));
            sync::SyncReport report;
            const Cost cost = costOf([&] { report = run(); });
            QCOMPARE(report.added(), files);
            real.push_back(cost.real);
            cpu.push_back(cost.cpu);
            bytes.push_back(double(report.bytes()) / double(report.added()));
            idle.push_back(costOf([&] { QCOMPARE(run().count(sync::FileState::Unchanged), files); }).real);
        }
        judge({QStringLiteral("sync-first-run"), Demand::Bound::ReportOnly, 0, QStringLiteral(" s")}, {first.real});
        judge({QStringLiteral("sync-run-without-news"), Demand::Bound::ReportOnly, 0, QStringLiteral(" s")}, idle);
        judge({QStringLiteral("sync-run-one-candle-each-cpu"), Demand::Bound::ReportOnly, 0, QStringLiteral(" s")},
              cpu);
        judge({QStringLiteral("sync-bytes-per-added-candle"), Demand::Bound::ReportOnly, 0, QStringLiteral(" B")},
              bytes);
        QVERIFY(
            judge({QStringLiteral("sync-run-one-candle-each"), Demand::Bound::AtMost, 5, QStringLiteral(" s")}, real));
    }

    void overSsh()
    {
        if (!qEnvironmentVariableIsSet("TAPEKEEPER_LONG"))
            QSKIP("a benchmark: scripts/test --long");
        SshHost host;
        if (!host.start())
            QSKIP(qPrintable(host.problem()));
        const QTemporaryDir dir(benchFolder() + QStringLiteral("/bench-push-XXXXXX"));
        QVERIFY(dir.isValid());
        for (const char *name : {"pushed", "local", "copied", "engine"})
            QVERIFY(QDir(dir.path()).mkpath(QLatin1StringView(name)));
        Market market(dir.path());
        QVERIFY(market.grow(history, 1));
        const remote::SshTarget target = host.target();
        config::HostSettings settings;
        settings.name = QStringLiteral("feeder");
        settings.target = target.text() + u':' + QString::number(target.port);
        settings.push = dir.filePath(QStringLiteral("pushed"));
        settings.push_program = QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper-server");
        std::optional<app::PushOutcome> outcome;
        // From the start of ssh to the last receipt.
        const auto push = [&] {
            outcome.reset();
            app::PushService service({{.host = settings,
                                       .sync = {},
                                       .data_dir = dir.filePath(QStringLiteral("engine")),
                                       .open = [&] { return market.store.openReader(); },
                                       .clock = std::make_shared<SystemClock>(),
                                       .once = true}},
                                     std::make_shared<std::atomic<bool>>(false));
            connect(&service, &app::PushService::pushed, this, [&](const app::PushOutcome &told) { outcome = told; });
            return service.start() && QTest::qWaitFor([&] { return outcome.has_value(); }, 300'000) &&
                   outcome->result && outcome->result->isGood();
        };
        sync::SyncOptions local;
        local.settings.datadir = dir.filePath(QStringLiteral("local"));
        const auto reader = market.store.openReader().value();
        bool good = true;
        const Cost first = costOf([&] { good = push(); });
        QVERIFY2(good, outcome && !outcome->result ? qPrintable(outcome->result.error().message) : "");
        QCOMPARE(outcome->result->added(), files * history);
        const qint64 firstBytes = outcome->bytes_sent;
        std::vector<double> real, bytes, idle, against, bytesAgainst;
        for (int round = 0; round < rounds; ++round) {
            QVERIFY(market.grow(1, uint32_t(1000 + round)));
            const Cost cost = costOf([&] { good = push(); });
            QVERIFY(good && outcome->result->added() == files);
            real.push_back(cost.real);
            const double sent = double(outcome->bytes_sent);
            bytes.push_back(sent / files);
            idle.push_back(costOf([&] { good = push(); }).real);
            QVERIFY(good && outcome->result->unchanged == files);

            // What a script does: the whole of every file.
            syncOnce(local, *reader);
            qint64 whole = 0;
            const QDir folder(dir.filePath(QStringLiteral("local/binance/futures")));
            for (const QFileInfo &file : folder.entryInfoList({QStringLiteral("*.feather")}, QDir::Files))
                whole += file.size();
            const Cost copying = costOf([&] {
                QProcess scp;
                scp.start(QStringLiteral("scp"),
                          {QStringLiteral("-O"), QStringLiteral("-q"), QStringLiteral("-r"), QStringLiteral("-S"),
                           QStandardPaths::findExecutable(QStringLiteral("ssh")), QStringLiteral("-P"),
                           QString::number(target.port), folder.path(),
                           target.text() + u':' + dir.filePath(QStringLiteral("copied"))});
                good = scp.waitForFinished(300'000) && scp.exitCode() == 0;
            });
            QVERIFY(good);
            against.push_back(copying.real / cost.real);
            bytesAgainst.push_back(double(whole) / sent);
            for (const QString &name : folder.entryList({QStringLiteral("*.feather")}, QDir::Files))
                QVERIFY(sync::loadFile(folder.filePath(name))->bytes ==
                        sync::loadFile(settings.push + QStringLiteral("/binance/futures/") + name)->bytes);
        }
        const auto report = [](const char *what, const char *unit, const std::vector<double> &values) {
            judge({QLatin1StringView(what), Demand::Bound::ReportOnly, 0, QLatin1StringView(unit)}, values);
        };
        report("push-first", " s", {first.real});
        report("push-first-bytes-per-candle", " B", {double(firstBytes) / files / history});
        report("push-without-news", " s", idle);
        report("push-one-candle-each-against-scp", " x", against);
        report("push-bytes-against-the-files", " x", bytesAgainst);
        report("push-bytes-per-added-candle", " B", bytes);
        const bool quick =
            judge({QStringLiteral("push-one-candle-each"), Demand::Bound::AtMost, 5, QStringLiteral(" s")}, real);
        QVERIFY(quick);
        QVERIFY(median(bytes) < 1'000);
    }
};

} // namespace tk::bench

using tk::bench::BenchSync;
TK_TEST(BenchSync, sync);
#include "tst_sync.moc"
