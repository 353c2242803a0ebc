#include "net/http_server.h"

#include "base/clock.h"
#include "base/logging.h"

#include <QElapsedTimer>
#include <QHash>
#include <QPointer>
#include <QSslConfiguration>
#include <QSslSocket>
#include <QTcpServer>
#include <QTcpSocket>
#include <utility>

namespace tk::net {

namespace {

constexpr qint64 writeBacklog = 1 << 20; // no further pipelined request is handled while so much waits to go out

// Makes the sockets, plain or TLS, that QTcpServer would make plain only.
class Acceptor final : public QTcpServer
{
public:
    Acceptor(const std::unique_ptr<QSslConfiguration> &tls, std::function<void(std::unique_ptr<QTcpSocket>)> accepted)
        : m_tls(tls)
        , m_accepted(std::move(accepted))
    {}

protected:
    void incomingConnection(qintptr descriptor) override
    {
        std::unique_ptr<QTcpSocket> socket;
        if (m_tls) {
            auto secure = std::make_unique<QSslSocket>();
            secure->setSslConfiguration(*m_tls);
            socket = std::move(secure);
        } else {
            socket = std::make_unique<QTcpSocket>();
        }
        if (!socket->setSocketDescriptor(descriptor))
            return;
        if (auto *secure = qobject_cast<QSslSocket *>(socket.get()))
            secure->startServerEncryption();
        m_accepted(std::move(socket));
    }

private:
    const std::unique_ptr<QSslConfiguration> &m_tls; // the server's; empty for plain sockets
    std::function<void(std::unique_ptr<QTcpSocket>)> m_accepted;
};

} // namespace

// One client. Handles one request at a time, so answers leave in the order of the requests.
class HttpServer::Connection final : public QObject
{
public:
    Connection(HttpServer *server, std::unique_ptr<QTcpSocket> socket)
        : QObject(server)
        , m_server(server)
        , m_socket(std::move(socket))
    {
        const HttpLimits &limits = server->m_limits.message;
        m_socket->setReadBufferSize(limits.head + limits.body);
        m_socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
        m_peer = m_socket->peerAddress();
        m_idle.setSingleShot(true);
        m_idle.setInterval(server->m_limits.idle);
        connect(&m_idle, &QTimer::timeout, this, [this] { drop(); });
        connect(m_socket.get(), &QTcpSocket::readyRead, this, [this] { advance(); });
        connect(m_socket.get(), &QTcpSocket::bytesWritten, this, [this] { advance(); });
        connect(m_socket.get(), &QTcpSocket::disconnected, this, [this] { drop(); });
        m_idle.start();
        m_quiet.start();
    }

    ~Connection() override
    {
        m_server->forget(this);
        if (m_socket)
            m_socket->disconnect(this);
    }

    const QHostAddress &peer() const { return m_peer; }
    bool isIdle() const { return !m_waiting && m_socket; } // asks nothing now
    qint64 idleFor() const { return m_quiet.elapsed(); }   // ms

    void drop()
    {
        m_server->forget(this);
        if (m_socket) {
            m_socket->disconnect(this);
            m_socket->abort();
        }
        deleteLater();
    }

private:
    void advance()
    {
        // A handler that answers at once comes back here through answer(); the loop below goes on for it.
        if (m_advancing)
            return;
        m_advancing = true;
        while (!m_waiting && !m_closing && m_socket && m_socket->bytesToWrite() < writeBacklog && handleNext()) {
        }
        m_advancing = false;
    }

    bool handleNext()
    {
        m_buffer += m_socket->readAll();
        Result<std::optional<HttpRequest>> taken = takeRequest(m_buffer, m_server->m_limits.message);
        if (!taken) {
            HttpResponse refusal{400, {}, {{{"Content-Type", "text/plain; charset=utf-8"}}}, {}};
            refusal.body = taken.error().message.toUtf8() + '\n';
            m_keepAlive = false;
            answer(++m_current, refusal);
            return false;
        }
        if (!taken->has_value())
            return false;
        const HttpRequest request = **std::move(taken);
        m_idle.stop();
        m_quiet.start();
        m_keepAlive = request.keepAlive;
        m_headOnly = request.method == "HEAD";
        if (request.headers.hasToken("Connection", "Upgrade") && handOver(request))
            return false;
        m_waiting = true;
        const quint64 number = ++m_current;
        const QPointer<Connection> self(this);
        m_server->m_handler(request, m_peer, [self, number](const HttpResponse &response) {
            if (self)
                self->answer(number, response);
        });
        return true;
    }

    bool handOver(const HttpRequest &request)
    {
        if (!m_server->m_upgrade)
            return false;
        m_socket->disconnect(this);
        m_socket->setReadBufferSize(0);
        if (m_server->m_upgrade(request, m_socket, m_buffer)) {
            if (m_socket) // not taken after all; we are inside one of its signals
                m_socket.release()->deleteLater();
            m_server->forget(this);
            deleteLater();
            return true;
        }
        m_socket->setReadBufferSize(m_server->m_limits.message.head + m_server->m_limits.message.body);
        connect(m_socket.get(), &QTcpSocket::readyRead, this, [this] { advance(); });
        connect(m_socket.get(), &QTcpSocket::bytesWritten, this, [this] { advance(); });
        connect(m_socket.get(), &QTcpSocket::disconnected, this, [this] { drop(); });
        return false;
    }

