// kill -9: of ours, of theirs and of both, at moments nobody chose.
#include "outside_witness.h"
#include "support/influx/influx_server.h"
#include "support/test_registry.h"

#include <QTest>

#include <csignal>
#include <random>

namespace tk::test {

using namespace std::chrono_literals;

class TestKills : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void killed_data();
    void killed();
    void endsInOrderWithoutADatabase();
};

namespace {

QByteArray storeLines(const InfluxServer &server)
{
    return "[store]\nkind = \"influx\"\n[store.influx]\ntimeout = \"2s\"\nurl = \"" +
           server.settings().url.toEncoded() + "\"\n";
}

} // namespace

void TestKills::initTestCase()
{
    if (!InfluxServer::isInstalled())
        QSKIP("no influxd on this machine");
}

void TestKills::killed_data()
{
    QTest::addColumn<bool>("ours");
    QTest::addColumn<bool>("theirs");
    QTest::newRow("ours") << true << false;
    QTest::newRow("theirs") << false << true;
    QTest::newRow("both") << true << true;
}

void TestKills::killed()
{
    QFETCH(bool, ours);
    QFETCH(bool, theirs);
    const int kills = qEnvironmentVariableIsSet("TAPEKEEPER_LONG") ? 30 : 4;
    InfluxServer server;
    QVERIFY(server.start());
    ProcessRig rig({.factor = 20, .truth = server.settings()});
    rig.configure(storeLines(server));
    std::mt19937 random(20'261'121);
    const auto moment = [&] { return milliseconds(std::uniform_int_distribution<int>(0, 60'000)(random)); };
    OutsideWitness witness(rig);
    bool running = false;
    for (int i = 0; i < kills; ++i) {
        if (!std::exchange(running, true))
            QVERIFY(rig.start());
        QVERIFY(rig.waitSimulated(moment()));
        if (theirs)
            server.kill();
        if (theirs && ours)
            QVERIFY(rig.waitSimulated(moment() / 4)); // spooling
        if (ours) {
            rig.kill();
            running = false;
        } else {
            QCOMPARE(witness.waitTold({QStringLiteral("the database does not take records")}), QString());
            QCOMPARE(witness.last().ready, 503);
        }
        if (theirs) {
            QVERIFY(rig.waitSimulated(moment() / 4));
            QVERIFY(server.start());
        }
    }
    if (!running)
        QVERIFY(rig.start());
    QVERIFY(rig.waitReady());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(witness.waitWell(), QString());
    rig.signal(SIGTERM);
    QVERIFY(rig.waitEnd(10s));
    QVERIFY(rig.endedNormally());
    QCOMPARE(rig.exitCode(), 0);
}

void TestKills::endsInOrderWithoutADatabase()
{
    InfluxServer server;
    QVERIFY(server.start());
    ProcessRig rig({.truth = server.settings()});
    rig.configure(storeLines(server));
    QVERIFY(rig.start());
    QVERIFY(rig.waitLog("first fill done"));
    server.freeze(); // it listens, and never answers
    QVERIFY(rig.waitLog("the database does not take records"));
    OutsideWitness witness(rig);
    QCOMPARE(witness.waitTold({QStringLiteral("the database does not take records")}), QString());
    QCOMPARE(witness.last().ready, 503);
    rig.signal(SIGTERM);
    QVERIFY2(rig.waitEnd(10s), rig.log().right(2000).constData());
    QVERIFY2(rig.endedNormally(), rig.log().right(2000).constData());
    QCOMPARE(rig.exitCode(), 0);
    QVERIFY(rig.log().contains("stays in the spool"));
    server.thaw();
    QVERIFY(rig.start());
    QVERIFY(rig.waitReady());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(witness.waitWell(), QString());
}

TK_TEST(TestKills, kills);

} // namespace tk::test

#include "tst_kills.moc"
