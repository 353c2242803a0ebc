// Files for freqtrade: writing and updating 492 of them (164 pairs, three timeframes), against pandas as freqtrade
// calls it; and what a run costs that adds one candle to each.
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
        store::EmbeddedStore store(store::EmbeddedStore::fileIn(dir.path()));
        auto writer = store.openWriter();
        QVERIFY(writer);
        std::array<UtcTime, timeframes.size()> end;
        end.fill(candleOpen(Timeframe::H1, sampleStart));
        const auto grow = [&](int count, uint32_t seed) {
            for (size_t t = 0; t < timeframes.size(); ++t) {
                std::vector<RecordBatch> batches;
                for (int i = 0; i < pairs; ++i)
                    batches.push_back(batch(series(timeframes[t], QStringLiteral("P%1/USDT:USDT").arg(i)),
                                            walk(timeframes[t], end[t], count, seed + uint32_t(i))));
                end[t] += count * nominalLength(timeframes[t]);
                QVERIFY(writer.value()->write(batches));
            }
        };
        grow(history, 1);
        sync::SyncRun::Options options;
        options.settings.datadir = dir.path();
        const auto reader = store.openReader().value();
        const std::atomic<bool> stop{false};
        const auto run = [&] {
            return sync::SyncRun(
                       options, *reader, [] { return sampleStart + 24h * 100; }, stop,
                       [](qint64, qint64, const QString &) {})
                .run()
                .value();
        };
        const Cost first = costOf([&] { QCOMPARE(run().count(sync::FileState::Written), files); });
        std::vector<double> real, cpu, bytes, idle;
        for (int round = 0; round < rounds; ++round) {
            grow(1, uint32_t(1000 + round));
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
};

} // namespace tk::bench

using tk::bench::BenchSync;
TK_TEST(BenchSync, sync);
#include "tst_sync.moc"
