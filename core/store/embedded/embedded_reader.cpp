#include "store/embedded/embedded_reader.h"

#include "store/embedded/schema.h"

#include <QFileInfo>

#include <algorithm>

namespace tk::store {

namespace {

DecimalText decimal(const Statement &row, int column)
{
    return DecimalText::from(row.text(column)).value_or(DecimalText());
}

// Calls `take` for each row.
template <typename F>
Status eachRow(Statement &statement, F &&take)
{
    while (true) {
        const Result<bool> row = statement.step();
        if (!row)
            return row.error();
        if (!*row)
            return ok();
        take(statement);
    }
}

} // namespace

struct EmbeddedReader::Session
{
    explicit Session(Database opened)
        : database(std::move(opened))
        , findSeries(database.prepare("SELECT id FROM series WHERE measurement=?1 AND exchange=?2 AND pair=?3"))
        , allSeries(database.prepare("SELECT id, exchange, pair, measurement FROM series WHERE measurement GLOB ?1 "
                                     "AND (?2 IS NULL OR pair=?2) ORDER BY pair, exchange, id"))
        , candles(database.prepare("SELECT t, open, high, low, close, volume, quote_volume, trades, source FROM ohlcv "
                                   "WHERE series=?1 AND t>=?2 AND t<?3 ORDER BY t DESC LIMIT ?4"))
        // Of candles that can be (market/candle_check): others are as good as missing.
        , times(database.prepare("SELECT t FROM ohlcv WHERE series=?1 AND t>=?2 AND t<?3 "
                                 "AND max(CAST(open AS REAL), CAST(close AS REAL)) <= CAST(high AS REAL) "
                                 "AND min(CAST(open AS REAL), CAST(close AS REAL)) >= CAST(low AS REAL) "
                                 "AND CAST(low AS REAL) >= 0 AND CAST(volume AS REAL) >= 0 "
                                 "AND coalesce(CAST(quote_volume AS REAL), 0) >= 0 AND trades >= 0 ORDER BY t"))
        , first(database.prepare("SELECT t FROM ohlcv WHERE series=?1 ORDER BY t LIMIT 1"))
        , last(database.prepare("SELECT t FROM ohlcv WHERE series=?1 ORDER BY t DESC LIMIT 1"))
        , count(database.prepare("SELECT count(*) FROM ohlcv WHERE series=?1"))
        , settled(database.prepare("SELECT t, special, rate, predicted_rate, next_funding FROM funding_rate WHERE "
                                   "series=?1 AND rate IS NOT NULL ORDER BY t DESC, special LIMIT 1"))
        , predicted(database.prepare("SELECT t, special, rate, predicted_rate, next_funding FROM funding_rate WHERE "
                                     "series=?1 AND predicted_rate IS NOT NULL ORDER BY t DESC, special LIMIT 1"))
        , funding(database.prepare("SELECT t, special, rate, predicted_rate, next_funding FROM funding_rate WHERE "
                                   "series=?1 AND rate IS NOT NULL AND t>=?2 AND t<?3 ORDER BY t, special"))
        , marks(database.prepare("SELECT t, price, index_price FROM mark_price WHERE series=?1 AND t>=?2 AND t<?3 "
                                 "ORDER BY t"))
        , newestMark(database.prepare("SELECT t, price, index_price FROM mark_price WHERE series=?1 ORDER BY t DESC "
                                      "LIMIT 1"))
        , firstMark(database.prepare("SELECT t FROM mark_price WHERE series=?1 ORDER BY t LIMIT 1"))
        , ticks(database.prepare("SELECT count(*) FROM ticks WHERE series=?1 AND t>=?2 AND t<?3"))
    {}

