#include "support/influx/fake_influx.h"

#include "base/gzip.h"
#include "net/http_server.h"
#include "store/point_line.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMutexLocker>
#include <QRandomGenerator>
#include <QRegularExpression>
#include <QTimer>

#include <algorithm>

namespace tk::test {

using store::influx::Api;

namespace {

constexpr qint64 nanosPerMilli = 1'000'000;
constexpr qint64 nanosPerDay = 86'400'000 * nanosPerMilli;
constexpr qint64 nanosPerHour = 3'600'000 * nanosPerMilli;
const QByteArray organisation = "our desk; a+b";
const QByteArray bucket = "market_data";

struct Line
{
    QByteArray head; // tags sorted
    qint64 stamp = 0;
    std::map<QByteArray, QByteArray> fields{};
};

// Fields as they stand, split outside of quotes; nothing for a line that a server would refuse.
std::optional<Line> parse(const QByteArray &text)
{
    const auto point = store::readPointLine(text);
    if (!point)
        return {};
    Line line;
    QList<QByteArray> parts = point->head.toByteArray().split(',');
    std::sort(parts.begin() + 1, parts.end());
    line.head = parts.join(',');
    line.stamp = point->stamp;
    bool quoted = false;
    QByteArray field;
    const auto finish = [&] {
        const qsizetype equals = field.indexOf('=');
        if (equals < 1)
            return false;
        const QByteArray value = field.sliced(equals + 1);
        bool number = false;
        const double parsed = value.toDouble(&number);
        const bool string = value.size() >= 2 && value.startsWith('"') && value.endsWith('"');
        const bool integer = value.endsWith('i') && value.size() > 1;
        if (!string && !integer && (!number || !std::isfinite(parsed) || value.startsWith('+')))
            return false;
        line.fields[field.first(equals)] = value;
        field.clear();
        return true;
    };
    const QByteArrayView fields = point->fields;
    for (qsizetype i = 0; i < fields.size(); ++i) {
        const char c = fields[i];
        if (c == '\\' && i + 1 < fields.size()) {
            field += c;
            field += fields[++i];
            continue;
        }
        quoted = c == '"' ? !quoted : quoted;
        if (c == ',' && !quoted) {
            if (!finish())
                return {};
        } else {
            field += c;
        }
    }
    if (quoted || !finish())
        return {};
    return line;
}

bool isInteger(const QByteArray &value)
{
    return value.endsWith('i') && !value.endsWith('"');
}

QByteArray plain(const QByteArray &value) // a string without its quotes
{
    if (!value.startsWith('"'))
        return value;
    QByteArray text = value.sliced(1, value.size() - 2);
    return text.replace("\\\"", "\"").replace("\\\\", "\\");
}

QByteArray tagOf(const QByteArray &head, const QByteArray &name)
{
    const QByteArray line = head + " x=1 1"; // the point is a view of it
    const auto point = store::readPointLine(line);
    if (!point)
        return {};
    const QByteArrayView value = name == "exchange" ? point->exchange : name == "pair" ? point->pair : point->type;
    return store::tagText(value).toUtf8();
}

// What one of our questions asks for, read out of its text.
struct Asked
{
    QByteArray measurement;
    QStringList fields; // empty: all
    std::optional<QString> exchange;
    std::optional<QString> pair;
    qint64 from = 0; // ns
    qint64 to = 0;
    enum class What { Points, First, Last, Count, Days } what = What::Points;
    qint64 bucket = nanosPerDay; // of What::Days; an hour where those are asked for
    bool newest_first = false;
    bool impossible = false; // only candles whose values contradict one another
    qint64 limit = 0;
};

QString captured(const QString &text, const char *pattern)
{
    const auto match = QRegularExpression(QString::fromLatin1(pattern)).match(text);
    return match.hasMatch() ? match.captured(1) : QString();
}

qint64 nanos(const QString &iso)
{
    const auto time = parseUtcTime(iso);
    return time ? toMs(*time) * nanosPerMilli : 0;
}

Asked askedInFlux(const QString &text)
{
    const auto unescaped = [](QString value) {
        return value.replace(QLatin1StringView("\\\""), QLatin1StringView("\""))
            .replace(QLatin1StringView("\\\\"), QLatin1StringView("\\"));
    };
    Asked asked;
    asked.measurement = unescaped(captured(text, "r\\._measurement == \"((?:[^\"\\\\]|\\\\.)*)\"")).toUtf8();
    auto fields = QRegularExpression(QStringLiteral("r\\._field == \"([^\"]*)\"")).globalMatch(text);
    while (fields.hasNext())
        asked.fields.append(fields.next().captured(1));
    if (text.contains(QLatin1StringView("r.exchange ==")))
        asked.exchange = unescaped(captured(text, "r\\.exchange == \"((?:[^\"\\\\]|\\\\.)*)\""));
    if (text.contains(QLatin1StringView("r.pair ==")))
        asked.pair = unescaped(captured(text, "r\\.pair == \"((?:[^\"\\\\]|\\\\.)*)\""));
    asked.from = nanos(captured(text, "start: ([^,]+),"));
    asked.to = nanos(captured(text, "stop: ([^)]+)\\)"));
    asked.what = text.contains(QLatin1StringView("|> first()"))            ? Asked::What::First
                 : text.contains(QLatin1StringView("|> last()"))           ? Asked::What::Last
                 : text.contains(QLatin1StringView("|> count()"))          ? Asked::What::Count
                 : text.contains(QLatin1StringView("|> aggregateWindow(")) ? Asked::What::Days
                                                                           : Asked::What::Points;
    if (text.contains(QLatin1StringView("every: 1h")))
        asked.bucket = nanosPerHour;
    asked.newest_first = text.contains(QLatin1StringView("desc: true"));
    asked.impossible = text.contains(QLatin1StringView("r.high < r.low"));
    if (asked.impossible)
        asked.fields = {captured(text, "set\\(key: \"_field\", value: \"([^\"]*)\"\\)")};
    asked.limit = captured(text, "limit\\(n: (\\d+)\\)").toLongLong();
    return asked;
}

Asked askedInSql(const QString &text)
{
    const auto unescaped = [](QString value) { return value.replace(QLatin1StringView("''"), QLatin1StringView("'")); };
    Asked asked;
    asked.measurement = captured(text, "FROM \"((?:[^\"]|\"\")*)\"").toUtf8();
    if (text.contains(QLatin1StringView("exchange = ")))
        asked.exchange = unescaped(captured(text, "exchange = '((?:[^']|'')*)'"));
    if (text.contains(QLatin1StringView("pair = ")))
        asked.pair = unescaped(captured(text, "pair = '((?:[^']|'')*)'"));
    asked.from = nanos(captured(text, "time >= TIMESTAMP '([^']+)'"));
    asked.to = nanos(captured(text, "time < TIMESTAMP '([^']+)'"));
    asked.what =
        text.contains(QLatin1StringView("date_bin(")) ? Asked::What::Days
        : text.contains(QLatin1StringView("count("))  ? Asked::What::Count
        : text.contains(QLatin1StringView("row_number() OVER (PARTITION BY exchange, pair ORDER BY time DESC)"))
            ? Asked::What::Last
        : text.contains(QLatin1StringView("row_number()")) ? Asked::What::First
                                                           : Asked::What::Points;
    if (text.contains(QLatin1StringView("1 hour")))
        asked.bucket = nanosPerHour;
    const QString counted = captured(text, "count\\(\"([^\"]*)\"\\)") + captured(text, "AND \"([^\"]*)\" IS NOT NULL");
    if (!counted.isEmpty())
        asked.fields.append(counted);
    asked.newest_first = asked.what == Asked::What::Points && text.contains(QLatin1StringView("ORDER BY time DESC"));
    asked.limit = captured(text, "LIMIT (\\d+)").toLongLong();
    asked.impossible = text.contains(QLatin1StringView("\"high\" < \"low\""));
    return asked;
}

bool contradicts(const FakeInflux::Point &point)
{
    const auto value = [&](const char *name) {
        const auto field = point.fields.find(name);
        return field == point.fields.end() ? 0.0 : field->second.toDouble();
    };
    return value("high") < value("low") || value("high") < value("open") || value("high") < value("close") ||
           value("low") > value("open") || value("low") > value("close") || value("low") < 0 || value("volume") < 0;
}

// The points of each series that the question is about, ascending.
std::map<QByteArray, std::vector<std::pair<qint64, const FakeInflux::Point *>>> select(const FakeInflux::Points &points,
                                                                                       const Asked &asked)
{
    std::map<QByteArray, std::vector<std::pair<qint64, const FakeInflux::Point *>>> series;
    for (const auto &[key, point] : points) {
        if (key.first.left(key.first.indexOf(',')) != asked.measurement || key.second < asked.from ||
            key.second >= asked.to)
            continue;
        if (asked.exchange && QString::fromUtf8(tagOf(key.first, "exchange")) != *asked.exchange)
            continue;
        if (asked.pair && QString::fromUtf8(tagOf(key.first, "pair")) != *asked.pair)
            continue;
        if (asked.impossible && !contradicts(point))
            continue;
        series[key.first].emplace_back(key.second, &point);
    }
    return series;
}

QByteArray rfc3339(qint64 nano)
{
    return isoText(fromMs(nano / nanosPerMilli), true).toUtf8();
}

QByteArray cell(QByteArray text)
{
    if (!text.contains(',') && !text.contains('"') && !text.contains('\n'))
        return text;
    return '"' + text.replace("\"", "\"\"") + '"';
}

} // namespace

FakeInflux::FakeInflux(Api api)
    : m_api(api)
    , m_token(QByteArray::number(QRandomGenerator::system()->generate64(), 36))
{
    m_thread.setObjectName(QStringLiteral("fake influx"));
    m_thread.start();
    net::HttpServer::Limits limits;
    limits.message.body = qsizetype(64) << 20;
    m_server = new net::HttpServer(
        [this](const net::HttpRequest &request, const QHostAddress &, const net::HttpServer::Reply &reply) {
            const net::HttpResponse response = answer(request);
            std::chrono::milliseconds delay{0};
            if (request.path().contains("write")) {
                const QMutexLocker lock(&m_mutex);
                delay = m_delay;
            }
            if (delay.count() == 0)
                reply(response);
            else
                QTimer::singleShot(delay, m_server, [reply, response] { reply(response); });
        },
        limits);
    m_server->moveToThread(&m_thread);
    QMetaObject::invokeMethod(
        m_server,
        [this] {
            if (!m_server->listen(QHostAddress::LocalHost, 0))
                qFatal("the imitation of InfluxDB cannot listen");
            m_port = m_server->port();
        },
        Qt::BlockingQueuedConnection);
}

FakeInflux::~FakeInflux()
{
    QMetaObject::invokeMethod(
        m_server, [this] { delete m_server; }, Qt::BlockingQueuedConnection);
    m_thread.quit();
    m_thread.wait();
}

config::InfluxSettings FakeInflux::settings() const
{
    config::InfluxSettings settings;
    settings.url = QUrl(QStringLiteral("http://127.0.0.1:%1").arg(m_port));
    settings.org = QString::fromUtf8(organisation);
    settings.bucket = QString::fromUtf8(bucket);
    settings.database = QString::fromUtf8(bucket);
    settings.token = config::Secret(token());
    settings.timeout = std::chrono::seconds(5);
    return settings;
}

QByteArray FakeInflux::token() const
{
    const QMutexLocker lock(&m_mutex);
    return m_token;
}

void FakeInflux::answerNextWrites(const std::deque<net::HttpResponse> &answers)
{
    const QMutexLocker lock(&m_mutex);
    m_canned.insert(m_canned.end(), answers.begin(), answers.end());
}

void FakeInflux::setGate(std::function<std::optional<net::HttpResponse>(const net::HttpRequest &)> gate)
{
    const QMutexLocker lock(&m_mutex);
    m_gate = std::move(gate);
}

void FakeInflux::setDelay(std::chrono::milliseconds delay)
{
    const QMutexLocker lock(&m_mutex);
    m_delay = delay;
}

void FakeInflux::setToken(const QByteArray &token)
{
    const QMutexLocker lock(&m_mutex);
    m_token = token;
}

void FakeInflux::setLargestBody(qsizetype bytes)
{
    const QMutexLocker lock(&m_mutex);
    m_largest = bytes;
}

void FakeInflux::setRetention(std::chrono::milliseconds retention, UtcTime now)
{
    const QMutexLocker lock(&m_mutex);
    m_oldest = now - retention;
}

void FakeInflux::forget(const QByteArray &measurement, UtcTime from, UtcTime to)
{
    const QMutexLocker lock(&m_mutex);
    std::erase_if(m_points, [&](const auto &entry) {
        const auto &[head, stamp] = entry.first;
        return head.left(head.indexOf(',')) == measurement && stamp >= toMs(from) * nanosPerMilli &&
               stamp < toMs(to) * nanosPerMilli;
    });
}

FakeInflux::Points FakeInflux::points() const
{
    const QMutexLocker lock(&m_mutex);
    return m_points;
}

quint64 FakeInflux::writes() const
{
    const QMutexLocker lock(&m_mutex);
    return m_writes;
}

quint64 FakeInflux::requests() const
{
    const QMutexLocker lock(&m_mutex);
    return m_requests;
}

QList<QByteArray> FakeInflux::created() const
{
    const QMutexLocker lock(&m_mutex);
    return m_created;
}

net::HttpResponse FakeInflux::error(int status, const QByteArray &code, const QByteArray &message) const
{
    QJsonObject body;
    if (m_api == Api::V2) {
        body.insert(QStringLiteral("code"), QString::fromUtf8(code));
        body.insert(QStringLiteral("message"), QString::fromUtf8(message));
    } else {
        body.insert(QStringLiteral("error"), QString::fromUtf8(message));
    }
    return {.status = status, .body = QJsonDocument(body).toJson(QJsonDocument::Compact)};
}

net::HttpResponse FakeInflux::answer(const net::HttpRequest &request)
{
    const QMutexLocker lock(&m_mutex);
    ++m_requests;
    if (m_gate) {
        if (auto refusal = m_gate(request))
            return *refusal;
    }
    const QByteArray path = request.path();
    net::HttpResponse pong{.status = m_api == Api::V2 ? 204 : 200};
    pong.headers.fields.emplace_back("X-Influxdb-Version", m_api == Api::V2 ? "v2.7.12" : "3.10.0");
    if (path == "/ping" && m_api == Api::V2)
        return pong;
    const QByteArray given = request.headers.value("Authorization");
    if (given.isEmpty() || !given.endsWith(' ' + m_token))
        return m_api == Api::V2 ? error(401, "unauthorized", "unauthorized access") : net::HttpResponse{.status = 401};
    if (path == "/ping")
        return pong;
    const QJsonObject body = QJsonDocument::fromJson(request.body).object();
    if (m_api == Api::V3 && path == "/api/v3/configure/database" && request.method == "POST") {
        const QByteArray name = body.value(QLatin1StringView("db")).toString().toUtf8();
        if (m_created.contains(name))
            return error(409, {}, "attempted to create a resource that already exists");
        m_created.append(name);
        return {};
    }
    if (m_api == Api::V3 && path == "/api/v3/write_lp")
        return write(request);
    if (m_api == Api::V3 && path == "/api/v3/query_sql")
        return query(request);
    const QUrlQuery parameters = request.query();
    const auto parameter = [&](const char *name) {
        return parameters.queryItemValue(QLatin1String(name), QUrl::FullyDecoded).toUtf8();
    };
    if (m_api == Api::V2 && path == "/api/v2/orgs") {
        QJsonArray found;
        if (parameter("org") == organisation)
            found.append(QJsonObject{{QStringLiteral("id"), QStringLiteral("0123456789abcdef")}});
        return {.body = QJsonDocument(QJsonObject{{QStringLiteral("orgs"), found}}).toJson()};
    }
    if (m_api == Api::V2 && path == "/api/v2/buckets" && request.method == "GET") {
        if (parameter("org") != organisation)
            return error(404, "not found", "organization name \"" + parameter("org") + "\" not found");
        QJsonArray found;
        if (m_created.contains(parameter("name")))
            found.append(QJsonObject{{QStringLiteral("name"), QString::fromUtf8(parameter("name"))},
                                     {QStringLiteral("retentionRules"),
                                      QJsonArray{QJsonObject{{QStringLiteral("type"), QStringLiteral("expire")},
                                                             {QStringLiteral("everySeconds"), 31'104'000}}}}});
        return {.body = QJsonDocument(QJsonObject{{QStringLiteral("buckets"), found}}).toJson()};
    }
    if (m_api == Api::V2 && path == "/api/v2/buckets" && request.method == "POST") {
        if (body.value(QLatin1StringView("orgID")).toString() != QLatin1StringView("0123456789abcdef"))
            return error(404, "not found", "organization not found");
        m_created.append(body.value(QLatin1StringView("name")).toString().toUtf8());
        return {.status = 201, .body = "{}"};
    }
    if (m_api == Api::V2 && path == "/api/v2/write") {
        if (parameter("org") != organisation)
            return error(404, "not found", "organization name \"" + parameter("org") + "\" not found");
        return write(request);
    }
    if (m_api == Api::V2 && path == "/api/v2/query")
        return query(request);
    return {.status = 404, .body = "404 page not found"};
}

net::HttpResponse FakeInflux::write(const net::HttpRequest &request)
{
    ++m_writes;
    if (!m_canned.empty()) {
        net::HttpResponse canned = m_canned.front();
        m_canned.pop_front();
        return canned;
    }
    const QUrlQuery parameters = request.query();
    const QString name = m_api == Api::V2 ? QStringLiteral("bucket") : QStringLiteral("db");
    const QByteArray place = parameters.queryItemValue(name, QUrl::FullyDecoded).toUtf8();
    if (m_api == Api::V2 && !m_created.contains(place))
        return error(404, "not found", "bucket \"" + place + "\" not found");
    const QString precision = parameters.queryItemValue(QStringLiteral("precision"));
    const qint64 unit = precision == QLatin1StringView("ms") || precision == QLatin1StringView("millisecond")
                            ? nanosPerMilli
                        : precision == QLatin1StringView("ns") || precision == QLatin1StringView("nanosecond") ? 1
                                                                                                               : 0;
    if (unit == 0)
        return error(400, "invalid", "invalid precision; valid precision units are ns, us, ms, and s");
    const auto text = request.headers.value("Content-Encoding") == "gzip" ? gunzip(request.body, 1 << 30)
                                                                          : std::optional(request.body);
    if (!text)
        return error(500, "internal error", "gzip: invalid header");
    if (text->size() > m_largest)
        return error(413, "request too large", "request too large");
    struct Bad
    {
        QByteArray line;
        QByteArray why;
        bool parsed = true;
    };
    std::vector<Bad> bad;
    std::vector<Line> good;
    std::map<std::pair<QByteArray, QByteArray>, bool> types; // of fields in this measurement: integer
    for (const auto &[key, point] : m_points) {
        for (const auto &[field, value] : point.fields)
            types.emplace(std::pair(key.first.left(key.first.indexOf(',')), field), isInteger(value));
    }
    for (const QByteArray &one : text->split('\n')) {
        if (one.trimmed().isEmpty())
            continue;
        auto line = parse(one);
        if (!line) {
            bad.push_back({one, "invalid field format", false});
            continue;
        }
        line->stamp *= unit;
        const QByteArray measurement = line->head.left(line->head.indexOf(','));
        const bool conflicts = std::ranges::any_of(line->fields, [&](const auto &field) {
            const auto known = types.find({measurement, field.first});
            return known != types.end() && known->second != isInteger(field.second);
        });
        if (conflicts)
            bad.push_back({one, "field type conflict: input field is type integer, already exists as type float"});
        else if (m_oldest && line->stamp < toMs(*m_oldest) * nanosPerMilli)
            bad.push_back({one, "points outside retention policy"});
        else
            good.push_back(std::move(*line));
    }
    const bool unparsed = std::ranges::any_of(bad, [](const Bad &one) { return !one.parsed; });
    if (m_api == Api::V2 && unparsed) { // nothing of the batch is written then
        QByteArray message;
        for (const Bad &one : bad)
            message += one.parsed ? QByteArray() : "unable to parse '" + one.line + "': " + one.why + '\n';
        return error(400, "invalid", message);
    }
    for (Line &line : good) {
        Point &point = m_points[{line.head, line.stamp}];
        for (auto &[field, value] : line.fields)
            point.fields[field] = value;
    }
    if (bad.empty())
        return {.status = 204};
    if (m_api == Api::V2)
        return error(422, "unprocessable entity",
                     "failure writing points to database: partial write: " + bad.front().why + " dropped=1");
    QJsonArray data;
    for (const Bad &one : bad)
        data.append(QJsonObject{{QStringLiteral("original_line"), QString::fromUtf8(one.line)},
                                {QStringLiteral("line_number"), 1},
                                {QStringLiteral("error_message"), QString::fromUtf8(one.why)}});
    const QJsonObject refused{{QStringLiteral("error"), QStringLiteral("partial write of line protocol occurred")},
                              {QStringLiteral("data"), data}};
    return {.status = 400, .body = QJsonDocument(refused).toJson(QJsonDocument::Compact)};
}

net::HttpResponse FakeInflux::query(const net::HttpRequest &request)
{
    const QJsonObject body = QJsonDocument::fromJson(request.body).object();
    const bool is_flux = m_api == Api::V2;
    const QString text = body.value(is_flux ? QLatin1StringView("query") : QLatin1StringView("q")).toString();
    const Asked asked = is_flux ? askedInFlux(text) : askedInSql(text);
    if (asked.measurement.isEmpty() || asked.to == 0)
        return error(400, "invalid", "this imitation does not understand: " + text.toUtf8());
    const auto series = select(m_points, asked);
    if (!is_flux && series.empty())
        return error(400, {}, "table 'public.iox." + asked.measurement + "' not found");
    const auto has = [&](const Point &point, const QString &field) { return point.fields.contains(field.toUtf8()); };
    QByteArray csv;
    QJsonArray rows;
    int table = 0;
    for (const auto &[head, all] : series) {
        const QByteArray exchange = tagOf(head, "exchange");
        const QByteArray pair = tagOf(head, "pair");
        const QByteArray type = tagOf(head, "type");
        if (is_flux) {
            for (const QString &field : asked.fields) { // each field is a table of its own
                std::vector<std::pair<qint64, QByteArray>> values;
                for (const auto &[stamp, point] : all) {
                    if (has(*point, field))
                        values.emplace_back(stamp, plain(point->fields.at(field.toUtf8())));
                }
                if (values.empty())
                    continue;
                if (asked.what == Asked::What::First)
                    values.resize(1);
                else if (asked.what == Asked::What::Last)
                    values = {values.back()};
                else if (asked.what == Asked::What::Count)
                    values = {{asked.to, QByteArray::number(values.size())}};
                else if (asked.what == Asked::What::Days) {
                    std::map<qint64, qint64> days; // or hours
                    for (const auto &value : values)
                        ++days[value.first / asked.bucket * asked.bucket];
                    values.clear();
                    for (const auto &[day, count] : days)
                        values.emplace_back(day, QByteArray::number(count));
                }
                if (asked.newest_first)
                    std::ranges::reverse(values);
                if (asked.limit > 0 && qint64(values.size()) > asked.limit)
                    values.resize(size_t(asked.limit));
                csv += "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,"
                       "string,string,string\r\n#group,false,false,true,true,false,false,true,true,true,true,true\r\n"
                       "#default,_result,,,,,,,,,,\r\n"
                       ",result,table,_start,_stop,_time,_value,_field,_measurement,exchange,pair,type\r\n";
                for (const auto &[stamp, value] : values)
                    csv += ",," + QByteArray::number(table) + ',' + rfc3339(asked.from) + ',' + rfc3339(asked.to) +
                           ',' + rfc3339(stamp) + ',' + cell(value) + ',' + field.toUtf8() + ',' + asked.measurement +
                           ',' + cell(exchange) + ',' + cell(pair) + ',' + cell(type) + "\r\n";
                csv += "\r\n";
                ++table;
            }
            continue;
        }
        std::vector<std::pair<qint64, const Point *>> chosen = all;
        if (!asked.fields.isEmpty())
            std::erase_if(chosen, [&](const auto &one) { return !has(*one.second, asked.fields.front()); });
        if (chosen.empty())
            continue;
        QJsonObject base{{QStringLiteral("exchange"), QString::fromUtf8(exchange)},
                         {QStringLiteral("pair"), QString::fromUtf8(pair)}};
        if (!type.isEmpty())
            base.insert(QStringLiteral("type"), QString::fromUtf8(type));
        const auto at = [](qint64 stamp) { return QString::fromLatin1(rfc3339(stamp).chopped(1)); };
        if (asked.what == Asked::What::Count) {
            base.insert(QStringLiteral("points"), qint64(chosen.size()));
            rows.append(base);
            continue;
        }
        if (asked.what == Asked::What::Days) {
            std::map<qint64, qint64> days; // or hours
            for (const auto &one : chosen)
                ++days[one.first / asked.bucket * asked.bucket];
            for (const auto &[day, count] : days) {
                QJsonObject row = base;
                row.insert(QStringLiteral("time"), at(day));
                row.insert(QStringLiteral("points"), count);
                rows.append(row);
            }
            continue;
        }
        if (asked.what == Asked::What::First)
            chosen.resize(1);
        else if (asked.what == Asked::What::Last)
            chosen = {chosen.back()};
        if (asked.newest_first)
            std::ranges::reverse(chosen);
        for (const auto &[stamp, point] : chosen) {
            QJsonObject row = base;
            row.insert(QStringLiteral("time"), at(stamp));
            for (const auto &[field, value] : point->fields) {
                const QString name = QString::fromUtf8(field);
                if (value.startsWith('"'))
                    row.insert(name, QString::fromUtf8(plain(value)));
                else
                    row.insert(name, value.toDouble());
            }
            rows.append(row);
        }
    }
    if (is_flux)
        return {.body = csv.isEmpty() ? QByteArray("\r\n") : csv};
    if (asked.limit > 0) {
        while (rows.size() > asked.limit)
            rows.removeLast();
    }
    return {.body = QJsonDocument(rows).toJson(QJsonDocument::Compact)};
}

} // namespace tk::test
