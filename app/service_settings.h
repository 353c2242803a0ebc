// From the configuration to what each service is told.
#pragma once

#include "base/result.h"
#include "config/settings.h"
#include "feed/feed_service.h"
#include "history/history_service.h"

namespace tk::app {

Result<feed::FeedSettings> feedSettings(const config::Settings &settings, const config::ExchangeSettings &exchange);
Result<history::HistorySettings> historySettings(const config::Settings &settings,
                                                 const config::ExchangeSettings &exchange);

// Which instruments the configuration wants.
exchange::Wanted wantedBy(const config::ExchangeSettings &exchange);

} // namespace tk::app
