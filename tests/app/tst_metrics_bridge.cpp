// Health follows what was proven: a store that takes records is not well before it has again what it lost.
#include "app/live_topics.h"
#include "app/metrics_bridge.h"
#include "app/store_health.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <QJsonArray>

using namespace tk;
using namespace tk::app;
using namespace std::chrono_literals;
using namespace tk::test;

class MetricsBridgeTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_board = std::make_unique<Switchboard>();
        m_metrics = std::make_unique<telemetry::Metrics>();
        m_health = std::make_unique<telemetry::HealthBoard>(m_clock, QStringList{QStringLiteral("store")});
        m_bridge = std::make_unique<MetricsBridge>(*m_board, *m_metrics, *m_health);
        m_history = {};
        m_history.exchange = QStringLiteral("x");
        m_history.instruments_known = m_history.repairing = true;
        Q_EMIT m_board->storeSnapshot(std::make_shared<store::StoreSnapshot>());
        tell();
    }

    void anEmbeddedStoreFailsUntilAllIsBack()
    {
        QCOMPARE(state("store"), QStringLiteral("ok"));
        m_history.loss_gaps = 3;
        tell();
        QCOMPARE(state("store"), QStringLiteral("failed"));
        m_history.loss_gaps = 0;
        tell();
        QCOMPARE(state("store"), QStringLiteral("ok"));
    }

    // Beside a database, too: its part fails, and the store is no better.
    void aStoreBesideADatabaseIsDegradedUntilAllIsBack()
    {
        auto sender = std::make_shared<store::influx::SenderSnapshot>();
        sender->state = store::influx::SenderSnapshot::State::Delivering;
        Q_EMIT m_board->senderSnapshot(sender);
        tell();
        QCOMPARE(state("store"), QStringLiteral("ok"));
        m_history.loss_gaps = 3;
        tell();
        QCOMPARE(state("store"), QStringLiteral("degraded"));
        QCOMPARE(state("database"), QStringLiteral("failed"));
        // The window's card has it from here.
        const QJsonArray losses = storeObject(*m_bridge->latest().store, storeLosses(m_bridge->latest()))
                                      .value(QLatin1String("losses"))
                                      .toArray();
        QCOMPARE(losses.size(), 1);
        QVERIFY(losses.at(0).toString().contains(QLatin1String("3 gaps left")));
        m_history.loss_gaps = 0;
        tell();
        QCOMPARE(state("store"), QStringLiteral("ok"));
    }

    // What the window shows of a gap that nobody can repair just now.
    void aGapWaitsWhileTheExchangeRefuses()
    {
        const Gap gap{
            .stream = {QStringLiteral("x"), QStringLiteral("BTC/USDT:USDT"), StreamKind::Candles, Timeframe::M3},
            .from = m_clock.utcNow() - 10min,
            .to = m_clock.utcNow() - 1min,
            .cause = QStringLiteral("silent"),
            .state = GapState::Repairing};
        QCOMPARE(gapObject(gap, {}).value(QLatin1String("state")).toString(), QStringLiteral("repairing"));
        const QJsonObject waits = gapObject(gap, QStringLiteral("the exchange refuses requests until 10:05:30"));
        QCOMPARE(waits.value(QLatin1String("state")).toString(), QStringLiteral("waiting"));
        QCOMPARE(waits.value(QLatin1String("cause")).toString(),
                 QStringLiteral("silent; waits: the exchange refuses requests until 10:05:30"));
    }

private:
    void tell() { Q_EMIT m_board->historySnapshot(std::make_shared<history::HistorySnapshot>(m_history)); }
    QString state(const char *part) const
    {
        return m_health->readiness()
            .body.value(QLatin1String("parts"))[QLatin1String(part)][QLatin1String("state")]
            .toString();
    }

    ManualClock m_clock;
    history::HistorySnapshot m_history;
    std::unique_ptr<Switchboard> m_board;
    std::unique_ptr<telemetry::Metrics> m_metrics;
    std::unique_ptr<telemetry::HealthBoard> m_health;
    std::unique_ptr<MetricsBridge> m_bridge;
};

TK_TEST(MetricsBridgeTest, metrics_bridge);
#include "tst_metrics_bridge.moc"
