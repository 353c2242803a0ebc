// Each fault does what it says, and nothing else.
#include "sim_client.h"
#include "support/exchange/exchange_server.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <QTest>

namespace tk::sim {

using namespace std::chrono_literals;

class TestFaults : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void isCatalogued();
    void mutesAllButPings();
    void mutesOneStreamOfOneConnection();
    void endsByItself();
    void leavesHalfOpen();
    void closesAndResets();
    void shortensLife();
    void closesLate();
    void closesNever();
    void showsLessBeforeTheClose();
    void tellsOutOfOrderAndTwice();
    void goesQuietInHistoryToo();
    void breaksTheBookChain();
    void servesStaleSnapshots();
    void refusesRest_data();
    void refusesRest();
    void hangsRest();
    void oddsFields();
    void delists();
    void fragmentsAndSplits();
    void sendsHugeFrames();
    void delaysAndLosesAcks();
    void refusesHandshakes();
    void refusesConnections();
    void skewsTheClock();
    void stallsAndBursts();
    void expiresListenKeys();
    void correctsHistory();
    void breaksJsonAndLosesFrames();
    void controlsOverHttp();

private:
    void advance(milliseconds by, milliseconds step);
    int set(const QByteArray &json);
    std::unique_ptr<WsClient> open(const QString &path);
    RestAnswer get(const QString &path) { return m_rest->get(QStringLiteral("/fapi/v1/") + path); }

    std::shared_ptr<test::ManualClock> m_clock;
    std::unique_ptr<ExchangeServer> m_server;
    std::unique_ptr<RestClient> m_rest;
};

namespace {

const QString marks = QStringLiteral("/market/stream?streams=btcusdt@markPrice@1s/ethusdt@markPrice@1s");
const QString candles = QStringLiteral("/market/stream?streams=btcusdt@kline_1m");

QJsonObject candleOf(const QByteArray &frame)
{
    return QJsonDocument::fromJson(frame).object().value(QLatin1String("k")).toObject();
}

bool isClosed(const QByteArray &frame)
{
    return frame.contains("\"x\":true");
}

} // namespace

void TestFaults::init()
{
    // A little after the minute: the candle before it has been closed.
    m_clock = std::make_shared<test::ManualClock>(fromMs(1'795'168'805'000));
    SimSettings settings;
    settings.pairs = 20;
    m_server = std::make_unique<ExchangeServer>(settings, m_clock);
    QVERIFY(m_server->listen());
    m_rest = std::make_unique<RestClient>(m_server->restUrl());
}

void TestFaults::cleanup()
{
    m_rest.reset();
    m_server.reset();
}

void TestFaults::advance(milliseconds by, milliseconds step)
{
    for (milliseconds done{0}; done < by; done += step) {
        m_clock->advance(step);
        const quint64 ticks = m_server->stats().ticks;
        QVERIFY(QTest::qWaitFor([&] { return m_server->stats().ticks > ticks; }));
    }
}

int TestFaults::set(const QByteArray &json)
{
    const Result<FaultSpec> spec = FaultSpec::fromJson(QJsonDocument::fromJson(json).object());
    const Result<int> added = spec ? m_server->setFault(*spec) : Result<int>(spec.error());
    return added ? *added : 0;
}

std::unique_ptr<WsClient> TestFaults::open(const QString &path)
{
    auto client = std::make_unique<WsClient>(m_server->wsUrl(), path);
    (void)QTest::qWaitFor([&] { return client->isOpen(); });
    return client;
}

void TestFaults::isCatalogued()
{
    for (const FaultKind &kind : faultCatalogue()) {
        QCOMPARE(faultFromName(QLatin1String(kind.id)), faultFromName(QLatin1String(kind.name)));
        QVERIFY(QByteArray(kind.description).size() > 10);
    }
    QCOMPARE(set(R"({"fault":"F99"})"), 0);
    QCOMPARE(set(R"({"fault":"quiet"})"), 0); // needs a symbol
    QVERIFY(set(R"({"fault":"MUTE-all"})") > 0);
}

