#include "support/influx/fault_proxy.h"

#include <QHostAddress>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTimer>

#include <sys/socket.h>

#include <algorithm>
#include <vector>

namespace tk::test {

namespace {

constexpr qint64 requestShare = 1'000; // bytes of a request that pass before it is cut
constexpr qint64 answerShare = 20;     // of an answer
constexpr int slowEvery = 20;          // ms

// What close() does to a socket with this set is a reset.
void reset(QTcpSocket *socket)
{
    const linger now{1, 0};
    ::setsockopt(int(socket->socketDescriptor()), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    socket->abort();
}

} // namespace

class FaultProxy::Worker final : public QObject
{
public:
    explicit Worker(FaultProxy &proxy)
        : m_proxy(proxy)
        , m_server(new QTcpServer(this))
    {
        connect(m_server, &QTcpServer::newConnection, this, &Worker::accept);
        m_slow.setInterval(slowEvery);
        connect(&m_slow, &QTimer::timeout, this, [this] {
            for (Pair *pair : std::vector(m_pairs))
                pump(pair);
        });
    }
    ~Worker() override
    {
        for (Pair *pair : std::vector(m_pairs))
            close(pair, false);
    }

    bool listen(quint16 port) { return m_server->listen(QHostAddress::LocalHost, port); }
    quint16 port() const { return m_server->serverPort(); }

    void modeChanged()
    {
        const Mode mode = m_proxy.m_mode;
        if (mode == Mode::Refuse) {
            m_server->close();
            for (Pair *pair : std::vector(m_pairs))
                close(pair, true);
        } else if (!m_server->isListening()) {
            m_server->listen(QHostAddress::LocalHost, m_proxy.m_port);
        }
        m_held = nullptr;
        m_proxy.m_holding = false;
        if (mode == Mode::Slow)
            m_slow.start();
        else
            m_slow.stop();
        for (Pair *pair : std::vector(m_pairs))
            pump(pair);
    }

private:
    struct Pair
    {
        QTcpSocket *client;
        QTcpSocket *upstream;
        qint64 up = 0; // forwarded while the present fault holds
        qint64 down = 0;
        bool closed = false;
    };

    void accept()
    {
        while (QTcpSocket *client = m_server->nextPendingConnection()) {
            ++m_proxy.m_connections;
            auto *pair = new Pair{client, new QTcpSocket(this)};
            m_pairs.push_back(pair);
            client->setParent(this);
            pair->upstream->connectToHost(QHostAddress(QHostAddress::LocalHost), m_proxy.m_server);
            connect(client, &QTcpSocket::readyRead, this, [this, pair] { pump(pair); });
            connect(pair->upstream, &QTcpSocket::readyRead, this, [this, pair] { pump(pair); });
            connect(pair->upstream, &QTcpSocket::connected, this, [this, pair] { pump(pair); });
            connect(client, &QTcpSocket::disconnected, this, [this, pair] { close(pair, false); });
            connect(pair->upstream, &QTcpSocket::disconnected, this, [this, pair] { ended(pair); });
            connect(pair->upstream, &QTcpSocket::errorOccurred, this, [this, pair] { ended(pair); });
        }
    }

    void ended(Pair *pair)
    {
        const Mode mode = m_proxy.m_mode;
        if (mode == Mode::Stall || mode == Mode::HalfOpen)
            return; // nobody tells the client
        pump(pair);
        if (!pair->closed)
            close(pair, false);
    }

    void close(Pair *pair, bool hard)
    {
        if (std::exchange(pair->closed, true))
            return;
        std::erase(m_pairs, pair);
        for (QTcpSocket *socket : {pair->client, pair->upstream}) {
            disconnect(socket, nullptr, this, nullptr);
            if (hard)
                reset(socket);
            else
                socket->disconnectFromHost();
            socket->deleteLater();
        }
        QMetaObject::invokeMethod(
            this, [pair] { delete pair; }, Qt::QueuedConnection);
    }

    void pump(Pair *pair)
    {
        if (pair->closed || pair->upstream->state() == QTcpSocket::ConnectingState)
            return;
        switch (m_proxy.m_mode) {
        case Mode::Pass:
            pair->up = pair->down = 0;
            pair->upstream->write(pair->client->readAll());
            pair->client->write(pair->upstream->readAll());
            break;
        case Mode::Refuse:
            close(pair, true);
            break;
        case Mode::Reset:
            if (pair->client->bytesAvailable() > 0)
                close(pair, true);
            break;
        case Mode::Stall:
            pair->client->readAll();
            break;
        case Mode::HalfOpen:
            pair->upstream->write(pair->client->readAll());
            pair->upstream->readAll();
            break;
        case Mode::CutRequest:
            pair->up += pair->upstream->write(pair->client->read(std::max<qint64>(0, requestShare - pair->up)));
            pair->client->write(pair->upstream->readAll());
            if (pair->up >= requestShare)
                close(pair, true);
            break;
        case Mode::CutAnswer:
            pair->upstream->write(pair->client->readAll());
            pair->down += pair->client->write(pair->upstream->read(std::max<qint64>(0, answerShare - pair->down)));
            if (pair->down >= answerShare)
                close(pair, false);
            break;
        case Mode::HoldOne:
            if (!m_held && pair->client->bytesAvailable() > 0)
                m_held = pair;
            pair->upstream->write(pair->client->readAll());
            if (pair != m_held)
                pair->client->write(pair->upstream->readAll());
            else if (pair->upstream->bytesAvailable() > 0)
                m_proxy.m_holding = true;
            break;
        case Mode::Slow: {
            constexpr qint64 share = qint64(slowBytesPerSecond) * slowEvery / 1000;
            pair->upstream->write(pair->client->read(share));
            pair->client->write(pair->upstream->read(share));
            break;
        }
        }
    }

    FaultProxy &m_proxy;
    QTcpServer *m_server;
    QTimer m_slow;
    std::vector<Pair *> m_pairs;
    Pair *m_held = nullptr; // compared only
};

FaultProxy::FaultProxy(quint16 server)
    : m_server(server)
{
    m_thread.setObjectName(QStringLiteral("fault proxy"));
    m_thread.start();
    m_worker = new Worker(*this);
    m_worker->moveToThread(&m_thread);
    QMetaObject::invokeMethod(
        m_worker,
        [this] {
            if (!m_worker->listen(0))
                qFatal("the fault proxy cannot listen");
            m_port = m_worker->port();
        },
        Qt::BlockingQueuedConnection);
}

FaultProxy::~FaultProxy()
{
    QMetaObject::invokeMethod(
        m_worker, [this] { delete m_worker; }, Qt::BlockingQueuedConnection);
    m_thread.quit();
    m_thread.wait();
}

void FaultProxy::set(Mode mode)
{
    m_mode = mode;
    QMetaObject::invokeMethod(
        m_worker, [this] { m_worker->modeChanged(); }, Qt::BlockingQueuedConnection);
}

} // namespace tk::test
