// From stored records to the rows of a file. Pure.
#pragma once

#include "market/records.h"

#include <QString>

#include <array>
#include <span>
#include <vector>

namespace tk::sync {

// Ascending, each time once. Values are open, high, low, close, volume; a funding rate stands in the first one.
struct Rows
{
    std::vector<qint64> times; // ms
    std::vector<std::array<double, 5>> values;
    qint64 exact_to = 0; // ms: rows before it are the exchange's own, whatever a file says
    qint64 left_out = 0; // rows of the store that cannot be
    QString why_left{};  // of the first of them, with its place

    size_t size() const { return times.size(); }
    void add(qint64 time, const std::array<double, 5> &row)
    {
        times.push_back(time);
        values.push_back(row);
    }
};

Rows candleRows(std::span<const Candle> candles);

// The exchange's own candles of the mark price, an hour each, as those of a timeframe: whole ones only.
Rows markCandleRows(std::span<const Candle> hours, Timeframe timeframe);

// Mark price candles from mark prices once a minute: open and close are as exact as the samples are punctual, high and
// low are those of the samples. Only where every minute has one, and the minute after the end, whose price is the
// close. Volume is zero, as the exchange says.
Rows markRows(std::span<const MarkPoint> marks, Timeframe timeframe);

// Settled rates, at the full hour: exchanges print some milliseconds more, and freqtrade joins by equal times. Where
// a regular and a special rate share the hour, the regular one.
Rows fundingRows(std::span<const FundingPoint> points);

// Whether all of them lie on the grid of the timeframe: an old host wants funding every eight hours, or none at all.
bool onGrid(const Rows &rows, Timeframe timeframe);

} // namespace tk::sync
