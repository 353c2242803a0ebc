#include "support/exchange/ws_session.h"

#include "support/exchange/hash.h"
#include "support/exchange/ws_hub.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QUrlQuery>

#ifdef Q_OS_UNIX
#include <sys/socket.h>
#endif

namespace tk::sim {

namespace {

constexpr int maxStreams = 1024;
constexpr double messageBurst = 15;
constexpr double messagesPerSecond = 10;
constexpr qint64 pongDeadlineMs = 600'000;
constexpr size_t maxRequestBytes = 1 << 20;

QList<QByteArray> namesOf(const QByteArray &text)
{
    QList<QByteArray> names;
    for (const QByteArray &name : text.split('/')) {
        if (!name.isEmpty())
            names << name;
    }
    return names;
}

} // namespace

std::optional<WsTarget> WsTarget::parse(const QByteArray &path, const QUrlQuery &query)
{
    QList<QByteArray> parts = path.split('/');
    if (parts.size() < 2 || !parts.takeFirst().isEmpty())
        return {};
    WsTarget target;
    if (parts.first() == "public" || parts.first() == "market" || parts.first() == "private") {
        target.route = parts.first() == "market"   ? Route::Market
                       : parts.first() == "public" ? Route::Public
                                                   : Route::Private;
        parts.removeFirst();
    }
    if (parts.isEmpty() || (parts.first() != "ws" && parts.first() != "stream"))
        return {};
    target.combined = parts.takeFirst() == "stream";
    const QByteArray rest = parts.join('/');
    if (target.route == Route::Private) {
        target.listenKeys = namesOf(rest);
        for (const QString &key : query.allQueryItemValues(QStringLiteral("listenKey")))
            target.listenKeys << key.toUtf8();
        return target;
    }
    if (target.combined && !rest.isEmpty())
        return {};
    target.streams = target.combined
                         ? namesOf(query.queryItemValue(QStringLiteral("streams"), QUrl::FullyDecoded).toUtf8())
                         : namesOf(rest);
    return target;
}

WsSession::WsSession(WsHub &hub, int id, std::unique_ptr<QTcpSocket> socket, const WsTarget &target,
                     const QByteArray &received)
    : m_hub(hub)
    , m_id(id)
    , m_socket(std::move(socket))
    , m_route(target.route)
    , m_combined(target.combined)
    , m_listenKeys(target.listenKeys)
    , m_reader(net::WsReader::Role::Server, maxRequestBytes)
    , m_openedMs(hub.market().steadyMs())
    , m_keptAliveMs(m_openedMs)
    , m_allowance(messageBurst)
    , m_allowanceMs(m_openedMs)
{
    m_socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    connect(m_socket.get(), &QTcpSocket::readyRead, this, &WsSession::read);
    connect(m_socket.get(), &QTcpSocket::disconnected, this, [this] { m_dead = true; });
    // The first one after 140 s to 180 s, then every three minutes.
    m_nextPingMs = m_openedMs + 140'000 + qint64(mix(hub.market().settings.seed, quint64(id)) % 40'000);
    subscribe(target.streams);
    m_reader.append(received);
    QMetaObject::invokeMethod(this, &WsSession::read, Qt::QueuedConnection);
}

WsSession::~WsSession()
{
    m_socket->disconnect(this);
    for (const QByteArray &name : std::as_const(m_names))
        m_hub.unsubscribe(*this, name);
}

QJsonObject WsSession::toJson() const
{
    QJsonArray names;
    for (const QByteArray &name : m_names)
        names.append(QString::fromUtf8(name));
    const auto ageMs = m_hub.market().steadyMs() - m_openedMs;
    return {{QStringLiteral("id"), m_id},
            {QStringLiteral("route"), m_route == Route::Market   ? QStringLiteral("market")
                                      : m_route == Route::Public ? QStringLiteral("public")
                                                                 : QStringLiteral("private")},
            {QStringLiteral("combined"), m_combined},
            {QStringLiteral("ageMs"), ageMs},
            {QStringLiteral("framesSent"), qint64(m_framesSent)},
            {QStringLiteral("backlog"), backlog()},
            {QStringLiteral("peerPort"), m_socket->peerPort()},
            {QStringLiteral("streams"), names}};
}

