#include "app/load_config.h"

#include "base/clock.h"

#include <cstdio>

namespace tk::app {

std::optional<config::Settings> loadConfig(const CommandLine &line)
{
    config::LoadResult loaded = config::loadSettings(line.config);
    // Commands would repeat the warnings each time; `check` and the engine are there to tell them.
    if (line.action != CommandLine::Action::Check && line.action != CommandLine::Action::Engine &&
        line.action != CommandLine::Action::Window)
        loaded.warnings.clear();
    tellProblems(loaded);
    if (!loaded.isGood())
        return {};
    return std::move(loaded.settings);
}

void tellProblems(const config::LoadResult &loaded)
{
    for (const auto *told : {&loaded.problems, &loaded.warnings}) {
        for (const config::Problem &problem : *told)
            std::fprintf(stderr, "%s\n", qUtf8Printable(problem.text()));
    }
}

std::shared_ptr<const Clock> makeClock(const CommandLine &line)
{
    if (line.speed == 1.0)
        return std::make_shared<SystemClock>();
    return std::make_shared<ScaledClock>(line.speed, line.anchor.value_or(SystemClock().utcNow()));
}

} // namespace tk::app
