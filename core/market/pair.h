// A pair and the names that other programs give it (reference: exchanges §1.1). Never made by cutting a symbol.
#pragma once

#include "base/result.h"

#include <QString>

namespace tk {

struct Pair
{
    QString base;
    QString quote;
    QString settle; // empty for spot

    QString unified() const;       // "BTC/USDT:USDT", as ccxt and freqtrade say
    QString cryptofeed() const;    // "BTC-USDT-PERP"
    QString freqtradeStem() const; // "BTC_USDT_USDT"

    // Takes the unified name, or cryptofeed's name of a perpetual (settled in its quote).
    static Result<Pair> parse(QStringView text);

    bool operator==(const Pair &) const = default;
};

} // namespace tk
