// Streams: one kind of data of one pair on one exchange, and the states they can be in (product: "Words").
#pragma once

#include "base/time.h"
#include "market/timeframe.h"

#include <QHashFunctions>
#include <QString>

#include <array>
#include <optional>
#include <string_view>

namespace tk {

enum class StreamKind : quint8 {
    Candles,
    MarkPrice,
    Ticker,
    Trades,
    Liquidations,
    Depth,
    BookTicker,
    ContractInfo,
    // Of the ledger and the index alone: nobody subscribes them.
    FundingRate, // told by the mark price stream
    MarkCandles, // of the mark price, read over REST
};

inline constexpr std::array<std::string_view, 10> streamKindNames{
    "candles", "mark_price",  "ticker",        "trades",       "liquidations",
    "depth",   "book_ticker", "contract_info", "funding_rate", "mark_candles"};

constexpr std::string_view streamKindName(StreamKind kind)
{
    return streamKindNames[size_t(kind)];
}

enum class StreamState : quint8 {
    Requested,    // asked for, no answer yet
    Acknowledged, // the exchange said yes; that is not data
    Live,         // data came when it was due
    Late,         // past its contract
    Stale,        // past the threshold
    Silent,       // acknowledged, never any data
    Quiet,        // no trades, proven by another source
    Ended,        // delisted
};

inline constexpr std::array<std::string_view, 8> streamStateNames{"requested", "acknowledged", "live",  "late",
                                                                  "stale",     "silent",       "quiet", "ended"};

constexpr std::string_view streamStateName(StreamState state)
{
    return streamStateNames[size_t(state)];
}

// Data is missing here that was due.
constexpr bool isSick(StreamState state)
{
    return state == StreamState::Stale || state == StreamState::Silent;
}

// Data came when it was due, or is proven not to exist. Neither sick nor this: it waits for its first data.
constexpr bool delivers(StreamState state)
{
    return state == StreamState::Live || state == StreamState::Late || state == StreamState::Quiet;
}

struct StreamKey
{
    QString exchange;
    QString pair;
    StreamKind kind = StreamKind::Candles;
    Timeframe timeframe = Timeframe::M1; // candles and mark candles only

    bool operator==(const StreamKey &) const = default;

    // "3m candles", "mark_price": how logs and tables name a stream beside its pair.
    QString kindText() const
    {
        const std::string_view name = streamKindName(kind);
        const QString text = QString::fromLatin1(name.data(), qsizetype(name.size()));
        if (kind == StreamKind::MarkCandles)
            return timeframeText(timeframe) + QStringLiteral(" mark candles");
        return kind == StreamKind::Candles ? timeframeText(timeframe) + u' ' + text : text;
    }
};

inline size_t qHash(const StreamKey &key, size_t seed = 0)
{
    return qHashMulti(seed, key.exchange, key.pair, quint8(key.kind), quint8(key.timeframe));
}

} // namespace tk
