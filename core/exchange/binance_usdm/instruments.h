// Binance USD-M: the instrument list, exchangeInfo (reference §2.7). Pure.
#pragma once

#include "base/result.h"
#include "exchange/instrument.h"

#include <QByteArrayView>

#include <string_view>
#include <vector>

namespace tk::exchange::binance {

InstrumentStatus instrumentStatus(std::string_view status);

// Every contract of the list, also ended, dated and TradFi ones. A row that does not parse is left out; an error when
// the body as a whole is not an instrument list, or holds none.
Result<std::vector<Instrument>> parseExchangeInfo(QByteArrayView body);

} // namespace tk::exchange::binance
