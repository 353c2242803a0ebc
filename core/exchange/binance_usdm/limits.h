// Binance USD-M: limits, cadences and weights as data (reference §2.3, §2.5, §2.6, §1.5).
#pragma once

#include "exchange/adapter.h"

namespace tk::exchange::binance {

using namespace std::chrono_literals;

// Measured: 1024 streams and 15 messages at once are the edge of a cut; older texts say 200 streams and 10 messages.
inline constexpr ConnectionLimits connectionLimits{.planned_streams = 200,
                                                   .names_per_message = 80, // keeps a message below 4 KB
                                                   .messages_per_second = 4,
                                                   .life = 24h,
                                                   .rotate_after = 23h,
                                                   .attempts = 200,
                                                   .attempts_window = 5min,
                                                   .transport_silence = 15s,
                                                   .ping_silence = 330s}; // pings come every three minutes or so

inline constexpr const char *weightLimit = "weight";
inline constexpr const char *fundingLimit = "funding"; // of fundingRate and fundingInfo, which cost no weight
inline constexpr int mostCandles = 1500;               // of an answer
inline constexpr int mostFundingRates = 1000;

inline RestLimits restLimits()
{
    using Window = RequestLimit::Window;
    return {.requests = {{.name = weightLimit, .amount = 2400, .window = 1min, .kind = Window::Aligned},
                         {.name = fundingLimit, .amount = 500, .window = 5min, .kind = Window::Sliding}},
            .max_candles = mostCandles,
            .small_candles = 499};
}

// Cadences: markPrice@1s every second; bookTicker and depth of a liquid pair constantly; ticker every 2 s.
inline constexpr StreamContract markPriceContract{.first_data = 8s, .late = 3s, .stale = 8s};
inline constexpr StreamContract tickerContract{.first_data = 20s, .late = 8s, .stale = 30s, .quiet_possible = true};
inline constexpr StreamContract bookContract{.first_data = 30s, .late = 15s, .stale = 60s, .quiet_possible = true};
inline constexpr StreamContract tradesContract{.first_data = 70s, .late = 60s, .stale = 5min, .quiet_possible = true};
inline constexpr StreamContract rareContract{.first_data = 0s, .late = 0s, .stale = 0s}; // silence proves nothing

// Open candles are pushed every 250 ms, but only when a trade changed them.
inline StreamContract candleContract(Timeframe timeframe)
{
    const milliseconds period = nominalLength(timeframe);
    return {
        .first_data = 70s, .late = std::min<milliseconds>(period, 3min), .stale = period * 2, .quiet_possible = true};
}

inline constexpr milliseconds shortestBan = 2min; // bans grow with every repetition
inline constexpr milliseconds longestBan = 72h;
inline constexpr int rateLimitCode = -1003;
inline constexpr qint64 noDelivery = 4'133'404'800'000; // the year 2100: Binance's "no end"

} // namespace tk::exchange::binance
