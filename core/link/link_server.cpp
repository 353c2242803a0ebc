#include "link/link_server.h"

#include "base/clock.h"
#include "base/logging.h"
#include "link/protocol.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QElapsedTimer>
#include <QHash>
#include <QJsonArray>
#include <QLocalSocket>
#include <QPointer>

#include <algorithm>
#include <malloc.h>
#include <tuple>
#include <unistd.h>

namespace tk::link {

namespace {

constexpr qsizetype maxWatchedSeries = 256; // of one connection
constexpr std::chrono::milliseconds goodbye{1'000};

} // namespace

class LinkServer::Connection final : public QObject
{
public:
    Connection(LinkServer *server, std::unique_ptr<QLocalSocket> socket, qint64 process)
        : QObject(server)
        , m_server(server)
        , m_socket(socket.release())
        , m_process(process)
    {
        m_socket->setParent(this);
        m_heard.start();
        m_read.start();
        m_socket->setReadBufferSize(maxRequestBytes);
        connect(m_socket, &QLocalSocket::readyRead, this, [this] { read(); });
        connect(m_socket, &QLocalSocket::disconnected, this, [this] { drop(); });
        connect(m_socket, &QLocalSocket::bytesWritten, this, [this] {
            m_read.start();
            if (m_owesSnapshot && m_socket->bytesToWrite() == 0)
                sendSnapshot();
        });
        send(Hello{protocolVersion, QStringLiteral(TAPEKEEPER_VERSION), QCoreApplication::applicationPid()});
        QMetaObject::invokeMethod(
            this, [this] { read(); }, Qt::QueuedConnection); // what came before we listened
    }

    ~Connection() override { m_socket->disconnect(this); }

    void pushChanges(const QByteArray &line)
    {
        if (!m_watching || m_owesSnapshot)
            return;
        if (m_socket->bytesToWrite() > m_server->m_limits.changesBytes)
            m_owesSnapshot = true; // too slow for changes: the whole state once it has caught up
        else
            write(line);
    }

    void keepAlive(const QByteArray &line)
    {
        if (m_keptAlive && !std::exchange(m_spoke, false))
            write(line);
    }

    bool isWatching() const { return m_watching; }
    qint64 process() const { return m_process; }
    qint64 waiting() const { return m_socket->bytesToWrite(); }
    qint64 silentFor() const { return m_heard.elapsed(); } // ms
    bool isIdle() const { return !m_watching && m_openRequests == 0; }

    // What waits for it has not moved for so long.
    bool isStalled(std::chrono::milliseconds after) const { return waiting() > 0 && m_read.hasExpired(after.count()); }

    // Somebody else needs the place. It is told, and goes whether it reads that or not.
    void makeRoom()
    {
        m_server->forget(this);
        send(Refusal{{},
                     Error{Error::Kind::Refused,
                           QStringLiteral("this engine has no room for more clients, and this one said nothing for the "
                                          "longest time: connect again"),
                           true}});
        m_closing = true;
        m_socket->disconnectFromServer();
        QTimer::singleShot(goodbye, this, [this] { drop(); });
    }
    const QStringList &series() const { return m_series; }

    void dropUnread()
    {
        if (m_server->m_tell.allow(SystemClock().now()))
            qCWarning(lcLink).noquote() << QStringLiteral(
                                               "A local client does not read: dropped with %1 bytes waiting%2")
                                               .arg(waiting())
                                               .arg(m_server->m_tell.untold());
        m_server->returnMemory();
        drop();
    }

    void drop()
    {
        if (std::exchange(m_dropped, true))
            return;
        m_server->forget(this);
        m_socket->disconnect(this);
        m_socket->abort();
        deleteLater();
    }

private:
    void read()
    {
        if (m_dropped)
            return;
        if (m_closing) {
            m_socket->readAll(); // unread bytes at the close would cost the other side our answer
            return;
        }
        m_heard.start();
        m_reader.append(m_socket->readAll());
        while (!m_closing && !m_dropped) {
            Result<std::optional<QByteArray>> line = m_reader.next();
            if (!line)
                return refuse(line.error());
            if (!line->has_value())
                return;
            if (line.value()->trimmed().isEmpty())
                continue;
            const Result<Request> request = parseRequest(**line);
            if (!request)
                return refuse(request.error());
            run(*request);
        }
    }

