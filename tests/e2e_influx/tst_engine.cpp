// The whole engine with InfluxDB as its store, against the simulator: whatever happens to the database, the set of
// candles there equals the exchange's truth in the end, and no gap was called closed before.
#include "engine_rig.h"
#include "support/influx/fault_proxy.h"
#include "support/influx/influx_server.h"
#include "support/test_registry.h"
#include "telling.h"

#include <QTest>

namespace tk::test {

using namespace std::chrono_literals;
using Mode = FaultProxy::Mode;

namespace {

// The streams go on: what is collected waits in the spool, and written is not stored.
const QStringList awayFaces{QStringLiteral("status"), QStringLiteral("ready"), QStringLiteral("event"),
                            QStringLiteral("window")};
const QString away = QStringLiteral("the database does not take records");

} // namespace

class TestEngine : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void collects();
    void startsWithoutADatabase();
    void anHourWithoutADatabase();
    void databaseIsKilledWhileCollecting();
    void gapsStayOpenUntilTheDatabaseConfirms();
    void aFullSpoolIsRefilledFromHistory();
    void databaseForgetsWhatItAcknowledged();
    void aDatabaseThatWasThereBefore();
    void tellsItsHealth();

private:
    RigOptions options() const
    {
        RigOptions options;
        options.factor = 60;
        options.truth = m_server->settings();
        options.adjust = [this](config::Settings &settings) {
            settings.store.kind = QStringLiteral("influx");
            settings.store.influx = m_server->settings();
            settings.store.influx.url.setPort(m_proxy->port());
            settings.store.influx.timeout = 2s;
        };
        return options;
    }

    std::unique_ptr<InfluxServer> m_server;
    std::unique_ptr<FaultProxy> m_proxy;
};

void TestEngine::initTestCase()
{
    if (!InfluxServer::isInstalled())
        QSKIP("no influxd on this machine");
}

void TestEngine::init()
{
    m_server = std::make_unique<InfluxServer>();
    QVERIFY(m_server->start());
    m_proxy = std::make_unique<FaultProxy>(m_server->port());
}

void TestEngine::cleanup()
{
    m_proxy.reset();
    m_server.reset();
}

void TestEngine::collects()
{
    EngineRig rig(options());
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::calm(rig);
    QVERIFY(rig.waitSimulated(8min));
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
    // Beside the candles: rates and mark prices of every pair.
    const PointMap points = m_server->points();
    for (const exchange::Instrument &instrument : rig.instruments()) {
        for (const char *measurement : {"funding_rate", "mark_price"}) {
            const QString prefix =
                QStringLiteral("%1,exchange=binance-usdm,pair=%2|").arg(QLatin1String(measurement), instrument.unified);
            const auto found = points.lower_bound(prefix);
            QVERIFY2(found != points.end() && found->first.startsWith(prefix), qPrintable(prefix));
        }
    }
    QCOMPARE(said.verdict(), QString());
    rig.stop();
    QCOMPARE(m_proxy->mode(), Mode::Pass);
}

void TestEngine::startsWithoutADatabase()
{
    m_proxy->set(Mode::Refuse);
    EngineRig rig(options());
    QVERIFY(rig.start());
    auto said = Telling::troubleNow(rig, awayFaces, 60s, {away});
    QVERIFY(rig.waitUntil([&] { return rig.feed() && rig.feed()->count(StreamState::Live) > 0; }));
    QVERIFY(rig.waitUntil([&] { return rig.sender() && !rig.sender()->trouble.isEmpty(); }));
    QVERIFY(rig.waitSimulated(5min));
    QVERIFY(rig.history()->fill.active); // everything is fetched, nothing is confirmed: it does not call that done
    m_proxy->set(Mode::Pass);
    QVERIFY(rig.waitLive());
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
    QVERIFY(!rig.hasEvent(QStringLiteral("Database counted from end to end"))); // nothing was ever in it
    QCOMPARE(said.verdict(), QString());
}

