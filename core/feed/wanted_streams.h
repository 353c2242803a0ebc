// Which streams of an instrument are collected: what the settings name, and the one that its others are judged by. Pure
// but for the log.
#pragma once

#include "exchange/adapter.h"
#include "feed/feed_settings.h"

#include <vector>

namespace tk::feed {

// What the exchange has no stream for is left out, with a word in the log.
std::vector<exchange::StreamSpec> wantedStreams(const exchange::Instrument &instrument, const FeedSettings &settings,
                                                const exchange::ExchangeAdapter &adapter);

bool isWanted(const StreamKey &key, const FeedSettings &settings);

} // namespace tk::feed
