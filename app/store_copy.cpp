#include "app/store_copy.h"

#include "app/copy_target.h"
#include "store/embedded/embedded_store.h"
#include "store/influx/influx_reader.h"
#include "store/influx/shard_week.h"
#include "store/run_set.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace tk::app {

using store::influx::InfluxReader;
using store::influx::shardWeek;
using store::influx::spanOfWeek;

namespace {

constexpr size_t recordsAtOnce = 5'000; // about a megabyte of lines, or one transaction
constexpr milliseconds oneDay = std::chrono::hours(24);

Error cancelled()
{
    return Error{Error::Kind::Cancelled, QStringLiteral("interrupted; what was copied is kept, and copying it again "
                                                        "changes nothing: the same command goes on from here")};
}

TimeSpan common(TimeSpan a, TimeSpan b)
{
    return {std::max(a.from, b.from), std::min(a.to, b.to)};
}

} // namespace

struct StoreCopy::Series
{
    enum class Kind : quint8 { Candles, MarkCandles, Funding, Marks };
    Kind kind = Kind::Candles;
    SeriesKey key{}; // the timeframe is that of candles
    TimeSpan span{}; // where it has points
    qint64 expected = 0;
    qint64 copied = 0;
    qint64 missing = 0;
    store::RunSet opens{Timeframe::M1};           // copied candles, also of the mark
    std::set<std::pair<UtcTime, bool>> settled{}; // copied funding: time and special

    QString measurement() const
    {
        switch (kind) {
        case Kind::Candles:
            return QStringLiteral("ohlcv_") + timeframeText(key.timeframe);
        case Kind::MarkCandles:
            return QStringLiteral("mark_ohlcv_") + timeframeText(key.timeframe);
        case Kind::Funding:
            return QStringLiteral("funding_rate");
        case Kind::Marks:
            break;
        }
        return QStringLiteral("mark_price");
    }
};

struct StoreCopy::Parts
{
    std::unique_ptr<store::StoreReader> source;
    std::unique_ptr<CopyTarget> target;
    std::unique_ptr<store::StoreReader> written; // the target, read
    TimeSpan asked{};
    std::vector<Series> series{};
    RecordBatch batch{};
    qint64 done = 0;
    qint64 total = 0;
    qint64 ticks = 0;
    store::ImpossibleRows impossible{};
};

StoreCopy::StoreCopy(CopyWish wish, std::shared_ptr<const Clock> clock, const std::atomic<bool> &stop,
                     Progress progress)
    : m_wish(std::move(wish))
    , m_clock(std::move(clock))
    , m_stop(stop)
    , m_progress(std::move(progress))
    , m_parts(std::make_unique<Parts>())
{}

StoreCopy::~StoreCopy() = default;

Result<CopyReport> StoreCopy::run()
{
    for (const auto &step : {&StoreCopy::open, &StoreCopy::plan, &StoreCopy::copy, &StoreCopy::verify}) {
        const Status done = (this->*step)();
        if (m_stop)
            return cancelled();
        if (!done)
            return done.error();
    }
    return report();
}

bool StoreCopy::wants(const QString &exchange, const QString &pair) const
{
    if (!m_wish.exchange.isEmpty() && exchange != m_wish.exchange)
        return false;
    return m_wish.pairs.isEmpty() || m_wish.pairs.contains(pair);
}

void StoreCopy::tell(const QString &what) const
{
    m_progress(m_parts->done, std::max(m_parts->total, m_parts->done), what);
}

Status StoreCopy::open()
{
    const QString &dataDir = m_wish.settings.engine.data_dir;
    const config::InfluxSettings &influx = m_wish.settings.store.influx;
    if (m_wish.source == StoreKind::Embedded) {
        auto source = store::EmbeddedStore(store::EmbeddedStore::fileIn(dataDir)).openReader();
        if (!source)
            return source.error();
        m_parts->source = std::move(source).value();
        auto target = openInfluxTarget(influx, m_clock, m_stop);
        if (!target)
            return target.error();
        m_parts->target = std::move(target).value();
    } else {
        auto source = std::make_unique<InfluxReader>(
            influx, [clock = m_clock] { return clock->utcNow(); }, &m_stop);
        if (const auto api = source->connect(); !api)
            return api.error();
        m_parts->source = std::move(source);
        auto target = openEmbeddedTarget(dataDir);
        if (!target)
            return target.error();
        m_parts->target = std::move(target).value();
    }
    auto written = m_parts->target->openReader();
    if (!written)
        return written.error();
    m_parts->written = std::move(written).value();
    return ok();
}

// --- what there is ---------------------------------------------------------------------------------------------------

