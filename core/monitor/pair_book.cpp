#include "monitor/pair_book.h"

#include <QJsonArray>

#include <algorithm>
#include <utility>

namespace tk::monitor {

namespace {

constexpr double smoothing = 0.4; // of a new rate; the eye wants a calm number

// Majors are told by their base; those quoted and settled in USDT are meant.
bool isMajor(const QString &pair, const QStringList &bases)
{
    return pair.endsWith(QLatin1String("/USDT:USDT")) && bases.contains(pair.section(u'/', 0, 0));
}

UtcTime timeOf(const QJsonValue &value)
{
    return fromMs(value.toInteger());
}

StreamView streamOf(const QJsonArray &array)
{
    return {array.at(0).toString(),  streamStateFrom(array.at(1).toString()).value_or(StreamState::Requested),
            timeOf(array.at(2)),     timeOf(array.at(3)),
            array.at(4).toInteger(), array.at(5).toString()};
}

} // namespace

std::optional<StreamState> streamStateFrom(const QString &name)
{
    for (size_t i = 0; i < streamStateNames.size(); ++i) {
        if (name == QLatin1String(streamStateNames[i].data(), qsizetype(streamStateNames[i].size())))
            return StreamState(i);
    }
    return {};
}

UtcTime PairRow::lastFinal(Timeframe timeframe) const
{
    const auto found = std::ranges::find(finals, timeframe, &FinalCandle::timeframe);
    return found == finals.end() ? UtcTime{} : found->open;
}

std::optional<int> PairBook::rowOf(const QString &key) const
{
    const auto found = m_index.constFind(key);
    return found == m_index.cend() ? std::nullopt : std::optional(*found);
}

const PairRow *PairBook::find(const QString &exchange, const QString &pair) const
{
    const auto row = rowOf(exchange + u' ' + pair);
    return row ? &m_rows[size_t(*row)] : nullptr;
}

PairCounts PairBook::counts() const
{
    PairCounts counts;
    counts.all = int(m_rows.size());
    for (const PairRow &row : m_rows) {
        counts.with_gaps += row.open_gaps > 0 ? 1 : 0;
        switch (row.state) {
        case StreamState::Live:
            ++counts.live;
            break;
        case StreamState::Late:
            ++counts.late;
            break;
        case StreamState::Stale:
            ++counts.stale;
            break;
        case StreamState::Silent:
            ++counts.silent;
            break;
        case StreamState::Quiet:
            ++counts.quiet;
            break;
        case StreamState::Ended:
            ++counts.ended;
            break;
        case StreamState::Requested:
        case StreamState::Acknowledged:
            ++counts.waiting;
            break;
        }
    }
    return counts;
}

void PairBook::read(const QJsonObject &object, PairRow &into, double seconds)
{
    into.exchange = object.value(QLatin1String("exchange")).toString();
    into.pair = object.value(QLatin1String("pair")).toString();
    into.state = streamStateFrom(object.value(QLatin1String("state")).toString()).value_or(StreamState::Requested);
    into.since = timeOf(object.value(QLatin1String("since")));
    into.cause = object.value(QLatin1String("cause")).toString();
    into.last_data = timeOf(object.value(QLatin1String("last_data")));
    const qint64 frames = object.value(QLatin1String("frames")).toInteger();
    if (seconds > 0 && frames >= into.frames) {
        const double rate = double(frames - into.frames) / seconds;
        into.frames_per_second += smoothing * (rate - into.frames_per_second);
    }
    into.frames = frames;
    into.price = object.value(QLatin1String("price")).toString();
    into.mark = object.value(QLatin1String("mark")).toString();
    into.index = object.value(QLatin1String("index")).toString();
    into.funding = object.value(QLatin1String("funding")).toString();
    into.next_funding = timeOf(object.value(QLatin1String("next_funding")));
    into.finals.clear();
    const QJsonObject finals = object.value(QLatin1String("finals")).toObject();
    for (auto final = finals.constBegin(); final != finals.constEnd(); ++final) {
        if (const auto timeframe = timeframeFromName(final.key().toStdString()))
            into.finals.push_back({*timeframe, timeOf(final.value())});
    }
    std::ranges::sort(into.finals, {}, &FinalCandle::timeframe);
    into.streams.clear();
    for (const QJsonValue &stream : object.value(QLatin1String("streams")).toArray())
        into.streams.push_back(streamOf(stream.toArray()));
    into.is_major = isMajor(into.pair, m_majors);
    into.open_gaps = m_gaps.value(into.key);
}

void PairBook::reset(const QJsonObject &pairs)
{
    Q_EMIT aboutToReset();
    m_rows.clear();
    m_index.clear();
    m_rows.reserve(size_t(pairs.size()));
    for (auto pair = pairs.constBegin(); pair != pairs.constEnd(); ++pair) {
        PairRow row;
        row.key = pair.key();
        read(pair.value().toObject(), row, 0);
        m_index.insert(row.key, int(m_rows.size()));
        m_rows.push_back(std::move(row));
    }
    m_sinceApplied.start();
    Q_EMIT wasReset();
    gatherTimeframes();
}

void PairBook::apply(const QJsonObject &pairs)
{
    if (pairs.isEmpty())
        return;
    const double seconds = m_sinceApplied.isValid() ? double(m_sinceApplied.restart()) / 1000.0 : 0;
    m_sinceApplied.start();
    int first = int(m_rows.size());
    int last = -1;
    std::vector<PairRow> fresh;
    QStringList gone;
    for (auto pair = pairs.constBegin(); pair != pairs.constEnd(); ++pair) {
        const auto row = rowOf(pair.key());
        if (pair.value().isNull()) {
            if (row)
                gone.append(pair.key());
        } else if (row) {
            read(pair.value().toObject(), m_rows[size_t(*row)], seconds);
            first = std::min(first, *row);
            last = std::max(last, *row);
        } else {
            PairRow added;
            added.key = pair.key();
            read(pair.value().toObject(), added, 0);
            fresh.push_back(std::move(added));
        }
    }
    if (last >= first)
        Q_EMIT changed(first, last);
    for (const QString &key : gone) {
        const int row = m_index.value(key);
        Q_EMIT aboutToRemove(row);
        m_rows.erase(m_rows.begin() + row);
        m_index.remove(key);
        for (int after = row; after < int(m_rows.size()); ++after)
            m_index[m_rows[size_t(after)].key] = after;
        Q_EMIT removed();
    }
    if (!fresh.empty()) {
        const int begin = int(m_rows.size());
        Q_EMIT aboutToInsert(begin, begin + int(fresh.size()) - 1);
        for (PairRow &row : fresh) {
            m_index.insert(row.key, int(m_rows.size()));
            m_rows.push_back(std::move(row));
        }
        Q_EMIT inserted();
    }
    if (!fresh.empty() || !gone.isEmpty() || m_timeframes.empty())
        gatherTimeframes();
}

void PairBook::setGaps(const QHash<QString, int> &openByKey)
{
    if (openByKey == m_gaps)
        return;
    m_gaps = openByKey;
    int first = int(m_rows.size());
    int last = -1;
    for (int i = 0; i < int(m_rows.size()); ++i) {
        PairRow &row = m_rows[size_t(i)];
        const int gaps = m_gaps.value(row.key);
        if (gaps == row.open_gaps)
            continue;
        row.open_gaps = gaps;
        first = std::min(first, i);
        last = i;
    }
    if (last >= first)
        Q_EMIT changed(first, last);
}

void PairBook::setMajors(const QStringList &bases)
{
    if (bases == m_majors)
        return;
    m_majors = bases;
    for (PairRow &row : m_rows)
        row.is_major = isMajor(row.pair, m_majors);
    if (!m_rows.empty())
        Q_EMIT changed(0, int(m_rows.size()) - 1);
}

void PairBook::lookForExchanges()
{
    const bool several =
        std::ranges::any_of(m_rows, [this](const PairRow &row) { return row.exchange != m_rows.front().exchange; });
    if (std::exchange(m_several, several) != several)
        Q_EMIT severalChanged();
}

void PairBook::gatherTimeframes()
{
    lookForExchanges();
    std::vector<Timeframe> found;
    for (const PairRow &row : m_rows) {
        for (const FinalCandle &final : row.finals) {
            if (std::ranges::find(found, final.timeframe) == found.end())
                found.push_back(final.timeframe);
        }
    }
    std::ranges::sort(found);
    if (found == m_timeframes)
        return;
    m_timeframes = std::move(found);
    Q_EMIT timeframesChanged();
}

} // namespace tk::monitor
