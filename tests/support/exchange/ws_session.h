// One websocket connection of a client, with the exchange's rules for it (reference §2.3, §2.4). Lives in the server's
// thread; owned by the hub, which removes it after it has died.
#pragma once

#include "net/websocket_codec.h"
#include "support/exchange/stream.h"

#include <QJsonObject>
#include <QObject>
#include <QSet>
#include <QTcpSocket>

namespace tk::sim {

class WsHub;

// What the URL of an upgrade asked for.
struct WsTarget
{
    Route route = Route::Public;
    bool combined = false;
    QList<QByteArray> streams{};
    QList<QByteArray> listenKeys{};

    static std::optional<WsTarget> parse(const QByteArray &path, const QUrlQuery &query);
};

class WsSession final : public QObject
{
    Q_OBJECT
public:
    WsSession(WsHub &hub, int id, std::unique_ptr<QTcpSocket> socket, const WsTarget &target,
              const QByteArray &received);
    ~WsSession() override;

    int id() const { return m_id; }
    Route route() const { return m_route; }
    bool combined() const { return m_combined; }
    bool isDead() const { return m_dead; }
    bool hasListenKey(const QByteArray &key) const { return m_listenKeys.contains(key); }
    qint64 backlog() const { return m_out.size() + m_socket->bytesToWrite(); }
    QJsonObject toJson() const;

    void sendFrame(const QByteArray &frame);            // encoded, data; counted
    void sendPart(const QByteArray &bytes, bool first); // of a frame, in a segment of its own
    void sendText(const QByteArray &text);              // an answer or an event of ours
    void hold(const QByteArray &frame);                 // until release()
    void release();
    void flush();
    void tick(); // pings, life, slow readers

    void close(quint16 code, const QByteArray &reason);
    void cut();   // the connection ends without a close frame
    void reset(); // abruptly
    void setHalfOpen(bool halfOpen);

private:
    void read();
    void handle(const net::WsMessage &message);
    bool withinRate();
    bool isKeepAlive(const QByteArray &text);
    void request(const QByteArray &text);
    void answer(const QByteArray &text);
    void answerError(int code, const QByteArray &message, const QJsonValue &id);
    void subscribe(const QList<QByteArray> &names);
    void property(const QString &method, const QJsonArray &parameters, const QJsonValue &id);

    WsHub &m_hub;
    const int m_id;
    const std::unique_ptr<QTcpSocket> m_socket;
    const Route m_route;
    bool m_combined;
    QList<QByteArray> m_listenKeys;
    QList<QByteArray> m_names; // in the order of their subscription
    QSet<QByteArray> m_nameSet;
    net::WsReader m_reader;
    QByteArray m_out;
    QList<QByteArray> m_held;
    qint64 m_heldBytes = 0;
    qint64 m_openedMs = 0; // on the steady clock, as all below
    qint64 m_nextPingMs = 0;
    qint64 m_pingSentMs = 0;
    qint64 m_keptAliveMs = 0; // by the client, where the exchange asks for it
    QByteArray m_pingPayload; // of the ping that waits for its pong
    double m_allowance = 0;   // messages the client may send now
    qint64 m_allowanceMs = 0;
    quint64 m_framesSent = 0;
    bool m_halfOpen = false;
    bool m_closing = false;
    bool m_dead = false;
};

} // namespace tk::sim
