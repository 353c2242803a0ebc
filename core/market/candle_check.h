// Rows that cannot be: a candle beside its grid, one that closes at another time than its timeframe says, values that
// contradict one another. Nobody stores such a row, wherever it comes from. Pure.
#pragma once

#include "market/candle.h"

#include <QString>

#include <optional>

namespace tk {

// Why it cannot be; nothing for a sound candle. `close` is the last moment as the source tells it, where it does.
std::optional<QString> whyImpossible(const Candle &candle, Timeframe timeframe,
                                     std::optional<UtcTime> close = std::nullopt);

// The same of prices alone, for who has them as numbers. What is no number contradicts.
std::optional<QString> whyImpossiblePrices(double open, double high, double low, double close);

} // namespace tk
