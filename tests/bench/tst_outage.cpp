// What the whole program costs with InfluxDB as its store: CPU at the load it was made for, and memory while the
// database is away for an hour.
#include "load_rig.h"
#include "measure.h"
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

} // namespace tk::bench

using tk::bench::BenchOutage;
TK_TEST(BenchOutage, outage);
#include "tst_outage.moc"
