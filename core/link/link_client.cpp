#include "link/link_client.h"

#include <QJsonArray>
#include <QLocalSocket>
#include <QPointer>

#include <utility>

namespace tk::link {

LinkClient::LinkClient(QObject *parent)
    : EngineLink(parent)
{
    m_timeout.setSingleShot(true);
    connect(&m_timeout, &QTimer::timeout, this, [this] {
        fail(Error{Error::Kind::Timeout,
                   QStringLiteral("the engine at %1 does not answer: look into its log, or restart it").arg(m_file),
                   true});
    });
    m_silence.setSingleShot(true);
    m_silence.setInterval(silence);
    connect(&m_silence, &QTimer::timeout, this, [this] {
        m_silent = true;
        Q_EMIT wentSilent();
    });
}

LinkClient::~LinkClient()
{
    close();
}

void LinkClient::connectTo(const QString &socketFile, std::chrono::milliseconds timeout)
{
    close();
    m_file = socketFile;
    m_reader = LineReader(maxMessageBytes);
    Result<SocketPath> path = SocketPath::of(socketFile);
    if (!path) {
        // Queued like every other end of an attempt: never from within connectTo().
        QMetaObject::invokeMethod(
            this, [this, error = path.error()] { fail(error); }, Qt::QueuedConnection);
        return;
    }
    m_path.emplace(std::move(path).value());
    m_socket = std::make_unique<QLocalSocket>();
    connect(m_socket.get(), &QLocalSocket::readyRead, this, &LinkClient::read);
    const auto lost = [this](QLocalSocket::LocalSocketError code) {
        if (m_greeted || code == QLocalSocket::PeerClosedError)
            fail(Error{Error::Kind::Network, QStringLiteral("the engine at %1 closed the connection").arg(m_file),
                       true});
        else if (code == QLocalSocket::SocketAccessError)
            fail(Error{Error::Kind::Network,
                       QStringLiteral("the engine at %1 belongs to another user: run this as that user").arg(m_file)});
        else
            fail(Error{Error::Kind::Network,
                       QStringLiteral("no engine listens at %1: start it, or check [engine] data_dir").arg(m_file),
                       true});
    };
    connect(m_socket.get(), &QLocalSocket::errorOccurred, this, lost, Qt::QueuedConnection);
    m_timeout.start(timeout);
    m_socket->connectToServer(m_path->name());
}

void LinkClient::close()
{
    m_timeout.stop();
    m_silence.stop();
    m_silent = false;
    m_keepAlive = 0;
    m_greeted = false;
    m_waiting.clear();
    m_open.clear();
    if (QLocalSocket *socket = m_socket.release()) {
        socket->disconnect(this);
        socket->abort();
        socket->deleteLater(); // we may be inside one of its signals
    }
    m_path.reset();
}

qint64 LinkClient::request(const QString &command, const QJsonObject &args)
{
    const qint64 id = ++m_lastId;
    m_open.insert(id);
    send(encode(Request{id, command, args}));
    return id;
}

void LinkClient::watch(const QStringList &series)
{
    send(encode(Request{
        ++m_lastId, QStringLiteral("watch"), {{QStringLiteral("series"), QJsonArray::fromStringList(series)}}}));
}

void LinkClient::send(const QByteArray &line)
{
    if (m_greeted)
        m_socket->write(line);
    else
        m_waiting += line;
}

void LinkClient::read()
{
    m_reader.append(m_socket->readAll());
    const QPointer<LinkClient> self(this);
    heard();
    const QLocalSocket *socket = m_socket.get();
    while (self && m_socket.get() == socket) { // a slot may close, reconnect or delete us
        Result<std::optional<QByteArray>> line = m_reader.next();
        if (!line)
            return fail(line.error());
        if (!line->has_value())
            return;
        const Result<Message> message = parseMessage(**line);
        if (!message)
            return fail(message.error());
        handle(*message);
    }
}

void LinkClient::handle(const Message &message)
{
    if (const auto *hello = std::get_if<Hello>(&message)) {
        greet(*hello);
    } else if (const auto *progress = std::get_if<Progress>(&message)) {
        if (m_open.contains(progress->id))
            Q_EMIT progressed(progress->id, progress->progress);
    } else if (const auto *answer = std::get_if<Answer>(&message)) {
        if (answer->id == m_keepAlive && std::exchange(m_keepAlive, 0) != 0)
            m_silence.start();         // an older engine refuses it, and its silence tells nothing
        if (m_open.remove(answer->id)) // the answer to watch is no news
            Q_EMIT finished(answer->id, answer->result);
    } else if (const auto *refusal = std::get_if<Refusal>(&message)) {
        if (!refusal->id)
            fail(refusal->error);
        else if (m_open.remove(*refusal->id))
            Q_EMIT refused(*refusal->id, refusal->error);
    } else if (const auto *whole = std::get_if<Snapshot>(&message)) {
        Q_EMIT snapshot(whole->state);
    } else if (const auto *part = std::get_if<Changes>(&message)) {
        Q_EMIT changes(part->changes);
    }
}

void LinkClient::greet(const Hello &hello)
{
    if (m_greeted)
        return;
    if (hello.protocol != protocolVersion) {
        fail(Error{
            Error::Kind::Remote,
            QStringLiteral("the engine at %1 (version %2) speaks protocol %3, this program %4: use the same version")
                .arg(m_file, hello.version)
                .arg(hello.protocol)
                .arg(protocolVersion)});
        return;
    }
    m_timeout.stop();
    m_engine = hello;
    m_greeted = true;
    m_keepAlive = ++m_lastId;
    m_socket->write(encode(Request{m_keepAlive, QStringLiteral("keep-alive"), {}}) + std::exchange(m_waiting, {}));
    Q_EMIT connected();
}

void LinkClient::heard()
{
    if (m_silence.isActive() || m_silent)
        m_silence.start();
    if (std::exchange(m_silent, false))
        Q_EMIT heardAgain();
}

void LinkClient::fail(const Error &error)
{
    const QSet<qint64> open = m_open;
    const QPointer<LinkClient> self(this);
    close();
    for (const qint64 id : open) {
        Q_EMIT refused(id, error);
        if (!self)
            return;
    }
    Q_EMIT failed(error);
}

} // namespace tk::link
