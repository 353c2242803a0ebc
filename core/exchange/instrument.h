// What an exchange trades, as its instrument list says.
#pragma once

#include "base/time.h"
#include "market/pair.h"

#include <QByteArray>
#include <QString>

namespace tk::exchange {

enum class InstrumentStatus : quint8 {
    Trading,
    Pending, // listed, not yet trading
    Ended,   // delisted, settling, delivered: its history stays readable, its streams are quiet for ever
    Halted,  // not trading now, may come back
    Other,   // a status we do not know: kept, with a warning
};

struct Instrument
{
    QString symbol; // the exchange's own name
    Pair pair;
    QString unified; // pair.unified(), kept because it is asked for often
    InstrumentStatus status = InstrumentStatus::Other;
    bool perpetual = false; // a crypto perpetual settled in its quote; TradFi and dated contracts are not
    QString contract_type;  // as the exchange says
    UtcTime onboard{};      // when it began to trade: no history before
    UtcTime delivery{};     // when it ends; 0 = never. A perpetual with an end is going to be delisted then
    QByteArray tick_size;

    bool operator==(const Instrument &) const = default;
};

} // namespace tk::exchange
