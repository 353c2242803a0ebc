#include "support/exchange/book.h"

#include "support/exchange/hash.h"

#include <algorithm>

namespace tk::sim {

namespace {

constexpr qint64 depth = 1000;

qint64 levelSize(const Contract &c, qint64 price, qint64 step)
{
    const quint64 own = mix(c.seed + 43, quint64(price));
    const qint64 period = 8 + qint64(own % 200); // 0.4 s to 10 s
    const quint64 chance = mix(own, quint64((step + qint64((own >> 20) % 200)) / period));
    if (chance % 4 == 0)
        return 0; // nobody stands here just now
    const double size = unit(mix(chance, 1));
    return 1 + qint64(double(c.lot) * size * size * 8);
}

// The best quotes of a busy contract change with every step, those of a quiet one every ten seconds.
qint64 bestSize(const Contract &c, qint64 step, quint64 side)
{
    const qint64 perHour = c.perBlockActive * 3'600'000 / c.blockMs;
    const qint64 period = std::clamp<qint64>(6000 / std::max<qint64>(perHour, 1), 1, 200);
    const double size = unit(mix(c.seed + 47 + side, quint64(step / period)));
    return 1 + qint64(double(c.lot) * size * 10);
}

qint64 bidAt(const Contract &c, qint64 price, const BookTop &top, qint64 step)
{
    if (price > top.bid || price <= top.bid - depth * top.stride)
        return 0;
    return price == top.bid ? top.bidSize : levelSize(c, price, step);
}

qint64 askAt(const Contract &c, qint64 price, const BookTop &top, qint64 step)
{
    if (price < top.ask || price >= top.ask + depth * top.stride)
        return 0;
    return price == top.ask ? top.askSize : levelSize(c, price, step);
}

} // namespace

qint64 bookId(const Contract &contract, qint64 step)
{
    return step * 300 + qint64(mix(contract.seed + 53, quint64(step)) % 200);
}

BookTop bookTop(const Contract &contract, qint64 step, PathCursor &cursor)
{
    BookTop top;
    top.stride = contract.tick;
    const qint64 middle = qint64(pathAt(contract, step * bookStepMs, cursor));
    top.bid = std::max<qint64>(middle / top.stride, 1) * top.stride;
    top.ask = top.bid + top.stride;
    top.bidSize = bestSize(contract, step, 0);
    top.askSize = bestSize(contract, step, 1);
    return top;
}

BookSides bookLevels(const Contract &contract, qint64 step, int count, PathCursor &cursor)
{
    const BookTop top = bookTop(contract, step, cursor);
    BookSides sides;
    for (qint64 i = 0; i < depth && sides.bids.size() < size_t(count); ++i) {
        const qint64 price = top.bid - i * top.stride;
        if (const qint64 size = bidAt(contract, price, top, step); size > 0 && price > 0)
            sides.bids.push_back({price, size});
    }
    for (qint64 i = 0; i < depth && sides.asks.size() < size_t(count); ++i) {
        const qint64 price = top.ask + i * top.stride;
        if (const qint64 size = askAt(contract, price, top, step); size > 0)
            sides.asks.push_back({price, size});
    }
    return sides;
}

BookSides bookDifference(const Contract &contract, qint64 from, qint64 to, PathCursor &cursor)
{
    const BookTop before = bookTop(contract, from, cursor);
    const BookTop after = bookTop(contract, to, cursor);
    const qint64 reach = depth * before.stride;
    BookSides sides;
    const qint64 lowest = std::max(before.stride, std::min(before.bid, after.bid) - reach);
    for (qint64 price = std::max(before.bid, after.bid); price > lowest; price -= before.stride) {
        const qint64 size = bidAt(contract, price, after, to);
        if (size != bidAt(contract, price, before, from))
            sides.bids.push_back({price, size});
    }
    const qint64 highest = std::max(before.ask, after.ask) + reach;
    for (qint64 price = std::min(before.ask, after.ask); price < highest; price += before.stride) {
        const qint64 size = askAt(contract, price, after, to);
        if (size != askAt(contract, price, before, from))
            sides.asks.push_back({price, size});
    }
    return sides;
}

} // namespace tk::sim