void TestFaults::mutesAllButPings()
{
    const auto client = open(marks);
    advance(2s, 1s);
    QTRY_COMPARE(client->texts.size(), 4);
    const int id = set(R"({"fault":"F4"})");
    advance(200s, 10s);
    QTRY_VERIFY(!client->pings.isEmpty());
    QCOMPARE(client->texts.size(), 4);
    client->send(R"({"method":"LIST_SUBSCRIPTIONS","id":1})");
    QTRY_COMPARE(client->texts.size(), 5); // answers go on
    QVERIFY(m_server->clearFault(id));
    QVERIFY(!m_server->clearFault(id));
    advance(1s, 1s);
    QTRY_COMPARE(client->texts.size(), 7);
}

void TestFaults::mutesOneStreamOfOneConnection()
{
    const auto first = open(marks);
    const auto second = open(marks);
    set(R"({"fault":"F5","stream":"btcusdt@mark*","connection":1})");
    advance(3s, 1s);
    QTRY_COMPARE(second->texts.size(), 6);
    QTRY_COMPARE(first->ofStream("ethusdt@markPrice@1s").size(), 3);
    QCOMPARE(first->ofStream("btcusdt@markPrice@1s").size(), 0);
}

void TestFaults::endsByItself()
{
    const auto client = open(marks);
    set(R"({"fault":"mute-all","for":"5s"})");
    QCOMPARE(m_server->faults().size(), 1);
    advance(10s, 1s);
    QTRY_VERIFY(client->texts.size() >= 10);
    QVERIFY(client->texts.size() <= 12);
    QCOMPARE(m_server->faults().size(), 0);
}

void TestFaults::leavesHalfOpen()
{
    const auto client = open(marks);
    set(R"({"fault":"half-open","connection":1})");
    client->send(R"({"method":"LIST_SUBSCRIPTIONS","id":1})");
    advance(300s, 10s);
    QCOMPARE(client->texts.size(), 0);
    QCOMPARE(client->pings.size(), 0);
    QVERIFY(!client->ended);
    const auto other = open(marks);
    advance(1s, 1s);
    QTRY_COMPARE(other->texts.size(), 2);
    m_server->clearFaults();
    advance(1s, 1s);
    QTRY_VERIFY(client->texts.contains(R"({"result":["btcusdt@markPrice@1s","ethusdt@markPrice@1s"],"id":1})"));
}

void TestFaults::closesAndResets()
{
    const auto first = open(marks);
    const auto second = open(marks);
    set(R"({"fault":"F7","connection":1,"code":1008,"reason":"why not"})");
    QTRY_VERIFY(first->ended);
    QCOMPARE(first->closeCode, 1008);
    QCOMPARE(first->closeReason, QByteArray("why not"));
    QVERIFY(second->isOpen());
    set(R"({"fault":"close","abrupt":true})");
    QTRY_VERIFY(second->ended);
    QCOMPARE(second->closeCode, 0);
    QCOMPARE(m_server->faults().size(), 0);
}

void TestFaults::shortensLife()
{
    const auto client = open(marks);
    set(R"({"fault":"F8","after":"30s"})");
    advance(29s, 1s);
    QVERIFY(!client->ended);
    advance(2s, 1s);
    QTRY_VERIFY(client->ended);
    QCOMPARE(client->closeCode, 0);
}

void TestFaults::closesLate()
{
    const auto client = open(candles);
    set(R"({"fault":"F9","delay":"24s"})");
    advance(75s, 1s);
    QVERIFY(!client->texts.isEmpty());
    QCOMPARE(std::count_if(client->texts.begin(), client->texts.end(), isClosed), 0);
    advance(6s, 1s);
    QTRY_COMPARE(std::count_if(client->texts.begin(), client->texts.end(), isClosed), 1);
}

void TestFaults::closesNever()
{
    const auto client = open(candles);
    set(R"({"fault":"late-close","never":true})");
    advance(130s, 1s);
    QVERIFY(client->texts.size() > 20);
    QCOMPARE(std::count_if(client->texts.begin(), client->texts.end(), isClosed), 0);
}

void TestFaults::showsLessBeforeTheClose()
{
    const auto client = open(candles);
    set(R"({"fault":"F10","within":"20s"})");
    advance(64s, 500ms);
    qint64 open = 0;
    qint64 closed = 0;
    for (const QByteArray &frame : client->ofStream("btcusdt@kline_1m")) {
        const QJsonObject k = candleOf(frame);
        if (k.value(QLatin1String("t")).toInteger() != 1'795'168'800'000)
            continue;
        (isClosed(frame) ? closed : open) = k.value(QLatin1String("n")).toInteger();
    }
    QVERIFY(open > 0 && closed > open + 20);
}

