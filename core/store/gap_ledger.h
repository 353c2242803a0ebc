// The gap ledger: every span in which data may be missing, kept in data_dir over restarts. One thread at a time.
#pragma once

#include "base/result.h"
#include "market/gap.h"
#include "market/records.h"

#include <memory>
#include <optional>
#include <vector>

namespace tk::store {

class GapLedger
{
public:
    virtual ~GapLedger() = default;

    // Records a gap before anybody repairs it and gives it its id. A span of the same stream that touches an unsettled
    // gap extends that one (keeping its first cause) and returns its id.
    virtual Result<qint64> open(const Gap &gap) = 0;

    // The stream delivers again from `to` on: ends the unsettled gap that has no end yet. Returns its id, if any.
    virtual Result<std::optional<qint64>> end(const StreamKey &stream, UtcTime to) = 0;

    // The same for many at once, in one transaction: a lost connection opens a gap in each of its streams.
    virtual Status openAll(const std::vector<Gap> &gaps) = 0;
    virtual Status endAll(const std::vector<StreamKey> &streams, UtcTime to) = 0;

    // Writes a settled gap down as it is, beside whatever else is known of its span.
    virtual Status record(const Gap &gap) = 0;

    virtual Status setState(qint64 id, GapState state, const QString &reason, UtcTime at) = 0;

    virtual Result<std::vector<Gap>> unsettled() = 0;

    // All gaps that overlap the span, newest first, at most `limit`; settled ones too.
    virtual Result<std::vector<Gap>> list(TimeSpan span, qint64 limit) = 0;

    // Spans of this stream that the exchange is known not to have: never asked for again.
    virtual Result<std::vector<TimeSpan>> unfillable(const StreamKey &stream) = 0;

    // Small facts that must survive restarts ("first-start backfill done for SERIES", "clean stop at T").
    virtual Result<std::optional<QString>> note(const QString &key) = 0;
    virtual Status setNote(const QString &key, const QString &value) = 0;

    // How often its file went (damaged, removed) and an empty one was begun: who still knows the gaps writes them
    // again.
    virtual int timesBegunAnew() const = 0;
};

// The SQLite ledger in `file`; a corrupt file is set aside (renamed with a time stamp, said in the log) and begun anew.
// With an `exchange` it shows the gaps of that one alone: several open the same file, each in its own thread, and none
// repairs, ends or counts what is another's.
Result<std::unique_ptr<GapLedger>> openGapLedger(const QString &file, const QString &exchange = {});

// What is not closed (open, repairing, unfillable), oldest first: read beside whoever owns the ledger, in this process
// or another, without changing it. A file that is not there holds nothing.
Result<std::vector<Gap>> readUnclosedGaps(const QString &file);
Result<std::optional<QString>> readLedgerNote(const QString &file, const QString &key); // the same of a small fact

} // namespace tk::store
