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

// The adapter of an exchange by its name; an error for one that this version does not know.
Result<std::unique_ptr<exchange::ExchangeAdapter>> makeAdapter(const QString &exchange);

} // namespace tk::app