void WsSession::sendFrame(const QByteArray &frame)
{
    if (m_dead || m_closing || m_halfOpen)
        return;
    ++m_framesSent;
    ++m_hub.market().stats.framesSent;
    m_hub.market().stats.bytesSent += quint64(frame.size());
    if (m_hub.market().settings.segmentPerFrame) {
        m_socket->write(frame);
        m_socket->flush();
    } else {
        m_out += frame;
    }
}

void WsSession::sendPart(const QByteArray &bytes, bool first)
{
    if (m_dead || m_closing || m_halfOpen)
        return;
    if (first) {
        flush();
        ++m_framesSent;
        ++m_hub.market().stats.framesSent;
    }
    m_hub.market().stats.bytesSent += quint64(bytes.size());
    m_socket->write(bytes);
    m_socket->flush();
}

void WsSession::sendText(const QByteArray &text)
{
    if (!m_dead && !m_closing && !m_halfOpen)
        m_out += net::encodeFrame(net::Opcode::Text, text, {});
}

void WsSession::hold(const QByteArray &frame)
{
    m_held << frame;
    m_heldBytes += frame.size();
    if (m_heldBytes > m_hub.market().settings.maxBacklogBytes)
        release();
}

void WsSession::release()
{
    for (const QByteArray &frame : std::as_const(m_held))
        sendFrame(frame);
    m_held.clear();
    m_heldBytes = 0;
}

void WsSession::flush()
{
    if (m_out.isEmpty() || m_dead)
        return;
    m_socket->write(m_out);
    m_out.resize(0); // keeps its room
    m_socket->flush();
}

void WsSession::tick()
{
    if (m_dead || m_closing)
        return;
    Market &market = m_hub.market();
    if (backlog() > market.settings.maxBacklogBytes) {
        ++market.stats.slowConsumersCut;
        reset();
        return;
    }
    if (m_halfOpen)
        return;
    const qint64 now = market.steadyMs();
    if (now - m_openedMs >= m_hub.lifeMs(m_id)) {
        cut();
        return;
    }
    if (!m_pingPayload.isEmpty() && now - m_pingSentMs > pongDeadlineMs) {
        cut();
        return;
    }
    const SimManners &manners = market.settings.manners;
    if (!manners.keepAlive.isEmpty()) {
        if (now - m_keptAliveMs > manners.keepAliveWithin.count()) {
            ++market.stats.ruleViolations;
            cut();
        }
        return;
    }
    if (now >= m_nextPingMs && m_pingPayload.isEmpty()) {
        m_pingPayload = QByteArray::number(market.serverMs(market.nowMs()));
        m_pingSentMs = now;
        m_nextPingMs = now + 180'000;
        m_out += net::encodeFrame(net::Opcode::Ping, m_pingPayload, {});
        ++market.stats.pingsSent;
    }
}

void WsSession::close(quint16 code, const QByteArray &reason)
{
    if (m_dead || m_closing)
        return;
    m_out += net::encodeFrame(net::Opcode::Close, net::closePayload(code, reason), {});
    flush();
    m_closing = true;
    m_socket->disconnectFromHost();
}

void WsSession::cut()
{
    if (m_dead || m_closing)
        return;
    flush();
    m_closing = true;
    m_socket->disconnectFromHost();
}

void WsSession::reset()
{
    if (m_dead)
        return;
#ifdef Q_OS_UNIX
    // Without lingering, closing sends a reset and drops what was not yet sent.
    const linger none{1, 0};
    ::setsockopt(int(m_socket->socketDescriptor()), SOL_SOCKET, SO_LINGER, &none, sizeof none);
#endif
    m_dead = true;
    m_socket->abort();
}

