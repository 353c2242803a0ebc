// The exchange's rules for connections and requests.
#include "sim_client.h"
#include "support/exchange/exchange_server.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <QTest>

namespace tk::sim {

using namespace std::chrono_literals;

class TestRules : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { start({}); }
    void cleanup();
    void answersRequests();
    void explainsErrors_data();
    void explainsErrors();
    void servesUrlForms();
    void acksTheWrongRouteAndStaysSilent();
    void acksUnknownNamesAndStaysSilent();
    void deliversNamesBeyondAscii();
    void refusesThe1025thStream();
    void closesOnTooManyMessages();
    void pingsAndWantsThePong();
    void cutsAtTheEndOfLifeWithoutACloseFrame();
    void refusesTooManyAttempts();
    void refusesBadPaths();
    void cutsReadersThatDoNotRead();
    void countsWeightPerClockMinute();
    void refusesWith429ThenBans();
    void limitsFundingSeparately();
    void sendsArraysOfBothFamilies();
    void listsAndDelists();
    void keepsListenKeys();
    void goesDownAndComesBack();
    void coversAllKinds();

private:
    void start(SimSettings settings);
    void advance(milliseconds by, milliseconds step);
    RestAnswer get(const QString &path) { return m_rest->get(QStringLiteral("/fapi/v1/") + path); }
    QList<QByteArray> answersTo(WsClient &client, const QByteArray &request);

    std::shared_ptr<test::ManualClock> m_clock;
    std::unique_ptr<ExchangeServer> m_server;
    std::unique_ptr<RestClient> m_rest;
};

void TestRules::start(SimSettings settings)
{
    m_rest.reset();
    m_server.reset();
    m_clock = std::make_shared<test::ManualClock>();
    settings.pairs = 30;
    m_server = std::make_unique<ExchangeServer>(settings, m_clock);
    QVERIFY(m_server->listen());
    m_rest = std::make_unique<RestClient>(m_server->restUrl());
}

void TestRules::cleanup()
{
    m_rest.reset();
    m_server.reset();
}

void TestRules::advance(milliseconds by, milliseconds step)
{
    for (milliseconds done{0}; done < by; done += step) {
        m_clock->advance(step);
        const quint64 ticks = m_server->stats().ticks;
        QVERIFY(QTest::qWaitFor([&] { return m_server->stats().ticks > ticks; }));
    }
}

QList<QByteArray> TestRules::answersTo(WsClient &client, const QByteArray &request)
{
    const qsizetype before = client.texts.size();
    client.send(request);
    if (!QTest::qWaitFor([&] { return client.texts.size() > before || client.ended; }))
        return {};
    return client.texts.mid(before);
}

void TestRules::answersRequests()
{
    WsClient client(m_server->wsUrl(), QStringLiteral("/market/ws"));
    QTRY_VERIFY(client.isOpen());
    QCOMPARE(answersTo(client, R"({"method":"SUBSCRIBE","params":["btcusdt@kline_1m","btcusdt@markPrice@1s"],"id":1})"),
             (QList<QByteArray>{R"({"result":null,"id":1})"}));
    QCOMPARE(answersTo(client, R"({"method":"UNSUBSCRIBE","params":["btcusdt@kline_1m","never@there"],"id":2})"),
             (QList<QByteArray>{R"({"result":null,"id":2})"}));
    QCOMPARE(answersTo(client, R"({"method":"LIST_SUBSCRIPTIONS","id":3})"),
             (QList<QByteArray>{R"({"result":["btcusdt@markPrice@1s"],"id":3})"}));
    QCOMPARE(answersTo(client, R"({"method":"GET_PROPERTY","params":["combined"],"id":4})"),
             (QList<QByteArray>{R"({"result":false,"id":4})"}));
    QCOMPARE(answersTo(client, R"({"method":"SET_PROPERTY","params":["combined",true],"id":5})"),
             (QList<QByteArray>{R"({"result":null,"id":5})"}));
    advance(1s, 1s);
    QTRY_COMPARE(client.ofStream("btcusdt@markPrice@1s").size(), 1);
}

