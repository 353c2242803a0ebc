// What a gap ledger does not take while its disk takes nothing (full, read-only, gone bad): kept until it does, so that
// no gap goes unnamed for that. Small, whatever goes on for long: gaps of a stream that touch are one. History thread.
#pragma once

#include "base/clock.h"
#include "store/gap_ledger.h"

#include <QHash>
#include <QString>

#include <vector>

namespace tk::history {

class LedgerBacklog
{
public:
    LedgerBacklog(store::GapLedger &ledger, const Clock &clock);

    void openAll(const std::vector<Gap> &gaps);
    void endAll(const std::vector<StreamKey> &streams, UtcTime at);
    void record(const Gap &settled);

    // Tries what waits; true when something waited and is written now.
    bool retry();

    // Every other write to the ledger tells here how it went.
    void heed(const Status &status);

    const std::vector<Gap> &waiting() const { return m_gaps; } // unsettled, and in no ledger: their ids are below 0
    // When the stream delivered again whose gap the ledger still calls open, as it could not be told; 0: it was told.
    UtcTime endOf(const StreamKey &stream) const { return m_ends.value(stream); }
    const QString &trouble() const { return m_trouble; } // empty while it takes what it is given
    UtcTime troubleSince() const { return m_since; }

private:
    void keep(const Gap &gap);
    Status writeAll();

    store::GapLedger *m_ledger;
    const Clock *m_clock;
    std::vector<Gap> m_gaps;
    std::vector<Gap> m_settled;
    QHash<StreamKey, UtcTime> m_ends; // of gaps that the ledger has
    qint64 m_lastId = 0;              // so that each that waits can be told from the others
    QString m_trouble;
    UtcTime m_since{};
    MonotonicTime m_toldAt{};
    MonotonicTime m_triedAt{};
};

} // namespace tk::history
