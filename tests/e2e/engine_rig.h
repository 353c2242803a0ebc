// The engine and the simulator on one fast clock, and the comparison that every end-to-end test ends with: the set of
// stored candles against what the simulator knows to be true. Sets, not counts.
#pragma once

#include "app/engine.h"
#include "base/clock.h"
#include "support/exchange/simulator_thread.h"
#include "truth_check.h"
#include "witness.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QStringList>
#include <QTemporaryDir>

#include <functional>
#include <memory>
#include <optional>

namespace tk::test {

struct RigOptions
{
    int pairs = 12;
    double factor = 80; // simulated seconds per second
    std::vector<Timeframe> timeframes{Timeframe::M1, Timeframe::M3};
    int history = 30;
    QStringList streams{QStringLiteral("candles"), QStringLiteral("mark_price"), QStringLiteral("funding_rate")};
    std::optional<milliseconds> rotateAfter{};
    milliseconds auditEvery = std::chrono::hours(1);
    // By which the exchange's clock is ahead of ours: the first fill counts its candles back from the exchange's now.
    milliseconds exchangeAhead{0};
    // Where to look for the truth, when the engine's own way to the database is one that fails.
    std::optional<config::InfluxSettings> truth{};
    milliseconds inspectEvery = std::chrono::minutes(1); // of the embedded store's file
    sim::SimSettings sim{};
    bool second = false; // testex is collected, too: the same symbols from a simulator of its own
    std::function<void(config::Settings &)> adjust{};
};

class EngineRig
{
public:
    explicit EngineRig(RigOptions options = {});
    ~EngineRig();

    sim::SimulatorThread &sim() { return *m_sim; }
    sim::SimulatorThread &secondSim() { return *m_secondSim; }
    app::Engine &engine() { return *m_engine; }
    const Clock &clock() const { return *m_clock; }
    config::Settings &settings() { return m_settings; }
    QString dataDir() const { return m_folder.path(); }
    UtcTime startedAt() const { return m_startedAt; }
    double speed() const { return m_options.factor; }

    bool start(); // the engine; false when it could not be composed
    void stop();  // orderly; waits until it has ended

    // Conditions to wait for; each gives up after a generous real time, and says so.
    bool waitUntil(const std::function<bool()> &condition, milliseconds patience = std::chrono::seconds(60));
    bool waitLive();                       // every stream live or quiet, the first fill done; of all exchanges
    bool waitSimulated(milliseconds span); // the simulated clock passed
    bool waitStream(const QString &pair, StreamKind kind, Timeframe timeframe, StreamState state);
    bool waitHealthy(); // nothing stale or silent, no gap open; of all exchanges

    std::shared_ptr<const feed::FeedSnapshot> feed(const QString &exchange = QStringLiteral("binance-usdm")) const;
    std::shared_ptr<const history::HistorySnapshot>
    history(const QString &exchange = QStringLiteral("binance-usdm")) const;
    std::shared_ptr<const store::influx::SenderSnapshot> sender() const { return m_engine->snapshots().sender; }
    std::shared_ptr<const store::influx::AuditSnapshot> audit() const { return m_engine->snapshots().audit; }
    std::optional<feed::StreamRow> stream(const QString &pair, StreamKind kind, Timeframe timeframe) const;
    std::vector<Gap> gaps() const; // all the ledger knows, newest first

    // What the engine says of itself: the object that `status` prints, its verdict, /readyz, a metric, the events.
    QJsonObject status() const;
    QStringList reasons() const; // empty: `status` ends with exit code 0
    bool isReady() const;
    qint64 gapsOpenMetric() const;
    bool hasEvent(const QString &title) const;
    QJsonArray gapRows();                                                          // what `gaps` prints
    QJsonValue answer(const QString &command, const QJsonObject &args = {}) const; // of the engine
    const std::vector<exchange::Instrument> &instruments() const { return m_instruments; }

    // Waits until every candle that closed before now had its chance (a late mark, a repair), then says what differs.
    QStringList differences();
    QString verdict(); // empty when nothing differs, on any of the exchanges; for QCOMPARE

    Witness &witness() { return *m_witness; }
    QStringList contradictions() const; // of what the product said, over all its starts

    // Candle streams that were called stale or silent because of trades they did not show, over all snapshots. A busy
    // machine may lose a connection at this speed; it can never make a quiet pair look as if it had traded.
    const QStringList &alarms() const { return m_alarms; }

    // How often a stream reached a state since the rig began, over all snapshots.
    int seen(StreamState state) const { return m_seen[size_t(state)]; }

private:
    TruthCheck check() const;
    TruthCheck secondCheck() const;
    QStringList differencesNow(UtcTime until) const;

    RigOptions m_options;
    std::shared_ptr<const Clock> m_clock;
    QTemporaryDir m_folder;
    std::unique_ptr<sim::SimulatorThread> m_sim;
    std::unique_ptr<sim::SimulatorThread> m_secondSim;
    config::Settings m_settings;
    UtcTime m_startedAt{};
    QHash<QString, UtcTime> m_fillBegan; // the first fill counts its candles back from here; by exchange
    std::vector<exchange::Instrument> m_instruments;
    std::vector<exchange::Instrument> m_secondInstruments;
    std::array<int, streamStateNames.size()> m_seen{};
    QStringList m_alarms;
    QStringList m_contradictions;
    std::unique_ptr<app::Engine> m_engine;
    std::unique_ptr<Witness> m_witness; // goes before the engine that it looks at
};

} // namespace tk::test
