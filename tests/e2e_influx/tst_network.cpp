// A real InfluxDB 1.x behind a network, and a disk, that fail. After each fault the set of points in the database
// equals the set that was written.
#include "delivery_rig.h"
#include "support/influx/fault_proxy.h"
#include "support/influx/influx_server.h"
#include "support/test_registry.h"

#include <QProcess>
#include <QTest>

#include <unistd.h>

namespace tk::test {

using namespace std::chrono_literals;
using Mode = FaultProxy::Mode;

namespace {

// A small file system of its own, where the machine lets us have one.
class SmallDisk
{
public:
    explicit SmallDisk(int megabytes)
    {
        if (::geteuid() == 0 && m_folder.isValid())
            m_mounted =
                run({QStringLiteral("mount"), QStringLiteral("-t"), QStringLiteral("tmpfs"), QStringLiteral("-o"),
                     QStringLiteral("size=%1m").arg(megabytes), QStringLiteral("none"), m_folder.path()});
    }
    ~SmallDisk()
    {
        if (m_mounted)
            run({QStringLiteral("umount"), QStringLiteral("-l"), m_folder.path()});
    }
    bool isThere() const { return m_mounted; }
    QString path() const { return m_folder.path(); }
    bool grow(int megabytes)
    {
        return run({QStringLiteral("mount"), QStringLiteral("-o"), QStringLiteral("remount,size=%1m").arg(megabytes),
                    m_folder.path()});
    }

private:
    static bool run(QStringList words)
    {
        const QString program = words.takeFirst();
        return QProcess::execute(program, words) == 0;
    }
    QTemporaryDir m_folder;
    bool m_mounted = false;
};

} // namespace

class TestNetwork : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase();
    void init();
    void cleanup();

    void deliversEverything();
    void startsWithoutADatabase();
    void passingFaults_data();
    void passingFaults();
    void flapping();
    void databaseIsKilled();
    void aDeadDatabaseIsNamedBeforeTheNextRecord();
    void databaseFreezes();
    void databaseIsKilledAgainAndAgain();
    void databaseIsDropped();
    void databaseIsDroppedWithAnAnswerUnderWay();
    void databaseForgetsADay();
    void databaseForgetsTicks();
    void databaseIsWiped();
    void restartsWithABacklog();
    void theirDiskIsFull();
    void ourDiskIsFull();
    void theSpoolIsFull();
    void bodiesAreTooLarge();
    void credentialsAreRefusedForAWhile();
    void aChangedPasswordIsNamedBeforeTheNextRecord();
    void aDatabaseThatIsBackIsToldSoon();
    void badPointsAmongGoodOnes();
    void typeConflict();
    void pointsBeyondRetention();
    void fillsASecondDatabaseFromNothing();

private:
    std::unique_ptr<DeliveryRig> rig(const std::function<void(DeliveryOptions &)> &adjust = {});
    QString verdict(const DeliveryRig &rig) const { return difference(rig.expected(), m_server->points()); }
    QString verdictOfPrices(const DeliveryRig &rig) const // of candles and mark prices alone
    {
        PointMap points[] = {rig.expected(), m_server->points()};
        for (PointMap &map : points)
            std::erase_if(map, [](const auto &point) {
                return !point.first.startsWith(QLatin1String("ohlcv_")) &&
                       !point.first.startsWith(QLatin1String("mark_price"));
            });
        return difference(points[0], points[1]);
    }
    void refresh() { m_proxy = std::make_unique<FaultProxy>(m_server->port()); }

    std::unique_ptr<InfluxServer> m_server;
    std::unique_ptr<FaultProxy> m_proxy;
};

#define START(...)                                                                                                     \
    auto rig = this->rig(__VA_ARGS__);                                                                                 \
    QVERIFY(rig->start())
#define VERDICT()                                                                                                      \
    QVERIFY(rig->waitDelivered());                                                                                     \
    QCOMPARE(verdict(*rig), QString())

