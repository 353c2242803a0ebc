// The [[exchange]] tables of the configuration, and what other tables say in the same words.
#pragma once

#include "config/section.h"
#include "config/settings.h"

namespace tk::config {

// "all" (nothing), a list of pairs, or "@FILE".
void loadPairs(Section &section, std::optional<QStringList> &pairs, const QString &name,
               std::vector<Problem> &problems);

// A list of timeframes, each once.
void loadTimeframes(Section &section, std::vector<Timeframe> &timeframes);

std::vector<ExchangeSettings> loadExchanges(Section &top, std::vector<Problem> &problems);

} // namespace tk::config
