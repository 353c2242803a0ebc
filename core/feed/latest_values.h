// What each stream showed last, for people to look at; never for records. Pure; feed thread.
#pragma once

#include "exchange/adapter.h"
#include "feed/feed_snapshot.h"
#include "feed/stream_table.h"

#include <unordered_map>
#include <vector>

namespace tk::feed {

class LatestValues
{
public:
    void event(StreamId id, const exchange::MarketEvent &event);
    const StreamValues &of(StreamId id) const;

    // The candle streams whose forming candle is wanted; replaces those wanted before.
    void watch(const std::vector<StreamId> &streams);
    bool isWatching() const { return !m_watched.empty(); }

    // Of the watched streams, those that showed something since the last call. The series is the caller's to fill in.
    std::vector<std::pair<StreamId, LiveCandles>> takeLive();

private:
    struct Watched
    {
        LiveCandles candles;
        bool changed = false;
    };

    std::vector<StreamValues> m_values; // by stream id
    std::unordered_map<StreamId, Watched> m_watched;
};

} // namespace tk::feed
