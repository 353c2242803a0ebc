#include "net/http_message.h"

#include <algorithm>

namespace tk::net {

namespace {

Error malformed(const QString &what)
{
    return Error{Error::Kind::Parse, QStringLiteral("malformed HTTP: ") + what, false};
}

bool isTokenChar(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           QByteArrayView("!#$%&'*+-.^_`|~").contains(c);
}

bool isToken(QByteArrayView text)
{
    return !text.isEmpty() && std::all_of(text.begin(), text.end(), isTokenChar);
}

bool hasControlChar(QByteArrayView text)
{
    return std::any_of(text.begin(), text.end(), [](char c) { return quint8(c) < 0x20 && c != '\t'; });
}

bool sameName(QByteArrayView a, QByteArrayView b)
{
    return a.compare(b, Qt::CaseInsensitive) == 0;
}

struct Head
{
    QByteArray startLine;
    HttpHeaders headers;
    qsizetype size = 0; // with the empty line
};

Result<HttpHeaders> parseFields(QByteArrayView text)
{
    HttpHeaders headers;
    while (!text.isEmpty()) {
        qsizetype end = text.indexOf("\r\n");
        if (end < 0)
            end = text.size();
        const QByteArrayView line = text.first(end);
        text = end + 2 <= text.size() ? text.sliced(end + 2) : QByteArrayView();
        const qsizetype colon = line.indexOf(':');
        // Neither folded lines nor blanks before the colon: both are known ways to smuggle requests.
        if (colon <= 0 || !isToken(line.first(colon)))
            return malformed(QStringLiteral("a header line without a name"));
        const QByteArrayView value = line.sliced(colon + 1).trimmed();
        if (hasControlChar(value))
            return malformed(QStringLiteral("a control character in a header"));
        headers.fields.emplace_back(line.first(colon).toByteArray(), value.toByteArray());
    }
    return headers;
}

// The start line and the fields at the front of `buffer`; nothing when the empty line has not come yet.
Result<std::optional<Head>> readHead(const QByteArray &buffer, const HttpLimits &limits)
{
    const qsizetype end = buffer.indexOf("\r\n\r\n");
    if (end < 0 && buffer.size() <= limits.head)
        return std::optional<Head>();
    if (end < 0 || end + 4 > limits.head)
        return malformed(QStringLiteral("a head of more than %1 bytes").arg(limits.head));
    const QByteArrayView text = QByteArrayView(buffer).first(end);
    const qsizetype lineEnd = text.indexOf("\r\n");
    Head head;
    head.size = end + 4;
    head.startLine = text.first(lineEnd < 0 ? end : lineEnd).toByteArray();
    if (hasControlChar(head.startLine))
        return malformed(QStringLiteral("a control character in the first line"));
    Result<HttpHeaders> headers = parseFields(lineEnd < 0 ? QByteArrayView() : text.sliced(lineEnd + 2));
    if (!headers)
        return headers.error();
    head.headers = std::move(headers).value();
    return std::optional<Head>(std::move(head));
}

Result<qsizetype> bodyLength(const HttpHeaders &headers, const HttpLimits &limits)
{
    if (!headers.value("Transfer-Encoding").isEmpty())
        return malformed(QStringLiteral("a body with Transfer-Encoding; send Content-Length"));
    QByteArray text;
    for (const auto &[name, value] : headers.fields) {
        if (!sameName(name, "Content-Length"))
            continue;
        const bool digits = !value.isEmpty() && value.size() < 16 &&
                            std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
        if (!digits || (!text.isEmpty() && text != value))
            return malformed(QStringLiteral("an unclear Content-Length"));
        text = value;
    }
    const qint64 length = text.toLongLong();
    if (length > limits.body)
        return malformed(QStringLiteral("a body of more than %1 bytes").arg(limits.body));
    return qsizetype(length);
}

} // namespace

QByteArray HttpHeaders::value(QByteArrayView name) const
{
    for (const auto &[field, value] : fields) {
        if (sameName(field, name))
            return value;
    }
    return {};
}

bool HttpHeaders::hasToken(QByteArrayView name, QByteArrayView token) const
{
    for (const auto &[field, value] : fields) {
        if (!sameName(field, name))
            continue;
        const QList<QByteArray> parts = value.split(',');
        if (std::any_of(parts.begin(), parts.end(),
                        [&](const QByteArray &part) { return sameName(part.trimmed(), token); }))
            return true;
    }
    return false;
}

QByteArray HttpRequest::path() const
{
    const qsizetype mark = target.indexOf('?');
    return QByteArray::fromPercentEncoding(mark < 0 ? target : target.left(mark));
}

QUrlQuery HttpRequest::query() const
{
    const qsizetype mark = target.indexOf('?');
    return mark < 0 ? QUrlQuery() : QUrlQuery(QString::fromUtf8(target.mid(mark + 1)));
}

QByteArray HttpResponse::encode(bool keepAlive) const
{
    QByteArray text =
        "HTTP/1.1 " + QByteArray::number(status) + ' ' + (reason.isEmpty() ? reasonPhrase(status) : reason) + "\r\n";
    for (const auto &[name, value] : headers.fields)
        text += name + ": " + value + "\r\n";
    text += "Content-Length: " + QByteArray::number(body.size()) +
            "\r\nConnection: " + (keepAlive ? "keep-alive" : "close") + "\r\n\r\n";
    return text + body;
}

QByteArray reasonPhrase(int status)
{
    switch (status) {
    case 101:
        return QByteArrayLiteral("Switching Protocols");
    case 200:
        return QByteArrayLiteral("OK");
    case 201:
        return QByteArrayLiteral("Created");
    case 202:
        return QByteArrayLiteral("Accepted");
    case 204:
        return QByteArrayLiteral("No Content");
    case 400:
        return QByteArrayLiteral("Bad Request");
    case 401:
        return QByteArrayLiteral("Unauthorized");
    case 403:
        return QByteArrayLiteral("Forbidden");
    case 404:
        return QByteArrayLiteral("Not Found");
    case 405:
        return QByteArrayLiteral("Method Not Allowed");
    case 418:
        return QByteArrayLiteral("I'm a teapot");
    case 429:
        return QByteArrayLiteral("Too Many Requests");
    case 451:
        return QByteArrayLiteral("Unavailable For Legal Reasons");
    case 500:
        return QByteArrayLiteral("Internal Server Error");
    case 502:
        return QByteArrayLiteral("Bad Gateway");
    case 503:
        return QByteArrayLiteral("Service Unavailable");
    case 504:
        return QByteArrayLiteral("Gateway Timeout");
    default:
        return QByteArrayLiteral("Status");
    }
}

Result<std::optional<HttpRequest>> takeRequest(QByteArray &buffer, const HttpLimits &limits)
{
    while (buffer.startsWith("\r\n")) // RFC 9112 §2.2: empty lines before a request are to be passed over
        buffer.remove(0, 2);
    Result<std::optional<Head>> parsed = readHead(buffer, limits);
    if (!parsed)
        return parsed.error();
    if (!parsed->has_value())
        return std::optional<HttpRequest>();
    Head head = **std::move(parsed);

    const QList<QByteArray> parts = head.startLine.split(' ');
    if (parts.size() != 3 || !isToken(parts[0]) || parts[1].isEmpty())
        return malformed(QStringLiteral("a request line of another form than \"GET /path HTTP/1.1\""));
    if (parts[2] != "HTTP/1.1" && parts[2] != "HTTP/1.0")
        return malformed(QStringLiteral("a version other than HTTP/1.1 or HTTP/1.0"));
    const Result<qsizetype> length = bodyLength(head.headers, limits);
    if (!length)
        return length.error();
    if (buffer.size() - head.size < *length)
        return std::optional<HttpRequest>();

    HttpRequest request;
    request.method = parts[0];
    request.target = parts[1];
    request.headers = std::move(head.headers);
    request.body = buffer.mid(head.size, *length);
    request.keepAlive = parts[2] == "HTTP/1.1" ? !request.headers.hasToken("Connection", "close")
                                               : request.headers.hasToken("Connection", "keep-alive");
    buffer.remove(0, head.size + *length);
    return std::optional<HttpRequest>(std::move(request));
}

Result<std::optional<HttpResponseHead>> takeResponseHead(QByteArray &buffer, const HttpLimits &limits)
{
    Result<std::optional<Head>> parsed = readHead(buffer, limits);
    if (!parsed)
        return parsed.error();
    if (!parsed->has_value())
        return std::optional<HttpResponseHead>();
    Head head = **std::move(parsed);
    const QByteArray &line = head.startLine;
    bool isNumber = false;
    HttpResponseHead response;
    response.status = line.mid(9, 3).toInt(&isNumber);
    if (!line.startsWith("HTTP/1.") || line.size() < 12 || line[8] != ' ' || !isNumber || response.status < 100)
        return malformed(QStringLiteral("a status line of another form than \"HTTP/1.1 200 OK\""));
    response.reason = line.mid(13);
    response.headers = std::move(head.headers);
    buffer.remove(0, head.size);
    return std::optional<HttpResponseHead>(std::move(response));
}

} // namespace tk::net
