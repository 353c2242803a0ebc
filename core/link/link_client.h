// The other end of the local socket: asks a running engine, and watches it.
#pragma once

#include "link/engine_link.h"
#include "link/socket_path.h"

#include <QSet>
#include <QTimer>

#include <chrono>
#include <memory>

class QLocalSocket;

namespace tk::link {

class LinkClient final : public EngineLink
{
    Q_OBJECT
public:
    explicit LinkClient(QObject *parent = nullptr);
    ~LinkClient() override;

    // Ends in connected() or failed(). What is asked before is sent once the engine has said hello.
    void connectTo(const QString &socketFile, std::chrono::milliseconds timeout = std::chrono::seconds(5));
    void close(); // without a signal; open requests are forgotten

    qint64 request(const QString &command, const QJsonObject &args = {}) override;
    void watch(const QStringList &series = {}) override;

    bool isConnected() const override { return m_greeted; }
    Hello engine() const override { return m_engine; }
    bool isSilent() const { return m_silent; }

    // An engine says something every second: its silence for so long is told.
    static constexpr std::chrono::milliseconds silence{3'000};

private:
    void read();
    void handle(const Message &message);
    void greet(const Hello &hello);
    void heard();
    void fail(const Error &error);
    void send(const QByteArray &line);

    QString m_file;
    std::optional<SocketPath> m_path;
    QTimer m_timeout;
    QTimer m_silence;       // runs where the engine promised to keep alive
    qint64 m_keepAlive = 0; // the request for it; 0: answered, or not asked
    bool m_silent = false;
    LineReader m_reader{maxMessageBytes};
    Hello m_engine;
    QByteArray m_waiting; // until the engine has said hello
    QSet<qint64> m_open;
    qint64 m_lastId = 0;
    bool m_greeted = false;
    std::unique_ptr<QLocalSocket> m_socket; // last: its end must not meet members that are gone
};

} // namespace tk::link