// Every face told of it, with these words, and all are well again.
#define TOLD(...) QCOMPARE(rig->toldAndOver({__VA_ARGS__}), QString())
// What was acknowledged and is not there is an event, whoever has it still.
#define TOLD_LOSS()                                                                                                    \
    QVERIFY(rig->waitUntil(                                                                                            \
        [&] { return rig->witness().sayings().contain(QStringLiteral("lost what it had acknowledged")); }, 5s));       \
    QCOMPARE(rig->witness().contradictions(), QStringList())

void TestNetwork::initTestCase()
{
    if (!InfluxServer::isInstalled())
        QSKIP("no influxd on this machine");
}

void TestNetwork::init()
{
    m_server = std::make_unique<InfluxServer>();
    QVERIFY(m_server->start());
    refresh();
}

void TestNetwork::cleanup()
{
    m_proxy.reset();
    m_server.reset();
}

void TestNetwork::cleanupTestCase()
{
    cleanup();
}

std::unique_ptr<DeliveryRig> TestNetwork::rig(const std::function<void(DeliveryOptions &)> &adjust)
{
    DeliveryOptions options;
    options.settings = m_server->settings();
    options.settings.url.setPort(m_proxy->port());
    options.settings.timeout = 1s;
    if (adjust)
        adjust(options);
    return std::make_unique<DeliveryRig>(options);
}

void TestNetwork::deliversEverything()
{
    START();
    QVERIFY(rig->write(300));
    VERDICT();
    const QByteArray policies = m_server->query("SHOW RETENTION POLICIES ON \"market_data\"");
    QVERIFY2(policies.contains("8640h0m0s"), policies.constData()); // it made the database as configured
    QVERIFY(rig->sender()->trouble.isEmpty());
    QCOMPARE(rig->sender()->api, std::string_view("v1"));
    QCOMPARE(rig->neverComplained(), QString());
    rig->stop();
    QCOMPARE(verdict(*rig), QString());
}

void TestNetwork::startsWithoutADatabase()
{
    m_proxy->set(Mode::Refuse);
    START();
    QVERIFY(rig->write(100));
    QVERIFY(rig->waitTrouble());
    QCOMPARE(rig->ticketsOut(), 100u); // taken, and nothing said to be stored
    m_proxy->set(Mode::Pass);
    VERDICT();
    QVERIFY(rig->waitUntil([&] { return rig->sender()->trouble.isEmpty(); }));
    TOLD(QStringLiteral("Couldn't connect"));
}

void TestNetwork::passingFaults_data()
{
    QTest::addColumn<int>("mode");
    const auto row = [](const char *name, Mode mode) { QTest::newRow(name) << int(mode); };
    row("connection refused", Mode::Refuse);
    row("connections reset", Mode::Reset);
    row("stalled", Mode::Stall);
    row("half-open: written, but the answers get lost", Mode::HalfOpen);
    row("cut in the request", Mode::CutRequest);
    row("cut in the answer", Mode::CutAnswer);
    row("slow", Mode::Slow);
}

void TestNetwork::passingFaults()
{
    QFETCH(int, mode);
    START();
    QVERIFY(rig->write(50));
    QVERIFY(rig->waitDelivered());
    m_proxy->set(Mode(mode));
    QVERIFY(rig->write(200));
    if (Mode(mode) != Mode::Slow)
        QVERIFY(rig->waitTrouble());
    QVERIFY(rig->write(50));
    m_proxy->set(Mode::Pass);
    QVERIFY(rig->write(50));
    VERDICT();
    if (Mode(mode) != Mode::Slow)
        TOLD();
}

void TestNetwork::flapping()
{
    START();
    for (int i = 0; i < 12; ++i) {
        m_proxy->set(i % 3 == 0 ? Mode::Refuse : i % 3 == 1 ? Mode::Reset : Mode::CutAnswer);
        QVERIFY(rig->write(10));
        const quint64 before = rig->sender() ? rig->sender()->requests : 0;
        rig->waitUntil([&] { return rig->sender() && rig->sender()->requests > before; }, 300ms);
        m_proxy->set(Mode::Pass);
        QVERIFY(rig->write(10));
        rig->waitUntil([&] { return rig->sender()->trouble.isEmpty(); }, 300ms);
    }
    VERDICT();
    QCOMPARE(rig->witness().contradictions(), QStringList());
}

