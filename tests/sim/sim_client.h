// Clients as plain as can be, to look at the simulator's answers: a websocket that keeps all it receives, and REST.
#pragma once

#include "net/http_message.h"
#include "net/websocket_codec.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QSslConfiguration>
#include <QSslSocket>
#include <QUrl>

#include <memory>

namespace tk::sim {

class WsClient : public QObject
{
    Q_OBJECT
public:
    WsClient(const QUrl &server, const QString &path, const QSslConfiguration *tls = nullptr);

    void send(const QByteArray &text);
    void sendFrame(net::Opcode opcode, const QByteArray &payload);
    QByteArray dataOf(qsizetype i) const;                     // of a message in combined form, without the wrapper
    QList<QByteArray> ofStream(const QByteArray &name) const; // data of that stream, combined form
    void stopReading() { m_socket.setReadBufferSize(1); }
    bool isOpen() const { return status == 101 && !ended; }

    int status = 0;         // of the handshake
    QByteArray refusalHead; // where it was refused
    QList<QByteArray> texts;
    QList<QByteArray> pings;
    int closeCode = 0;
    QByteArray closeReason;
    bool ended = false; // the connection is gone
    bool reset = false; // by a reset
    bool tlsFailed = false;
    bool answersPings = true;
    bool reads = true;

private:
    void read();

    QSslSocket m_socket;
    QByteArray m_head;
    net::WsReader m_reader{net::WsReader::Role::Client};
};

struct RestAnswer
{
    int status = 0;
    QByteArray body;
    QByteArray retryAfter;
    int usedWeight = -1;
    QString error;

    QJsonArray array() const { return QJsonDocument::fromJson(body).array(); }
    QJsonObject object() const { return QJsonDocument::fromJson(body).object(); }
    int code() const { return object().value(QLatin1String("code")).toInt(); }
};

class RestClient
{
public:
    explicit RestClient(QUrl server)
        : m_server(std::move(server))
    {}
    RestAnswer get(const QString &pathAndQuery, int timeoutMs = 10'000)
    {
        return request("GET", pathAndQuery, {}, timeoutMs);
    }
    RestAnswer request(const QByteArray &method, const QString &pathAndQuery, const QByteArray &body = {},
                       int timeoutMs = 10'000, const QByteArray &apiKey = {});

private:
    QUrl m_server;
    QNetworkAccessManager m_manager;
};

} // namespace tk::sim
