#include "sim_client.h"

#include <QTest>

namespace tk::sim {

WsClient::WsClient(const QUrl &server, const QString &path, const QSslConfiguration *tls)
{
    const QUrl url(server.toString() + path);
    const auto ask = [this, url] { m_socket.write(net::upgradeRequest(url, QByteArray(24, 'k'), "test")); };
    connect(&m_socket, &QSslSocket::readyRead, this, &WsClient::read);
    connect(&m_socket, &QSslSocket::disconnected, this, [this] { ended = true; });
    connect(&m_socket, &QSslSocket::errorOccurred, this, [this](QAbstractSocket::SocketError error) {
        ended = true;
        reset = m_socket.errorString().contains(QLatin1String("reset"));
        tlsFailed = error == QAbstractSocket::SslHandshakeFailedError;
    });
    if (tls) {
        m_socket.setSslConfiguration(*tls);
        connect(&m_socket, &QSslSocket::encrypted, this, ask);
        m_socket.connectToHostEncrypted(url.host(), quint16(url.port()));
    } else {
        connect(&m_socket, &QSslSocket::connected, this, ask);
        m_socket.connectToHost(url.host(), quint16(url.port()));
    }
}

void WsClient::send(const QByteArray &text)
{
    sendFrame(net::Opcode::Text, text);
}

void WsClient::sendFrame(net::Opcode opcode, const QByteArray &payload)
{
    m_socket.write(net::encodeFrame(opcode, payload, 0x01020304));
}

void WsClient::read()
{
    if (!reads)
        return;
    QByteArray bytes = m_socket.readAll();
    if (status == 0) {
        m_head += bytes;
        const auto head = net::takeResponseHead(m_head);
        if (!head || !head->has_value())
            return;
        status = (**head).status;
        if (status != 101) {
            refusalHead = m_head;
            return;
        }
        bytes = m_head;
    }
    if (status != 101)
        return;
    m_reader.append(bytes);
    while (true) {
        const auto next = m_reader.next();
        if (!next) {
            closeCode = -1;
            m_socket.abort();
            return;
        }
        if (!next->has_value())
            return;
        const net::WsMessage &message = **next;
        const QByteArray payload(message.payload.data(), qsizetype(message.payload.size()));
        if (message.opcode == net::Opcode::Close) {
            closeCode = net::readClosePayload(message.payload).first;
            closeReason = net::readClosePayload(message.payload).second;
        } else if (message.opcode == net::Opcode::Ping) {
            pings << payload;
            if (answersPings)
                sendFrame(net::Opcode::Pong, payload);
        } else {
            texts << payload;
        }
    }
}

QByteArray WsClient::dataOf(qsizetype i) const
{
    const QByteArray &text = texts.at(i);
    const qsizetype at = text.indexOf("\"data\":");
    return at < 0 ? text : text.mid(at + 7).chopped(1);
}

QList<QByteArray> WsClient::ofStream(const QByteArray &name) const
{
    QList<QByteArray> found;
    for (qsizetype i = 0; i < texts.size(); ++i) {
        if (texts[i].startsWith("{\"stream\":\"" + name + "\",\"data\":"))
            found << dataOf(i);
    }
    return found;
}

RestAnswer RestClient::request(const QByteArray &method, const QString &pathAndQuery, const QByteArray &body,
                               int timeoutMs, const QByteArray &apiKey)
{
    QNetworkRequest request(QUrl(m_server.toString() + pathAndQuery));
    request.setHeader(QNetworkRequest::ContentTypeHeader, QStringLiteral("application/json"));
    if (!apiKey.isEmpty())
        request.setRawHeader("X-MBX-APIKEY", apiKey);
    const std::unique_ptr<QNetworkReply> reply(m_manager.sendCustomRequest(request, method, body));
    RestAnswer answer;
    if (!QTest::qWaitFor([&] { return reply->isFinished(); }, timeoutMs)) {
        answer.error = QStringLiteral("no answer");
        reply->abort();
        return answer;
    }
    answer.status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    answer.body = reply->readAll();
    answer.retryAfter = reply->rawHeader("Retry-After");
    if (reply->hasRawHeader("X-MBX-USED-WEIGHT-1M"))
        answer.usedWeight = reply->rawHeader("X-MBX-USED-WEIGHT-1M").toInt();
    answer.error = reply->errorString();
    return answer;
}

} // namespace tk::sim
