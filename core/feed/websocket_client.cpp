#include "feed/websocket_client.h"

#include <QRandomGenerator>
#include <QSslError>

namespace tk::feed {

namespace {

constexpr qint64 readChunk = 65'536;

} // namespace

QString closureName(Closure::Kind kind)
{
    switch (kind) {
    case Closure::Kind::Refused:
        return QStringLiteral("refused");
    case Closure::Kind::Dns:
        return QStringLiteral("dns");
    case Closure::Kind::Unreachable:
        return QStringLiteral("unreachable");
    case Closure::Kind::Tls:
        return QStringLiteral("tls");
    case Closure::Kind::HandshakeTimeout:
        return QStringLiteral("timeout");
    case Closure::Kind::PeerClosed:
        return QStringLiteral("closed");
    case Closure::Kind::Dropped:
        return QStringLiteral("dropped");
    case Closure::Kind::Protocol:
        return QStringLiteral("protocol");
    case Closure::Kind::Local:
        return QStringLiteral("local");
    }
    return QStringLiteral("dropped");
}

WebSocketClient::WebSocketClient(Options options, const Clock &clock, Listener &listener, QObject *parent)
    : QObject(parent)
    , m_options(std::move(options))
    , m_listener(&listener)
    , m_socket(std::make_unique<QSslSocket>())
{
    m_deadline.setSingleShot(true);
    m_deadline.setInterval(clock.timerDelay(m_options.connectTimeout));
    connect(&m_deadline, &QTimer::timeout, this, [this] {
        finish(Closure::Kind::HandshakeTimeout, 0,
               QStringLiteral("no connection within %1").arg(ageText(m_options.connectTimeout)));
    });
    m_socket->setProxy(m_options.proxy);
    m_socket->setSslConfiguration(m_options.tls);
    m_socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    connect(m_socket.get(), &QSslSocket::readyRead, this, [this] {
        if (m_state == State::Open)
            readFrames();
        else
            readUpgrade();
    });
    connect(m_socket.get(), &QSslSocket::disconnected, this, [this] {
        if (m_state == State::Upgrading)
            finish(Closure::Kind::Refused, 0, QStringLiteral("closed during the upgrade"));
        else
            finish(Closure::Kind::Dropped, 1006, QStringLiteral("connection ended without a close frame"));
    });
    connect(m_socket.get(), &QSslSocket::errorOccurred, this, &WebSocketClient::socketFailed);
}

WebSocketClient::~WebSocketClient()
{
    m_socket->disconnect(this);
}

void WebSocketClient::open()
{
    m_state = State::Connecting;
    const bool tls = m_options.url.scheme() == QLatin1String("wss");
    const auto port = quint16(m_options.url.port(tls ? 443 : 80));
    m_deadline.start();
    if (tls) {
        connect(m_socket.get(), &QSslSocket::encrypted, this, &WebSocketClient::sendUpgrade);
        m_socket->connectToHostEncrypted(m_options.url.host(), port);
    } else {
        connect(m_socket.get(), &QSslSocket::connected, this, &WebSocketClient::sendUpgrade);
        m_socket->connectToHost(m_options.url.host(), port);
    }
}

void WebSocketClient::sendUpgrade()
{
    m_state = State::Upgrading;
    QByteArray nonce(16, Qt::Uninitialized);
    QRandomGenerator::system()->fillRange(reinterpret_cast<quint32 *>(nonce.data()), 4);
    m_key = nonce.toBase64();
    m_socket->write(net::upgradeRequest(m_options.url, m_key, "tapekeeper/" TAPEKEEPER_VERSION));
}

void WebSocketClient::readUpgrade()
{
    m_head += m_socket->readAll();
    const auto head = net::takeResponseHead(m_head);
    if (!head) {
        finish(Closure::Kind::Protocol, 0, head.error().message);
        return;
    }
    if (!head->has_value())
        return;
    const net::HttpResponseHead &response = **head;
    if (response.status != 101) {
        const int seconds = response.headers.value("retry-after").toInt();
        finish(Closure::Kind::Refused, response.status,
               QStringLiteral("upgrade refused with HTTP %1 %2")
                   .arg(response.status)
                   .arg(QString::fromLatin1(response.reason)),
               std::chrono::seconds(std::max(0, seconds)));
        return;
    }
    if (response.headers.value("sec-websocket-accept") != net::acceptKey(m_key)) {
        finish(Closure::Kind::Protocol, 101,
               QStringLiteral("the upgrade's answer does not fit its key; a proxy in between?"));
        return;
    }
    m_deadline.stop();
    m_state = State::Open;
    m_reader.append(m_head); // frames may have come with the head
    m_head.clear();
    m_listener->opened();
    readFrames();
}

void WebSocketClient::readFrames()
{
    while (m_state == State::Open) {
        const qint64 available = std::min(m_socket->bytesAvailable(), readChunk);
        if (available > 0) {
            const qint64 count = m_socket->read(m_reader.reserve(size_t(available)), available);
            if (count <= 0)
                return;
            m_reader.commit(size_t(count));
            m_listener->bytesArrived(count);
        }
        while (m_state == State::Open) {
            const auto message = m_reader.next();
            if (!message) {
                const quint16 code = m_reader.closeCode();
                m_socket->write(net::encodeFrame(net::Opcode::Close, net::closePayload(code, {}),
                                                 QRandomGenerator::global()->generate()));
                finish(Closure::Kind::Protocol, code, message.error().message);
                return;
            }
            if (!message->has_value())
                break;
            handle(**message);
        }
        if (m_state != State::Open || m_socket->bytesAvailable() == 0)
            return;
    }
}

void WebSocketClient::handle(const net::WsMessage &message)
{
    switch (message.opcode) {
    case net::Opcode::Text:
    case net::Opcode::Binary:
        m_listener->messageArrived(message.payload);
        break;
    case net::Opcode::Ping: // the exchange cuts us when the same payload does not come back
        m_socket->write(net::encodeFrame(net::Opcode::Pong,
                                         QByteArrayView(message.payload.data(), qsizetype(message.payload.size())),
                                         QRandomGenerator::global()->generate()));
        break;
    case net::Opcode::Close: {
        const auto [code, reason] = net::readClosePayload(message.payload);
        m_socket->write(net::encodeFrame(net::Opcode::Close, net::closePayload(code == 1005 ? 1000 : code, {}),
                                         QRandomGenerator::global()->generate()));
        m_socket->flush();
        finish(Closure::Kind::PeerClosed, code,
               QStringLiteral("closed by the exchange (%1%2)")
                   .arg(code)
                   .arg(reason.isEmpty() ? QString() : u' ' + QString::fromUtf8(reason)));
        break;
    }
    case net::Opcode::Pong:
    case net::Opcode::Continuation:
        break;
    }
}

void WebSocketClient::sendText(QByteArrayView text)
{
    if (m_state == State::Open)
        m_socket->write(net::encodeFrame(net::Opcode::Text, text, QRandomGenerator::global()->generate()));
}

void WebSocketClient::close(quint16 code)
{
    if (m_state == State::Open) {
        m_socket->write(
            net::encodeFrame(net::Opcode::Close, net::closePayload(code, {}), QRandomGenerator::global()->generate()));
        m_socket->flush();
    }
    abort();
}

void WebSocketClient::abort()
{
    m_state = State::Closed;
    m_deadline.stop();
    m_socket->disconnect(this);
    m_socket->abort();
}

void WebSocketClient::socketFailed(QAbstractSocket::SocketError error)
{
    const QString text = m_socket->errorString();
    switch (error) {
    case QAbstractSocket::RemoteHostClosedError:
        return; // disconnected() follows, after what is buffered has been read
    case QAbstractSocket::HostNotFoundError:
        finish(Closure::Kind::Dns, 0, QStringLiteral("DNS: %1").arg(text));
        return;
    case QAbstractSocket::SslHandshakeFailedError:
    case QAbstractSocket::SslInternalError:
    case QAbstractSocket::SslInvalidUserDataError:
        finish(Closure::Kind::Tls, 0, QStringLiteral("TLS: %1").arg(text));
        return;
    default:
        finish(m_state == State::Open ? Closure::Kind::Dropped : Closure::Kind::Unreachable, 0, text);
        return;
    }
}

void WebSocketClient::finish(Closure::Kind kind, int status, const QString &text, milliseconds retryAfter)
{
    if (m_state == State::Closed)
        return;
    abort();
    m_listener->closed({.kind = kind, .status = status, .text = text, .retryAfter = retryAfter});
}

} // namespace tk::feed
