// An imitation of InfluxDB 2.x or 3.x, whose real servers Debian does not have: writes and refuses as the reference
// says (influx §5, §6, §9), and answers the questions that our reader asks. In a thread of its own.
#pragma once

#include "config/settings.h"
#include "net/http_message.h"
#include "store/influx/dialect.h"

#include <QMutex>
#include <QThread>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace tk::net {
class HttpServer;
}

namespace tk::test {

class FakeInflux
{
public:
    // `api` is V2 or V3. It has a token and (v2) an organisation, and no bucket or database yet.
    explicit FakeInflux(store::influx::Api api);
    ~FakeInflux();

    config::InfluxSettings settings() const;
    quint16 port() const { return m_port; }
    QByteArray token() const;

    // The next answers to writes, one each, whatever is written; nothing is stored then.
    void answerNextWrites(const std::deque<net::HttpResponse> &answers);
    // Refuses the requests that it says something to, before anything else is looked at.
    void setGate(std::function<std::optional<net::HttpResponse>(const net::HttpRequest &)> gate);
    void setDelay(std::chrono::milliseconds delay); // of each answer to a write
    void setToken(const QByteArray &token);
    void setLargestBody(qsizetype bytes);                                 // uncompressed
    void setRetention(std::chrono::milliseconds retention, UtcTime now);  // points older than that are refused
    void forget(const QByteArray &measurement, UtcTime from, UtcTime to); // what a torn log does

    struct Point
    {
        std::map<QByteArray, QByteArray> fields{};
    };
    using Points = std::map<std::pair<QByteArray, qint64>, Point>; // by measurement and tags, and time in ns
    Points points() const;
    quint64 writes() const;            // requests
    quint64 requests() const;          // of any kind
    QList<QByteArray> created() const; // buckets, databases

private:
    net::HttpResponse answer(const net::HttpRequest &request);
    net::HttpResponse write(const net::HttpRequest &request);
    net::HttpResponse query(const net::HttpRequest &request);
    net::HttpResponse error(int status, const QByteArray &code, const QByteArray &message) const;

    const store::influx::Api m_api;
    mutable QMutex m_mutex; // guards all below
    QByteArray m_token;
    std::function<std::optional<net::HttpResponse>(const net::HttpRequest &)> m_gate;
    std::deque<net::HttpResponse> m_canned;
    std::chrono::milliseconds m_delay{0};
    qsizetype m_largest = 100'000'000;
    std::optional<UtcTime> m_oldest;
    QList<QByteArray> m_created;
    Points m_points;
    quint64 m_writes = 0;
    quint64 m_requests = 0;

    quint16 m_port = 0;
    QThread m_thread;
    net::HttpServer *m_server = nullptr; // lives in m_thread
};

} // namespace tk::test
