#include "telemetry/endpoint.h"

#include "base/logging.h"
#include "telemetry/health.h"
#include "telemetry/metrics.h"

#include <QJsonDocument>

namespace tk::telemetry {

namespace {

net::HttpResponse response(int status, const QByteArray &type, const QByteArray &body)
{
    return net::HttpResponse{status, {}, {{{"Content-Type", type}, {"Cache-Control", "no-store"}}}, body};
}

net::HttpResponse response(const HealthReport &report)
{
    return response(report.good ? 200 : 503, "application/json; charset=utf-8",
                    QJsonDocument(report.body).toJson(QJsonDocument::Indented));
}

} // namespace

Endpoint::Endpoint(Metrics &metrics, const HealthBoard &health, QObject *parent)
    : QObject(parent)
    , m_metrics(metrics)
    , m_health(health)
    , m_server([this](const net::HttpRequest &request, const QHostAddress &,
                      const net::HttpServer::Reply &reply) { reply(answer(request)); },
               {net::HttpLimits{16 * 1024, 16 * 1024}, 16, std::chrono::seconds(30)})
{}

Status Endpoint::listen(const QHostAddress &address, quint16 port)
{
    if (Status listening = m_server.listen(address, port); !listening)
        return listening;
    qCInfo(lcTelemetry).noquote() << "Listening on" << address.toString() << "port" << m_server.port();
    return ok();
}

net::HttpResponse Endpoint::answer(const net::HttpRequest &request) const
{
    const QByteArray path = request.path();
    const bool known = path == "/metrics" || path == "/healthz" || path == "/readyz";
    if (!known)
        return response(404, "text/plain; charset=utf-8", "here are /metrics, /healthz and /readyz\n");
    if (request.method != "GET" && request.method != "HEAD") {
        net::HttpResponse refusal = response(405, "text/plain; charset=utf-8", "GET and HEAD only\n");
        refusal.headers.fields.emplace_back("Allow", "GET, HEAD");
        return refusal;
    }
    if (path == "/metrics")
        return response(200, "text/plain; version=0.0.4; charset=utf-8", QByteArray::fromStdString(m_metrics.text()));
    return response(path == "/healthz" ? m_health.liveness() : m_health.readiness());
}

} // namespace tk::telemetry
