// InfluxDB 2.x and 3.x as the reference describes them: made databases, refused lines, wrong places, tokens that come
// and go. And VictoriaMetrics, a real server that speaks the writing half of v1 and v2.
#include "base/gzip.h"
#include "delivery_rig.h"
#include "net/http_client.h"
#include "store/influx/influx_reader.h"
#include "support/influx/fake_influx.h"
#include "support/test_registry.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QStandardPaths>
#include <QTcpServer>
#include <QTest>

namespace tk::test {

using namespace std::chrono_literals;
using store::influx::Api;
using store::influx::SenderSnapshot;

class TestVersions : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void delivers_data() { versions(); }
    void delivers();
    void badLines_data() { versions(); }
    void badLines();
    void allBadInOneBody_data() { versions(); }
    void allBadInOneBody();
    void typeConflict_data() { versions(); }
    void typeConflict();
    void beyondRetention_data() { versions(); }
    void beyondRetention();
    void tokenComesAndGoes_data() { versions(); }
    void tokenComesAndGoes();
    void busyServers_data() { versions(); }
    void busyServers();
    void aProxyAnswersInItsPlace_data() { versions(); }
    void aProxyAnswersInItsPlace();
    void tooLarge_data() { versions(); }
    void tooLarge();
    void oneLineBreaksTheServer_data() { versions(); }
    void oneLineBreaksTheServer();
    void forgetsADay_data() { versions(); }
    void forgetsADay();
    void readsBack_data() { versions(); }
    void readsBack();
    void slowerThanTheTimeout_data() { versions(); }
    void slowerThanTheTimeout();
    void wrongOrganisation();
    void vanishingBucket();
    void victoriaMetrics_data();
    void victoriaMetrics();

private:
    static void versions()
    {
        QTest::addColumn<int>("api");
        QTest::newRow("v2") << int(Api::V2);
        QTest::newRow("v3") << int(Api::V3);
    }
    std::unique_ptr<DeliveryRig> rig(const FakeInflux &server)
    {
        DeliveryOptions options;
        options.settings = server.settings(); // api = "auto"
        return std::make_unique<DeliveryRig>(options);
    }
    Api m_api = Api::V2;
};

#define START()                                                                                                        \
    QFETCH(int, api);                                                                                                  \
    m_api = Api(api);                                                                                                  \
    FakeInflux server(m_api);                                                                                          \
    auto rig = this->rig(server);                                                                                      \
    QVERIFY(rig->start())
#define VERDICT()                                                                                                      \
    QVERIFY(rig->waitDelivered());                                                                                     \
    QCOMPARE(difference(rig->expected(), pointsOf(server)), QString());                                                \
    QCOMPARE(rig->witness().contradictions(), QStringList())

// Every face told of it, with these words, and all are well again.
#define TOLD(...) QCOMPARE(rig->toldAndOver({__VA_ARGS__}), QString())
// What was refused for good is told, with the way out or without.
#define TOLD_REFUSED()                                                                                                 \
    QVERIFY2(rig->witness().sayings().contain(QStringLiteral("refused lines")),                                        \
             qPrintable(rig->witness().sayings().text()));                                                             \
    QCOMPARE(rig->witness().contradictions(), QStringList())

void TestVersions::delivers()
{
    START();
    QVERIFY(rig->write(100));
    VERDICT();
    QCOMPARE(server.created(), QList<QByteArray>{"market_data"});
    QVERIFY(rig->waitUntil([&] { return rig->sender() && rig->sender()->trouble.isEmpty(); }));
    QCOMPARE(rig->sender()->api, m_api == Api::V2 ? std::string_view("v2") : std::string_view("v3"));
    QCOMPARE(rig->neverComplained(), QString());
}