void TestRules::explainsErrors_data()
{
    QTest::addColumn<QByteArray>("request");
    QTest::addColumn<int>("code");
    QTest::addColumn<QByteArray>("message");
    QTest::newRow("no JSON") << QByteArray("hello") << 3
                             << QByteArray("Invalid JSON: expected value at line 1 column 1");
    QTest::newRow("id") << QByteArray(R"({"method":"SUBSCRIBE","params":[],"id":"x"})") << 2
                        << QByteArray("Invalid request: request ID must be an unsigned integer");
    QTest::newRow("no method") << QByteArray(R"({"id":1})") << 2
                               << QByteArray("Invalid request: missing field `method`");
    QTest::newRow("method") << QByteArray(R"({"method":"DANCE","id":1})") << 2
                            << QByteArray("Invalid request: unknown variant DANCE, expected one of `SUBSCRIBE`");
    QTest::newRow("property") << QByteArray(R"({"method":"GET_PROPERTY","params":["colour"],"id":1})") << 0
                              << QByteArray("Unknown property");
    QTest::newRow("value") << QByteArray(R"({"method":"SET_PROPERTY","params":["combined",1],"id":1})") << 1
                           << QByteArray("Invalid value type: expected Boolean");
    QTest::newRow("property type") << QByteArray(R"({"method":"GET_PROPERTY","params":[7],"id":1})") << 2
                                   << QByteArray("Invalid request: property name must be a string");
    QTest::newRow("too many") << QByteArray(R"({"method":"GET_PROPERTY","params":["combined",1],"id":1})") << 2
                              << QByteArray("Invalid request: too many parameters");
}

void TestRules::explainsErrors()
{
    QFETCH(QByteArray, request);
    QFETCH(int, code);
    QFETCH(QByteArray, message);
    WsClient client(m_server->wsUrl(), QStringLiteral("/public/ws"));
    QTRY_VERIFY(client.isOpen());
    const QList<QByteArray> answers = answersTo(client, request);
    QCOMPARE(answers.size(), 1);
    const QJsonObject error = QJsonDocument::fromJson(answers[0]).object().value(QLatin1String("error")).toObject();
    QCOMPARE(error.value(QLatin1String("code")).toInt(-1), code);
    QVERIFY2(error.value(QLatin1String("msg")).toString().toUtf8().startsWith(message), answers[0].constData());
    QVERIFY(client.isOpen());
}

void TestRules::servesUrlForms()
{
    WsClient raw(m_server->wsUrl(), QStringLiteral("/market/ws/btcusdt@markPrice@1s/ethusdt@markPrice@1s"));
    WsClient combined(m_server->wsUrl(),
                      QStringLiteral("/market/stream?streams=btcusdt@markPrice@1s/ethusdt@markPrice@1s"));
    WsClient later(m_server->wsUrl(), QStringLiteral("/market/stream"));
    QTRY_VERIFY(raw.isOpen() && combined.isOpen() && later.isOpen());
    answersTo(later, R"({"method":"SUBSCRIBE","params":["btcusdt@markPrice@1s"],"id":1})");
    advance(1s, 1s);
    QTRY_COMPARE(raw.texts.size(), 2);
    QTRY_COMPARE(combined.texts.size(), 2);
    QVERIFY(raw.texts[0].startsWith(R"({"e":"markPriceUpdate")"));
    QCOMPARE(combined.ofStream("ethusdt@markPrice@1s").size(), 1);
    QCOMPARE(combined.ofStream("btcusdt@markPrice@1s"), later.ofStream("btcusdt@markPrice@1s"));
}

void TestRules::acksTheWrongRouteAndStaysSilent()
{
    WsClient wrong(m_server->wsUrl(), QStringLiteral("/public/stream?streams=btcusdt@markPrice@1s/btcusdt@bookTicker"));
    WsClient unrouted(m_server->wsUrl(), QStringLiteral("/stream?streams=btcusdt@markPrice@1s/btcusdt@depth5"));
    WsClient market(m_server->wsUrl(),
                    QStringLiteral("/market/stream?streams=btcusdt@markPrice@1s/btcusdt@bookTicker"));
    QTRY_VERIFY(wrong.isOpen() && unrouted.isOpen() && market.isOpen());
    QCOMPARE(answersTo(unrouted, R"({"method":"SUBSCRIBE","params":["!markPrice@arr@1s"],"id":9})"),
             (QList<QByteArray>{R"({"result":null,"id":9})"}));
    QVERIFY(answersTo(unrouted, R"({"method":"LIST_SUBSCRIPTIONS","id":10})").value(0).contains("!markPrice@arr@1s"));
    advance(5s, 500ms);
    QTRY_VERIFY(market.ofStream("btcusdt@markPrice@1s").size() == 5);
    QCOMPARE(market.ofStream("btcusdt@bookTicker").size(), 0);
    QTRY_VERIFY(wrong.ofStream("btcusdt@bookTicker").size() >= 5);
    QCOMPARE(wrong.ofStream("btcusdt@markPrice@1s").size(), 0);
    QTRY_VERIFY(unrouted.ofStream("btcusdt@depth5").size() >= 5);
    QCOMPARE(unrouted.ofStream("btcusdt@markPrice@1s").size() + unrouted.ofStream("!markPrice@arr@1s").size(), 0);
    QVERIFY(wrong.isOpen() && unrouted.isOpen());
}

