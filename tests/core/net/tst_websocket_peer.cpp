// Our framing against an implementation that is not ours: Qt's websocket as server and as client.
#include "net/http_message.h"
#include "net/http_server.h"
#include "net/websocket_codec.h"
#include "support/test_registry.h"

#include <QSignalSpy>
#include <QTcpSocket>
#include <QTest>
#include <QWebSocket>
#include <QWebSocketServer>

namespace tk::net {

class TestWebsocketPeer : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void clientAgainstQtServer();
    void serverAgainstQtClient();
};

void TestWebsocketPeer::clientAgainstQtServer()
{
    QWebSocketServer server(QStringLiteral("peer"), QWebSocketServer::NonSecureMode);
    QVERIFY(server.listen(QHostAddress::LocalHost));
    QTcpSocket socket;
    socket.connectToHost(QHostAddress::LocalHost, server.serverPort());
    const QByteArray key = QByteArray("0123456789abcdef").toBase64();
    socket.write(upgradeRequest(server.serverUrl(), key, "test"));
    QTRY_VERIFY(server.hasPendingConnections());
    const std::unique_ptr<QWebSocket> peer(server.nextPendingConnection());
    QByteArray bytes;
    std::optional<HttpResponseHead> head;
    QTRY_VERIFY([&] {
        bytes += socket.readAll();
        if (!head) // QTRY asks once more after the yes
            head = *takeResponseHead(bytes);
        return head.has_value();
    }());
    QCOMPARE(head->status, 101);
    QCOMPARE(head->headers.value("sec-websocket-accept"), acceptKey(key));

    QSignalSpy received(peer.get(), &QWebSocket::textMessageReceived);
    const QString large = QString(300'000, u'龙');
    const QByteArray utf8 = large.toUtf8();
    socket.write(encodeFrame(Opcode::Text, "hello", 0x12345678));
    // Cut between characters: Qt's reader refuses characters split over fragments.
    socket.write(encodeFrame(Opcode::Text, QByteArrayView(utf8).first(300), 1, false) +
                 encodeFrame(Opcode::Ping, "now", 2) +
                 encodeFrame(Opcode::Continuation, QByteArrayView(utf8).sliced(300), 3));
    QTRY_COMPARE(received.count(), 2);
    QCOMPARE(received.at(0).at(0).toString(), QStringLiteral("hello"));
    QCOMPARE(received.at(1).at(0).toString(), large);

    peer->sendTextMessage(large);
    peer->sendBinaryMessage("\x01\x02");
    peer->close(QWebSocketProtocol::CloseCodeGoingAway, QStringLiteral("bye"));
    WsReader reader(WsReader::Role::Client);
    QList<QByteArray> seen;
    QTRY_VERIFY([&] {
        reader.append(bytes + socket.readAll());
        bytes.clear();
        while (true) {
            const Result<std::optional<WsMessage>> next = reader.next();
            if (!next || !next->has_value())
                return seen.size() == 4;
            seen << QByteArray((**next).payload.data(), qsizetype((**next).payload.size()));
        }
    }());
    QCOMPARE(seen, (QList<QByteArray>{"now", utf8, "\x01\x02", closePayload(1001, "bye")}));
}

void TestWebsocketPeer::serverAgainstQtClient()
{
    std::unique_ptr<QTcpSocket> socket;
    HttpServer server([](const HttpRequest &, const QHostAddress &, const HttpServer::Reply &reply) { reply({404}); });
    server.setUpgrade([&](const HttpRequest &request, std::unique_ptr<QTcpSocket> &taken, const QByteArray &) {
        taken->write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: " +
                     acceptKey(request.headers.value("Sec-WebSocket-Key")) + "\r\n\r\n");
        socket = std::move(taken);
        return true;
    });
    QVERIFY(server.listen(QHostAddress::LocalHost, 0));
    QWebSocket client;
    QSignalSpy connected(&client, &QWebSocket::connected);
    QSignalSpy received(&client, &QWebSocket::textMessageReceived);
    QSignalSpy closed(&client, &QWebSocket::disconnected);
    client.open(QUrl(QStringLiteral("ws://127.0.0.1:%1/ws").arg(server.port())));
    QTRY_COMPARE(connected.count(), 1);
    QVERIFY(socket);

    const QString large = QString(70'000, u'x');
    client.sendTextMessage(large);
    WsReader reader(WsReader::Role::Server);
    QByteArray seen;
    QTRY_VERIFY([&] {
        reader.append(socket->readAll());
        const Result<std::optional<WsMessage>> next = reader.next();
        if (!next || !next->has_value())
            return !seen.isEmpty();
        seen = QByteArray((**next).payload.data(), qsizetype((**next).payload.size()));
        return true;
    }());
    QCOMPARE(seen, large.toUtf8());
    socket->write(encodeFrame(Opcode::Text, seen, {}));
    QTRY_COMPARE(received.count(), 1);
    QCOMPARE(received.at(0).at(0).toString(), large);
    socket->write(encodeFrame(Opcode::Close, closePayload(1008, "Too many requests"), {}));
    QTRY_COMPARE(closed.count(), 1);
    QCOMPARE(int(client.closeCode()), 1008);
    QCOMPARE(client.closeReason(), QStringLiteral("Too many requests"));
}

TK_TEST(TestWebsocketPeer, websocket_peer);

} // namespace tk::net

#include "tst_websocket_peer.moc"
