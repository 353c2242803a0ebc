// The forming candles of the series that somebody looks at. Charts register; the engine tells only what is looked at.
// Main thread.
#pragma once

#include "market/records.h"
#include "monitor/engine_connection.h"

#include <QHash>

namespace tk::monitor {

// [open_time, "o", "h", "l", "c", "v", "quote", trades, "source"], as the engine's commands tell candles.
std::optional<Candle> candleFromJson(const QJsonArray &array);
QString seriesText(const SeriesKey &series); // "EXCHANGE PAIR TIMEFRAME"

class LiveCandles final : public QObject
{
    Q_OBJECT
public:
    explicit LiveCandles(EngineConnection &connection, QObject *parent = nullptr);

    void look(const SeriesKey &series); // counted: each look() wants its lookAway()
    void lookAway(const SeriesKey &series);

    void apply(const QJsonObject &candles);

Q_SIGNALS:
    // Of one series ("EXCHANGE PAIR TIMEFRAME"); either may be missing.
    void moved(const QString &series, const std::optional<tk::Candle> &closed,
               const std::optional<tk::Candle> &forming);

private:
    void tell();

    EngineConnection &m_connection;
    QHash<QString, int> m_looks;
};

} // namespace tk::monitor
