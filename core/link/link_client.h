// The other end: asks a running engine, and watches it. Signals only, nothing blocks. Lives in the thread that creates
// it.
#pragma once

#include "link/protocol.h"
#include "link/socket_path.h"

#include <QObject>
#include <QSet>
#include <QTimer>

#include <chrono>
#include <memory>

class QLocalSocket;

namespace tk::link {

class LinkClient final : public QObject
{
    Q_OBJECT
public:
    explicit LinkClient(QObject *parent = nullptr);
    ~LinkClient() override;

    // Ends in connected() or failed(). What is asked before is sent once the engine has said hello.
    void connectTo(const QString &socketFile, std::chrono::milliseconds timeout = std::chrono::seconds(5));
    void close(); // without a signal; open requests are forgotten

    // Returns the id that the signals carry.
    qint64 request(const QString &command, const QJsonObject &args = {});
    void watch(); // snapshot() first, then changes(); ask again after a reconnect

    bool isConnected() const { return m_greeted; }
    const Hello &engine() const { return m_engine; }

Q_SIGNALS:
    void connected();
    void failed(const tk::Error &error); // could not connect, lost the engine, or it does not speak our language; once
    void progressed(qint64 id, const QJsonObject &progress);
    void finished(qint64 id, const QJsonValue &result);
    void refused(qint64 id, const tk::Error &error); // by the engine, or because it went away
    void snapshot(const QJsonObject &state);
    void changes(const QJsonObject &changes);

private:
    void read();
    void handle(const Message &message);
    void greet(const Hello &hello);
    void fail(const Error &error);
    void send(const QByteArray &line);

    QString m_file;
    std::optional<SocketPath> m_path;
    QTimer m_timeout;
    LineReader m_reader{maxMessageBytes};
    Hello m_engine;
    QByteArray m_waiting; // until the engine has said hello
    QSet<qint64> m_open;
    qint64 m_lastId = 0;
    bool m_greeted = false;
    std::unique_ptr<QLocalSocket> m_socket; // last: its end must not meet members that are gone
};

} // namespace tk::link
