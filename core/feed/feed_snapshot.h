// What the feed says of itself, once a second: values for status, metrics and the window. Immutable once sent.
#pragma once

#include "market/candle.h"
#include "market/records.h"
#include "market/stream.h"

#include <array>
#include <vector>

namespace tk::feed {

// The newest values that a stream showed; empty and 0 where it has none of the kind.
struct StreamValues
{
    DecimalText price; // last trade's, or the mark price
    DecimalText index_price;
    DecimalText funding_rate; // predicted
    UtcTime next_funding{};
    UtcTime last_final{}; // open time of the newest candle that came with its closed mark
};

// A series that somebody looks at: its newest closed candle, and the one that forms.
struct LiveCandles
{
    SeriesKey series;
    std::optional<Candle> closed;
    std::optional<Candle> forming;
};

struct StreamRow
{
    StreamKey key;
    StreamState state = StreamState::Requested;
    UtcTime since{};
    UtcTime last_event{}; // 0: never
    quint64 frames = 0;
    QString cause;
    StreamValues values{};
    int heal_attempts = 0; // since it was last live: asked for again and again, and still without data
};

struct ConnectionRow
{
    QString label;
    bool up = false;
    bool rotating = false;
    UtcTime down_since{};
    QString down_cause;
    int streams = 0;
    milliseconds age{0};
    milliseconds next_rotation{0};
    quint64 frames = 0;
    quint64 reconnects = 0;
    int failures_in_row = 0;
};

struct FeedSnapshot
{
    QString exchange;
    UtcTime at{};
    std::array<int, streamStateNames.size()> streams_by_state{};
    std::vector<StreamRow> streams;
    std::vector<ConnectionRow> connections;
    std::vector<QString> stale_majors; // cryptofeed names, as operators grep for them
    int majors = 0;
    quint64 frames = 0;
    quint64 bytes = 0;
    quint64 broken_frames = 0;
    quint64 unhandled_events = 0;
    quint64 final_candles = 0;
    quint64 repeated_finals = 0;
    quint64 refused_records = 0; // the store's queue was full
    quint64 reconnects = 0;

    int count(StreamState state) const { return streams_by_state[size_t(state)]; }
};

} // namespace tk::feed
