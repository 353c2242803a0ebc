// The program, the thread for tests, TLS, replay, and how much it can send.
#include "sim_client.h"
#include "support/exchange/simulator_thread.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <QElapsedTimer>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>

namespace tk::sim {

using namespace std::chrono_literals;

class TestProgram : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void runsOnAThread();
    void printsItsUrlsAndEndsOnSigterm();
    void endsWithItsInput();
    void explainsBadOptions();
    void agreesWithAnotherOneOnFastTime();
    void speaksTls();
    void replaysRecordings();
    void sendsEachFrameInItsSegment();
    void sustainsTheLoad();

private:
    QJsonObject start(QProcess &process, const QStringList &arguments);
};

QJsonObject TestProgram::start(QProcess &process, const QStringList &arguments)
{
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    process.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper-exchange"), arguments);
    (void)QTest::qWaitFor([&] { return process.canReadLine() || process.state() == QProcess::NotRunning; }, 20'000);
    return QJsonDocument::fromJson(process.readLine()).object();
}

void TestProgram::runsOnAThread()
{
    const auto clock = std::make_shared<test::ManualClock>();
    SimSettings settings;
    settings.pairs = 12;
    SimulatorThread simulator(settings, clock);
    QVERIFY(simulator.status());
    WsClient client(simulator.wsUrl(), QStringLiteral("/market/stream?streams=btcusdt@markPrice@1s"));
    QTRY_VERIFY(client.isOpen());
    const int id =
        simulator.addFault({.fault = QStringLiteral("F5"), .stream = QStringLiteral("btcusdt@markPrice@1s")});
    QVERIFY(id > 0);
    QCOMPARE(simulator.addFault({.fault = QStringLiteral("nothing")}), 0);
    clock->advance(3s);
    const quint64 ticks = simulator.stats().ticks;
    QTRY_VERIFY(simulator.stats().ticks > ticks + 2);
    QCOMPARE(client.texts.size(), 0);
    simulator.clearFault(id);
    clock->advance(1s);
    QTRY_COMPARE(client.texts.size(), 1);
    const UtcTime now = clock->utcNow();
    const std::vector<Candle> truth = simulator.truth(QStringLiteral("BTCUSDT"), Timeframe::M3, {now - 1h - 4s, now});
    QCOMPARE(truth.size(), size_t(20));
    QVERIFY(!simulator.truthFunding(QStringLiteral("BTCUSDT"), {now - 48h, now}).empty());
    QCOMPARE(simulator.symbols().size(), 12 + 1); // with BTCDOM
    QCOMPARE(simulator.connections().size(), 1);
    simulator.stopListening();
    QTRY_VERIFY(client.ended);
    simulator.resumeListening();
    WsClient again(simulator.wsUrl(), QStringLiteral("/market/ws"));
    QTRY_VERIFY(again.isOpen());
    simulator.listInstrument(QStringLiteral("NEWUSDT"), now);
    simulator.delist(QStringLiteral("NEWUSDT"), now + 1h);
    QVERIFY(simulator.symbols().contains(QStringLiteral("NEWUSDT")));
}

void TestProgram::printsItsUrlsAndEndsOnSigterm()
{
    QProcess process;
    const QJsonObject urls = start(process, {QStringLiteral("--pairs"), QStringLiteral("5"), QStringLiteral("--faults"),
                                             QStringLiteral(R"([{"fault":"mute-all"}])")});
    QVERIFY(urls.contains(QLatin1String("ws")));
    QCOMPARE(RestClient(QUrl(urls.value(QLatin1String("rest")).toString())).get(QStringLiteral("/fapi/v1/ping")).status,
             200);
    RestClient control(QUrl(urls.value(QLatin1String("control")).toString()));
    QCOMPARE(control.get(QStringLiteral("/faults")).object().value(QLatin1String("active")).toArray().size(), 1);
    ::kill(pid_t(process.processId()), SIGTERM);
    QTRY_COMPARE(process.state(), QProcess::NotRunning);
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 0);
}

void TestProgram::endsWithItsInput()
{
    QProcess process;
    QVERIFY(!start(process, {QStringLiteral("--exit-with-stdin")}).isEmpty());
    process.closeWriteChannel();
    QTRY_COMPARE(process.state(), QProcess::NotRunning);
    QCOMPARE(process.exitCode(), 0);
}

