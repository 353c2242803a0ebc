// A contract of the simulated exchange: what the instrument list says of it, and how it trades.
#pragma once

#include "base/time.h"

#include <QByteArray>

#include <limits>
#include <vector>

namespace tk::sim {

constexpr qint64 neverMs = 4'133'404'800'000; // how the exchange writes "no end"

// A span in which a contract did not trade (fault F12), and what the contiguous ids after it are short of.
struct QuietSpan
{
    qint64 fromMs = 0;
    qint64 toMs = 0;
    qint64 firstTrade = 0; // index of the first trade that is left out
    qint64 trades = 0;
    qint64 fills = 0;
};

struct Contract
{
    int index = 0;
    quint64 seed = 0;
    QByteArray symbol; // UTF-8
    QByteArray lower;  // as in stream names: ASCII letters only are lowered
    QByteArray pair;
    QByteArray base;
    QByteArray quote;
    QByteArray contractType;
    QByteArray underlyingType;
    QByteArray underlyingSubType; // JSON list
    int family = 1;               // "st": 1 USD-M, 2 COIN-M, which shows in array streams only
    int priceDecimals = 2;
    int quantityDecimals = 3;
    qint64 tick = 1;      // in units of 10^-priceDecimals
    double basePrice = 1; // in the same units
    qint64 lot = 1;       // a usual trade, in units of 10^-quantityDecimals
    qint64 blockMs = 3'600'000;
    qint64 perBlock = 300;       // trades in a block before `activeFromMs`
    qint64 perBlockActive = 300; // and after: what the activity factor multiplies
    qint64 activeFromMs = std::numeric_limits<qint64>::min();
    qint64 onboardMs = 0;
    qint64 relistedMs = 0; // the exchange says that it was listed then, and tells of what was before all the same
    qint64 deliveryMs = neverMs;
    bool neverOpens = false; // PENDING_TRADING for ever
    int fundingHours = 8;
    std::vector<QuietSpan> quiet;

    qint64 listedMs() const { return relistedMs != 0 ? relistedMs : onboardMs; }
    bool hasFunding() const { return contractType.endsWith("PERPETUAL") && family == 1; }
    bool isListed(qint64 ms) const { return !neverOpens && ms >= onboardMs && ms < deliveryMs; }
    QByteArray status(qint64 ms) const
    {
        if (neverOpens || ms < onboardMs)
            return QByteArrayLiteral("PENDING_TRADING");
        return ms < deliveryMs ? QByteArrayLiteral("TRADING") : QByteArrayLiteral("SETTLING");
    }
};

} // namespace tk::sim
