// Candles for tests: a walk that always goes the same way, on the grid of its timeframe.
#pragma once

#include "market/candle.h"

#include <QString>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace tk::test {

inline UtcTime utc(const char *text)
{
    return parseUtcTime(QString::fromLatin1(text)).value();
}

inline DecimalText decimal(double value, int decimals = 1)
{
    return *DecimalText::from(QString::number(value, 'f', decimals).toStdString());
}

inline Candle candleAt(UtcTime open, double from, double to, double reach = 5)
{
    Candle candle;
    candle.open_time = open;
    candle.open = decimal(from);
    candle.close = decimal(to);
    candle.high = decimal(std::max(from, to) + reach);
    candle.low = decimal(std::min(from, to) - reach);
    candle.volume = decimal(100, 3);
    candle.quote_volume = decimal(100 * to, 3);
    candle.trades = 1027;
    return candle;
}

// `count` candles; the last one ends at `end`.
inline std::vector<Candle> walk(UtcTime end, int count, Timeframe timeframe, double start = 83'100)
{
    std::mt19937 random(7);
    std::uniform_int_distribution<int> step(-20, 20);
    std::vector<Candle> candles;
    candles.reserve(size_t(count));
    UtcTime open = candlesBefore(timeframe, end, count);
    double price = start;
    for (int i = 0; i < count; ++i) {
        const double next = std::max(start / 2, price + step(random));
        Candle candle = candleAt(open, price, next, 3 + std::abs(step(random)) / 2.0);
        candle.volume = decimal(100 + 5 * (20 + step(random)), 3);
        candles.push_back(candle);
        price = next;
        open = nextCandleOpen(timeframe, open);
    }
    return candles;
}

} // namespace tk::test
