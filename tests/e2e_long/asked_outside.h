// A soak's users: again and again somebody asks the program what it says of itself, also in the middle of faults that
// it must know of by then.
#pragma once

#include "fault_schedule.h"
#include "outside_witness.h"

namespace tk::test {

class AskedOutside
{
public:
    AskedOutside(ProcessRig &rig, const FaultSchedule &schedule, milliseconds every);

    // Asks where it is time for that and no fault is to begin meanwhile.
    void askWhenDue();

    int asked() const { return m_asked; }
    int unwell() const { return m_unwell; }                // of them
    int tested() const { return m_tested; }                // faults that had to be told of
    const QStringList &untold() const { return m_untold; } // and were not
    OutsideWitness &witness() { return m_witness; }

private:
    void ask();

    ProcessRig &m_rig;
    const FaultSchedule &m_schedule;
    OutsideWitness m_witness;
    milliseconds m_every;
    UtcTime m_next;
    const PlannedFault *m_seen = nullptr; // the newest that was asked in the middle of
    int m_asked = 0;
    int m_unwell = 0;
    int m_tested = 0;
    QStringList m_untold;
};

} // namespace tk::test
