#include "market/candle_check.h"

#include <algorithm>

namespace tk {

std::optional<QString> whyImpossiblePrices(double open, double high, double low, double close)
{
    if (!(low <= std::min(open, close) && high >= std::max(open, close) && low <= high))
        return QStringLiteral("its prices contradict one another (open %1, high %2, low %3, close %4)")
            .arg(open)
            .arg(high)
            .arg(low)
            .arg(close);
    if (low < 0)
        return QStringLiteral("it has a price below zero");
    return {};
}

std::optional<QString> whyImpossible(const Candle &candle, Timeframe timeframe, std::optional<UtcTime> close)
{
    const UtcTime open = candleOpen(timeframe, candle.open_time);
    if (open != candle.open_time)
        return QStringLiteral("it opens %1 s beside the grid of %2")
            .arg(double((candle.open_time - open).count()) / 1000.0)
            .arg(timeframeText(timeframe));
    if (close && *close != nextCandleOpen(timeframe, open) - milliseconds(1))
        return QStringLiteral("it closes at %1, not at the end of its %2")
            .arg(isoText(*close, true), timeframeText(timeframe));
    if (candle.open.isEmpty() || candle.high.isEmpty() || candle.low.isEmpty() || candle.close.isEmpty())
        return QStringLiteral("one of its prices is missing");
    if (auto why = whyImpossiblePrices(candle.open.toDouble(), candle.high.toDouble(), candle.low.toDouble(),
                                       candle.close.toDouble()))
        return why;
    if (candle.volume.toDouble() < 0 || candle.quote_volume.toDouble() < 0 || candle.trades < 0)
        return QStringLiteral("its volume or its count of trades is below zero");
    return {};
}

} // namespace tk