void TestRules::acksUnknownNamesAndStaysSilent()
{
    WsClient client(m_server->wsUrl(), QStringLiteral("/market/stream"));
    WsClient books(m_server->wsUrl(), QStringLiteral("/public/stream?streams=btcusdt@depth@250ms/btcusdt@depth7"));
    QTRY_VERIFY(client.isOpen() && books.isOpen());
    QCOMPARE(answersTo(client, R"({"method":"SUBSCRIBE","params":["BTCUSDT@markPrice@1s","nopeusdt@markPrice@1s",
        "btcusdt@kline_7m","btcusdt@nothing","btcusdt@markPrice@2s","ethusdt@markPrice@1s"],"id":1})"),
             (QList<QByteArray>{R"({"result":null,"id":1})"}));
    advance(3s, 1s);
    QTRY_COMPARE(client.ofStream("ethusdt@markPrice@1s").size(), 3);
    QCOMPARE(client.texts.size(), 4); // the answer and these three
    QCOMPARE(books.texts.size(), 0);
}

void TestRules::deliversNamesBeyondAscii()
{
    WsClient inUrl(m_server->wsUrl(), QStringLiteral("/market/stream?streams=币安人生usdt@markPrice@1s"));
    WsClient asked(m_server->wsUrl(), QStringLiteral("/market/stream"));
    QTRY_VERIFY(inUrl.isOpen() && asked.isOpen());
    asked.send(QStringLiteral(R"({"method":"SUBSCRIBE","params":["币安人生usdt@markPrice@1s"],"id":1})").toUtf8());
    advance(2s, 1s);
    QTRY_COMPARE(inUrl.ofStream("币安人生usdt@markPrice@1s").size(), 2);
    QTRY_VERIFY(asked.ofStream("币安人生usdt@markPrice@1s").size() >= 1);
    QVERIFY(inUrl.texts[0].contains("\"s\":\"币安人生USDT\""));
    QCOMPARE(
        m_rest
            ->get(QStringLiteral("/fapi/v1/klines?symbol=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT&interval=1h&limit=3"))
            .array()
            .size(),
        3);
}

void TestRules::refusesThe1025thStream()
{
    WsClient client(m_server->wsUrl(), QStringLiteral("/market/ws"));
    QTRY_VERIFY(client.isOpen());
    QByteArray names;
    for (int i = 0; i < 1024; ++i)
        names += (i ? ",\"s" : "\"s") + QByteArray::number(i) + "usdt@aggTrade\"";
    QCOMPARE(answersTo(client, "{\"method\":\"SUBSCRIBE\",\"params\":[" + names + "],\"id\":1}").size(), 1);
    QVERIFY(client.isOpen());
    answersTo(client, R"({"method":"SUBSCRIBE","params":["s5usdt@aggTrade"],"id":2})"); // there already
    QVERIFY(client.isOpen());
    const QList<QByteArray> answers = answersTo(client, R"({"method":"SUBSCRIBE","params":["one@more"],"id":3})");
    QCOMPARE(answers.value(0), QByteArray(R"({"error":{"code":4,"msg":"Too many subscriptions"},"id":3})"));
    QTRY_COMPARE(client.closeCode, 1008);
    QCOMPARE(client.closeReason, QByteArray("Invalid request"));
    QTRY_VERIFY(client.ended);
}

