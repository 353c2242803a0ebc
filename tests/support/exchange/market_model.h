// The market: a pure function of seed, contract and time. Nothing is recorded, so history equals the stream to the
// digit, after a restart too. All times in ms UTC; prices in units of 10^-priceDecimals, marks in units of 1e-8.
#pragma once

#include "support/exchange/contract.h"

#include <array>

namespace tk::sim {

struct Trade
{
    qint64 index = 0;     // position on the contract's tape, not contiguous over quiet spans
    qint64 id = 0;        // aggregate id, contiguous
    qint64 firstFill = 0; // trade ids, contiguous
    qint64 lastFill = 0;
    qint64 time = 0;
    qint64 price = 0;
    qint64 quantity = 0;
    bool buyerIsMaker = false;
};

// Remembers where on the path it was: neighbouring times share most of the arithmetic.
struct PathCursor
{
    std::array<qint64, 5> startMs{}; // of the cell of each octave
    std::array<bool, 5> known{};
    std::array<double, 5> left{};
    std::array<double, 5> right{};
};

// The price without the noise of single trades, in price units.
double pathAt(const Contract &contract, qint64 ms, PathCursor &cursor);

// Index of the first trade at or after `ms`, whether or not the contract was listed then.
qint64 tradeIndexAt(const Contract &contract, qint64 ms);
qint64 tradeTime(const Contract &contract, qint64 index);
Trade tradeAt(const Contract &contract, qint64 index, PathCursor &cursor);
bool tradeExists(const Contract &contract, qint64 index, qint64 time);
// The newest trade before `ms`, by index; -1 when there is none since the listing.
qint64 lastTradeBefore(const Contract &contract, qint64 ms);
// Leaves out the trades of [fromMs, toMs); the ids behind stay contiguous.
void addQuietSpan(Contract &contract, qint64 fromMs, qint64 toMs);

struct Mark
{
    qint64 mark = 0; // 1e-8
    qint64 average = 0;
    qint64 index = 0;
    qint64 settle = 0;
};
Mark markAt(const Contract &contract, qint64 ms, PathCursor &cursor); // changes once a second

struct Funding
{
    qint64 dueMs = 0;  // on the grid
    qint64 timeMs = 0; // as the exchange says: up to 3 ms later
    qint64 rate = 0;   // 1e-8
    bool special = false;
};
Funding fundingAt(const Contract &contract, qint64 dueMs);
qint64 nextFunding(const Contract &contract, qint64 ms); // the due time after `ms`
qint64 liveRate(const Contract &contract, qint64 ms);    // 1e-8; moves, and is not the settled one
qint64 specialRate(const Funding &regular);
bool hasSpecialFunding(const Contract &contract, qint64 dueMs);

} // namespace tk::sim
