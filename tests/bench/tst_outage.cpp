// What the whole program costs with InfluxDB as its store: CPU at the load it was made for, and memory while the
// database is away for an hour.
#include "load_rig.h"
#include "measure.h"
#include "runtime/service_host.h"
#include "store/influx/influx_store.h"
#include "support/influx/fault_proxy.h"
#include "support/influx/influx_server.h"
#include "support/test_registry.h"

#include <QDirIterator>
#include <QTest>

#include <cstdio>

namespace tk::bench {

using namespace std::chrono_literals;
using test::FaultProxy;
using test::InfluxServer;

namespace {

constexpr int sampleEveryMs = 500;
constexpr milliseconds settle = 5min; // of the outage: queues, caches and the allocator reach their size
constexpr milliseconds outage = 1h;
constexpr double flatWithin = 20; // MB, up or down

QByteArray influxAt(quint16 port)
{
    return "[store]\nkind = \"influx\"\n[store.influx]\nurl = \"http://127.0.0.1:" + QByteArray::number(port) + "\"\n";
}

double ownResidentMb()
{
    QFile status(QStringLiteral("/proc/self/status"));
    if (!status.open(QIODevice::ReadOnly))
        return 0;
    for (const QByteArray &line : status.readAll().split('\n')) {
        if (line.startsWith("VmRSS:"))
            return line.simplified().split(' ').value(1).toDouble() / 1024;
    }
    return 0;
}

double megabytesIn(const QString &folder)
{
    double bytes = 0;
    for (QDirIterator files(folder, QDir::Files, QDirIterator::Subdirectories); files.hasNext();) {
        files.next();
        bytes += double(files.fileInfo().size());
    }
    return bytes / 1e6;
}

} // namespace

class BenchOutage : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void sixHundredthsOfACore();
    void memoryStaysFlat();
    void anHourOfFullLoadInTheSpool();

private:
    QTemporaryDir m_folder{benchFolder() + QStringLiteral("/bench-influx-XXXXXX")};
};

void BenchOutage::initTestCase()
{
    if (!qEnvironmentVariableIsSet("TAPEKEEPER_LONG"))
        QSKIP("a benchmark: scripts/test --long");
    if (!InfluxServer::isInstalled())
        QSKIP("no influxd on this machine");
    QVERIFY(m_folder.isValid());
}