    void run(const Request &request)
    {
        if (request.command == QLatin1String("watch")) {
            m_watching = true;
            m_series.clear();
            for (const QJsonValue &series : request.args.value(QLatin1String("series")).toArray()) {
                if (m_series.size() < maxWatchedSeries)
                    m_series.append(series.toString());
            }
            m_server->gatherSeries();
            send(Answer{request.id, QJsonObject()});
            if (m_socket->bytesToWrite() > m_server->m_limits.changesBytes)
                m_owesSnapshot = true; // it has not read the last one yet
            else
                sendSnapshot();
            return;
        }
        if (request.command == QLatin1String("keep-alive")) {
            m_keptAlive = true;
            send(Answer{request.id, QJsonObject()});
            return;
        }
        if (request.command == QLatin1String("unwatch")) {
            m_watching = m_owesSnapshot = false;
            m_series.clear();
            m_server->gatherSeries();
            send(Answer{request.id, QJsonObject()});
            return;
        }
        if (m_openRequests >= m_server->m_limits.openRequests) {
            send(Refusal{
                request.id,
                Error{Error::Kind::Refused,
                      QStringLiteral("%1 requests of this connection are open: wait for an answer").arg(m_openRequests),
                      true}});
            return;
        }
        ++m_openRequests;
        const QPointer<Connection> self(this);
        const qint64 id = request.id;
        const auto end = [self](const Message &message) {
            if (!self)
                return;
            --self->m_openRequests;
            self->send(message);
        };
        m_server->m_handler.run(request.command, request.args,
                                Reply(Reply::Sink{[self, id](const QJsonObject &progress) {
                                                      if (self)
                                                          self->send(Progress{id, progress});
                                                  },
                                                  [end, id](const QJsonValue &result) {
                                                      end(Answer{id, result});
                                                  },
                                                  [end, id](const Error &error) {
                                                      end(Refusal{id, error});
                                                  },
                                                  [self] { return self && !self->m_dropped; }}));
    }

    void refuse(const Error &error)
    {
        if (m_server->m_tell.allow(SystemClock().now()))
            qCWarning(lcLink).noquote() << "A local client is sent away:" << error.message + m_server->m_tell.untold();
        send(Refusal{{}, error});
        m_closing = true;
        m_watching = false;
        m_socket->disconnectFromServer(); // after what waits has gone out
    }

    void sendSnapshot()
    {
        m_owesSnapshot = false;
        if (m_server->m_bringState)
            m_server->m_bringState();
        send(Snapshot{m_server->m_state.snapshot()});
    }

    void send(const Message &message) { write(encode(message)); }

    void write(const QByteArray &line)
    {
        if (m_closing || m_dropped)
            return;
        if (m_socket->bytesToWrite() + line.size() > m_server->m_limits.bufferedBytes) {
            dropUnread();
            return;
        }
        if (m_socket->bytesToWrite() == 0)
            m_read.start();
        m_socket->write(line);
        m_spoke = true;
        m_server->boundAll(this);
    }

