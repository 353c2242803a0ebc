#include "support/exchange/control_api.h"

#include "support/exchange/exchange_server.h"

#include <QJsonDocument>

namespace tk::sim {

namespace {

net::HttpResponse answer(int status, const QJsonDocument &document)
{
    net::HttpResponse response;
    response.status = status;
    response.headers.fields = {{"Content-Type", "application/json"}};
    response.body = document.toJson(QJsonDocument::Compact) + '\n';
    return response;
}

net::HttpResponse good(const QJsonObject &object = {{QStringLiteral("ok"), true}})
{
    return answer(200, QJsonDocument(object));
}

net::HttpResponse bad(const QString &message, int status = 400)
{
    return answer(status, QJsonDocument(QJsonObject{{QStringLiteral("error"), message}}));
}

QString text(const DecimalText &value)
{
    return QString::fromLatin1(value.view().data(), qsizetype(value.view().size()));
}

QJsonObject statsJson(const SimStats &stats)
{
    const auto number = [](quint64 value) { return QJsonValue(qint64(value)); };
    return {{QStringLiteral("framesSent"), number(stats.framesSent)},
            {QStringLiteral("bytesSent"), number(stats.bytesSent)},
            {QStringLiteral("closedFrames"), number(stats.closedFrames)},
            {QStringLiteral("connectionsOpen"), stats.connectionsOpen},
            {QStringLiteral("connectionsOpened"), number(stats.connectionsOpened)},
            {QStringLiteral("handshakesRefused"), number(stats.handshakesRefused)},
            {QStringLiteral("slowConsumersCut"), number(stats.slowConsumersCut)},
            {QStringLiteral("ruleViolations"), number(stats.ruleViolations)},
            {QStringLiteral("clientMessages"), number(stats.clientMessages)},
            {QStringLiteral("pingsSent"), number(stats.pingsSent)},
            {QStringLiteral("pongsReceived"), number(stats.pongsReceived)},
            {QStringLiteral("restRequests"), number(stats.restRequests)},
            {QStringLiteral("rest429"), number(stats.rest429)},
            {QStringLiteral("rest418"), number(stats.rest418)},
            {QStringLiteral("restErrors"), number(stats.restErrors)},
            {QStringLiteral("maxWeightInMinute"), stats.maxWeightInMinute},
            {QStringLiteral("subscriptions"), stats.subscriptions}};
}

QJsonArray catalogueJson()
{
    QJsonArray list;
    for (const FaultKind &kind : faultCatalogue())
        list.append(QJsonObject{{QStringLiteral("id"), QLatin1String(kind.id)},
                                {QStringLiteral("name"), QLatin1String(kind.name)},
                                {QStringLiteral("inherent"), kind.inherent},
                                {QStringLiteral("description"), QLatin1String(kind.description)}});
    return list;
}

} // namespace

net::HttpResponse ControlApi::handle(const net::HttpRequest &request)
{
    const QByteArray path = request.path();
    QJsonObject body;
    if (!request.body.isEmpty()) {
        QJsonParseError problem;
        const QJsonDocument document = QJsonDocument::fromJson(request.body, &problem);
        if (!document.isObject())
            return bad(QStringLiteral("the body is no JSON object: %1").arg(problem.errorString()));
        body = document.object();
    }
    if (path == "/faults" || path.startsWith("/faults/"))
        return faults(request, path.mid(8), body);
    if (request.method == "POST")
        return post(path, body);
    if (request.method != "GET")
        return bad(QStringLiteral("use GET, POST or DELETE"), 405);
    if (path == "/connections")
        return answer(200, QJsonDocument(m_server.connections()));
    if (path == "/sent")
        return answer(200, QJsonDocument(m_server.sent()));
    if (path == "/stats")
        return good(statsJson(m_server.stats()));
    if (path == "/symbols")
        return answer(200, QJsonDocument(QJsonArray::fromStringList(m_server.symbols())));
    if (path.startsWith("/truth/"))
        return truth(path.mid(7), request.query());
    return bad(
        QStringLiteral("there is /faults /connections /sent /stats /symbols /truth/klines /truth/funding, and to POST "
                       "/instruments/list /instruments/delist /connections/N/close /halt /resume /user/event"),
        404);
}

net::HttpResponse ControlApi::faults(const net::HttpRequest &request, const QByteArray &rest, const QJsonObject &body)
{
    if (request.method == "GET")
        return good({{QStringLiteral("active"), m_server.faults()}, {QStringLiteral("known"), catalogueJson()}});
    if (request.method == "DELETE") {
        if (rest.isEmpty())
            m_server.clearFaults();
        else if (!m_server.clearFault(rest.toInt()))
            return bad(QStringLiteral("there is no such fault"), 404);
        return good();
    }
    const Result<FaultSpec> spec = FaultSpec::fromJson(body);
    if (!spec)
        return bad(spec.error().message);
    const Result<int> added = m_server.setFault(*spec);
    if (!added)
        return bad(added.error().message);
    return good({{QStringLiteral("id"), *added}});
}

net::HttpResponse ControlApi::truth(const QByteArray &what, const QUrlQuery &query)
{
    const auto value = [&](const char *name) { return query.queryItemValue(QLatin1String(name), QUrl::FullyDecoded); };
    const QString symbol = value("symbol");
    const Result<UtcTime> from = parseUtcTime(value("from"));
    const Result<UtcTime> to = value("to").isEmpty() ? Result<UtcTime>(m_server.now()) : parseUtcTime(value("to"));
    if (!from || !to)
        return bad(QStringLiteral("\"from\" and \"to\" are times: ISO 8601 or ms"));
    QJsonArray rows;
    if (what == "klines") {
        const QByteArray interval = value("interval").toUtf8();
        const auto timeframe = timeframeFromName(std::string_view(interval.data(), size_t(interval.size())));
        if (!timeframe)
            return bad(QStringLiteral("\"interval\" is unknown"));
        for (const Candle &candle : m_server.truth(symbol, *timeframe, {*from, *to}))
            rows.append(QJsonArray{toMs(candle.open_time), text(candle.open), text(candle.high), text(candle.low),
                                   text(candle.close), text(candle.volume), text(candle.quote_volume), candle.trades});
    } else if (what == "funding") {
        for (const FundingPoint &point : m_server.truthFunding(symbol, {*from, *to}))
            rows.append(QJsonArray{toMs(point.time), text(point.rate), point.special});
    } else {
        return bad(QStringLiteral("there is /truth/klines and /truth/funding"), 404);
    }
    return answer(200, QJsonDocument(rows));
}

net::HttpResponse ControlApi::post(const QByteArray &path, const QJsonObject &body)
{
    const QString symbol = body.value(QLatin1String("symbol")).toString();
    const auto time = [&](const char *name) {
        const QJsonValue given = body.value(QLatin1String(name));
        if (given.isUndefined())
            return Result<UtcTime>(m_server.now());
        return given.isDouble() ? Result<UtcTime>(fromMs(given.toInteger())) : parseUtcTime(given.toString());
    };
    Status status = ok();
    if (path == "/instruments/list" || path == "/instruments/delist") {
        const Result<UtcTime> at = time("at");
        if (!at)
            return bad(at.error().message);
        status = path.endsWith("/list")
                     ? m_server.listInstrument(symbol, *at, body.value(QLatin1String("tradesPerHour")).toInt(600))
                     : m_server.delist(symbol, *at);
    } else if (path == "/halt") {
        m_server.stopListening();
    } else if (path == "/resume") {
        status = m_server.resumeListening();
    } else if (path == "/user/event") {
        const QJsonObject event = body.value(QLatin1String("event")).toObject();
        if (!m_server.sendUserEvent(body.value(QLatin1String("apiKey")).toString().toUtf8(),
                                    QJsonDocument(event).toJson(QJsonDocument::Compact)))
            return bad(QStringLiteral("this apiKey has no listenKey"), 404);
    } else if (path.startsWith("/connections/") && path.endsWith("/close")) {
        const int id = path.mid(13).chopped(6).toInt();
        const auto code = quint16(body.value(QLatin1String("code")).toInt(1001));
        if (!m_server.closeConnection(id, code, body.value(QLatin1String("reason")).toString().toUtf8()))
            return bad(QStringLiteral("there is no such connection"), 404);
    } else {
        return bad(QStringLiteral("nothing to POST there"), 404);
    }
    return status ? good() : bad(status.error().message);
}

} // namespace tk::sim
