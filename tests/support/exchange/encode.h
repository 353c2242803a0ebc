// Market values in the exchange's own JSON, keys in its order (reference §2.5, §2.6).
#pragma once

#include "support/exchange/book.h"
#include "support/exchange/tape.h"

namespace tk::sim {

struct KlineText
{
    QByteArrayView interval;
    qint64 openMs = 0;
    qint64 closeMs = 0; // exclusive; written minus 1
    bool closed = false;
    qint64 eventMs = 0;
};

void appendKline(QByteArray &out, const Contract &contract, const KlineText &text, const Aggregate &sum);
void appendContinuousKline(QByteArray &out, const Contract &contract, const KlineText &text, const Aggregate &sum);
void appendKlineRow(QByteArray &out, const Contract &contract, qint64 openMs, qint64 closeMs, const Aggregate &sum);
void appendMarkRow(QByteArray &out, qint64 openMs, qint64 closeMs, const MarkCandle &candle);

void appendAggTrade(QByteArray &out, const Contract &contract, const Trade &trade, qint64 eventMs);
void appendMarkPrice(QByteArray &out, const Contract &contract, qint64 ms, qint64 eventMs, PathCursor &cursor);
void appendBookTicker(QByteArray &out, const Contract &contract, const BookTop &top, qint64 step, qint64 eventMs);

struct DepthIds
{
    qint64 first = 0;
    qint64 last = 0;
    qint64 previous = 0;
};
void appendDepth(QByteArray &out, const Contract &contract, const BookSides &sides, const DepthIds &ids, qint64 timeMs,
                 qint64 eventMs);
void appendLevels(QByteArray &out, const Contract &contract, const std::vector<Level> &levels);

// The rolling day: opens on the minute 24 h ago.
struct DayWindow
{
    qint64 openMs = 0;
    qint64 closeMs = 0;
    Aggregate sum;

    qint64 weightedAverage(const Contract &contract) const; // price units
    qint64 changePermyriad() const;                         // of the open, in 0.001 %
    qint64 quoteInPriceUnits(const Contract &contract) const;
};
DayWindow dayWindow(Tape &tape, const Contract &contract, qint64 nowMs);
void appendTicker(QByteArray &out, const Contract &contract, const DayWindow &day, qint64 eventMs);
void appendMiniTicker(QByteArray &out, const Contract &contract, const DayWindow &day, qint64 eventMs);

// Forced orders are rare: at most one a minute and contract.
struct Liquidation
{
    qint64 timeMs = 0;
    bool sell = false;
    qint64 quantity = 0;
    qint64 price = 0;
    qint64 averagePrice = 0;
};
std::optional<Liquidation> liquidationIn(const Contract &contract, qint64 minuteMs, PathCursor &cursor);
void appendForceOrder(QByteArray &out, const Contract &contract, const Liquidation &order, qint64 eventMs);
void appendContractInfo(QByteArray &out, const Contract &contract, qint64 nowMs, qint64 eventMs);

} // namespace tk::sim