void TestFaults::tellsOutOfOrderAndTwice()
{
    const auto client = open(candles);
    set(R"({"fault":"F11","delay":"6s"})");
    advance(75s, 500ms);
    const QList<QByteArray> frames = client->ofStream("btcusdt@kline_1m");
    const auto closed = std::find_if(frames.begin(), frames.end(), isClosed);
    QVERIFY(closed != frames.end());
    QCOMPARE(std::count_if(frames.begin(), frames.end(), isClosed), 2);
    QVERIFY(std::any_of(frames.begin(), closed, [&](const QByteArray &frame) {
        return candleOf(frame).value(QLatin1String("t")).toInteger() >
               candleOf(*closed).value(QLatin1String("t")).toInteger();
    }));
}

void TestFaults::goesQuietInHistoryToo()
{
    const auto client =
        open(QStringLiteral("/market/stream?streams=btcusdt@aggTrade/btcusdt@kline_1m/ethusdt@aggTrade"));
    advance(10s, 500ms);
    QVERIFY(set(R"({"fault":"F12","symbol":"BTCUSDT","for":"4m"})") > 0);
    advance(1s, 500ms); // what traded before comes through
    const qsizetype trades = client->ofStream("btcusdt@aggTrade").size();
    const qsizetype others = client->ofStream("ethusdt@aggTrade").size();
    QVERIFY(trades > 3);
    advance(235s, 1s);
    QCOMPARE(client->ofStream("btcusdt@aggTrade").size(), trades);
    QVERIFY(client->ofStream("ethusdt@aggTrade").size() > others + 50);
    const QJsonArray rows = get(QStringLiteral("klines?symbol=BTCUSDT&interval=1m&limit=3")).array();
    QCOMPARE(rows.at(0).toArray().at(8).toInt(), 0);
    QCOMPARE(rows.at(1).toArray().at(8).toInt(), 0);
    advance(20s, 500ms);
    const QList<QByteArray> all = client->ofStream("btcusdt@aggTrade");
    QVERIFY(all.size() > trades + 3);
    qint64 last = 0;
    for (const QByteArray &frame : all) { // no trade was lost
        const qint64 id = QJsonDocument::fromJson(frame).object().value(QLatin1String("a")).toInteger();
        QVERIFY(last == 0 || id == last + 1);
        last = id;
    }
}

void TestFaults::breaksTheBookChain()
{
    const auto client = open(QStringLiteral("/public/stream?streams=btcusdt@depth@100ms"));
    advance(2s, 100ms);
    const int id = set(R"({"fault":"F13","every":5})");
    advance(2s, 100ms);
    m_server->clearFault(id);
    advance(2s, 100ms);
    int broken = 0;
    qint64 previous = 0;
    for (const QByteArray &frame : client->ofStream("btcusdt@depth@100ms")) {
        const QJsonObject event = QJsonDocument::fromJson(frame).object();
        broken += previous != 0 && event.value(QLatin1String("pu")).toInteger() != previous;
        previous = event.value(QLatin1String("u")).toInteger();
    }
    QVERIFY2(broken >= 3 && broken <= 5, qPrintable(QString::number(broken)));
}

void TestFaults::servesStaleSnapshots()
{
    const auto id = [&] {
        return get(QStringLiteral("depth?symbol=BTCUSDT&limit=5"))
            .object()
            .value(QLatin1String("lastUpdateId"))
            .toInteger();
    };
    const qint64 fresh = id();
    set(R"({"fault":"F14","age":"10s"})");
    const qint64 stale = id();
    QVERIFY(fresh - stale > 190 * 300 && fresh - stale < 210 * 300);
}

void TestFaults::refusesRest_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("inBody");
    QTest::newRow("429") << 429 << QByteArray("-1003");
    QTest::newRow("418") << 418 << QByteArray("IP banned until");
    QTest::newRow("403") << 403 << QByteArray("<html>");
    QTest::newRow("451") << 451 << QByteArray("<html>");
    QTest::newRow("500") << 500 << QByteArray("<html>");
    QTest::newRow("502") << 502 << QByteArray("<html>");
    QTest::newRow("503") << 503 << QByteArray("-1008");
}

