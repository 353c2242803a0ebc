// What every part of the simulated exchange shares. Lives in the server's thread.
#pragma once

#include "base/clock.h"
#include "support/exchange/faults.h"
#include "support/exchange/sim_settings.h"
#include "support/exchange/tape.h"
#include "support/exchange/universe.h"

#include <memory>

namespace tk::sim {

struct Market
{
    Market(SimSettings chosen, std::shared_ptr<const Clock> source);

    qint64 nowMs() const { return toMs(clock->utcNow()); }
    qint64 serverMs(qint64 now) const { return now + skewMs; } // what the exchange believes and prints
    qint64 steadyMs() const { return clock->now().time_since_epoch().count() / 1'000'000; }

    SimSettings settings;
    std::shared_ptr<const Clock> clock;
    Universe universe;
    Tape tape;
    FaultSet faults;
    SimStats stats;
    qint64 skewMs = 0;
};

} // namespace tk::sim
