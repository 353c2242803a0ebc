// Faults at random moments, the same for the same seed: what a soak switches on, and which streams each of them may
// rightly make sick.
#pragma once

#include "market/stream.h"
#include "support/exchange/faults.h"

#include <QStringList>

#include <map>
#include <random>
#include <vector>

namespace tk::test {

struct PlannedFault
{
    UtcTime at;
    sim::FaultSpec spec;
    bool silences = false; // its streams may be told stale or silent: data that is due does not come
};

class FaultSchedule
{
public:
    // One fault every few minutes in [from, to), each over in time.
    FaultSchedule(quint64 seed, const QStringList &symbols, UtcTime from, UtcTime to);

    const std::vector<PlannedFault> &faults() const { return m_faults; }
    std::map<QString, int> counts(UtcTime until) const; // faults that began before, by name

    // A fault that explains why this stream was told to be sick then.
    const PlannedFault *explains(const StreamKey &stream, UtcTime at) const;

    // The newest fault that had begun by then, whether it explains anything or not: where to look first.
    const PlannedFault *newest(UtcTime at) const;

private:
    PlannedFault random(UtcTime at, const QStringList &symbols);
    int number(int from, int to) { return std::uniform_int_distribution<int>(from, to)(m_random); }

    std::mt19937_64 m_random;
    std::vector<PlannedFault> m_faults;
};

} // namespace tk::test
