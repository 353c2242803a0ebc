#include "store/influx/influx_reader.h"

#include "store/run_set.h"

#include <algorithm>
#include <map>
#include <set>

namespace tk::store::influx {

namespace {

constexpr qint64 pageRows = 10'000; // 1.x calls a longer answer partial, even a whole one (seen on 1.6.7)
constexpr milliseconds futureSlack = std::chrono::hours(24);

QString candleTable(Timeframe timeframe)
{
    return QStringLiteral("ohlcv_") + timeframeText(timeframe);
}

const std::vector<QByteArray> &candleFields()
{
    static const std::vector<QByteArray> fields{"close",  "open",         "high",   "low",
                                                "volume", "quote_volume", "trades", "source"};
    return fields;
}

DecimalText decimal(const QByteArray &text)
{
    return DecimalText::from({text.constData(), size_t(text.size())}).value_or(DecimalText());
}

Candle candleOf(const Row &row)
{
    Candle candle;
    candle.open_time = row.time;
    candle.close = decimal(row.values[0]);
    candle.open = decimal(row.values[1]);
    candle.high = decimal(row.values[2]);
    candle.low = decimal(row.values[3]);
    candle.volume = decimal(row.values[4]);
    candle.quote_volume = decimal(row.values[5]);
    candle.trades = qint64(row.values[6].toDouble());
    // Written by another program: it has no source, and history is what can be said of it.
    candle.source =
        sourceFromName({row.values[7].constData(), size_t(row.values[7].size())}).value_or(CandleSource::History);
    return candle;
}

FundingPoint fundingOf(const Row &row)
{
    FundingPoint point{.exchange = row.exchange, .pair = row.pair, .time = row.time, .rate = {}, .predicted_rate = {}};
    point.rate = decimal(row.values[0]);
    point.special = row.type == "special";
    return point;
}

MarkPoint markOf(const Row &row)
{
    return {row.exchange, row.pair, row.time, decimal(row.values[0]), decimal(row.values[1])};
}

} // namespace

QString measurementOf(const StreamKey &stream)
{
    if (stream.kind == StreamKind::Candles)
        return candleTable(stream.timeframe);
    if (stream.kind == StreamKind::MarkCandles)
        return QStringLiteral("mark_ohlcv_") + timeframeText(stream.timeframe);
    const std::string_view name = streamKindName(stream.kind);
    return QString::fromLatin1(name.data(), qsizetype(name.size()));
}

QByteArray fieldOf(const StreamKey &stream)
{
    switch (stream.kind) {
    case StreamKind::Candles:
    case StreamKind::MarkCandles:
        return "close";
    case StreamKind::MarkPrice:
        return "price";
    case StreamKind::FundingRate:
        return "rate";
    default:
        return "payload";
    }
}

InfluxReader::InfluxReader(config::InfluxSettings settings, std::function<UtcTime()> now, const std::atomic<bool> *stop)
    : m_settings(std::move(settings))
    , m_now(std::move(now))
    , m_stop(stop)
    , m_http({.timeout = m_settings.timeout, .ca_file = m_settings.tls_ca_file})
    , m_api(configuredApi(m_settings))
{}

Result<Api> InfluxReader::connect()
{
    if (!m_api) {
        const auto api = recognise(m_http.send(pingCall(m_settings), m_stop), m_settings);
        if (!api)
            return Error{api.error().kind,
                         QStringLiteral("the database at %1 cannot be read: %2")
                             .arg(m_settings.url.toDisplayString(QUrl::RemoveUserInfo), api.error().message),
                         true};
        m_api = *api;
    }
    return *m_api;
}

Result<std::vector<Row>> InfluxReader::ask(const Question &question)
{
    const auto api = connect();
    if (!api)
        return api.error();
    return readRows(*api, m_http.send(questionCall(*api, m_settings, question), m_stop), question);
}

Status InfluxReader::eachPage(Question question, const std::function<void(const Row &)> &take)
{
    question.limit = pageRows;
    for (;;) {
        const auto rows = ask(question);
        if (!rows)
            return rows.error();
        std::map<std::pair<QString, QByteArray>, qint64> of_series;
        UtcTime last = question.span.from;
        for (const Row &row : *rows) {
            take(row);
            ++of_series[{row.exchange + row.pair, row.type}];
            last = std::max(last, row.time);
        }
        const bool full = std::ranges::any_of(of_series, [](const auto &series) { return series.second >= pageRows; });
        if (!full)
            return ok();
        question.span.from = last + milliseconds(1);
    }
}

TimeSpan InfluxReader::everything() const
{
    return {fromMs(0), m_now() + futureSlack};
}

Result<std::vector<Candle>> InfluxReader::candles(const SeriesKey &series, TimeSpan span, std::optional<qint64> limit)
{
    Question question{.measurement = candleTable(series.timeframe),
                      .fields = candleFields(),
                      .exchange = series.exchange,
                      .pair = series.pair,
                      .span = {std::max(span.from, fromMs(0)), std::min(span.to, everything().to)}};
    std::vector<Candle> candles;
    if (question.span.from >= question.span.to)
        return candles;
    const auto take = [&](const Row &row) {
        if (candleOpen(series.timeframe, row.time) != row.time || row.values[0].isEmpty())
            return; // no candle of ours at all
        if (Candle candle = candleOf(row); isSound(series, candle, false))
            candles.push_back(std::move(candle));
    };
    if (!limit) {
        if (const Status read = eachPage(question, take); !read)
            return read.error();
        return candles;
    }
    question.newest_first = true;
    while (qint64(candles.size()) < *limit && question.span.from < question.span.to) {
        question.limit = std::min(pageRows, *limit - qint64(candles.size()));
        const auto rows = ask(question);
        if (!rows)
            return rows.error();
        for (const Row &row : *rows)
            take(row);
        if (qint64(rows->size()) < question.limit)
            break;
        question.span.to = rows->back().time;
    }
    std::ranges::reverse(candles);
    return candles;
}

Result<std::optional<UtcTime>> InfluxReader::edge(const SeriesKey &series, Question::What what)
{
    const auto rows = ask({.what = what,
                           .measurement = candleTable(series.timeframe),
                           .fields = {"close"},
                           .exchange = series.exchange,
                           .pair = series.pair,
                           .span = everything()});
    if (!rows)
        return rows.error();
    if (rows->empty())
        return std::optional<UtcTime>();
    return std::optional(rows->front().time);
}

Result<std::optional<UtcTime>> InfluxReader::lastTime(const SeriesKey &series)
{
    return edge(series, Question::What::Last);
}

Result<std::optional<UtcTime>> InfluxReader::firstTime(const SeriesKey &series)
{
    return edge(series, Question::What::First);
}

Result<std::vector<UtcTime>> InfluxReader::times(const StreamKey &stream, TimeSpan span, QByteArray field)
{
    std::vector<UtcTime> times;
    const Status read = eachPage({.measurement = measurementOf(stream),
                                  .fields = {field.isEmpty() ? fieldOf(stream) : std::move(field)},
                                  .exchange = stream.exchange,
                                  .pair = stream.pair,
                                  .span = span},
                                 [&](const Row &row) {
                                     if (!row.values[0].isEmpty())
                                         times.push_back(row.time);
                                 });
    if (!read)
        return read.error();
    return times;
}

Result<std::vector<TimeSpan>> InfluxReader::holes(const SeriesKey &series, TimeSpan span)
{
    const auto found = times({series.exchange, series.pair, StreamKind::Candles, series.timeframe}, span);
    if (!found)
        return found.error();
    RunSet present(series.timeframe);
    for (const UtcTime time : *found)
        present.add(time);
    if (const Status sound =
            removeImpossible({series.exchange, series.pair, StreamKind::Candles, series.timeframe}, span, present);
        !sound)
        return sound.error();
    UtcTime from = candleOpen(series.timeframe, span.from);
    if (from < span.from)
        from = nextCandleOpen(series.timeframe, from);
    return present.holes({from, span.to});
}

Result<std::vector<SeriesEdge>> InfluxReader::edgesOf(StreamKind kind, Timeframe timeframe)
{
    Edges series;
    for (const auto what : {Question::What::Last, Question::What::First}) {
        const auto rows = ask({.what = what,
                               .measurement = measurementOf({{}, {}, kind, timeframe}),
                               .fields = {"close"},
                               .span = everything()});
        if (!rows)
            return rows.error();
        for (const Row &row : *rows) {
            SeriesEdge &edge = series[{row.exchange, row.pair}];
            edge.series = {row.exchange, row.pair, timeframe};
            (what == Question::What::First ? edge.first : edge.last) = row.time;
        }
        if (rows->empty())
            break; // no such measurement
    }
    if (kind == StreamKind::Candles && !series.empty()) {
        if (const Status kept = keepToCandles(timeframe, series); !kept)
            return kept.error();
    }
    std::vector<SeriesEdge> edges;
    for (auto &one : series)
        edges.push_back(std::move(one.second));
    return edges;
}

// Other programs write into our measurements, too: what lies beside the grid, or lacks a price or the volume, is no
// candle and no end of a series. Only series where that may be are looked at one by one.
Status InfluxReader::keepToCandles(Timeframe timeframe, Edges &edges)
{
    std::set<std::pair<QString, QString>> doubtful;
    for (const auto &[name, edge] : edges) {
        if (candleOpen(timeframe, edge.first) != edge.first || candleOpen(timeframe, edge.last) != edge.last)
            doubtful.insert(name);
    }
    for (const auto what : {Question::What::First, Question::What::Last}) {
        for (const char *field : {"open", "volume"}) {
            const auto rows =
                ask({.what = what, .measurement = candleTable(timeframe), .fields = {field}, .span = everything()});
            if (!rows)
                return rows.error();
            std::map<std::pair<QString, QString>, UtcTime> ends;
            for (const Row &row : *rows)
                ends[{row.exchange, row.pair}] = row.time;
            for (const auto &[name, edge] : edges) {
                const auto end = ends.find(name);
                const UtcTime closes = what == Question::What::First ? edge.first : edge.last;
                if (end == ends.end() || end->second != closes)
                    doubtful.insert(name);
            }
        }
    }
    for (const auto &name : doubtful) {
        SeriesEdge &edge = edges[name];
        const auto first = firstCandle(edge.series);
        const auto last = candles(edge.series, everything(), 1);
        if (!first || !last)
            return !first ? first.error() : last.error();
        if (!first->has_value() || last->empty()) {
            edges.erase(name);
            continue;
        }
        edge.first = **first;
        edge.last = last->front().open_time;
    }
    return ok();
}

Result<std::optional<UtcTime>> InfluxReader::firstCandle(const SeriesKey &series)
{
    constexpr qint64 few = 100;
    Question question{.measurement = candleTable(series.timeframe),
                      .fields = candleFields(),
                      .exchange = series.exchange,
                      .pair = series.pair,
                      .span = everything(),
                      .limit = few};
    for (;;) {
        const auto rows = ask(question);
        if (!rows)
            return rows.error();
        for (const Row &row : *rows) {
            if (candleOpen(series.timeframe, row.time) == row.time && !row.values[0].isEmpty() &&
                isSound(series, candleOf(row), false))
                return std::optional(row.time);
        }
        if (qint64(rows->size()) < few)
            return std::optional<UtcTime>();
        question.span.from = rows->back().time + milliseconds(1);
    }
}

Result<std::vector<SeriesEdge>> InfluxReader::candleEdges()
{
    std::vector<SeriesEdge> edges;
    for (const Timeframe timeframe : allTimeframes) {
        const auto some = edgesOf(StreamKind::Candles, timeframe);
        if (!some)
            return some.error();
        edges.insert(edges.end(), some->begin(), some->end());
    }
    return edges;
}

Result<std::vector<SeriesEdge>> InfluxReader::markCandleEdges()
{
    return edgesOf(StreamKind::MarkCandles, Timeframe::H1);
}

Result<std::vector<SeriesSummary>> InfluxReader::candleSeries()
{
    std::vector<SeriesSummary> summaries;
    for (const Timeframe timeframe : allTimeframes) {
        const auto edges = edgesOf(StreamKind::Candles, timeframe);
        if (!edges)
            return edges.error();
        if (edges->empty())
            continue;
        const auto rows = ask({.what = Question::What::Count,
                               .measurement = candleTable(timeframe),
                               .fields = {"close"},
                               .span = everything()});
        if (!rows)
            return rows.error();
        std::map<std::pair<QString, QString>, qint64> counts; // by exchange and pair
        for (const Row &row : *rows)
            counts[{row.exchange, row.pair}] += row.values[0].toLongLong();
        for (const SeriesEdge &edge : *edges)
            summaries.push_back({.series = edge.series,
                                 .first = edge.first,
                                 .last = edge.last,
                                 .count = counts[{edge.series.exchange, edge.series.pair}]});
    }
    return summaries;
}

Result<std::vector<FundingState>> InfluxReader::fundingNow(std::optional<QString> pair)
{
    std::map<std::pair<QString, QString>, FundingState> states;
    for (const bool settled : {true, false}) {
        const auto rows = ask({.what = Question::What::Last,
                               .measurement = QStringLiteral("funding_rate"),
                               .fields = settled ? std::vector<QByteArray>{"rate"}
                                                 : std::vector<QByteArray>{"predicted_rate", "next_funding"},
                               .pair = pair,
                               .span = everything()});
        if (!rows)
            return rows.error();
        for (const Row &row : *rows) {
            FundingPoint point = fundingOf(row);
            if (!settled) {
                std::swap(point.rate, point.predicted_rate);
                point.next_funding = fromMs(qint64(row.values[1].toDouble()));
            }
            std::optional<FundingPoint> &newest =
                settled ? states[{row.pair, row.exchange}].settled : states[{row.pair, row.exchange}].predicted;
            if (!newest || newest->time < point.time) // a special rate may be newer than the regular one
                newest = std::move(point);
        }
    }
    std::vector<FundingState> sorted;
    for (auto &state : states)
        sorted.push_back(std::move(state.second));
    return sorted;
}

Result<std::vector<MarkPoint>> InfluxReader::marksNow(std::optional<QString> pair)
{
    const auto rows = ask({.what = Question::What::Last,
                           .measurement = QStringLiteral("mark_price"),
                           .fields = {"price", "index_price"},
                           .pair = pair,
                           .span = everything()});
    if (!rows)
        return rows.error();
    std::vector<MarkPoint> marks;
    for (const Row &row : *rows)
        marks.push_back(markOf(row));
    std::ranges::sort(marks, {}, &MarkPoint::pair);
    return marks;
}

Result<std::vector<FundingPoint>> InfluxReader::fundingHistory(const QString &exchange, const QString &pair,
                                                               TimeSpan span)
{
    std::vector<FundingPoint> points;
    const Status read = eachPage({.measurement = QStringLiteral("funding_rate"),
                                  .fields = {"rate"},
                                  .exchange = exchange,
                                  .pair = pair,
                                  .span = span},
                                 [&](const Row &row) {
                                     if (!row.values[0].isEmpty())
                                         points.push_back(fundingOf(row));
                                 });
    if (!read)
        return read.error();
    std::ranges::stable_sort(points, {}, &FundingPoint::time); // regular and special ones are two series
    return points;
}

Result<std::optional<UtcTime>> InfluxReader::firstMark(const QString &exchange, const QString &pair)
{
    const auto rows = ask({.what = Question::What::First,
                           .measurement = QStringLiteral("mark_price"),
                           .fields = {"price"},
                           .exchange = exchange,
                           .pair = pair,
                           .span = everything()});
    if (!rows)
        return rows.error();
    if (rows->empty())
        return std::optional<UtcTime>();
    return std::optional(rows->front().time);
}

Result<std::vector<MarkPoint>> InfluxReader::markHistory(const QString &exchange, const QString &pair, TimeSpan span)
{
    std::vector<MarkPoint> marks;
    const Status read = eachPage({.measurement = QStringLiteral("mark_price"),
                                  .fields = {"price", "index_price"},
                                  .exchange = exchange,
                                  .pair = pair,
                                  .span = span},
                                 [&](const Row &row) { marks.push_back(markOf(row)); });
    if (!read)
        return read.error();
    return marks;
}

Result<qint64> InfluxReader::tickCount(const QString &exchange, const QString &pair, const QString &kind, TimeSpan span)
{
    const auto rows = ask({.what = Question::What::Count,
                           .measurement = kind,
                           .fields = {"payload"},
                           .exchange = exchange,
                           .pair = pair,
                           .span = span});
    if (!rows)
        return rows.error();
    qint64 count = 0;
    for (const Row &row : *rows)
        count += row.values[0].toLongLong();
    return count;
}

Result<std::vector<TimeSpan>> InfluxReader::markCandleHoles(const SeriesKey &series, TimeSpan span)
{
    const auto found = times({series.exchange, series.pair, StreamKind::MarkCandles, series.timeframe}, span);
    if (!found)
        return found.error();
    RunSet present(series.timeframe);
    for (const UtcTime time : *found)
        present.add(time);
    if (const Status sound =
            removeImpossible({series.exchange, series.pair, StreamKind::MarkCandles, series.timeframe}, span, present);
        !sound)
        return sound.error();
    return present.holes(span);
}

Result<std::vector<Candle>> InfluxReader::markCandles(const SeriesKey &series, TimeSpan span)
{
    std::vector<Candle> candles;
    const Status read = eachPage({.measurement = measurementOf({{}, {}, StreamKind::MarkCandles, series.timeframe}),
                                  .fields = {"close", "open", "high", "low"},
                                  .exchange = series.exchange,
                                  .pair = series.pair,
                                  .span = span},
                                 [&](const Row &row) {
                                     if (candleOpen(series.timeframe, row.time) != row.time || row.values[0].isEmpty())
                                         return;
                                     Candle candle;
                                     candle.open_time = row.time;
                                     candle.close = decimal(row.values[0]);
                                     candle.open = decimal(row.values[1]);
                                     candle.high = decimal(row.values[2]);
                                     candle.low = decimal(row.values[3]);
                                     candle.source = CandleSource::History;
                                     if (isSound(series, candle, true))
                                         candles.push_back(candle);
                                 });
    if (!read)
        return read.error();
    return candles;
}

} // namespace tk::store::influx