void WsSession::setHalfOpen(bool halfOpen)
{
    if (m_halfOpen == halfOpen)
        return;
    m_halfOpen = halfOpen;
    m_socket->setReadBufferSize(halfOpen ? 1 : 0); // the kernel's own buffers fill; nobody answers
    if (!halfOpen)
        QMetaObject::invokeMethod(this, &WsSession::read, Qt::QueuedConnection);
}

void WsSession::read()
{
    if (m_dead || m_closing || m_halfOpen)
        return;
    while (const qint64 available = m_socket->bytesAvailable()) {
        char *room = m_reader.reserve(size_t(available));
        const qint64 count = m_socket->read(room, available);
        if (count <= 0)
            break;
        m_reader.commit(size_t(count));
    }
    while (!m_dead && !m_closing && !m_halfOpen) {
        const Result<std::optional<net::WsMessage>> next = m_reader.next();
        if (!next) {
            close(m_reader.closeCode(), next.error().message.toUtf8());
            return;
        }
        if (!next->has_value())
            break;
        handle(**next);
    }
    flush();
}

void WsSession::handle(const net::WsMessage &message)
{
    const QByteArray payload(message.payload.data(), qsizetype(message.payload.size()));
    if (message.opcode == net::Opcode::Close) {
        close(net::readClosePayload(message.payload).first == 1005 ? 1000
                                                                   : net::readClosePayload(message.payload).first,
              {});
        return;
    }
    ++m_hub.market().stats.clientMessages;
    if (!withinRate()) {
        ++m_hub.market().stats.ruleViolations;
        close(1008, "Too many requests");
        return;
    }
    switch (message.opcode) {
    case net::Opcode::Ping:
        m_out += net::encodeFrame(net::Opcode::Pong, payload, {});
        break;
    case net::Opcode::Pong: // an unsolicited one counts for nothing
        ++m_hub.market().stats.pongsReceived;
        if (payload == m_pingPayload)
            m_pingPayload.clear();
        break;
    default:
        if (!isKeepAlive(payload))
            request(payload);
        break;
    }
}

bool WsSession::isKeepAlive(const QByteArray &text)
{
    const SimManners &manners = m_hub.market().settings.manners;
    if (manners.keepAlive.isEmpty() || text != manners.keepAlive)
        return false;
    m_keptAliveMs = m_hub.market().steadyMs();
    ++m_hub.market().stats.keepAlives;
    sendText(manners.keepAliveAnswer);
    return true;
}

bool WsSession::withinRate()
{
    const qint64 now = m_hub.market().steadyMs();
    m_allowance = std::min(messageBurst, m_allowance + double(now - m_allowanceMs) * messagesPerSecond / 1000);
    m_allowanceMs = now;
    if (m_allowance < 1)
        return false;
    m_allowance -= 1;
    return true;
}

void WsSession::answer(const QByteArray &text)
{
    m_hub.answer(*this, text);
}

void WsSession::answerError(int code, const QByteArray &message, const QJsonValue &id)
{
    QByteArray text = "{\"error\":{\"code\":" + QByteArray::number(code) + ",\"msg\":\"" + message + "\"}";
    if (id.isDouble())
        text += ",\"id\":" + QByteArray::number(id.toInteger());
    answer(text + '}');
}