    Database database; // before its statements
    Statement findSeries, allSeries;
    Statement candles, times, first, last, count;
    Statement settled, predicted, funding;
    Statement marks, newestMark, firstMark, ticks;
};

namespace {

FundingPoint fundingPoint(const Statement &row, const QString &exchange, const QString &pair)
{
    FundingPoint point;
    point.exchange = exchange;
    point.pair = pair;
    point.time = fromMs(row.integer(0));
    point.special = row.integer(1) != 0;
    point.rate = decimal(row, 2);
    point.predicted_rate = decimal(row, 3);
    point.next_funding = fromMs(row.integer(4));
    return point;
}

MarkPoint markPoint(const Statement &row, const QString &exchange, const QString &pair)
{
    return MarkPoint{exchange, pair, fromMs(row.integer(0)), decimal(row, 1), decimal(row, 2)};
}

} // namespace

EmbeddedReader::EmbeddedReader(std::shared_ptr<EmbeddedShared> shared)
    : m_shared(std::move(shared))
{
    m_shared->enter(this, [this] { m_session.reset(); });
}

EmbeddedReader::~EmbeddedReader()
{
    const std::shared_lock held(m_shared->access);
    m_shared->leave(this);
}

Status EmbeddedReader::open()
{
    const std::shared_lock held(m_shared->access);
    return openHeld();
}

Status EmbeddedReader::openHeld()
{
    m_session.reset();
    const QString &file = m_shared->file;
    if (!QFileInfo::exists(file))
        return Error{Error::Kind::Storage,
                     QStringLiteral("there is no store at %1 yet: start the engine once, or check data_dir").arg(file),
                     true};
    Result<Database> opened = Database::open(file, Database::Mode::ReadOnly, m_shared->options.busyTimeout);
    if (!opened)
        return opened.error();
    Database &database = opened.value();
    const Result<qint64> application = database.integer("PRAGMA application_id");
    const Result<qint64> version = application ? database.integer("PRAGMA user_version") : application.error();
    if (!version) {
        if (database.isCorrupt())
            m_shared->damageSeen = true;
        return version.error();
    }
    if (*version == 0)
        return Error{Error::Kind::Storage, QStringLiteral("the store %1 is empty: start the engine once").arg(file),
                     true};
    if (*application != storeApplicationId || *version != storeVersion)
        return Error{Error::Kind::Config,
                     QStringLiteral("%1 is not a store this program can read (version %2, known is "
                                    "%3): use the program that wrote it")
                         .arg(file)
                         .arg(*version)
                         .arg(storeVersion)};
    m_session = std::make_unique<Session>(std::move(opened).value());
    return ok();
}

template <typename F>
auto EmbeddedReader::guarded(F &&query) -> decltype(query())
{
    const std::shared_lock held(m_shared->access);
    if (!m_session || m_session->database.wasReplaced()) {
        if (Status opened = openHeld(); !opened)
            return opened.error();
    }
    auto result = query();
    if (!result && m_session->database.isCorrupt())
        m_shared->damageSeen = true;
    return result;
}

Result<std::optional<qint64>> EmbeddedReader::seriesId(const QString &measurement, const QString &exchange,
                                                       const QString &pair)
{
    Statement &find = m_session->findSeries;
    const Result<bool> row = find.bind(1, measurement).bind(2, exchange).bind(3, pair).step();
    if (!row)
        return row.error();
    if (!*row)
        return std::optional<qint64>();
    const qint64 id = find.integer(0);
    find.reset();
    return std::optional(id);
}

Result<std::vector<EmbeddedReader::Series>> EmbeddedReader::seriesOf(std::string_view measurementPattern,
                                                                     const std::optional<QString> &pair)
{
    std::vector<Series> all;
    Statement &query = m_session->allSeries;
    query.bind(1, measurementPattern);
    if (pair)
        query.bind(2, *pair);
    else
        query.bindNull(2);
    const Status read = eachRow(query, [&](const Statement &row) {
        all.push_back(Series{row.integer(0), row.string(1), row.string(2), row.string(3)});
    });
    if (!read)
        return read.error();
    return all;
}

Result<std::vector<Candle>> EmbeddedReader::candles(const SeriesKey &series, TimeSpan span, std::optional<qint64> limit)
{
    return candlesOf(candleMeasurement(series.timeframe), series, span, limit);
}

Result<std::vector<Candle>> EmbeddedReader::markCandles(const SeriesKey &series, TimeSpan span)
{
    return candlesOf(markCandleMeasurement(series.timeframe), series, span, std::nullopt);
}

Result<std::vector<TimeSpan>> EmbeddedReader::holes(const SeriesKey &series, TimeSpan span)
{
    return holesOf(candleMeasurement(series.timeframe), series, span);
}

Result<std::vector<TimeSpan>> EmbeddedReader::markCandleHoles(const SeriesKey &series, TimeSpan span)
{
    return holesOf(markCandleMeasurement(series.timeframe), series, span);
}

Result<std::vector<Candle>> EmbeddedReader::candlesOf(const QString &measurement, const SeriesKey &series,
                                                      TimeSpan span, std::optional<qint64> limit)
{
    return guarded([&]() -> Result<std::vector<Candle>> {
        std::vector<Candle> candles;
        const auto id = seriesId(measurement, series.exchange, series.pair);
        if (!id)
            return id.error();
        if (!*id || (limit && *limit <= 0))
            return candles;
        Statement &query = m_session->candles;
        query.bind(1, **id).bind(2, toMs(span.from)).bind(3, toMs(span.to)).bind(4, limit.value_or(-1));
        const bool marks = measurement != candleMeasurement(series.timeframe);
        const Status read = eachRow(query, [&](const Statement &row) {
            Candle candle;
            candle.open_time = fromMs(row.integer(0));
            candle.open = decimal(row, 1);
            candle.high = decimal(row, 2);
            candle.low = decimal(row, 3);
            candle.close = decimal(row, 4);
            candle.volume = decimal(row, 5);
            candle.quote_volume = decimal(row, 6);
            candle.trades = row.integer(7);
            candle.source = CandleSource(std::clamp<qint64>(row.integer(8), 0, 2));
            if (isSound(series, candle, marks))
                candles.push_back(candle);
        });
        if (!read)
            return read.error();
        std::reverse(candles.begin(), candles.end());
        return candles;
    });
}

Result<std::optional<UtcTime>> EmbeddedReader::edgeTime(const SeriesKey &series, Statement &query)
{
    const auto id = seriesId(candleMeasurement(series.timeframe), series.exchange, series.pair);
    if (!id)
        return id.error();
    std::optional<UtcTime> time;
    if (!*id)
        return time;
    const Status read = eachRow(query.bind(1, **id), [&](const Statement &row) { time = fromMs(row.integer(0)); });
    if (!read)
        return read.error();
    return time;
}

Result<std::optional<UtcTime>> EmbeddedReader::lastTime(const SeriesKey &series)
{
    return guarded([&] { return edgeTime(series, m_session->last); });
}

Result<std::optional<UtcTime>> EmbeddedReader::firstTime(const SeriesKey &series)
{
    return guarded([&] { return edgeTime(series, m_session->first); });
}

Result<std::vector<TimeSpan>> EmbeddedReader::holesOf(const QString &measurement, const SeriesKey &series,
                                                      TimeSpan span)
{
    return guarded([&]() -> Result<std::vector<TimeSpan>> {
        const Timeframe timeframe = series.timeframe;
        std::vector<TimeSpan> holes;
        UtcTime expected = candleOpen(timeframe, span.from);
        if (expected < span.from)
            expected = nextCandleOpen(timeframe, expected);
        const auto id = seriesId(measurement, series.exchange, series.pair);
        if (!id)
            return id.error();
        if (*id) {
            // An ordered scan of the times alone: the grid of months is not SQL's business.
            Statement &query = m_session->times;
            query.bind(1, **id).bind(2, toMs(expected)).bind(3, toMs(span.to));
            const Status read = eachRow(query, [&](const Statement &row) {
                const UtcTime time = fromMs(row.integer(0));
                if (time < expected || candleOpen(timeframe, time) != time)
                    return; // beside the grid: fills nothing
                if (time > expected)
                    holes.push_back({expected, time});
                expected = nextCandleOpen(timeframe, time);
            });
            if (!read)
                return read.error();
        }
        if (expected < span.to)
            holes.push_back({expected, span.to});
        return holes;
    });
}

Result<std::vector<SeriesSummary>> EmbeddedReader::candleSeries()
{
    return guarded([&]() -> Result<std::vector<SeriesSummary>> {
        const auto all = seriesOf("ohlcv_*", {});
        if (!all)
            return all.error();
        std::vector<SeriesSummary> summaries;
        for (const Series &series : *all) {
            const auto timeframe = timeframeFromName(series.measurement.mid(6).toStdString());
            if (!timeframe)
                continue;
            SeriesSummary summary{SeriesKey{series.exchange, series.pair, *timeframe}, {}, {}, 0};
            const auto read = [&](Statement &query, auto &&take) { return eachRow(query.bind(1, series.id), take); };
            Status done = read(m_session->first, [&](const Statement &row) { summary.first = fromMs(row.integer(0)); });
            if (done)
                done = read(m_session->last, [&](const Statement &row) { summary.last = fromMs(row.integer(0)); });
            if (done)
                done = read(m_session->count, [&](const Statement &row) { summary.count = row.integer(0); });
            if (!done)
                return done.error();
            if (summary.count > 0)
                summaries.push_back(summary);
        }
        return summaries;
    });
}

Result<std::vector<SeriesEdge>> EmbeddedReader::candleEdges()
{
    return edgesOf("ohlcv_");
}

Result<std::vector<SeriesEdge>> EmbeddedReader::markCandleEdges()
{
    return edgesOf("mark_ohlcv_");
}

Result<std::vector<SeriesEdge>> EmbeddedReader::edgesOf(const std::string &prefix)
{
    return guarded([&]() -> Result<std::vector<SeriesEdge>> {
        const auto all = seriesOf(prefix + '*', {});
        if (!all)
            return all.error();
        std::vector<SeriesEdge> edges;
        for (const Series &series : *all) {
            const auto timeframe = timeframeFromName(series.measurement.mid(qsizetype(prefix.size())).toStdString());
            if (!timeframe)
                continue;
            SeriesEdge edge{SeriesKey{series.exchange, series.pair, *timeframe}, {}, {}};
            bool any = false;
            Status done = eachRow(m_session->first.bind(1, series.id), [&](const Statement &row) {
                edge.first = fromMs(row.integer(0));
                any = true;
            });
            if (done)
                done = eachRow(m_session->last.bind(1, series.id),
                               [&](const Statement &row) { edge.last = fromMs(row.integer(0)); });
            if (!done)
                return done.error();
            if (any)
                edges.push_back(edge);
        }
        return edges;
    });
}

Result<std::optional<FundingPoint>> EmbeddedReader::newestFunding(const Series &series, Statement &query)
{
    std::optional<FundingPoint> point;
    const Status read = eachRow(query.bind(1, series.id),
                                [&](const Statement &row) { point = fundingPoint(row, series.exchange, series.pair); });
    if (!read)
        return read.error();
    return point;
}

Result<std::vector<FundingState>> EmbeddedReader::fundingNow(std::optional<QString> pair)
{
    return guarded([&]() -> Result<std::vector<FundingState>> {
        const auto all = seriesOf("funding_rate", pair);
        if (!all)
            return all.error();
        std::vector<FundingState> states;
        for (const Series &series : *all) {
            const auto settled = newestFunding(series, m_session->settled);
            if (!settled)
                return settled.error();
            const auto predicted = newestFunding(series, m_session->predicted);
            if (!predicted)
                return predicted.error();
            if (*settled || *predicted)
                states.push_back({*settled, *predicted});
        }
        return states;
    });
}

Result<std::vector<MarkPoint>> EmbeddedReader::marksNow(std::optional<QString> pair)
{
    return guarded([&]() -> Result<std::vector<MarkPoint>> {
        const auto all = seriesOf("mark_price", pair);
        if (!all)
            return all.error();
        std::vector<MarkPoint> marks;
        for (const Series &series : *all) {
            const Status read = eachRow(m_session->newestMark.bind(1, series.id), [&](const Statement &row) {
                marks.push_back(markPoint(row, series.exchange, series.pair));
            });
            if (!read)
                return read.error();
        }
        return marks;
    });
}

Result<std::vector<FundingPoint>> EmbeddedReader::fundingHistory(const QString &exchange, const QString &pair,
                                                                 TimeSpan span)
{
    return guarded([&]() -> Result<std::vector<FundingPoint>> {
        std::vector<FundingPoint> points;
        const auto id = seriesId(QStringLiteral("funding_rate"), exchange, pair);
        if (!id)
            return id.error();
        if (!*id)
            return points;
        Statement &query = m_session->funding;
        query.bind(1, **id).bind(2, toMs(span.from)).bind(3, toMs(span.to));
        const Status read =
            eachRow(query, [&](const Statement &row) { points.push_back(fundingPoint(row, exchange, pair)); });
        if (!read)
            return read.error();
        return points;
    });
}

Result<std::optional<UtcTime>> EmbeddedReader::firstMark(const QString &exchange, const QString &pair)
{
    return guarded([&]() -> Result<std::optional<UtcTime>> {
        std::optional<UtcTime> time;
        const auto id = seriesId(QStringLiteral("mark_price"), exchange, pair);
        if (!id)
            return id.error();
        if (!*id)
            return time;
        const Status read =
            eachRow(m_session->firstMark.bind(1, **id), [&](const Statement &row) { time = fromMs(row.integer(0)); });
        if (!read)
            return read.error();
        return time;
    });
}

Result<std::vector<MarkPoint>> EmbeddedReader::markHistory(const QString &exchange, const QString &pair, TimeSpan span)
{
    return guarded([&]() -> Result<std::vector<MarkPoint>> {
        std::vector<MarkPoint> points;
        const auto id = seriesId(QStringLiteral("mark_price"), exchange, pair);
        if (!id)
            return id.error();
        if (!*id)
            return points;
        Statement &query = m_session->marks;
        query.bind(1, **id).bind(2, toMs(span.from)).bind(3, toMs(span.to));
        const Status read =
            eachRow(query, [&](const Statement &row) { points.push_back(markPoint(row, exchange, pair)); });
        if (!read)
            return read.error();
        return points;
    });
}

Result<qint64> EmbeddedReader::tickCount(const QString &exchange, const QString &pair, const QString &kind,
                                         TimeSpan span)
{
    return guarded([&]() -> Result<qint64> {
        const auto id = seriesId(kind, exchange, pair);
        if (!id)
            return id.error();
        qint64 count = 0;
        if (!*id)
            return count;
        Statement &query = m_session->ticks;
        query.bind(1, **id).bind(2, toMs(span.from)).bind(3, toMs(span.to));
        const Status read = eachRow(query, [&](const Statement &row) { count = row.integer(0); });
        if (!read)
            return read.error();
        return count;
    });
}

} // namespace tk::store
