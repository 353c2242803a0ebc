// The three languages of InfluxDB, and their answers as the reference has them (influx §10).
#include "store/influx/flux_csv.h"
#include "store/influx/query.h"
#include "support/test_registry.h"

#include <QTest>

namespace tk::store::influx {

using namespace std::chrono_literals;

namespace {

constexpr UtcTime t0 = fromMs(1'767'225'600'000); // 2026-01-01

Question question(Question::What what)
{
    return {.what = what,
            .measurement = QStringLiteral("ohlcv_3m"),
            .fields = {"close", "open"},
            .exchange = QStringLiteral("x'\"\\"),
            .pair = QStringLiteral("BTC/USDT:USDT"),
            .span = {t0, t0 + 24h}};
}

net::HttpAnswer answer(const QByteArray &body, int status = 200)
{
    net::HttpAnswer answer;
    answer.status = status;
    answer.body = body;
    return answer;
}

} // namespace

class TestInfluxQuery : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    // What cannot be is found by the database: in each language the comparisons of market/candle_check.
    void asksForWhatCannotBe()
    {
        const Question candles{.measurement = QStringLiteral("ohlcv_1m"),
                               .fields = {"close"},
                               .span = {fromMs(0), fromMs(60'000)},
                               .impossible = true};
        Question marks = candles;
        marks.measurement = QStringLiteral("mark_ohlcv_1h");
        const QString ql = influxQl(candles);
        for (const char *part : {"\"high\" < \"low\" OR", "\"high\" < \"open\"", "\"high\" < \"close\"",
                                 "\"low\" > \"open\"", "\"low\" > \"close\"", "\"low\" < 0.0", "\"volume\" < 0.0)"})
            QVERIFY2(ql.contains(QLatin1StringView(part)), qPrintable(ql));
        QVERIFY(!influxQl(marks).contains(QLatin1String("volume"))); // a table of mark candles has no such column
        QVERIFY(sql(candles).contains(QLatin1String("AND (\"high\" < \"low\" OR ")));
        QVERIFY(!sql(marks).contains(QLatin1String("volume")));
        const QString text = flux({}, candles);
        QVERIFY2(text.contains(QLatin1String("pivot(")) && text.contains(QLatin1String("(r.high < r.low or ")),
                 qPrintable(text));
        QVERIFY2(text.endsWith(QLatin1String("set(key: \"_field\", value: \"close\")")), qPrintable(text));
    }
    void speaksInfluxQl();
    void speaksFlux();
    void speaksSql();
    void readsInfluxQl();
    void readsFlux();
    void readsFluxErrorsBehindA200();
    void readsSql();
    void takesNothingYetForNothing();
    void refusesCutAnswers();
};

void TestInfluxQuery::speaksInfluxQl()
{
    Question points = question(Question::What::Points);
    points.newest_first = true;
    points.limit = 7;
    QCOMPARE(influxQl(points),
             QStringLiteral("SELECT \"close\",\"open\" FROM \"ohlcv_3m\" WHERE time >= 1767225600000ms AND time < "
                            "1767312000000ms AND \"exchange\" = 'x\\'\"\\\\' AND \"pair\" = 'BTC/USDT:USDT' GROUP BY "
                            "\"exchange\",\"pair\",\"type\" ORDER BY time DESC LIMIT 7"));
    QVERIFY(influxQl(question(Question::What::CountPerDay)).contains(QLatin1String("COUNT(\"close\")")));
    QVERIFY(influxQl(question(Question::What::CountPerDay)).contains(QLatin1String("GROUP BY time(1d)")));
    QVERIFY(influxQl(question(Question::What::Last)).endsWith(QLatin1String("ORDER BY time DESC LIMIT 1")));
}

void TestInfluxQuery::speaksFlux()
{
    config::InfluxSettings settings;
    settings.bucket = QStringLiteral("my \"bucket\" ${x}");
    const QString text = flux(settings, question(Question::What::Last));
    QCOMPARE(text,
             QStringLiteral("from(bucket: \"my \\\"bucket\\\" \\${x}\") |> range(start: 2026-01-01T00:00:00Z, stop: "
                            "2026-01-02T00:00:00Z) |> filter(fn: (r) => r._measurement == \"ohlcv_3m\" and "
                            "(r._field == \"close\" or r._field == \"open\") and r.exchange == \"x'\\\"\\\\\" and "
                            "r.pair == \"BTC/USDT:USDT\") |> last()"));
}

void TestInfluxQuery::speaksSql()
{
    const QString text = sql(question(Question::What::Points));
    QCOMPARE(text,
             QStringLiteral("SELECT * FROM \"ohlcv_3m\" WHERE time >= TIMESTAMP '2026-01-01T00:00:00Z' AND time < "
                            "TIMESTAMP '2026-01-02T00:00:00Z' AND exchange = 'x''\"\\' AND pair = "
                            "'BTC/USDT:USDT' ORDER BY time"));
    QVERIFY(sql(question(Question::What::CountPerDay)).contains(QLatin1String("date_bin(INTERVAL '1 day'")));
}

void TestInfluxQuery::readsInfluxQl()
{
    const auto rows = readRows(
        Api::V1,
        answer("{\"results\":[{\"statement_id\":0,\"series\":[{\"name\":\"ohlcv_3m\",\"tags\":{\"exchange\":\"bin\","
               "\"pair\":\"\\u725b/USDT:USDT\",\"type\":\"\"},\"columns\":[\"time\",\"close\",\"open\"],\"values\":["
               "[1767225600000,42000.123456789,null],[1767225780000,1e-05,\"live\"]]},{\"name\":\"ohlcv_3m\",\"tags\":{"
               "\"exchange\":\"bin\",\"pair\":\"B\",\"type\":\"special\"},\"columns\":[\"time\",\"close\"],\"values\":["
               "[1767225600000,1]]}]}]}\n"),
        question(Question::What::Points));
    QVERIFY2(rows, rows ? "" : qPrintable(rows.error().message));
    QCOMPARE(rows->size(), 3u);
    QCOMPARE((*rows)[0].pair, QStringLiteral("牛/USDT:USDT"));
    QCOMPARE((*rows)[0].time, t0);
    QCOMPARE((*rows)[0].values, (std::vector<QByteArray>{"42000.123456789", ""}));
    QCOMPARE((*rows)[1].values, (std::vector<QByteArray>{"1e-05", "live"}));
    QCOMPARE((*rows)[2].type, QByteArray("special"));
    QCOMPARE((*rows)[2].values.size(), 2u);
}

void TestInfluxQuery::readsFlux()
{
    const QByteArray csv =
        "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string,"
        "string\r\n"
        "#group,false,false,true,true,false,false,true,true,true,true\r\n"
        "#default,_result,,,,,,,,,\r\n"
        ",result,table,_start,_stop,_time,_value,_field,_measurement,exchange,pair\r\n"
        ",,0,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,2026-01-01T00:03:00Z,42000.5,close,ohlcv_3m,bin,\"B,"
        "\"\"T\"\"\"\r\n"
        ",,0,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,2026-01-01T00:00:00.123456789Z,42001.5,close,ohlcv_3m,bin,\"B,"
        "\"\"T\"\"\"\r\n"
        ",,1,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,2026-01-01T00:03:00Z,7,open,ohlcv_3m,bin,\"B,\"\"T\"\"\"\r\n"
        "\r\n"
        "#datatype,string,long,dateTime:RFC3339,double,string,string,string\r\n"
        "#group,false,false,false,false,true,true,true\r\n"
        "#default,_result,,,,close,,\r\n"
        ",result,table,_time,_value,_field,exchange,pair\r\n"
        ",,2,2026-01-01T00:00:00Z,2200.5,,bin,ETH\r\n"
        "\r\n";
    const auto rows = readRows(Api::V2, answer(csv), question(Question::What::Points));
    QVERIFY2(rows, rows ? "" : qPrintable(rows.error().message));
    QCOMPARE(rows->size(), 3u);
    QCOMPARE((*rows)[2].time, t0 + 3min);
    QCOMPARE((*rows)[2].pair, QStringLiteral("B,\"T\""));
    QCOMPARE((*rows)[2].values, (std::vector<QByteArray>{"42000.5", "7"})); // two fields, one point
    const auto eth = std::ranges::find(*rows, QStringLiteral("ETH"), &Row::pair);
    QVERIFY(eth != rows->end());
    QCOMPARE(eth->values.front(), QByteArray("2200.5")); // the field's name came from the defaults
}

void TestInfluxQuery::readsFluxErrorsBehindA200()
{
    const auto rows =
        readRows(Api::V2, answer("error,reference\r\nFailed to parse query,897\r\n"), question(Question::What::Points));
    QVERIFY(!rows);
    QVERIFY(rows.error().message.contains(QLatin1String("Failed to parse query")));
    const auto late = readRows(
        Api::V2,
        answer("#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,ran out,12\r\n"),
        question(Question::What::Points));
    QVERIFY(!late);
}

void TestInfluxQuery::readsSql()
{
    const auto rows = readRows(Api::V3,
                               answer("[{\"exchange\":\"bin\",\"pair\":\"B\",\"close\":42000.5,\"open\":null,\"time\":"
                                      "\"2026-01-01T00:03:00\",\"more\":1},{\"exchange\":\"bin\",\"pair\":\"B\","
                                      "\"open\":1.5,\"time\":\"2026-01-01T00:06:00.123456\"}]"),
                               question(Question::What::Points));
    QVERIFY2(rows, rows ? "" : qPrintable(rows.error().message));
    QCOMPARE(rows->size(), 2u);
    QCOMPARE((*rows)[0].time, t0 + 3min);
    QCOMPARE((*rows)[0].values, (std::vector<QByteArray>{"42000.5", ""}));
    QCOMPARE((*rows)[1].time, t0 + 6min + 123ms);
    const auto counts = readRows(Api::V3,
                                 answer("[{\"time\":\"2026-01-01T00:00:00\",\"exchange\":\"bin\",\"pair\":\"B\","
                                        "\"points\":480}]"),
                                 question(Question::What::CountPerDay));
    QCOMPARE(counts->front().values.front(), QByteArray("480"));
}

void TestInfluxQuery::takesNothingYetForNothing()
{
    const Question points = question(Question::What::Points);
    QVERIFY(readRows(Api::V1, answer("{\"results\":[{\"statement_id\":0}]}"), points)->empty());
    QVERIFY(
        readRows(Api::V1, answer("{\"results\":[{\"statement_id\":0,\"error\":\"database not found: m\"}]}"), points)
            ->empty());
    QVERIFY(readRows(Api::V2, answer("\r\n"), points)->empty());
    QVERIFY(readRows(Api::V2,
                     answer("{\"code\":\"not found\",\"message\":\"could not find bucket: bucket \\\"x\\\" not "
                            "found\"}",
                            404),
                     points)
                ->empty());
    QVERIFY(readRows(Api::V3, answer("{\"error\":\"table 'public.iox.ohlcv_3m' not found\"}", 400), points)->empty());
    QVERIFY(readRows(Api::V3, answer("[]"), points)->empty());
    // A wrong organisation is as wrong as a wrong token: both are the configuration's, and end a command alike.
    const auto organisation = readRows(
        Api::V2, answer("{\"code\":\"not found\",\"message\":\"organization name \\\"x\\\" not found\"}", 404), points);
    QCOMPARE(organisation.error().kind, Error::Kind::Config);
    QCOMPARE(readRows(Api::V2, answer("{\"code\":\"unauthorized\"}", 401), points).error().kind, Error::Kind::Refused);
}

void TestInfluxQuery::refusesCutAnswers()
{
    const Question points = question(Question::What::Points);
    QVERIFY(!readRows(Api::V1,
                      answer("{\"results\":[{\"statement_id\":0,\"series\":[{\"name\":\"m\",\"columns\":["
                             "\"time\",\"close\"],\"values\":[[1,2]],\"partial\":true}]}]}"),
                      points));
    QVERIFY(!readRows(Api::V1, answer("{\"results\":[{\"statement_id\":0,\"series\":[{\"name\":"), points));
    QVERIFY(!readRows(Api::V1, answer("<html>"), points));
    QVERIFY(!readRows(Api::V3, answer("[{\"time\""), points));
    QVERIFY(!readRows(Api::V1, answer("{\"error\":\"x\"}", 401), points));
    net::HttpAnswer cut = answer("{\"results\":[]}");
    cut.failure = net::HttpAnswer::Failure::Cut;
    QVERIFY(!readRows(Api::V1, cut, points));
}

TK_TEST(TestInfluxQuery, influx_query);

} // namespace tk::store::influx

#include "tst_influx_query.moc"
