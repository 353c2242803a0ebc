// Requests and answers as the reference has them (influx §1, §6, §9, §16).
#include "store/influx/dialect.h"
#include "support/test_registry.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

namespace tk::store::influx {

using namespace std::chrono_literals;

namespace {

config::InfluxSettings settings()
{
    config::InfluxSettings settings;
    settings.url = QUrl(QStringLiteral("http://db.example:8086/influx/"));
    settings.database = QStringLiteral("market data");
    settings.bucket = QStringLiteral("bucket");
    settings.org = QStringLiteral("a+b;c&d");
    return settings;
}

net::HttpAnswer answer(int status, const QByteArray &body = {},
                       std::vector<std::pair<QByteArray, QByteArray>> headers = {})
{
    net::HttpAnswer answer;
    answer.status = status;
    answer.body = body;
    answer.headers.fields = std::move(headers);
    return answer;
}

net::HttpAnswer failure(net::HttpAnswer::Failure failure)
{
    net::HttpAnswer answer;
    answer.failure = failure;
    answer.trouble = QStringLiteral("what the network says");
    return answer;
}

QByteArray header(const net::HttpCall &call, const QByteArray &name)
{
    for (const auto &[key, value] : call.headers) {
        if (key == name)
            return value;
    }
    return {};
}

} // namespace

class TestInfluxDialect : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void recognisesServers_data();
    void recognisesServers();
    void writesWhereEachVersionWants();
    void keepsSecretsInHeaders();
    void judges_data();
    void judges();
    void obeysRetryAfter();
    void findsQuotedLines();
    void makesADatabaseOfVersion1();
    void makesABucketOfVersion2();
    void makesADatabaseOfVersion3();
};

void TestInfluxDialect::recognisesServers_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("version");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QString>("org");
    QTest::addColumn<int>("api"); // -1: none
    QTest::newRow("1.6") << 204 << QByteArray("1.6.7~rc0") << QByteArray() << QString() << 0;
    QTest::newRow("1.8") << 204 << QByteArray("1.8.10") << QByteArray() << QString() << 0;
    QTest::newRow("2.7") << 204 << QByteArray("v2.7.12") << QByteArray() << QString() << 1;
    QTest::newRow("2.9, no v") << 204 << QByteArray("2.9.1") << QByteArray() << QString() << 1;
    QTest::newRow("3") << 200 << QByteArray("3.10.0") << QByteArray("{}") << QString() << 2;
    QTest::newRow("3, in the body alone")
        << 200 << QByteArray() << QByteArray("{\"version\":\"3.1\"}") << QString() << 2;
    QTest::newRow("2, self-built") << 204 << QByteArray("dev") << QByteArray() << QStringLiteral("o") << 1;
    QTest::newRow("2, self-built, no org") << 204 << QByteArray("dev") << QByteArray() << QString() << 1;
    QTest::newRow("1, self-built") << 204 << QByteArray("unknown +id") << QByteArray() << QString() << 0;
    QTest::newRow("3, self-built") << 200 << QByteArray("dev") << QByteArray("{\"version\":\"dev\",\"revision\":\"x\"}")
                                   << QString() << 2;
    QTest::newRow("VictoriaMetrics") << 204 << QByteArray() << QByteArray() << QString() << 0;
    QTest::newRow("VictoriaMetrics with an org") << 204 << QByteArray() << QByteArray() << QStringLiteral("o") << 1;
    QTest::newRow("wants a token") << 401 << QByteArray() << QByteArray() << QString() << -1;
    QTest::newRow("some web server") << 200 << QByteArray() << QByteArray("<html>") << QString() << -1;
    QTest::newRow("nothing there") << 404 << QByteArray() << QByteArray("404") << QString() << -1;
}

void TestInfluxDialect::recognisesServers()
{
    QFETCH(int, status);
    QFETCH(QByteArray, version);
    QFETCH(QByteArray, body);
    QFETCH(QString, org);
    QFETCH(int, api);
    config::InfluxSettings given = settings();
    given.org = org;
    std::vector<std::pair<QByteArray, QByteArray>> headers;
    if (version.endsWith(" +id")) { // as 1.x sends with each answer
        version.chop(4);
        headers.emplace_back("Request-Id", "7e9f5f2a-0000-11f0-8001-000000000000");
    }
    if (!version.isEmpty())
        headers.emplace_back("X-Influxdb-Version", version);
    const auto found = recognise(answer(status, body, headers), given);
    QCOMPARE(found.has_value(), api >= 0);
    if (found)
        QCOMPARE(int(*found), api);
    else
        QVERIFY(!found.error().message.isEmpty());
}

