// Which instruments the configuration wants. Pure.
#pragma once

#include "exchange/instrument.h"

#include <QStringList>

#include <vector>

namespace tk::exchange {

struct Wanted
{
    bool all = true;                         // every perpetual that trades and settles in all_of
    QString all_of = QStringLiteral("USDT"); // a currency, or "*" for every one
    QStringList pairs;                       // otherwise these, by unified name
    QStringList exclude;                     // by unified name
};

struct Selection
{
    std::vector<Instrument> wanted; // trading now; majors first, then by name
    std::vector<QString> delisted;  // symbols that the exchange ended
    QStringList unknown;            // named in the configuration, not in the exchange's list
    QStringList not_trading;        // named, in the list, but not trading
};

// A pair that the configuration names and that is not collected, with the reason.
struct NotCollected
{
    QString pair;
    QString cause;

    bool operator==(const NotCollected &) const = default;
};
std::vector<NotCollected> notCollected(const Selection &selection);

Selection select(const std::vector<Instrument> &instruments, const Wanted &wanted, const QStringList &majorBases);

} // namespace tk::exchange