    void answer(quint64 number, const HttpResponse &response)
    {
        if (number != m_current || m_answered == number || !m_socket)
            return; // a second answer to the same request
        m_answered = number;
        m_waiting = false;
        QByteArray text = response.encode(m_keepAlive);
        if (m_headOnly)
            text.chop(response.body.size());
        m_socket->write(text);
        if (m_keepAlive) {
            m_idle.start();
            advance();
        } else {
            m_closing = true;
            m_idle.start(); // a client that never reads must not keep the connection
            m_socket->disconnectFromHost();
        }
    }

    HttpServer *m_server;
    std::unique_ptr<QTcpSocket> m_socket;
    QHostAddress m_peer;
    QByteArray m_buffer;
    QTimer m_idle;
    QElapsedTimer m_quiet; // since it asked anything
    quint64 m_current = 0;
    quint64 m_answered = 0;
    bool m_waiting = false;
    bool m_advancing = false;
    bool m_closing = false;
    bool m_keepAlive = true;
    bool m_headOnly = false;
};

HttpServer::HttpServer(Handler handler, QObject *parent)
    : HttpServer(std::move(handler), Limits{}, parent)
{}

HttpServer::HttpServer(Handler handler, Limits limits, QObject *parent)
    : QObject(parent)
    , m_handler(std::move(handler))
    , m_limits(limits)
    , m_backoff(std::chrono::milliseconds(100), std::chrono::seconds(5), 1)
{
    m_resume.setSingleShot(true);
    connect(&m_resume, &QTimer::timeout, this, [this] {
        if (m_server)
            m_server->resumeAccepting();
    });
}

HttpServer::~HttpServer()
{
    close();
}

void HttpServer::setUpgrade(Upgrade upgrade)
{
    m_upgrade = std::move(upgrade);
}

void HttpServer::setTls(const QSslConfiguration &configuration)
{
    m_tls = std::make_unique<QSslConfiguration>(configuration);
}

Status HttpServer::listen(const QHostAddress &address, quint16 port)
{
    auto server =
        std::make_unique<Acceptor>(m_tls, [this](std::unique_ptr<QTcpSocket> socket) { accept(std::move(socket)); });
    // Without this the first moment without a file descriptor would end the listening for ever.
    connect(server.get(), &QTcpServer::acceptError, this, [this](QAbstractSocket::SocketError) {
        if (!std::exchange(m_short, true) && m_tell.allow(SystemClock().now()))
            qCCritical(lcTelemetry).noquote()
                << "HTTP clients have to wait:" << m_server->errorString()
                << "(raise the limit of open files: ulimit -n, LimitNOFILE=); trying again";
        m_resume.start(m_backoff.next());
    });
    if (!server->listen(address, port))
        return Error{
            Error::Kind::Network,
            QStringLiteral("cannot listen on %1 port %2: %3; choose another port or end the program that holds it")
                .arg(address.toString())
                .arg(port)
                .arg(server->errorString()),
            true};
    m_server = std::move(server);
    return ok();
}

quint16 HttpServer::port() const
{
    return m_server ? m_server->serverPort() : 0;
}

void HttpServer::close()
{
    m_server.reset();
    const QObjectList held = children();
    for (QObject *child : held) {
        if (dynamic_cast<Connection *>(child))
            delete child;
    }
}

void HttpServer::accept(std::unique_ptr<QTcpSocket> socket)
{
    if (std::exchange(m_short, false)) {
        m_backoff.reset();
        if (m_tell.allow(SystemClock().now()))
            qCInfo(lcTelemetry) << "HTTP clients are heard again";
    }
    if (int(m_held.size()) >= m_limits.connections && !makeRoom()) {
        socket->abort();
        return;
    }
    m_held.push_back(new Connection(this, std::move(socket))); // a child of the server
}

// Of the connections that ask nothing now: one of the client with the most, the one that is silent for the longest
// time. So nobody keeps the others out by holding connections.
bool HttpServer::makeRoom()
{
    QHash<QHostAddress, int> ofPeer;
    for (const Connection *connection : m_held)
        ++ofPeer[connection->peer()];
    Connection *least = nullptr;
    const auto weight = [&](const Connection *connection) {
        return std::pair(ofPeer.value(connection->peer()), connection->idleFor());
    };
    for (Connection *connection : m_held) {
        if (connection->isIdle() && (!least || weight(connection) > weight(least)))
            least = connection;
    }
    if (!least)
        return false;
    least->drop();
    return true;
}

void HttpServer::forget(const Connection *connection)
{
    std::erase(m_held, connection);
}

} // namespace tk::net