// Spool, gzip and sender included; the database is a process of its own.
void BenchOutage::sixHundredthsOfACore()
{
    InfluxServer server({.data_folder = m_folder.filePath(QStringLiteral("cpu"))});
    QVERIFY(server.start());
    Load load = realLoad();
    load.store = influxAt(server.port());
    LoadRig rig(load);
    QVERIFY2(rig.start(), rig.log().right(4000).constData());
    const Figures figures = rig.measure();
    judge({QStringLiteral("influx-164-pairs-frames"), Demand::Bound::ReportOnly, 0, QStringLiteral("/s")},
          figures.framesPerSecond);
    const bool cpu = judge({QStringLiteral("influx-164-pairs-cpu"), Demand::Bound::AtMost, 6, QStringLiteral(" %")},
                           figures.cpuPercent);
    judge({QStringLiteral("influx-164-pairs-resident"), Demand::Bound::ReportOnly, 0, QStringLiteral(" MB")},
          {figures.residentMb});
    QVERIFY2(median(figures.framesPerSecond) >= 6'000, "the load was not the one that is asked for");
    QVERIFY2(server.query("SHOW MEASUREMENTS").contains("ohlcv_1m"), "nothing reached the database");
    QVERIFY2(!rig.log().contains("CRITICAL"), rig.log().right(4000).constData());
    QVERIFY(cpu);
}

// An hour of both processes' clocks in less real time. The defaults are what two busy cores keep up with, and less than
// the full load: three timeframes instead of ten, and a calmer market. TAPEKEEPER_BENCH_SPEED and _ACTIVITY ask for
// more.
void BenchOutage::memoryStaysFlat()
{
    InfluxServer server({.data_folder = m_folder.filePath(QStringLiteral("memory"))});
    QVERIFY(server.start());
    FaultProxy proxy(server.port());
    Load load = realLoad();
    load.timeframes = "\"3m\", \"15m\", \"1h\"";
    load.streams = "\"candles\", \"mark_price\", \"funding_rate\", \"trades\", \"ticker\"";
    load.store = influxAt(proxy.port());
    load.speed = qEnvironmentVariable("TAPEKEEPER_BENCH_SPEED", QStringLiteral("12")).toDouble();
    load.activity = qEnvironmentVariable("TAPEKEEPER_BENCH_ACTIVITY", QStringLiteral("20")).toDouble();
    LoadRig rig(load);
    QVERIFY2(rig.start(), rig.log().right(4000).constData());
    proxy.set(FaultProxy::Mode::Refuse);
    const QString spool = rig.dataDir() + QStringLiteral("/spool");

    // Conditions in the program's time; the bound on real time is for a machine that stops.
    const auto waitFor = [&rig, &load](milliseconds span) {
        const UtcTime until = rig.now() + span;
        return QTest::qWaitFor([&] { return rig.now() >= until || !rig.isRunning(); },
                               int(2.0 * double(span.count()) / load.speed) + 10'000) &&
               rig.isRunning();
    };
    QVERIFY2(waitFor(settle), rig.log().right(4000).constData());
    const double spooled = megabytesIn(spool);
    const double frames = rig.framesSent();
    const UtcTime began = rig.now();
    std::vector<double> resident;
    while (rig.now() < began + outage) {
        resident.push_back(rig.residentMb());
        QVERIFY2(waitFor(milliseconds(qint64(sampleEveryMs * load.speed))), rig.log().right(4000).constData());
        (void)rig.log(); // so that its pipe never fills up
    }
    const double seconds = std::chrono::duration<double>(rig.now() - began).count();
    const double grown = megabytesIn(spool) - spooled;
    const double settled = median({resident.begin(), resident.begin() + std::ptrdiff_t(resident.size() / 10)});
    double off = 0;
    for (const double sample : resident)
        off = std::max(off, std::abs(sample - settled));

    judge({QStringLiteral("outage-frames"), Demand::Bound::ReportOnly, 0, QStringLiteral("/s")},
          {(rig.framesSent() - frames) / seconds});
    judge({QStringLiteral("outage-spooled"), Demand::Bound::ReportOnly, 0, QStringLiteral(" MB")}, {grown});
    judge({QStringLiteral("outage-resident"), Demand::Bound::ReportOnly, 0, QStringLiteral(" MB")}, resident);
    for (size_t part = 0; part < 6; ++part) {
        const auto from = resident.begin() + std::ptrdiff_t(resident.size() * part / 6);
        const auto to = resident.begin() + std::ptrdiff_t(resident.size() * (part + 1) / 6);
        std::printf("outage-resident in minutes %zu to %zu: %.1f MB\n", part * 10, part * 10 + 10, median({from, to}));
    }
    const bool flat =
        judge({QStringLiteral("outage-resident-off"), Demand::Bound::AtMost, flatWithin, QStringLiteral(" MB")}, {off});
    QVERIFY2(grown > 100, "the spool did not grow: there was no outage, or no load");
    QVERIFY2(rig.log().contains("the database does not take records"), rig.log().right(4000).constData());
    QVERIFY(flat);
}

// Every frame of the full load as a record of its own, an hour of them, into the spool while nobody takes them: the
// store's side of the program alone, as fast as the disk is.
void BenchOutage::anHourOfFullLoadInTheSpool()
{
    constexpr int perSecond = 6'700;
    constexpr int seconds = 3'600;
    constexpr int settledAfter = 300;
    const auto clock = std::make_shared<SystemClock>();
    config::InfluxSettings nobody;
    nobody.url = QUrl(QStringLiteral("http://127.0.0.1:1"));
    nobody.api = QStringLiteral("v1");
    auto store = store::influx::InfluxStore::open(
        {.settings = nobody, .spool = {}, .data_dir = m_folder.filePath(QStringLiteral("hour")), .onEvicted = {}},
        clock);
    QVERIFY2(store, store ? "" : qPrintable(store.error().message));
    runtime::ServiceHost host;
    host.add(
        QStringLiteral("sender"), [&] { return store.value()->makeSender([] {}); }, 3s);
    host.add(
        QStringLiteral("audit"), [&] { return store.value()->makeAudit([] {}); }, 3s);
    bool ready = false;
    bool stopped = false;
    connect(&host, &runtime::ServiceHost::allReady, this, [&] { ready = true; });
    connect(&host, &runtime::ServiceHost::allStopped, this, [&] { stopped = true; });
    host.start();
    QVERIFY(QTest::qWaitFor([&] { return ready; }));
    const auto writer = store.value()->openWriter();
    const QByteArray payload =
        "{\"e\":\"aggTrade\",\"E\":1795132800000,\"a\":5933014,\"s\":\"BTCUSDT\",\"p\":\"77349.40\","
        "\"q\":\"0.018\",\"f\":100,\"l\":105,\"T\":1795132800123,\"m\":true}";
    std::vector<QString> pairs;
    for (int p = 0; p < 164; ++p)
        pairs.push_back(QStringLiteral("P%1/USDT:USDT").arg(p));
    const UtcTime began = clock->utcNow() - std::chrono::seconds(seconds);
    double settled = 0;
    double most = 0;
    std::vector<RecordBatch> batches(1);
    for (int second = 0; second < seconds; ++second) {
        RecordBatch &batch = batches.front();
        batch = {};
        batch.newest_event = began + std::chrono::seconds(second);
        for (int i = 0; i < perSecond; ++i)
            batch.ticks.push_back({QStringLiteral("binance-usdm"), pairs[size_t(i) % pairs.size()],
                                   QStringLiteral("trades"), batch.newest_event, qint64(second) * perSecond + i,
                                   payload});
        const auto written = writer.value()->write(batches);
        QVERIFY2(written, written ? "" : qPrintable(written.error().message));
        QCoreApplication::processEvents();
        if (second == settledAfter)
            settled = ownResidentMb();
        if (second > settledAfter && second % 10 == 0)
            most = std::max(most, ownResidentMb());
    }
    const double spooled = megabytesIn(m_folder.filePath(QStringLiteral("hour/spool")));
    store.value()->interrupt();
    host.stop();
    QVERIFY(QTest::qWaitFor([&] { return stopped; }, 20'000));
    judge({QStringLiteral("outage-hour-spooled"), Demand::Bound::ReportOnly, 0, QStringLiteral(" MB")}, {spooled});
    judge({QStringLiteral("outage-hour-resident"), Demand::Bound::ReportOnly, 0, QStringLiteral(" MB")}, {most});
    QVERIFY(judge({QStringLiteral("outage-hour-growth"), Demand::Bound::AtMost, flatWithin, QStringLiteral(" MB")},
                  {most - settled}));
}

} // namespace tk::bench

using tk::bench::BenchOutage;
TK_TEST(BenchOutage, outage);
#include "tst_outage.moc"
