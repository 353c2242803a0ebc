#include "monitor/live_candles.h"

#include <QJsonArray>

namespace tk::monitor {

std::optional<Candle> candleFromJson(const QJsonArray &array)
{
    if (array.size() < 9)
        return {};
    Candle candle;
    candle.open_time = fromMs(array.at(0).toInteger());
    const auto decimal = [&](qsizetype at, DecimalText &into) {
        return into.assign(array.at(at).toString().toStdString());
    };
    if (!decimal(1, candle.open) || !decimal(2, candle.high) || !decimal(3, candle.low) || !decimal(4, candle.close) ||
        !decimal(5, candle.volume))
        return {};
    decimal(6, candle.quote_volume); // may be empty
    candle.trades = array.at(7).toInteger();
    candle.source = sourceFromName(array.at(8).toString().toStdString()).value_or(CandleSource::Live);
    return candle;
}

QString seriesText(const SeriesKey &series)
{
    return series.exchange + u' ' + series.pair + u' ' + timeframeText(series.timeframe);
}

LiveCandles::LiveCandles(EngineConnection &connection, QObject *parent)
    : QObject(parent)
    , m_connection(connection)
{}

void LiveCandles::look(const SeriesKey &series)
{
    ++m_looks[seriesText(series)];
    tell();
}

void LiveCandles::lookAway(const SeriesKey &series)
{
    const auto found = m_looks.find(seriesText(series));
    if (found == m_looks.end())
        return;
    if (--*found <= 0)
        m_looks.erase(found);
    tell();
}

void LiveCandles::tell()
{
    QStringList series = m_looks.keys();
    series.sort();
    m_connection.setSeries(series);
}

void LiveCandles::apply(const QJsonObject &candles)
{
    for (auto entry = candles.constBegin(); entry != candles.constEnd(); ++entry) {
        if (!m_looks.contains(entry.key()) || !entry.value().isObject())
            continue;
        const auto part = [&](const char *name) {
            return candleFromJson(entry.value()[QLatin1String(name)].toArray());
        };
        Q_EMIT moved(entry.key(), part("closed"), part("forming"));
    }
}

} // namespace tk::monitor