void TestEngine::anHourWithoutADatabase()
{
    RigOptions given = options();
    given.pairs = 40;
    given.factor = 80;
    EngineRig rig(given);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::trouble(rig, awayFaces, 30s, {away, QStringLiteral("in the spool")});
    m_proxy->set(Mode::Refuse);
    QVERIFY(rig.waitSimulated(1h));
    QVERIFY(!rig.sender()->trouble.isEmpty());
    QVERIFY(rig.sender()->spool.waitingBytes() > 0);
    // Still so after an hour, and since when.
    QVERIFY(!rig.isReady());
    QVERIFY2(rig.reasons().join(u' ').contains(away), qPrintable(rig.reasons().join(u' ')));
    QVERIFY(rig.clock().utcNow() - rig.sender()->trouble_since > 55min);
    m_proxy->set(Mode::Pass);
    QVERIFY(rig.waitUntil([&] { return rig.sender()->trouble.isEmpty(); }));
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
    QCOMPARE(said.verdict(), QString());
}

void TestEngine::databaseIsKilledWhileCollecting()
{
    EngineRig rig(options());
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    for (int i = 0; i < 3; ++i) {
        QVERIFY(rig.waitSimulated(90s));
        auto said = Telling::trouble(rig, awayFaces, 30s, {away}); // each time, once the last was over
        m_server->kill();
        QVERIFY(rig.waitSimulated(2min));
        QCOMPARE(said.told(), QString());
        QVERIFY(m_server->start());
        QCOMPARE(said.verdict(), QString());
    }
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
}

void TestEngine::gapsStayOpenUntilTheDatabaseConfirms()
{
    EngineRig rig(options());
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    auto said = Telling::trouble(rig, awayFaces, 30s, {away});
    m_proxy->set(Mode::Refuse);
    QVERIFY(rig.waitUntil([&] { return !rig.sender()->trouble.isEmpty(); }));
    const UtcTime away = rig.clock().utcNow();
    // Now the exchange goes as well, for long enough that candles are missed, and comes back.
    const auto fault = rig.sim().addFault({.fault = QStringLiteral("mute-all"), .duration = 4min});
    QVERIFY(fault != 0);
    QVERIFY(rig.waitSimulated(9min));
    // What was missed is fetched and safe in the spool. That is not stored, so the gaps are open.
    const auto index = rig.engine().store()->openIndex().value();
    qsizetype waiting = 0;
    for (const Gap &gap : rig.gaps()) {
        if (gap.stream.kind != StreamKind::Candles || gap.opened < away)
            continue;
        QVERIFY2(!gap.isSettled() || gap.reason.startsWith(QLatin1String("nothing was missing")),
                 qPrintable(gap.reason));
        waiting += gap.isSettled() ? 0 : 1;
    }
    QVERIFY(waiting > 0);
    m_proxy->set(Mode::Pass);
    QVERIFY(rig.waitHealthy());
    for (const Gap &gap : rig.gaps())
        QVERIFY(gap.isSettled());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
}

void TestEngine::aFullSpoolIsRefilledFromHistory()
{
    RigOptions given = options();
    given.streams.append(QStringLiteral("trades")); // what nobody has again, and a lot of it
    given.adjust = [adjust = given.adjust](config::Settings &settings) {
        adjust(settings);
        settings.spool.max_size = qint64(2) << 20; // less than the configuration would take: it fills in minutes
    };
    EngineRig rig(given);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::trouble(rig, awayFaces, 30s, {away, QStringLiteral("spool was full")});
    m_proxy->set(Mode::Refuse);
    // A server that is slow to make its database may have seen some of it already, in the first fill.
    const auto before = rig.sender() ? rig.sender()->spool.evicted_entries : 0;
    QVERIFY(rig.waitUntil([&] { return rig.sender() && rig.sender()->spool.evicted_entries > before; }, 180s));
    QVERIFY(rig.waitSimulated(5min));
    QVERIFY(rig.sender()->spool.bytes_on_disk <= rig.sender()->spool.max_size);
    const std::vector<Gap> gaps = rig.gaps();
    QVERIFY(std::ranges::any_of(gaps, [](const Gap &gap) {
        return gap.stream.kind == StreamKind::Candles && gap.cause.contains(QLatin1String("spool was full")) &&
               !gap.isSettled();
    }));
    QVERIFY(rig.gapsOpenMetric() > 0);
    QCOMPARE(rig.status().value(QLatin1String("gaps_open")).toInteger(), rig.gapsOpenMetric());
    m_proxy->set(Mode::Pass);
    QCOMPARE(rig.verdict(), QString()); // candles went first, since the exchange's history has them
    QVERIFY(rig.waitHealthy());
    for (const Gap &gap : rig.gaps())
        QVERIFY(gap.isSettled());
    QCOMPARE(rig.gapsOpenMetric(), 0);
    QCOMPARE(said.verdict(), QString());
}

