// The client against servers that answer, refuse early, hang, cut and lie; asynchronous and blocking say the same.
#include "base/gzip.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "support/exchange/certificates.h"
#include "support/test_registry.h"

#include <QSslConfiguration>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTemporaryDir>
#include <QTest>

#include <thread>

namespace tk::net {

using namespace std::chrono_literals;
using Failure = HttpAnswer::Failure;

class TestHttpClient : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void getsAndPosts();
    void keepsItsConnections();
    void unpacksAnswers();
    void followsNobody();
    void ignoresTheEnvironmentsProxies();
    void readsTheEarlyAnswerToALargeUpload();
    void tellsWhatWentWrong();
    void sendsNothingTwice();
    void limitsAnswers();
    void trustsOnlyWhomItIsTold();
    void canBeStoppedWhileItWaits();
    void dropsWhatIsInFlightWithItself();

private:
    QUrl url(const QString &path) const
    {
        return QUrl(QStringLiteral("http://127.0.0.1:%1%2").arg(m_server->port()).arg(path));
    }
    HttpAnswer send(const HttpCall &call, HttpOptions options = {.timeout = 5s});

    std::unique_ptr<HttpServer> m_server;
    std::vector<HttpServer::Reply> m_kept;
    int m_requests = 0;
    QSet<QByteArray> m_peers;
};

void TestHttpClient::init()
{
    m_requests = 0;
    m_peers.clear();
    m_server = std::make_unique<HttpServer>(
        [this](const HttpRequest &request, const QHostAddress &, const HttpServer::Reply &reply) {
            ++m_requests;
            HttpResponse response;
            const QByteArray path = request.path();
            if (path == "/hang") {
                m_kept.push_back(reply);
                return;
            }
            if (path == "/away") {
                response.status = 302;
                response.headers.fields.emplace_back("Location", "/echo");
            } else if (path == "/packed") {
                response.headers.fields.emplace_back("Content-Encoding", "gzip");
                response.body = GzipCompressor().compress("unpacked");
            } else if (path == "/long") {
                response.body = QByteArray(1'000'000, 'x');
            } else {
                response.headers.fields.emplace_back("X-Type", request.headers.value("Content-Type"));
                response.headers.fields.emplace_back("X-Who", request.headers.value("Authorization"));
                response.body = request.method + ' ' + request.target + ' ' + request.body;
            }
            reply(response);
        },
        HttpServer::Limits{.message = {.body = 10'000'000}});
    QVERIFY(m_server->listen(QHostAddress::LocalHost, 0));
}

void TestHttpClient::cleanup()
{
    m_kept.clear();
    m_server.reset();
}

