// The server against Qt's own HTTP client, and against clients that misbehave.
#include "net/http_server.h"
#include "support/test_registry.h"

#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QPointer>
#include <QRegularExpression>
#include <QSignalSpy>
#include <QTcpSocket>
#include <QTest>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tk::net {

class TestHttpServer : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup() { m_server.reset(); }
    void answersQtsClient();
    void answersPipelinedRequestsInOrder();
    void answersLaterAndOnlyOnce();
    void dropsAnswersOfGoneClients();
    void closesWhenAsked();
    void refusesMalformedRequests();
    void handsOverUpgrades();
    void limitsConnectionsAndIdleTime();
    void survivesAShortageOfDescriptors();

private:
    std::unique_ptr<QTcpSocket> connected();

    std::unique_ptr<HttpServer> m_server;
    QList<HttpServer::Reply> m_waiting;
};

void TestHttpServer::init()
{
    m_waiting.clear();
    HttpServer::Limits limits;
    limits.connections = 3;
    limits.idle = std::chrono::milliseconds(300);
    m_server = std::make_unique<HttpServer>(
        [this](const HttpRequest &request, const QHostAddress &peer, const HttpServer::Reply &reply) {
            if (request.path() == "/later") {
                m_waiting << reply;
                return;
            }
            HttpResponse response;
            response.headers.fields.emplace_back("X-Peer", peer.toString().toLatin1());
            response.body = request.method + ' ' + request.path() + ' ' + request.body;
            reply(response);
        },
        limits);
    QVERIFY(m_server->listen(QHostAddress::LocalHost, 0));
    QVERIFY(m_server->port() != 0);
}

std::unique_ptr<QTcpSocket> TestHttpServer::connected()
{
    auto socket = std::make_unique<QTcpSocket>();
    socket->connectToHost(QHostAddress::LocalHost, m_server->port());
    return socket;
}

void TestHttpServer::answersQtsClient()
{
    QNetworkAccessManager manager;
    manager.setTransferTimeout(5000);
    const QUrl url(QStringLiteral("http://127.0.0.1:%1/x%20y?q=1").arg(m_server->port()));
    for (int i = 0; i < 3; ++i) {
        const std::unique_ptr<QNetworkReply> reply(manager.post(QNetworkRequest(url), "body"));
        QTRY_VERIFY(reply->isFinished());
        QCOMPARE(reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt(), 200);
        QCOMPARE(reply->rawHeader("x-peer"), QByteArray("127.0.0.1"));
        QCOMPARE(reply->readAll(), QByteArray("POST /x y body"));
    }
    const std::unique_ptr<QNetworkReply> head(manager.head(QNetworkRequest(url)));
    QTRY_VERIFY(head->isFinished());
    QCOMPARE(head->error(), QNetworkReply::NoError);
    QVERIFY(head->readAll().isEmpty());
}

void TestHttpServer::answersPipelinedRequestsInOrder()
{
    const auto socket = connected();
    QByteArray requests;
    for (int i = 0; i < 200; ++i)
        requests += "GET /" + QByteArray::number(i) + " HTTP/1.1\r\n\r\n";
    requests += "GET /later HTTP/1.1\r\n\r\nGET /last HTTP/1.1\r\n\r\n";
    socket->write(requests);
    QByteArray answers;
    QTRY_VERIFY((answers += socket->readAll()).contains("GET /199 "));
    QTRY_COMPARE(m_waiting.size(), 1);
    for (int i = 1, at = 0; i < 200; ++i) {
        const int next = int(answers.indexOf("GET /" + QByteArray::number(i) + ' '));
        QVERIFY2(next > at, qPrintable(QString::number(i)));
        at = next;
    }
    QVERIFY(!answers.contains("/last"));
    m_waiting.takeFirst()({});
    QTRY_VERIFY((answers += socket->readAll()).contains("GET /last"));
}

void TestHttpServer::answersLaterAndOnlyOnce()
{
    const auto socket = connected();
    socket->write("GET /later HTTP/1.1\r\n\r\n");
    QTRY_COMPARE(m_waiting.size(), 1);
    m_waiting[0]({200, {}, {}, "once"});
    m_waiting[0]({200, {}, {}, "twice"});
    socket->write("GET /end HTTP/1.1\r\n\r\n");
    QByteArray answers;
    QTRY_VERIFY((answers += socket->readAll()).contains("GET /end"));
    QVERIFY(answers.contains("once"));
    QVERIFY(!answers.contains("twice"));
}

void TestHttpServer::dropsAnswersOfGoneClients()
{
    auto socket = connected();
    socket->write("GET /later HTTP/1.1\r\n\r\n");
    QTRY_COMPARE(m_waiting.size(), 1);
    socket->abort();
    const auto other = connected();
    other->write("GET /other HTTP/1.1\r\n\r\n");
    QTRY_VERIFY(other->bytesAvailable() > 0);
    m_waiting[0]({}); // must not touch what is gone
    m_server.reset();
    m_waiting[0]({});
}