Status StoreCopy::plan()
{
    Parts &parts = *m_parts;
    // Bounded on both sides, as every question to InfluxDB must be.
    parts.asked = {m_wish.from.value_or(fromMs(0)),
                   std::min(m_wish.to.value_or(m_clock->utcNow() + oneDay), m_clock->utcNow() + oneDay)};
    const auto add = [&](Series::Kind kind, const SeriesKey &key, UtcTime first, UtcTime last, qint64 expected) {
        const TimeSpan span = common({first, last + milliseconds(1)}, parts.asked);
        if (span.from >= span.to)
            return;
        parts.series.push_back(
            {.kind = kind, .key = key, .span = span, .expected = expected, .opens = store::RunSet(key.timeframe)});
        parts.total += expected;
    };
    const auto candles = parts.source->candleSeries();
    if (!candles)
        return candles.error();
    for (const store::SeriesSummary &one : *candles) {
        const Timeframe timeframe = one.series.timeframe;
        if (!wants(one.series.exchange, one.series.pair) ||
            (!m_wish.timeframes.empty() && std::ranges::find(m_wish.timeframes, timeframe) == m_wish.timeframes.end()))
            continue;
        add(Series::Kind::Candles, one.series, one.first, one.last, one.count);
    }
    // Backtests need them for funding, whatever timeframes they trade.
    const auto markCandles = parts.source->markCandleEdges();
    if (!markCandles)
        return markCandles.error();
    for (const store::SeriesEdge &one : *markCandles) {
        if (wants(one.series.exchange, one.series.pair))
            add(Series::Kind::MarkCandles, one.series, one.first, one.last,
                candlesBetween(one.series.timeframe, one.first, one.last) + 1);
    }
    const auto funding = parts.source->fundingNow({});
    if (!funding)
        return funding.error();
    for (const store::FundingState &state : *funding) {
        if (!state.settled || !wants(state.settled->exchange, state.settled->pair))
            continue;
        const auto points = parts.source->fundingHistory(state.settled->exchange, state.settled->pair, parts.asked);
        if (!points)
            return points.error();
        if (!points->empty())
            add(Series::Kind::Funding, {state.settled->exchange, state.settled->pair, {}}, points->front().time,
                points->back().time, qint64(points->size()));
        if (m_stop)
            return ok();
    }
    const auto marks = parts.source->marksNow({});
    if (!marks)
        return marks.error();
    for (const MarkPoint &mark : *marks) {
        if (!wants(mark.exchange, mark.pair))
            continue;
        const auto first = parts.source->firstMark(mark.exchange, mark.pair);
        if (!first)
            return first.error();
        if (*first) // one a minute is what an engine stores by default; good enough for a bar
            add(Series::Kind::Marks, {mark.exchange, mark.pair, {}}, **first, mark.time,
                (mark.time - **first) / std::chrono::minutes(1) + 1);
        if (m_stop)
            return ok();
    }
    return countTicks();
}

Status StoreCopy::countTicks()
{
    std::set<std::pair<QString, QString>> pairs;
    for (const Series &one : m_parts->series)
        pairs.insert({one.key.exchange, one.key.pair});
    for (const auto &[exchange, pair] : pairs) {
        for (const StreamKind kind :
             {StreamKind::Trades, StreamKind::Liquidations, StreamKind::Ticker, StreamKind::Depth}) {
            const std::string_view name = streamKindName(kind);
            const auto count = m_parts->source->tickCount(
                exchange, pair, QString::fromLatin1(name.data(), qsizetype(name.size())), m_parts->asked);
            if (!count)
                return count.error();
            m_parts->ticks += *count;
        }
    }
    return ok();
}

// --- there -----------------------------------------------------------------------------------------------------------

Status StoreCopy::copy()
{
    Parts &parts = *m_parts;
    if (parts.series.empty())
        return ok();
    const auto first = std::ranges::min_element(parts.series, {}, [](const Series &one) { return one.span.from; });
    const auto last = std::ranges::max_element(parts.series, {}, [](const Series &one) { return one.span.to; });
    const qint64 end = shardWeek(last->span.to);
    for (qint64 week = shardWeek(first->span.from); week <= end; ++week) {
        for (Series &one : parts.series) {
            const TimeSpan span = common(one.span, spanOfWeek(week));
            if (span.from >= span.to)
                continue;
            if (Status copied = copySpan(one, span); !copied)
                return copied;
            if (m_stop)
                return ok();
        }
        if (Status flushed = flush(); !flushed)
            return flushed;
    }
    return parts.target->finish();
}

