// HTTP/1.1 heads on the wire, parsed with limits. Pure. Serves our HTTP endpoint, the simulator and the upgrade.
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QByteArrayView>
#include <QUrlQuery>

#include <optional>
#include <utility>
#include <vector>

namespace tk::net {

struct HttpHeaders
{
    std::vector<std::pair<QByteArray, QByteArray>> fields{};

    QByteArray value(QByteArrayView name) const;                    // case-insensitive; empty when absent
    bool hasToken(QByteArrayView name, QByteArrayView token) const; // "Connection: keep-alive, Upgrade"
};

struct HttpRequest
{
    QByteArray method;
    QByteArray target; // as sent: path and query
    HttpHeaders headers;
    QByteArray body;
    bool keepAlive = true;

    QByteArray path() const; // percent-decoded, without query
    QUrlQuery query() const;
};

struct HttpResponse
{
    int status = 200;
    QByteArray reason{}; // empty: the usual one
    HttpHeaders headers{};
    QByteArray body{};

    QByteArray encode(bool keepAlive) const; // adds Content-Length and Connection
};

QByteArray reasonPhrase(int status);

struct HttpLimits
{
    qsizetype head = 16'384;
    qsizetype body = 1'048'576;
};

// Takes one complete request off the front of `buffer`; nothing when more bytes are needed; an error when the request
// is malformed or beyond the limits (answer 400 and close).
Result<std::optional<HttpRequest>> takeRequest(QByteArray &buffer, const HttpLimits &limits = {});

struct HttpResponseHead
{
    int status = 0;
    QByteArray reason;
    HttpHeaders headers;
};

// Takes a response head (up to the empty line) off the front of `buffer`.
Result<std::optional<HttpResponseHead>> takeResponseHead(QByteArray &buffer, const HttpLimits &limits = {});

} // namespace tk::net
