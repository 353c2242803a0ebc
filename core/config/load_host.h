// The [[host]] tables of the configuration.
#pragma once

#include "config/section.h"
#include "config/settings.h"

namespace tk::config {

std::vector<HostSettings> loadHosts(Section &top, std::vector<Problem> &problems);

} // namespace tk::config
