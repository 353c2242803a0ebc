// What the stream said, what REST says and what the truth is are the same, to the digit.
#include "sim_client.h"
#include "support/exchange/exchange_server.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <QElapsedTimer>
#include <QTest>

#include <cmath>

namespace tk::sim {

namespace {

using namespace std::chrono_literals;

QString text(const DecimalText &value)
{
    return QString::fromLatin1(value.view().data(), qsizetype(value.view().size()));
}

// The columns of REST that a kline frame tells too, in REST's order.
QStringList columns(const QJsonObject &k)
{
    const auto s = [&](const char *key) { return k.value(QLatin1String(key)).toVariant().toString(); };
    return {s("t"), s("o"), s("h"), s("l"), s("c"), s("v"), s("T"), s("q"), s("n"), s("V"), s("Q")};
}

QStringList columns(const QJsonArray &row)
{
    QStringList list;
    for (int i = 0; i < 11; ++i)
        list << row.at(i).toVariant().toString();
    return list;
}

} // namespace

class TestHistory : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void streamEqualsRestEqualsTruth();
    void tellsTheSameAfterARestart();
    void showsTheOpenCandleAsTheStreamDoes();
    void sendsNothingForCandlesWithoutTrades();
    void pagesAndLimits();
    void beginsAtTheListing();
    void refusesBadRequests();
    void opensMarkCandlesWithTheStreamedMark();
    void settlesFunding();
    void restTradesMatchTheStream();
    void anOldIdIsAnsweredAtOnce();
    void tellsPremiumsAndOpenInterest();
    void rebuildsABookFromSnapshotAndStream();

private:
    void advance(milliseconds by, milliseconds step = 1000ms);

    std::shared_ptr<test::ManualClock> m_clock;
    std::unique_ptr<ExchangeServer> m_server;
    std::unique_ptr<RestClient> m_rest;
};

void TestHistory::init()
{
    m_clock = std::make_shared<test::ManualClock>();
    SimSettings settings;
    settings.pairs = 40;
    settings.weightPerMinute = 1'000'000;
    m_server = std::make_unique<ExchangeServer>(settings, m_clock);
    QVERIFY(m_server->listen());
    m_rest = std::make_unique<RestClient>(m_server->restUrl());
}

void TestHistory::cleanup()
{
    m_rest.reset();
    m_server.reset();
}

// In steps, each of which the server has seen before the next one.
void TestHistory::advance(milliseconds by, milliseconds step)
{
    for (milliseconds done{0}; done < by; done += step) {
        m_clock->advance(step);
        const quint64 ticks = m_server->stats().ticks;
        QVERIFY(QTest::qWaitFor([&] { return m_server->stats().ticks > ticks; }));
    }
}

