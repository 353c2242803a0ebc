// What an event tells of its stream: when it was, and what it proves of the pair's trades. Pure.
#pragma once

#include "exchange/adapter.h"
#include "feed/stream_table.h"

namespace tk::feed {

// `facts`: what the candles of the exchange can prove.
StreamTable::Data dataOf(const exchange::MarketEvent &event, const exchange::CandleFacts &facts);

} // namespace tk::feed
