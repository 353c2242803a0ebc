#include "feed/connection.h"

namespace tk::feed {

Connection::Connection(WebSocketClient::Options options, const exchange::ExchangeAdapter &adapter, const Clock &clock,
                       Observer &observer)
    : m_adapter(&adapter)
    , m_clock(&clock)
    , m_observer(&observer)
    , m_namesPerMessage(size_t(adapter.connectionLimits().names_per_message))
    , m_keepAlive(adapter.keepAlive())
    , m_client(std::move(options), clock, *this)
{
    m_pace.setInterval(clock.timerDelay(milliseconds(1000 / adapter.connectionLimits().messages_per_second)));
    m_pace.setTimerType(Qt::PreciseTimer);
    connect(&m_pace, &QTimer::timeout, this, &Connection::sendNext);
    if (m_keepAlive) {
        m_keepAliveTimer.setInterval(clock.timerDelay(m_keepAlive->every));
        connect(&m_keepAliveTimer, &QTimer::timeout, this, [this] { m_client.sendText(m_keepAlive->frame); });
    }
}

Connection::~Connection() = default;

void Connection::open()
{
    m_lastBytes = m_clock->now();
    m_client.open();
}

void Connection::close()
{
    m_pace.stop();
    m_keepAliveTimer.stop();
    m_client.close(1000);
}

void Connection::subscribe(const std::vector<Subscription> &streams)
{
    enqueue(streams, true);
}

void Connection::unsubscribe(const std::vector<Subscription> &streams)
{
    enqueue(streams, false);
}

void Connection::enqueue(const std::vector<Subscription> &streams, bool subscribe)
{
    for (size_t first = 0; first < streams.size(); first += m_namesPerMessage) {
        const size_t count = std::min(m_namesPerMessage, streams.size() - first);
        m_outgoing.push_back(
            {subscribe, {streams.begin() + qsizetype(first), streams.begin() + qsizetype(first + count)}});
    }
    sendSoon();
}

void Connection::sendSoon()
{
    if (isOpen() && !m_pace.isActive() && !m_outgoing.empty()) {
        m_pace.start();
        sendNext();
    }
}

void Connection::sendNext()
{
    if (m_outgoing.empty()) {
        m_pace.stop(); // one interval after the last message, so that bursts of calls keep the pace too
        return;
    }
    const Message message = std::move(m_outgoing.front());
    m_outgoing.pop_front();
    std::vector<QByteArray> names;
    std::vector<StreamId> ids;
    for (const Subscription &stream : message.streams) {
        names.push_back(stream.wire_name);
        if (stream.id != noStream) // a canary belongs to nobody
            ids.push_back(stream.id);
    }
    const quint64 id = ++m_lastRequest;
    if (message.subscribe) {
        m_unanswered.insert(id, message.streams);
        m_client.sendText(m_adapter->subscribeFrame(id, names));
        m_observer->connectionSubscribed(*this, ids);
    } else {
        m_client.sendText(m_adapter->unsubscribeFrame(id, names));
    }
}

std::vector<StreamId> Connection::answered(quint64 requestId)
{
    std::vector<StreamId> ids;
    for (const Subscription &stream : m_unanswered.take(requestId)) {
        if (stream.id != noStream)
            ids.push_back(stream.id);
    }
    return ids;
}

std::vector<StreamId> Connection::refused(quint64 requestId)
{
    const std::vector<Subscription> streams = m_unanswered.take(requestId);
    if (streams.size() < 2)
        return streams.empty() || streams.front().id == noStream ? std::vector<StreamId>()
                                                                 : std::vector{streams.front().id};
    const auto middle = streams.begin() + qsizetype(streams.size() / 2);
    m_outgoing.push_front({true, {middle, streams.end()}});
    m_outgoing.push_front({true, {streams.begin(), middle}});
    sendSoon();
    return {};
}

void Connection::opened()
{
    m_openedAt = m_clock->now();
    m_lastBytes = m_openedAt;
    if (m_keepAlive)
        m_keepAliveTimer.start();
    m_observer->connectionOpened(*this);
    sendSoon();
}

void Connection::bytesArrived(qint64 count)
{
    m_lastBytes = m_clock->now();
    m_bytes += quint64(count);
}

void Connection::messageArrived(std::string_view text)
{
    ++m_frames;
    m_observer->connectionFrame(*this, text);
}

void Connection::closed(const Closure &closure)
{
    m_pace.stop();
    m_keepAliveTimer.stop();
    m_observer->connectionClosed(*this, closure);
}

} // namespace tk::feed
