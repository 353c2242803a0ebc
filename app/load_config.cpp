#include "app/load_config.h"

#include "base/clock.h"
#include "config/load.h"

#include <cstdio>

namespace tk::app {

std::optional<config::Settings> loadConfig(const CommandLine &line)
{
    config::LoadResult loaded = config::loadSettings(line.config);
    if (loaded.isGood())
        return std::move(loaded.settings);
    for (const config::Problem &problem : loaded.problems)
        std::fprintf(stderr, "%s\n", qUtf8Printable(problem.text()));
    return {};
}

std::shared_ptr<const Clock> makeClock(const CommandLine &line)
{
    if (line.speed == 1.0)
        return std::make_shared<SystemClock>();
    return std::make_shared<ScaledClock>(line.speed, line.anchor.value_or(SystemClock().utcNow()));
}

} // namespace tk::app
