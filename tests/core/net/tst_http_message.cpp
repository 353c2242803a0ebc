// Heads and bodies taken off a stream of bytes, however it was cut.
#include "net/http_message.h"
#include "support/test_registry.h"

#include <QTest>

namespace tk::net {

class TestHttpMessage : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void takesPipelinedRequestsByteByByte();
    void knowsWhoKeepsTheConnection_data();
    void knowsWhoKeepsTheConnection();
    void comparesHeaderNamesWithoutCase();
    void decodesPathAndQuery();
    void refuses_data();
    void refuses();
    void encodesResponses();
    void takesResponseHeads();
};

void TestHttpMessage::takesPipelinedRequestsByteByByte()
{
    const QByteArray bytes = "\r\nGET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n"
                             "POST /b HTTP/1.1\r\ncontent-length: 5\r\n\r\nhello"
                             "DELETE /c HTTP/1.1\r\nConnection: close\r\n\r\n";
    QByteArray buffer;
    QList<QByteArray> seen;
    for (const char byte : bytes) {
        buffer += byte;
        const Result<std::optional<HttpRequest>> taken = takeRequest(buffer);
        QVERIFY(taken);
        if (taken->has_value())
            seen << (**taken).method + ' ' + (**taken).target + ' ' + (**taken).body;
    }
    QCOMPARE(seen, (QList<QByteArray>{"GET /a?x=1 ", "POST /b hello", "DELETE /c "}));
    QVERIFY(buffer.isEmpty());

    buffer = bytes;
    QCOMPARE((**takeRequest(buffer)).target, QByteArray("/a?x=1"));
    QCOMPARE((**takeRequest(buffer)).body, QByteArray("hello"));
    QVERIFY(!(**takeRequest(buffer)).keepAlive);
    QVERIFY(!takeRequest(buffer)->has_value());
}

void TestHttpMessage::knowsWhoKeepsTheConnection_data()
{
    QTest::addColumn<QByteArray>("head");
    QTest::addColumn<bool>("keeps");
    QTest::newRow("1.1") << QByteArray("GET / HTTP/1.1\r\n\r\n") << true;
    QTest::newRow("1.1 close") << QByteArray("GET / HTTP/1.1\r\nconnection: Close\r\n\r\n") << false;
    QTest::newRow("1.0") << QByteArray("GET / HTTP/1.0\r\n\r\n") << false;
    QTest::newRow("1.0 keep-alive") << QByteArray("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n") << true;
    QTest::newRow("upgrade and keep-alive")
        << QByteArray("GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\n\r\n") << true;
}

void TestHttpMessage::knowsWhoKeepsTheConnection()
{
    QFETCH(QByteArray, head);
    QFETCH(bool, keeps);
    QCOMPARE((**takeRequest(head)).keepAlive, keeps);
}

void TestHttpMessage::comparesHeaderNamesWithoutCase()
{
    QByteArray bytes = "GET / HTTP/1.1\r\nX-MBX-USED-WEIGHT-1m:  17 \r\nCONNECTION: a, uPgrade\r\nEmpty:\r\n\r\n";
    const HttpRequest request = **takeRequest(bytes);
    QCOMPARE(request.headers.value("x-mbx-used-weight-1M"), QByteArray("17"));
    QVERIFY(request.headers.hasToken("Connection", "upgrade"));
    QVERIFY(!request.headers.hasToken("Connection", "grade"));
    QVERIFY(request.headers.value("empty").isEmpty());
    QVERIFY(request.headers.value("absent").isEmpty());
}

void TestHttpMessage::decodesPathAndQuery()
{
    HttpRequest request;
    request.target = "/a%20b/c?symbol=%E5%B8%81%E5%AE%89USDT&limit=5";
    QCOMPARE(request.path(), QByteArray("/a b/c"));
    QCOMPARE(request.query().queryItemValue(QStringLiteral("symbol"), QUrl::FullyDecoded), QStringLiteral("币安USDT"));
    QCOMPARE(request.query().queryItemValue(QStringLiteral("limit")), QStringLiteral("5"));
}

void TestHttpMessage::refuses_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("no version") << QByteArray("GET /\r\n\r\n");
    QTest::newRow("version 2") << QByteArray("GET / HTTP/2\r\n\r\n");
    QTest::newRow("a name with a blank") << QByteArray("GET / HTTP/1.1\r\nHost : h\r\n\r\n");
    QTest::newRow("a folded line") << QByteArray("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n");
    QTest::newRow("no colon") << QByteArray("GET / HTTP/1.1\r\nHost\r\n\r\n");
    QTest::newRow("two lengths") << QByteArray("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
    QTest::newRow("negative length") << QByteArray("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n");
    QTest::newRow("chunked") << QByteArray("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    QTest::newRow("body beyond the limit") << QByteArray("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n");
    QTest::newRow("head beyond the limit") << "GET / HTTP/1.1\r\nA: " + QByteArray(300, 'x') + "\r\n\r\n";
    QTest::newRow("head that never ends") << QByteArray(300, 'x');
    QTest::newRow("control character") << QByteArray("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n");
    QTest::newRow("not HTTP") << QByteArray("\x16\x03\x01\r\n\r\n");
}

void TestHttpMessage::refuses()
{
    QFETCH(QByteArray, bytes);
    HttpLimits limits;
    limits.head = 200;
    limits.body = 100;
    const Result<std::optional<HttpRequest>> taken = takeRequest(bytes, limits);
    QVERIFY(!taken);
    QVERIFY(!taken.error().message.isEmpty());
}

void TestHttpMessage::encodesResponses()
{
    HttpResponse response{418, {}, {{{"Retry-After", "120"}}}, "{}"};
    QCOMPARE(response.encode(true), QByteArray("HTTP/1.1 418 I'm a teapot\r\nRetry-After: 120\r\nContent-Length: "
                                               "2\r\nConnection: keep-alive\r\n\r\n{}"));
    QVERIFY(response.encode(false).contains("Connection: close\r\n"));
}

void TestHttpMessage::takesResponseHeads()
{
    QByteArray bytes = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n\r\nrest";
    QByteArray part = bytes.left(20);
    QVERIFY(!takeResponseHead(part)->has_value());
    const HttpResponseHead head = **takeResponseHead(bytes);
    QCOMPARE(head.status, 429);
    QCOMPARE(head.reason, QByteArray("Too Many Requests"));
    QCOMPARE(head.headers.value("retry-after"), QByteArray("7"));
    QCOMPARE(bytes, QByteArray("rest"));
    QByteArray short_form = "HTTP/1.1 101\r\n\r\n";
    QCOMPARE((**takeResponseHead(short_form)).status, 101);
    QByteArray bad = "ICY 200 OK\r\n\r\n";
    QVERIFY(!takeResponseHead(bad));
}

TK_TEST(TestHttpMessage, http_message);

} // namespace tk::net

#include "tst_http_message.moc"