void TestEngine::databaseForgetsWhatItAcknowledged()
{
    RigOptions given = options();
    given.auditEvery = 3min;
    given.history = 60;
    given.adjust = [adjust = given.adjust](config::Settings &settings) {
        adjust(settings);
        settings.store.influx.retention = 14 * 24h; // all of it is counted twice
    };
    EngineRig rig(given);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitUntil([&] { return rig.audit() && rig.audit()->passes > 0; }));
    // An hour of one measurement, and all of a pair: the count finds it, the spool has it.
    auto said = Telling::trouble(
        rig, {QStringLiteral("status"), QStringLiteral("ready"), QStringLiteral("event"), QStringLiteral("window")},
        4min, // counted every three minutes
        {QStringLiteral("the database is being counted from end to end"),
         QStringLiteral("The database lost what it had acknowledged")});
    const qint64 now = toMs(rig.clock().utcNow());
    m_server->query("DELETE FROM \"ohlcv_1m\" WHERE time >= " + QByteArray::number(now - 1'800'000) + "ms AND time < " +
                    QByteArray::number(now) + "ms");
    m_server->query("DELETE FROM \"ohlcv_3m\" WHERE \"pair\" = 'BTC/USDT:USDT'");
    QVERIFY(rig.waitUntil([&] { return rig.audit()->lost > 0; }));
    QVERIFY(rig.waitUntil([&] { return rig.audit()->resent > 0; }));
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
    QCOMPARE(said.verdict(), QString());
}

void TestEngine::aDatabaseThatWasThereBefore()
{
    {
        EngineRig rig(options());
        QVERIFY(rig.start());
        QVERIFY(rig.waitLive());
    }
    // A new engine without any memory of it: it fetches what it is told to, learns the rest, and nothing is twice.
    EngineRig rig(options());
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::calm(rig); // it holds more than was put into it, and that is no trouble
    QVERIFY(rig.waitUntil([&] { return rig.audit() && rig.audit()->passes > 0; }));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(said.verdict(), QString());
    QCOMPARE(rig.contradictions(), QStringList());
}

void TestEngine::tellsItsHealth()
{
    EngineRig rig(options());
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitUntil([&] {
        return rig.engine().metrics().text().find("tapekeeper_points_delivered_total 0\n") == std::string::npos;
    }));
    auto said = Telling::trouble(rig, awayFaces, 30s, {away});
    m_proxy->set(Mode::Refuse);
    QVERIFY(rig.waitUntil([&] { return !rig.sender()->trouble.isEmpty(); }));
    QVERIFY(rig.waitSimulated(90s));
    QVERIFY(rig.waitUntil([&] {
        const std::string text = rig.engine().metrics().text();
        return text.find("tapekeeper_store_errors_total{code=\"unreachable\"}") != std::string::npos &&
               text.find("tapekeeper_spool_waiting_bytes 0\n") == std::string::npos;
    }));
    QVERIFY(!rig.engine().health().readiness().good); // it collects, and says that the database does not take it
    m_proxy->set(Mode::Pass);
    QVERIFY(rig.waitUntil([&] { return rig.engine().health().readiness().good; }));
    QCOMPARE(said.verdict(), QString());
}

TK_TEST(TestEngine, engine);

} // namespace tk::test

#include "tst_engine.moc"
