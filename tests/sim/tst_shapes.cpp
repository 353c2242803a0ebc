// The simulated messages have the fields of the recorded ones, in their order.
#include "sim_client.h"
#include "support/exchange/exchange_server.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <QFile>
#include <QRegularExpression>
#include <QTest>

namespace tk::sim {

using namespace std::chrono_literals;

namespace {

// Keys of an object in the order of the text, of the outermost level and, dotted, of those below it; elements of lists
// count once. QJsonObject sorts its keys, so the text is read by hand.
QStringList keysOf(const QByteArray &text)
{
    QStringList keys;
    QStringList path;
    QString last;
    for (qsizetype i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '{' || c == '[') {
            path << last;
            last.clear();
        } else if (c == '}' || c == ']') {
            path.removeLast();
        } else if (c == '"') {
            const qsizetype end = text.indexOf('"', i + 1);
            const QString word = QString::fromUtf8(text.mid(i + 1, end - i - 1));
            i = end;
            if (end + 1 < text.size() && text[end + 1] == ':') {
                last = word;
                const QString full = (path + QStringList(word)).join(u'/');
                if (!keys.contains(full))
                    keys << full;
            }
        }
    }
    return keys;
}

QByteArray recorded(const QString &file)
{
    QFile input(QStringLiteral(TAPEKEEPER_RECORDINGS "/binance/") + file);
    return input.open(QIODevice::ReadOnly) ? input.readAll() : QByteArray();
}

// The first frame of the stream in a recording, without its wrapper.
QByteArray frameOf(const QString &file, const QByteArray &stream)
{
    for (const QByteArray &line : recorded(file).split('\n')) {
        if (line.startsWith("{\"stream\":\"" + stream + '"'))
            return line.mid(line.indexOf("\"data\":") + 7).chopped(1);
    }
    return {};
}

} // namespace

class TestShapes : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void frames_data();
    void frames();
    void bodies_data();
    void bodies();
    void instruments();

private:
    std::shared_ptr<test::ManualClock> m_clock;
    std::unique_ptr<ExchangeServer> m_server;
};

void TestShapes::initTestCase()
{
    if (recorded(QStringLiteral("usdm-market-2026-10-07.frames.jsonl")).isEmpty())
        QSKIP("no recordings at TAPEKEEPER_RECORDINGS: shapes are not compared");
    m_clock = std::make_shared<test::ManualClock>();
    SimSettings settings;
    settings.pairs = 20;
    m_server = std::make_unique<ExchangeServer>(settings, m_clock);
    QVERIFY(m_server->listen());
}

void TestShapes::frames_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QByteArray>("stream");
    const QString market = QStringLiteral("usdm-market-2026-10-07.frames.jsonl");
    const QString books = QStringLiteral("usdm-public-2026-10-07.frames.jsonl");
    for (const char *stream : {"btcusdt@aggTrade", "btcusdt@kline_1m", "btcusdt@markPrice@1s", "btcusdt@ticker",
                               "!ticker@arr", "!markPrice@arr@1s"})
        QTest::newRow(stream) << market << QByteArray(stream);
    for (const char *stream : {"btcusdt@depth20@100ms", "btcusdt@bookTicker"})
        QTest::newRow(stream) << books << QByteArray(stream);
}

void TestShapes::frames()
{
    QFETCH(QString, file);
    QFETCH(QByteArray, stream);
    const QByteArray real = frameOf(file, stream);
    QVERIFY(!real.isEmpty());
    WsClient client(m_server->wsUrl(),
                    (file.contains(QLatin1String("public")) ? QStringLiteral("/public") : QStringLiteral("/market")) +
                        QStringLiteral("/stream?streams=") + QString::fromUtf8(stream));
    QTRY_VERIFY(client.isOpen());
    for (int i = 0; i < 20 && client.texts.isEmpty(); ++i) {
        m_clock->advance(500ms);
        const quint64 ticks = m_server->stats().ticks;
        QVERIFY(QTest::qWaitFor([&] { return m_server->stats().ticks > ticks + 1; }));
    }
    QVERIFY(!client.texts.isEmpty());
    QCOMPARE(keysOf(client.dataOf(0)), keysOf(real));
    // Numbers where numbers are, text where text is.
    const QJsonDocument mine = QJsonDocument::fromJson(client.dataOf(0));
    const QJsonDocument other = QJsonDocument::fromJson(real);
    const QJsonObject a = mine.isArray() ? mine.array().at(0).toObject() : mine.object();
    const QJsonObject b = other.isArray() ? other.array().at(0).toObject() : other.object();
    for (auto field = b.begin(); field != b.end(); ++field)
        QVERIFY2(a.value(field.key()).type() == field.value().type(), qPrintable(field.key()));
    if (stream == "btcusdt@markPrice@1s" || stream == "btcusdt@kline_1m") {
        // The same number of decimals in every text.
        static const QRegularExpression digits(QStringLiteral("\"(\\w+)\":\"-?\\d+(\\.\\d+)?\""));
        QMap<QString, qsizetype> decimals;
        for (auto match = digits.globalMatch(QString::fromUtf8(real)); match.hasNext();) {
            const auto found = match.next();
            decimals.insert(found.captured(1), found.captured(2).size());
        }
        for (auto match = digits.globalMatch(QString::fromUtf8(client.dataOf(0))); match.hasNext();) {
            const auto found = match.next();
            QVERIFY2(decimals.value(found.captured(1)) == found.captured(2).size(), qPrintable(found.captured(0)));
        }
    }
}

