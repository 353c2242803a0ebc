// The configuration as every command reads it: problems go to stderr, one line each.
#pragma once

#include "app/command_line.h"
#include "config/load.h"

#include <memory>
#include <optional>

namespace tk {
class Clock;
}

namespace tk::app {

// Nothing, after telling every problem, when the configuration does not hold.
std::optional<config::Settings> loadConfig(const CommandLine &line);

// Every problem and warning, one line each, to stderr.
void tellProblems(const config::LoadResult &loaded);

std::shared_ptr<const Clock> makeClock(const CommandLine &line);

} // namespace tk::app