void TestNetwork::databaseIsKilled()
{
    START();
    QVERIFY(rig->write(100));
    m_server->kill();
    QVERIFY(rig->write(100));
    QVERIFY(rig->waitTrouble());
    QVERIFY(m_server->start());
    QVERIFY(rig->write(20));
    VERDICT();
    TOLD();
}

void TestNetwork::aDeadDatabaseIsNamedBeforeTheNextRecord()
{
    START();
    QVERIFY(rig->write(5));
    QVERIFY(rig->waitDelivered());
    const UtcTime killed = rig->clock().utcNow();
    m_server->kill();
    QVERIFY(rig->waitTrouble());
    QVERIFY(rig->clock().utcNow() < killed + 60s + rig->clock().pauseOfMachine());
    QVERIFY(m_server->start());
    VERDICT();
    TOLD();
}

void TestNetwork::databaseFreezes()
{
    START();
    QVERIFY(rig->write(100));
    m_server->freeze(); // connections stand, and nobody answers
    QVERIFY(rig->write(100));
    QVERIFY(rig->waitTrouble());
    m_server->thaw();
    VERDICT();
    TOLD();
}

void TestNetwork::databaseIsKilledAgainAndAgain()
{
    START();
    for (int i = 0; i < 5; ++i) {
        QVERIFY(rig->write(60));
        m_server->kill(); // in the middle of whatever it does
        QVERIFY(rig->write(20));
        QVERIFY(m_server->start());
    }
    VERDICT();
    QCOMPARE(rig->witness().contradictions(), QStringList());
}

void TestNetwork::databaseIsDropped()
{
    START();
    QVERIFY(rig->write(100));
    QVERIFY(rig->waitDelivered());
    m_server->query("DROP DATABASE \"market_data\"");
    QVERIFY(rig->write(10)); // refused with 404: made again, and not one line called bad
    QVERIFY(rig->waitDelivered());
    rig->auditNow();
    QVERIFY(rig->waitUntil([&] { return rig->audit() && rig->audit()->resent > 0; }));
    QVERIFY(rig->waitDelivered());
    // Candles and mark prices came back from the spool. What has no history is not in the index, and was re-sent only
    // as far as the outage reached: ticks and settled funding rates are history's and nobody's.
    QCOMPARE(verdictOfPrices(*rig), QString());
    QCOMPARE(rig->sender()->refused_lines, 0u);
    TOLD(QStringLiteral("404"));
}

// A write that the old database has taken, and whose answer comes when the new one was counted already.
void TestNetwork::databaseIsDroppedWithAnAnswerUnderWay()
{
    START([](DeliveryOptions &options) {
        options.factor = 200;                  // it looks whether the database is there once a second
        options.settings.retention = 24h * 40; // a year would have to be counted otherwise
        options.settings.timeout = 60s;
    });
    QVERIFY(rig->write(20));
    QVERIFY(rig->waitDelivered());
    m_proxy->set(FaultProxy::Mode::HoldOne);
    QVERIFY(rig->write(1));
    QVERIFY(rig->waitUntil([&] { return m_proxy->isHolding(); }));
    m_server->query("DROP DATABASE \"market_data\"");
    const quint64 lost = rig->audit() ? rig->audit()->lost : 0;
    QVERIFY(rig->waitUntil([&] { return rig->audit() && rig->audit()->lost > lost && rig->audit()->doubt.isEmpty(); }));
    QVERIFY(m_proxy->isHolding());
    m_proxy->set(FaultProxy::Mode::Pass);
    QVERIFY(rig->waitDelivered());
    QVERIFY(rig->waitUntil([&] { return verdictOfPrices(*rig).isEmpty(); }, 10s));
}

