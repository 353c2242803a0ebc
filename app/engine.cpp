#include "app/engine.h"

#include "app/backfill_job.h"
#include "app/fixed_settings.h"
#include "app/open_store.h"
#include "app/push_service.h"
#include "app/service_settings.h"
#include "base/logging.h"
#include "store/embedded/embedded_store.h"
#include "store/store_service.h"
#include "sync/sync_service.h"

#include <QDir>

#include <utility>

namespace tk::app {

namespace {

constexpr size_t storeQueueBatches = 8192;
constexpr milliseconds loopSilence{30'000};     // a loop that does not turn for so long is dead
constexpr milliseconds listenAgainEvery{5'000}; // of real time
constexpr milliseconds storeGrace{2'000};
constexpr milliseconds senderGrace{2'500};
constexpr milliseconds auditGrace{500};
constexpr milliseconds hostsGrace{500};
constexpr milliseconds pushGrace{250};
constexpr milliseconds inspectionGrace{500};
constexpr milliseconds syncGrace{250}; // what runs together stays below the 10 s that SIGTERM may take

std::vector<Gap> gapsOf(const std::vector<StreamSpan> &spans, const QString &cause, UtcTime now)
{
    std::vector<Gap> gaps;
    gaps.reserve(spans.size());
    for (const StreamSpan &span : spans)
        gaps.push_back(
            {.stream = span.stream, .from = span.span.from, .to = span.span.to, .cause = cause, .opened = now});
    return gaps;
}

// In the store's thread, after history, which owns the ledger, has ended. Where the ledger takes nothing either, it did
// not take since then that we are alive: the next start looks from there on.
void nameGivenUp(const QString &ledgerFile, const std::vector<StreamSpan> &spans, const QString &why, UtcTime now)
{
    const std::vector<Gap> gaps =
        gapsOf(spans, QStringLiteral("given up at the engine's end, as the store did not take it: ") + why, now);
    const auto ledger = store::openGapLedger(ledgerFile);
    const Status written = ledger ? ledger.value()->openAll(gaps) : Status(ledger.error());
    if (written)
        qCInfo(lcApp).noquote() << "what was given up is in the gap ledger"
                                << logField(u"gaps", QString::number(gaps.size()));
    else
        qCCritical(lcApp).noquote() << "the gap ledger does not take what was given up, the next start has to find it:"
                                    << written.error().message;
}

} // namespace

Engine::Engine(config::Settings settings, std::shared_ptr<const Clock> clock, Options options,
               runtime::DataDirLock lock)
    : m_settings(std::move(settings))
    , m_clock(std::move(clock))
    , m_options(options)
    , m_folder(m_settings.engine.data_dir, std::move(lock))
    , m_queue(std::make_shared<BoundedQueue<RecordBatch>>(storeQueueBatches))
    , m_health(std::make_unique<telemetry::HealthBoard>(*m_clock, requiredParts()))
    , m_lanes(laneEngine(), m_host)
{
    m_bridge = std::make_unique<MetricsBridge>(m_switchboard, m_metrics, *m_health);
    m_health->set(QStringLiteral("data folder"), telemetry::PartState::Ok);
    watchFolder();
    connect(&m_host, &runtime::ServiceHost::allReady, this, &Engine::ready);
    connect(&m_host, &runtime::ServiceHost::failed, this, &Engine::failed);
    connect(&m_host, &runtime::ServiceHost::allStopped, this, &Engine::stopped);
}

Engine::~Engine() = default;

QStringList Engine::requiredParts() const
{
    QStringList required{QStringLiteral("store"), QStringLiteral("data folder")};
    if (usesInflux(m_settings))
        required += {QStringLiteral("database"), QStringLiteral("spool")};
    if (m_options.live)
        required += gapLedgerPart; // and each feed, with its lane
    return required;
}

Lanes::Engine Engine::laneEngine()
{
    return {.board = m_switchboard,
            .metrics = m_metrics,
            .health = *m_health,
            .clock = m_clock,
            .queue = m_queue,
            .catalog = *m_options.catalog,
            .settings = [this]() -> const config::Settings & { return m_settings; },
            .beatOf = [this](const QString &loop) { return beatOf(loop); },
            .leaves = [this](const QString &exchange) { m_sums->exchangeGone(exchange); },
            .gone = [this](const QString &exchange) { forget(exchange); },
            .live = m_options.live,
            .keep_filled = m_options.keep_filled,
            .wakeup_pause = m_options.wakeup_pause,
            .rotate_after = m_options.rotate_after};
}

Result<std::unique_ptr<Engine>> Engine::create(const config::Settings &settings, std::shared_ptr<const Clock> clock,
                                               Options options)
{
    auto lock = runtime::DataDirLock::acquire(settings.engine.data_dir);
    if (!lock)
        return lock.error();
    std::unique_ptr<Engine> engine(new Engine(settings, std::move(clock), options, std::move(lock).value()));
    if (const Status status = engine->openStore(); !status)
        return status.error();
    if (options.live)
        engine->addHosts(); // whatever else happens, somebody may want to see them
    if (settings.sync.enabled && options.live)
        engine->addSync(); // early: stopped late, and told to stop when all of them are
    if (const auto hosts = pushedTo(settings); !hosts.empty() && options.live)
        engine->addPush(hosts);
    if (engine->m_influx)
        engine->addDatabase(); // before what writes: stopped after it
    engine->addStore();
    engine->m_lanes.setStore(engine->m_store);
    if (const Status status = engine->m_lanes.follow(); !status)
        return status.error();
    engine->addCommands();
    if (options.live) {
        engine->listen();
        engine->openLink();
    }
    return engine;
}

Status Engine::openStore()
{
    if (usesInflux(m_settings))
        return openInflux();
    store::EmbeddedOptions options;
    options.onBegunAnew = [this](const QString &why) { Q_EMIT m_switchboard.storeSetAside(why); };
    options.onMended = [this](const QString &what) { Q_EMIT m_switchboard.storeMended(what); };
    m_embedded =
        std::make_shared<store::EmbeddedStore>(store::EmbeddedStore::fileIn(m_settings.engine.data_dir), options);
    m_store = m_embedded;
    // Found damaged before anybody listens: the services and the journal hear of it once they are there.
    QString anew;
    const auto early = connect(&m_switchboard, &Switchboard::storeSetAside, &m_switchboard,
                               [&anew](const QString &why) { anew = why; });
    const Status prepared = m_embedded->prepare();
    disconnect(early);
    if (!anew.isEmpty())
        connect(&m_host, &runtime::ServiceHost::allReady, this, [this, anew] {
            if (m_journal)
                m_journal->storeBegunAnew(anew);
            m_lanes.storeBegunAnew(anew);
        });
    return prepared;
}

Status Engine::openInflux()
{
    const auto evicted = [this](const std::vector<StreamSpan> &spans) {
        Q_EMIT m_switchboard.gapsOpened(
            gapsOf(spans, QStringLiteral("the spool was full, and the database away"), m_clock->utcNow()));
    };
    auto influx = store::influx::InfluxStore::open({.settings = m_settings.store.influx,
                                                    .spool = m_settings.spool,
                                                    .data_dir = m_settings.engine.data_dir,
                                                    .audit_every = m_options.audit_every,
                                                    .onEvicted = evicted},
                                                   m_clock);
    if (!influx)
        return influx.error();
    m_influx = std::move(influx).value();
    m_store = m_influx;
    watchSpool();
    return ok();
}

// Collecting matters more than being measured: a port that somebody else has ends nothing. It is told, and tried again.
void Engine::listen()
{
    if (!m_settings.engine.http)
        return;
    if (!m_endpoint) {
        m_endpoint = std::make_unique<telemetry::Endpoint>(m_metrics, *m_health);
        m_listenAgain.setSingleShot(true);
        connect(&m_listenAgain, &QTimer::timeout, this, &Engine::listen);
    }
    const QString part = QStringLiteral("http");
    const QHostAddress address(m_settings.engine.http->host);
    Status listening = m_endpoint->listen(address, m_settings.engine.http->port);
    if (!listening && m_options.any_http_port)
        listening = m_endpoint->listen(address, 0);
    if (listening) {
        m_httpTrouble.clear();
        m_health->remove(part);
        return;
    }
    if (std::exchange(m_httpTrouble, listening.error().message) != listening.error().message)
        qCCritical(lcApp).noquote() << "metrics and health cannot be asked for:" << m_httpTrouble;
    m_health->set(part, telemetry::PartState::Degraded, m_httpTrouble);
    m_listenAgain.start(listenAgainEvery);
}

void Engine::addCommands()
{
    EngineCommands::Engine engine{.board = m_switchboard,
                                  .bridge = *m_bridge,
                                  .clock = m_clock,
                                  .catalog = *m_options.catalog,
                                  .settings = [this] { return m_settings; },
                                  .httpTrouble = [this] { return m_httpTrouble; },
                                  .live = m_options.live};
    m_sums = std::make_unique<BackfillSums>(m_switchboard, [this] { return m_lanes.names(); });
    if (m_options.live) {
        m_journal = std::make_unique<Journal>(m_settings.engine.data_dir, m_clock, *m_bridge, m_switchboard);
        m_pulse = std::make_unique<Pulse>(*m_bridge, *m_hosts, m_clock);
        m_backfills = std::make_unique<BackfillBoard>(m_switchboard, m_clock, m_settings.engine.data_dir);
        engine.hosts = m_hosts.get();
        connect(m_hosts.get(), &HostLine::changed, this, [this] { m_journal->lookAtHosts(m_hosts->signs()); });
        connect(&m_switchboard, &Switchboard::instrumentsReady, this,
                [this](const QString &exchange, const std::vector<exchange::Instrument> &wanted,
                       const std::vector<QString> &) {
                    QStringList pairs;
                    for (const exchange::Instrument &instrument : wanted)
                        pairs.append(instrument.unified);
                    m_hosts->setCollected(exchange, pairs);
                });
        connect(
            m_hosts.get(), &HostLine::acted, this,
            [this](const QString &host, const QString &unit, const QString &action, bool done, const QString &trouble) {
                m_journal->note(
                    {.kind = alert::EventKind::Host,
                     .severity = done ? alert::Severity::Info : alert::Severity::Warning,
                     .subject = host,
                     .title = QStringLiteral("Asked for: %1").arg(action),
                     .detail =
                         QStringLiteral("%1 · %2 · %3").arg(host, unit, done ? QStringLiteral("done") : trouble)});
            });
        engine.reload = [this](const std::function<void(const Status &)> &done) {
            if (m_reload)
                m_reload(done);
            else
                done(Error{Error::Kind::Refused, QStringLiteral("this engine has no configuration to read again")});
        };
        engine.config = [this] { return m_configPlace; };
        engine.events = [this](qint64 count) { return m_journal->newest(count); };
        engine.pulse = [this] { return m_pulse->lastHour(); };
        engine.health = m_health.get();
        engine.backfill = [this] { return m_backfills->underWay(); };
    }
    m_commands = std::make_unique<EngineCommands>(std::move(engine));
}

void Engine::openLink()
{
    m_link = std::make_unique<EngineLink>(EngineLink::Sources{.commands = *m_commands,
                                                              .bridge = *m_bridge,
                                                              .board = m_switchboard,
                                                              .journal = *m_journal,
                                                              .pulse = *m_pulse,
                                                              .backfills = *m_backfills,
                                                              .hosts = *m_hosts,
                                                              .clock = m_clock,
                                                              .store = m_store});
    if (const Status status = m_link->listen(link::LinkServer::fileIn(m_settings.engine.data_dir)); !status) {
        // Collecting matters more than being watched.
        qCCritical(lcApp).noquote() << "commands and windows cannot reach this engine:" << status.error().message;
        m_link.reset();
    }
}

std::function<void()> Engine::beatOf(const QString &loop)
{
    auto heartbeat = std::make_shared<telemetry::HealthBoard::Heartbeat>(
        m_health->heartbeat(loop, loopSilence + m_clock->pauseOfMachine()));
    return [heartbeat] { heartbeat->beat(); };
}

void Engine::addHosts()
{
    m_hosts = std::make_unique<HostLine>(m_metrics);
    m_host.add(
        QStringLiteral("hosts"),
        [this]() -> std::unique_ptr<runtime::Service> {
            auto service = std::make_unique<remote::HostService>(m_settings.hosts, m_clock, m_settings.engine.data_dir);
            m_hosts->join(*service);
            return service;
        },
        hostsGrace);
}

void Engine::addSync()
{
    m_host.add(
        QStringLiteral("sync"),
        [this]() -> std::unique_ptr<runtime::Service> {
            return std::make_unique<sync::SyncService>(m_settings.sync, m_store, m_clock, m_syncStop);
        },
        syncGrace);
}

void Engine::addPush(const std::vector<config::HostSettings> &hosts)
{
    std::vector<HostPusher::Options> options;
    for (const config::HostSettings &host : hosts) {
        options.push_back({.host = host,
                           .sync = m_settings.sync,
                           .data_dir = m_settings.engine.data_dir,
                           .open = [store = m_store] { return store->openReader(); },
                           .clock = m_clock});
        m_metrics.lastPush(host.name);
        for (const bool good : {true, false})
            m_metrics.pushes(host.name, good);
    }
    m_host.add(
        QStringLiteral("push"),
        [this, options = std::move(options)]() -> std::unique_ptr<runtime::Service> {
            auto service = std::make_unique<PushService>(options, m_syncStop);
            connect(service.get(), &PushService::pushed, this, [this](const PushOutcome &outcome) {
                const bool good = outcome.result && outcome.result->isGood();
                m_metrics.pushes(outcome.host, good).Increment();
                if (outcome.result)
                    m_metrics.pushedRows(outcome.host).Increment(double(outcome.result->added()));
                if (good)
                    m_metrics.lastPush(outcome.host).Set(double(toMs(outcome.at)) / 1000.0);
            });
            return service;
        },
        pushGrace);
}

void Engine::addDatabase()
{
    Switchboard *board = &m_switchboard;
    m_host.add(
        QStringLiteral("sender"),
        [this, board]() -> std::unique_ptr<runtime::Service> {
            using store::influx::Sender;
            auto sender = m_influx->makeSender(beatOf(QStringLiteral("sender")));
            connect(sender.get(), &Sender::stored, board, &Switchboard::stored, Qt::DirectConnection);
            connect(sender.get(), &Sender::latencyMeasured, board, &Switchboard::latencyMeasured, Qt::DirectConnection);
            connect(sender.get(), &Sender::writeFailed, board, &Switchboard::writeFailed, Qt::DirectConnection);
            connect(sender.get(), &Sender::caughtUp, board, &Switchboard::storeCaughtUp, Qt::DirectConnection);
            connect(sender.get(), &Sender::refused, board, &Switchboard::storeRefused, Qt::DirectConnection);
            connect(sender.get(), &Sender::takenAgain, board, &Switchboard::storeTakesAgain, Qt::DirectConnection);
            connect(sender.get(), &Sender::retentionKnown, board, &Switchboard::storeRetention, Qt::DirectConnection);
            connect(sender.get(), &Sender::databaseDoubtful, board, &Switchboard::databaseDoubtful,
                    Qt::DirectConnection);
            connect(sender.get(), &Sender::roomChanged, board, &Switchboard::storeRoomChanged, Qt::DirectConnection);
            connect(sender.get(), &Sender::databaseReturned, board, &Switchboard::databaseReturned,
                    Qt::DirectConnection);
            connect(sender.get(), &Sender::snapshotReady, board, &Switchboard::senderSnapshot, Qt::DirectConnection);
            return sender;
        },
        senderGrace);
    m_host.add(
        QStringLiteral("audit"),
        [this, board]() -> std::unique_ptr<runtime::Service> {
            using store::influx::Audit;
            auto audit = m_influx->makeAudit(beatOf(QStringLiteral("audit")));
            connect(audit.get(), &Audit::gapsFound, board, &Switchboard::gapsOpened, Qt::DirectConnection);
            connect(audit.get(), &Audit::lossFound, board, &Switchboard::databaseLost, Qt::DirectConnection);
            connect(audit.get(), &Audit::snapshotReady, board, &Switchboard::auditSnapshot, Qt::DirectConnection);
            connect(board, &Switchboard::databaseReturned, audit.get(), &Audit::passWanted);
            connect(board, &Switchboard::countWanted, audit.get(), &Audit::passWanted);
            connect(board, &Switchboard::countAllWanted, audit.get(), &Audit::countEverything);
            connect(board, &Switchboard::databaseDoubtful, audit.get(), &Audit::everythingWanted);
            connect(board, &Switchboard::storeRetention, audit.get(), &Audit::setRetention);
            return audit;
        },
        auditGrace);
}

void Engine::addStore()
{
    if (m_embedded && m_options.live)
        m_host.add(
            QStringLiteral("inspection"),
            [this] { return m_embedded->makeInspection(m_clock, m_options.inspect_every); }, inspectionGrace);
    m_host.add(
        QStringLiteral("store"),
        [this, file = QDir(m_settings.engine.data_dir).filePath(QStringLiteral("ledger.sqlite"))]()
            -> std::unique_ptr<runtime::Service> {
            auto service = std::make_unique<store::StoreService>(m_store, m_queue, m_settings.store.retention, m_clock,
                                                                 beatOf(QStringLiteral("store")));
            using store::StoreService;
            connect(service.get(), &StoreService::stored, &m_switchboard, &Switchboard::stored, Qt::DirectConnection);
            connect(service.get(), &StoreService::latencyMeasured, &m_switchboard, &Switchboard::latencyMeasured,
                    Qt::DirectConnection);
            connect(service.get(), &StoreService::writeFailed, &m_switchboard, &Switchboard::writeFailed,
                    Qt::DirectConnection);
            connect(service.get(), &StoreService::snapshotReady, &m_switchboard, &Switchboard::storeSnapshot,
                    Qt::DirectConnection);
            connect(
                service.get(), &StoreService::gaveUp, this,
                [file, clock = m_clock](const std::vector<StreamSpan> &spans, const QString &why) {
                    nameGivenUp(file, spans, why, clock->utcNow());
                },
                Qt::DirectConnection);
            return service;
        },
        storeGrace);
}

void Engine::forget(const QString &exchange)
{
    m_bridge->forget(exchange);
    m_metrics.forgetExchange(exchange);
    if (m_hosts)
        m_hosts->setCollected(exchange, {});
    if (m_journal)
        m_journal->exchangeGone(exchange);
    qCInfo(lcApp).noquote() << exchange << "is not collected any more; what it stored stays";
}

// What a run before did not finish goes on: the store knows what is missing of it still.
void Engine::resumeBackfills()
{
    const std::vector<history::BackfillRequest> unfinished = m_backfills->unfinished();
    for (const history::BackfillRequest &request : unfinished) {
        m_journal->note({.kind = alert::EventKind::Backfill,
                         .title = QStringLiteral("Backfill goes on"),
                         .detail = QStringLiteral("from %1 to %2, as the engine ended before it was done")
                                       .arg(isoText(request.span.from), isoText(request.span.to)),
                         .pairs = request.pairs});
        const link::Reply nobody({[](const QJsonObject &) {}, [](const QJsonValue &) {},
                                  [](const Error &error) { qCWarning(lcApp).noquote() << error.message; },
                                  [] { return true; }});
        (new BackfillJob(*m_commands, request, nobody))->start();
    }
}

void Engine::start()
{
    if (m_backfills)
        connect(this, &Engine::ready, this, &Engine::resumeBackfills);
    m_host.start();
}

void Engine::stop()
{
    *m_syncStop = true; // it may be in the middle of a run
    if (m_embedded)
        m_embedded->interrupt(); // the same
    if (m_influx)
        m_influx->interrupt(); // nobody waits for the database any more
    m_host.stop();
}

Status Engine::reload(const config::Settings &settings)
{
    config::Settings next = settings;
    const QStringList kept = keepFixed(m_settings, next);
    m_settings = std::move(next);
    if (m_journal)
        m_journal->note({.kind = alert::EventKind::Config, .title = QStringLiteral("Configuration changed")});
    if (m_hosts)
        m_hosts->setHosts(m_settings.hosts);
    if (const Status status = m_lanes.follow(); !status)
        return status;
    if (!kept.isEmpty())
        return Error{Error::Kind::Config, QStringLiteral("only a restart changes %1; everything else is in force")
                                              .arg(kept.join(QStringLiteral(", ")))};
    return ok();
}

} // namespace tk::app
