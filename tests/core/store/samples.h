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

inline constexpr TimeSpan always{fromMs(0), fromMs(4'000'000'000'000)};

} // namespace tk::test
