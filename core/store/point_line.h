// One line of our own line protocol, read back: which point it is. The spool holds lines; who counts, confirms, evicts
// or resends them must know what they are. Pure, no allocation.
#pragma once

#include "market/records.h"
#include "market/stream_span.h"
#include "store/spool/spool.h"

#include <QByteArrayView>

#include <optional>
#include <vector>

namespace tk::store {

struct PointLine
{
    QByteArrayView head;        // measurement and tags: the identity of the series
    QByteArrayView measurement; // "ohlcv_3m", "funding_rate", "mark_price", or the kind of a tick: "trades"
    QByteArrayView exchange;    // as it stands in the line, escaped
    QByteArrayView pair;
    QByteArrayView type;   // "special" or empty
    QByteArrayView fields; // all of them
    qint64 stamp = 0;      // in the unit of its lane

    bool isCandle() const { return measurement.startsWith("ohlcv_"); }
    bool isMarkCandle() const { return measurement.startsWith("mark_ohlcv_"); }
    bool isFunding() const { return measurement == "funding_rate"; }
    std::optional<Timeframe> timeframe() const; // of a candle, or a mark candle
    std::optional<StreamKey> stream() const;    // nothing for a measurement that is no stream
    bool hasField(QByteArrayView name) const;   // outside of strings
};

// Nothing for a line that we would not have written.
std::optional<PointLine> readPointLine(QByteArrayView line);

// On which grid a stream's points are counted: candles on their own, mark prices and funding rates by the minute,
// ticks by the hour.
Timeframe gridOf(const StreamKey &stream);

// A tag value as it stands in a line, without its escapes.
QString tagText(QByteArrayView escaped);

// Candles, funding and marks are stamped in milliseconds, ticks in nanoseconds (two trades of one millisecond are two
// points).
constexpr bool isInNanoseconds(Lane lane)
{
    return lane == Lane::Ticks;
}
constexpr UtcTime stampTime(Lane lane, qint64 stamp)
{
    return fromMs(isInNanoseconds(lane) ? stamp / 1'000'000 : stamp);
}

// A settled rate goes with the candles, which history has, too; a prediction with the marks.
inline Lane laneOf(const FundingPoint &point)
{
    return point.rate.isEmpty() ? Lane::Marks : Lane::Candles;
}

// What the lines cover, for gaps: candles and marks as runs on their grid, anything else from its first to its last
// stamp.
std::vector<StreamSpan> coveredSpans(Lane lane, QByteArrayView lines);

// Calls `take(QByteArrayView line)` for each line, without its line feed.
template <typename F>
void eachLine(QByteArrayView lines, F &&take)
{
    for (qsizetype at = 0; at < lines.size();) {
        qsizetype end = lines.indexOf('\n', at);
        if (end < 0)
            end = lines.size();
        if (end > at)
            take(lines.sliced(at, end - at));
        at = end + 1;
    }
}

} // namespace tk::store