void TestHistory::streamEqualsRestEqualsTruth()
{
    WsClient client(m_server->wsUrl(), QStringLiteral("/market/stream?streams=btcusdt@kline_1m/ethusdt@kline_1m/"
                                                      "龙虾usdt@kline_1m/bnbusdt@kline_1m/btcusdt@kline_3m"));
    QTRY_VERIFY(client.isOpen());
    const UtcTime start = m_clock->utcNow();
    advance(5min, 500ms);
    int compared = 0;
    for (const QString &symbol : {QStringLiteral("BTCUSDT"), QStringLiteral("ETHUSDT"), QStringLiteral("龙虾USDT"),
                                  QStringLiteral("BNBUSDT")}) {
        const QByteArray stream = symbol.toUtf8().toLower() + "@kline_1m";
        const QJsonArray rows =
            m_rest->get(QStringLiteral("/fapi/v1/klines?interval=1m&limit=10&symbol=") + symbol).array();
        const std::vector<Candle> truth = m_server->truth(symbol, Timeframe::M1, {start - 20min, start + 20min});
        QCOMPARE(rows.size(), 10);
        QHash<QString, QStringList> history;
        for (const QJsonValue &row : rows)
            history.insert(columns(row.toArray()).at(0), columns(row.toArray()));
        QSet<QString> closed;
        for (const QByteArray &frame : client.ofStream(stream)) {
            const QJsonObject k = QJsonDocument::fromJson(frame).object().value(QLatin1String("k")).toObject();
            const QStringList told = columns(k);
            QVERIFY2(!closed.contains(told.at(0)), "an open frame after the closed one, or closed twice");
            if (!k.value(QLatin1String("x")).toBool())
                continue;
            closed.insert(told.at(0));
            QCOMPARE(told, history.value(told.at(0)));
            const auto found = std::find_if(truth.begin(), truth.end(), [&](const Candle &candle) {
                return QString::number(toMs(candle.open_time)) == told.at(0);
            });
            QVERIFY(found != truth.end());
            QCOMPARE((QStringList{text(found->open), text(found->high), text(found->low), text(found->close),
                                  text(found->volume)}),
                     told.mid(1, 5));
            QCOMPARE(text(found->quote_volume), told.at(7));
            QCOMPARE(QString::number(found->trades), told.at(8));
            ++compared;
        }
        // Every candle that traded was closed.
        for (const Candle &candle : truth) {
            const bool due = candle.open_time >= start && candle.open_time + 1min + 2100ms < m_clock->utcNow();
            if (due)
                QCOMPARE(closed.contains(QString::number(toMs(candle.open_time))), candle.trades > 0);
        }
    }
    QVERIFY2(compared >= 9, qPrintable(QString::number(compared)));
    QVERIFY(client.ofStream("btcusdt@kline_3m").size() > 5);
}

void TestHistory::tellsTheSameAfterARestart()
{
    const QString query = QStringLiteral("/fapi/v1/klines?interval=15m&limit=300&symbol=SOLUSDT");
    const QByteArray before = m_rest->get(query).body;
    const QByteArray funding = m_rest->get(QStringLiteral("/fapi/v1/fundingRate?symbol=SOLUSDT")).body;
    SimSettings settings;
    settings.pairs = 30; // the list may differ; a contract does not
    ExchangeServer other(settings, m_clock);
    QVERIFY(other.listen());
    RestClient rest(other.restUrl());
    QCOMPARE(rest.get(query).body, before);
    QCOMPARE(rest.get(QStringLiteral("/fapi/v1/fundingRate?symbol=SOLUSDT")).body, funding);
    settings.seed = 2;
    ExchangeServer different(settings, m_clock);
    QVERIFY(different.listen());
    QVERIFY(RestClient(different.restUrl()).get(query).body != before);
}

