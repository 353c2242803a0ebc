// A candle, and where a stored one came from.
#pragma once

#include "base/decimal_text.h"
#include "base/time.h"
#include "market/timeframe.h"

#include <optional>
#include <string_view>

namespace tk {

enum class CandleSource : quint8 {
    Live,    // the exchange's own closed mark
    History, // read over REST after its close
    Repair,  // read over REST because a stored value differed, or a gap was repaired
};

constexpr std::string_view sourceName(CandleSource source)
{
    switch (source) {
    case CandleSource::Live:
        return "live";
    case CandleSource::History:
        return "history";
    case CandleSource::Repair:
        return "repair";
    }
    return "live";
}

constexpr std::optional<CandleSource> sourceFromName(std::string_view name)
{
    for (const CandleSource source : {CandleSource::Live, CandleSource::History, CandleSource::Repair}) {
        if (sourceName(source) == name)
            return source;
    }
    return {};
}

struct Candle
{
    UtcTime open_time;
    DecimalText open;
    DecimalText high;
    DecimalText low;
    DecimalText close;
    DecimalText volume;       // base asset
    DecimalText quote_volume; // quote asset
    qint64 trades = 0;
    CandleSource source = CandleSource::Live;

    bool operator==(const Candle &) const = default; // to the letter; sameValues() is what the market cares for
};

// The same market values, whatever the source and however the text pads its zeros.
inline bool sameValues(const Candle &a, const Candle &b)
{
    return a.open_time == b.open_time && a.trades == b.trades && sameValue(a.open, b.open) &&
           sameValue(a.high, b.high) && sameValue(a.low, b.low) && sameValue(a.close, b.close) &&
           sameValue(a.volume, b.volume) && sameValue(a.quote_volume, b.quote_volume);
}

} // namespace tk