void TestFaults::refusesRest()
{
    QFETCH(int, status);
    QFETCH(QByteArray, inBody);
    set("{\"fault\":\"F15\",\"status\":" + QByteArray::number(status) +
        ",\"path\":\"klines\",\"count\":2,\"retryAfter\":\"7s\"}");
    QCOMPARE(get(QStringLiteral("time")).status, 200);
    const QString query = QStringLiteral("klines?symbol=BTCUSDT&interval=1m&limit=1");
    for (int i = 0; i < 2; ++i) {
        const RestAnswer answer = get(query);
        QCOMPARE(answer.status, status);
        QVERIFY2(answer.body.contains(inBody), answer.body.constData());
        QCOMPARE(answer.retryAfter, status == 429 || status == 418 ? QByteArray("7") : QByteArray());
    }
    QCOMPARE(get(query).status, 200); // only twice
}

void TestFaults::hangsRest()
{
    set(R"({"fault":"F15","status":"hang","count":1})");
    QCOMPARE(m_rest->get(QStringLiteral("/fapi/v1/ping"), 300).error, QStringLiteral("no answer"));
    QCOMPARE(get(QStringLiteral("ping")).status, 200);
}

void TestFaults::oddsFields()
{
    const auto client = open(marks);
    const auto told = [&](const QByteArray &what) {
        m_server->clearFaults();
        set("{\"fault\":\"F17\",\"what\":\"" + what + "\"}");
        const qsizetype before = client->texts.size();
        advance(1s, 1s);
        (void)QTest::qWaitFor([&] { return client->texts.size() > before; });
        return QJsonDocument::fromJson(client->dataOf(before)).object();
    };
    QVERIFY(told("new").contains(QLatin1String("zz")));
    const QJsonObject missing = told("missing");
    QVERIFY(!missing.isEmpty() && !missing.contains(QLatin1String("st")) && !missing.contains(QLatin1String("ap")));
    QCOMPARE(told("empty").value(QLatin1String("r")), QJsonValue(QString()));
    QVERIFY(told("null").value(QLatin1String("ap")).isNull());
    QVERIFY(told("all").contains(QLatin1String("zz")));
}

void TestFaults::delists()
{
    const auto client = open(marks);
    advance(1s, 1s);
    QTRY_COMPARE(client->texts.size(), 2);
    set(R"({"fault":"F19","symbol":"ETHUSDT","in":"2s"})");
    advance(10s, 1s);
    QTRY_COMPARE(client->ofStream("btcusdt@markPrice@1s").size(), 11);
    QVERIFY(client->ofStream("ethusdt@markPrice@1s").size() <= 3);
    QVERIFY(get(QStringLiteral("exchangeInfo")).body.contains("SETTLING"));
}

void TestFaults::fragmentsAndSplits()
{
    const auto client = open(QStringLiteral("/market/stream?streams=币安人生usdt@markPrice@1s"));
    advance(1s, 1s);
    for (const QByteArray mode : {"fragment", "split"}) {
        m_server->clearFaults();
        set("{\"fault\":\"F20\",\"mode\":\"" + mode + "\",\"parts\":4}");
        advance(2s, 1s);
    }
    QTRY_COMPARE(client->texts.size(), 5);
    for (const QByteArray &text : client->texts)
        QVERIFY2(QJsonDocument::fromJson(text).isObject(), text.constData());
}

void TestFaults::sendsHugeFrames()
{
    const auto client = open(marks);
    set(R"({"fault":"F20","mode":"huge","bytes":1048576,"every":1,"stream":"btc*"})");
    advance(1s, 1s);
    QTRY_COMPARE(client->texts.size(), 2);
    const qsizetype size = std::max(client->texts[0].size(), client->texts[1].size());
    QVERIFY(size > 1'000'000 && size <= 1'048'576);
    QVERIFY(QJsonDocument::fromJson(client->texts[0]).isObject() &&
            QJsonDocument::fromJson(client->texts[1]).isObject());
}