void TestHttpServer::closesWhenAsked()
{
    const auto socket = connected();
    socket->write("GET /a HTTP/1.1\r\nConnection: close\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
    QTRY_COMPARE(socket->state(), QAbstractSocket::UnconnectedState);
    const QByteArray answers = socket->readAll();
    QVERIFY(answers.contains("GET /a"));
    QVERIFY(!answers.contains("GET /b"));
    QVERIFY(answers.contains("Connection: close"));
}

void TestHttpServer::refusesMalformedRequests()
{
    const auto socket = connected();
    socket->write("NONSENSE\r\n\r\n");
    QTRY_COMPARE(socket->state(), QAbstractSocket::UnconnectedState);
    QVERIFY(socket->readAll().startsWith("HTTP/1.1 400 Bad Request\r\n"));
}

void TestHttpServer::handsOverUpgrades()
{
    std::unique_ptr<QTcpSocket> taken;
    QByteArray rest;
    m_server->setUpgrade(
        [&](const HttpRequest &request, std::unique_ptr<QTcpSocket> &socket, const QByteArray &following) {
            if (request.path() != "/ws")
                return false;
            taken = std::move(socket);
            rest = following;
            return true;
        });
    const auto refused = connected();
    refused->write("GET /no HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    QByteArray answer;
    QTRY_VERIFY((answer += refused->readAll()).contains("GET /no"));

    const auto socket = connected();
    socket->write("GET /ws HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\nearly");
    QTRY_VERIFY(taken != nullptr);
    QCOMPARE(rest, QByteArray("early"));
    taken->write("raw");
    QByteArray raw;
    QTRY_COMPARE((raw += socket->readAll()), QByteArray("raw"));
    socket->write("more");
    QTRY_COMPARE(taken->bytesAvailable(), 4);
    m_server.reset();
    taken->write("still");
    QTRY_COMPARE((raw += socket->readAll()), QByteArray("rawstill"));
}

void TestHttpServer::limitsConnectionsAndIdleTime()
{
    std::vector<std::unique_ptr<QTcpSocket>> sockets;
    for (int i = 0; i < 3; ++i) {
        sockets.push_back(connected());
        QTRY_COMPARE(sockets.back()->state(), QAbstractSocket::ConnectedState);
    }
    sockets[0]->write("GET /later HTTP/1.1\r\n\r\n");
    QTRY_COMPARE(m_waiting.size(), 1);
    // Who only holds a connection makes room for who asks: the one that is silent for the longest time.
    const auto fourth = connected();
    fourth->write("GET /later HTTP/1.1\r\n\r\n");
    QTRY_COMPARE(m_waiting.size(), 2);
    QTRY_COMPARE(sockets[1]->state(), QAbstractSocket::UnconnectedState);
    sockets[2]->write("GET /later HTTP/1.1\r\n\r\n");
    QTRY_COMPARE(m_waiting.size(), 3);
    const auto oneTooMany = connected(); // all wait for an answer: none of them is cut off
    QSignalSpy dropped(oneTooMany.get(), &QTcpSocket::disconnected);
    QTRY_COMPARE(dropped.count(), 1);
    m_waiting[2]({});
    QTRY_COMPARE(sockets[2]->state(), QAbstractSocket::UnconnectedState); // idle, in the end
    QCOMPARE(sockets[0]->state(), QAbstractSocket::ConnectedState);       // waits for its answer: not idle
    const auto fifth = connected();
    fifth->write("GET /fifth HTTP/1.1\r\n\r\n");
    QTRY_VERIFY(fifth->bytesAvailable() > 0);
}

// Without a descriptor left nobody is heard, and afterwards everybody who waited.
void TestHttpServer::survivesAShortageOfDescriptors()
{
    rlimit before{};
    QCOMPARE(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(m_server->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    QCOMPARE(::connect(client, reinterpret_cast<const sockaddr *>(&address), sizeof(address)), 0);
    const QByteArray request = "GET /x HTTP/1.1\r\n\r\n";
    QCOMPARE(::send(client, request.constData(), size_t(request.size()), 0), ssize_t(request.size()));
    const int next = ::dup(client);
    ::close(next);
    rlimit none = before;
    none.rlim_cur = rlim_t(next);
    QCOMPARE(::setrlimit(RLIMIT_NOFILE, &none), 0);
    QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("HTTP clients have to wait")));
    QTest::ignoreMessage(QtInfoMsg, "HTTP clients are heard again");
    for (int turn = 0; turn < 20; ++turn)
        QCoreApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 20);
    char answer[64] = {};
    const ssize_t early = ::recv(client, answer, sizeof(answer), MSG_DONTWAIT);
    QCOMPARE(::setrlimit(RLIMIT_NOFILE, &before), 0);
    QCOMPARE(early, ssize_t(-1));
    ssize_t size = -1;
    QTRY_VERIFY(size > 0 || (size = ::recv(client, answer, sizeof(answer), MSG_DONTWAIT)) > 0);
    QVERIFY(QByteArray(answer, sizeof(answer)).startsWith("HTTP/1.1 200"));
    ::close(client);
}

TK_TEST(TestHttpServer, http_server);

} // namespace tk::net

#include "tst_http_server.moc"
