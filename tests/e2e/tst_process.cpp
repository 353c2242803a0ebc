#include "outside_witness.h"

#include "support/test_registry.h"

#include <QDir>
#include <QFile>

#include <csignal>
#include <random>

namespace tk::test {

using namespace std::chrono_literals;

class TestProcess : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void endsInOrderOnSigterm();
    void aSecondSigtermEndsAtOnce();
    void killedAtRandomMoments();
    void anotherEngineOnTheFolderIsRefused();
    void aDamagedStoreIsSetAsideAndRefilled();
    void anUnreachableExchangeIsNamed();
    void aStoppedEngineIsNotWell();
    void aChangedConfigurationIsTakenOnSighup();
    void configurationProblemsEndWithTwo();
    void needsNoGuiLibrary();
};

void TestProcess::endsInOrderOnSigterm()
{
    ProcessRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLog("first fill done"));
    rig.signal(SIGTERM);
    QVERIFY(rig.waitEnd(10s));
    QVERIFY2(rig.endedNormally(), rig.log().constData());
    QCOMPARE(rig.exitCode(), 0);
    QVERIFY(rig.log().contains("INFO app stopped"));
}

void TestProcess::aSecondSigtermEndsAtOnce()
{
    ProcessRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitReady());
    rig.signal(SIGTERM);
    rig.signal(SIGINT);
    QVERIFY(rig.waitEnd(5s));
    QVERIFY(rig.endedNormally());
}

void TestProcess::killedAtRandomMoments()
{
    const bool longRun = qEnvironmentVariableIsSet("TAPEKEEPER_LONG");
    const int kills = longRun ? 50 : 5;
    ProcessRig rig({.factor = 20});
    std::mt19937 random(20'261'120);
    for (int i = 0; i < kills; ++i) {
        QVERIFY(rig.start());
        // Anywhere from before the first request to well into live collecting.
        const milliseconds moment(std::uniform_int_distribution<int>(0, 60'000)(random)); // simulated
        QVERIFY(rig.waitSimulated(moment));
        rig.kill();
    }
    QCOMPARE(rig.ask({QStringLiteral("status")}).code, 3); // nobody runs, and nobody says it does
    QVERIFY(rig.start());
    QVERIFY(rig.waitReady());
    QCOMPARE(rig.verdict(), QString());
    OutsideWitness witness(rig);
    QCOMPARE(witness.waitWell(), QString());
    QVERIFY(witness.last().events.contains(QLatin1String("engine stopped at"))); // what was missed has its cause
}

void TestProcess::anotherEngineOnTheFolderIsRefused()
{
    ProcessRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitReady());
    QProcess second;
    second.setProcessChannelMode(QProcess::MergedChannels);
    second.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper"),
                 {QStringLiteral("--no-gui"), QStringLiteral("--config"), rig.configFile()});
    QVERIFY(second.waitForFinished(20'000));
    const QByteArray output = second.readAll();
    QVERIFY(second.exitCode() != 0);
    QVERIFY2(output.contains(QByteArray::number(rig.pid())), output.constData());
}

void TestProcess::aDamagedStoreIsSetAsideAndRefilled()
{
    ProcessRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLog("first fill done"));
    rig.kill();
    QFile store(rig.dataDir() + QStringLiteral("/market_data.sqlite"));
    QVERIFY(store.open(QIODevice::ReadWrite));
    store.write(QByteArray(8192, 'x'));
    store.close();
    QFile::remove(rig.dataDir() + QStringLiteral("/market_data.sqlite-wal"));
    QVERIFY(rig.start());
    QVERIFY(rig.waitReady());
    QVERIFY(rig.waitLog("corrupt"));
    OutsideWitness witness(rig);
    witness.look();
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(witness.waitWell(), QString());
    QVERIFY2(witness.last().says(QStringLiteral("the store began anew")), qPrintable(witness.last().events));
    const QStringList aside = QDir(rig.dataDir()).entryList({QStringLiteral("market_data.sqlite.corrupt-*")});
    QVERIFY(!aside.isEmpty());
}

void TestProcess::anUnreachableExchangeIsNamed()
{
    ProcessRig rig;
    rig.sim().stopListening();
    QVERIFY(rig.start());
    QVERIFY(rig.waitLog("does not work"));
    QVERIFY2(rig.log().contains("refused"), rig.log().constData());
    QVERIFY(rig.log().contains("nothing can be collected"));
    QVERIFY(rig.waitReady());
    OutsideWitness witness(rig);
    QCOMPARE(witness.waitTold({QStringLiteral("nothing is collected since"), QStringLiteral("refused")}), QString());
    QCOMPARE(witness.last().ready, 503);
    QVERIFY(!rig.log().contains("Heartbeat OK"));
    rig.sim().resumeListening(); // and goes on by itself
    QVERIFY(rig.waitLog("first fill done"));
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(witness.waitWell(), QString());
    QVERIFY(rig.waitLog("Heartbeat OK"));
}

// Stopped, as a hung machine or a debugger leaves it: nobody is told that all is well, and afterwards nobody is told
// that data came meanwhile.
void TestProcess::aStoppedEngineIsNotWell()
{
    ProcessRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLog("first fill done"));
    OutsideWitness witness(rig);
    QCOMPARE(witness.waitWell(), QString());
    rig.signal(SIGSTOP);
    const auto said = rig.ask({QStringLiteral("status")});
    QCOMPARE(said.code, 3);
    QVERIFY2(said.err.contains("answer"), said.err.constData());
    QVERIFY(rig.waitSimulated(3min));
    rig.signal(SIGCONT);
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(witness.waitWell(), QString());
}

