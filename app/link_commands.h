// The commands that a running engine takes over the link, and that the command line runs on an engine of its own where
// none is running. Main thread.
//
//   status                                       one object, see engine_status.h
//   gaps                                         rows, see gap_finder.h
//   gaps-repair                                  progress {phase, missing, missing_at_start, gaps, trouble}; answers
//                                                with the rows that remain
//   backfill {pairs, timeframes, from, to, exchange?}
//                                                pairs: unified or cryptofeed names, [] for all; times in ms or ISO;
//                                                of that exchange, or of every one;
//                                                goes on when the asker goes; progress {id, wanted, present, fetched,
//                                                unfillable, jobs_left, trouble}; answers with the same, and cancelled
//                                                and problems
//   backfill-plan {as backfill}                  {wanted, present, requests, weight, seconds, problems}; fetches
//                                                nothing
//   cancel-backfill {id}                         what is fetched stays
//   pause-backfill {id}, resume-backfill {id}    what is under way is still taken
//   candles, marks, funding, series              see store_views.h
//   events {limit?}                              the newest events, oldest first: see alert/event_json.h
//   pulse                                        the last hour of vital signs, a sample every ten seconds
//   reload                                       reads the configuration file again, as SIGHUP does
//   settings, settings-check, settings-write, secret-write, instruments
//                                                see settings_commands.h
//   test-store, test-exchange                    see connection_tests.h
//   host-action, host-refresh, host-log, host-test, host-key, host-trust
//                                                see remote/host_desk.h
//   resubscribe {pair, exchange?}                its streams on a fresh connection; "" for all stale and silent ones
#pragma once

#include "app/connection_tests.h"
#include "app/engine_status.h"
#include "app/gap_finder.h"
#include "app/host_line.h"
#include "app/settings_commands.h"
#include "app/store_views.h"
#include "app/switchboard.h"
#include "base/clock.h"
#include "link/command_handler.h"

#include <QSet>
#include <QThreadPool>

#include <functional>
#include <memory>

namespace tk::app {

class EngineCommands final : public QObject, public link::CommandHandler
{
    Q_OBJECT
public:
    struct Engine // what the commands need of it
    {
        Switchboard &board;
        const MetricsBridge &bridge;
        std::shared_ptr<const Clock> clock;
        const exchange::Catalog &catalog;
        std::function<config::Settings()> settings;
        std::function<QJsonArray(qint64)> events{}; // the newest so many; a live engine alone has some
        std::function<QJsonArray()> pulse{};
        const telemetry::HealthBoard *health = nullptr;
        std::function<std::optional<BackfillFacts>()> backfill{}; // those under way
        Reload reload{};                                          // reads the configuration again
        std::function<ConfigPlace()> config{};                    // where that is
        std::function<QString()> httpTrouble{};                   // why metrics and health cannot be asked for
        HostLine *hosts = nullptr;                                // of a live engine
        bool live = true; // false: the command line's own engine, which gives up on an exchange that never answers
    };

    explicit EngineCommands(Engine engine);
    ~EngineCommands() override;

    void run(const QString &command, const QJsonObject &args, link::Reply reply) override;

    EngineFacts facts() const;
    const Engine &engine() const { return m_engine; }
    StoreViews &views() { return m_views; }
    quint64 nextBackfill() { return ++m_lastBackfill; }

    // In a thread of its own; the answer comes back to this one, unless `context` has gone.
    void searchGaps(QObject *context, std::function<void(const Result<std::vector<GapRow>> &)> answer);

private:
    void plan(history::BackfillRequest request, const link::Reply &reply);
    Status knownExchange(const QString &exchange) const;
    Result<history::BackfillRequest> backfillRequest(const QJsonObject &args) const;

    Engine m_engine;
    UtcTime m_started;
    MonotonicTime m_startedAt;
    quint64 m_lastBackfill = 0;
    StoreViews m_views;
    SettingsCommands m_settings;
    ConnectionTests m_tests;
    QThreadPool m_searches; // last: its end waits for what runs
};

} // namespace tk::app
