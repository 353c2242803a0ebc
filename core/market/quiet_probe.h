// The question whether a silent pair is merely quiet, and its answer: feed asks, history looks at the exchange's
// candles.
#pragma once

#include "market/timeframe.h"

namespace tk {

// Asks whether a pair had trades that its candle stream did not show.
struct QuietProbe
{
    QString pair;
    Timeframe timeframe = Timeframe::M1;
    UtcTime known_open{}; // the candle last seen; 0: none yet
};

// What the exchange's REST candles say: the newest candle in which something was traded, and how much.
struct ProbeAnswer
{
    QString pair;
    Timeframe timeframe = Timeframe::M1;
    bool known = false; // false: could not be asked
    UtcTime open{};
    qint64 trades = 0; // where the exchange counts them (CandleFacts)
    double volume = 0; // the measure where it does not
};

} // namespace tk