void TestNetwork::databaseForgetsADay()
{
    START();
    QVERIFY(rig->write(600));
    VERDICT();
    const QByteArray from = QByteArray::number(toMs(rig->begin()) + 60 * 180'000);
    const QByteArray to = QByteArray::number(toMs(rig->begin()) + 200 * 180'000);
    m_server->query("DELETE FROM \"ohlcv_3m\" WHERE time >= " + from + "ms AND time < " + to + "ms");
    QVERIFY(!verdict(*rig).isEmpty());
    rig->stop();
    // The next start counts all of it; what was lost is still in the spool.
    QVERIFY(rig->start());
    QVERIFY(rig->waitUntil([&] { return rig->audit() && rig->audit()->resent > 0; }));
    (void)rig->waitUntil([&] { return rig->audit()->lost >= 140u * 20u; }); // told as it goes on
    QCOMPARE(rig->audit()->lost, 140u * 20u);
    QCOMPARE(rig->audit()->resent, 140u * 20u);
    VERDICT();
    QVERIFY(rig->gaps().empty());
    TOLD_LOSS();
}

// What a count of hours can see of ticks, and of minutes of mark prices: an hour, a minute that is empty now. And what
// it cannot: some of an hour's trades, one of a minute's two prices.
void TestNetwork::databaseForgetsTicks()
{
    START([](DeliveryOptions &options) {
        options.pairs = 3;
        options.spool.keep_acknowledged = 0ms; // nothing is left to be sent again
    });
    QVERIFY(rig->write(60)); // three hours
    VERDICT();
    const UtcTime hour = candleOpen(Timeframe::H1, rig->begin() + 90min);
    const auto forget = [&](const QByteArray &measurement, int pair, UtcTime from, UtcTime to) {
        m_server->query("DELETE FROM \"" + measurement + "\" WHERE \"pair\" = '" + DeliveryRig::pair(pair).toUtf8() +
                        "' AND time >= " + QByteArray::number(toMs(from)) + "ms AND time < " +
                        QByteArray::number(toMs(to)) + "ms");
    };
    // The spool forgets what is confirmed with its segments: a new run has none of it.
    rig->stop();
    QVERIFY(rig->start());
    forget("trades", 0, hour, hour + 1h);
    forget("trades", 1, hour, hour + 30min); // the other half is there
    forget("mark_price", 2, hour + 6min, hour + 7min);
    QVERIFY(rig->waitUntil([&] { return rig->audit() && rig->audit()->passes > 0; }));
    rig->auditNow();
    QVERIFY(rig->waitUntil([&] { return rig->gaps().size() >= 2; }, 30s));
    QCOMPARE(rig->gaps().size(), size_t(2));
    for (const Gap &gap : rig->gaps()) {
        const bool trades = gap.stream.kind == StreamKind::Trades;
        QCOMPARE(gap.stream.pair, DeliveryRig::pair(trades ? 0 : 2));
        QVERIFY(gap.from == (trades ? hour : UtcTime(hour + 6min)));
        QVERIFY(gap.to == (trades ? hour + 1h : UtcTime(hour + 7min)));
        QCOMPARE(gap.state, trades ? GapState::Unfillable : GapState::Open); // nobody has trades again
        QVERIFY(gap.cause.contains(QLatin1String("database lost")));
    }
    TOLD_LOSS();
    QVERIFY(rig->waitUntil([&] { return rig->witness().troubles().isEmpty(); }, 20s));
}

void TestNetwork::databaseIsWiped()
{
    // And the spool that could have helped is gone too: history has to fetch it all.
    START();
    QVERIFY(rig->write(100));
    VERDICT();
    rig->stop();
    QVERIFY(QDir(store::influx::InfluxStore::spoolFolderIn(rig->folder())).removeRecursively());
    m_server->stop();
    m_server->wipe();
    QVERIFY(m_server->start());
    QVERIFY(rig->start());
    QVERIFY(rig->waitUntil([&] { return !rig->gaps().empty(); }));
    qint64 candles = 0;
    for (const Gap &gap : rig->gaps()) {
        QVERIFY(gap.cause.contains(QLatin1String("lost")));
        if (gap.stream.kind == StreamKind::Candles)
            candles += candlesBetween(gap.stream.timeframe, gap.from, gap.to);
    }
    QCOMPARE(candles, 100 * 20);
    QCOMPARE(rig->witness().contradictions(), QStringList());
}

void TestNetwork::restartsWithABacklog()
{
    m_proxy->set(Mode::Refuse);
    START();
    QVERIFY(rig->write(100));
    rig->stop();
    QVERIFY(rig->start());
    const SeriesKey series{QStringLiteral("binance-usdm"), DeliveryRig::pair(0), Timeframe::M3};
    const TimeSpan span{rig->begin(), rig->begin() + 100 * 3min};
    const auto index = rig->store().openIndex().value();
    QVERIFY(index->holes(series, span)->empty()); // on their way: nobody fetches them again
    QCOMPARE(index->isConfirmed({series.exchange, series.pair, StreamKind::Candles, series.timeframe}, span).value(),
             false);
    QVERIFY(rig->write(100));
    rig->stop();
    m_proxy->set(Mode::Pass);
    QVERIFY(rig->start());
    VERDICT();
    QVERIFY(rig->waitUntil([&] {
        return index->holes(series, span)->empty(); // of the store before: the new one has its own
    }));
    TOLD(QStringLiteral("Couldn't connect"));
}

void TestNetwork::theirDiskIsFull()
{
    SmallDisk disk(8);
    if (!disk.isThere())
        QSKIP("no right to mount a small disk");
    m_server =
        std::make_unique<InfluxServer>(InfluxServerOptions{.data_folder = disk.path() + QStringLiteral("/influx")});
    QVERIFY(m_server->start());
    refresh();
    START([](DeliveryOptions &options) { options.pairs = 100; });
    for (int i = 0; i < 100 && !(rig->sender() && !rig->sender()->trouble.isEmpty()); ++i) {
        QVERIFY(rig->write(60));
        rig->waitUntil([&] { return rig->sender() && !rig->sender()->trouble.isEmpty(); }, 200ms);
    }
    QVERIFY(rig->waitTrouble());
    QVERIFY2(rig->sender()->trouble.startsWith(QLatin1String("500")), qPrintable(rig->sender()->trouble));
    QVERIFY(rig->write(20));
    QVERIFY2(rig->sender()->advice.contains(QLatin1String("restarted")), qPrintable(rig->sender()->advice));
    QVERIFY(disk.grow(256));
    m_server->kill(); // it does not recover by itself
    QVERIFY(m_server->start());
    QVERIFY(rig->waitDelivered());
    QVERIFY(rig->waitUntil([&] { return rig->sender()->trouble.isEmpty(); }));
    // What came behind the tear in its log is readable, and gone after the next unclean stop (reference §8): the count
    // finds what it counts, and the spool has all of it. That second outage comes so soon after the first one that
    // nothing is sent again at once, and we stop before it is time: the next run does.
    m_server->kill();
    QVERIFY(rig->write(1));
    QVERIFY(rig->waitTrouble());
    QVERIFY(m_server->start());
    QVERIFY(rig->waitDelivered());
    rig->stop();
    QVERIFY(rig->start());
    QVERIFY(rig->waitUntil([&] { return rig->audit() && rig->audit()->passes > 0; }));
    VERDICT();
    QCOMPARE(rig->sender()->refused_lines, 0u);
    TOLD(QStringLiteral("500"));
}

void TestNetwork::ourDiskIsFull()
{
    SmallDisk disk(24);
    if (!disk.isThere())
        QSKIP("no right to mount a small disk");
    m_proxy->set(Mode::Refuse);
    START([&](DeliveryOptions &options) {
        options.folder = disk.path() + QStringLiteral("/data");
        options.pairs = 100;
        options.spool.max_size = qint64(1) << 30; // more than the disk has
    });
    // The disk fills up: candles go first, and are named; nothing else is refused or forgotten.
    QVERIFY(rig->write(500));
    m_proxy->set(Mode::Pass);
    QVERIFY(rig->waitDelivered());
    PointMap found = m_server->points();
    QVERIFY(!rig->evicted().empty());
    PointMap named = rig->expected();
    for (const StreamSpan &gone : rig->evicted()) {
        QVERIFY(gone.stream.kind == StreamKind::Candles || gone.stream.kind == StreamKind::MarkPrice ||
                gone.stream.kind == StreamKind::FundingRate);
        const QString tags = QStringLiteral(",exchange=%1,pair=%2|").arg(gone.stream.exchange, gone.stream.pair);
        for (const QString &measurement :
             {QStringLiteral("ohlcv_3m"), QStringLiteral("funding_rate"), QStringLiteral("mark_price")}) {
            for (auto at = toMs(gone.span.from); at < toMs(gone.span.to); at += 60'000)
                named.erase(measurement + tags + QString::number(at) + QStringLiteral("000000"));
        }
    }
    for (const auto &[key, fields] : named)
        QVERIFY2(found.contains(key), qPrintable(key + QStringLiteral(" is lost without a name")));
    TOLD(QStringLiteral("Couldn't connect"));
}

void TestNetwork::theSpoolIsFull()
{
    m_proxy->set(Mode::Refuse);
    START([](DeliveryOptions &options) {
        options.pairs = 60;
        options.spool.max_size = qint64(16) << 20;
    });
    QVERIFY(rig->write(800));
    const store::SpoolFigures figures = rig->store().parts().spool->figures();
    QVERIFY2(figures.bytes_on_disk <= figures.max_size, qPrintable(QString::number(figures.bytes_on_disk)));
    QVERIFY(figures.evicted_entries > 0);
    m_proxy->set(Mode::Pass);
    QVERIFY(rig->waitDelivered());
    // What is missing is exactly what was named.
    const SeriesKey series{QStringLiteral("binance-usdm"), DeliveryRig::pair(7), Timeframe::M3};
    const TimeSpan span{rig->begin(), rig->begin() + 800 * 3min};
    store::RunSet named(Timeframe::M3);
    for (const StreamSpan &gone : rig->evicted()) {
        if (gone.stream.pair == series.pair && gone.stream.kind == StreamKind::Candles)
            named.add(gone.span);
    }
    QVERIFY(!named.isEmpty());
    const auto reader = rig->store().openReader();
    QCOMPARE(reader.value()->holes(series, span).value(), named.runs());
    QCOMPARE(rig->store().openIndex().value()->holes(series, span).value(), named.runs());
    // Ticks are what nobody has again: all of them are there.
    QCOMPARE(reader.value()->tickCount(series.exchange, series.pair, QStringLiteral("trades"), span).value(), 1600);
    TOLD(QStringLiteral("Couldn't connect"));
}

void TestNetwork::bodiesAreTooLarge()
{
    m_server->stop();
    m_server->setHttp("max-body-size = 20000\n");
    QVERIFY(m_server->start());
    m_proxy->set(Mode::Refuse);
    START();
    QVERIFY(rig->write(400));
    m_proxy->set(Mode::Pass);
    VERDICT();
    QVERIFY(rig->waitUntil([&] { return rig->sender()->trouble.isEmpty(); }));
    QVERIFY(rig->sender()->failures.contains(QStringLiteral("413")));
    QCOMPARE(rig->sender()->refused_lines, 0u);
    TOLD(QStringLiteral("Couldn't connect"));
}

void TestNetwork::credentialsAreRefusedForAWhile()
{
    m_server = std::make_unique<InfluxServer>(InfluxServerOptions{.auth = true});
    QVERIFY(m_server->start());
    refresh();
    START();
    QVERIFY(rig->write(50));
    QVERIFY(rig->waitDelivered());
    m_server->query("SET PASSWORD FOR keeper = 'changed'");
    QVERIFY(rig->write(50));
    QVERIFY(rig->waitTrouble());
    QVERIFY(rig->waitUntil([&] { return rig->sender()->state == store::influx::SenderSnapshot::State::Parked; }));
    QVERIFY2(rig->sender()->trouble.startsWith(QLatin1String("401")), qPrintable(rig->sender()->trouble));
    QVERIFY(!rig->sender()->advice.isEmpty());
    // Somebody repairs it: it goes on by itself. (The rig's own eyes need the old password too.)
    config::InfluxSettings changed = m_server->settings();
    net::BlockingHttpClient http({});
    net::HttpCall call{.method = "POST", .url = store::influx::endpoint(changed, QStringLiteral("/query"))};
    call.headers.emplace_back("Authorization", "Basic " + QByteArray("keeper:changed").toBase64());
    call.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    call.body =
        "q=" + QUrl::toPercentEncoding(
                   QStringLiteral("SET PASSWORD FOR keeper = '%1'").arg(QString::fromUtf8(m_server->password())));
    QCOMPARE(http.send(call).status, 200);
    VERDICT();
    QCOMPARE(rig->sender()->refused_lines, 0u);
    TOLD(QStringLiteral("401"));
}

void TestNetwork::aChangedPasswordIsNamedBeforeTheNextRecord()
{
    m_server = std::make_unique<InfluxServer>(InfluxServerOptions{.auth = true});
    QVERIFY(m_server->start());
    refresh();
    START();
    QVERIFY(rig->write(5));
    QVERIFY(rig->waitDelivered());
    const UtcTime changed = rig->clock().utcNow();
    m_server->query("SET PASSWORD FOR keeper = 'changed'");
    QVERIFY(rig->waitTrouble()); // nothing is written meanwhile
    QVERIFY2(rig->sender()->trouble.startsWith(QLatin1String("401")), qPrintable(rig->sender()->trouble));
    QCOMPARE(rig->sender()->state, store::influx::SenderSnapshot::State::Parked);
    const milliseconds took = rig->clock().utcNow() - changed;
    QVERIFY2(took < 20s + rig->clock().pauseOfMachine(), qPrintable(ageText(took)));
}

// The pause between two tries has grown, and nothing is to be written: it is known to be back all the same.
void TestNetwork::aDatabaseThatIsBackIsToldSoon()
{
    START();
    QVERIFY(rig->write(5));
    QVERIFY(rig->waitDelivered());
    m_proxy->set(FaultProxy::Mode::Refuse);
    QVERIFY(rig->waitTrouble());
    const UtcTime away = rig->clock().utcNow();
    QVERIFY(rig->waitUntil([&] { return rig->clock().utcNow() > away + 180s; }));
    const auto tries = [&] {
        quint64 all = 0;
        for (const auto &[code, count] : rig->sender()->failures)
            all += count;
        return all;
    };
    const quint64 before = tries();
    QVERIFY(rig->waitUntil([&] { return tries() > before; })); // just tried: the next time is far away
    m_proxy->set(FaultProxy::Mode::Pass);
    const UtcTime back = rig->clock().utcNow();
    QVERIFY(rig->waitUntil([&] { return rig->sender()->trouble.isEmpty(); }));
    const milliseconds took = rig->sender()->at - back;
    QVERIFY2(took < 6s + rig->clock().pauseOfMachine(), qPrintable(ageText(took)));
    VERDICT();
}

void TestNetwork::badPointsAmongGoodOnes()
{
    START();
    QByteArray lines;
    const QByteArray head = "ohlcv_3m,exchange=binance-usdm,pair=BAD";
    const qint64 at = toMs(rig->begin());
    PointMap good;
    QByteArray good_lines;
    for (int i = 0; i < 500; ++i) {
        const QByteArray stamp = ' ' + QByteArray::number(at + i * 180'000) + '\n';
        const QByteArray line = head + QByteArray::number(i) + " close=" + QByteArray::number(i) + ".5" + stamp;
        lines += line;
        good_lines += line;
        if (i % 100 == 7)
            lines += head + "A close=NaN" + stamp;
        if (i % 100 == 21)
            lines += head + "B close=1.5,open=+1" + stamp;
    }
    rig->append(store::Lane::Candles, lines, false);
    addLines(rig->expected(), store::Lane::Candles, good_lines);
    QVERIFY(rig->write(50));
    VERDICT();
    QVERIFY(rig->waitUntil([&] { return rig->sender()->refused_lines == 10; }));
    const QStringList files = QDir(rig->folder() + QStringLiteral("/dead-letters")).entryList(QDir::Files);
    QCOMPARE(files.size(), 1);
    const auto letters = store::readDeadLetters(rig->folder() + QStringLiteral("/dead-letters/") + files.front());
    QCOMPARE(letters->size(), 10u);
    for (const store::DeadLetter &letter : *letters) {
        QVERIFY(letter.line.contains("NaN") || letter.line.contains("+1"));
        QCOMPARE(letter.status, 400);
        QVERIFY(letter.reason.contains(QLatin1String("unable to parse")));
        QCOMPARE(letter.precision, QStringLiteral("ms"));
    }
    QVERIFY(!rig->refused().empty()); // told to history, so that nobody fetches them for ever
    QCOMPARE(rig->witness().contradictions(), QStringList());
    QVERIFY2(rig->witness().sayings().contain(QStringLiteral("refused lines")),
             qPrintable(rig->witness().sayings().text()));
}

void TestNetwork::typeConflict()
{
    // Somebody else wrote an integer first: in that week our floats are refused, elsewhere they are not.
    m_server->query("CREATE DATABASE \"market_data\"");
    net::BlockingHttpClient http({});
    DeliveryOptions options;
    const UtcTime begin = DeliveryRig(options).begin();
    const net::HttpCall call{.method = "POST",
                             .url = store::influx::endpoint(m_server->settings(), QStringLiteral("/write"),
                                                            {{QStringLiteral("db"), QStringLiteral("market_data")},
                                                             {QStringLiteral("precision"), QStringLiteral("ms")}}),
                             .headers = {},
                             .body =
                                 "mark_price,exchange=other,pair=X price=1i " + QByteArray::number(toMs(begin)) + '\n'};
    QCOMPARE(http.send(call).status, 204);
    START();
    QVERIFY(rig->write(30));
    QVERIFY(rig->waitUntil([&] { return rig->sender() && rig->sender()->refused_lines == 30 * 20 * 3; }));
    QVERIFY(rig->waitDelivered());
    PointMap wanted = rig->expected();
    std::erase_if(wanted, [](const auto &point) { return point.first.startsWith(QLatin1String("mark_price")); });
    PointMap found = m_server->points();
    std::erase_if(found, [](const auto &point) { return point.first.startsWith(QLatin1String("mark_price")); });
    QCOMPARE(difference(wanted, found), QString());
    QVERIFY(!rig->witness().troubles().isEmpty()); // it lasts
    QVERIFY(rig->witness().sayings().contain(QStringLiteral("the database refuses mark_price for good")));
    QCOMPARE(rig->witness().contradictions(), QStringList());
}

void TestNetwork::pointsBeyondRetention()
{
    m_server->query("CREATE DATABASE \"market_data\" WITH DURATION 90d REPLICATION 1 NAME \"short\"");
    START();
    const UtcTime old = rig->clock().utcNow() - 100 * 24h;
    rig->append(store::Lane::Candles,
                "ohlcv_3m,exchange=binance-usdm,pair=OLD close=1.5 " + QByteArray::number(toMs(old)) + '\n', false);
    QVERIFY(rig->write(20));
    VERDICT();
    // What the database would drop for its age is not sent to it: neither stored nor a dead letter.
    QCOMPARE(rig->sender()->refused_lines, 0u);
    QCOMPARE(rig->refused().size(), 0u);
    const PointMap found = m_server->points();
    QVERIFY(
        std::ranges::none_of(found, [](const auto &point) { return point.first.contains(QLatin1String("pair=OLD")); }));
    QCOMPARE(rig->neverComplained(), QString());
}

void TestNetwork::fillsASecondDatabaseFromNothing()
{
    // A new engine on a database that is there already: it learns what it holds instead of fetching it all.
    {
        START();
        QVERIFY(rig->write(700));
        VERDICT();
    }
    START();
    QVERIFY(rig->waitUntil([&] { return rig->audit() && rig->audit()->passes > 0; }));
    const auto index = rig->store().openIndex().value();
    const SeriesKey series{QStringLiteral("binance-usdm"), DeliveryRig::pair(3), Timeframe::M3};
    QVERIFY(index->holes(series, {rig->begin(), rig->begin() + 700 * 3min})->empty());
    QCOMPARE(index->candleSeries()->size(), 20u);
    QVERIFY(index->markHoles(series.exchange, series.pair, {rig->begin(), rig->begin() + 700 * 3min})->empty());
    QCOMPARE(rig->neverComplained(), QString());
}

TK_TEST(TestNetwork, network);

} // namespace tk::test

#include "tst_network.moc"
