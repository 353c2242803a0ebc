// HTTP requests as a client, over libcurl: asynchronously in the thread's event loop, or blocking where there is none.
// Early answers to large uploads (413, 401) are read, nothing is ever sent twice, nothing is followed elsewhere.
#pragma once

#include "base/time.h"
#include "net/http_message.h"

#include <QByteArray>
#include <QHash>
#include <QObject>
#include <QTimer>
#include <QUrl>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

class QSocketNotifier;

namespace tk::net {

struct HttpCall
{
    QByteArray method = "GET";
    QUrl url{};
    std::vector<std::pair<QByteArray, QByteArray>> headers{};
    QByteArray body{};
    milliseconds timeout{0}; // of the whole exchange; 0: the client's
};

struct HttpAnswer
{
    enum class Failure : quint8 {
        None,    // there is a status
        Resolve, // the name could not be resolved
        Connect, // refused, unreachable
        Tls,     // the certificate is not to be trusted, or no handshake
        Timeout,
        Cut,     // the connection ended before the whole answer was there
        TooLong, // the answer is beyond the limit
        Stopped,
        Other,
    };
    int status = 0; // 0: none was received
    HttpHeaders headers{};
    QByteArray body{}; // decompressed
    Failure failure = Failure::None;
    QString trouble{}; // the library's words for a failure

    bool isGood() const { return failure == Failure::None && status >= 200 && status < 300; }
};

// Real time: these are about networks and machines, not about the market's clock.
struct HttpOptions
{
    milliseconds connect_timeout{5'000};
    milliseconds timeout{30'000}; // of the whole exchange
    QString ca_file{};            // PEM; instead of the system's own where it is given
    qint64 longest_answer = qint64(256) << 20;
};

namespace detail {
class HttpExchange;
struct CurlMulti;
} // namespace detail

// Lives in one thread with an event loop. Connections are kept and used again.
class HttpClient : public QObject
{
    Q_OBJECT
public:
    using Done = std::function<void(const HttpAnswer &answer)>;

    explicit HttpClient(HttpOptions options, QObject *parent = nullptr);
    ~HttpClient() override; // what is in flight ends without `done`

    // `done` is called once, later, in this thread.
    void send(const HttpCall &call, Done done);
    size_t inFlight() const { return m_exchanges.size(); }

private:
    friend struct detail::CurlMulti;
    void act(qintptr socket, int events);
    void watch(qintptr socket, int what);
    void reap();

    struct Watch
    {
        std::unique_ptr<QSocketNotifier> read;
        std::unique_ptr<QSocketNotifier> write;
    };

    HttpOptions m_options;
    std::unique_ptr<detail::CurlMulti> m_multi;
    QHash<qintptr, std::shared_ptr<Watch>> m_watches;
    QTimer m_timer;
    std::vector<std::unique_ptr<detail::HttpExchange>> m_exchanges;
};

// Waits for the answer. One thread at a time; connections are kept and used again.
class BlockingHttpClient
{
public:
    explicit BlockingHttpClient(HttpOptions options);
    ~BlockingHttpClient();

    // Another thread may set `stop`: the call ends within a second.
    HttpAnswer send(const HttpCall &call, const std::atomic<bool> *stop = nullptr);

private:
    HttpOptions m_options;
    std::unique_ptr<detail::HttpExchange> m_exchange;
};

} // namespace tk::net