Status StoreCopy::copySpan(Series &series, TimeSpan span)
{
    Parts &parts = *m_parts;
    const SeriesKey &key = series.key;
    const qint64 before = series.copied;
    const bool ofMark = series.kind == Series::Kind::MarkCandles;
    if (ofMark || series.kind == Series::Kind::Candles) {
        auto candles = ofMark ? parts.source->markCandles(key, span) : parts.source->candles(key, span, {});
        if (!candles)
            return candles.error();
        std::vector<Candle> whole = std::move(candles).value();
        parts.impossible.add(parts.source->takeImpossible());
        std::erase_if(whole,
                      [&](const Candle &one) { return candleOpen(key.timeframe, one.open_time) != one.open_time; });
        for (const Candle &one : whole)
            series.opens.add(one.open_time);
        series.copied += qint64(whole.size());
        if (!whole.empty())
            (ofMark ? parts.batch.mark_candles : parts.batch.candles).push_back({key, std::move(whole)});
    } else if (series.kind == Series::Kind::Funding) {
        const auto points = parts.source->fundingHistory(key.exchange, key.pair, span);
        if (!points)
            return points.error();
        for (const FundingPoint &point : *points) {
            series.settled.insert({point.time, point.special});
            parts.batch.funding.push_back(point);
        }
        series.copied += qint64(points->size());
    } else {
        const auto points = parts.source->markHistory(key.exchange, key.pair, span);
        if (!points)
            return points.error();
        parts.batch.marks.insert(parts.batch.marks.end(), points->begin(), points->end());
        series.copied += qint64(points->size());
    }
    parts.done += series.copied - before;
    if (parts.batch.recordCount() < recordsAtOnce)
        return ok();
    return flush();
}

Status StoreCopy::flush()
{
    if (m_parts->batch.isEmpty())
        return ok();
    const Status written = m_parts->target->write(m_parts->batch);
    m_parts->batch = {};
    tell({});
    return written;
}

// --- is it there? ----------------------------------------------------------------------------------------------------

Status StoreCopy::verify()
{
    for (Series &one : m_parts->series) {
        tell(QStringLiteral("counting"));
        const Status counted = one.kind == Series::Kind::Funding ? verifyFunding(one)
                               : one.kind == Series::Kind::Marks ? verifyMarks(one)
                                                                 : verifyCandles(one);
        if (!counted || m_stop)
            return counted;
    }
    return ok();
}

Status StoreCopy::verifyCandles(Series &series)
{
    if (series.opens.isEmpty())
        return ok();
    const TimeSpan whole{series.opens.first(), nextCandleOpen(series.key.timeframe, series.opens.last())};
    const auto holes = series.kind == Series::Kind::MarkCandles ? m_parts->written->markCandleHoles(series.key, whole)
                                                                : m_parts->written->holes(series.key, whole);
    if (!holes)
        return holes.error();
    for (const TimeSpan &hole : *holes)
        series.missing += series.opens.count(hole);
    return ok();
}

Status StoreCopy::verifyFunding(Series &series)
{
    const auto points = m_parts->written->fundingHistory(series.key.exchange, series.key.pair, series.span);
    if (!points)
        return points.error();
    for (const FundingPoint &point : *points)
        series.settled.erase({point.time, point.special});
    series.missing = qint64(series.settled.size());
    return ok();
}

Status StoreCopy::verifyMarks(Series &series)
{
    // Too many to be remembered: both are read again, a week at a time.
    const qint64 end = shardWeek(series.span.to);
    for (qint64 week = shardWeek(series.span.from); week <= end && !m_stop; ++week) {
        const TimeSpan span = common(series.span, spanOfWeek(week));
        if (span.from >= span.to)
            continue;
        std::vector<UtcTime> times[2];
        for (const int side : {0, 1}) {
            store::StoreReader &reader = side == 0 ? *m_parts->source : *m_parts->written;
            const auto points = reader.markHistory(series.key.exchange, series.key.pair, span);
            if (!points)
                return points.error();
            for (const MarkPoint &point : *points)
                times[side].push_back(point.time);
        }
        std::vector<UtcTime> missing;
        std::ranges::set_difference(times[0], times[1], std::back_inserter(missing));
        series.missing += qint64(missing.size());
    }
    return ok();
}

CopyReport StoreCopy::report() const
{
    CopyReport report{.rows = {},
                      .problems = m_parts->target->refusals,
                      .ticks = m_parts->ticks,
                      .impossible = m_parts->impossible.count()};
    for (const QString &text : m_parts->impossible.told())
        report.problems.append(text);
    std::map<QString, CopyRow> rows;
    for (const Series &one : m_parts->series) {
        CopyRow &row = rows[one.measurement()];
        row.measurement = one.measurement();
        ++row.series;
        row.points += one.copied;
        row.missing += one.missing;
        if (one.missing > 0)
            report.problems.append(QStringLiteral("%1 of %2: %3 of %4 points are not in the target")
                                       .arg(one.measurement(), one.key.pair)
                                       .arg(one.missing)
                                       .arg(one.copied));
    }
    for (const auto &[measurement, count] : m_parts->target->refused)
        rows[measurement].refused = count;
    for (auto &row : rows)
        report.rows.push_back(std::move(row.second));
    return report;
}

} // namespace tk::app
