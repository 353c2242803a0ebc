// The order book as a pure function of contract and time, in steps of 50 ms: snapshot, stream and best quote agree.
#pragma once

#include "support/exchange/market_model.h"

#include <vector>

namespace tk::sim {

constexpr qint64 bookStepMs = 50;

struct Level
{
    qint64 price = 0;
    qint64 size = 0; // 0 removes it

    bool operator==(const Level &) const = default;
};

struct BookTop
{
    qint64 stride = 1; // distance of neighbouring levels
    qint64 bid = 0;
    qint64 ask = 0;
    qint64 bidSize = 0;
    qint64 askSize = 0;

    bool operator==(const BookTop &) const = default;
};

struct BookSides
{
    std::vector<Level> bids; // best first
    std::vector<Level> asks;
};

constexpr qint64 bookStep(qint64 ms)
{
    return ms / bookStepMs;
}
qint64 bookId(const Contract &contract, qint64 step); // the last update id at this step
BookTop bookTop(const Contract &contract, qint64 step, PathCursor &cursor);
BookSides bookLevels(const Contract &contract, qint64 step, int count, PathCursor &cursor);
// What changed between two steps, within the 1000 levels of each side that a snapshot can show.
BookSides bookDifference(const Contract &contract, qint64 from, qint64 to, PathCursor &cursor);

} // namespace tk::sim
