// One websocket connection attempt and its life: TLS, upgrade, frames in, text out. Lives in the feed thread; a new
// object for every attempt. Tells what QWebSocket cannot: the status of a refused upgrade and every byte that arrives.
#pragma once

#include "base/clock.h"
#include "net/http_message.h"
#include "net/websocket_codec.h"

#include <QNetworkProxy>
#include <QObject>
#include <QSslConfiguration>
#include <QSslSocket>
#include <QTimer>
#include <QUrl>

#include <memory>

namespace tk::feed {

// Why a connection is over: fit for a log line and for a metric label.
struct Closure
{
    enum class Kind { Refused, Dns, Unreachable, Tls, HandshakeTimeout, PeerClosed, Dropped, Protocol, Local };

    Kind kind = Kind::Dropped;
    int status = 0;             // HTTP status of a refused upgrade, or the close code
    QString text;               // "closed by the exchange (1008 Too many requests)"
    milliseconds retryAfter{0}; // what the refusal asked for
};

QString closureName(Closure::Kind kind); // "refused", "dns", ...

class WebSocketClient : public QObject
{
    Q_OBJECT
public:
    // Called in the feed thread. After closed() nothing else is called.
    class Listener
    {
    public:
        virtual ~Listener() = default;
        virtual void opened() = 0;
        virtual void bytesArrived(qint64 count) = 0;            // any bytes, pings too: the transport lives
        virtual void messageArrived(std::string_view text) = 0; // 64 readable bytes follow
        virtual void closed(const Closure &closure) = 0;
    };

    struct Options
    {
        QUrl url;
        QNetworkProxy proxy{QNetworkProxy::NoProxy};
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        milliseconds connectTimeout{10'000}; // for TCP, TLS and upgrade together (reference §0)
    };

    WebSocketClient(Options options, const Clock &clock, Listener &listener, QObject *parent = nullptr);
    ~WebSocketClient() override;

    void open();
    bool isOpen() const { return m_state == State::Open; }
    void sendText(QByteArrayView text);
    void close(quint16 code); // sends a close frame and drops the connection; the listener hears nothing more
    void abort();             // drops it at once; the listener hears nothing more

private:
    enum class State { Idle, Connecting, Upgrading, Open, Closed };

    void sendUpgrade();
    void readUpgrade();
    void readFrames();
    void finish(Closure::Kind kind, int status, const QString &text, milliseconds retryAfter = milliseconds(0));
    void socketFailed(QAbstractSocket::SocketError error);
    void handle(const net::WsMessage &message);

    Options m_options;
    Listener *m_listener;
    State m_state = State::Idle;
    QByteArray m_key;
    QByteArray m_head;
    net::WsReader m_reader{net::WsReader::Role::Client};
    QTimer m_deadline; // declared before the socket, whose destructor may still emit
    std::unique_ptr<QSslSocket> m_socket;
};

} // namespace tk::feed
