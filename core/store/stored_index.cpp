#include "store/stored_index.h"

#include <QMutexLocker>

#include <algorithm>

namespace tk::store {

namespace {

constexpr size_t rememberedCandles = 4; // the exchange corrects the last one or two

StreamKey streamOf(const SeriesKey &series)
{
    return {series.exchange, series.pair, StreamKind::Candles, series.timeframe};
}

} // namespace

StoredIndex::Series &StoredIndex::of(const StreamKey &stream)
{
    Series *&series = m_ofStream[stream];
    if (!series) {
        m_series.push_back(std::make_unique<Series>(stream));
        series = m_series.back().get();
    }
    return *series;
}

StoredIndex::Series *StoredIndex::of(const PointLine &point)
{
    const auto known = m_ofHead.constFind(QByteArray::fromRawData(point.head.data(), point.head.size()));
    if (known != m_ofHead.constEnd())
        return *known;
    const auto stream = point.stream();
    if (!stream)
        return nullptr;
    Series *series = &of(*stream);
    m_ofHead.insert(point.head.toByteArray(), series);
    return series;
}

const StoredIndex::Series *StoredIndex::find(const StreamKey &stream) const
{
    return m_ofStream.value(stream, nullptr);
}

template <typename F>
void StoredIndex::eachPoint(Lane lane, QByteArrayView lines, F &&take)
{
    const QMutexLocker lock(&m_mutex);
    eachLine(lines, [&](QByteArrayView line) {
        const auto point = readPointLine(line);
        if (!point)
            return;
        if (Series *series = of(*point))
            take(*series, *point, stampTime(lane, point->stamp));
    });
}

void StoredIndex::load(const std::vector<Known> &known)
{
    const QMutexLocker lock(&m_mutex);
    for (const Known &one : known) {
        Series &series = of(one.stream);
        for (const TimeSpan &run : one.confirmed) {
            series.taken.add(run);
            series.confirmed.add(run);
        }
        for (const TimeSpan &run : one.predicted)
            series.predicted.add(run);
        series.newest_settled_funding = one.newest_settled_funding;
    }
}

std::vector<StoredIndex::Known> StoredIndex::takeChanges()
{
    const QMutexLocker lock(&m_mutex);
    std::vector<Known> changes;
    for (const auto &series : m_series) {
        const bool predicted = std::exchange(series->predicted_changed, false);
        const bool changed = std::exchange(series->changed, false);
        if (changed || predicted)
            changes.push_back({series->stream, series->confirmed.runs(), series->predicted.runs(), !changed,
                               series->newest_settled_funding});
    }
    return changes;
}

void StoredIndex::taken(Lane lane, QByteArrayView lines)
{
    if (lane == Lane::Ticks)
        return; // nobody has them again, so nobody asks what is on its way
    eachPoint(lane, lines, [](Series &series, const PointLine &point, UtcTime time) {
        if (!point.isFunding() || point.hasField("rate"))
            series.taken.add(candleOpen(series.taken.timeframe(), time));
    });
}

void StoredIndex::confirmed(Lane lane, QByteArrayView lines)
{
    eachPoint(lane, lines, [](Series &series, const PointLine &point, UtcTime time) {
        const UtcTime open = candleOpen(series.confirmed.timeframe(), time);
        if (point.isFunding() && point.hasField("predicted_rate") && !series.predicted.contains(open)) {
            series.predicted.add(open);
            series.predicted_changed = true;
        }
        if (point.isFunding() && !point.hasField("rate"))
            return;
        series.taken.add(open);
        if (!series.confirmed.contains(open)) {
            series.confirmed.add(open);
            series.changed = true;
        }
    });
}

void StoredIndex::gone(Lane lane, QByteArrayView lines)
{
    if (lane == Lane::Ticks)
        return; // others of the same hour may be there
    eachPoint(lane, lines, [](Series &series, const PointLine &point, UtcTime time) {
        if (point.isFunding() && !point.hasField("rate"))
            return;
        const Timeframe grid = series.taken.timeframe();
        const UtcTime open = candleOpen(grid, time);
        const TimeSpan one{open, nextCandleOpen(grid, open)};
        series.taken.remove(one);
        series.confirmed.remove(one); // what the database has there may be an older value
        series.changed = true;
        std::erase_if(series.recent, [&](const Candle &candle) { return candle.open_time == open; });
    });
}

void StoredIndex::changeAll()
{
    const QMutexLocker lock(&m_mutex);
    for (const auto &series : m_series) {
        series->changed = true;
        series->predicted_changed = series->stream.kind == StreamKind::FundingRate;
    }
}

std::vector<StreamSpan> StoredIndex::dropUnconfirmed(Lane lane)
{
    const QMutexLocker lock(&m_mutex);
    std::vector<StreamSpan> dropped;
    for (const auto &series : m_series) {
        const bool marks = series->stream.kind == StreamKind::MarkPrice;
        if (lane == Lane::Ticks || marks != (lane == Lane::Marks))
            continue; // of ticks nobody knows what is on its way
        std::vector<TimeSpan> waiting;
        for (const TimeSpan &run : series->taken.runs()) {
            const std::vector<TimeSpan> holes = series->confirmed.holes(run);
            waiting.insert(waiting.end(), holes.begin(), holes.end());
        }
        for (const TimeSpan &hole : waiting) {
            series->taken.remove(hole);
            std::erase_if(series->recent, [&](const Candle &candle) {
                return candle.open_time >= hole.from && candle.open_time < hole.to;
            });
            dropped.push_back({series->stream, hole});
        }
    }
    return dropped;
}

void StoredIndex::learned(const StreamKey &stream, const std::vector<TimeSpan> &present)
{
    const QMutexLocker lock(&m_mutex);
    Series &series = of(stream);
    for (const TimeSpan &run : present) {
        series.taken.add(run);
        series.confirmed.add(run);
    }
    series.changed = true;
}

void StoredIndex::lost(const StreamKey &stream, TimeSpan span)
{
    const QMutexLocker lock(&m_mutex);
    Series &series = of(stream);
    series.taken.remove(span);
    series.confirmed.remove(span);
    series.changed = true;
}

void StoredIndex::learnedPredicted(const StreamKey &stream, const std::vector<TimeSpan> &present)
{
    const QMutexLocker lock(&m_mutex);
    Series &series = of(stream);
    for (const TimeSpan &run : present)
        series.predicted.add(run);
    series.predicted_changed = true;
}

void StoredIndex::lostPredicted(const StreamKey &stream, TimeSpan span)
{
    const QMutexLocker lock(&m_mutex);
    Series &series = of(stream);
    series.predicted.remove(span);
    series.predicted_changed = true;
}

std::vector<TimeSpan> StoredIndex::predictedWithin(const StreamKey &stream, TimeSpan span) const
{
    const QMutexLocker lock(&m_mutex);
    const Series *series = find(stream);
    return series ? series->predicted.within(span) : std::vector<TimeSpan>();
}

std::optional<UtcTime> StoredIndex::earliest() const
{
    const QMutexLocker lock(&m_mutex);
    std::optional<UtcTime> earliest;
    for (const auto &series : m_series) {
        if (!series->confirmed.isEmpty())
            earliest = std::min(earliest.value_or(series->confirmed.first()), series->confirmed.first());
    }
    return earliest;
}

bool StoredIndex::isEmpty() const
{
    const QMutexLocker lock(&m_mutex);
    return std::ranges::all_of(m_series, [](const auto &series) { return series->confirmed.isEmpty(); });
}

void StoredIndex::remember(const SeriesKey &key, const Candle &candle)
{
    const QMutexLocker lock(&m_mutex);
    std::deque<Candle> &recent = of(streamOf(key)).recent;
    const auto at = std::ranges::lower_bound(recent, candle.open_time, {}, &Candle::open_time);
    if (at != recent.end() && at->open_time == candle.open_time)
        *at = candle;
    else if (recent.size() < rememberedCandles || at != recent.begin())
        recent.insert(at, candle);
    if (recent.size() > rememberedCandles)
        recent.pop_front();
}

std::optional<Candle> StoredIndex::remembered(const SeriesKey &key, UtcTime open) const
{
    const QMutexLocker lock(&m_mutex);
    const Series *series = find(streamOf(key));
    if (!series)
        return {};
    const auto found = std::ranges::find(series->recent, open, &Candle::open_time);
    return found == series->recent.end() ? std::nullopt : std::optional(*found);
}

std::vector<TimeSpan> StoredIndex::confirmedWithin(const StreamKey &stream, TimeSpan span) const
{
    const QMutexLocker lock(&m_mutex);
    const Series *series = find(stream);
    return series ? series->confirmed.within(span) : std::vector<TimeSpan>();
}

qint64 StoredIndex::confirmedCount(const StreamKey &stream, TimeSpan span) const
{
    const QMutexLocker lock(&m_mutex);
    const Series *series = find(stream);
    return series ? series->confirmed.count(span) : 0;
}

std::vector<StreamKey> StoredIndex::streams() const
{
    const QMutexLocker lock(&m_mutex);
    std::vector<StreamKey> streams;
    streams.reserve(m_series.size());
    for (const auto &series : m_series)
        streams.push_back(series->stream);
    return streams;
}

Result<std::optional<UtcTime>> StoredIndex::firstTime(const SeriesKey &key)
{
    const QMutexLocker lock(&m_mutex);
    const Series *series = find(streamOf(key));
    if (!series || series->taken.isEmpty())
        return std::optional<UtcTime>();
    return std::optional(series->taken.first());
}

Result<std::vector<TimeSpan>> StoredIndex::holes(const SeriesKey &key, TimeSpan span)
{
    const QMutexLocker lock(&m_mutex);
    const Series *series = find(streamOf(key));
    return series ? series->taken.holes(span) : RunSet(key.timeframe).holes(span);
}

Result<std::vector<TimeSpan>> StoredIndex::markHoles(const QString &exchange, const QString &pair, TimeSpan span)
{
    const QMutexLocker lock(&m_mutex);
    const Series *series = find({exchange, pair, StreamKind::MarkPrice, Timeframe::M1});
    return series ? series->taken.holes(span) : RunSet(Timeframe::M1).holes(span);
}

Result<std::vector<TimeSpan>> StoredIndex::markCandleHoles(const SeriesKey &key, TimeSpan span)
{
    const QMutexLocker lock(&m_mutex);
    const Series *series = find({key.exchange, key.pair, StreamKind::MarkCandles, key.timeframe});
    return series ? series->taken.holes(span) : RunSet(key.timeframe).holes(span);
}

Result<bool> StoredIndex::isConfirmed(const StreamKey &stream, TimeSpan span)
{
    const QMutexLocker lock(&m_mutex);
    const Series *series = find(stream);
    return !series || series->taken.count(span) == series->confirmed.count(span);
}

Result<std::vector<Candle>> StoredIndex::knownCandles(const SeriesKey &key, TimeSpan span)
{
    const QMutexLocker lock(&m_mutex);
    std::vector<Candle> known;
    if (const Series *series = find(streamOf(key))) {
        std::ranges::copy_if(series->recent, std::back_inserter(known), [&](const Candle &candle) {
            return candle.open_time >= span.from && candle.open_time < span.to;
        });
    }
    return known;
}

Result<std::vector<SeriesSummary>> StoredIndex::candleSeries()
{
    const QMutexLocker lock(&m_mutex);
    std::vector<SeriesSummary> summaries;
    for (const auto &series : m_series) {
        if (series->stream.kind != StreamKind::Candles || series->taken.isEmpty())
            continue;
        summaries.push_back({{series->stream.exchange, series->stream.pair, series->stream.timeframe},
                             series->taken.first(),
                             series->taken.last(),
                             series->taken.count()});
    }
    return summaries;
}

Result<std::optional<UtcTime>> StoredIndex::newestSettledFunding(const QString &exchange, const QString &pair)
{
    const QMutexLocker lock(&m_mutex);
    UtcTime newest{};
    if (const Series *marks = find({exchange, pair, StreamKind::MarkPrice, Timeframe::M1})) // of an older file
        newest = marks->newest_settled_funding;
    const Series *rates = find({exchange, pair, StreamKind::FundingRate, Timeframe::M1});
    if (rates && !rates->confirmed.isEmpty())
        newest = std::max(newest, rates->confirmed.last());
    return toMs(newest) == 0 ? std::optional<UtcTime>() : std::optional(newest);
}

} // namespace tk::store