void TestProgram::explainsBadOptions()
{
    for (const QStringList &arguments :
         {QStringList{QStringLiteral("--life"), QStringLiteral("soon")},
          QStringList{QStringLiteral("--pairs"), QStringLiteral("0")},
          QStringList{QStringLiteral("--faults"), QStringLiteral(R"([{"fault":"F99"}])")},
          QStringList{QStringLiteral("--replay"), QStringLiteral("/nowhere")}}) {
        QProcess process;
        process.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper-exchange"), arguments);
        QTRY_COMPARE(process.state(), QProcess::NotRunning);
        QCOMPARE(process.exitCode(), 1);
        QVERIFY(process.readAllStandardError().startsWith("tapekeeper-exchange: "));
    }
}

void TestProgram::agreesWithAnotherOneOnFastTime()
{
    const QStringList arguments{QStringLiteral("--speed"),  QStringLiteral("60"),
                                QStringLiteral("--anchor"), QStringLiteral("2026-11-20T10:00:00Z"),
                                QStringLiteral("--pairs"),  QStringLiteral("3")};
    QProcess first;
    QProcess second;
    const QJsonObject a = start(first, arguments);
    const QJsonObject b = start(second, arguments);
    WsClient client(QUrl(a.value(QLatin1String("ws")).toString()),
                    QStringLiteral("/market/stream?streams=btcusdt@kline_1m"));
    const auto closed = [&] {
        for (qsizetype i = 0; i < client.texts.size(); ++i) {
            if (client.texts[i].contains("\"x\":true"))
                return QJsonDocument::fromJson(client.dataOf(i)).object().value(QLatin1String("k")).toObject();
        }
        return QJsonObject();
    };
    QTRY_VERIFY(!closed().isEmpty()); // a minute passes in a second
    const QJsonArray rows = RestClient(QUrl(b.value(QLatin1String("rest")).toString()))
                                .get(QStringLiteral("/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1&startTime=%1")
                                         .arg(closed().value(QLatin1String("t")).toInteger()))
                                .array();
    QCOMPARE(rows.at(0).toArray().at(4).toString(), closed().value(QLatin1String("c")).toString());
    QCOMPARE(rows.at(0).toArray().at(7).toString(), closed().value(QLatin1String("q")).toString());
    for (QProcess *process : {&first, &second}) {
        process->terminate();
        QTRY_COMPARE(process->state(), QProcess::NotRunning);
    }
}

void TestProgram::speaksTls()
{
    SimSettings settings;
    settings.pairs = 3;
    settings.tls = true;
    SimulatorThread simulator(settings, std::make_shared<SystemClock>());
    QVERIFY2(simulator.status(), simulator.status() ? "" : qPrintable(simulator.status().error().message));
    QCOMPARE(simulator.wsUrl().scheme(), QStringLiteral("wss"));
    QSslConfiguration trusting = QSslConfiguration::defaultConfiguration();
    trusting.setCaCertificates(QSslCertificate::fromPath(simulator.authorityFile()));
    WsClient good(simulator.wsUrl(), QStringLiteral("/market/ws/btcusdt@markPrice@1s"), &trusting);
    QTRY_VERIFY(good.isOpen());
    QTRY_VERIFY(!good.texts.isEmpty());
    const QSslConfiguration strict = QSslConfiguration::defaultConfiguration();
    WsClient distrusting(simulator.wsUrl(), QStringLiteral("/market/ws"), &strict);
    QTRY_VERIFY(distrusting.tlsFailed);
    for (const QString &kind : {QStringLiteral("expired"), QStringLiteral("wrong-name")}) {
        simulator.clearFaults();
        simulator.addFault({.fault = QStringLiteral("F22"), .parameters = {{QStringLiteral("tls"), kind}}});
        WsClient refused(simulator.wsUrl(), QStringLiteral("/market/ws"), &trusting);
        QTRY_VERIFY2(refused.tlsFailed, qPrintable(kind));
    }
    simulator.clearFaults();
    WsClient again(simulator.wsUrl(), QStringLiteral("/market/ws"), &trusting);
    QTRY_VERIFY(again.isOpen());
    QVERIFY(good.isOpen());
}