void TestShapes::bodies_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("query");
    QTest::newRow("funding") << QStringLiteral("fundingRate") << QStringLiteral("fundingRate?symbol=BTCUSDT&limit=3");
    QTest::newRow("fundingInfo") << QStringLiteral("fundingInfo") << QStringLiteral("fundingInfo");
    QTest::newRow("premiumIndex") << QStringLiteral("premiumIndex") << QStringLiteral("premiumIndex");
    QTest::newRow("aggTrades") << QStringLiteral("aggTrades") << QStringLiteral("aggTrades?symbol=BTCUSDT&limit=3");
    QTest::newRow("openInterest") << QStringLiteral("openInterest") << QStringLiteral("openInterest?symbol=BTCUSDT");
    QTest::newRow("depth") << QStringLiteral("depth5") << QStringLiteral("depth?symbol=BTCUSDT&limit=5");
    QTest::newRow("klines") << QStringLiteral("klines") << QStringLiteral("klines?symbol=BTCUSDT&interval=1m&limit=2");
}

void TestShapes::bodies()
{
    QFETCH(QString, file);
    QFETCH(QString, query);
    const QByteArray real = recorded(QStringLiteral("rest/usdm-%1-2026-10-07.json").arg(file));
    QVERIFY(!real.isEmpty());
    const QByteArray mine = RestClient(m_server->restUrl()).get(QStringLiteral("/fapi/v1/") + query).body;
    QCOMPARE(keysOf(mine), keysOf(real));
    if (file != QLatin1String("klines"))
        return;
    const QJsonArray a = QJsonDocument::fromJson(mine).array().at(0).toArray();
    const QJsonArray b = QJsonDocument::fromJson(real).array().at(0).toArray();
    QCOMPARE(a.size(), b.size());
    for (int i = 0; i < b.size(); ++i)
        QCOMPARE(a.at(i).type(), b.at(i).type());
}

void TestShapes::instruments()
{
    const QJsonObject real =
        QJsonDocument::fromJson(recorded(QStringLiteral("rest/usdm-exchangeInfo-2026-10-07.json"))).object();
    const QByteArray body = RestClient(m_server->restUrl()).get(QStringLiteral("/fapi/v1/exchangeInfo")).body;
    const QJsonObject mine = QJsonDocument::fromJson(body).object();
    QCOMPARE(mine.keys(), real.keys());
    QVERIFY(toMs(m_clock->utcNow()) - mine.value(QLatin1String("serverTime")).toInteger() > 600'000);
    const QJsonObject row = real.value(QLatin1String("symbols")).toArray().at(0).toObject();
    for (const QJsonValue &symbol : mine.value(QLatin1String("symbols")).toArray()) {
        const QJsonObject object = symbol.toObject();
        QCOMPARE(object.keys(), row.keys());
        for (auto field = row.begin(); field != row.end(); ++field)
            QVERIFY2(object.value(field.key()).type() == field.value().type(), qPrintable(field.key()));
        const QJsonArray filters = object.value(QLatin1String("filters")).toArray();
        const QJsonArray realFilters = row.value(QLatin1String("filters")).toArray();
        QCOMPARE(filters.size(), realFilters.size());
        for (int i = 0; i < filters.size(); ++i)
            QCOMPARE(filters.at(i).toObject().keys(), realFilters.at(i).toObject().keys());
    }
    const QByteArray order = body.mid(body.indexOf("{\"symbol\":\"BTCUSDT\""));
    QVERIFY(order.indexOf("\"pair\"") < order.indexOf("\"contractType\""));
    QVERIFY(order.indexOf("\"contractType\"") < order.indexOf("\"deliveryDate\""));
    QVERIFY(order.contains("\"tickSize\":\"0.10\""));
}

TK_TEST(TestShapes, shapes);

} // namespace tk::sim

#include "tst_shapes.moc"
