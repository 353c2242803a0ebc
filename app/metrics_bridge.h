// Turns what the services say of themselves into metrics and health, and keeps the newest of each for who asks. Main
// thread.
#pragma once

#include "app/switchboard.h"
#include "base/clock.h"
#include "telemetry/health.h"
#include "telemetry/metrics.h"

#include <QHash>

#include <memory>

namespace tk::app {

inline const QString gapLedgerPart = QStringLiteral("gap ledger"); // of the engine's health

struct Snapshots
{
    QHash<QString, std::shared_ptr<const feed::FeedSnapshot>> feeds;
    QHash<QString, std::shared_ptr<const history::HistorySnapshot>> histories;
    std::shared_ptr<const store::StoreSnapshot> store;
    std::shared_ptr<const store::influx::SenderSnapshot> sender; // of a database behind a spool
    std::shared_ptr<const store::influx::AuditSnapshot> audit;
    int store_anew = 0; // how often the store was found to have begun anew
    QString store_anew_why;
};

class MetricsBridge final : public QObject
{
    Q_OBJECT
public:
    MetricsBridge(Switchboard &switchboard, telemetry::Metrics &metrics, telemetry::HealthBoard &health);

    const Snapshots &latest() const { return m_latest; }

    // It is no longer collected: what it said last is no news of now.
    void forget(const QString &exchange);

Q_SIGNALS:
    void updated();

private:
    void feedSaid(const std::shared_ptr<const feed::FeedSnapshot> &snapshot);
    void historySaid(const std::shared_ptr<const history::HistorySnapshot> &snapshot);
    void senderSaid(const std::shared_ptr<const store::influx::SenderSnapshot> &snapshot);
    void tellLedger();
    void tellStore();
    void tellDatabase();
    void storeSaid(const std::shared_ptr<const store::StoreSnapshot> &snapshot);

    telemetry::Metrics &m_metrics;
    telemetry::HealthBoard &m_health;
    Snapshots m_latest;
};

} // namespace tk::app
