// What of the configuration only a restart changes. Pure.
#pragma once

#include "config/settings.h"

#include <QStringList>

namespace tk::app {

// Gives `wanted` what cannot change in a running engine as it `is`, and names what that was.
QStringList keepFixed(const config::Settings &is, config::Settings &wanted);

// The hosts that files are pushed to.
std::vector<config::HostSettings> pushedTo(const config::Settings &settings);

} // namespace tk::app
