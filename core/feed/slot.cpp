#include "feed/slot.h"

#include "base/logging.h"

#include <algorithm>

namespace tk::feed {

namespace {

constexpr MonotonicTime never{};
constexpr int loudAfterFailures = 5;
constexpr milliseconds goodDataResetsBackoff{60'000}; // reference §1.5: not after a mere handshake
constexpr milliseconds rotationPatience{60'000};      // for the successor to show data of every ticking stream

} // namespace

Slot::Slot(SlotSettings settings, const exchange::ExchangeAdapter &adapter, const Clock &clock, Host &host)
    : m_settings(std::move(settings))
    , m_adapter(&adapter)
    , m_clock(&clock)
    , m_host(&host)
    , m_backoff(m_settings.reconnect_first, m_settings.reconnect_max, m_settings.seed)
    , m_rotationBackoff(m_settings.reconnect_first, m_settings.reconnect_max, m_settings.seed + 1)
{}

Slot::~Slot() = default;

QString Slot::label() const
{
    return QString::fromLatin1(m_settings.route) + u'#' + QString::number(m_settings.number);
}

std::unique_ptr<Connection> Slot::makeConnection()
{
    WebSocketClient::Options options;
    options.url = m_adapter->connectionUrl(m_settings.url, m_settings.route);
    options.proxy = m_settings.proxy;
    options.tls = m_settings.tls;
    auto connection = std::make_unique<Connection>(std::move(options), *m_adapter, *m_clock,
                                                   static_cast<Connection::Observer &>(*this));
    connection->subscribe(subscriptions(m_streams));
    if (!hasTicking()) {
        const QByteArray canary = m_host->canaryFor(m_settings.route);
        m_hasCanary = !canary.isEmpty();
        if (m_hasCanary)
            connection->subscribe({{noStream, canary}});
    }
    return connection;
}

bool Slot::hasTicking() const
{
    return std::ranges::any_of(m_streams, [this](StreamId id) { return m_host->stream(id).ticks(); });
}

std::vector<Subscription> Slot::subscriptions(const std::vector<StreamId> &streams) const
{
    std::vector<Subscription> list;
    list.reserve(streams.size());
    for (const StreamId id : streams)
        list.push_back({id, m_host->stream(id).spec.wire_name});
    return list;
}

void Slot::add(const std::vector<StreamId> &streams)
{
    m_streams.insert(m_streams.end(), streams.begin(), streams.end());
    if (m_current)
        m_current->subscribe(subscriptions(streams));
    if (m_successor)
        m_successor->subscribe(subscriptions(streams));
}

void Slot::remove(const std::vector<StreamId> &streams)
{
    std::erase_if(m_streams, [&](StreamId id) { return std::ranges::find(streams, id) != streams.end(); });
    if (m_current && m_current->isOpen())
        m_current->unsubscribe(subscriptions(streams));
    if (m_successor)
        m_successor->unsubscribe(subscriptions(streams));
}

void Slot::askAgain(const std::vector<StreamId> &streams)
{
    if (m_current && m_current->isOpen())
        m_current->subscribe(subscriptions(streams));
}

void Slot::connectNow()
{
    m_attemptAt = m_clock->now();
    tick(m_attemptAt);
}

void Slot::attempt()
{
    const milliseconds wait = m_host->takeAttempt();
    if (wait.count() > 0) {
        m_attemptAt = m_clock->now() + wait;
        qCWarning(lcFeed).noquote() << m_settings.exchange << label() << "waits" << ageText(wait)
                                    << "for the exchange's limit of connection attempts";
        return;
    }
    m_attemptAt = never;
    m_current = makeConnection();
    m_current->open();
}

void Slot::connectionOpened(Connection &connection)
{
    const MonotonicTime now = m_clock->now();
    if (isSuccessor(connection))
        return;
    m_rotateAt = now + m_settings.rotate_after;
    m_awaitsData = true;
    if (m_reconnecting)
        qCInfo(lcFeed).noquote() << "connected again, waiting for data" << logField(u"exchange", m_settings.exchange)
                                 << logField(u"connection", label())
                                 << logField(u"streams", QString::number(m_streams.size()));
}

// A handshake is no data: only now is the connection back.
void Slot::delivered(StreamId id)
{
    if (std::ranges::find(m_streams, id) == m_streams.end())
        return; // the canary's, which belongs to another connection
    m_awaitsData = false;
    m_goodSince = m_clock->now();
    m_downSince = {};
    if (!std::exchange(m_reconnecting, false))
        return;
    ++m_reconnects;
    m_host->slotAttempt(m_metricReason, true);
    qCInfo(lcFeed).noquote() << "reconnected" << logField(u"exchange", m_settings.exchange)
                             << logField(u"connection", label())
                             << logField(u"streams", QString::number(m_streams.size()));
}

void Slot::connectionFrame(Connection &connection, std::string_view frame)
{
    m_host->slotFrame(*this, connection, frame);
}

void Slot::connectionSubscribed(Connection &connection, const std::vector<StreamId> &streams)
{
    if (!isSuccessor(connection)) // during a rotation the streams stay live on the old connection
        m_host->slotSubscribed(streams);
}

void Slot::connectionClosed(Connection &connection, const Closure &closure)
{
    if (isSuccessor(connection)) {
        dropSuccessor(closure.text, m_clock->now());
        return;
    }
    if (m_successor && m_successor->isOpen()) {
        // Cut in the middle of a rotation: what the successor has not shown yet is asked for on it already.
        m_host->slotDown(*this, closure.text);
        adoptSuccessor(m_clock->now());
        m_host->slotSubscribed(m_streams);
        return;
    }
    down(closure.text, closureName(closure.kind), closure.retryAfter);
}

void Slot::replace(const QString &reason)
{
    if (!m_current || m_attemptAt != never)
        return; // already on its way
    down(reason, QStringLiteral("stale"), milliseconds(0));
}

void Slot::down(const QString &reason, const QString &metric, milliseconds atLeast)
{
    const MonotonicTime now = m_clock->now();
    if (m_reconnecting)
        m_host->slotAttempt(m_metricReason, false);
    if (m_current) {
        m_current->close();
        discard(std::move(m_current));
    }
    if (m_successor)
        discard(std::move(m_successor));
    m_goodSince = never;
    m_awaitsData = false;
    if (toMs(m_downSince) == 0)
        m_downSince = m_clock->utcNow();
    m_downCause = reason;
    m_metricReason = metric;
    m_reconnecting = true;
    const milliseconds wait = std::max(m_backoff.next(), atLeast);
    m_attemptAt = now + wait;
    qCWarning(lcFeed).noquote() << QStringLiteral("🔄 Reconnect attempt %1 in %2s (%3 %4: %5)")
                                       .arg(m_backoff.failures())
                                       .arg(double(wait.count()) / 1000.0, 0, 'f', 1)
                                       .arg(m_settings.exchange, label(), reason);
    if (m_backoff.failures() >= loudAfterFailures && !std::exchange(m_toldLoudly, true))
        qCCritical(lcFeed).noquote() << QStringLiteral("❌ %1 %2: %3 connection attempts in a row failed (last: %4); "
                                                       "going on every %5 at most. %6 streams have no data.")
                                            .arg(m_settings.exchange, label())
                                            .arg(m_backoff.failures())
                                            .arg(reason, ageText(m_settings.reconnect_max))
                                            .arg(m_streams.size());
    m_host->slotDown(*this, reason);
}

void Slot::tick(MonotonicTime now)
{
    if (m_stopped)
        return;
    if (m_attemptAt != never) {
        if (now >= m_attemptAt)
            attempt();
        return;
    }
    if (!isUp())
        return;
    const milliseconds silence = std::chrono::duration_cast<milliseconds>(now - m_current->lastBytes());
    // Without anything that must tick, only pings, or the answers to our keep-alive, tell that the connection lives.
    const milliseconds allowed = hasTicking() || m_hasCanary ? m_settings.transport_silence : m_settings.ping_silence;
    if (silence > allowed) {
        down(QStringLiteral("no data for %1 s").arg(silence.count() / 1000), QStringLiteral("silence"),
             milliseconds(0));
        return;
    }
    if (m_goodSince != never && now - m_goodSince >= goodDataResetsBackoff && m_backoff.failures() > 0) {
        m_backoff.reset();
        m_toldLoudly = false;
    }
    if (m_successor)
        checkRotation(now);
    else if (now >= m_rotateAt)
        startRotation(now);
}

void Slot::startRotation(MonotonicTime now)
{
    const milliseconds wait = m_host->takeAttempt();
    if (wait.count() > 0) {
        m_rotateAt = now + wait;
        return;
    }
    qCInfo(lcFeed).noquote() << "planned rotation: a new connection takes over" << logField(u"connection", label());
    m_seenOnSuccessor.clear();
    m_rotateAt = now + rotationPatience; // until then the successor has to prove itself
    m_successor = makeConnection();
    m_successor->open();
}

void Slot::successorDelivered(const Connection &connection, StreamId id)
{
    if (isSuccessor(connection))
        m_seenOnSuccessor.insert(id);
}

void Slot::checkRotation(MonotonicTime now)
{
    if (m_successor->isOpen() && m_successor->isIdle()) {
        // Every ticking stream that delivers on the old connection must deliver on the new one.
        const bool complete = std::ranges::all_of(m_streams, [this](StreamId id) {
            const StreamEntry &entry = m_host->stream(id);
            return !entry.ticks() || entry.state != StreamState::Live || m_seenOnSuccessor.contains(id);
        });
        if (complete && !m_seenOnSuccessor.empty()) {
            adoptSuccessor(now);
            qCInfo(lcFeed).noquote() << "planned rotation done" << logField(u"connection", label());
            return;
        }
    }
    if (now >= m_rotateAt)
        dropSuccessor(QStringLiteral("the new connection did not deliver all streams"), now);
}

void Slot::adoptSuccessor(MonotonicTime now)
{
    if (m_current) {
        m_current->close();
        discard(std::move(m_current));
    }
    m_current = std::move(m_successor);
    m_awaitsData = m_seenOnSuccessor.empty();
    m_goodSince = m_awaitsData ? never : now;
    m_rotateAt = now + m_settings.rotate_after;
    m_rotationBackoff.reset();
}

void Slot::dropSuccessor(const QString &why, MonotonicTime now)
{
    const milliseconds wait = m_rotationBackoff.next() + goodDataResetsBackoff;
    qCWarning(lcFeed).noquote() << "rotation put off:" << why << logField(u"connection", label())
                                << logField(u"again_in", ageText(wait));
    m_successor->close();
    discard(std::move(m_successor));
    m_rotateAt = now + wait;
}

void Slot::discard(std::unique_ptr<Connection> connection)
{
    connection.release()->deleteLater();
}

void Slot::stop()
{
    m_stopped = true;
    m_attemptAt = never;
    if (m_current)
        m_current->close();
    if (m_successor)
        m_successor->close();
}

} // namespace tk::feed