void TestInfluxDialect::writesWhereEachVersionWants()
{
    const net::HttpCall v1 = writeCall(Api::V1, settings(), false, "zip");
    QCOMPARE(v1.url.toEncoded(), "http://db.example:8086/influx/write?db=market%20data&precision=ms");
    QCOMPARE(v1.method, "POST");
    QCOMPARE(header(v1, "Content-Encoding"), "gzip");
    QCOMPARE(v1.body, "zip");
    const net::HttpCall v2 = writeCall(Api::V2, settings(), true, "zip");
    QCOMPARE(v2.url.toEncoded(),
             "http://db.example:8086/influx/api/v2/write?org=a%2Bb%3Bc%26d&bucket=bucket&precision=ns");
    const net::HttpCall v3 = writeCall(Api::V3, settings(), false, "zip");
    QCOMPARE(v3.url.toEncoded(), "http://db.example:8086/influx/api/v3/"
                                 "write_lp?db=market%20data&precision=millisecond&accept_partial=true");
}

void TestInfluxDialect::keepsSecretsInHeaders()
{
    config::InfluxSettings given = settings();
    given.token = config::Secret("hidden");
    for (const Api api : {Api::V1, Api::V2, Api::V3}) {
        const net::HttpCall call = writeCall(api, given, false, {});
        QVERIFY(!call.url.toEncoded().contains("hidden"));
        QCOMPARE(header(call, "Authorization"), api == Api::V3 ? "Bearer hidden" : "Token hidden");
    }
    given.token = {};
    given.user = QStringLiteral("me");
    given.password = config::Secret("hidden");
    const net::HttpCall call = writeCall(Api::V1, given, false, {});
    QVERIFY(!call.url.toEncoded().contains("hidden"));
    QCOMPARE(header(call, "Authorization"), "Basic " + QByteArray("me:hidden").toBase64());
}

void TestInfluxDialect::judges_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<int>("verdict");
    const auto row = [](const char *name, int status, const char *body, Verdict verdict) {
        QTest::newRow(name) << status << QByteArray(body) << int(verdict);
    };
    row("204", 204, "", Verdict::Delivered);
    row("200 of a gateway", 200, "", Verdict::Delivered);
    row("v1 database required", 400, "{\"error\":\"database is required\"}", Verdict::WrongPlace);
    row("v1 unknown database", 404, "{\"error\":\"database not found: \\\"nope\\\"\"}", Verdict::WrongPlace);
    row("v1 unknown policy", 500, "{\"error\":\"retention policy not found: nope\"}", Verdict::WrongPlace);
    row("v1 bad line", 400, "{\"error\":\"unable to parse 'bad': missing fields\"}", Verdict::BadLines);
    row("v1 partial", 400, "{\"error\":\"partial write: unable to parse 'bad line': invalid field format dropped=0\"}",
        Verdict::BadLines);
    row("v1 type conflict", 400,
        "{\"error\":\"partial write: field type conflict: input field \\\"o\\\" on measurement \\\"candle\\\" is type "
        "integer, already exists as type float dropped=1\"}",
        Verdict::BadLines);
    row("v1 retention", 400, "{\"error\":\"partial write: points beyond retention policy dropped=1\"}",
        Verdict::BadLines);
    row("v1 series limit", 400,
        "{\"error\":\"partial write: max-series-per-database limit exceeded: (100) dropped=150\"}", Verdict::BadLines);
    row("v1 cache full", 500, "{\"error\":\"engine: cache-max-memory-size exceeded: (2561596/2000000)\"}",
        Verdict::ComeAgain);
    row("v1 busy", 503, "request throttled, queue full", Verdict::ComeAgain);
    row("v1 client stopped half way", 400, "{\"error\":\"unexpected EOF\"}", Verdict::ComeAgain);
    row("413", 413, "{\"error\":\"Request Entity Too Large\"}", Verdict::TooLarge);
    row("401", 401, "{\"error\":\"authorization failed\"}", Verdict::NotAllowed);
    row("403", 403, "", Verdict::NotAllowed);
    row("v2 422", 422,
        "{\"code\":\"unprocessable entity\",\"message\":\"failure writing points to database: partial "
        "write: dropped=1\"}",
        Verdict::BadLines);
    row("v2 unknown bucket", 404, "{\"code\":\"not found\",\"message\":\"bucket \\\"x\\\" not found\"}",
        Verdict::WrongPlace);
    row("v2 precision", 400,
        "{\"code\":\"invalid\",\"message\":\"invalid precision; valid precision units are ns, us, ms, and s\"}",
        Verdict::WrongPlace);
    row("429", 429, "slow down", Verdict::ComeAgain);
    row("408", 408, "", Verdict::ComeAgain);
    row("v3 partial", 400,
        "{\"error\":\"partial write of line protocol occurred\",\"data\":[{\"original_line\":\"x\",\"line_number\":2,"
        "\"error_message\":\"m\"}]}",
        Verdict::BadLines);
    row("a proxy's own page", 400, "<html><title>400 Bad Request</title>invalid host</html>", Verdict::WrongPlace);
    row("a redirect", 307, "", Verdict::WrongPlace);
    row("405", 405, "Method Not Allowed", Verdict::WrongPlace);
}