void TestHistory::showsTheOpenCandleAsTheStreamDoes()
{
    WsClient client(m_server->wsUrl(), QStringLiteral("/market/ws/btcusdt@kline_15m"));
    QTRY_VERIFY(client.isOpen());
    advance(5s, 250ms);
    m_clock->advance(300ms);
    QTRY_VERIFY(!client.texts.isEmpty());
    const QJsonObject frame = QJsonDocument::fromJson(client.texts.last()).object();
    const qint64 event = frame.value(QLatin1String("E")).toInteger();
    // REST now may know one trade more than the last frame: ask for the same moment.
    const QJsonObject k = frame.value(QLatin1String("k")).toObject();
    const QJsonArray rows = m_rest->get(QStringLiteral("/fapi/v1/klines?interval=15m&limit=1&symbol=btcusdt")).array();
    QCOMPARE(rows.size(), 1);
    QVERIFY(toMs(m_clock->utcNow()) - event < 1500);
    QVERIFY(rows.at(0).toArray().at(8).toInteger() - k.value(QLatin1String("n")).toInteger() < 20);
    QCOMPARE(columns(rows.at(0).toArray()).at(1), columns(k).at(1));
    QCOMPARE(k.value(QLatin1String("T")).toInteger(), k.value(QLatin1String("t")).toInteger() + 15 * 60'000 - 1);
}

void TestHistory::sendsNothingForCandlesWithoutTrades()
{
    QVERIFY(m_server->listInstrument(QStringLiteral("DEADUSDT"), m_clock->utcNow() - std::chrono::hours(24 * 30), 1));
    WsClient client(m_server->wsUrl(), QStringLiteral("/market/stream?streams=deadusdt@kline_1m/btcusdt@markPrice@1s"));
    QTRY_VERIFY(client.isOpen());
    advance(4min, 2s);
    QTRY_VERIFY(client.ofStream("btcusdt@markPrice@1s").size() > 200);
    const QJsonArray rows = m_rest->get(QStringLiteral("/fapi/v1/klines?interval=1m&limit=5&symbol=DEADUSDT")).array();
    QCOMPARE(rows.size(), 5);
    int traded = 0;
    for (const QJsonValue &row : rows) {
        traded += row.toArray().at(8).toInt() > 0;
        if (row.toArray().at(8).toInt() == 0) {
            QCOMPARE(row.toArray().at(5).toString(), QStringLiteral("0"));
            QCOMPARE(row.toArray().at(1), row.toArray().at(4));
        }
    }
    QVERIFY(traded <= 1);
    if (traded == 0)
        QCOMPARE(client.ofStream("deadusdt@kline_1m").size(), 0);
}

void TestHistory::pagesAndLimits()
{
    const qint64 now = toMs(m_clock->utcNow());
    const qint64 start = now - 3'600'000;
    const auto rows = [&](const QString &query) {
        return m_rest->get(QStringLiteral("/fapi/v1/klines?interval=1m&symbol=BTCUSDT") + query).array();
    };
    QCOMPARE(rows({}).size(), 500);
    QCOMPARE(rows(QStringLiteral("&limit=1500")).size(), 1500);
    const QJsonArray forward = rows(QStringLiteral("&limit=10&startTime=%1").arg(start + 1));
    QCOMPARE(forward.size(), 10);
    QCOMPARE(forward.at(0).toArray().at(0).toInteger(), start + 60'000);
    const QJsonArray window = rows(QStringLiteral("&startTime=%1&endTime=%2").arg(start).arg(start + 120'000));
    QCOMPARE(window.size(), 3); // both ends inclusive
    const QJsonArray backward = rows(QStringLiteral("&limit=2&endTime=%1").arg(start + 59'999));
    QCOMPARE(backward.at(1).toArray().at(0).toInteger(), start);
    QCOMPARE(rows(QStringLiteral("&startTime=%1").arg(now + 3'600'000)).size(), 0);
}

void TestHistory::beginsAtTheListing()
{
    const QJsonArray symbols =
        m_rest->get(QStringLiteral("/fapi/v1/exchangeInfo")).object().value(QLatin1String("symbols")).toArray();
    qint64 onboard = 0;
    QString symbol;
    for (const QJsonValue &row : symbols) {
        if (row.toObject().value(QLatin1String("onboardDate")).toInteger() > onboard &&
            row.toObject().value(QLatin1String("status")).toString() == QLatin1String("TRADING")) {
            onboard = row.toObject().value(QLatin1String("onboardDate")).toInteger();
            symbol = row.toObject().value(QLatin1String("symbol")).toString();
        }
    }
    QVERIFY(toMs(m_clock->utcNow()) - onboard < 60LL * 86'400'000);
    const QJsonArray rows =
        m_rest->get(QStringLiteral("/fapi/v1/klines?interval=1h&limit=1500&startTime=0&symbol=") + symbol).array();
    QVERIFY(!rows.isEmpty());
    QVERIFY(rows.size() < 1500);
    QVERIFY(rows.at(0).toArray().at(0).toInteger() >= onboard - 3'600'000);
    QCOMPARE(
        m_rest->get(QStringLiteral("/fapi/v1/klines?interval=1h&startTime=0&endTime=1000000000000&symbol=") + symbol)
            .body,
        QByteArray("[]"));
    // Ended ones keep their history up to the end.
    const QJsonArray ended = m_rest->get(QStringLiteral("/fapi/v1/klines?interval=1h&limit=5&symbol=OMGUSDT")).array();
    QCOMPARE(ended.size(), 5);
    QVERIFY(ended.at(4).toArray().at(0).toInteger() < 1'738'314'000'000);
}

void TestHistory::refusesBadRequests()
{
    const auto code = [&](const QString &path) { return m_rest->get(QStringLiteral("/fapi/v1/") + path).code(); };
    QCOMPARE(code(QStringLiteral("klines?symbol=NOPEUSDT&interval=1m")), -1121);
    QCOMPARE(code(QStringLiteral("klines?symbol=BTCUSDT&interval=7m")), -1120);
    QCOMPARE(code(QStringLiteral("klines?symbol=BTCUSDT&interval=1m&limit=1501")), -1130);
    QCOMPARE(code(QStringLiteral("klines?interval=1m")), -1102);
    QCOMPARE(code(QStringLiteral("depth?symbol=BTCUSDT&limit=7")), -4021);
    QCOMPARE(m_rest->get(QStringLiteral("/fapi/v1/depth?symbol=BTCUSDT&limit=7"))
                 .object()
                 .value(QLatin1String("msg"))
                 .toString(),
             QStringLiteral("7 is not valid depth limit"));
    QCOMPARE(code(QStringLiteral("aggTrades?symbol=BTCUSDT&startTime=1600000000000")), -4166);
    QCOMPARE(m_rest->get(QStringLiteral("/nowhere")).status, 404);
    QCOMPARE(m_rest->get(QStringLiteral("/fapi/v1/klines?symbol=NOPEUSDT&interval=1m")).status, 400);
}

void TestHistory::opensMarkCandlesWithTheStreamedMark()
{
    WsClient client(m_server->wsUrl(), QStringLiteral("/market/ws/ethusdt@markPrice@1s"));
    QTRY_VERIFY(client.isOpen());
    advance(125s, 1s);
    QTRY_VERIFY(client.texts.size() >= 120);
    const QJsonArray rows =
        m_rest->get(QStringLiteral("/fapi/v1/markPriceKlines?symbol=ETHUSDT&interval=1m&limit=3")).array();
    QCOMPARE(rows.size(), 3);
    int matched = 0;
    for (const QByteArray &frame : client.texts) {
        const QJsonObject mark = QJsonDocument::fromJson(frame).object();
        const qint64 event = mark.value(QLatin1String("E")).toInteger();
        QCOMPARE(event % 1000, 0);
        for (const QJsonValue &row : rows) {
            if (row.toArray().at(0).toInteger() == event) {
                QCOMPARE(row.toArray().at(1).toString(), mark.value(QLatin1String("p")).toString());
                ++matched;
            }
        }
    }
    QVERIFY(matched >= 2);
    QCOMPARE(rows.at(0).toArray().at(5).toString(), QStringLiteral("0"));
    QCOMPARE(rows.at(0).toArray().at(8).toInt(), 60);
}

void TestHistory::settlesFunding()
{
    const UtcTime now = m_clock->utcNow();
    for (const QString &symbol : {QStringLiteral("BTCUSDT"), QStringLiteral("4USDT"), QStringLiteral("BNBUSDT")}) {
        const std::vector<FundingPoint> truth =
            m_server->truthFunding(symbol, {now - std::chrono::hours(24 * 20), now});
        const QJsonArray rows = m_rest
                                    ->get(QStringLiteral("/fapi/v1/fundingRate?limit=1000&symbol=%1&startTime=%2")
                                              .arg(symbol)
                                              .arg(toMs(now - std::chrono::hours(24 * 20))))
                                    .array();
        QCOMPARE(size_t(rows.size()), truth.size());
        for (size_t i = 0; i < truth.size(); ++i) {
            const QJsonObject row = rows.at(int(i)).toObject();
            const qint64 offset = row.value(QLatin1String("fundingTime")).toInteger() - toMs(truth[i].time);
            QVERIFY(offset >= 0 && offset <= 3);
            QCOMPARE(row.value(QLatin1String("fundingRate")).toString(), text(truth[i].rate));
            QCOMPARE(row.value(QLatin1String("rateType")).toString() == QLatin1String("Special"), truth[i].special);
        }
    }
    QCOMPARE(m_rest->get(QStringLiteral("/fapi/v1/fundingRate?symbol=BTCUSDT&limit=3")).array().size(), 3);
    QCOMPARE(m_rest->get(QStringLiteral("/fapi/v1/fundingRate")).array().size(), 200);
    QVERIFY(m_rest->get(QStringLiteral("/fapi/v1/fundingInfo")).array().size() > 20);
}

void TestHistory::restTradesMatchTheStream()
{
    WsClient client(m_server->wsUrl(), QStringLiteral("/market/ws/btcusdt@aggTrade"));
    QTRY_VERIFY(client.isOpen());
    advance(30s, 500ms);
    QTRY_VERIFY(client.texts.size() > 15);
    const QJsonArray rows = m_rest->get(QStringLiteral("/fapi/v1/aggTrades?symbol=BTCUSDT&limit=100")).array();
    qint64 last = 0;
    int matched = 0;
    for (const QByteArray &frame : client.texts) {
        const QJsonObject trade = QJsonDocument::fromJson(frame).object();
        const qint64 id = trade.value(QLatin1String("a")).toInteger();
        QVERIFY(last == 0 || id == last + 1);
        last = id;
        for (const QJsonValue &row : rows) {
            if (row.toObject().value(QLatin1String("a")).toInteger() == id) {
                for (const char *key : {"p", "q", "nq", "f", "l", "T", "m"})
                    QCOMPARE(row.toObject().value(QLatin1String(key)), trade.value(QLatin1String(key)));
                ++matched;
            }
        }
    }
    QCOMPARE(matched, int(client.texts.size()));
    const QJsonArray fills = m_rest->get(QStringLiteral("/fapi/v1/trades?symbol=BTCUSDT&limit=50")).array();
    QCOMPARE(fills.size(), 50);
    QVERIFY(fills.at(49).toObject().value(QLatin1String("id")).toInteger() >
            fills.at(0).toObject().value(QLatin1String("id")).toInteger());
}

// From the very first id: it took more than a minute to walk there.
void TestHistory::anOldIdIsAnsweredAtOnce()
{
    QElapsedTimer timer;
    timer.start();
    for (const char *id : {"0", "1", "1000"}) {
        const QJsonArray rows =
            m_rest->get(QStringLiteral("/fapi/v1/aggTrades?symbol=BTCUSDT&limit=5&fromId=") + QLatin1String(id))
                .array();
        QCOMPARE(rows.size(), 5);
        QVERIFY(rows[0].toObject().value(QLatin1String("a")).toInteger() >= QByteArray(id).toLongLong());
    }
    // And a new one as exactly as before.
    const QJsonArray newest = m_rest->get(QStringLiteral("/fapi/v1/aggTrades?symbol=BTCUSDT&limit=100")).array();
    const qint64 id = newest[40].toObject().value(QLatin1String("a")).toInteger();
    QCOMPARE(m_rest->get(QStringLiteral("/fapi/v1/aggTrades?symbol=BTCUSDT&limit=1&fromId=%1").arg(id))
                 .array()[0]
                 .toObject(),
             newest[40].toObject());
    QVERIFY(timer.elapsed() < 5'000);
}

void TestHistory::tellsPremiumsAndOpenInterest()
{
    const auto of = [&](const char *query) {
        return m_rest->get(QStringLiteral("/fapi/v1/") + QLatin1String(query)).array();
    };
    const QJsonArray premium = of("premiumIndexKlines?symbol=BTCUSDT&interval=1h&limit=3");
    const QJsonArray mark = of("markPriceKlines?symbol=BTCUSDT&interval=1h&limit=3");
    const QJsonArray index = of("indexPriceKlines?pair=BTCUSDT&interval=1h&limit=3");
    QCOMPARE(premium.size(), 3);
    for (int i = 0; i < 3; ++i) {
        const auto number = [i](const QJsonArray &rows, int column) {
            return rows[i].toArray()[column].toString().toDouble();
        };
        QCOMPARE(premium[i].toArray()[0], mark[i].toArray()[0]);
        QVERIFY(std::abs(number(premium, 1) - (number(mark, 1) / number(index, 1) - 1)) < 1e-7);
        QVERIFY(number(premium, 3) <= number(premium, 1) && number(premium, 1) <= number(premium, 2));
    }
    const auto interest = [&](const char *query) {
        return m_rest->get(QStringLiteral("/futures/data/openInterestHist?symbol=BTCUSDT") + QLatin1String(query));
    };
    const QJsonArray rows = interest("&period=1h&limit=500").array();
    QCOMPARE(rows.size(), 500);
    const auto time = [&](int i) { return rows[i].toObject().value(QLatin1String("timestamp")).toInteger(); };
    QCOMPARE(time(499) - time(0), 499 * 3'600'000LL);
    QVERIFY(rows[0].toObject().value(QLatin1String("sumOpenInterest")).toString().toDouble() > 0);
    QCOMPARE(interest("&period=5m").array().size(), 30);
    QCOMPARE(interest("&period=7m").object().value(QLatin1String("code")).toInt(), -1130);
    QCOMPARE(interest("&period=1h&startTime=1600000000000").object().value(QLatin1String("code")).toInt(), -1130);
}

void TestHistory::rebuildsABookFromSnapshotAndStream()
{
    WsClient client(m_server->wsUrl(), QStringLiteral("/public/ws/ethusdt@depth@100ms"));
    QTRY_VERIFY(client.isOpen());
    advance(1s, 100ms);
    const QString query = QStringLiteral("/fapi/v1/depth?symbol=ETHUSDT&limit=1000");
    const QJsonObject snapshot = m_rest->get(query).object();
    advance(2s, 100ms);
    const QJsonObject target = m_rest->get(query).object();
    advance(1s, 100ms);
    const qint64 begin = snapshot.value(QLatin1String("lastUpdateId")).toInteger();
    const qint64 end = target.value(QLatin1String("lastUpdateId")).toInteger();
    QMap<QString, QString> bids;
    const auto apply = [&](const QJsonArray &levels) {
        for (const QJsonValue &level : levels) {
            if (level.toArray().at(1).toString() == QLatin1String("0"))
                bids.remove(level.toArray().at(0).toString());
            else
                bids[level.toArray().at(0).toString()] = level.toArray().at(1).toString();
        }
    };
    apply(snapshot.value(QLatin1String("bids")).toArray());
    qint64 previous = 0;
    bool first = true;
    for (const QByteArray &frame : client.texts) {
        const QJsonObject event = QJsonDocument::fromJson(frame).object();
        const qint64 u = event.value(QLatin1String("u")).toInteger();
        if (previous != 0)
            QCOMPARE(event.value(QLatin1String("pu")).toInteger(), previous);
        previous = u;
        if (u < begin || u > end)
            continue;
        if (std::exchange(first, false))
            QVERIFY(event.value(QLatin1String("U")).toInteger() <= begin);
        apply(event.value(QLatin1String("b")).toArray());
    }
    QVERIFY(!first);
    const QJsonArray wanted = target.value(QLatin1String("bids")).toArray();
    for (const QJsonValue &level : wanted)
        QCOMPARE(bids.value(level.toArray().at(0).toString()), level.toArray().at(1).toString());
}

TK_TEST(TestHistory, history);

} // namespace tk::sim

#include "tst_history.moc"
