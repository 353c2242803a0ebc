// REST answers, recorded and made by hand, and refusals.
#include "frame_check.h"

#include "exchange/binance_usdm/adapter.h"
#include "exchange/binance_usdm/instruments.h"
#include "support/test_registry.h"

#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>

using namespace tk;
using namespace tk::exchange;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

constexpr UtcTime asked = fromMs(1'791'380'400'000); // 3599 s before the end of the ban below

Instrument btc()
{
    Instrument instrument;
    instrument.symbol = QStringLiteral("BTCUSDT");
    instrument.pair = {QStringLiteral("BTC"), QStringLiteral("USDT"), QStringLiteral("USDT")};
    instrument.unified = instrument.pair.unified();
    instrument.status = InstrumentStatus::Trading;
    instrument.perpetual = true;
    return instrument;
}

QString text(const DecimalText &value)
{
    return QString::fromUtf8(bytes(value.view()));
}

QJsonValue at(const QJsonObject &object, const char *key)
{
    return object.value(QLatin1String(key));
}

RestReply reply(int status, const QByteArray &body, const QByteArray &retryAfter = {})
{
    RestReply reply{.status = status, .body = body, .headers = {}};
    if (!retryAfter.isEmpty())
        reply.headers.emplace_back("retry-after", retryAfter);
    return reply;
}

} // namespace

class RestTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_adapter = binance::makeAdapter(); }

    void recorded_data()
    {
        QTest::addColumn<QString>("file");
        QTest::newRow("none") << QString();
        for (const QString &file : recordings(QStringLiteral("rest/*.json")))
            QTest::newRow(qPrintable(QFileInfo(file).fileName())) << file;
    }
    void recorded()
    {
        QFETCH(QString, file);
        if (file.isEmpty()) {
            if (recordings(QStringLiteral("rest/*.json")).isEmpty())
                QSKIP("no recordings at " TAPEKEEPER_RECORDINGS);
            return;
        }
        const QByteArray body = contentOf(file);
        const QString name = QFileInfo(file).fileName();
        const QJsonDocument document = QJsonDocument::fromJson(body);
        if (name.startsWith(QLatin1String("usdm-exchangeInfo")))
            instruments(body, document.object());
        else if (name.startsWith(QLatin1String("usdm-klines")))
            candles(body, document.array());
        else if (name.startsWith(QLatin1String("usdm-fundingRate")))
            funding(body, document);
        else if (name.startsWith(QLatin1String("usdm-time")))
            QCOMPARE(toMs(m_adapter->parseTime(body).value()), at(document.object(), "serverTime").toInteger());
        else
            strangers(body);
    }

    void statusMapping()
    {
        using enum InstrumentStatus;
        const std::vector<std::pair<const char *, InstrumentStatus>> table{
            {"TRADING", Trading},      {"PENDING_TRADING", Pending},
            {"PRE_DELIVERING", Ended}, {"DELIVERING", Ended},
            {"DELIVERED", Ended},      {"PRE_SETTLE", Ended},
            {"SETTLING", Ended},       {"CLOSE", Ended},
            {"TRADING_HALT", Halted},  {"", Other},
            {"trading", Other},        {"SOMETHING_NEW", Other}};
        for (const auto &[name, status] : table)
            QCOMPARE(binance::instrumentStatus(name), status);
    }

    void badInstrumentLists()
    {
        for (const QByteArray &body :
             {QByteArray(), QByteArray("null"), QByteArray("[]"), QByteArray("{}"), QByteArray("{\"symbols\":{}}"),
              QByteArray("{\"symbols\":[]}"), QByteArray("{\"symbols\":[1,null,\"x\",{}]}"),
              QByteArray("<html>403</html>"), QByteArray("{\"symbols\":[{\"symbol\":\"BTCUSDT\"")}) {
            const auto parsed = m_adapter->parseInstruments(body);
            QVERIFY2(!parsed, body.constData());
            QVERIFY(parsed.error().retryable);
        }
        // A row that does not parse is left out, the others stay; types that are not what they should be do no harm.
        const auto parsed = m_adapter->parseInstruments(QByteArray(
            "{\"symbols\":[null,{\"symbol\":5},{\"symbol\":\"AUSDT\",\"baseAsset\":\"A\",\"quoteAsset\":\"USDT\","
            "\"marginAsset\":\"USDT\",\"status\":\"TRADING\",\"contractType\":\"PERPETUAL\",\"filters\":{\"x\":1},"
            "\"onboardDate\":\"yesterday\",\"deliveryDate\":null,\"new\":[[[]]]}]}"));
        QVERIFY(parsed);
        QCOMPARE(parsed->size(), size_t(1));
        QCOMPARE(parsed->front().unified, QStringLiteral("A/USDT:USDT"));
        QCOMPARE(toMs(parsed->front().onboard), qint64(0));
    }

    // A reply that is not wholly understood is refused: half a page would look like a hole in history.
    void badCandles()
    {
        const QByteArray good =
            "[1791382920000,\"1\",\"2\",\"0.5\",\"1.5\",\"10\",1791382979999,\"15\",4,\"5\",\"7\",\"0\"]";
        QCOMPARE(m_adapter->parseCandles('[' + good + ']')->size(), size_t(1));
        QCOMPARE(m_adapter->parseCandles(QByteArray("[]"))->size(), size_t(0));
        QByteArray withNew = good;
        withNew.replace("\"0\"]", "\"0\",\"new\",{}]");
        QCOMPARE(m_adapter->parseCandles('[' + withNew + ']')->size(), size_t(1));
        const std::vector<std::pair<const char *, const char *>> damage{{"1791382920000", "\"1791382920000\""},
                                                                        {"1791382920000", "1791382920000.5"},
                                                                        {"\"1\"", "\"1,0\""},
                                                                        {"\"1\"", "1"},
                                                                        {"\"2\"", "\"\""},
                                                                        {"\"0.5\"", "null"},
                                                                        {"\"1.5\"", "\"1.5\\nx\""},
                                                                        {"\"10\"", "\"1e\""},
                                                                        {",4,", ",\"4\","},
                                                                        {",4,\"5\",\"7\",\"0\"]", "]"},
                                                                        {"[1791382920000", "[null"},
                                                                        {"]", "}"}};
        for (const auto &[from, to] : damage) {
            QByteArray bad = good;
            bad.replace(from, to);
            const QByteArray body = '[' + good + ',' + bad + ']';
            if (bad.contains(",1,")) // a number without quotes loses no digit only where it is whole
                continue;
            QVERIFY2(!m_adapter->parseCandles(body), body.constData());
        }
        for (const QByteArray &body : {QByteArray("null"), QByteArray("{}"), QByteArray("{\"code\":-1121}"),
                                       QByteArray("[1]"), QByteArray("[[]]"), QByteArray("["), QByteArray()})
            QVERIFY2(!m_adapter->parseCandles(body), body.constData());
    }

    // Mark price candles say 0 in their volume columns, as text or as a number (reference §2.6).
    void markPrices()
    {
        for (const char *zero : {"\"0\"", "0"}) {
            const QByteArray body = QByteArray("[[1791382920000,\"83137.9\",\"83155.7\",\"83082.9\",\"83084.9\",ZERO,"
                                               "1791382979999,ZERO,60,\"0\",\"0\",\"0\"]]")
                                        .replace("ZERO", zero);
            const auto points = m_adapter->parseMarkPrices(body, btc());
            QVERIFY2(points, body.constData());
            QCOMPARE(points->size(), size_t(1));
            QCOMPARE(points->front().pair, QStringLiteral("BTC/USDT:USDT"));
            QCOMPARE(points->front().exchange, QStringLiteral("binance-usdm"));
            QCOMPARE(toMs(points->front().time), 1791382920000);
            QCOMPARE(text(points->front().price), QStringLiteral("83137.9"));
        }
    }

    void fundingByHand()
    {
        const auto parse = [this](const QByteArray &fields) {
            return m_adapter->parseFunding(QByteArray("[{") + fields + "}]", btc());
        };
        // To the minute, from either side.
        for (const auto &[wire, minute] :
             std::vector<std::pair<const char *, qint64>>{{"1791331200000", 1791331200000},
                                                          {"1791331200002", 1791331200000},
                                                          {"1791331199998", 1791331200000},
                                                          {"1791331217000", 1791331200000}}) {
            const auto points = parse(QByteArray("\"fundingTime\":") + wire + ",\"fundingRate\":\"0.0001\"");
            QVERIFY(points);
            QCOMPARE(toMs(points->front().time), minute);
            QVERIFY(!points->front().special);
            QVERIFY(points->front().predicted_rate.isEmpty());
        }
        QVERIFY(parse("\"fundingTime\":1,\"fundingRate\":\"0.1\",\"rateType\":\"Special\"")->front().special);
        QVERIFY(!parse("\"fundingTime\":1,\"fundingRate\":\"0.1\",\"rateType\":\"Regular\"")->front().special);
        QVERIFY(parse("\"fundingTime\":1,\"fundingRate\":\"0.1\",\"markPrice\":\"\""));
        QVERIFY(parse("\"fundingTime\":1,\"fundingRate\":\"0.1\",\"markPrice\":null,\"new\":{}"));
        QVERIFY(!parse("\"fundingTime\":1,\"fundingRate\":\"\""));
        QVERIFY(!parse("\"fundingTime\":1,\"fundingRate\":\"1,5\""));
        QVERIFY(!parse("\"fundingTime\":\"1\",\"fundingRate\":\"0.1\""));
        QVERIFY(!parse("\"fundingRate\":\"0.1\""));
        QVERIFY(!m_adapter->parseFunding(QByteArray("null"), btc()));
        QCOMPARE(m_adapter->parseFunding(QByteArray("[]"), btc())->size(), size_t(0));
    }

    void refusals_data()
    {
        using Kind = Refusal::Kind;
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("retryAfter");
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<int>("kind");
        QTest::addColumn<qint64>("pause");
        QTest::addColumn<int>("code");
        const QByteArray html = "<html><head><title>403 Forbidden</title></head></html>";
        const QByteArray limit = "{\"code\":-1003,\"msg\":\"Too many requests; current limit of IP is 2400\"}";
        const auto row = [](const char *name, int status, const QByteArray &retryAfter, const QByteArray &body,
                            Kind kind, qint64 seconds, int code) {
            QTest::newRow(name) << status << retryAfter << body << int(kind) << seconds * 1000 << code;
        };
        row("429", 429, "17", limit, Kind::RateLimited, 17, -1003);
        row("429 without a time", 429, "", limit, Kind::RateLimited, 1, -1003);
        row("429 with a date", 429, "Fri, 20 Nov 2026 10:00:00 GMT", limit, Kind::RateLimited, 1, -1003);
        row("429 negative", 429, "-5", limit, Kind::RateLimited, 1, -1003);
        row("418", 418, "1800", "{\"code\":-1003,\"msg\":\"Way too many requests; IP banned until 1791383999000.\"}",
            Kind::Banned, 1810, -1003);
        row("418 without a time", 418, "", "", Kind::Banned, 130, 0);
        // Without the header the end stands in the message alone.
        const auto until = [](const QByteArray &end) {
            return "{\"code\":-1003,\"msg\":\"Way too many requests; IP banned until " + end + ".\"}";
        };
        row("418 with its end", 418, "", until("1791383999000"), Kind::Banned, 3609, -1003);
        row("418 ended by now", 418, "", until("1791380000000"), Kind::Banned, 130, -1003);
        row("418 without end", 418, "", until("9999999999999"), Kind::Banned, 72 * 3600 + 10, -1003);
        row("418 in seconds", 418, "", until("1791383999"), Kind::Banned, 130, -1003);
        row("418 beyond numbers", 418, "", until("99999999999999999999"), Kind::Banned, 130, -1003);
        row("403 HTML", 403, "", html, Kind::Blocked, 300, 0);
        row("202 empty", 202, "", "", Kind::Blocked, 300, 0);
        row("451", 451, "", html, Kind::RegionForbidden, 600, 0);
        row("500", 500, "", "", Kind::ServerTrouble, 0, 0);
        row("502 HTML", 502, "", html, Kind::ServerTrouble, 0, 0);
        row("503 overloaded", 503, "", "{\"code\":-1008,\"msg\":\"Server overloaded\"}", Kind::ServerTrouble, 0, -1008);
        row("invalid symbol", 400, "", "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}", Kind::BadRequest, 0, -1121);
        row("invalid interval", 400, "", "{\"code\":-1120,\"msg\":\"Invalid interval.\"}", Kind::BadRequest, 0, -1120);
        row("limit", 400, "", "{\"code\":-1130,\"msg\":\"Data sent for parameter 'limit' is not valid.\"}",
            Kind::BadRequest, 0, -1130);
        row("too old", 400, "", "{\"code\":-4166,\"msg\":\"Search window is restricted to recent 2 days only.\"}",
            Kind::BadRequest, 0, -4166);
        row("404", 404, "", html, Kind::BadRequest, 0, 0);
        row("no answer", 0, "", "Connection refused", Kind::Transport, 0, 0);
        row("odd code", 400, "", "{\"code\":\"x\",\"msg\":7}", Kind::BadRequest, 0, 0);
        row("list", 400, "", "[1,2]", Kind::BadRequest, 0, 0);
    }
    void refusals()
    {
        QFETCH(int, status);
        QFETCH(QByteArray, retryAfter);
        QFETCH(QByteArray, body);
        QFETCH(int, kind);
        QFETCH(qint64, pause);
        QFETCH(int, code);
        const auto refusal = m_adapter->refusal(reply(status, body, retryAfter), asked);
        QVERIFY(refusal);
        QCOMPARE(int(refusal->kind), kind);
        QCOMPARE(refusal->pause.count(), pause);
        QCOMPARE(refusal->code, code);
        QVERIFY(!refusal->message.isEmpty());
        QVERIFY(!refusal->message.contains(QLatin1String("<html>")));
    }
    void goodIsNoRefusal() { QVERIFY(!m_adapter->refusal(reply(200, "[]"), asked)); }

    void usedWeightHeader()
    {
        const auto used = [this](const QByteArray &name, const QByteArray &value) {
            RestReply answer = reply(200, "[]");
            answer.headers.emplace_back("content-type", "application/json");
            answer.headers.emplace_back(name, value);
            return m_adapter->limitsUsed(answer);
        };
        QCOMPARE(used("x-mbx-used-weight-1m", "1234"), (std::vector<LimitUse>{{"weight", 1234}}));
        QCOMPARE(used("x-mbx-used-weight-1m", "0"), (std::vector<LimitUse>{{"weight", 0}}));
        QVERIFY(used("x-mbx-used-weight-1m", "many").empty());
        QVERIFY(used("x-mbx-used-weight-1m", "").empty());
        QVERIFY(used("x-mbx-order-count-1m", "5").empty());
    }

    // Both ends of the span on the wire are inclusive; limits and weights fit the span.
    void candleRequests()
    {
        const UtcTime from = fromMs(1795168800000);
        const auto ask = [&](qint64 count) {
            return m_adapter->candlesRequest(btc(), Timeframe::M3, {from, from + 3min * count});
        };
        const RestRequest request = ask(99);
        QCOMPARE(request.path, QByteArray("/fapi/v1/klines"));
        QCOMPARE(request.query.queryItemValue(QStringLiteral("symbol")), QStringLiteral("BTCUSDT"));
        QCOMPARE(request.query.queryItemValue(QStringLiteral("interval")), QStringLiteral("3m"));
        QCOMPARE(request.query.queryItemValue(QStringLiteral("startTime")), QStringLiteral("1795168800000"));
        QCOMPARE(request.query.queryItemValue(QStringLiteral("endTime")), QStringLiteral("1795186619999"));
        QCOMPARE(request.query.queryItemValue(QStringLiteral("limit")), QStringLiteral("99"));
        for (const auto &[count, weight] : std::vector<std::pair<qint64, int>>{
                 {1, 1}, {99, 1}, {100, 2}, {499, 2}, {500, 5}, {1000, 5}, {1001, 10}, {1500, 10}, {9000, 10}})
            QCOMPARE(ask(count).costs, (std::vector<RequestCost>{{"weight", weight}}));
        QCOMPARE(ask(9000).query.queryItemValue(QStringLiteral("limit")), QStringLiteral("1500"));
        QCOMPARE(m_adapter->bestCandlesPerRequest(100'000), 499);
        QCOMPARE(m_adapter->bestCandlesPerRequest(7), 7);
        m_adapter->learnCandleCost(500, 2);
        QCOMPARE(ask(500).costs, (std::vector<RequestCost>{{"weight", 2}}));
        QCOMPARE(m_adapter->bestCandlesPerRequest(100'000), 500);

        Instrument chinese = btc();
        chinese.symbol = QStringLiteral("龙虾USDT");
        const QString encoded = QStringLiteral("symbol=%E9%BE%99%E8%99%BEUSDT");
        for (const RestRequest &asked : {m_adapter->candlesRequest(chinese, Timeframe::M1, {from, from + 1min}),
                                         m_adapter->markPricesRequest(chinese, {from, from + 1min}),
                                         m_adapter->fundingRequest(chinese, {from, from + 1min})}) {
            QUrl url(QStringLiteral("https://fapi.binance.com"));
            url.setQuery(asked.query);
            QVERIFY2(url.toEncoded().contains(encoded.toLatin1()), url.toEncoded().constData());
        }
        QCOMPARE(m_adapter->fundingRequest(btc(), {from, from + 1min}).costs,
                 (std::vector<RequestCost>{{"funding", 1}})); // and no weight
        QCOMPARE(m_adapter->markPricesRequest(btc(), {from, from + 1min}).path, QByteArray("/fapi/v1/markPriceKlines"));
    }

private:
    void instruments(const QByteArray &body, const QJsonObject &root)
    {
        const auto parsed = m_adapter->parseInstruments(body);
        QVERIFY(parsed);
        const QJsonArray rows = at(root, "symbols").toArray();
        QCOMPARE(parsed->size(), size_t(rows.size()));
        int perpetuals = 0;
        for (qsizetype i = 0; i < rows.size(); ++i) {
            const QJsonObject row = rows[i].toObject();
            const Instrument &instrument = (*parsed)[size_t(i)];
            QCOMPARE(instrument.symbol, at(row, "symbol").toString());
            QCOMPARE(instrument.pair.base, at(row, "baseAsset").toString());
            QCOMPARE(instrument.pair.quote, at(row, "quoteAsset").toString());
            QCOMPARE(instrument.pair.settle, at(row, "marginAsset").toString());
            QCOMPARE(instrument.unified, QStringLiteral("%1/%2:%3")
                                             .arg(at(row, "baseAsset").toString(), at(row, "quoteAsset").toString(),
                                                  at(row, "marginAsset").toString()));
            QCOMPARE(instrument.contract_type, at(row, "contractType").toString());
            QCOMPARE(instrument.perpetual, at(row, "contractType").toString() == QLatin1String("PERPETUAL"));
            QCOMPARE(toMs(instrument.onboard), at(row, "onboardDate").toInteger());
            const qint64 delivery = at(row, "deliveryDate").toInteger();
            QCOMPARE(toMs(instrument.delivery), delivery == 4'133'404'800'000 ? 0 : delivery);
            QCOMPARE(instrument.status == InstrumentStatus::Trading,
                     at(row, "status").toString() == QLatin1String("TRADING"));
            QCOMPARE(instrument.status == InstrumentStatus::Ended,
                     QStringList({QStringLiteral("SETTLING"), QStringLiteral("CLOSE"), QStringLiteral("PRE_SETTLE"),
                                  QStringLiteral("DELIVERED")})
                         .contains(at(row, "status").toString()));
            QString tick;
            for (const QJsonValue &filter : at(row, "filters").toArray()) {
                if (at(filter.toObject(), "filterType").toString() == QLatin1String("PRICE_FILTER"))
                    tick = at(filter.toObject(), "tickSize").toString();
            }
            QVERIFY(!tick.isEmpty());
            QCOMPARE(QString::fromLatin1(instrument.tick_size), tick);
            perpetuals += instrument.perpetual;
        }
        QVERIFY(perpetuals > 0);
    }

    void candles(const QByteArray &body, const QJsonArray &rows)
    {
        const auto parsed = m_adapter->parseCandles(body);
        QVERIFY(parsed);
        QVERIFY(!rows.isEmpty());
        QCOMPARE(parsed->size(), size_t(rows.size()));
        for (qsizetype i = 0; i < rows.size(); ++i) {
            const QJsonArray row = rows[i].toArray();
            const Candle &candle = (*parsed)[size_t(i)];
            QCOMPARE(toMs(candle.open_time), row[0].toInteger());
            QCOMPARE(text(candle.open), row[1].toString());
            QCOMPARE(text(candle.high), row[2].toString());
            QCOMPARE(text(candle.low), row[3].toString());
            QCOMPARE(text(candle.close), row[4].toString());
            QCOMPARE(text(candle.volume), row[5].toString());
            QCOMPARE(text(candle.quote_volume), row[7].toString());
            QCOMPARE(candle.trades, row[8].toInteger());
            QCOMPARE(candle.source, CandleSource::History);
        }
    }

    void funding(const QByteArray &body, const QJsonDocument &document)
    {
        const auto parsed = m_adapter->parseFunding(body, btc());
        if (!document.isArray()) { // a recorder's "null"
            QVERIFY(!parsed);
            return;
        }
        QVERIFY(parsed);
        const QJsonArray rows = document.array();
        QCOMPARE(parsed->size(), size_t(rows.size()));
        for (qsizetype i = 0; i < rows.size(); ++i) {
            const QJsonObject row = rows[i].toObject();
            const FundingPoint &point = (*parsed)[size_t(i)];
            const qint64 time = at(row, "fundingTime").toInteger();
            QCOMPARE(toMs(point.time), (time + 30'000) / 60'000 * 60'000);
            QVERIFY(std::abs(toMs(point.time) - time) < 1000);
            QCOMPARE(text(point.rate), at(row, "fundingRate").toString());
            QCOMPARE(point.special,
                     at(row, "rateType").toString(QStringLiteral("Regular")) != QLatin1String("Regular"));
        }
    }

    // Answers to other questions are never taken for ours.
    void strangers(const QByteArray &body)
    {
        QVERIFY(!m_adapter->parseInstruments(body));
        QVERIFY(!m_adapter->parseFunding(body, btc()));
        if (body.trimmed() != "[]")
            QVERIFY(!m_adapter->parseCandles(body));
    }

    std::unique_ptr<ExchangeAdapter> m_adapter;
};

TK_TEST(RestTest, rest);
#include "tst_rest.moc"