void WsSession::request(const QByteArray &text)
{
    QJsonParseError problem;
    const QJsonDocument document = QJsonDocument::fromJson(text, &problem);
    if (problem.error != QJsonParseError::NoError || !document.isObject()) {
        answerError(3, "Invalid JSON: expected value at line 1 column 1", {});
        return;
    }
    const QJsonObject object = document.object();
    const QJsonValue id = object.value(QLatin1String("id"));
    if (!id.isDouble() || id.toDouble() < 0 || id.toDouble() != double(id.toInteger(-1))) {
        answerError(2, "Invalid request: request ID must be an unsigned integer", {});
        return;
    }
    if (!object.contains(QLatin1String("method"))) {
        answerError(2, "Invalid request: missing field `method` at line 1 column " + QByteArray::number(text.size()),
                    id);
        return;
    }
    const QString method = object.value(QLatin1String("method")).toString();
    const QJsonArray parameters = object.value(QLatin1String("params")).toArray();
    const QByteArray idText = QByteArray::number(id.toInteger());
    if (method == QLatin1String("SUBSCRIBE") || method == QLatin1String("UNSUBSCRIBE")) {
        QList<QByteArray> names;
        for (const QJsonValue &name : parameters)
            names << name.toString().toUtf8();
        if (method == QLatin1String("SUBSCRIBE")) {
            if (m_nameSet.size() + names.size() > maxStreams &&
                (m_nameSet | QSet<QByteArray>(names.begin(), names.end())).size() > maxStreams) {
                ++m_hub.market().stats.ruleViolations;
                answerError(4, "Too many subscriptions", id);
                close(1008, "Invalid request");
                return;
            }
            for (const QByteArray &name : std::as_const(names)) {
                if (ActiveFault *refusal = m_hub.market().faults.find(Fault::RefuseSubscribe, name, m_id)) {
                    ++refusal->uses;
                    answerError(int(refusal->number("code", 2)),
                                refusal->text("message", QStringLiteral("Invalid request: invalid symbol")).toUtf8(),
                                id);
                    return;
                }
            }
            subscribe(names);
        } else {
            for (const QByteArray &name : std::as_const(names)) {
                if (m_nameSet.remove(name)) {
                    m_names.removeOne(name);
                    m_hub.unsubscribe(*this, name);
                }
            }
        }
        answer("{\"result\":null,\"id\":" + idText + '}');
    } else if (method == QLatin1String("LIST_SUBSCRIPTIONS")) {
        QByteArray list;
        for (const QByteArray &name : std::as_const(m_names))
            list += (list.isEmpty() ? "\"" : ",\"") + name + '"';
        answer("{\"result\":[" + list + "],\"id\":" + idText + '}');
    } else if (method == QLatin1String("SET_PROPERTY") || method == QLatin1String("GET_PROPERTY")) {
        property(method, parameters, id);
    } else {
        answerError(2,
                    "Invalid request: unknown variant " + method.toUtf8() +
                        ", expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, "
                        "`GET_PROPERTY` at line 1 column " +
                        QByteArray::number(text.indexOf(method.toUtf8()) + method.toUtf8().size() + 1),
                    id);
    }
}

void WsSession::property(const QString &method, const QJsonArray &parameters, const QJsonValue &id)
{
    const bool set = method == QLatin1String("SET_PROPERTY");
    const QByteArray idText = QByteArray::number(id.toInteger());
    if (parameters.size() > (set ? 2 : 1)) {
        answerError(2, "Invalid request: too many parameters", id);
    } else if (!parameters.at(0).isString()) {
        answerError(2, "Invalid request: property name must be a string", id);
    } else if (parameters.at(0).toString() != QLatin1String("combined")) {
        answerError(0, "Unknown property", id);
    } else if (!set) {
        answer(QByteArray("{\"result\":") + (m_combined ? "true" : "false") + ",\"id\":" + idText + '}');
    } else if (!parameters.at(1).isBool()) {
        answerError(1, "Invalid value type: expected Boolean", id);
    } else {
        m_combined = parameters.at(1).toBool();
        answer("{\"result\":null,\"id\":" + idText + '}');
    }
}

void WsSession::subscribe(const QList<QByteArray> &names)
{
    for (const QByteArray &name : names) {
        if (m_nameSet.contains(name))
            continue;
        m_nameSet.insert(name);
        m_names << name;
        m_hub.subscribe(*this, name); // what it does not know stays silent
    }
}

} // namespace tk::sim