void TestFaults::delaysAndLosesAcks()
{
    const auto client = open(QStringLiteral("/market/stream"));
    const int id = set(R"({"fault":"F21","delay":"3s"})");
    client->send(R"({"method":"SUBSCRIBE","params":["btcusdt@markPrice@1s"],"id":1})");
    QTRY_COMPARE(m_server->stats().subscriptions, 1);
    advance(5s, 1s);
    QTRY_COMPARE(client->texts.size(), 6);
    QVERIFY(client->texts[0].contains("markPriceUpdate"));
    QCOMPARE(client->texts.count(R"({"result":null,"id":1})"), 1);
    m_server->clearFault(id);
    set(R"({"fault":"F21","lost":true})");
    client->send(R"({"method":"SUBSCRIBE","params":["ethusdt@markPrice@1s"],"id":2})");
    QTRY_COMPARE(m_server->stats().subscriptions, 2);
    advance(20s, 5s);
    QCOMPARE(client->texts.count(R"({"result":null,"id":2})"), 0);
}

void TestFaults::refusesHandshakes()
{
    for (const int status : {403, 429, 503}) {
        m_server->clearFaults();
        set("{\"fault\":\"F22\",\"status\":" + QByteArray::number(status) + '}');
        WsClient client(m_server->wsUrl(), marks);
        QTRY_COMPARE(client.status, status);
    }
    m_server->clearFaults();
    QVERIFY(open(marks)->isOpen());
}

void TestFaults::refusesConnections()
{
    const auto before = open(marks);
    set(R"({"fault":"F22","refuse":true})");
    WsClient client(m_server->wsUrl(), marks);
    QTRY_VERIFY(client.ended);
    QCOMPARE(client.status, 0);
    QVERIFY(before->isOpen());
    QCOMPARE(get(QStringLiteral("ping")).status, 200);
    m_server->clearFaults();
    QVERIFY(open(marks)->isOpen());
}

