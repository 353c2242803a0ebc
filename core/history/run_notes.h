// What one run of the engine leaves for the next, as small facts in the gap ledger: since when this ledger's engines
// collect, when the last of them was alive, and whether it stopped cleanly. History thread.
#pragma once

#include "history/gap_keeper.h"

#include <optional>

namespace tk::history {

class RunNotes
{
public:
    RunNotes(GapKeeper &gaps, QString exchange);

    // Reads since when this ledger's engines collect, or begins to.
    void begin(UtcTime startedAt);
    UtcTime startedAt() const { return m_startedAt; }
    UtcTime firstRun() const { return m_firstRun; } // when this ledger's first engine began to collect
    void writeFirstRun();                           // once more, into a ledger that began anew

    // When the run before ended, or was seen alive last; nothing where there was none. Holds until collecting().
    std::optional<UtcTime> lastRunEnded();
    QString howItEnded(); // the cause of what was missed since
    void collecting();    // what that run missed is named: a kill from here on is none of its clean stop

    void alive(UtcTime at);
    void stopped(UtcTime at); // cleanly

private:
    QString key(const char *fact) const;
    QString read(const char *fact);
    void write(const char *fact, const QString &value);

    GapKeeper *m_gaps;
    QString m_exchange;
    UtcTime m_startedAt{};
    UtcTime m_firstRun{};
};

} // namespace tk::history
