// InfluxDB behind a spool, composed: what is written goes to the spool, what is asked goes to the database, and what
// the engine plans by is the index. Hands out the parts for the services. Thread-safe once open.
#pragma once

#include "config/settings.h"
#include "store/influx/audit.h"
#include "store/influx/sender.h"
#include "store/spool/spool_writer.h"

#include <functional>
#include <memory>
#include <vector>

namespace tk::store::influx {

class InfluxStore final : public StoreFactory
{
public:
    struct Options
    {
        config::InfluxSettings settings;
        config::SpoolSettings spool;
        QString data_dir;
        milliseconds audit_every = std::chrono::hours(1); // the last two days; all of it once a day
        // Removed from the full spool although nobody confirmed it. Called in the store's thread.
        std::function<void(const std::vector<StreamSpan> &)> onEvicted;
    };

    // Opens the spool and the index; the database itself need not be there.
    static Result<std::shared_ptr<InfluxStore>> open(const Options &options, std::shared_ptr<const Clock> clock);
    ~InfluxStore() override;

    Result<std::unique_ptr<StoreWriter>> openWriter() override;
    Result<std::unique_ptr<StoreReader>> openReader() override; // asks the database, and waits for it
    Result<std::shared_ptr<StoreIndex>> openIndex() override;

    // The services. The sender is woken by the writer; make it once.
    std::unique_ptr<Sender> makeSender(std::function<void()> beat);
    std::unique_ptr<Audit> makeAudit(std::function<void()> beat);

    // Ends what waits for the database in the services' threads, so that they can be stopped. Any thread.
    void interrupt() { m_interrupted->store(true); }

    // The files in the data folder, as long as it is ours: spool and index. Main thread.
    bool isWhole();
    struct Loss
    {
        std::vector<StreamSpan> fetched;  // on their way to the database, and gone: history has them
        std::vector<StreamSpan> for_good; // the same, and nobody has them again
    };
    Result<Loss> mend(); // makes them anew where they are missing
    // Damage within the spool was passed over, and all that was behind it is confirmed: what is lost, once.
    std::vector<StreamSpan> takePassedOver();

    const SpoolParts &parts() const { return m_parts; }
    static QString spoolFolderIn(const QString &dataDir);
    static QString deadLettersIn(const QString &dataDir);

private:
    struct Wake; // from the writer's thread to the sender's
    InfluxStore(Options options, SpoolParts parts, std::shared_ptr<std::atomic<bool>> damaged);

    Options m_options;
    SpoolParts m_parts;
    std::shared_ptr<Wake> m_wake;
    std::shared_ptr<std::atomic<bool>> m_damaged; // entries of the spool could not be read
    std::shared_ptr<std::atomic<bool>> m_interrupted = std::make_shared<std::atomic<bool>>(false);
};

} // namespace tk::store::influx
