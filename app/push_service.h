// The engine's pushes: each host has a thread and a pace of its own, so that one that hangs delays nobody. What a host
// has missed needs no book: it asks for what its files lack.
#pragma once

#include "app/host_push.h"
#include "base/clock.h"
#include "runtime/service.h"
#include "store/store.h"

#include <QThread>

#include <atomic>
#include <memory>
#include <vector>

namespace tk::app {

// What became of one push.
struct PushOutcome
{
    QString host;
    Result<sync::PushReport> result;
    UtcTime at{};
    qint64 bytes_sent = 0; // before ssh packs them
};

// One host. Lives in its thread.
class HostPusher final : public QObject
{
    Q_OBJECT
public:
    using OpenReader = std::function<Result<std::unique_ptr<store::StoreReader>>()>; // called in the thread

    struct Options
    {
        config::HostSettings host;
        config::SyncSettings sync;
        QString data_dir; // of the engine: receipts are kept there
        OpenReader open;
        std::shared_ptr<const Clock> clock;
        bool full = false;
        bool once = false;
    };
    HostPusher(Options options, std::shared_ptr<const std::atomic<bool>> stop);
    ~HostPusher() override;

    void start();

Q_SIGNALS:
    void pushed(const tk::app::PushOutcome &outcome);

private:
    void push();
    void ended(const Result<sync::PushReport> &result);
    void note(const QString &trouble);
    milliseconds untilNext() const;

    Options m_options;
    std::shared_ptr<const std::atomic<bool>> m_stop;
    QTimer m_timer;
    std::unique_ptr<store::StoreReader> m_reader;
    std::unique_ptr<HostPush> m_push;
    int m_failures = 0;
    QString m_lastTrouble;
};

class PushService final : public runtime::Service
{
    Q_OBJECT
public:
    // There is no sign of life: a host or a store that keeps its thread waiting is no reason to end an engine that
    // collects. `stop` may be set by others, too, and earlier: it is heard between two pages.
    PushService(std::vector<HostPusher::Options> hosts, std::shared_ptr<std::atomic<bool>> stop);
    ~PushService() override;

    Status start() override;
    void stop() override;

Q_SIGNALS:
    void pushed(const tk::app::PushOutcome &outcome); // in the thread of the host

private:
    std::vector<HostPusher::Options> m_hosts;
    std::shared_ptr<std::atomic<bool>> m_stop;
    std::vector<std::unique_ptr<QThread>> m_threads;
    size_t m_running = 0;
};

// The receipts as the two rooms that speak of them know them.
QByteArray knownDigest(const QString &dataDir, const config::HostSettings &host);
Status keepReceipts(const QString &dataDir, const config::HostSettings &host, const sync::PushReport &report,
                    UtcTime now);

} // namespace tk::app
