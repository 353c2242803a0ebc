// How fast a backlog reaches a real InfluxDB: the sender with its spool, against a bare loop that posts the same lines
// ready-made, and against one request per point. Says by that whose limit the drain of a backlog is.
#include "load_rig.h"
#include "measure.h"
#include "runtime/service_host.h"
#include "store/influx/influx_store.h"
#include "store/line_protocol.h"
#include "support/influx/influx_server.h"
#include "support/test_registry.h"

#include <QRandomGenerator>
#include <QTest>

#include <ctime>

namespace tk::bench {

using namespace std::chrono_literals;
using namespace store;
using test::InfluxServer;

namespace {

constexpr int rounds = 5;
constexpr int pairs = 164;
constexpr int steps = 6'100; // of three minutes: a million points in two or three weeks' shards
constexpr qsizetype points = qsizetype(pairs) * steps;
constexpr qsizetype singlePoints = 3'000;  // one request each
constexpr qsizetype bodyBytes = 1'000'000; // as the sender's
constexpr milliseconds patience = 10min;

// As a broken link leaves it behind: all pairs of one time, then those of the next.
struct Backlog
{
    std::vector<QByteArray> bodies; // of one week each, as long as the sender's may be
    std::vector<QByteArray> packed; // the same, as the sender compresses them
    std::vector<QByteArray> single; // the first lines, one by one
};

DecimalText decimal(qint64 hundredths)
{
    const qint64 rest = hundredths % 100;
    return *DecimalText::from(std::to_string(hundredths / 100) + (rest < 10 ? ".0" : ".") + std::to_string(rest));
}

qint64 shardWeek(UtcTime time)
{
    return (toMs(time) - 4 * 86'400'000LL) / (7 * 86'400'000LL); // Mondays
}

Backlog makeBacklog()
{
    Backlog backlog;
    QRandomGenerator random(7);
    std::vector<qint64> prices;
    for (int pair = 0; pair < pairs; ++pair)
        prices.push_back(100'000 + random.bounded(9'000'000));
    const UtcTime begin = candleOpen(Timeframe::D1, SystemClock().utcNow()) - 20 * 24h;
    GzipCompressor gzip;
    QByteArray body;
    const auto end = [&] {
        backlog.packed.push_back(gzip.compress(body));
        backlog.bodies.push_back(std::exchange(body, {}));
    };
    for (int step = 0; step < steps; ++step) {
        const UtcTime open = begin + step * 3min;
        if (step > 0 && shardWeek(open) != shardWeek(open - 3min))
            end();
        for (int pair = 0; pair < pairs; ++pair) {
            qint64 &price = prices[size_t(pair)];
            Candle candle;
            candle.open_time = open;
            candle.open = decimal(price);
            candle.high = decimal(price + random.bounded(500));
            candle.low = decimal(price - random.bounded(500));
            price += random.bounded(801) - 400;
            price = std::max<qint64>(price, 1'000);
            candle.close = decimal(price);
            candle.volume = decimal(random.bounded(100'000'000));
            candle.quote_volume = decimal(random.bounded(2'000'000'000));
            candle.trades = random.bounded(5'000);
            QByteArray line;
            appendLines({{QStringLiteral("binance-usdm"),
                          QStringLiteral("P%1/USDT:USDT").arg(pair, 3, 10, QLatin1Char('0')), Timeframe::M3},
                         {candle}},
                        line);
            if (body.size() + line.size() > bodyBytes)
                end();
            body += line;
            if (qsizetype(backlog.single.size()) < singlePoints)
                backlog.single.push_back(line);
        }
    }
    end();
    return backlog;
}

double processCpuSeconds()
{
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
}

struct Run
{
    double rate = 0;       // points a second; 0: it failed
    double cpuPercent = 0; // of a core, of this process alone
};

// From its construction to the end of the run.
class Watch
{
public:
    Run run(qsizetype done) const
    {
        const double seconds = std::chrono::duration<double>(SystemClock().now() - m_began).count();
        return {double(done) / seconds, 100 * (processCpuSeconds() - m_cpu) / seconds};
    }

private:
    MonotonicTime m_began = SystemClock().now();
    double m_cpu = processCpuSeconds();
};

// A server of its own for each run, so that no run pays for what another left to be compacted.
class FreshDatabase
{
public:
    FreshDatabase()
        : m_folder(benchFolder() + QStringLiteral("/bench-influx-XXXXXX"))
        , m_server({.data_folder = m_folder.filePath(QStringLiteral("state"))})
    {}

    // With the database made as the sender makes it.
    bool start()
    {
        if (!m_folder.isValid() || !m_server.start())
            return false;
        net::BlockingHttpClient http({});
        influx::DatabaseSetup setup(influx::Api::V1, settings());
        net::HttpCall call = setup.first();
        while (true) {
            const auto step = setup.after(http.send(call), SystemClock().utcNow());
            const auto *next = std::get_if<net::HttpCall>(&step);
            if (!next)
                return std::holds_alternative<influx::DatabaseSetup::Ready>(step);
            call = *next;
        }
    }
    config::InfluxSettings settings() const
    {
        config::InfluxSettings settings = m_server.settings();
        settings.timeout = config::InfluxSettings().timeout;
        return settings;
    }
    bool holds(qsizetype count) const
    {
        const QByteArray answer = m_server.query("SELECT COUNT(close) FROM ohlcv_3m");
        const bool all = answer.contains("," + QByteArray::number(count) + "]");
        if (!all)
            qWarning("not all of %lld points are there: %s", qint64(count), answer.constData());
        return all;
    }

private:
    QTemporaryDir m_folder;
    InfluxServer m_server;
};

Run bare(const std::vector<QByteArray> &packed, qsizetype count)
{
    FreshDatabase database;
    if (!database.start())
        return {};
    const config::InfluxSettings settings = database.settings();
    net::BlockingHttpClient http({.timeout = settings.timeout});
    const Watch watch;
    for (const QByteArray &body : packed) {
        if (!http.send(influx::writeCall(influx::Api::V1, settings, false, body)).isGood())
            return {};
    }
    const Run run = watch.run(count);
    return database.holds(count) ? run : Run{};
}

Run drain(const Backlog &backlog)
{
    FreshDatabase database;
    const QTemporaryDir folder(benchFolder() + QStringLiteral("/bench-drain-XXXXXX"));
    const auto clock = std::make_shared<SystemClock>();
    if (!folder.isValid() || !database.start())
        return {};
    const auto opened = influx::InfluxStore::open(
        {.settings = database.settings(), .spool = {}, .data_dir = folder.path(), .onEvicted = {}}, clock);
    if (!opened)
        return {};
    const std::shared_ptr<influx::InfluxStore> store = *opened;
    const std::shared_ptr<Spool> spool = store->parts().spool;
    for (const QByteArray &body : backlog.bodies) {
        PerLane<QByteArray> lines;
        lines[size_t(Lane::Candles)] = body;
        if (!spool->append(lines, clock->utcNow()))
            return {};
        store->parts().index->taken(Lane::Candles, body);
    }
    runtime::ServiceHost host;
    host.add(
        QStringLiteral("sender"), [&store]() -> std::unique_ptr<runtime::Service> { return store->makeSender([] {}); },
        3s);
    const Watch watch;
    host.start();
    const bool delivered = QTest::qWaitFor([&] { return spool->figures().waitingBytes() == 0; }, int(patience.count()));
    const Run run = watch.run(points);
    bool ended = false;
    QObject::connect(&host, &runtime::ServiceHost::allStopped, &host, [&ended] { ended = true; });
    host.stop();
    ended = QTest::qWaitFor([&ended] { return ended; }, 20'000);
    return delivered && ended && database.holds(points) ? run : Run{};
}

} // namespace

class BenchInflux : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void drainsAsFastAsTheDatabaseTakes();
};

void BenchInflux::drainsAsFastAsTheDatabaseTakes()
{
    if (!qEnvironmentVariableIsSet("TAPEKEEPER_LONG"))
        QSKIP("a benchmark: scripts/test --long");
    if (!InfluxServer::isInstalled())
        QSKIP("no influxd on this machine");
    const Backlog backlog = makeBacklog();
    GzipCompressor gzip;
    std::vector<QByteArray> singlePacked;
    for (const QByteArray &line : backlog.single)
        singlePacked.push_back(gzip.compress(line));

    std::vector<double> drainRate, drainCpu, bareRate, bareCpu, singleRate, toBare, toSingle;
    for (int round = 0; round < rounds; ++round) {
        // In turns, and each of the two first in some round.
        Run ours, theirs;
        if (round % 2 == 0)
            theirs = bare(backlog.packed, points);
        ours = drain(backlog);
        if (round % 2 != 0)
            theirs = bare(backlog.packed, points);
        const Run single = bare(singlePacked, singlePoints);
        QVERIFY(ours.rate > 0 && theirs.rate > 0 && single.rate > 0);
        drainRate.push_back(ours.rate);
        drainCpu.push_back(ours.cpuPercent);
        bareRate.push_back(theirs.rate);
        bareCpu.push_back(theirs.cpuPercent);
        singleRate.push_back(single.rate);
        toBare.push_back(ours.rate / theirs.rate);
        toSingle.push_back(ours.rate / single.rate);
    }
    const auto report = [](const char *what, const QString &unit, const std::vector<double> &values) {
        judge({QString::fromLatin1(what), Demand::Bound::ReportOnly, 0, unit}, values);
    };
    report("influx-drain-rate", QStringLiteral(" points/s"), drainRate);
    report("influx-drain-cpu", QStringLiteral(" %"), drainCpu);
    report("influx-bare-rate", QStringLiteral(" points/s"), bareRate);
    report("influx-bare-cpu", QStringLiteral(" %"), bareCpu);
    report("influx-one-post-per-point-rate", QStringLiteral(" points/s"), singleRate);
    const bool fast = judge({QStringLiteral("influx-drain-to-bare"), Demand::Bound::AtLeast, 0.8}, toBare);
    const bool bundled =
        judge({QStringLiteral("influx-drain-to-one-post-per-point"), Demand::Bound::AtLeast, 25}, toSingle);
    QVERIFY(fast);
    QVERIFY(bundled);
}

} // namespace tk::bench

using tk::bench::BenchInflux;
TK_TEST(BenchInflux, influx);
#include "tst_influx.moc"
