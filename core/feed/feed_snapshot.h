// What the feed says of itself, once a second: values for status, metrics and the window. Immutable once sent.
#pragma once

#include "market/candle.h"
#include "market/records.h"
#include "market/stream.h"

#include <QStringList>

#include <array>
#include <string_view>
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
    bool rare = false;     // its silence proves nothing
    bool unclosed = false; // it delivers, and the closed mark of its last candle did not come
};

struct ConnectionRow
{
    QString label;
    bool up = false;
    bool rotating = false;
    UtcTime down_since{};
    QString down_cause;
    int streams = 0;
    int judged = 0;     // of them those of which data is due, sooner or later
    int delivering = 0; // of those: live, late, or proven quiet
    int sick = 0;       // of those: stale or silent
    UtcTime sick_since{};
    QString sick_cause;
    milliseconds age{0};
    milliseconds next_rotation{0};
    quint64 frames = 0;
    quint64 reconnects = 0;
    int failures_in_row = 0;

    bool delivers() const { return up && (delivering > 0 || judged == 0); }
    bool isWell() const { return delivers() && sick == 0; } // open, and what is due on it is there
    std::string_view state() const;
};

// down, waiting (open, no data yet), silent (open, and none of its streams delivers), partly (some do not), rotating,
// up.
inline std::string_view ConnectionRow::state() const
{
    if (!up)
        return "down";
    if (judged > 0 && delivering == 0)
        return sick > 0 ? "silent" : "waiting";
    if (sick > 0)
        return "partly";
    return rotating ? "rotating" : "up";
}

struct FeedSnapshot
{
    QString exchange;
    UtcTime at{};
    std::array<int, streamStateNames.size()> streams_by_state{};
    std::vector<StreamRow> streams;
    std::vector<ConnectionRow> connections;
    std::vector<QString> stale_majors;   // cryptofeed names, as operators grep for them
    std::vector<QString> waiting_majors; // the same of those whose data has not come
    UtcTime waiting_since{};             // without a single stream since; 0: there are some
    milliseconds clock_offset{0};        // of all frames' event times, against our clock; 0: they agree
    UtcTime clock_since{};               // they do not
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

    // "candles", "mark_price": kinds of data that are asked for and do not come: no stream brings any, and not because
    // nothing is traded. Rare events are none.
    QStringList kindsWithoutData() const;
    UtcTime newestOf(const QString &kind) const; // event time of the newest data of that kind; 0: there was none
};

inline QStringList FeedSnapshot::kindsWithoutData() const
{
    struct Seen
    {
        bool wanted = false;
        bool data = false; // of some stream
        bool quiet = false;
        bool sick = false;
    };
    std::array<Seen, streamKindNames.size()> seen{};
    for (const StreamRow &row : streams) {
        if (row.rare || row.state == StreamState::Ended)
            continue;
        Seen &kind = seen[size_t(row.key.kind)];
        kind.wanted = true;
        kind.quiet |= row.state == StreamState::Quiet;
        kind.data |= delivers(row.state) && row.state != StreamState::Quiet;
        kind.sick |= isSick(row.state);
    }
    QStringList kinds;
    for (size_t kind = 0; kind < seen.size(); ++kind) {
        // A pair without trades speaks for itself, and not for those whose data should come.
        if (seen[kind].wanted && !seen[kind].data && (seen[kind].sick || !seen[kind].quiet))
            kinds.append(QString::fromLatin1(streamKindNames[kind].data(), qsizetype(streamKindNames[kind].size())));
    }
    return kinds;
}

inline UtcTime FeedSnapshot::newestOf(const QString &kind) const
{
    UtcTime newest{};
    for (const StreamRow &row : streams) {
        const std::string_view name = streamKindName(row.key.kind);
        if (kind == QLatin1String(name.data(), qsizetype(name.size())))
            newest = std::max(newest, row.last_event);
    }
    return newest;
}

} // namespace tk::feed
