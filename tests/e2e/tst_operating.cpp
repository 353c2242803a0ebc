// What an operator meets: wrong files, taken ports, no descriptors left, impatient process managers, and what the
// program says of it.
#include "link/link_client.h"
#include "outside_witness.h"
#include "support/test_registry.h"

#include <QDir>
#include <QFileInfo>
#include <QLocalSocket>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QSignalSpy>
#include <QTcpServer>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>

using namespace tk;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

ProcessOptions served(QByteArray http = "127.0.0.1:0")
{
    return {.pairs = 4,
            .factor = 20,
            .timeframes = {Timeframe::M1},
            .program = QStringLiteral("tapekeeper-server"),
            .http = std::move(http)};
}

const QStringList status{QStringLiteral("status"), QStringLiteral("--format"), QStringLiteral("csv")};
const QStringList gaps{QStringLiteral("gaps"), QStringLiteral("--format"), QStringLiteral("csv")};
const QStringList check{QStringLiteral("check")};

bool write(const QString &name, const QByteArray &text)
{
    QFile file(name);
    return file.open(QIODevice::WriteOnly) && file.write(text) == text.size();
}

} // namespace

class OperatingTest : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    // A page with status 200 in place of each answer, as hotels and tired proxies have them.
    void aPageInPlaceOfAnAnswerIsAFailure()
    {
        ProcessRig rig(served());
        rig.sim().addFault(
            {.fault = QStringLiteral("F15"), .duration = 150s, .parameters = {{QStringLiteral("status"), 200}}});
        QVERIFY(rig.start());
        QVERIFY(rig.waitLog("does not work"));
        QVERIFY(rig.waitSimulated(100s));
        OutsideWitness witness(rig);
        QCOMPARE(witness.waitTold({QStringLiteral("history does not work")}), QString());
        // Waits longer each time, and tells it a few times a minute.
        QVERIFY2(rig.sim().stats().restRequests < 40, qPrintable(QString::number(rig.sim().stats().restRequests)));
        const auto lines = rig.log().count("does not work") + rig.log().count("works again");
        QVERIFY2(lines <= 12, rig.log().constData());
        QVERIFY(!rig.log().contains("works again"));
        QVERIFY(rig.waitLog("first fill done"));
        QVERIFY(rig.waitLog("works again"));     // the last word is the right one
        QCOMPARE(witness.waitWell(), QString()); // streams that never showed data have to, too
    }

    // Now a page, now an answer: nobody wants to read of each.
    void whatAlternatesIsToldAFewTimes()
    {
        ProcessRig rig(served());
        QVERIFY(rig.start());
        QVERIFY(rig.waitLog("first fill done"));
        for (int turn = 0; turn < 20; ++turn) {
            rig.sim().addFault(
                {.fault = QStringLiteral("F15"), .duration = 3s, .parameters = {{QStringLiteral("status"), 200}}});
            QVERIFY(rig.waitSimulated(6s));
        }
        const auto lines = rig.log().count("does not work") + rig.log().count("works again");
        QVERIFY2(lines <= 4 * 4, qPrintable(QString::number(lines))); // in two minutes
        QCOMPARE(rig.verdict(), QString());
    }

    void whatIsKeptIsNotForEverybody()
    {
        ProcessRig rig(served());
        QVERIFY(rig.start());
        QVERIFY(rig.waitLog("first fill done"));
        QVERIFY(!(QFileInfo(rig.dataDir()).permissions() & QFile::Permissions(0x0077)));
        const auto files = QDir(rig.dataDir()).entryInfoList(QDir::Files | QDir::System | QDir::Hidden);
        QVERIFY(files.size() >= 4);
        for (const QFileInfo &file : files)
            QVERIFY2(!(file.permissions() & QFile::Permissions(0x0007)), qPrintable(file.fileName()));
    }

    // It ended the check, a running engine on SIGHUP, and one that was asked over the link.
    void aDeepConfigurationEndsNothing()
    {
        ProcessRig rig(served());
        QVERIFY(rig.start());
        QVERIFY(rig.waitLog("first fill done"));
        const QByteArray deep = QByteArray("a.").repeated(32'000) + "a = 1\n";
        QFile file(rig.configFile());
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray original = file.readAll();
        file.close();
        QVERIFY(write(rig.configFile(), deep));
        rig.signal(SIGHUP);
        QVERIFY(rig.waitLog("going on with the one in force"));
        const auto checked = rig.ask(check);
        QCOMPARE(checked.code, 2);
        QVERIFY2(checked.err.contains("levels"), checked.err.constData());
        link::LinkClient client;
        QSignalSpy finished(&client, &link::LinkClient::finished);
        client.connectTo(rig.dataDir() + QStringLiteral("/engine.sock"));
        client.request(QStringLiteral("settings-check"), {{QStringLiteral("text"), QString::fromLatin1(deep)}});
        QVERIFY(finished.wait(20'000));
        QVERIFY(write(rig.configFile(), original));
        rig.signal(SIGHUP);
        QVERIFY(rig.waitLog("configuration reloaded"));
        QVERIFY(rig.isRunning());
    }

    // `timeout` and process managers send it to the process and to its group.
    void twoSigtermsAtOnceAreOne()
    {
        ProcessRig rig(served());
        QVERIFY(rig.start());
        QVERIFY(rig.waitLog("first fill done"));
        rig.signal(SIGTERM);
        rig.signal(SIGTERM);
        QVERIFY(rig.waitEnd(20s));
        QVERIFY(rig.endedNormally());
        QCOMPARE(rig.exitCode(), 0);
        QVERIFY2(rig.log().contains("stopped") && !rig.log().contains("asked twice"), rig.log().constData());
    }

    void aTakenPortIsToldAndTriedAgain()
    {
        QTcpServer other;
        QVERIFY(other.listen(QHostAddress::LocalHost));
        const QByteArray port = QByteArray::number(other.serverPort());
        ProcessRig rig(served("127.0.0.1:" + port));
        QVERIFY(rig.start());
        QVERIFY(rig.waitLog("first fill done"));
        QVERIFY(rig.log().contains("metrics and health cannot be asked for"));
        const auto said = rig.ask(status);
        QCOMPARE(said.code, 1);
        QVERIFY2(said.err.contains("metrics and health cannot be asked for"), said.err.constData());
        other.close();
        QNetworkAccessManager web;
        const auto health = [&] {
            std::unique_ptr<QNetworkReply> reply(web.get(
                QNetworkRequest(QUrl(QStringLiteral("http://127.0.0.1:%1/healthz").arg(QString::fromLatin1(port))))));
            QSignalSpy answered(reply.get(), &QNetworkReply::finished);
            return (reply->isFinished() || answered.wait(2'000)) && reply->error() == QNetworkReply::NoError;
        };
        QTRY_VERIFY_WITH_TIMEOUT(health(), 20'000);
        QVERIFY(!rig.ask(status).err.contains("metrics and health"));
    }

    // The demo runs beside an engine, which has the usual port.
    void theDemoTakesAFreePort()
    {
        QTcpServer other;
        QVERIFY(other.listen(QHostAddress::LocalHost));
        const QByteArray port = QByteArray::number(other.serverPort());
        QTemporaryDir dir;
        const QString file = dir.filePath(QStringLiteral("t.toml"));
        QVERIFY(write(file, "[engine]\ndata_dir = \"" + dir.path().toUtf8() + "\"\nhttp = \"127.0.0.1:" + port +
                                "\"\n[[exchange]]\ntimeframes = [\"1h\"]\nhistory = 5\n"));
        QProcess demo;
        demo.setProcessChannelMode(QProcess::MergedChannels);
        demo.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper-server"),
                   {QStringLiteral("--no-gui"), QStringLiteral("--demo"), QStringLiteral("--demo-pairs"),
                    QStringLiteral("10"), QStringLiteral("--config"), file});
        QByteArray log;
        QTRY_VERIFY_WITH_TIMEOUT(
            (log += demo.readAll()).contains("engine started") || demo.state() == QProcess::NotRunning, 30'000);
        QVERIFY2(demo.state() == QProcess::Running, log.constData());
        demo.terminate();
        QVERIFY(demo.waitForFinished(20'000));
        log += demo.readAll();
        QVERIFY2(log.contains(" http=") && !log.contains(" http=" + port) && !log.contains(" http=off"),
                 log.constData());
        QCOMPARE(demo.exitCode(), 0);
    }

    // The socket was gone for ever, and nobody was told.
    void noDescriptorsLeft()
    {
        ProcessRig rig(served());
        QVERIFY(rig.start());
        QVERIFY(rig.waitLog("first fill done"));
        const QString socket = rig.dataDir() + QStringLiteral("/engine.sock");
        const auto used = QDir(QStringLiteral("/proc/%1/fd").arg(rig.pid())).entryList(QDir::AllEntries | QDir::System);
        rlimit few{rlim_t(used.size() + 2), rlim_t(used.size() + 2)};
        rlimit before{};
        QCOMPARE(::prlimit(pid_t(rig.pid()), RLIMIT_NOFILE, nullptr, &before), 0);
        few.rlim_max = before.rlim_max;
        QCOMPARE(::prlimit(pid_t(rig.pid()), RLIMIT_NOFILE, &few, nullptr), 0);
        std::vector<std::unique_ptr<QLocalSocket>> clients;
        for (int i = 0; i < 20; ++i) {
            clients.push_back(std::make_unique<QLocalSocket>());
            clients.back()->connectToServer(socket);
        }
        QVERIFY(rig.waitLog("local clients have to wait"));
        QVERIFY(rig.log().contains("ulimit"));
        QVERIFY(QFile::exists(socket));
        clients.clear();
        QCOMPARE(::prlimit(pid_t(rig.pid()), RLIMIT_NOFILE, &before, nullptr), 0);
        OutsideWitness witness(rig);
        QCOMPARE(witness.waitWell(), QString());
    }

    // Pipes in place of the files of the data folder that an engine reads at its start: it starts, and ends when asked.
    void whatIsNoFileHangsNobody()
    {
        ProcessRig rig(served());
        QVERIFY(QDir().mkpath(rig.dataDir()));
        for (const char *name : {"instruments-binance-usdm.json", "backfills.json"})
            QCOMPARE(::mkfifo(QFile::encodeName(rig.dataDir() + u'/' + QLatin1String(name)).constData(), 0600), 0);
        QVERIFY(rig.start());
        QVERIFY(rig.waitReady());
        OutsideWitness witness(rig);
        QCOMPARE(witness.waitWell(), QString());
        rig.signal(SIGTERM);
        QVERIFY(rig.waitEnd(20s));
        QVERIFY(rig.endedNormally());
    }

    // A pair that was renamed at the exchange: not only a line in the log at the start.
    void aPairThatIsNotListedIsNamed()
    {
        ProcessOptions options = served();
        options.configuration = "pairs = [\"BTC/USDT:USDT\", \"MATIC/USDT:USDT\"]\n";
        ProcessRig rig(options);
        QVERIFY(rig.start());
        QVERIFY(rig.waitReady());
        ProcessRig::Answer said;
        const QByteArray row = "MATIC/USDT:USDT,not collected,,not listed (was it renamed?)";
        QTRY_VERIFY_WITH_TIMEOUT((said = rig.ask(status)).out.contains(row), 20'000); // once the list is here
        QCOMPARE(said.code, 1);
        OutsideWitness witness(rig);
        witness.look();
        QCOMPARE(witness.contradictions(), QStringList());
        QVERIFY2(said.err.contains("MATIC/USDT:USDT is wanted and not collected"), said.err.constData());
        const auto missing = rig.ask(gaps);
        QCOMPARE(missing.code, 1);
        QVERIFY2(missing.out.contains("MATIC/USDT:USDT") && missing.out.contains("not listed"),
                 missing.out.constData());
        rig.configure("pairs = [\"BTC/USDT:USDT\"]\n");
        rig.signal(SIGHUP);
        QVERIFY(rig.waitLog("configuration reloaded"));
        QTRY_VERIFY(!rig.ask(status).out.contains("MATIC"));
        QVERIFY(!rig.ask(gaps).out.contains("MATIC"));
    }

    void checkSaysWhatIsOpenAndNeverHangs()
    {
        ProcessRig rig(served("0.0.0.0:0"));
        const auto open = rig.ask(check);
        QCOMPARE(open.code, 0);
        QVERIFY2(open.err.contains("warning: engine.http"), open.err.constData());
        QVERIFY(QFile::remove(rig.configFile()));
        QCOMPARE(::mkfifo(QFile::encodeName(rig.configFile()).constData(), 0600), 0);
        QCOMPARE(rig.ask(check).code, 2); // at once
        QVERIFY(QFile::remove(rig.configFile()));
        QVERIFY(QFile::link(QStringLiteral("/dev/zero"), rig.configFile()));
        QCOMPARE(rig.ask(check).code, 2);
    }
};

TK_TEST(OperatingTest, operating);
#include "tst_operating.moc"
