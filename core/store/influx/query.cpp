#include "store/influx/query.h"

#include "store/influx/contradictions.h"
#include "store/influx/flux_csv.h"

#include <QHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <simdjson.h>

#include <algorithm>

namespace tk::store::influx {

namespace {

using What = Question::What;

bool isCount(What what)
{
    return what == What::Count || what == What::CountPerDay || what == What::CountPerHour;
}

QString quoted(const QString &text, QChar quote) // for InfluxQL's identifiers and strings
{
    QString escaped = text;
    escaped.replace(u'\\', QStringLiteral("\\\\")).replace(quote, QStringLiteral("\\") + quote);
    return quote + escaped + quote;
}

QString doubled(const QString &text, QChar quote) // for SQL's
{
    QString escaped = text;
    escaped.replace(quote, QString(2, quote));
    return quote + escaped + quote;
}

QString fluxString(const QString &text)
{
    QString escaped = text;
    escaped.replace(u'\\', QStringLiteral("\\\\"))
        .replace(u'"', QStringLiteral("\\\""))
        .replace(QStringLiteral("${"), QStringLiteral("\\${"));
    return u'"' + escaped + u'"';
}

Error failed(const QString &why, bool retryable)
{
    return {Error::Kind::Remote, QStringLiteral("the database cannot be read: ") + why, retryable};
}

// The row of that series and moment, made where there is none: Flux tells each field apart.
class RowMerger
{
public:
    explicit RowMerger(size_t fields)
        : m_fields(fields)
    {}
    Row &at(const QString &exchange, const QString &pair, const QByteArray &type, UtcTime time)
    {
        const size_t key = qHashMulti(0, exchange, pair, type, toMs(time));
        for (auto found = m_rowOf.constFind(key); found != m_rowOf.constEnd() && found.key() == key; ++found) {
            Row &row = m_rows[*found];
            if (row.time == time && row.pair == pair && row.exchange == exchange && row.type == type)
                return row;
        }
        m_rowOf.insert(key, m_rows.size());
        m_rows.push_back({exchange, pair, type, time, std::vector<QByteArray>(m_fields)});
        return m_rows.back();
    }
    std::vector<Row> take() { return std::move(m_rows); }

private:
    size_t m_fields;
    std::vector<Row> m_rows;
    QMultiHash<size_t, size_t> m_rowOf;
};

QByteArray bytesOf(std::string_view text)
{
    return {text.data(), qsizetype(text.size())};
}

// A JSON value as its text: numbers as printed, strings without their quotes, null as nothing.
QByteArray textOf(simdjson::ondemand::value value)
{
    simdjson::ondemand::json_type type{};
    if (value.type().get(type))
        return {};
    if (type == simdjson::ondemand::json_type::string) {
        std::string_view text;
        return value.get_string().get(text) ? QByteArray() : bytesOf(text);
    }
    if (type == simdjson::ondemand::json_type::null)
        return {};
    return bytesOf(value.raw_json_token()).trimmed();
}

UtcTime timeOf(const QByteArray &text)
{
    bool number = false;
    const qint64 ms = text.toLongLong(&number);
    if (number)
        return fromMs(ms);
    // "2026-01-01T00:03:00", without a zone and with up to nine digits behind the second
    QString stamp = QString::fromLatin1(text);
    const qsizetype point = stamp.indexOf(u'.');
    if (point >= 0)
        stamp = stamp.first(std::min(stamp.size(), point + 4));
    if (stamp.endsWith(u'Z'))
        stamp.chop(1);
    const auto time = parseUtcTime(QStringView(stamp));
    return time ? *time : UtcTime{};
}

// --- InfluxQL --------------------------------------------------------------------------------------------------------

Result<std::vector<Row>> influxQlRows(const QByteArray &body, const Question &question)
{
    simdjson::ondemand::parser parser;
    const simdjson::padded_string padded(body.constData(), size_t(body.size()));
    simdjson::ondemand::document document;
    if (parser.iterate(padded).get(document))
        return failed(QStringLiteral("the answer is no JSON"), true);
    std::vector<Row> rows;
    simdjson::ondemand::array results;
    if (document["results"].get(results))
        return failed(QStringLiteral("the answer has no results"), true);
    for (auto one : results) {
        simdjson::ondemand::object result;
        if (one.get(result))
            return failed(QStringLiteral("the answer cannot be read"), true);
        for (auto member : result) {
            std::string_view key;
            if (member.unescaped_key().get(key))
                return failed(QStringLiteral("the answer cannot be read"), true);
            if (key == "error") {
                std::string_view text;
                if (member.value().get_string().get(text))
                    text = "an error that cannot be read";
                const QString message = QString::fromUtf8(text.data(), qsizetype(text.size()));
                if (message.contains(QLatin1StringView("database not found")))
                    return rows; // made with the first write
                return failed(message, false);
            }
            if (key != "series")
                continue;
            simdjson::ondemand::array all;
            if (member.value().get(all))
                return failed(QStringLiteral("the answer cannot be read"), true);
            for (auto series_value : all) {
                simdjson::ondemand::object series;
                if (series_value.get(series))
                    return failed(QStringLiteral("the answer cannot be read"), true);
                QString exchange;
                QString pair;
                QByteArray type;
                for (auto part : series) {
                    std::string_view name;
                    if (part.unescaped_key().get(name))
                        return failed(QStringLiteral("the answer cannot be read"), true);
                    if (name == "partial")
                        return failed(QStringLiteral("the server cut the answer at its row limit"), false);
                    if (name == "tags") {
                        simdjson::ondemand::object tags;
                        if (part.value().get(tags))
                            continue;
                        for (auto tag : tags) {
                            std::string_view tag_name;
                            std::string_view tag_value;
                            if (tag.unescaped_key().get(tag_name) || tag.value().get_string().get(tag_value))
                                continue;
                            if (tag_name == "exchange")
                                exchange = QString::fromUtf8(tag_value.data(), qsizetype(tag_value.size()));
                            else if (tag_name == "pair")
                                pair = QString::fromUtf8(tag_value.data(), qsizetype(tag_value.size()));
                            else if (tag_name == "type")
                                type = bytesOf(tag_value);
                        }
                    } else if (name == "values") {
                        simdjson::ondemand::array values;
                        if (part.value().get(values))
                            return failed(QStringLiteral("the answer cannot be read"), true);
                        for (auto value_row : values) {
                            simdjson::ondemand::array cells;
                            if (value_row.get(cells))
                                return failed(QStringLiteral("the answer cannot be read"), true);
                            Row row{exchange, pair, type, {}, {}};
                            row.values.reserve(question.fields.size());
                            bool first = true;
                            for (auto cell : cells) {
                                simdjson::ondemand::value value;
                                if (cell.get(value))
                                    return failed(QStringLiteral("the answer cannot be read"), true);
                                const QByteArray text = textOf(value);
                                if (std::exchange(first, false))
                                    row.time = timeOf(text);
                                else
                                    row.values.push_back(text);
                            }
                            row.values.resize(std::max<size_t>(question.fields.size(), 1));
                            rows.push_back(std::move(row));
                        }
                    }
                }
            }
        }
    }
    return rows;
}

// --- Flux ------------------------------------------------------------------------------------------------------------

Result<std::vector<Row>> fluxRows(const QByteArray &body, const Question &question)
{
    RowMerger merger(std::max<size_t>(question.fields.size(), 1));
    const auto records = readFluxCsv(body, [&](const FluxRecord &record) {
        const auto field = std::ranges::find(question.fields, record.value("_field"));
        if (field == question.fields.end())
            return;
        const QByteArray time = record.value(question.what == What::Count ? "_stop" : "_time");
        Row &row = merger.at(QString::fromUtf8(record.value("exchange")), QString::fromUtf8(record.value("pair")),
                             record.value("type"), timeOf(time));
        row.values[size_t(field - question.fields.begin())] = record.value("_value");
    });
    if (!records)
        return records.error();
    std::vector<Row> rows = merger.take();
    if (question.what == What::Last || question.what == What::First) {
        // Each field has a newest point of its own: those at the first field's moment belong together.
        std::erase_if(rows, [](const Row &row) { return row.values.front().isEmpty(); });
    }
    std::ranges::stable_sort(
        rows, [&](const Row &a, const Row &b) { return question.newest_first ? a.time > b.time : a.time < b.time; });
    return rows;
}

// --- SQL -------------------------------------------------------------------------------------------------------------

Result<std::vector<Row>> sqlRows(const QByteArray &body, const Question &question)
{
    simdjson::ondemand::parser parser;
    const simdjson::padded_string padded(body.constData(), size_t(body.size()));
    simdjson::ondemand::document document;
    simdjson::ondemand::array all;
    if (parser.iterate(padded).get(document) || document.get_array().get(all))
        return failed(QStringLiteral("the answer is no JSON array"), true);
    std::vector<Row> rows;
    for (auto one : all) {
        simdjson::ondemand::object object;
        if (one.get(object))
            return failed(QStringLiteral("the answer cannot be read"), true);
        Row row;
        row.values.resize(std::max<size_t>(question.fields.size(), 1));
        for (auto member : object) {
            std::string_view name;
            simdjson::ondemand::value value;
            if (member.unescaped_key().get(name) || member.value().get(value))
                return failed(QStringLiteral("the answer cannot be read"), true);
            const QByteArray text = textOf(value);
            if (name == "time")
                row.time = timeOf(text);
            else if (name == "exchange")
                row.exchange = QString::fromUtf8(text);
            else if (name == "pair")
                row.pair = QString::fromUtf8(text);
            else if (name == "type")
                row.type = text;
            else if (name == "points")
                row.values.front() = text;
            else if (const auto field = std::ranges::find(question.fields, bytesOf(name));
                     field != question.fields.end())
                row.values[size_t(field - question.fields.begin())] = text;
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

} // namespace

QString influxQl(const Question &question)
{
    QStringList fields;
    for (const QByteArray &field : question.fields)
        fields.append(quoted(QString::fromLatin1(field), u'"'));
    const bool counts = isCount(question.what);
    QString text = QStringLiteral("SELECT %1 FROM %2 WHERE time >= %3ms AND time < %4ms")
                       .arg(counts ? QStringLiteral("COUNT(%1)").arg(fields.front()) : fields.join(u','),
                            quoted(question.measurement, u'"'))
                       .arg(toMs(question.span.from))
                       .arg(toMs(question.span.to));
    if (question.exchange)
        text += QStringLiteral(" AND \"exchange\" = ") + quoted(*question.exchange, u'\'');
    if (question.pair)
        text += QStringLiteral(" AND \"pair\" = ") + quoted(*question.pair, u'\'');
    if (question.impossible)
        text += QStringLiteral(" AND ") + contradictions(question, QStringLiteral("OR"), [](const char *name) {
                    return quoted(QLatin1StringView(name), u'"');
                });
    text += question.what == What::CountPerDay ? QStringLiteral(" GROUP BY time(1d),\"exchange\",\"pair\" fill(none)")
            : question.what == What::CountPerHour
                ? QStringLiteral(" GROUP BY time(1h),\"exchange\",\"pair\" fill(none)")
            : counts ? QStringLiteral(" GROUP BY \"exchange\",\"pair\"")
                     : QStringLiteral(" GROUP BY \"exchange\",\"pair\",\"type\"");
    if (counts)
        return text;
    const bool newest = question.what == What::Last || question.newest_first;
    text += newest ? QStringLiteral(" ORDER BY time DESC") : QStringLiteral(" ORDER BY time ASC");
    const qint64 limit = question.what == What::Points ? question.limit : 1;
    if (limit > 0)
        text += QStringLiteral(" LIMIT %1").arg(limit);
    return text;
}

QString flux(const config::InfluxSettings &settings, const Question &question)
{
    QStringList fields;
    const bool counts = isCount(question.what);
    const std::vector<QByteArray> compared{"open", "high", "low", "close", "volume"};
    for (const QByteArray &field : question.impossible ? compared : question.fields) {
        fields.append(QStringLiteral("r._field == ") + fluxString(QString::fromLatin1(field)));
        if (counts)
            break;
    }
    QString text = QStringLiteral("from(bucket: %1) |> range(start: %2, stop: %3) |> filter(fn: (r) => "
                                  "r._measurement == %4 and (%5)")
                       .arg(fluxString(settings.bucket), isoText(question.span.from), isoText(question.span.to),
                            fluxString(question.measurement), fields.join(QStringLiteral(" or ")));
    if (question.exchange)
        text += QStringLiteral(" and r.exchange == ") + fluxString(*question.exchange);
    if (question.pair)
        text += QStringLiteral(" and r.pair == ") + fluxString(*question.pair);
    text += u')';
    if (question.impossible)
        // Values side by side, compared, and told in the form of every other answer.
        text +=
            QStringLiteral(" |> pivot(rowKey: [\"_time\"], columnKey: [\"_field\"], valueColumn: \"_value\") |> "
                           "filter(fn: (r) => %1) |> keep(columns: [\"_time\", \"exchange\", \"pair\", \"%2\"]) |> "
                           "rename(columns: {%2: \"_value\"}) |> set(key: \"_field\", value: \"%2\")")
                .arg(contradictions(question, QStringLiteral("or"),
                                    [](const char *name) { return QStringLiteral("r.") + QLatin1StringView(name); }),
                     QString::fromLatin1(question.fields.front()));
    switch (question.what) {
    case What::Points:
        if (question.newest_first)
            text += QStringLiteral(" |> sort(columns: [\"_time\"], desc: true)");
        if (question.limit > 0)
            text += QStringLiteral(" |> limit(n: %1)").arg(question.limit);
        break;
    case What::First:
        text += QStringLiteral(" |> first()");
        break;
    case What::Last:
        text += QStringLiteral(" |> last()");
        break;
    case What::Count:
        text += QStringLiteral(" |> count()");
        break;
    case What::CountPerHour:
        text += QStringLiteral(" |> aggregateWindow(every: 1h, fn: count, createEmpty: false, timeSrc: \"_start\")");
        break;
    case What::CountPerDay:
        text += QStringLiteral(" |> aggregateWindow(every: 1d, fn: count, createEmpty: false, timeSrc: \"_start\")");
        break;
    }
    return text;
}

QString sql(const Question &question)
{
    const QString table = doubled(question.measurement, u'"');
    const QString field = doubled(QString::fromLatin1(question.fields.front()), u'"');
    QString where = QStringLiteral("time >= TIMESTAMP '%1' AND time < TIMESTAMP '%2'")
                        .arg(isoText(question.span.from), isoText(question.span.to));
    if (question.exchange)
        where += QStringLiteral(" AND exchange = ") + doubled(*question.exchange, u'\'');
    if (question.pair)
        where += QStringLiteral(" AND pair = ") + doubled(*question.pair, u'\'');
    if (question.impossible)
        where += QStringLiteral(" AND ") + contradictions(question, QStringLiteral("OR"), [](const char *name) {
                     return doubled(QLatin1StringView(name), u'"');
                 });
    // All columns: a table has only those that were ever written, and naming another is an error.
    switch (question.what) {
    case What::Points: {
        QString text = QStringLiteral("SELECT * FROM %1 WHERE %2 ORDER BY time%3")
                           .arg(table, where, question.newest_first ? QStringLiteral(" DESC") : QString());
        if (question.limit > 0)
            text += QStringLiteral(" LIMIT %1").arg(question.limit);
        return text;
    }
    case What::First:
    case What::Last:
        return QStringLiteral(
                   "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY exchange, pair ORDER BY time%1) "
                   "AS row_of_series FROM %2 WHERE %3 AND %4 IS NOT NULL) AS numbered WHERE row_of_series = 1")
            .arg(question.what == What::Last ? QStringLiteral(" DESC") : QString(), table, where, field);
    case What::Count:
        return QStringLiteral("SELECT exchange, pair, count(%1) AS points FROM %2 WHERE %3 GROUP BY exchange, pair")
            .arg(field, table, where);
    case What::CountPerDay:
    case What::CountPerHour:
        return QStringLiteral("SELECT date_bin(INTERVAL '1 %4', time, TIMESTAMP '1970-01-01T00:00:00Z') AS \"time\", "
                              "exchange, pair, count(%1) AS points FROM %2 WHERE %3 GROUP BY 1, exchange, pair")
            .arg(field, table, where,
                 question.what == What::CountPerDay ? QStringLiteral("day") : QStringLiteral("hour"));
    }
    return {};
}

net::HttpCall questionCall(Api api, const config::InfluxSettings &settings, const Question &question)
{
    net::HttpCall call;
    switch (api) {
    case Api::V1:
        call.url = endpoint(settings, QStringLiteral("/query"),
                            {{QStringLiteral("db"), settings.database},
                             {QStringLiteral("epoch"), QStringLiteral("ms")},
                             {QStringLiteral("q"), influxQl(question)}});
        break;
    case Api::V2: {
        call.method = "POST";
        call.url = endpoint(settings, QStringLiteral("/api/v2/query"), {{QStringLiteral("org"), settings.org}});
        call.headers.emplace_back("Content-Type", "application/json");
        call.headers.emplace_back("Accept", "application/csv");
        const QJsonObject dialect{
            {QStringLiteral("header"), true},
            {QStringLiteral("delimiter"), QStringLiteral(",")},
            {QStringLiteral("annotations"),
             QJsonArray{QStringLiteral("datatype"), QStringLiteral("group"), QStringLiteral("default")}},
            {QStringLiteral("dateTimeFormat"), QStringLiteral("RFC3339Nano")}};
        call.body = QJsonDocument(QJsonObject{{QStringLiteral("type"), QStringLiteral("flux")},
                                              {QStringLiteral("query"), flux(settings, question)},
                                              {QStringLiteral("dialect"), dialect}})
                        .toJson(QJsonDocument::Compact);
        break;
    }
    case Api::V3:
        call.method = "POST";
        call.url = endpoint(settings, QStringLiteral("/api/v3/query_sql"));
        call.headers.emplace_back("Content-Type", "application/json");
        call.body = QJsonDocument(QJsonObject{{QStringLiteral("db"), settings.database},
                                              {QStringLiteral("q"), sql(question)},
                                              {QStringLiteral("format"), QStringLiteral("json")}})
                        .toJson(QJsonDocument::Compact);
        break;
    }
    authorise(call, api, settings);
    return call;
}

Result<std::vector<Row>> readRows(Api api, const net::HttpAnswer &answer, const Question &question)
{
    if (answer.failure != net::HttpAnswer::Failure::None || answer.status == 0)
        return Error{answer.failure == net::HttpAnswer::Failure::Timeout ? Error::Kind::Timeout : Error::Kind::Network,
                     QStringLiteral("the database cannot be read: ") + answer.trouble, true};
    if (answer.status != 200) {
        const Reply reply = judge(answer, 0, {});
        const bool nothing = reply.text.contains(QLatin1StringView("not found")) &&
                             (api == Api::V3 ? reply.text.contains(QLatin1StringView("table")) ||
                                                   reply.text.contains(QLatin1StringView("database"))
                                             : reply.text.contains(QLatin1StringView("bucket")));
        if (nothing)
            return std::vector<Row>();
        return Error{
            reply.verdict == Verdict::NotAllowed   ? Error::Kind::Refused
            : reply.verdict == Verdict::WrongPlace ? Error::Kind::Config // as wrong as a wrong token, and as curable
                                                   : Error::Kind::Remote,
            QStringLiteral("the database cannot be read: %1 %2%3")
                .arg(answer.status)
                .arg(reply.text, reply.advice.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(reply.advice)),
            answer.status >= 500 || answer.status == 429};
    }
    switch (api) {
    case Api::V1:
        return influxQlRows(answer.body, question);
    case Api::V2:
        return fluxRows(answer.body, question);
    case Api::V3:
        return sqlRows(answer.body, question);
    }
    return std::vector<Row>();
}

} // namespace tk::store::influx
