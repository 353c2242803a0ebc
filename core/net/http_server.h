// A small HTTP/1.1 server for loopback: metrics, health, and the simulator's REST and control endpoints. Lives in the
// thread that creates it. Limits on head, body, idle time and number of connections; pipelined requests in order.
#pragma once

#include "base/backoff.h"
#include "base/result.h"
#include "base/tell_limit.h"
#include "net/http_message.h"

#include <QHostAddress>
#include <QObject>
#include <QTimer>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

class QSslConfiguration;
class QTcpServer;
class QTcpSocket;

namespace tk::net {

class HttpServer : public QObject
{
    Q_OBJECT
public:
    struct Limits
    {
        HttpLimits message;
        int connections = 64; // beyond it one that asks nothing makes room
        std::chrono::milliseconds idle{30'000};
    };

    // Answers a request now, or later: `reply` may be kept and called once from the server's thread; a reply after the
    // connection is gone is dropped. Never calling it leaves the client waiting (what the simulator's hang is for).
    using Reply = std::function<void(const HttpResponse &)>;
    using Handler = std::function<void(const HttpRequest &, const QHostAddress &peer, const Reply &reply)>;

    // Takes the socket over on an Upgrade request, with any bytes that followed the head; false: handle as usual.
    using Upgrade =
        std::function<bool(const HttpRequest &, std::unique_ptr<QTcpSocket> &socket, const QByteArray &rest)>;

    explicit HttpServer(Handler handler, QObject *parent = nullptr);
    HttpServer(Handler handler, Limits limits, QObject *parent = nullptr);
    ~HttpServer() override;

    void setUpgrade(Upgrade upgrade);
    void setTls(const QSslConfiguration &configuration); // for the connections from now on

    Status listen(const QHostAddress &address, quint16 port); // port 0: any free one
    quint16 port() const;
    void close(); // stops listening and drops every connection; not from within a handler

private:
    class Connection;
    void accept(std::unique_ptr<QTcpSocket> socket);
    bool makeRoom();
    void forget(const Connection *connection);

    Handler m_handler;
    Upgrade m_upgrade;
    Limits m_limits;
    std::unique_ptr<QSslConfiguration> m_tls;
    std::unique_ptr<QTcpServer> m_server;
    std::vector<Connection *> m_held; // children; delete themselves
    QTimer m_resume;
    Backoff m_backoff;
    TellLimit m_tell;
    bool m_short = false; // of descriptors
};

} // namespace tk::net