void TestProgram::replaysRecordings()
{
    QTemporaryDir folder;
    QFile frames(folder.filePath(QStringLiteral("a.frames.jsonl")));
    QVERIFY(frames.open(QIODevice::WriteOnly));
    QFile times(folder.filePath(QStringLiteral("a.recv.txt")));
    QVERIFY(times.open(QIODevice::WriteOnly));
    for (int i = 0; i < 100; ++i) {
        frames.write("{\"n\":" + QByteArray::number(i) + "}\n");
        times.write(QByteArray::number(1626992741.0 + i * 0.1, 'f', 3) + '\n');
    }
    frames.close();
    times.close();
    const auto clock = std::make_shared<test::ManualClock>();
    SimSettings settings;
    settings.replayFile = frames.fileName();
    settings.replayTimes = times.fileName();
    SimulatorThread simulator(settings, clock);
    WsClient client(simulator.wsUrl(), QStringLiteral("/market/stream?streams=btcusdt@kline_1m"));
    QTRY_COMPARE(client.texts.size(), 1);
    clock->advance(1s);
    QTRY_COMPARE(client.texts.size(), 11);
    clock->advance(100s);
    QTRY_COMPARE(client.texts.size(), 100);
    QCOMPARE(client.texts.last(), QByteArray(R"({"n":99})"));
}

void TestProgram::sendsEachFrameInItsSegment()
{
    SimSettings settings;
    settings.pairs = 20;
    settings.segmentPerFrame = true;
    const auto clock = std::make_shared<test::ManualClock>();
    SimulatorThread simulator(settings, clock);
    WsClient client(simulator.wsUrl(), QStringLiteral("/market/ws/btcusdt@markPrice@1s/ethusdt@markPrice@1s"));
    QTRY_VERIFY(client.isOpen());
    clock->advance(5s);
    QTRY_COMPARE(client.texts.size(), 10);
}

// A floor far below what the simulator does (see docs/tapekeeper-exchange.md), so that a busy machine passes too.
void TestProgram::sustainsTheLoad()
{
    SimSettings settings;
    settings.pairs = 164;
    settings.activity = 30;
    settings.activity_since = SystemClock().utcNow() - 48h;
    QProcess process;
    const QJsonObject urls = start(process, {QStringLiteral("--activity"), QStringLiteral("30"),
                                             QStringLiteral("--activity-since"), isoText(*settings.activity_since)});
    RestClient control(QUrl(urls.value(QLatin1String("control")).toString()));
    const QJsonArray symbols = control.get(QStringLiteral("/symbols")).array();
    QString market;
    QString books;
    for (const QJsonValue &symbol : symbols) {
        const QString lower = QString::fromUtf8(symbol.toString().toUtf8().toLower());
        for (const char *kind : {"kline_3m", "kline_15m", "kline_1h", "markPrice@1s"})
            market += (market.isEmpty() ? QString() : QStringLiteral("/")) + lower + u'@' + QLatin1String(kind);
        books += (books.isEmpty() ? QString() : QStringLiteral("/")) + lower + QStringLiteral("@bookTicker");
    }
    const QUrl ws(urls.value(QLatin1String("ws")).toString());
    WsClient first(ws, QStringLiteral("/market/stream"));
    WsClient second(ws, QStringLiteral("/public/stream"));
    QTRY_VERIFY(first.isOpen() && second.isOpen());
    const auto subscribe = [](WsClient &client, const QString &names) {
        const QStringList all = names.split(u'/');
        for (qsizetype at = 0; at < all.size(); at += 100)
            client.send("{\"method\":\"SUBSCRIBE\",\"id\":1,\"params\":[\"" +
                        all.mid(at, 100).join(QLatin1String("\",\"")).toUtf8() + "\"]}");
    };
    subscribe(first, market);
    subscribe(second, books);
    QElapsedTimer watch;
    QTRY_VERIFY(second.texts.size() > 100);
    watch.start();
    const qint64 before = control.get(QStringLiteral("/stats")).object().value(QLatin1String("framesSent")).toInteger();
    (void)QTest::qWaitFor([&] { return watch.elapsed() > 2000; });
    const qint64 after = control.get(QStringLiteral("/stats")).object().value(QLatin1String("framesSent")).toInteger();
    const double rate = double(after - before) * 1000.0 / double(watch.elapsed());
    qInfo("%.0f frames a second were due and sent", rate);
    QVERIFY(rate > 2000);
    QVERIFY(first.isOpen() && second.isOpen());
    process.terminate();
    QTRY_COMPARE(process.state(), QProcess::NotRunning);
}

TK_TEST(TestProgram, program);

} // namespace tk::sim

#include "tst_program.moc"