HttpAnswer TestHttpClient::send(const HttpCall &call, HttpOptions options)
{
    HttpClient client(std::move(options));
    std::optional<HttpAnswer> answer;
    client.send(call, [&](const HttpAnswer &given) { answer = given; });
    if (!QTest::qWaitFor([&] { return answer.has_value(); }, 20'000))
        qFatal("no answer, not even a failure");
    return *answer;
}

void TestHttpClient::getsAndPosts()
{
    const HttpAnswer got = send({.url = url(QStringLiteral("/echo?a=b%20c"))});
    QCOMPARE(got.status, 200);
    QVERIFY(got.isGood());
    QCOMPARE(got.body, "GET /echo?a=b%20c ");
    const HttpAnswer posted = send({.method = "POST",
                                    .url = url(QStringLiteral("/echo")),
                                    .headers = {{"Content-Type", "text/plain"}, {"Authorization", "Token t"}},
                                    .body = QByteArray(3'000'000, 'y')});
    QCOMPARE(posted.status, 200);
    QCOMPARE(posted.headers.value("X-Type"), "text/plain");
    QCOMPARE(posted.headers.value("x-who"), "Token t");
    QCOMPARE(posted.body.size(), 3'000'000 + qsizetype(strlen("POST /echo ")));
    QCOMPARE(send({.method = "POST", .url = url(QStringLiteral("/echo"))}).body, "POST /echo "); // without a body
}

void TestHttpClient::keepsItsConnections()
{
    HttpClient client({});
    for (int i = 0; i < 5; ++i) {
        bool done = false;
        client.send({.url = url(QStringLiteral("/echo"))}, [&](const HttpAnswer &answer) { done = answer.isGood(); });
        QVERIFY(QTest::qWaitFor([&] { return done; }));
    }
    QCOMPARE(client.inFlight(), size_t(0));
    // Many at once are answered, each with its own.
    int right = 0;
    for (int i = 0; i < 20; ++i) {
        client.send({.url = url(QStringLiteral("/echo?n=%1").arg(i))}, [&right, i](const HttpAnswer &answer) {
            right += answer.body == "GET /echo?n=" + QByteArray::number(i) + ' ' ? 1 : 0;
        });
    }
    QVERIFY(QTest::qWaitFor([&] { return right == 20; }));
}

void TestHttpClient::unpacksAnswers()
{
    QCOMPARE(send({.url = url(QStringLiteral("/packed"))}).body, "unpacked");
}

void TestHttpClient::followsNobody()
{
    QCOMPARE(send({.url = url(QStringLiteral("/away"))}).status, 302);
    QCOMPARE(m_requests, 1);
}

void TestHttpClient::ignoresTheEnvironmentsProxies()
{
    qputenv("http_proxy", "http://127.0.0.1:1");
    const HttpAnswer answer = send({.url = url(QStringLiteral("/echo"))});
    qunsetenv("http_proxy");
    QCOMPARE(answer.status, 200);
}

void TestHttpClient::readsTheEarlyAnswerToALargeUpload()
{
    // Refuses at the sight of the head, as InfluxDB does with a body that is too large, and reads no more of it.
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    connect(&server, &QTcpServer::newConnection, this, [&server] {
        QTcpSocket *socket = server.nextPendingConnection();
        socket->setReadBufferSize(1'000);
        connect(socket, &QTcpSocket::readyRead, socket, [socket] {
            disconnect(socket, &QTcpSocket::readyRead, socket, nullptr);
            socket->write("HTTP/1.1 413 Request Entity Too Large\r\nConnection: close\r\n"
                          "Content-Length: 9\r\n\r\ntoo large");
        });
    });
    const HttpAnswer answer = send({.method = "POST",
                                    .url = QUrl(QStringLiteral("http://127.0.0.1:%1/write").arg(server.serverPort())),
                                    .headers = {},
                                    .body = QByteArray(20'000'000, 'x')});
    QCOMPARE(answer.status, 413);
}

void TestHttpClient::tellsWhatWentWrong()
{
    const auto failureOf = [this](const QString &address, HttpOptions options = {.timeout = 5s}) {
        const HttpCall call{.url = QUrl(address)};
        const HttpAnswer answer = send(call, options);
        BlockingHttpClient blocking(options);
        if (blocking.send(call).failure != answer.failure)
            qFatal("asynchronous and blocking differ");
        if (answer.trouble.isEmpty())
            qFatal("a failure without a word");
        return answer.failure;
    };
    QCOMPARE(failureOf(QStringLiteral("http://127.0.0.1:1/")), Failure::Connect);
    QCOMPARE(failureOf(QStringLiteral("http://no-such-host.invalid/")), Failure::Resolve);
    QCOMPARE(failureOf(QStringLiteral("ftp://127.0.0.1/")), Failure::Other);

    // Servers that hang, cut and talk nonsense, in a thread that the blocking client does not stop.
    std::thread([&] {
        QTcpServer hang;
        QVERIFY(hang.listen(QHostAddress::LocalHost)); // the system takes the connection, and nobody answers
        const QString address = QStringLiteral("http://127.0.0.1:%1/").arg(hang.serverPort());
        BlockingHttpClient impatient({.timeout = 200ms});
        QCOMPARE(impatient.send({.url = QUrl(address)}).failure, Failure::Timeout);
        BlockingHttpClient patient({.timeout = 60s});
        QCOMPARE(patient.send({.url = QUrl(address), .headers = {}, .body = {}, .timeout = 200ms}).failure,
                 Failure::Timeout);
    }).join();
    for (const QByteArray &text : {QByteArray("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), QByteArray(),
                                   QByteArray("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")}) {
        QTcpServer server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        connect(&server, &QTcpServer::newConnection, this, [&] {
            QTcpSocket *socket = server.nextPendingConnection();
            connect(socket, &QTcpSocket::readyRead, socket, [socket, text] {
                socket->write(text);
                socket->disconnectFromHost();
            });
        });
        const HttpAnswer cut = send({.url = QUrl(QStringLiteral("http://127.0.0.1:%1/").arg(server.serverPort()))});
        QCOMPARE(cut.failure, Failure::Cut);
        QVERIFY(!cut.isGood());
    }
}

void TestHttpClient::sendsNothingTwice()
{
    QTcpServer server;
    int heads = 0;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    connect(&server, &QTcpServer::newConnection, this, [&] {
        QTcpSocket *socket = server.nextPendingConnection();
        connect(socket, &QTcpSocket::readyRead, socket, [&heads, socket] {
            heads += socket->readAll().startsWith("POST") ? 1 : 0;
            socket->disconnectFromHost();
        });
    });
    const HttpAnswer answer = send({.method = "POST",
                                    .url = QUrl(QStringLiteral("http://127.0.0.1:%1/").arg(server.serverPort())),
                                    .headers = {},
                                    .body = "x"});
    QCOMPARE(answer.failure, Failure::Cut);
    QCOMPARE(heads, 1);
}

void TestHttpClient::limitsAnswers()
{
    const HttpAnswer answer = send({.url = url(QStringLiteral("/long"))}, {.timeout = 5s, .longest_answer = 1000});
    QCOMPARE(answer.failure, Failure::TooLong);
    QVERIFY(answer.body.size() <= 1000);
}

void TestHttpClient::trustsOnlyWhomItIsTold()
{
    QTemporaryDir folder;
    const auto certificates = sim::Certificates::load(folder.path());
    QVERIFY(certificates);
    const auto secure = [this] { return QUrl(QStringLiteral("https://127.0.0.1:%1/echo").arg(m_server->port())); };
    const HttpOptions trusting{.timeout = 5s, .ca_file = certificates->authorityFile()};

    m_server->setTls(certificates->configuration(sim::CertificateKind::Good));
    QCOMPARE(send({.url = secure()}, trusting).status, 200);
    QCOMPARE(send({.url = secure()}).failure, Failure::Tls); // the system knows no such authority
    QCOMPARE(send({.url = secure()}, {.timeout = 5s, .ca_file = QStringLiteral("/nowhere.pem")}).failure, Failure::Tls);
    m_server->setTls(certificates->configuration(sim::CertificateKind::Expired));
    QCOMPARE(send({.url = secure()}, trusting).failure, Failure::Tls);
    m_server->setTls(certificates->configuration(sim::CertificateKind::WrongName));
    QCOMPARE(send({.url = secure()}, trusting).failure, Failure::Tls);
}

void TestHttpClient::canBeStoppedWhileItWaits()
{
    QTcpServer hang;
    QVERIFY(hang.listen(QHostAddress::LocalHost));
    std::atomic<bool> stop = false;
    std::atomic<bool> ended = false;
    HttpAnswer answer;
    std::thread waiting([&] {
        BlockingHttpClient client({.timeout = 60s});
        answer = client.send({.url = QUrl(QStringLiteral("http://127.0.0.1:%1/").arg(hang.serverPort()))}, &stop);
        ended = true;
    });
    QVERIFY(QTest::qWaitFor([&] { return hang.hasPendingConnections(); }));
    stop = true;
    QVERIFY(QTest::qWaitFor([&] { return ended.load(); }, 10'000));
    waiting.join();
    QCOMPARE(answer.failure, Failure::Stopped);
}

void TestHttpClient::dropsWhatIsInFlightWithItself()
{
    auto client = std::make_unique<HttpClient>(HttpOptions{});
    bool told = false;
    client->send({.url = url(QStringLiteral("/hang"))}, [&](const HttpAnswer &) { told = true; });
    QVERIFY(QTest::qWaitFor([&] { return !m_kept.empty(); }));
    client.reset();
    m_kept.front()(HttpResponse{});
    bool other = false;
    HttpClient again({});
    again.send({.url = url(QStringLiteral("/echo"))}, [&](const HttpAnswer &) { other = true; });
    QVERIFY(QTest::qWaitFor([&] { return other; }));
    QVERIFY(!told);
    // From within an answer one may send, and end the client.
    int answers = 0;
    auto chain = std::make_unique<HttpClient>(HttpOptions{});
    chain->send({.url = url(QStringLiteral("/echo"))}, [&](const HttpAnswer &) {
        ++answers;
        chain->send({.url = url(QStringLiteral("/echo"))}, [&](const HttpAnswer &) { ++answers; });
    });
    QVERIFY(QTest::qWaitFor([&] { return answers == 2; }));
}

TK_TEST(TestHttpClient, http_client);

} // namespace tk::net

#include "tst_http_client.moc"
