// Where a copy of a store is written to: records in, refusals noted, and a reader that shows what has arrived.
// Waits for its store; belongs in the copy's thread.
#pragma once

#include "base/clock.h"
#include "config/settings.h"
#include "market/records.h"
#include "store/store.h"

#include <QStringList>

#include <atomic>
#include <map>
#include <memory>

namespace tk::app {

class CopyTarget
{
public:
    virtual ~CopyTarget() = default;
    virtual Status write(const RecordBatch &batch) = 0;
    virtual Status finish() = 0;
    virtual Result<std::unique_ptr<store::StoreReader>> openReader() = 0;

    std::map<QString, qint64> refused{}; // by measurement
    QStringList refusals{};              // the first few
};

// The embedded store of a data folder, which is locked as an engine locks it: the store has one writer.
Result<std::unique_ptr<CopyTarget>> openEmbeddedTarget(const QString &dataDir);

// The database, connected. `stop` ends a wait; it must outlive the target.
Result<std::unique_ptr<CopyTarget>> openInfluxTarget(const config::InfluxSettings &settings,
                                                     std::shared_ptr<const Clock> clock, const std::atomic<bool> &stop);

} // namespace tk::app
