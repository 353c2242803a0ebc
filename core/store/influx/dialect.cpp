#include "store/influx/dialect.h"

#include <QDateTime>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <QUrlQuery>

#include <algorithm>

namespace tk::store::influx {

namespace {

constexpr milliseconds longestRetryAfter{600'000};
constexpr qsizetype suspiciousBody = 256 * 1024; // a connection cut on a bigger one may mean: too large (§6)
constexpr qsizetype longestText = 500;

QString oneLine(const QByteArray &text)
{
    QString line = QString::fromUtf8(text).simplified();
    if (line.size() > longestText)
        line = line.first(longestText) + QStringLiteral(" …");
    return line;
}

// v1 {"error"}, v2 {"code","message"}, v3 {"error","data"}; anything else as it is.
QString messageOf(const net::HttpAnswer &answer)
{
    const QJsonObject object = QJsonDocument::fromJson(answer.body).object();
    for (const QString &key : {QStringLiteral("error"), QStringLiteral("message")}) {
        const QString text = object.value(key).toString();
        if (!text.isEmpty())
            return text;
    }
    return QString::fromUtf8(answer.body);
}

// Every text between `unable to parse '` and `':`, which is the line as it was sent.
std::vector<QByteArray> quotedLines(const QString &message)
{
    std::vector<QByteArray> lines;
    const QByteArray text = message.toUtf8();
    constexpr QByteArrayView opening("unable to parse '");
    for (qsizetype at = text.indexOf(opening); at >= 0; at = text.indexOf(opening, at)) {
        at += opening.size();
        const qsizetype end = text.indexOf("': ", at);
        if (end < 0)
            break;
        lines.push_back(text.sliced(at, end - at));
        at = end;
    }
    return lines;
}

std::vector<QByteArray> listedLines(const net::HttpAnswer &answer)
{
    std::vector<QByteArray> lines;
    const QJsonValue data = QJsonDocument::fromJson(answer.body).object().value(QStringLiteral("data"));
    const QJsonArray entries = data.isArray() ? data.toArray() : QJsonArray{data};
    for (const QJsonValue &entry : entries) {
        const QString line = entry.toObject().value(QStringLiteral("original_line")).toString();
        if (!line.isEmpty())
            lines.push_back(line.toUtf8());
    }
    return lines;
}

milliseconds retryAfter(const net::HttpAnswer &answer, UtcTime now)
{
    const QByteArray text = answer.headers.value("Retry-After").trimmed();
    bool seconds = false;
    const int number = text.toInt(&seconds);
    milliseconds wait{0};
    if (seconds) {
        wait = std::chrono::seconds(number);
    } else if (!text.isEmpty()) {
        QDateTime date =
            QLocale::c().toDateTime(QString::fromLatin1(text), QStringLiteral("ddd, dd MMM yyyy HH:mm:ss 'GMT'"));
        date.setTimeSpec(Qt::UTC);
        if (date.isValid())
            wait = fromMs(date.toMSecsSinceEpoch()) - now;
    }
    return std::clamp(wait, milliseconds(0), longestRetryAfter);
}

bool containsAny(const QString &text, std::initializer_list<const char *> words)
{
    return std::ranges::any_of(
        words, [&](const char *word) { return text.contains(QLatin1String(word), Qt::CaseInsensitive); });
}

QString quotedName(const QString &name) // an InfluxQL identifier
{
    QString escaped = name;
    escaped.replace(u'\\', QStringLiteral("\\\\")).replace(u'"', QStringLiteral("\\\""));
    return u'"' + escaped + u'"';
}

// "8640h0m0s", "0s" (for ever): Go's way to print a duration.
std::optional<milliseconds> goDuration(const QString &text)
{
    milliseconds total{0};
    QString digits;
    for (const QChar c : text) {
        if (c.isDigit()) {
            digits += c;
            continue;
        }
        const qint64 number = digits.toLongLong();
        digits.clear();
        if (c == u'h')
            total += std::chrono::hours(number);
        else if (c == u'm')
            total += std::chrono::minutes(number);
        else if (c == u's')
            total += std::chrono::seconds(number);
        else
            return {};
    }
    return total;
}

} // namespace

std::string_view apiName(Api api)
{
    constexpr std::array<std::string_view, 3> names{"v1", "v2", "v3"};
    return names[size_t(api)];
}

std::optional<Api> configuredApi(const config::InfluxSettings &settings)
{
    for (const Api api : {Api::V1, Api::V2, Api::V3}) {
        const std::string_view name = apiName(api);
        if (settings.api == QLatin1StringView(name.data(), qsizetype(name.size())))
            return api;
    }
    return {};
}

QUrl endpoint(const config::InfluxSettings &settings, const QString &path,
              const std::vector<std::pair<QString, QString>> &parameters)
{
    QUrl url = settings.url;
    QString base = url.path();
    while (base.endsWith(u'/'))
        base.chop(1);
    url.setPath(base + path);
    QUrlQuery query;
    for (const auto &[key, value] : parameters) // the class leaves "+" and ";" alone, servers do not
        query.addQueryItem(QString::fromLatin1(QUrl::toPercentEncoding(key)),
                           QString::fromLatin1(QUrl::toPercentEncoding(value)));
    if (!parameters.empty())
        url.setQuery(query.query(QUrl::FullyEncoded), QUrl::StrictMode);
    return url;
}

void authorise(net::HttpCall &call, Api api, const config::InfluxSettings &settings)
{
    if (!settings.token.isEmpty()) {
        call.headers.emplace_back("Authorization", (api == Api::V3 ? "Bearer " : "Token ") + settings.token.reveal());
    } else if (!settings.user.isEmpty()) {
        call.headers.emplace_back("Authorization",
                                  "Basic " + (settings.user.toUtf8() + ':' + settings.password.reveal()).toBase64());
    }
}

net::HttpCall pingCall(const config::InfluxSettings &settings)
{
    net::HttpCall call{.url = endpoint(settings, QStringLiteral("/ping"))};
    authorise(call, Api::V3, settings); // v1 and v2 do not look at it here
    return call;
}

Result<Api> recognise(const net::HttpAnswer &ping, const config::InfluxSettings &settings)
{
    if (ping.failure != net::HttpAnswer::Failure::None)
        return Error{Error::Kind::Network, ping.trouble, true};
    const bool answered = ping.status == 200 || ping.status == 204;
    const QJsonObject said =
        ping.status == 200 ? QJsonDocument::fromJson(ping.body).object() : QJsonObject(); // 3.x alone says anything
    QByteArray version = ping.headers.value("X-Influxdb-Version");
    if (version.isEmpty() && ping.status == 200)
        version = said.value(QStringLiteral("version")).toString().toUtf8();
    if (version.startsWith('v'))
        version.remove(0, 1);
    if (answered || !version.isEmpty()) {
        if (version.startsWith("1."))
            return Api::V1;
        if (version.startsWith("2."))
            return Api::V2;
        if (version.startsWith("3."))
            return Api::V3;
        // One that somebody built tells no number ("dev", "unknown"); what it tells besides does.
        if (!said.isEmpty() && !version.isEmpty())
            return Api::V3;
        const bool isInflux = !ping.headers.value("X-Influxdb-Build").isEmpty() || !version.isEmpty();
        if (isInflux && ping.status == 204) {
            const bool hasRequestIds =
                !ping.headers.value("Request-Id").isEmpty() || !ping.headers.value("X-Request-Id").isEmpty();
            return hasRequestIds && settings.org.isEmpty() ? Api::V1 : Api::V2;
        }
        if (version.isEmpty() && ping.status == 204)
            return settings.org.isEmpty() ? Api::V1 : Api::V2;
    }
    if (ping.status == 401 || ping.status == 403)
        return Error{Error::Kind::Refused,
                     QStringLiteral("the server asks who is there before it tells its version (%1); set a token, or "
                                    "store.influx.api to v1, v2 or v3")
                         .arg(ping.status),
                     true};
    return Error{
        Error::Kind::Remote,
        QStringLiteral("no InfluxDB answered at %1 (status %2 %3); set store.influx.api where a proxy hides it")
            .arg(settings.url.toDisplayString(QUrl::RemoveUserInfo))
            .arg(ping.status)
            .arg(QString::fromLatin1(version)),
        true};
}

net::HttpCall writeCall(Api api, const config::InfluxSettings &settings, bool nanoseconds, QByteArray gzipped)
{
    net::HttpCall call;
    call.method = "POST";
    // "ns" and "ms" mean the same on v1 and v2; microseconds would not (§0).
    const QString precision = nanoseconds ? QStringLiteral("ns") : QStringLiteral("ms");
    switch (api) {
    case Api::V1:
        call.url = endpoint(settings, QStringLiteral("/write"),
                            {{QStringLiteral("db"), settings.database}, {QStringLiteral("precision"), precision}});
        break;
    case Api::V2:
        call.url = endpoint(settings, QStringLiteral("/api/v2/write"),
                            {{QStringLiteral("org"), settings.org},
                             {QStringLiteral("bucket"), settings.bucket},
                             {QStringLiteral("precision"), precision}});
        break;
    case Api::V3:
        call.url = endpoint(
            settings, QStringLiteral("/api/v3/write_lp"),
            {{QStringLiteral("db"), settings.database},
             {QStringLiteral("precision"), nanoseconds ? QStringLiteral("nanosecond") : QStringLiteral("millisecond")},
             {QStringLiteral("accept_partial"), QStringLiteral("true")}});
        break;
    }
    authorise(call, api, settings);
    call.headers.emplace_back("Content-Encoding", "gzip");
    call.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
    call.body = std::move(gzipped);
    return call;
}

QString Reply::code() const
{
    return status != 0 ? QString::number(status)
           : timed_out ? QStringLiteral("timeout")
                       : QStringLiteral("unreachable");
}

Reply judge(const net::HttpAnswer &answer, qsizetype sent_bytes, UtcTime now)
{
    using Failure = net::HttpAnswer::Failure;
    Reply reply;
    reply.status = answer.status;
    if (answer.status == 0 || (answer.failure != Failure::None && answer.status < 400)) {
        reply.text = answer.trouble;
        reply.verdict = Verdict::ComeAgain;
        reply.may_have_lost = answer.failure == Failure::Connect || answer.failure == Failure::Cut;
        reply.timed_out = answer.failure == Failure::Timeout;
        if (answer.failure == Failure::Cut && sent_bytes > suspiciousBody)
            reply.verdict = Verdict::TooLarge; // some answer a large body by closing
        if (answer.failure == Failure::Tls)
            reply.advice = QStringLiteral("the server's certificate is not trusted: set store.influx.tls_ca_file, or "
                                          "repair the certificate");
        if (answer.failure == Failure::Resolve)
            reply.advice = QStringLiteral("the host's name is not known: look at store.influx.url and at DNS");
        return reply;
    }
    const QString message = messageOf(answer);
    reply.text = oneLine(message.toUtf8());
    reply.retry_after = retryAfter(answer, now);
    const int status = answer.status;
    if (status >= 200 && status < 300) {
        reply.verdict = Verdict::Delivered;
    } else if (status == 413) {
        reply.verdict = Verdict::TooLarge;
    } else if (status == 401 || status == 403) {
        reply.verdict = Verdict::NotAllowed;
        reply.advice = QStringLiteral("look at the token, or at user and password, and at the right to write");
    } else if (status == 408 || status == 425 || status == 429 || status == 499) {
        reply.verdict = Verdict::ComeAgain;
    } else if (status >= 500) {
        // v1 answers 500 to a retention policy that can never appear by itself (§0).
        const bool place = message.contains(QLatin1StringView("retention policy not found"));
        reply.verdict = place ? Verdict::WrongPlace : Verdict::ComeAgain;
        reply.may_have_lost = containsAny(message, {"engine:", "WAL", "no space", "disk"});
        if (message.contains(QLatin1StringView("no space left")))
            reply.advice = QStringLiteral("make room on the database's disk; InfluxDB 1.x then has to be restarted");
    } else if (status == 400 && containsAny(message, {"database is required", "invalid precision", "consistency level",
                                                      "invalid database name", "bucket name", "db name"})) {
        reply.verdict = Verdict::WrongPlace;
    } else if (status == 400 && containsAny(message, {"unexpected EOF", "gzip", "too long line"})) {
        // Not the lines, but the way there: a proxy cut the body. A line that is too long is found by halving.
        reply.verdict = message.contains(QLatin1StringView("too long line")) ? Verdict::TooLarge : Verdict::ComeAgain;
    } else if (status == 422 ||
               (status == 400 &&
                containsAny(message, {"partial write", "unable to parse", "parse", "invalid", "field type", "conflict",
                                      "retention", "limit exceeded", "points", "max key length", "outside range"}) &&
                !answer.body.trimmed().startsWith('<'))) {
        reply.verdict = Verdict::BadLines;
        reply.bad_lines = listedLines(answer);
        if (reply.bad_lines.empty())
            reply.bad_lines = quotedLines(message);
    } else {
        reply.verdict = Verdict::WrongPlace;
    }
    if (reply.verdict == Verdict::WrongPlace)
        reply.advice = QStringLiteral("look at store.influx: url, api, database, org and bucket");
    return reply;
}

net::HttpCall DatabaseSetup::first()
{
    m_asked = Asked::Lookup;
    net::HttpCall call;
    switch (m_api) {
    case Api::V1:
        call.url = endpoint(
            m_settings, QStringLiteral("/query"),
            {{QStringLiteral("q"), QStringLiteral("SHOW RETENTION POLICIES ON ") + quotedName(m_settings.database)}});
        break;
    case Api::V2:
        call.url = endpoint(m_settings, QStringLiteral("/api/v2/buckets"),
                            {{QStringLiteral("name"), m_settings.bucket}, {QStringLiteral("org"), m_settings.org}});
        break;
    case Api::V3:
        return create({});
    }
    authorise(call, m_api, m_settings);
    return call;
}

net::HttpCall DatabaseSetup::create(const QString &organisation_id)
{
    m_asked = Asked::Create;
    net::HttpCall call;
    call.method = "POST";
    const qint64 seconds = std::chrono::duration_cast<std::chrono::seconds>(m_settings.retention).count();
    switch (m_api) {
    case Api::V1: {
        const QString duration =
            seconds == 0 ? QStringLiteral("INF") : QString::number(std::max<qint64>(seconds / 3600, 1)) + u'h';
        const QString statement =
            QStringLiteral("CREATE DATABASE %1 WITH DURATION %2 REPLICATION 1%3 NAME \"tapekeeper\"")
                .arg(quotedName(m_settings.database), duration,
                     seconds == 0 || seconds >= 14 * 86'400 ? QStringLiteral(" SHARD DURATION 7d") : QString());
        call.url = endpoint(m_settings, QStringLiteral("/query"));
        call.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
        call.body = "q=" + QUrl::toPercentEncoding(statement);
        break;
    }
    case Api::V2: {
        QJsonArray rules;
        if (seconds > 0)
            rules.append(
                QJsonObject{{QStringLiteral("type"), QStringLiteral("expire")},
                            {QStringLiteral("everySeconds"), seconds},
                            {QStringLiteral("shardGroupDurationSeconds"), std::min<qint64>(604'800, seconds)}});
        call.url = endpoint(m_settings, QStringLiteral("/api/v2/buckets"));
        call.headers.emplace_back("Content-Type", "application/json");
        call.body = QJsonDocument(QJsonObject{{QStringLiteral("orgID"), organisation_id},
                                              {QStringLiteral("name"), m_settings.bucket},
                                              {QStringLiteral("retentionRules"), rules}})
                        .toJson(QJsonDocument::Compact);
        break;
    }
    case Api::V3: {
        QJsonObject body{{QStringLiteral("db"), m_settings.database}};
        if (seconds > 0)
            body.insert(QStringLiteral("retention_period"),
                        QString::number(std::max<qint64>(seconds / 86'400, 1)) + u'd');
        call.url = endpoint(m_settings, QStringLiteral("/api/v3/configure/database"));
        call.headers.emplace_back("Content-Type", "application/json");
        call.body = QJsonDocument(body).toJson(QJsonDocument::Compact);
        break;
    }
    }
    authorise(call, m_api, m_settings);
    return call;
}

DatabaseSetup::Step DatabaseSetup::after(const net::HttpAnswer &answer, UtcTime now)
{
    Reply reply = judge(answer, 0, now);
    const QJsonObject object = QJsonDocument::fromJson(answer.body).object();
    if (m_asked == Asked::Create) {
        // Somebody else was quicker, or may not create but write: the first write will tell.
        if (answer.isGood() && m_api == Api::V1) {
            const QString error = object.value(QStringLiteral("results"))
                                      .toArray()
                                      .at(0)
                                      .toObject()
                                      .value(QStringLiteral("error"))
                                      .toString();
            if (!error.isEmpty() && !error.contains(QLatin1StringView("conflicts with an existing policy"))) {
                reply.verdict = Verdict::WrongPlace;
                reply.text = error;
                return reply;
            }
            return Ready{m_settings.retention, error.isEmpty()};
        }
        if (answer.isGood())
            return Ready{m_settings.retention, true};
        if (answer.status == 409 || answer.status == 422 ||
            messageOf(answer).contains(QLatin1StringView("exist"), Qt::CaseInsensitive))
            return Ready{};
        if (reply.verdict == Verdict::BadLines)
            reply.verdict = Verdict::WrongPlace;
        return reply;
    }
    if (m_asked == Asked::Organisation) {
        const QJsonArray found = object.value(QStringLiteral("orgs")).toArray();
        if (!answer.isGood())
            return reply;
        if (found.isEmpty()) {
            reply.verdict = Verdict::WrongPlace;
            reply.text = QStringLiteral("the server knows no organisation \"%1\"").arg(m_settings.org);
            reply.advice = QStringLiteral("look at store.influx.org");
            return reply;
        }
        return create(found.at(0).toObject().value(QStringLiteral("id")).toString());
    }
    if (m_api == Api::V1) {
        if (answer.status == 401 || answer.status == 403) {
            // Without the right to ask, one may still have the right to write; without a name, not even that.
            return answer.status == 403 ? Step(Ready{}) : Step(reply);
        }
        if (!answer.isGood())
            return reply;
        const QJsonObject result = object.value(QStringLiteral("results")).toArray().at(0).toObject();
        if (result.contains(QStringLiteral("error")))
            return create({});
        Ready ready;
        const QJsonObject series = result.value(QStringLiteral("series")).toArray().at(0).toObject();
        const QJsonArray columns = series.value(QStringLiteral("columns")).toArray();
        const auto column = [&](const char *name) {
            for (qsizetype i = 0; i < columns.size(); ++i) {
                if (columns.at(i).toString() == QLatin1StringView(name))
                    return i;
            }
            return qsizetype(-1);
        };
        const qsizetype duration = column("duration");
        const qsizetype standard = column("default");
        const QJsonArray policies = series.value(QStringLiteral("values")).toArray();
        for (const QJsonValue &policy : policies) {
            if (duration >= 0 && standard >= 0 && policy.toArray().at(standard).toBool())
                ready.retention = goDuration(policy.toArray().at(duration).toString());
        }
        return ready;
    }
    // v2: an unknown bucket is an empty list, or a 404.
    const QJsonArray buckets = object.value(QStringLiteral("buckets")).toArray();
    if (answer.isGood() && !buckets.isEmpty()) {
        Ready ready;
        const QJsonArray rules = buckets.at(0).toObject().value(QStringLiteral("retentionRules")).toArray();
        ready.retention =
            std::chrono::seconds(rules.at(0).toObject().value(QStringLiteral("everySeconds")).toInteger());
        return ready;
    }
    if (answer.status == 403)
        return Ready{}; // may write, perhaps, but not look
    if (answer.status == 404 && object.isEmpty())
        return Ready{}; // a server that takes v2 writes without knowing buckets
    if (!answer.isGood() && answer.status != 404)
        return reply.verdict == Verdict::WrongPlace && answer.status == 400 ? Step(Ready{}) : Step(reply);
    m_asked = Asked::Organisation;
    net::HttpCall call{
        .url = endpoint(m_settings, QStringLiteral("/api/v2/orgs"), {{QStringLiteral("org"), m_settings.org}})};
    authorise(call, m_api, m_settings);
    return call;
}

} // namespace tk::store::influx
