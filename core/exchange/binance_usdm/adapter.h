// Binance USD-M futures: names, routes, subscriptions, and the parts that parse (reference §2).
#pragma once

#include "exchange/catalog.h"

#include <memory>

namespace tk::exchange::binance {

std::unique_ptr<ExchangeAdapter> makeAdapter();
CatalogEntry catalogEntry();

} // namespace tk::exchange::binance
