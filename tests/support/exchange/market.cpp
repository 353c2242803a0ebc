#include "support/exchange/market.h"

namespace tk::sim {

namespace {

UniverseSettings universeOf(const SimSettings &settings, const Clock &clock)
{
    UniverseSettings universe;
    universe.seed = settings.seed;
    universe.pairs = settings.pairs;
    universe.activity = settings.activity;
    if (settings.activity_since)
        universe.activeFromMs = toMs(*settings.activity_since);
    universe.nowMs = toMs(clock.utcNow());
    return universe;
}

} // namespace

Market::Market(SimSettings chosen, std::shared_ptr<const Clock> source)
    : settings(std::move(chosen))
    , clock(std::move(source))
    , universe(universeOf(settings, *clock))
{
    if (Contract *contract = universe.find(settings.relisted.toUtf8()); contract && !settings.relisted.isEmpty())
        contract->relistedMs = toMs(clock->utcNow() - settings.relistedFor);
}

} // namespace tk::sim
