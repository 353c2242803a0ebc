// The pairs and timeframes that a command names.
#pragma once

#include "base/result.h"
#include "market/timeframe.h"

#include <QStringList>

#include <vector>

namespace tk::app {

// Unified names; nothing for "all".
Result<QStringList> namedPairs(const QStringList &texts);

Result<std::vector<Timeframe>> namedTimeframes(const QStringList &names);

} // namespace tk::app
