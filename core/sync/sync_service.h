// The engine's own sync: a run every interval, in a thread of its own, which may wait for the store and the disk.
#pragma once

#include "base/clock.h"
#include "runtime/service.h"
#include "store/store.h"
#include "sync/sync_run.h"

#include <QTimer>

#include <atomic>
#include <memory>

namespace tk::sync {

class SyncService final : public runtime::Service
{
    Q_OBJECT
public:
    // `stop` ends a run from another thread: stop() is heard only between two runs. There is no sign of life: a disk
    // or a database that keeps this thread waiting is no reason to end an engine that collects.
    SyncService(config::SyncSettings settings, std::shared_ptr<store::StoreFactory> store,
                std::shared_ptr<const Clock> clock, std::shared_ptr<const std::atomic<bool>> stop);

    Status start() override;
    void stop() override;

Q_SIGNALS:
    void ran(bool good, const QString &summary);

private:
    void run();

    config::SyncSettings m_settings;
    std::shared_ptr<store::StoreFactory> m_store;
    std::shared_ptr<const Clock> m_clock;
    std::shared_ptr<const std::atomic<bool>> m_stop;
    QTimer m_timer;
};

} // namespace tk::sync
