#include "app/pair_topic.h"

#include "app/live_topics.h"

#include <QJsonArray>

#include <algorithm>

namespace tk::app {

namespace {

struct Gathered
{
    const feed::StreamRow *worst = nullptr;
    UtcTime last_data{};
    quint64 frames = 0;
    DecimalText price;
    UtcTime price_at{};
    const feed::StreamValues *mark = nullptr;
    QJsonObject finals;
    QJsonArray streams;
};

void add(Gathered &pair, const feed::StreamRow &row, const LastStored &stored)
{
    const StreamKey &key = row.key;
    if (!pair.worst || severityOf(row.state) > severityOf(pair.worst->state) ||
        (row.state == pair.worst->state && row.since < pair.worst->since))
        pair.worst = &row;
    pair.last_data = std::max(pair.last_data, row.last_event);
    pair.frames += row.frames;
    if (key.kind == StreamKind::MarkPrice) {
        pair.mark = &row.values;
    } else if (!row.values.price.isEmpty() && row.last_event >= pair.price_at) {
        pair.price = row.values.price;
        pair.price_at = row.last_event;
    }
    if (key.kind == StreamKind::Candles) {
        const UtcTime last =
            std::max(row.values.last_final, stored.value({key.exchange, key.pair, key.timeframe}, UtcTime{}));
        pair.finals.insert(timeframeText(key.timeframe), toMs(last));
    }
    pair.streams.append(QJsonArray{key.kindText(), stateText(row.state), toMs(row.since), toMs(row.last_event),
                                   qint64(row.frames), row.cause});
}

QJsonObject object(const Gathered &pair)
{
    const StreamKey &key = pair.worst->key;
    QJsonObject object{{QStringLiteral("exchange"), key.exchange},
                       {QStringLiteral("pair"), key.pair},
                       {QStringLiteral("state"), stateText(pair.worst->state)},
                       {QStringLiteral("since"), toMs(pair.worst->since)},
                       {QStringLiteral("cause"), pair.worst->cause},
                       {QStringLiteral("last_data"), toMs(pair.last_data)},
                       {QStringLiteral("frames"), qint64(pair.frames)},
                       {QStringLiteral("price"), decimalText(pair.price)},
                       {QStringLiteral("finals"), pair.finals},
                       {QStringLiteral("streams"), pair.streams}};
    if (pair.mark) {
        object.insert(QStringLiteral("mark"), decimalText(pair.mark->price));
        object.insert(QStringLiteral("index"), decimalText(pair.mark->index_price));
        object.insert(QStringLiteral("funding"), decimalText(pair.mark->funding_rate));
        object.insert(QStringLiteral("next_funding"), toMs(pair.mark->next_funding));
    }
    return object;
}

} // namespace

int severityOf(StreamState state)
{
    switch (state) {
    case StreamState::Stale:
        return 7;
    case StreamState::Silent:
        return 6;
    case StreamState::Late:
        return 5;
    case StreamState::Requested:
        return 4;
    case StreamState::Acknowledged:
        return 3;
    case StreamState::Quiet:
        return 2;
    case StreamState::Live:
        return 1;
    case StreamState::Ended:
        return 0;
    }
    return 0;
}

QHash<QString, QJsonObject> pairObjects(const feed::FeedSnapshot &feed, const LastStored &stored)
{
    QHash<QString, Gathered> pairs;
    for (const feed::StreamRow &row : feed.streams)
        add(pairs[row.key.pair], row, stored);
    QHash<QString, QJsonObject> objects;
    objects.reserve(pairs.size());
    for (auto pair = pairs.cbegin(); pair != pairs.cend(); ++pair)
        objects.insert(feed.exchange + u' ' + pair.key(), object(*pair));
    return objects;
}

QString decimalText(const DecimalText &text)
{
    return QString::fromLatin1(text.view().data(), qsizetype(text.view().size()));
}

QJsonArray candleArray(const Candle &candle)
{
    const std::string_view source = sourceName(candle.source);
    return {toMs(candle.open_time),
            decimalText(candle.open),
            decimalText(candle.high),
            decimalText(candle.low),
            decimalText(candle.close),
            decimalText(candle.volume),
            decimalText(candle.quote_volume),
            candle.trades,
            QString::fromLatin1(source.data(), qsizetype(source.size()))};
}

QString seriesText(const SeriesKey &series)
{
    return series.exchange + u' ' + series.pair + u' ' + timeframeText(series.timeframe);
}

std::optional<SeriesKey> seriesFromText(const QString &text)
{
    const QStringList parts = text.split(u' ');
    const auto timeframe = parts.size() == 3 ? timeframeFromName(parts[2].toStdString()) : std::nullopt;
    if (!timeframe)
        return {};
    return SeriesKey{parts[0], parts[1], *timeframe};
}

} // namespace tk::app