void TestVersions::badLines()
{
    START();
    QByteArray lines;
    QByteArray good;
    for (int i = 0; i < 300; ++i) {
        const QByteArray stamp = ' ' + QByteArray::number(toMs(rig->begin()) + i * 180'000) + '\n';
        const QByteArray line = "ohlcv_3m,exchange=binance-usdm,pair=X close=" + QByteArray::number(i) + ".5" + stamp;
        good += line;
        lines += line;
        if (i % 60 == 11)
            lines += "ohlcv_3m,exchange=binance-usdm,pair=X close=abc" + stamp;
    }
    rig->append(store::Lane::Candles, lines, false);
    addLines(rig->expected(), store::Lane::Candles, good);
    QVERIFY(rig->write(20));
    VERDICT();
    QVERIFY(rig->waitUntil([&] { return rig->sender()->refused_lines == 5; }));
    TOLD_REFUSED();
}

void TestVersions::allBadInOneBody()
{
    START();
    QByteArray lines;
    for (int i = 0; i < 64; ++i)
        lines += "ohlcv_3m,exchange=binance-usdm,pair=X close=abc " +
                 QByteArray::number(toMs(rig->begin()) + i * 180'000) + '\n';
    rig->append(store::Lane::Candles, lines, false);
    QVERIFY(rig->write(20));
    VERDICT();
    QVERIFY(rig->waitUntil([&] { return rig->sender()->refused_lines == 64; }));
    TOLD_REFUSED();
}

void TestVersions::typeConflict()
{
    START();
    QVERIFY(rig->write(5));
    QVERIFY(rig->waitDelivered());
    // Among good ones, and nothing in the answer of v2 tells which.
    rig->append(store::Lane::Candles,
                "ohlcv_3m,exchange=binance-usdm,pair=X close=1i " + QByteArray::number(toMs(rig->begin())) + '\n',
                false);
    QVERIFY(rig->write(30));
    VERDICT();
    QVERIFY(rig->waitUntil([&] { return rig->sender()->refused_lines == 1; }));
    TOLD_REFUSED();
}

void TestVersions::beyondRetention()
{
    START();
    // Stricter than it says of itself: the first ten steps are too old.
    server.setRetention(24h, rig->begin() + 24h + 10 * 3min);
    QVERIFY(rig->write(200));
    QVERIFY(rig->waitDelivered());
    // Where the answer names the age, the line is counted as too old; else it is a dead letter.
    const auto left = [&] { return rig->sender()->refused_lines + rig->sender()->aged_lines; };
    QVERIFY(rig->waitUntil([&] { return rig->sender() && left() > 0; }));
    const PointMap found = pointsOf(server);
    qsizetype missing = 0;
    for (const auto &[key, fields] : rig->expected())
        missing += found.contains(key) ? 0 : 1;
    QVERIFY(rig->waitUntil([&] { return qsizetype(left()) == missing; }));
    QVERIFY(missing > 0 && missing < qsizetype(rig->expected().size()));
    QCOMPARE(rig->witness().contradictions(), QStringList());
}

void TestVersions::tokenComesAndGoes()
{
    START();
    QVERIFY(rig->write(20));
    QVERIFY(rig->waitDelivered());
    const QByteArray token = server.token();
    server.setToken("another");
    QVERIFY(rig->write(20));
    QVERIFY(rig->waitUntil([&] { return rig->sender()->state == SenderSnapshot::State::Parked; }));
    QVERIFY(rig->sender()->trouble.startsWith(QLatin1String("401")));
    server.setToken(token);
    VERDICT();
    QVERIFY(rig->waitUntil([&] { return rig->sender()->trouble.isEmpty(); }));
    QCOMPARE(rig->sender()->refused_lines, 0u);
    TOLD(QStringLiteral("401"));
}

void TestVersions::busyServers()
{
    START();
    std::deque<net::HttpResponse> answers;
    for (const int status : {429, 503, 500, 502, 504, 408, 429}) {
        net::HttpResponse answer{.status = status, .body = "not now"};
        if (status == 429)
            answer.headers.fields.emplace_back("Retry-After", "2");
        answers.push_back(answer);
    }
    server.answerNextWrites(answers);
    QVERIFY(rig->write(50));
    VERDICT();
    for (const char *code : {"429", "503", "500", "502", "504", "408"})
        QVERIFY2(rig->waitUntil([&] { return rig->sender()->failures.contains(QString::fromLatin1(code)); }), code);
    QCOMPARE(rig->sender()->refused_lines, 0u);
    TOLD(QStringLiteral("not now"));
}

void TestVersions::aProxyAnswersInItsPlace()
{
    START();
    const std::deque<net::HttpResponse> answers{
        {.status = 400, .body = "<html><h1>400 Bad Request</h1>invalid host</html>"},
        {.status = 404, .body = "<html>nothing here</html>"},
        {.status = 302, .body = "moved"},
        {.status = 200 + 300, .body = "<html>bad gateway</html>"},
    };
    server.answerNextWrites(answers);
    QVERIFY(rig->write(30));
    VERDICT();
    QVERIFY(rig->waitUntil([&] { return rig->sender()->trouble.isEmpty(); }));
    QCOMPARE(rig->sender()->refused_lines, 0u); // a page of somebody else's never condemns a line
    TOLD();
}

void TestVersions::tooLarge()
{
    START();
    server.setLargestBody(30'000);
    QVERIFY(rig->write(200));
    VERDICT();
    QCOMPARE(rig->sender()->refused_lines, 0u);
    QCOMPARE(rig->neverComplained(), QString()); // smaller ones are no trouble
}

void TestVersions::oneLineBreaksTheServer()
{
    START();
    // Whatever body holds the line is answered with 500; all others are taken.
    server.setGate([](const net::HttpRequest &request) -> std::optional<net::HttpResponse> {
        if (!request.path().contains("write"))
            return {};
        const auto text = gunzip(request.body, 1 << 30);
        if (text && text->contains("pair=POISON"))
            return net::HttpResponse{.status = 500, .body = "{\"error\":\"panic\"}"};
        return {};
    });
    QByteArray lines;
    for (int i = 0; i < 50; ++i)
        lines += QByteArray("ohlcv_3m,exchange=binance-usdm,pair=") + (i == 31 ? "POISON" : "FINE") + " close=1.5 " +
                 QByteArray::number(toMs(rig->begin()) + i * 180'000) + '\n';
    rig->append(store::Lane::Candles, lines, true);
    std::erase_if(rig->expected(), [](const auto &point) { return point.first.contains(QLatin1String("POISON")); });
    QVERIFY(rig->write(10));
    VERDICT();
    QVERIFY(rig->waitUntil([&] { return rig->sender()->refused_lines == 1; }));
    TOLD_REFUSED();
}

void TestVersions::forgetsADay()
{
    START();
    QVERIFY(rig->write(500));
    VERDICT();
    server.forget("ohlcv_3m", rig->begin() + 1h, rig->begin() + 3h);
    server.forget("mark_price", rig->begin() + 2h, rig->begin() + 4h);
    rig->stop();
    QVERIFY(rig->start());
    QVERIFY(rig->waitUntil([&] { return rig->audit() && rig->audit()->resent > 0; }));
    QCOMPARE(rig->audit()->lost, quint64(20 * (40 + 120)));
    VERDICT();
    QVERIFY(rig->waitUntil(
        [&] { return rig->witness().sayings().contain(QStringLiteral("lost what it had acknowledged")); }, 5s));
    QCOMPARE(rig->witness().contradictions(), QStringList());
}

void TestVersions::readsBack()
{
    START();
    QVERIFY(rig->write(300));
    QVERIFY(rig->waitDelivered());
    store::influx::InfluxReader reader(server.settings(), [&] { return rig->clock().utcNow(); });
    const SeriesKey series{QStringLiteral("binance-usdm"), DeliveryRig::pair(4), Timeframe::M3};
    const TimeSpan span{rig->begin(), rig->begin() + 300 * 3min};
    const auto candles = reader.candles(series, span, {});
    QVERIFY2(candles, candles ? "" : qPrintable(candles.error().message));
    QCOMPARE(candles->size(), 300u);
    QVERIFY(sameValue((*candles)[17].close, *DecimalText::from("17.5")));
    QCOMPARE((*candles)[17].trades, 17);
    QCOMPARE(reader.candles(series, span, 7)->front().open_time, rig->begin() + 293 * 3min);
    QCOMPARE(reader.firstTime(series).value(), std::optional(rig->begin()));
    QVERIFY(reader.holes(series, span)->empty());
    QCOMPARE(reader.candleSeries()->size(), 20u);
    QCOMPARE(reader.fundingNow({})->size(), 20u);
    QCOMPARE(reader.marksNow(DeliveryRig::pair(4))->size(), 1u);
    QCOMPARE(reader.tickCount(series.exchange, series.pair, QStringLiteral("trades"), span).value(), 600);
    const auto days = reader.countsPerDay(QStringLiteral("ohlcv_3m"), {rig->begin(), rig->begin() + 24h});
    QCOMPARE(days->size(), 20u);
    QCOMPARE(days->front().points, 300);
}

void TestVersions::slowerThanTheTimeout()
{
    QFETCH(int, api);
    FakeInflux server{Api(api)};
    DeliveryOptions options;
    options.settings = server.settings();
    options.settings.timeout = 300ms;
    DeliveryRig slow(options);
    DeliveryRig *rig = &slow;
    QVERIFY(rig->start());
    server.setDelay(1'000ms); // every answer comes after we would have gone: nothing would ever be confirmed
    QVERIFY(rig->write(50));
    VERDICT();
    QVERIFY(rig->waitUntil([&] { return rig->sender()->failures.contains(QStringLiteral("timeout")); }));
    TOLD();
}

void TestVersions::wrongOrganisation()
{
    FakeInflux server(Api::V2);
    DeliveryOptions options;
    options.settings = server.settings();
    options.settings.org = QStringLiteral("somebody else");
    DeliveryRig rig(options);
    QVERIFY(rig.start());
    QVERIFY(rig.write(20));
    QVERIFY(rig.waitTrouble());
    QCOMPARE(rig.sender()->state, SenderSnapshot::State::Parked);
    QVERIFY2(rig.sender()->trouble.contains(QLatin1String("somebody else")), qPrintable(rig.sender()->trouble));
    QCOMPARE(rig.sender()->refused_lines, 0u);
    for (const char *face : {"status", "ready", "window"})
        QVERIFY2(rig.witness().sayings().firstComplaints().contains(QLatin1String(face)), face);
    QVERIFY(rig.witness().sayings().contain(QStringLiteral("somebody else")));
    QVERIFY(!rig.witness().troubles().isEmpty()); // it lasts
    QCOMPARE(rig.witness().contradictions(), QStringList());
    rig.stop();
    // The configuration is repaired; what was spooled meanwhile is delivered.
    DeliveryOptions repaired = options;
    repaired.settings = server.settings();
    repaired.folder = rig.folder();
    DeliveryRig again(repaired);
    QVERIFY(again.start());
    QVERIFY(again.waitDelivered());
    QCOMPARE(difference(rig.expected(), pointsOf(server)), QString());
    QVERIFY(again.waitUntil([&] { return again.witness().troubles().isEmpty(); }, 20s));
    QCOMPARE(again.witness().contradictions(), QStringList());
}

void TestVersions::vanishingBucket()
{
    FakeInflux server(Api::V2);
    auto rig = this->rig(server);
    QVERIFY(rig->start());
    QVERIFY(rig->write(20));
    QVERIFY(rig->waitDelivered());
    server.answerNextWrites(
        {{.status = 404, .body = "{\"code\":\"not found\",\"message\":\"bucket \\\"market_data\\\" not found\"}"}});
    QVERIFY(rig->write(20));
    VERDICT();
    QCOMPARE(rig->sender()->refused_lines, 0u);
}

void TestVersions::victoriaMetrics_data()
{
    QTest::addColumn<QString>("org");
    QTest::newRow("as v1") << QString();
    QTest::newRow("as v2") << QStringLiteral("desk");
}

void TestVersions::victoriaMetrics()
{
    QFETCH(QString, org);
    if (QStandardPaths::findExecutable(QStringLiteral("victoria-metrics")).isEmpty())
        QSKIP("no victoria-metrics on this machine");
    QTemporaryDir folder;
    QProcess server;
    quint16 port = 0;
    { // it cannot choose a port of its own
        QTcpServer free;
        QVERIFY(free.listen(QHostAddress::LocalHost));
        port = free.serverPort();
    }
    server.setStandardErrorFile(folder.filePath(QStringLiteral("log")));
    server.start(QStringLiteral("victoria-metrics"),
                 {QStringLiteral("-storageDataPath=") + folder.filePath(QStringLiteral("data")),
                  QStringLiteral("-httpListenAddr=127.0.0.1:%1").arg(port), QStringLiteral("-retentionPeriod=100y"),
                  QStringLiteral("-dedup.minScrapeInterval=1ms"), QStringLiteral("-influx.databaseNames=market_data")});
    const auto stop = qScopeGuard([&] {
        server.kill();
        server.waitForFinished();
    });
    DeliveryOptions options;
    options.settings.url = QUrl(QStringLiteral("http://127.0.0.1:%1").arg(port));
    options.settings.org = org;
    DeliveryRig rig(options);
    QVERIFY(rig.start());
    QVERIFY(rig.write(100));
    QVERIFY(rig.waitDelivered());
    // What it acknowledges is in memory for some seconds; asked to, it shows it. Strings become 0 there: numbers count.
    net::BlockingHttpClient http({});
    const auto get = [&](const QString &path) {
        return http.send({.url = QUrl(options.settings.url.toString() + path), .headers = {}, .body = {}}).body;
    };
    std::map<QString, double> closes;
    rig.waitUntil([&] {
        get(QStringLiteral("/internal/force_flush"));
        closes.clear();
        for (const QByteArray &line : get(QStringLiteral("/api/v1/export?match[]=ohlcv_3m_close")).split('\n')) {
            const QJsonObject object = QJsonDocument::fromJson(line).object();
            const QString pair =
                object.value(QLatin1String("metric")).toObject().value(QLatin1String("pair")).toString();
            const QJsonArray values = object.value(QLatin1String("values")).toArray();
            const QJsonArray times = object.value(QLatin1String("timestamps")).toArray();
            for (qsizetype i = 0; i < values.size(); ++i)
                closes[pair + u' ' + QString::number(times.at(i).toInteger())] = values.at(i).toDouble();
        }
        return closes.size() == 2000;
    });
    QCOMPARE(closes.size(), 2000u);
    for (int n = 0; n < 100; ++n)
        QCOMPARE(closes.at(DeliveryRig::pair(3) + u' ' + QString::number(toMs(rig.begin()) + n * 180'000)), n + 0.4);
}

TK_TEST(TestVersions, versions);

} // namespace tk::test

#include "tst_versions.moc"
