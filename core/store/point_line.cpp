#include "store/point_line.h"

#include "store/run_set.h"

#include <QHash>

#include <charconv>

namespace tk::store {

namespace {

// Before anything else a backslash is just that: also before another one.
bool escapes(QByteArrayView text, qsizetype at)
{
    return text[at] == '\\' && at + 1 < text.size() &&
           (text[at + 1] == ',' || text[at + 1] == '=' || text[at + 1] == ' ');
}

// The first `stop` (or blank) from `at` on that no backslash escapes; the size where there is none.
qsizetype endOf(QByteArrayView line, qsizetype at, char stop)
{
    for (; at < line.size(); ++at) {
        if (escapes(line, at))
            ++at;
        else if (line[at] == stop || line[at] == ' ')
            return at;
    }
    return line.size();
}

} // namespace

std::optional<Timeframe> PointLine::timeframe() const
{
    if (!isCandle() && !isMarkCandle())
        return {};
    const QByteArrayView name = measurement.sliced(isCandle() ? 6 : 11);
    return timeframeFromName({name.data(), size_t(name.size())});
}

std::optional<StreamKey> PointLine::stream() const
{
    StreamKey key{tagText(exchange), tagText(pair), StreamKind::Candles, Timeframe::M1};
    if (const auto candles = timeframe()) {
        key.kind = isCandle() ? StreamKind::Candles : StreamKind::MarkCandles;
        key.timeframe = *candles;
        return key;
    }
    for (size_t i = 0; i < streamKindNames.size(); ++i) {
        if (measurement == QByteArrayView(streamKindNames[i].data(), qsizetype(streamKindNames[i].size()))) {
            key.kind = StreamKind(i);
            return key;
        }
    }
    return {};
}

Timeframe gridOf(const StreamKey &stream)
{
    switch (stream.kind) {
    case StreamKind::Candles:
    case StreamKind::MarkCandles:
        return stream.timeframe;
    case StreamKind::MarkPrice:
    case StreamKind::FundingRate:
        return Timeframe::M1;
    default:
        return Timeframe::H1;
    }
}

bool PointLine::hasField(QByteArrayView name) const
{
    bool quoted = false;
    bool start = true; // of a field
    for (qsizetype at = 0; at < fields.size(); ++at) {
        const char c = fields[at];
        if (start && !quoted && fields.sliced(at).startsWith(name) && at + name.size() < fields.size() &&
            fields[at + name.size()] == '=')
            return true;
        start = false;
        if (c == '\\')
            ++at;
        else if (c == '"')
            quoted = !quoted;
        else if (c == ',' && !quoted)
            start = true;
    }
    return false;
}

std::optional<PointLine> readPointLine(QByteArrayView line)
{
    PointLine point;
    qsizetype at = endOf(line, 0, ',');
    point.measurement = line.first(at);
    if (point.measurement.isEmpty())
        return {};
    while (at < line.size() && line[at] == ',') {
        const qsizetype key = at + 1;
        const qsizetype equals = endOf(line, key, '=');
        if (equals >= line.size() || line[equals] != '=')
            return {};
        at = endOf(line, equals + 1, ',');
        const QByteArrayView name = line.sliced(key, equals - key);
        const QByteArrayView value = line.sliced(equals + 1, at - equals - 1);
        if (name == "exchange")
            point.exchange = value;
        else if (name == "pair")
            point.pair = value;
        else if (name == "type")
            point.type = value;
    }
    const qsizetype stamp = line.lastIndexOf(' ');
    if (stamp <= at)
        return {};
    point.head = line.first(at);
    point.fields = line.sliced(at + 1, stamp - at - 1);
    const char *begin = line.data() + stamp + 1;
    const char *end = line.data() + line.size();
    const auto read = std::from_chars(begin, end, point.stamp);
    if (read.ec != std::errc() || read.ptr != end || point.fields.isEmpty())
        return {};
    return point;
}

QString tagText(QByteArrayView escaped)
{
    QByteArray text;
    text.reserve(escaped.size());
    for (qsizetype i = 0; i < escaped.size(); ++i) {
        if (escapes(escaped, i))
            ++i;
        text += escaped[i];
    }
    return QString::fromUtf8(text);
}

std::vector<StreamSpan> coveredSpans(Lane lane, QByteArrayView lines)
{
    struct Covered
    {
        StreamKey stream;
        RunSet runs;
        TimeSpan reach;
    };
    std::vector<Covered> covered;
    QHash<QByteArray, qsizetype> of_head;
    eachLine(lines, [&](QByteArrayView line) {
        const auto point = readPointLine(line);
        const auto stream = point ? point->stream() : std::nullopt;
        if (!stream)
            return;
        const UtcTime time = stampTime(lane, point->stamp);
        const auto known = of_head.constFind(QByteArray::fromRawData(point->head.data(), point->head.size()));
        qsizetype at = known == of_head.constEnd() ? -1 : *known;
        if (at < 0) {
            at = qsizetype(covered.size());
            of_head.insert(point->head.toByteArray(), at);
            covered.push_back({*stream, RunSet(gridOf(*stream)), {time, time}});
        }
        Covered &series = covered[size_t(at)];
        series.reach = {std::min(series.reach.from, time), std::max(series.reach.to, time)};
        const StreamKind kind = stream->kind;
        if (kind == StreamKind::Candles || kind == StreamKind::MarkCandles || kind == StreamKind::MarkPrice)
            series.runs.add(candleOpen(stream->timeframe, time));
    });
    std::vector<StreamSpan> spans;
    for (const Covered &series : covered) {
        if (series.runs.isEmpty())
            spans.push_back({series.stream, {series.reach.from, series.reach.to + milliseconds(1)}});
        for (const TimeSpan &run : series.runs.runs())
            spans.push_back({series.stream, run});
    }
    return spans;
}

} // namespace tk::store
