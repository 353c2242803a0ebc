// One connection with its subscriptions: opens, subscribes at the pace the exchange allows, sends what keeps it alive,
// hands frames on. It does
// not judge or reconnect: its slot does. Lives in the feed thread.
#pragma once

#include "exchange/adapter.h"
#include "feed/stream_table.h"
#include "feed/websocket_client.h"

#include <QHash>
#include <QTimer>

#include <deque>
#include <vector>

namespace tk::feed {

struct Subscription
{
    StreamId id;
    QByteArray wire_name;
};

class Connection final : public QObject, private WebSocketClient::Listener
{
    Q_OBJECT
public:
    class Observer
    {
    public:
        virtual ~Observer() = default;
        virtual void connectionOpened(Connection &connection) = 0;
        virtual void connectionFrame(Connection &connection, std::string_view frame) = 0;
        virtual void connectionSubscribed(Connection &connection,
                                          const std::vector<StreamId> &streams) = 0; // asked for
        virtual void connectionClosed(Connection &connection, const Closure &closure) = 0;
    };

    Connection(WebSocketClient::Options options, const exchange::ExchangeAdapter &adapter, const Clock &clock,
               Observer &observer);
    ~Connection() override;

    void open();
    void close(); // orderly; the observer hears nothing more
    bool isOpen() const { return m_client.isOpen(); }

    // Queued until the connection is open and the pace allows.
    void subscribe(const std::vector<Subscription> &streams);
    void unsubscribe(const std::vector<Subscription> &streams);
    bool isIdle() const { return m_outgoing.empty(); } // everything asked for has been sent

    // The streams that the answered request named; empty when it was none of ours.
    std::vector<StreamId> answered(quint64 requestId);

    // The request was refused. One bad name spoils a message, and the exchange need not say which: a message of several
    // names is asked for again in halves until the bad ones are alone. Returns the streams that were refused by name.
    std::vector<StreamId> refused(quint64 requestId);

    MonotonicTime lastBytes() const { return m_lastBytes; }
    MonotonicTime openedAt() const { return m_openedAt; }
    quint64 frames() const { return m_frames; }
    quint64 bytes() const { return m_bytes; }

private:
    void opened() override;
    void bytesArrived(qint64 count) override;
    void messageArrived(std::string_view text) override;
    void closed(const Closure &closure) override;
    void enqueue(const std::vector<Subscription> &streams, bool subscribe);
    void sendNext();
    void sendSoon();

    struct Message
    {
        bool subscribe;
        std::vector<Subscription> streams;
    };

    const exchange::ExchangeAdapter *m_adapter;
    const Clock *m_clock;
    Observer *m_observer;
    size_t m_namesPerMessage;
    std::deque<Message> m_outgoing;
    QHash<quint64, std::vector<Subscription>> m_unanswered;
    quint64 m_lastRequest = 0;
    MonotonicTime m_lastBytes{};
    MonotonicTime m_openedAt{};
    quint64 m_frames = 0;
    quint64 m_bytes = 0;
    QTimer m_pace;
    std::optional<exchange::KeepAlive> m_keepAlive;
    QTimer m_keepAliveTimer;
    WebSocketClient m_client; // last: goes first, while its listener is whole
};

} // namespace tk::feed