    LinkServer *m_server;
    QLocalSocket *m_socket;
    qint64 m_process;
    QElapsedTimer m_heard; // since it said anything
    QElapsedTimer m_read;  // since it took anything of what waits for it
    LineReader m_reader{maxRequestBytes};
    QStringList m_series; // whose forming candles it looks at
    int m_openRequests = 0;
    bool m_keptAlive = false;
    bool m_spoke = false; // something since the last sign of life
    bool m_watching = false;
    bool m_owesSnapshot = false;
    bool m_closing = false;
    bool m_dropped = false;
};

LinkServer::LinkServer(CommandHandler &handler, QObject *parent)
    : LinkServer(handler, Limits{}, parent)
{}

LinkServer::LinkServer(CommandHandler &handler, Limits limits, QObject *parent)
    : QObject(parent)
    , m_handler(handler)
    , m_limits(limits)
{
    m_changesTimer.setInterval(limits.changesEvery);
    connect(&m_changesTimer, &QTimer::timeout, this, &LinkServer::pushChanges);
    m_aliveTimer.setInterval(limits.aliveEvery);
    connect(&m_aliveTimer, &QTimer::timeout, this, &LinkServer::keepAlive);
}

LinkServer::~LinkServer()
{
    close();
}

QString LinkServer::fileIn(const QString &dataDir)
{
    return dataDir + QStringLiteral("/engine.sock");
}

Status LinkServer::listen(const QString &socketFile)
{
    Result<SocketPath> path = SocketPath::of(socketFile);
    if (!path)
        return path.error();
    m_path.emplace(std::move(path).value());
    m_server = std::make_unique<LocalListener>();
    connect(m_server.get(), &LocalListener::accepted, this, &LinkServer::accept);
    if (const Status listening = m_server->listen(m_path->name()); !listening) {
        m_server.reset();
        return Error{Error::Kind::Config,
                     QStringLiteral("cannot listen at %1: %2; check that this user may write to the "
                                    "folder, or choose another [engine] data_dir")
                         .arg(socketFile, listening.error().message)};
    }
    m_changesTimer.start();
    m_aliveTimer.start();
    return ok();
}

void LinkServer::close()
{
    m_changesTimer.stop();
    m_aliveTimer.stop();
    m_server.reset();
    for (Connection *connection : std::exchange(m_connections, {}))
        delete connection;
}

void LinkServer::accept(qintptr descriptor, qint64 process)
{
    if (int(m_connections.size()) >= m_limits.connections)
        makeRoom();
    auto socket = std::make_unique<QLocalSocket>();
    if (!socket->setSocketDescriptor(descriptor)) {
        ::close(int(descriptor));
        return;
    }
    m_connections.push_back(new Connection(this, std::move(socket), process));
}

// The one that is missed least: of those that ask and watch nothing the one that is silent for the longest time, else
// of the process with the most connections.
void LinkServer::makeRoom()
{
    QHash<qint64, int> ofProcess;
    for (const Connection *connection : m_connections)
        ++ofProcess[connection->process()];
    const auto weight = [&](const Connection *connection) {
        return std::tuple(connection->isIdle(), ofProcess.value(connection->process()), connection->silentFor());
    };
    const auto least = std::ranges::max_element(m_connections, {}, weight);
    if (m_tell.allow(SystemClock().now()))
        qCWarning(lcLink).noquote()
            << QStringLiteral("%1 local clients are connected: one of process %2 makes room for the next%3")
                   .arg(m_connections.size())
                   .arg((*least)->process())
                   .arg(m_tell.untold());
    (*least)->makeRoom();
}

// All together may keep so much waiting. The one that just wrote is not dropped from within its own writing.
void LinkServer::boundAll(const Connection *writing)
{
    qint64 all = 0;
    Connection *most = nullptr;
    for (Connection *connection : m_connections) {
        all += connection->waiting();
        if (connection != writing && (!most || connection->waiting() > most->waiting()))
            most = connection;
    }
    if (all > m_limits.allBufferedBytes && most && most->waiting() > 0)
        most->dropUnread();
}

void LinkServer::dropStalled()
{
    const std::vector<Connection *> present = m_connections;
    for (Connection *connection : present) {
        if (connection->isStalled(m_limits.stalledAfter))
            connection->dropUnread();
    }
}

// What was written for nobody goes back to the system, when the sockets are gone.
void LinkServer::returnMemory()
{
    if (std::exchange(m_returning, true))
        return;
    QTimer::singleShot(std::chrono::seconds(1), this, [this] {
        m_returning = false;
        ::malloc_trim(0);
    });
}

void LinkServer::pushChanges()
{
    dropStalled();
    if (!m_state.hasChanges())
        return;
    const QJsonObject changes = m_state.takeChanges();
    if (!isWatched())
        return; // who comes later is told the whole state first
    if (!m_connections.empty()) {
        const QByteArray line = encode(Message(Changes{changes}));
        const std::vector<Connection *> present = m_connections; // one that is dropped on the way is deleted later only
        for (Connection *connection : present)
            connection->pushChanges(line);
    }
    const std::vector<const Watcher *> watchers = m_watchers;
    for (const Watcher *watcher : watchers) {
        if (std::ranges::find(m_watchers, watcher) != m_watchers.end())
            watcher->changes(changes);
    }
}

void LinkServer::keepAlive()
{
    if (m_connections.empty())
        return;
    const QByteArray line = encode(Message(Alive{QDateTime::currentMSecsSinceEpoch()}));
    const std::vector<Connection *> present = m_connections; // one that is dropped on the way is deleted later only
    for (Connection *connection : present)
        connection->keepAlive(line);
}

void LinkServer::addWatcher(const Watcher &watcher)
{
    if (std::ranges::find(m_watchers, &watcher) == m_watchers.end())
        m_watchers.push_back(&watcher);
    m_changesTimer.start();
    gatherSeries();
    if (m_bringState)
        m_bringState();
    watcher.snapshot(m_state.snapshot());
}

void LinkServer::removeWatcher(const Watcher &watcher)
{
    if (std::erase(m_watchers, &watcher) > 0)
        gatherSeries();
}

void LinkServer::gatherSeries()
{
    QStringList all;
    for (const Connection *connection : m_connections)
        all += connection->series();
    for (const Watcher *watcher : m_watchers)
        all += watcher->series;
    all.sort();
    all.removeDuplicates();
    if (all != m_series) {
        m_series = all;
        Q_EMIT watchedSeriesChanged(m_series);
    }
}

bool LinkServer::isWatched() const
{
    return !m_watchers.empty() || std::ranges::any_of(m_connections, &Connection::isWatching);
}

void LinkServer::forget(Connection *connection)
{
    std::erase(m_connections, connection);
    gatherSeries();
}

} // namespace tk::link