void TestInfluxDialect::judges()
{
    QFETCH(int, status);
    QFETCH(QByteArray, body);
    QFETCH(int, verdict);
    const Reply reply = judge(answer(status, body), 1000, {});
    QCOMPARE(int(reply.verdict), verdict);
    QCOMPARE(reply.status, status);
    if (verdict == int(Verdict::WrongPlace) || verdict == int(Verdict::NotAllowed))
        QVERIFY(!reply.advice.isEmpty());
    using Failure = net::HttpAnswer::Failure;
    QCOMPARE(judge(failure(Failure::Connect), 1000, {}).verdict, Verdict::ComeAgain);
    QCOMPARE(judge(failure(Failure::Timeout), 900'000, {}).verdict, Verdict::ComeAgain);
    QCOMPARE(judge(failure(Failure::Cut), 1000, {}).verdict, Verdict::ComeAgain);
    QCOMPARE(judge(failure(Failure::Cut), 900'000, {}).verdict, Verdict::TooLarge);
    QVERIFY(!judge(failure(Failure::Tls), 1000, {}).advice.isEmpty());
}

void TestInfluxDialect::obeysRetryAfter()
{
    const UtcTime now = fromMs(1'795'132'800'000); // Fri, 20 Nov 2026 00:00:00
    QCOMPARE(judge(answer(429, {}, {{"Retry-After", "7"}}), 0, now).retry_after, 7s);
    QCOMPARE(judge(answer(503, {}, {{"Retry-After", "Fri, 20 Nov 2026 00:01:30 GMT"}}), 0, now).retry_after, 90s);
    QCOMPARE(judge(answer(503, {}, {{"Retry-After", "999999"}}), 0, now).retry_after, 10min);
    QCOMPARE(judge(answer(503, {}, {{"Retry-After", "soon"}}), 0, now).retry_after, 0s);
}

void TestInfluxDialect::findsQuotedLines()
{
    const Reply v1 = judge(answer(400, "{\"error\":\"partial write: unable to parse 'a b': x\\nunable to parse "
                                       "'c, \\\"d\\\" e': y dropped=0\"}"),
                           0, {});
    QCOMPARE(v1.bad_lines, (std::vector<QByteArray>{"a b", "c, \"d\" e"}));
    const Reply v3 = judge(answer(400, "{\"error\":\"partial write of line protocol occurred\",\"data\":["
                                       "{\"original_line\":\"m f=x 1\"},{\"original_line\":\"n g=y 2\"}]}"),
                           0, {});
    QCOMPARE(v3.bad_lines, (std::vector<QByteArray>{"m f=x 1", "n g=y 2"}));
}

void TestInfluxDialect::makesADatabaseOfVersion1()
{
    DatabaseSetup setup(Api::V1, settings());
    QVERIFY(setup.first().url.toEncoded().endsWith("q=SHOW%20RETENTION%20POLICIES%20ON%20%22market%20data%22"));
    const auto step = setup.after(
        answer(200, "{\"results\":[{\"statement_id\":0,\"error\":\"database not found: market data\"}]}"), {});
    const auto *create = std::get_if<net::HttpCall>(&step);
    QVERIFY(create);
    QCOMPARE(create->method, "POST");
    QCOMPARE(QUrl::fromPercentEncoding(create->body),
             QStringLiteral("q=CREATE DATABASE \"market data\" WITH DURATION 8640h REPLICATION 1 SHARD DURATION 7d "
                            "NAME \"tapekeeper\""));
    const auto done = setup.after(answer(200, "{\"results\":[{\"statement_id\":0}]}"), {});
    QVERIFY(std::get_if<DatabaseSetup::Ready>(&done));
    QVERIFY(std::get<DatabaseSetup::Ready>(done).created);

    DatabaseSetup existing(Api::V1, settings());
    existing.first();
    const auto found = existing.after(
        answer(200, "{\"results\":[{\"statement_id\":0,\"series\":[{\"columns\":[\"name\",\"duration\","
                    "\"shardGroupDuration\",\"replicaN\",\"default\"],\"values\":[[\"autogen\",\"0s\",\"168h0m0s\",1,"
                    "false],[\"keep\",\"720h0m0s\",\"168h0m0s\",1,true]]}]}]}"),
        {});
    QCOMPARE(std::get<DatabaseSetup::Ready>(found).retention, std::optional<milliseconds>(720h));

    DatabaseSetup refused(Api::V1, settings());
    refused.first();
    const auto no = refused.after(answer(401, "{\"error\":\"authorization failed\"}"), {});
    QCOMPARE(std::get<Reply>(no).verdict, Verdict::NotAllowed);
}

void TestInfluxDialect::makesABucketOfVersion2()
{
    DatabaseSetup setup(Api::V2, settings());
    setup.first();
    auto step = setup.after(answer(200, "{\"buckets\":[]}"), {});
    QVERIFY(std::get<net::HttpCall>(step).url.path().endsWith(QLatin1String("/api/v2/orgs")));
    step = setup.after(answer(200, "{\"orgs\":[{\"id\":\"0123456789abcdef\"}]}"), {});
    const QJsonObject body = QJsonDocument::fromJson(std::get<net::HttpCall>(step).body).object();
    QCOMPARE(body.value(QLatin1String("orgID")).toString(), QStringLiteral("0123456789abcdef"));
    QCOMPARE(body.value(QLatin1String("retentionRules"))[0][QLatin1String("everySeconds")].toInteger(), 31'104'000);
    step = setup.after(answer(201, "{}"), {});
    QVERIFY(std::get<DatabaseSetup::Ready>(step).created);

    DatabaseSetup unknown(Api::V2, settings());
    unknown.first();
    step = unknown.after(answer(404, "{\"code\":\"not found\",\"message\":\"organization name \\\"x\\\" not found\"}"),
                         {});
    step = unknown.after(answer(200, "{\"orgs\":[]}"), {});
    QCOMPARE(std::get<Reply>(step).verdict, Verdict::WrongPlace);
    QVERIFY(std::get<Reply>(step).text.contains(QLatin1String("a+b;c&d")));
}

void TestInfluxDialect::makesADatabaseOfVersion3()
{
    DatabaseSetup setup(Api::V3, settings());
    const QJsonObject body = QJsonDocument::fromJson(setup.first().body).object();
    QCOMPARE(body.value(QLatin1String("db")).toString(), QStringLiteral("market data"));
    QCOMPARE(body.value(QLatin1String("retention_period")).toString(), QStringLiteral("360d"));
    const auto step =
        setup.after(answer(409, "{\"error\":\"attempted to create a resource that already exists\"}"), {});
    QVERIFY(std::get_if<DatabaseSetup::Ready>(&step));
}

TK_TEST(TestInfluxDialect, influx_dialect);

} // namespace tk::store::influx

#include "tst_influx_dialect.moc"
