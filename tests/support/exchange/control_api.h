// The simulator's own HTTP interface: faults, connections, instruments, and what the truth is. JSON in and out.
#pragma once

#include "net/http_message.h"

#include <QJsonObject>

namespace tk::sim {

class ExchangeServer;

class ControlApi
{
public:
    explicit ControlApi(ExchangeServer &server)
        : m_server(server)
    {}
    net::HttpResponse handle(const net::HttpRequest &request);

private:
    net::HttpResponse faults(const net::HttpRequest &request, const QByteArray &rest, const QJsonObject &body);
    net::HttpResponse truth(const QByteArray &what, const QUrlQuery &query);
    net::HttpResponse post(const QByteArray &path, const QJsonObject &body);

    ExchangeServer &m_server;
};

} // namespace tk::sim
