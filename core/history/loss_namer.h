// Names what was missed since the last run, and what went with a store that began anew: each its gap, with a cause,
// before anybody fetches it. History thread.
#pragma once

#include "history/hole_search.h"

#include <vector>

namespace tk::history {

class LossNamer
{
public:
    struct Sources // they outlive it
    {
        GapKeeper &gaps;
        RunNotes &runs;
        HoleSearch &holes;
        const InstrumentBook &instruments;
        const HistorySettings &settings;
        const ExchangeClock &time;
        const Clock &clock;
    };

    LossNamer(const exchange::ExchangeAdapter &adapter, Sources sources);

    // Whoever asks right after the start is told what is missing, also where the exchange does not answer: by the list
    // of the last run. What is to be fetched is seen when the new one is there.
    void nameMissedOfLastRun();
    void nameMissed(const std::vector<exchange::Instrument> &instruments);
    // Candles tell by themselves what is missing; the other streams do not. What they missed since the last run is a
    // gap: of mark prices to be fetched, of the rest to be known as lost.
    void nameDowntime(const std::vector<exchange::Instrument> &instruments);
    bool isDowntimeNamed() const { return m_downtimeNamed; }
    // Of all streams but candles, what a store had held that began anew.
    void nameStoreLoss(const QString &why);

private:
    UtcTime oldestKept() const { return m_from.settings.oldestKept(m_from.time.now()); }

    QString m_exchange;
    milliseconds m_fundingReach; // of one request
    Sources m_from;
    bool m_downtimeNamed = false;
    UtcTime m_downtimeNamedTo{};
};

} // namespace tk::history