void TestProcess::aChangedConfigurationIsTakenOnSighup()
{
    ProcessRig rig;
    rig.configure("pairs = [\"BTC/USDT:USDT\", \"ETH/USDT:USDT\"]\n");
    QVERIFY(rig.start());
    QVERIFY(rig.waitLog("pairs=2"));
    rig.configure("pairs = [\"BTC/USDT:USDT\", \"SOL/USDT:USDT\", \"XRP/USDT:USDT\"]\n");
    rig.signal(SIGHUP);
    QVERIFY(rig.waitLog("configuration reloaded"));
    QVERIFY(rig.waitLog("pairs=3"));
    QVERIFY(rig.waitLog("no longer collected exchange=binance-usdm pair=ETH/USDT:USDT"));
    rig.configure("pairs = 5\n"); // a bad one changes nothing
    rig.signal(SIGHUP);
    QVERIFY(rig.waitLog("going on with the one in force"));
    QVERIFY(rig.waitSimulated(60s));
    rig.signal(SIGTERM);
    QVERIFY(rig.waitEnd(10s));
    QCOMPARE(rig.exitCode(), 0);
}

void TestProcess::configurationProblemsEndWithTwo()
{
    ProcessRig rig;
    rig.configure("timeframe = [\"3m\"]\nweight_share = \"many\"\n");
    QProcess check;
    check.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper"),
                {QStringLiteral("check"), QStringLiteral("--config"), rig.configFile()});
    QVERIFY(check.waitForFinished(20'000));
    QCOMPARE(check.exitCode(), 2);
    const QByteArray problems = check.readAllStandardError();
    QVERIFY2(problems.contains("timeframe") && problems.contains("weight_share") &&
                 problems.contains("tapekeeper.toml:"),
             problems.constData());
}

void TestProcess::needsNoGuiLibrary()
{
    QProcess ldd;
    ldd.start(QStringLiteral("ldd"), {QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper-server")});
    QVERIFY(ldd.waitForFinished(20'000));
    const QByteArray libraries = ldd.readAll();
    QVERIFY(libraries.contains("libQt6Core"));
    QVERIFY(!libraries.contains("libQt6Gui") && !libraries.contains("libQt6Widgets") && !libraries.contains("libX11"));
}

} // namespace tk::test

using tk::test::TestProcess;
TK_TEST(TestProcess, process);
#include "tst_process.moc"
