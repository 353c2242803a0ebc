// A slot keeps one connection alive: reconnects with backoff for ever, replaces the connection before the exchange cuts
// it (the new one carries data before the old one closes), and knows which streams belong to it. Feed thread.
#pragma once

#include "base/backoff.h"
#include "feed/connection.h"

#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

namespace tk::feed {

struct SlotSettings
{
    QString exchange;
    QByteArray route;
    int number = 1; // "market#2"
    QUrl url;
    QNetworkProxy proxy{QNetworkProxy::NoProxy};
    QSslConfiguration tls;
    milliseconds reconnect_first{1'000};
    milliseconds reconnect_max{60'000};
    milliseconds rotate_after{};      // jittered by the owner
    milliseconds transport_silence{}; // no bytes for so long: dead
    milliseconds ping_silence{};      // the same where nothing on it has to tick
    quint64 seed = 0;                 // of the backoff's jitter
};

class Slot final : public QObject, private Connection::Observer
{
    Q_OBJECT
public:
    class Host
    {
    public:
        virtual ~Host() = default;
        virtual const StreamEntry &stream(StreamId id) const = 0;
        virtual void slotFrame(Slot &slot, Connection &connection, std::string_view frame) = 0;
        virtual void slotSubscribed(const std::vector<StreamId> &streams) = 0;
        virtual void slotDown(Slot &slot, const QString &cause) = 0; // its streams have no connection from here on
        virtual void slotAttempt(const QString &reason, bool success) = 0; // a reconnect attempt ended
        virtual milliseconds takeAttempt() = 0;                            // zero: connect now
        virtual QByteArray canaryFor(const QByteArray &route) const = 0;   // empty: none is known to tick
    };

    Slot(SlotSettings settings, const exchange::ExchangeAdapter &adapter, const Clock &clock, Host &host);
    ~Slot() override;

    QString label() const; // "market#2"
    const QByteArray &route() const { return m_settings.route; }
    const std::vector<StreamId> &streams() const { return m_streams; }
    bool isUp() const { return m_current && m_current->isOpen(); }
    bool isRotating() const { return m_successor != nullptr; }
    const Connection *connection() const { return m_current.get(); }
    UtcTime downSince() const { return m_downSince; } // 0 while up
    const QString &downCause() const { return m_downCause; }
    int failuresInRow() const { return m_backoff.failures(); }
    MonotonicTime rotateAt() const { return m_rotateAt; }
    quint64 reconnects() const { return m_reconnects; }

    void add(const std::vector<StreamId> &streams);
    void remove(const std::vector<StreamId> &streams);   // also from the wire
    void askAgain(const std::vector<StreamId> &streams); // on the connection that is there
    void connectNow();
    void replace(const QString &reason); // drop the connection and connect again, with backoff
    void stop();                         // close for good

    // Nothing of our streams has come since the connection opened: until then it is open, and no more than that.
    bool awaitsData() const { return m_awaitsData; }
    void delivered(StreamId id); // data of this stream came, whoever's it is

    // The successor showed data of this stream (while rotating).
    void successorDelivered(const Connection &connection, StreamId id);
    bool isSuccessor(const Connection &connection) const { return m_successor.get() == &connection; }

    void tick(MonotonicTime now); // watchdogs, reconnects, rotation

private:
    void connectionOpened(Connection &connection) override;
    void connectionFrame(Connection &connection, std::string_view frame) override;
    void connectionSubscribed(Connection &connection, const std::vector<StreamId> &streams) override;
    void connectionClosed(Connection &connection, const Closure &closure) override;

    std::unique_ptr<Connection> makeConnection();
    bool hasTicking() const; // a stream of ours is due whatever the market does
    std::vector<Subscription> subscriptions(const std::vector<StreamId> &streams) const;
    void down(const QString &reason, const QString &metric, milliseconds atLeast);
    void attempt();
    void startRotation(MonotonicTime now);
    void checkRotation(MonotonicTime now);
    void adoptSuccessor(MonotonicTime now);
    void discard(std::unique_ptr<Connection> connection); // deleted later: it may be on the stack
    void dropSuccessor(const QString &why, MonotonicTime now);

    SlotSettings m_settings;
    const exchange::ExchangeAdapter *m_adapter;
    const Clock *m_clock;
    Host *m_host;
    std::vector<StreamId> m_streams;
    Backoff m_backoff;
    Backoff m_rotationBackoff;
    MonotonicTime m_attemptAt{}; // next connection attempt; 0: none is due
    MonotonicTime m_goodSince{}; // brings data without trouble since; 0: it does not
    MonotonicTime m_rotateAt{};
    UtcTime m_downSince{};
    QString m_downCause;
    QString m_metricReason;
    bool m_hasCanary = false; // the connection carries a ticking stream that is not ours
    bool m_awaitsData = false;
    bool m_reconnecting = false; // a lost connection is not replaced yet by one that brings data
    bool m_toldLoudly = false;
    bool m_stopped = false;
    quint64 m_reconnects = 0;
    std::unordered_set<StreamId> m_seenOnSuccessor;
    std::unique_ptr<Connection> m_successor;
    std::unique_ptr<Connection> m_current;
};

} // namespace tk::feed
