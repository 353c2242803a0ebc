// The disk of the spool takes nothing any more while the engine collects, and the database is well: everybody says so,
// what cannot be spooled waits or is a gap, and the database has all of it in the end.
#include "engine_rig.h"
#include "readonly_disk.h"
#include "support/influx/influx_server.h"
#include "support/test_registry.h"
#include "telling.h"

#include <QTest>

namespace tk::test {

using namespace std::chrono_literals;

class TestSpoolDisk : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void becomesReadOnly();
};

void TestSpoolDisk::becomesReadOnly()
{
    if (!InfluxServer::isInstalled())
        QSKIP("no influxd on this machine");
    if (!ReadOnlyDisk::isPossible())
        QSKIP("a sanitizer stands between the program and the system here");
    InfluxServer server;
    QVERIFY(server.start());
    RigOptions options;
    options.factor = 60;
    options.pairs = 6;
    options.truth = server.settings();
    options.adjust = [&](config::Settings &settings) {
        settings.store.kind = QStringLiteral("influx");
        settings.store.influx = server.settings();
        settings.store.influx.timeout = 2s;
    };
    EngineRig rig(options);
    ReadOnlyDisk disk(rig.dataDir());
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    auto said = Telling::trouble(
        rig, {QStringLiteral("status"), QStringLiteral("ready"), QStringLiteral("event"), QStringLiteral("window")},
        20s, // the ledger is written every ten seconds, the spool every minute
        {QStringLiteral("the store does not take records"), QStringLiteral("Read-only file system")});
    disk.set(true);
    QVERIFY(rig.waitUntil([&] { return !rig.isReady() && !rig.reasons().isEmpty(); }, 20s));
    QVERIFY(ReadOnlyDisk::refusals() > 0);
    rig.sim().addFault(
        {.fault = QStringLiteral("F4"), .stream = {}, .connection = 0, .duration = 2min, .parameters = {}});
    QVERIFY(rig.waitUntil([&] { return rig.gapsOpenMetric() > 0; }, 20s));
    QVERIFY(rig.waitSimulated(4min));
    QVERIFY(!rig.isReady());
    QVERIFY(rig.gapsOpenMetric() > 0);
    disk.set(false);
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
    QCOMPARE(said.verdict(), QString());
    QCOMPARE(rig.gapsOpenMetric(), 0);
    // The next start finds spool, index and ledger as they are on the disk.
    rig.stop();
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
}

TK_TEST(TestSpoolDisk, spool_disk);

} // namespace tk::test

#include "tst_spool_disk.moc"
