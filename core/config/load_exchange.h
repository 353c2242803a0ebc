// The [[exchange]] tables of the configuration, and what other tables say in the same words.
#pragma once

#include "config/section.h"
#include "config/settings.h"
#include "exchange/catalog.h"

#include <QProcessEnvironment>

namespace tk::config {

// "all" (nothing), a list of pairs, or "@FILE"; where `allOf` is given, "all:CURRENCY" and "all:*", too.
void loadPairs(Section &section, std::optional<QStringList> &pairs, const QString &name, std::vector<Problem> &problems,
               QString *allOf = nullptr);

// A regular file that this user may read, or a link to one.
bool isReadableFile(const QString &name);

// A list of timeframes, each once.
void loadTimeframes(Section &section, std::vector<Timeframe> &timeframes);

std::vector<ExchangeSettings> loadExchanges(Section &top, std::vector<Problem> &problems,
                                            const QProcessEnvironment &environment, const exchange::Catalog &catalog);

} // namespace tk::config
