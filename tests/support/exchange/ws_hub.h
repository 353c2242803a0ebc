// All websocket connections and the streams between them: one tick walks what is due, encodes it once for everybody,
// and lets the faults have their way with it.
#pragma once

#include "support/exchange/stream.h"

#include <QHash>
#include <QJsonArray>
#include <QMap>

#include <memory>
#include <vector>

class QTcpSocket;

namespace tk::sim {

struct WsTarget;
class Replay;

class WsHub final : public Outlet
{
public:
    explicit WsHub(Market &market);
    ~WsHub() override;

    Market &market() { return m_market; }
    void adopt(std::unique_ptr<QTcpSocket> socket, const WsTarget &target, const QByteArray &received);
    void tick(qint64 now);
    void dropAll(); // resets every connection
    void faultsChanged();

    // From sessions.
    void subscribe(WsSession &session, const QByteArray &name);
    void unsubscribe(WsSession &session, const QByteArray &name);
    void answer(WsSession &session, const QByteArray &text);
    qint64 lifeMs(int session);

    void frame(Stream &stream, const QByteArray &payload, const FrameInfo &info) override;
    void userEvent(const QByteArray &listenKey, const QByteArray &event);
    bool closeSession(int id, quint16 code, const QByteArray &reason); // code 1006: a reset
    void closeMatching(const ActiveFault &fault);
    QJsonArray sessionsJson() const;
    QJsonArray sentJson() const;

private:
    struct Sent
    {
        quint64 frames = 0;
        quint64 closed = 0;
        qint64 lastCloseMs = 0; // end of the newest candle told as closed
    };
    struct Delayed
    {
        qint64 dueMs = 0;
        int session = 0;
        QByteArray frame;
    };
    WsSession *session(int id) const;
    void deliver(WsSession &session, Stream &stream, const QByteArray &payload, const FrameInfo &info);
    void sendWithFraming(WsSession &session, const QByteArray &text, const QByteArray &stream);
    void sendDelayed(qint64 now);
    void releaseHeld();

    Market &m_market;
    std::vector<std::unique_ptr<WsSession>> m_sessions;
    QHash<QByteArray, std::shared_ptr<Stream>> m_streams; // by name and route
    QMap<QByteArray, Sent> m_sent;
    std::vector<Delayed> m_delayed;
    std::unique_ptr<Replay> m_replay;
    int m_lastSession = 0;
    bool m_holding = false; // stall-burst was active
};

} // namespace tk::sim