void TestFaults::skewsTheClock()
{
    set(R"({"fault":"F23","offset":"-10s"})");
    const qint64 time = get(QStringLiteral("time")).object().value(QLatin1String("serverTime")).toInteger();
    QCOMPARE(time, toMs(m_clock->utcNow()) - 10'000);
    const auto client = open(marks);
    advance(1s, 1s);
    QTRY_VERIFY(!client->texts.isEmpty());
    QCOMPARE(QJsonDocument::fromJson(client->dataOf(0)).object().value(QLatin1String("E")).toInteger(),
             toMs(m_clock->utcNow()) - 10'000);
}

void TestFaults::stallsAndBursts()
{
    const auto client = open(marks);
    set(R"({"fault":"F24","stall":"30s"})");
    advance(29s, 1s);
    QCOMPARE(client->texts.size(), 0);
    advance(2s, 1s);
    QTRY_VERIFY(client->texts.size() >= 58);
    m_server->clearFaults();
    advance(1s, 1s);
    QTRY_COMPARE(client->texts.size(), 64);
}

void TestFaults::expiresListenKeys()
{
    const QString path = QStringLiteral("/fapi/v1/listenKey");
    const QString key =
        m_rest->request("POST", path, {}, 5000, "me").object().value(QLatin1String("listenKey")).toString();
    const auto client = open(QStringLiteral("/private/ws?listenKey=") + key);
    set(R"({"fault":"F25"})");
    QTRY_COMPARE(client->texts.size(), 1);
    QVERIFY(client->texts[0].contains("listenKeyExpired") && client->texts[0].contains(key.toUtf8()));
    QCOMPARE(m_rest->request("PUT", path, {}, 5000, "me").code(), -1125);
}

void TestFaults::correctsHistory()
{
    const QString query = QStringLiteral("klines?symbol=BTCUSDT&interval=1m&limit=2");
    const auto client = open(candles);
    set(R"({"fault":"history-correction"})");
    advance(63s, 500ms);
    const QByteArray early = get(query).body;
    const auto closed = std::find_if(client->texts.begin(), client->texts.end(), isClosed);
    QVERIFY(closed != client->texts.end());
    const QString told = candleOf(client->dataOf(closed - client->texts.begin())).value(QLatin1String("c")).toString();
    const QJsonArray first = QJsonDocument::fromJson(early).array().at(0).toArray();
    QVERIFY(first.at(4).toString() != told);
    advance(60s, 1s);
    const QJsonArray later = get(QStringLiteral("klines?symbol=BTCUSDT&interval=1m&limit=3")).array().at(0).toArray();
    QCOMPARE(later.at(0), first.at(0));
    QCOMPARE(later.at(4).toString(), told);
    // The other way round: the stream is wrong, history right.
    m_server->clearFaults();
    set(R"({"fault":"history-correction","side":"stream"})");
    client->texts.clear();
    advance(60s, 500ms);
    const auto wrong = std::find_if(client->texts.begin(), client->texts.end(), isClosed);
    QVERIFY(wrong != client->texts.end());
    const QJsonObject k = candleOf(client->dataOf(wrong - client->texts.begin()));
    const std::vector<Candle> truth = m_server->truth(
        QStringLiteral("BTCUSDT"), Timeframe::M1, {fromMs(k.value(QLatin1String("t")).toInteger()), m_clock->utcNow()});
    QVERIFY(!truth.empty());
    QVERIFY(k.value(QLatin1String("c")).toString().toStdString() != truth[0].close.view());
}

void TestFaults::breaksJsonAndLosesFrames()
{
    const auto client = open(marks);
    set(R"({"fault":"broken-frame","every":4})");
    advance(10s, 1s);
    QTRY_COMPARE(client->texts.size(), 20);
    QCOMPARE(std::count_if(client->texts.begin(), client->texts.end(),
                           [](const QByteArray &text) { return !QJsonDocument::fromJson(text).isObject(); }),
             5);
    m_server->clearFaults();
    client->texts.clear();
    set(R"({"fault":"lose","every":4})");
    advance(10s, 1s);
    QTRY_COMPARE(client->texts.size(), 15);
}

void TestFaults::controlsOverHttp()
{
    RestClient control(m_server->controlUrl());
    const auto client = open(marks);
    const RestAnswer added =
        control.request("POST", QStringLiteral("/faults"), R"({"fault":"F5","stream":"btcusdt@*","for":"30s"})");
    QCOMPARE(added.status, 200);
    const QJsonObject state = control.get(QStringLiteral("/faults")).object();
    QCOMPARE(state.value(QLatin1String("active")).toArray().size(), 1);
    QVERIFY(state.value(QLatin1String("known")).toArray().size() > 20);
    QCOMPARE(
        control.request("DELETE", QStringLiteral("/faults/%1").arg(added.object().value(QLatin1String("id")).toInt()))
            .status,
        200);
    QCOMPARE(control.request("DELETE", QStringLiteral("/faults/99")).status, 404);
    QCOMPARE(control.request("POST", QStringLiteral("/faults"), "{").status, 400);
    QCOMPARE(control.request("POST", QStringLiteral("/faults"), R"({"fault":"x"})").status, 400);
    advance(61s, 1s);
    QTRY_VERIFY(client->texts.size() >= 120);
    const QJsonArray connections = control.get(QStringLiteral("/connections")).array();
    QCOMPARE(connections.size(), 1);
    QCOMPARE(connections.at(0).toObject().value(QLatin1String("streams")).toArray().size(), 2);
    QCOMPARE(control.get(QStringLiteral("/sent")).array().size(), 2);
    QVERIFY(control.get(QStringLiteral("/stats")).object().value(QLatin1String("framesSent")).toInt() >= 120);
    const QJsonArray truth =
        control.get(QStringLiteral("/truth/klines?symbol=BTCUSDT&interval=1m&from=2026-11-20T09:50:00Z")).array();
    QCOMPARE(truth.size(), 11);
    QVERIFY(!control.get(QStringLiteral("/truth/funding?symbol=BTCUSDT&from=2026-11-19T00:00:00Z")).array().isEmpty());
    QCOMPARE(control.request("POST", QStringLiteral("/connections/1/close"), R"({"code":1001})").status, 200);
    QTRY_COMPARE(client->closeCode, 1001);
    QCOMPARE(control.request("POST", QStringLiteral("/instruments/list"), R"({"symbol":"NEWUSDT"})").status, 200);
    QCOMPARE(control.request("POST", QStringLiteral("/instruments/delist"), R"({"symbol":"NEWUSDT"})").status, 200);
    QCOMPARE(control.request("POST", QStringLiteral("/halt")).status, 200);
    QCOMPARE(get(QStringLiteral("ping")).status, 0);
    QCOMPARE(control.request("POST", QStringLiteral("/resume")).status, 200);
    QCOMPARE(get(QStringLiteral("ping")).status, 200);
    QCOMPARE(control.get(QStringLiteral("/nowhere")).status, 404);
}

TK_TEST(TestFaults, faults);

} // namespace tk::sim

#include "tst_faults.moc"