void TestRules::closesOnTooManyMessages()
{
    WsClient client(m_server->wsUrl(), QStringLiteral("/market/ws"));
    QTRY_VERIFY(client.isOpen());
    for (int i = 0; i < 40; ++i)
        client.send(R"({"method":"LIST_SUBSCRIPTIONS","id":1})");
    QTRY_VERIFY(client.ended);
    QCOMPARE(client.texts.size(), 15);
    QCOMPARE(client.closeCode, 1008);
    QCOMPARE(client.closeReason, QByteArray("Too many requests"));

    WsClient patient(m_server->wsUrl(), QStringLiteral("/market/ws"));
    QTRY_VERIFY(patient.isOpen());
    for (int second = 0; second < 5; ++second) {
        for (int i = 0; i < 9; ++i)
            patient.send(R"({"method":"LIST_SUBSCRIPTIONS","id":1})");
        QTRY_COMPARE(patient.texts.size(), 9 * (second + 1));
        advance(1s, 1s);
    }
    QVERIFY(patient.isOpen());
}

void TestRules::pingsAndWantsThePong()
{
    WsClient good(m_server->wsUrl(), QStringLiteral("/market/ws"));
    WsClient bad(m_server->wsUrl(), QStringLiteral("/market/ws"));
    QTRY_VERIFY(good.isOpen() && bad.isOpen());
    bad.answersPings = false;
    advance(3min, 10s);
    QTRY_COMPARE(good.pings.size(), 1);
    QTRY_COMPARE(bad.pings.size(), 1);
    const qint64 stamp = good.pings[0].toLongLong();
    QVERIFY(std::abs(toMs(m_clock->utcNow()) - stamp) < 60'000);
    bad.sendFrame(net::Opcode::Pong, "something else");
    QTRY_VERIFY(m_server->stats().pongsReceived >= 2);
    advance(10min, 20s);
    QTRY_VERIFY(bad.ended);
    QCOMPARE(bad.closeCode, 0);
    QVERIFY(good.isOpen());
    QVERIFY(good.pings.size() >= 4);
    // Pings of the client are answered with their payload.
    good.sendFrame(net::Opcode::Ping, "abc");
    QVERIFY(good.isOpen());
}

void TestRules::cutsAtTheEndOfLifeWithoutACloseFrame()
{
    SimSettings settings;
    settings.life = 1h;
    start(settings);
    WsClient client(m_server->wsUrl(), QStringLiteral("/market/ws"));
    QTRY_VERIFY(client.isOpen());
    advance(58min, 1min);
    QVERIFY(client.isOpen());
    advance(3min, 1min);
    QTRY_VERIFY(client.ended);
    QCOMPARE(client.closeCode, 0);
}

void TestRules::refusesTooManyAttempts()
{
    SimSettings settings;
    settings.attemptsPer5Minutes = 3;
    start(settings);
    for (int i = 0; i < 3; ++i) {
        WsClient client(m_server->wsUrl(), QStringLiteral("/market/ws"));
        QTRY_COMPARE(client.status, 101);
    }
    WsClient refused(m_server->wsUrl(), QStringLiteral("/market/ws"));
    QTRY_COMPARE(refused.status, 429);
    advance(5min, 5min);
    WsClient again(m_server->wsUrl(), QStringLiteral("/market/ws"));
    QTRY_COMPARE(again.status, 101);
    QCOMPARE(m_server->stats().handshakesRefused, quint64(1));
}

void TestRules::refusesBadPaths()
{
    for (const QString &path : {QStringLiteral("/"), QStringLiteral("/market"), QStringLiteral("/other/ws"),
                                QStringLiteral("/market/stream/x")}) {
        WsClient client(m_server->wsUrl(), path);
        QTRY_COMPARE(client.status, 404);
    }
    QUrl plain = m_server->wsUrl();
    plain.setScheme(QStringLiteral("http"));
    QCOMPARE(RestClient(plain).get(QStringLiteral("/market/ws")).status, 400);
}

void TestRules::cutsReadersThatDoNotRead()
{
    SimSettings settings;
    settings.maxBacklogBytes = 200'000;
    start(settings);
    WsClient client(m_server->wsUrl(), QStringLiteral("/market/ws/!markPrice@arr@1s"));
    QTRY_VERIFY(client.isOpen());
    client.reads = false; // Qt still takes some megabytes off the wire for it
    client.stopReading();
    for (int i = 0; i < 3000 && m_server->stats().slowConsumersCut == 0; ++i)
        advance(10s, 10s);
    QCOMPARE(m_server->stats().slowConsumersCut, quint64(1));
}

void TestRules::countsWeightPerClockMinute()
{
    m_clock->jumpUtc(milliseconds(60'000 - toMs(m_clock->utcNow()) % 60'000)); // at the beginning of a minute
    struct Row
    {
        const char *query;
        int weight;
    };
    int used = 0;
    for (const Row &row :
         {Row{"klines?symbol=BTCUSDT&interval=1m&limit=100", 1}, Row{"klines?symbol=BTCUSDT&interval=1m&limit=101", 2},
          Row{"klines?symbol=BTCUSDT&interval=1m&limit=500", 2}, Row{"klines?symbol=BTCUSDT&interval=1m&limit=1000", 5},
          Row{"klines?symbol=BTCUSDT&interval=1m&limit=1500", 10}, Row{"klines?symbol=BTCUSDT&interval=1m", 5},
          Row{"klines?symbol=NOPE&interval=1m&limit=1500", 10},
          Row{"markPriceKlines?symbol=BTCUSDT&interval=1m&limit=99", 1}, Row{"depth?symbol=BTCUSDT&limit=1000", 20},
          Row{"depth?symbol=BTCUSDT", 1}, Row{"ticker/24hr", 40}, Row{"ticker/24hr?symbol=BTCUSDT", 1},
          Row{"premiumIndex", 10}, Row{"aggTrades?symbol=BTCUSDT", 20}, Row{"time", 1}, Row{"exchangeInfo", 1}}) {
        const RestAnswer answer = get(QString::fromLatin1(row.query));
        used += row.weight;
        QVERIFY2(answer.usedWeight == used, row.query);
    }
    QCOMPARE(get(QStringLiteral("fundingRate?symbol=BTCUSDT")).usedWeight, -1);
    m_clock->advance(60s);
    QCOMPARE(get(QStringLiteral("ping")).usedWeight, 1);
    QCOMPARE(m_server->stats().maxWeightInMinute, used);
}

void TestRules::refusesWith429ThenBans()
{
    SimSettings settings;
    settings.weightPerMinute = 20;
    start(settings);
    m_clock->jumpUtc(milliseconds(90'000 - toMs(m_clock->utcNow()) % 60'000)); // half past a minute
    QCOMPARE(get(QStringLiteral("depth?symbol=BTCUSDT&limit=1000")).status, 200);
    RestAnswer answer = get(QStringLiteral("ping"));
    QCOMPARE(answer.status, 429);
    QCOMPARE(answer.retryAfter, QByteArray("30"));
    QCOMPARE(answer.code(), -1003);
    m_clock->advance(31s); // who waits is welcome
    QCOMPARE(get(QStringLiteral("ping")).status, 200);
    get(QStringLiteral("depth?symbol=BTCUSDT&limit=1000"));
    for (int i = 0; i < 30 && answer.status != 418; ++i)
        answer = get(QStringLiteral("ping"));
    QCOMPARE(answer.status, 418);
    QCOMPARE(answer.retryAfter, QByteArray("120"));
    QVERIFY(
        answer.object()
            .value(QLatin1String("msg"))
            .toString()
            .contains(
                QStringLiteral("IP banned until %1. Please use the websocket").arg(toMs(m_clock->utcNow()) + 120'000)));
    m_clock->advance(60s); // a new minute does not lift it
    QCOMPARE(get(QStringLiteral("ping")).status, 418);
    m_clock->advance(61s);
    QCOMPARE(get(QStringLiteral("ping")).status, 200);
    // The next ban is longer.
    for (int i = 0; i < 40 && answer.retryAfter != "240"; ++i)
        answer = get(QStringLiteral("depth?symbol=BTCUSDT&limit=1000"));
    QCOMPARE(answer.status, 418);
    QCOMPARE(answer.retryAfter, QByteArray("240"));
    QVERIFY(m_server->stats().rest429 > 0 && m_server->stats().rest418 > 0);
}

void TestRules::limitsFundingSeparately()
{
    for (int i = 0; i < 500; ++i)
        QCOMPARE(get(QStringLiteral("fundingRate?symbol=BTCUSDT&limit=1")).status, 200);
    QCOMPARE(get(QStringLiteral("fundingInfo")).status, 429);
    QCOMPARE(get(QStringLiteral("ping")).status, 200);
    m_clock->advance(5min);
    QCOMPARE(get(QStringLiteral("fundingInfo")).status, 200);
}

void TestRules::sendsArraysOfBothFamilies()
{
    WsClient client(m_server->wsUrl(), QStringLiteral("/market/stream?streams=!markPrice@arr@1s/!ticker@arr"));
    QTRY_VERIFY(client.isOpen());
    advance(3s, 500ms);
    QTRY_COMPARE(client.ofStream("!markPrice@arr@1s").size(), 6);
    int coin = 0;
    int withoutFunding = 0;
    const QJsonArray rows = QJsonDocument::fromJson(client.ofStream("!markPrice@arr@1s").at(0)).array();
    for (const QJsonValue &row : rows) {
        coin += row.toObject().value(QLatin1String("st")).toInt() == 2;
        withoutFunding += row.toObject().value(QLatin1String("T")).toInteger() == 0;
    }
    QVERIFY(rows.size() > 30);
    QCOMPARE(coin, 3);
    QVERIFY(withoutFunding >= 4);
    const QByteArray second = client.ofStream("!markPrice@arr@1s").at(1);
    QVERIFY(second.contains("XAUUSDT") && !second.contains("\"BTCUSDT\""));
    QVERIFY(!client.ofStream("!ticker@arr").isEmpty());
}

void TestRules::listsAndDelists()
{
    WsClient client(m_server->wsUrl(), QStringLiteral("/market/stream?streams=!contractInfo/ethusdt@markPrice@1s"));
    QTRY_VERIFY(client.isOpen());
    advance(1s, 1s);
    QCOMPARE(client.ofStream("!contractInfo").size(), 0);
    QVERIFY(m_server->listInstrument(QStringLiteral("FRESHUSDT"), m_clock->utcNow()));
    QVERIFY(!m_server->listInstrument(QStringLiteral("FRESHUSDT"), m_clock->utcNow()));
    QVERIFY(m_server->delist(QStringLiteral("ETHUSDT"), m_clock->utcNow() + 1min));
    advance(10s, 1s);
    QTRY_COMPARE(client.ofStream("!contractInfo").size(), 2);
    const auto info = [&](const QByteArray &symbol) {
        for (const QJsonValue &row :
             get(QStringLiteral("exchangeInfo")).object().value(QLatin1String("symbols")).toArray()) {
            if (row.toObject().value(QLatin1String("symbol")).toString().toUtf8() == symbol)
                return row.toObject();
        }
        return QJsonObject();
    };
    QCOMPARE(info("FRESHUSDT").value(QLatin1String("status")).toString(), QStringLiteral("TRADING"));
    QCOMPARE(info("ETHUSDT").value(QLatin1String("status")).toString(), QStringLiteral("TRADING"));
    QCOMPARE(info("ETHUSDT").value(QLatin1String("deliveryDate")).toInteger(), toMs(m_clock->utcNow() + 50s));
    WsClient fresh(m_server->wsUrl(), QStringLiteral("/market/stream?streams=freshusdt@markPrice@1s"));
    QTRY_VERIFY(fresh.isOpen());
    advance(60s, 1s);
    QTRY_COMPARE(fresh.ofStream("freshusdt@markPrice@1s").size(), 60);
    QCOMPARE(info("ETHUSDT").value(QLatin1String("status")).toString(), QStringLiteral("SETTLING"));
    QTRY_COMPARE(client.ofStream("!contractInfo").size(), 3);
    const qsizetype marks = client.ofStream("ethusdt@markPrice@1s").size();
    QVERIFY(marks >= 59 && marks <= 62);
    advance(5s, 1s);
    QCOMPARE(client.ofStream("ethusdt@markPrice@1s").size(), marks);
    QVERIFY(!get(QStringLiteral("klines?symbol=ETHUSDT&interval=1m&limit=5")).array().isEmpty()); // stays readable
}

void TestRules::keepsListenKeys()
{
    const QString path = QStringLiteral("/fapi/v1/listenKey");
    QCOMPARE(m_rest->request("POST", path).status, 401);
    QCOMPARE(m_rest->request("POST", path, {}, 5000, "refused-key").code(), -2015);
    const QString key =
        m_rest->request("POST", path, {}, 5000, "one").object().value(QLatin1String("listenKey")).toString();
    QCOMPARE(key.size(), 64);
    QCOMPARE(m_rest->request("POST", path, {}, 5000, "one").object().value(QLatin1String("listenKey")).toString(), key);
    QVERIFY(m_rest->request("POST", path, {}, 5000, "two").object().value(QLatin1String("listenKey")).toString() !=
            key);
    WsClient client(m_server->wsUrl(), QStringLiteral("/private/ws?listenKey=") + key);
    WsClient unknown(m_server->wsUrl(), QStringLiteral("/private/ws/no-such-key")); // completes all the same
    QTRY_VERIFY(client.isOpen() && unknown.isOpen());
    QVERIFY(m_server->sendUserEvent("one", R"({"e":"ACCOUNT_UPDATE"})"));
    QTRY_COMPARE(client.texts, (QList<QByteArray>{R"({"e":"ACCOUNT_UPDATE"})"}));
    advance(50min, 10min);
    QCOMPARE(m_rest->request("PUT", path, {}, 5000, "one").status, 200);
    advance(50min, 10min);
    QCOMPARE(client.texts.size(), 1);
    QCOMPARE(m_rest->request("PUT", path, {}, 5000, "two").code(), -1125);
    advance(20min, 10min);
    QTRY_COMPARE(client.texts.size(), 2);
    QVERIFY(client.texts[1].startsWith(R"({"e":"listenKeyExpired","E":)"));
    QVERIFY(client.isOpen()); // open and silent
}

void TestRules::goesDownAndComesBack()
{
    WsClient client(m_server->wsUrl(), QStringLiteral("/market/ws"));
    QTRY_VERIFY(client.isOpen());
    const QUrl rest = m_server->restUrl();
    const QUrl ws = m_server->wsUrl();
    m_server->stopListening();
    QTRY_VERIFY(client.ended);
    QCOMPARE(get(QStringLiteral("ping")).status, 0);
    QVERIFY(m_server->resumeListening());
    QCOMPARE(m_server->restUrl(), rest);
    QCOMPARE(m_server->wsUrl(), ws);
    QCOMPARE(get(QStringLiteral("ping")).status, 200);
    WsClient again(m_server->wsUrl(), QStringLiteral("/market/ws"));
    QTRY_VERIFY(again.isOpen());
}

void TestRules::coversAllKinds()
{
    WsClient market(m_server->wsUrl(),
                    QStringLiteral("/market/stream?streams=btcusdt@aggTrade/btcusdt@markPrice/btcusdt@ticker/"
                                   "btcusdt@miniTicker/!miniTicker@arr/!forceOrder@arr/"
                                   "btcusdt_perpetual@continuousKline_1m/btcusdt@kline_1M/btcusdt@kline_1w"));
    WsClient books(m_server->wsUrl(), QStringLiteral("/public/stream?streams=!bookTicker/btcusdt@bookTicker/"
                                                     "btcusdt@depth/btcusdt@depth20@100ms/btcusdt@depth@500ms"));
    QTRY_VERIFY(market.isOpen() && books.isOpen());
    advance(60s, 500ms);
    for (const QByteArray name :
         {"btcusdt@aggTrade", "btcusdt@markPrice", "btcusdt@ticker", "btcusdt@miniTicker", "!miniTicker@arr",
          "!forceOrder@arr", "btcusdt_perpetual@continuousKline_1m", "btcusdt@kline_1M", "btcusdt@kline_1w"})
        QTRY_VERIFY2(!market.ofStream(name).isEmpty(), name.constData());
    for (const QByteArray name :
         {"!bookTicker", "btcusdt@bookTicker", "btcusdt@depth", "btcusdt@depth20@100ms", "btcusdt@depth@500ms"})
        QTRY_VERIFY2(!books.ofStream(name).isEmpty(), name.constData());
    QTRY_COMPARE(market.ofStream("btcusdt@markPrice").size(), 20);
    for (const QByteArray &text : market.texts + books.texts) { // compact JSON, one object each
        QVERIFY2(QJsonDocument::fromJson(text).isObject(), text.left(300).constData());
        QVERIFY(!text.contains(": ") && !text.contains(", "));
    }
}

TK_TEST(TestRules, rules);

} // namespace tk::sim

#include "tst_rules.moc"
