// The exchange's own names of instruments, in order, for comparisons.
#pragma once

#include "exchange/instrument.h"

#include <QStringList>

#include <vector>

namespace tk::test {

inline QStringList symbolsOf(const std::vector<exchange::Instrument> &instruments)
{
    QStringList symbols;
    for (const exchange::Instrument &instrument : instruments)
        symbols.append(instrument.symbol);
    return symbols;
}

} // namespace tk::test
