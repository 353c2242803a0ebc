// The tables of the embedded store. Measurements are named as in InfluxDB; decimals stay the exchange's own text.
#pragma once

#include "market/timeframe.h"

#include <QString>

namespace tk::store {

// `measurement` of a series: "ohlcv_3m", "funding_rate", "mark_price", or the kind of a tick ("trades", ...).
inline QString candleMeasurement(Timeframe timeframe)
{
    return QStringLiteral("ohlcv_") + timeframeText(timeframe);
}

// Candles of the mark price lie in the same table; `candles`, the view, does not show them.
inline QString markCandleMeasurement(Timeframe timeframe)
{
    return QStringLiteral("mark_ohlcv_") + timeframeText(timeframe);
}

inline constexpr qint32 storeApplicationId = 0x54414B53; // "TAKS"
inline constexpr int storeVersion = 1;

// All candles share one table, because SQLite tells ohlcv_1m from ohlcv_1M no better than a shouting person does. The
// series id carries the timeframe; t is milliseconds since 1970; source is 0 live, 1 history, 2 repair.
inline constexpr const char *storeSchema = R"(
CREATE TABLE series(
    id INTEGER PRIMARY KEY,
    exchange TEXT NOT NULL,
    pair TEXT NOT NULL,
    measurement TEXT NOT NULL,
    UNIQUE(measurement, exchange, pair));
CREATE TABLE ohlcv(
    series INTEGER NOT NULL, t INTEGER NOT NULL,
    open TEXT NOT NULL, high TEXT NOT NULL, low TEXT NOT NULL, close TEXT NOT NULL,
    volume TEXT NOT NULL, quote_volume TEXT, trades INTEGER NOT NULL, source INTEGER NOT NULL,
    PRIMARY KEY(series, t)) WITHOUT ROWID;
CREATE TABLE funding_rate(
    series INTEGER NOT NULL, t INTEGER NOT NULL, special INTEGER NOT NULL,
    rate TEXT, predicted_rate TEXT, next_funding INTEGER NOT NULL,
    PRIMARY KEY(series, t, special)) WITHOUT ROWID;
CREATE INDEX funding_rate_settled ON funding_rate(series, t) WHERE rate IS NOT NULL;
CREATE INDEX funding_rate_predicted ON funding_rate(series, t) WHERE predicted_rate IS NOT NULL;
CREATE TABLE mark_price(
    series INTEGER NOT NULL, t INTEGER NOT NULL, price TEXT NOT NULL, index_price TEXT,
    PRIMARY KEY(series, t)) WITHOUT ROWID;
CREATE TABLE ticks(
    series INTEGER NOT NULL, t INTEGER NOT NULL, id INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY(series, t, id)) WITHOUT ROWID;
)";

// For people who read the file beside us. Made anew where an older version made it: it did not know mark candles.
inline constexpr const char *candlesView = R"(
DROP VIEW IF EXISTS candles;
CREATE VIEW candles AS
    SELECT exchange, pair, substr(measurement, 7) AS timeframe, t AS time, open, high, low, close, volume, quote_volume,
           trades, CASE source WHEN 0 THEN 'live' WHEN 1 THEN 'history' ELSE 'repair' END AS source
    FROM ohlcv JOIN series ON series.id = ohlcv.series WHERE measurement GLOB 'ohlcv_*';
)";

} // namespace tk::store
