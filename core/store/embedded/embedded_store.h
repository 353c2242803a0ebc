// The embedded store: one SQLite file (WAL), one writer, any number of readers beside it, in this process or another.
#pragma once

#include "base/clock.h"
#include "runtime/service.h"
#include "store/store.h"

#include <QString>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>

namespace tk::store {

struct EmbeddedOptions
{
    std::chrono::milliseconds busyTimeout{5000}; // how long a call waits for another program's lock
    qint64 maxBytes = 0;                         // the file may not grow beyond it; 0: as far as the disk goes
    // A damaged file was set aside under this name, and an empty one begun: refill it. Called in the writer's thread.
    std::function<void(const QString &aside)> onSetAside;
    // What was stored is not there any more, for whatever reason (damaged, removed, replaced, cut): refill it. A
    // sentence for people. Called in the writer's thread.
    std::function<void(const QString &why)> onBegunAnew{};
    // Something happened to the files and was mended without a loss. The same thread.
    std::function<void(const QString &what)> onMended{};
};

// What the parts of one store tell each other. Thread-safe.
struct EmbeddedShared
{
    QString file;
    EmbeddedOptions options;
    std::atomic<bool> damageSeen{false}; // by a reader; the writer looks into it
    std::atomic<int> timesSetAside{0};
    std::atomic<int> timesOpened{0}; // by the writer
    std::atomic<bool> stopping{false};

    // Readers hold it while they ask. The writer takes it alone where every connection of this process must go.
    std::shared_mutex access;

    void enter(const void *reader, std::function<void()> close);
    void leave(const void *reader);
    void closeReaders(); // with `access` held alone

    // By the inspection, in the file as the writer had opened it `opened` times.
    void foundDamaged(const QString &what, int opened);
    QString takeDamage(); // empty: none was found in the file as it is now

private:
    std::mutex m_mutex; // guards all below
    std::map<const void *, std::function<void()>> m_readers;
    QString m_damage;
    int m_damageOf = 0;
};

class EmbeddedStore final : public StoreFactory
{
public:
    explicit EmbeddedStore(const QString &file, EmbeddedOptions options = {});

    // "market_data.sqlite" in data_dir.
    static QString fileIn(const QString &dataDir);

    // Creates or checks the file, so that readers may be opened before the writer. Call once before services start.
    Status prepare();

    // A damaged file is set aside and a new one begun, here and at any time later.
    Result<std::unique_ptr<StoreWriter>> openWriter() override;

    // The file must exist (prepare(), or a writer, creates it). Never changes the file.
    Result<std::unique_ptr<StoreReader>> openReader() override;
    Result<std::shared_ptr<StoreIndex>> openIndex() override; // a reader: all is at hand, and confirmed once written

    // Looks for damage all the time; interrupt() first, where it is to end.
    std::unique_ptr<runtime::Service> makeInspection(std::shared_ptr<const Clock> clock, milliseconds every);
    void interrupt() { m_shared->stopping = true; }

    int timesSetAside() const { return m_shared->timesSetAside; }

private:
    std::shared_ptr<EmbeddedShared> m_shared;
};

} // namespace tk::store
