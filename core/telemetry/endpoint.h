// GET /metrics, /healthz and /readyz over HTTP. Lives in the thread that creates it; what it reads must outlive it.
#pragma once

#include "net/http_server.h"

namespace tk::telemetry {

class HealthBoard;
class Metrics;

class Endpoint : public QObject
{
    Q_OBJECT
public:
    Endpoint(Metrics &metrics, const HealthBoard &health, QObject *parent = nullptr);

    Status listen(const QHostAddress &address, quint16 port); // port 0: any free one
    quint16 port() const { return m_server.port(); }
    void close() { m_server.close(); }

private:
    net::HttpResponse answer(const net::HttpRequest &request) const;

    Metrics &m_metrics;
    const HealthBoard &m_health;
    net::HttpServer m_server;
};

} // namespace tk::telemetry
