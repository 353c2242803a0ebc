#include "support/exchange/market_model.h"

#include "support/exchange/hash.h"

#include <algorithm>
#include <cmath>

namespace tk::sim {

namespace {

struct Octave
{
    qint64 lengthMs;
    double amplitude;
};
constexpr std::array<Octave, 5> octaves{{{30LL * 86'400'000, 0.22},
                                         {3LL * 86'400'000, 0.06},
                                         {4LL * 3'600'000, 0.014},
                                         {15LL * 60'000, 0.004},
                                         {60'000, 0.0009}}};

double cornerAt(const Contract &contract, size_t octave, qint64 cell)
{
    return unit(mix(contract.seed + 101 * (octave + 1), quint64(cell))) * 2 - 1;
}

qint64 floorDiv(qint64 a, qint64 b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

struct Block
{
    qint64 startMs = 0;
    qint64 firstIndex = 0;
    qint64 trades = 1;
};

Block blockOfTime(const Contract &c, qint64 ms)
{
    const qint64 number = floorDiv(ms, c.blockMs);
    const qint64 border = ms >= c.activeFromMs && c.perBlock != c.perBlockActive ? c.activeFromMs / c.blockMs : number;
    Block block;
    block.startMs = number * c.blockMs;
    block.firstIndex = border * c.perBlock + (number - border) * c.perBlockActive;
    block.trades = number > border || (number == border && ms >= c.activeFromMs) ? c.perBlockActive : c.perBlock;
    return block;
}

Block blockOfIndex(const Contract &c, qint64 index)
{
    if (c.perBlock != c.perBlockActive) {
        const qint64 border = c.activeFromMs / c.blockMs;
        const qint64 after = index - border * c.perBlock;
        if (after >= 0) {
            const qint64 number = after / c.perBlockActive;
            return {(border + number) * c.blockMs, border * c.perBlock + number * c.perBlockActive, c.perBlockActive};
        }
    }
    const qint64 number = floorDiv(index, c.perBlock);
    return {number * c.blockMs, number * c.perBlock, c.perBlock};
}

constexpr qint64 fillsPerTrade = 4;

qint64 rawFirstFill(const Contract &c, qint64 index)
{
    return index * fillsPerTrade + qint64(mix(c.seed + 7, quint64(index)) % fillsPerTrade);
}

// How many ids quiet spans before `index` have taken away.
QuietSpan missingBefore(const Contract &c, qint64 index)
{
    QuietSpan missing;
    for (const QuietSpan &span : c.quiet) {
        if (index < span.firstTrade + span.trades)
            break;
        missing.trades += span.trades;
        missing.fills += span.fills;
    }
    return missing;
}

} // namespace

double pathAt(const Contract &contract, qint64 ms, PathCursor &cursor)
{
    double x = 0;
    for (size_t i = 0; i < octaves.size(); ++i) {
        const Octave &octave = octaves[i];
        if (!cursor.known[i] || quint64(ms - cursor.startMs[i]) >= quint64(octave.lengthMs)) {
            const qint64 shift = qint64((contract.seed >> (8 * i)) & 0xff) * (octave.lengthMs >> 8);
            const qint64 cell = floorDiv(ms + shift, octave.lengthMs);
            cursor.left[i] = cornerAt(contract, i, cell);
            cursor.right[i] = cornerAt(contract, i, cell + 1);
            cursor.startMs[i] = cell * octave.lengthMs - shift;
            cursor.known[i] = true;
        }
        const double t = double(ms - cursor.startMs[i]) * (1.0 / double(octave.lengthMs));
        const double smooth = t * t * (3 - 2 * t);
        x += octave.amplitude * (cursor.left[i] + (cursor.right[i] - cursor.left[i]) * smooth);
    }
    return contract.basePrice * (1 + x * (1 + x / 2 * (1 + x / 3)));
}

qint64 tradeTime(const Contract &contract, qint64 index)
{
    // One trade in each of the block's equal slots, somewhere in it: sorted without sorting, found without searching.
    const Block block = blockOfIndex(contract, index);
    const qint64 slot = index - block.firstIndex;
    const qint64 within = qint64((mix(contract.seed, quint64(index)) >> 32) * quint64(contract.blockMs) >> 32);
    return block.startMs + (slot * contract.blockMs + within) / block.trades;
}

qint64 tradeIndexAt(const Contract &contract, qint64 ms)
{
    const Block block = blockOfTime(contract, ms);
    const qint64 index = block.firstIndex + (ms - block.startMs) * block.trades / contract.blockMs;
    return tradeTime(contract, index) >= ms ? index : index + 1;
}

bool tradeExists(const Contract &contract, qint64 index, qint64 time)
{
    if (!contract.isListed(time))
        return false;
    return std::none_of(contract.quiet.begin(), contract.quiet.end(), [&](const QuietSpan &span) {
        return index >= span.firstTrade && index < span.firstTrade + span.trades;
    });
}

Trade tradeAt(const Contract &contract, qint64 index, PathCursor &cursor)
{
    const quint64 chance = mix(contract.seed + 13, quint64(index));
    Trade trade;
    trade.index = index;
    trade.time = tradeTime(contract, index);
    trade.buyerIsMaker = (chance & 1) != 0;
    const double noise = (unit(mix(chance, 1)) - 0.5) * 0.0006;
    const double price = pathAt(contract, trade.time, cursor) * (1 + noise);
    trade.price = std::max<qint64>(1, qint64(price / double(contract.tick) + 0.5)) * contract.tick;
    const double size = unit(mix(chance, 2));
    trade.quantity = std::max<qint64>(1, qint64(double(contract.lot) * (0.1 + size * size * size * 12)));
    const QuietSpan missing = missingBefore(contract, index);
    trade.id = index - missing.trades;
    trade.firstFill = rawFirstFill(contract, index) - missing.fills;
    trade.lastFill = rawFirstFill(contract, index + 1) - missing.fills - 1; // one fill at least
    return trade;
}

qint64 lastTradeBefore(const Contract &contract, qint64 ms)
{
    qint64 index = tradeIndexAt(contract, std::min(ms, contract.deliveryMs)) - 1;
    for (auto span = contract.quiet.rbegin(); span != contract.quiet.rend(); ++span) {
        if (index >= span->firstTrade && index < span->firstTrade + span->trades)
            index = span->firstTrade - 1;
    }
    return index >= 0 && tradeExists(contract, index, tradeTime(contract, index)) ? index : -1;
}

void addQuietSpan(Contract &contract, qint64 fromMs, qint64 toMs)
{
    QuietSpan span;
    span.fromMs = fromMs;
    span.toMs = toMs;
    span.firstTrade = tradeIndexAt(contract, fromMs);
    if (!contract.quiet.empty()) // spans follow one another; an overlap starts where the last one ended
        span.firstTrade = std::max(span.firstTrade, contract.quiet.back().firstTrade + contract.quiet.back().trades);
    const qint64 end = tradeIndexAt(contract, toMs);
    span.trades = std::max<qint64>(0, end - span.firstTrade);
    span.fills = span.trades == 0 ? 0 : rawFirstFill(contract, end) - rawFirstFill(contract, span.firstTrade);
    if (span.trades > 0)
        contract.quiet.push_back(span);
}

Mark markAt(const Contract &contract, qint64 ms, PathCursor &cursor)
{
    const qint64 second = floorDiv(ms, 1000) * 1000;
    double scale = 1e8;
    for (int i = 0; i < contract.priceDecimals; ++i)
        scale /= 10;
    const double path = pathAt(contract, second, cursor) * scale;
    const quint64 chance = mix(contract.seed + 29, quint64(second));
    Mark mark;
    mark.mark = qint64(path * (1 + (unit(chance) - 0.5) * 0.0001) + 0.5);
    mark.average = qint64(path + 0.5);
    mark.index = qint64(path * (1.0004 + (unit(mix(chance, 1)) - 0.5) * 0.0002) + 0.5);
    mark.settle = qint64(path * (1.0010 + (unit(mix(chance, 2)) - 0.5) * 0.0002) + 0.5);
    return mark;
}

Funding fundingAt(const Contract &contract, qint64 dueMs)
{
    const quint64 chance = mix(contract.seed + 31, quint64(dueMs));
    Funding funding;
    funding.dueMs = dueMs;
    funding.timeMs = dueMs + qint64(chance % 4);
    // Most contracts sit at the interest rate of 0.01 %, with excursions to both sides.
    const double swing = unit(mix(chance, 1)) * 2 - 1;
    funding.rate = mix(chance, 2) % 3 == 0 ? 10'000 : qint64(swing * swing * swing * 60'000);
    return funding;
}

qint64 nextFunding(const Contract &contract, qint64 ms)
{
    const qint64 interval = contract.fundingHours * 3'600'000LL;
    return (floorDiv(ms, interval) + 1) * interval;
}

qint64 liveRate(const Contract &contract, qint64 ms)
{
    const qint64 due = nextFunding(contract, ms);
    const double left = double(due - ms) / (double(contract.fundingHours) * 3'600'000);
    const quint64 chance = mix(contract.seed + 37, quint64(ms / 5000));
    return fundingAt(contract, due).rate + 1 + qint64(chance % 5) + qint64((unit(mix(chance, 1)) - 0.5) * 8000 * left);
}

qint64 specialRate(const Funding &regular)
{
    return regular.rate / 2 + 1;
}

bool hasSpecialFunding(const Contract &contract, qint64 dueMs)
{
    return mix(contract.seed + 41, quint64(dueMs)) % 97 == 0;
}

} // namespace tk::sim
