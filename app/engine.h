// The engine: every service composed, started and stopped in order. The only place, with service_settings, that names
// concrete classes. Lives in the main thread.
#pragma once

#include "app/backfill_board.h"
#include "app/backfill_sums.h"
#include "app/data_folder.h"
#include "app/engine_link.h"
#include "app/host_line.h"
#include "app/journal.h"
#include "app/lanes.h"
#include "app/link_commands.h"
#include "app/metrics_bridge.h"
#include "app/pulse.h"
#include "app/spool_watch.h"
#include "app/switchboard.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "config/settings.h"
#include "runtime/service_host.h"
#include "store/embedded/embedded_store.h"
#include "store/influx/influx_store.h"
#include "store/store.h"
#include "telemetry/endpoint.h"
#include "telemetry/health.h"
#include "telemetry/metrics.h"

#include <atomic>
#include <memory>
#include <optional>

namespace tk::app {

class Engine final : public QObject
{
    Q_OBJECT
public:
    struct Options
    {
        bool live = true;        // false: history and store alone, for a command without a running engine
        bool keep_filled = true; // false: history does only what it is asked for
        std::optional<std::chrono::microseconds> wakeup_pause{}; // tests of fast time set it to zero
        std::optional<milliseconds> rotate_after{};              // of connections; the exchange's own limit otherwise
        bool any_http_port = false; // where the configured one is taken: the demo runs beside an engine
        milliseconds audit_every = std::chrono::hours(1);               // of the last two days of a database
        milliseconds inspect_every = std::chrono::minutes(1);           // of the embedded store's file, page by page
        const exchange::Catalog *catalog = &exchange::builtInCatalog(); // what can be collected; outlives the engine
    };

    // Takes the data folder, opens the store. An error says what stands in the way.
    static Result<std::unique_ptr<Engine>> create(const config::Settings &settings, std::shared_ptr<const Clock> clock,
                                                  Options options);
    ~Engine() override;

    void start();
    void stop();                                     // ends in stopped()
    Status reload(const config::Settings &settings); // what can change while running does; an error names the rest

    // Who can read the configuration again; the command "reload" asks for it.
    void setReload(Reload reload) { m_reload = std::move(reload); }

    // The file that it reads then, for commands that show and change it.
    void setConfigPlace(ConfigPlace place) { m_configPlace = std::move(place); }

    Switchboard &switchboard() { return m_switchboard; }
    EngineCommands &commands() { return *m_commands; } // what the link takes, for who sits in the same process
    const Snapshots &snapshots() const { return m_bridge->latest(); }
    telemetry::HealthBoard &health() { return *m_health; }
    telemetry::Metrics &metrics() { return m_metrics; }
    link::LinkServer *link() { return m_link ? &m_link->server() : nullptr; } // nothing where it could not be opened
    quint16 httpPort() const { return m_endpoint ? m_endpoint->port() : 0; }
    const config::Settings &settings() const { return m_settings; }
    std::shared_ptr<store::StoreFactory> store() const { return m_store; }
    const Clock &clock() const { return *m_clock; }
    bool isHung() const { return m_host.isHung(); }

Q_SIGNALS:
    void ready();
    void failed(const QString &service, const tk::Error &error);
    void stopped(bool clean);

private:
    Engine(config::Settings settings, std::shared_ptr<const Clock> clock, Options options, runtime::DataDirLock lock);

    QStringList requiredParts() const;
    Lanes::Engine laneEngine();
    void watchFolder();
    void watchSpool();
    Status openStore();
    void listen();
    void addCommands();
    void openLink();
    void resumeBackfills();
    Status openInflux();
    void addSync();
    void addHosts();
    void addPush(const std::vector<config::HostSettings> &hosts);
    void addDatabase();
    void addStore();
    void forget(const QString &exchange);
    std::function<void()> beatOf(const QString &loop);

    config::Settings m_settings;
    std::shared_ptr<const Clock> m_clock;
    Options m_options;
    DataFolder m_folder; // before everything that touches it
    std::shared_ptr<BoundedQueue<RecordBatch>> m_queue;
    telemetry::Metrics m_metrics;
    std::unique_ptr<telemetry::HealthBoard> m_health;
    Switchboard m_switchboard;
    std::unique_ptr<MetricsBridge> m_bridge;
    std::shared_ptr<store::StoreFactory> m_store;
    std::shared_ptr<store::EmbeddedStore> m_embedded;     // the same, where it is one
    std::shared_ptr<store::influx::InfluxStore> m_influx; // the same, where the store is a database behind a spool
    std::unique_ptr<SpoolWatch> m_spoolWatch;             // of its files
    std::shared_ptr<std::atomic<bool>> m_syncStop = std::make_shared<std::atomic<bool>>(false);
    std::unique_ptr<telemetry::Endpoint> m_endpoint;
    QTimer m_listenAgain;
    QString m_httpTrouble;              // why nobody can ask for metrics and health; empty: they can
    std::unique_ptr<Journal> m_journal; // of a live engine
    std::unique_ptr<Pulse> m_pulse;     // the same
    std::unique_ptr<BackfillSums> m_sums;
    std::unique_ptr<BackfillBoard> m_backfills;
    std::unique_ptr<HostLine> m_hosts; // of a live engine
    std::unique_ptr<EngineCommands> m_commands;
    std::unique_ptr<EngineLink> m_link; // of a live engine; nothing where it could not be opened
    Reload m_reload;
    ConfigPlace m_configPlace;
    Lanes m_lanes;
    runtime::ServiceHost m_host; // last: its services use all of the above
};

} // namespace tk::app
