// Binance USD-M futures: names, routes, subscriptions, and the parts that parse (reference §2).
#pragma once

#include "exchange/adapter.h"

#include <memory>

namespace tk::exchange::binance {

std::unique_ptr<ExchangeAdapter> makeAdapter();

} // namespace tk::exchange::binance
