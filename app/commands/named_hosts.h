// The hosts that a command names, out of the configuration.
#pragma once

#include "base/result.h"
#include "config/settings.h"

#include <QStringList>

#include <vector>

namespace tk::app {

// All of them where none is named; in the order of the configuration.
Result<std::vector<config::HostSettings>> namedHosts(const config::Settings &settings, const QStringList &names);

} // namespace tk::app
