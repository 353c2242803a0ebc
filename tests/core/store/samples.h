// Made-up records for the tests of the store.
#pragma once

#include "market/records.h"

#include <QString>

#include <string>

namespace tk::test {

inline constexpr UtcTime sampleStart = fromMs(1'795'168'800'000); // 2026-11-20T10:00:00Z

inline DecimalText dec(std::string_view text)
{
    return *DecimalText::from(text);
}

inline SeriesKey series(Timeframe timeframe = Timeframe::M3, const QString &pair = QStringLiteral("BTC/USDT:USDT"))
{
    return {QStringLiteral("binance-usdm"), pair, timeframe};
}

inline Candle candle(UtcTime open, std::string_view close = "101.50", CandleSource source = CandleSource::Live)
{
    Candle candle;
    candle.open_time = open;
    candle.open = dec("100.10");
    candle.high = dec("102");
    candle.low = dec("99.9000");
    candle.close = dec(close);
    if (candle.close.toDouble() > candle.high.toDouble()) // whatever it closes at, it is a candle that can be
        candle.high = candle.close;
    if (candle.close.toDouble() < candle.low.toDouble())
        candle.low = candle.close;
    candle.volume = dec("12.345");
    candle.quote_volume = dec("1234.50");
    candle.trades = 42;
    candle.source = source;
    return candle;
}

inline std::vector<Candle> candles(Timeframe timeframe, UtcTime from, int count,
                                   CandleSource source = CandleSource::History)
{
    std::vector<Candle> result;
    UtcTime open = candleOpen(timeframe, from);
    for (int i = 0; i < count; ++i) {
        result.push_back(candle(open, std::to_string(100 + i) + ".50", source));
        open = nextCandleOpen(timeframe, open);
    }
    return result;
}

inline RecordBatch batch(const SeriesKey &key, std::vector<Candle> candles)
{
    RecordBatch batch;
    batch.candles.push_back({key, std::move(candles)});
    return batch;
}

// The exchange's own mark candles, hour by hour: they open at 1000, 1001 and so on.
inline RecordBatch ownMarks(UtcTime from, int hours)
{
    RecordBatch batch;
    CandleBatch &marks = batch.mark_candles.emplace_back();
    marks.series = series(Timeframe::H1);
    for (int i = 0; i < hours; ++i) {
        Candle candle;
        candle.open_time = from + i * std::chrono::hours(1);
        candle.open = dec(std::to_string(1000 + i));
        candle.high = dec(std::to_string(1010 + i));
        candle.low = dec(std::to_string(990 + i));
        candle.close = dec(std::to_string(1001 + i));
        marks.candles.push_back(candle);
    }
    return batch;
}

inline constexpr TimeSpan always{fromMs(0), fromMs(4'000'000'000'000)};

} // namespace tk::test
