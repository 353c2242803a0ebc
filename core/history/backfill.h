// What an operator asks of history, and how it goes. Values.
#pragma once

#include "market/records.h"

#include <QHash>
#include <QStringList>

#include <vector>

namespace tk::history {

// Ends the problem of a pair that an exchange does not list; another one may.
inline const QString noSuchPair = QStringLiteral(": the exchange lists no such pair");

struct BackfillRequest
{
    quint64 id = 0;
    QString exchange{}; // empty: every one
    QStringList pairs;  // unified names; empty: all that are collected
    std::vector<Timeframe> timeframes;
    TimeSpan span{};
    bool only_missing = true; // false: read everything again
};

struct BackfillCounts
{
    qint64 wanted = 0;     // candles missing when it began
    qint64 present = 0;    // candles that were there already
    qint64 fetched = 0;    // stored and confirmed
    qint64 unfillable = 0; // the exchange does not have them
    int jobs_left = 0;
};

struct BackfillProgress : BackfillCounts
{
    quint64 id = 0;
    QString exchange{}; // whose part this is
    bool cancelled = false;
    bool paused = false;
    QStringList problems; // unknown pairs, refused requests
    QHash<QString, BackfillCounts> by_pair;
};

// What a backfill would cost, told before it begins.
struct BackfillPlan
{
    quint64 id = 0; // of the request
    qint64 wanted = 0;
    qint64 present = 0;
    int requests = 0;
    int weight = 0;
    milliseconds estimate{0}; // at the weight that history allows itself per minute
    QStringList problems{};
};

// The first fill, as a line or a bar shows it.
struct FillProgress
{
    qint64 wanted = 0;  // candles
    qint64 fetched = 0; // received
    int series = 0;
    int requests_left = 0;
    bool planned = false; // what is missing will be looked for when the exchange has told what a request weighs
    bool active = false;
    bool done = false;
    MonotonicTime started{};
};

} // namespace tk::history
