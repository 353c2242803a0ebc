// What an engine would say of a sender and an audit: status, readiness, metrics, verdict and events, by the parts that
// an engine says it with. Compared with one another whenever the services tell something new. Main thread.
#pragma once

#include "app/journal.h"
#include "app/verdict.h"
#include "sayings.h"

#include <QTemporaryDir>

#include <optional>

namespace tk::test {

class DeliveryWitness final : public QObject
{
    Q_OBJECT
public:
    explicit DeliveryWitness(std::shared_ptr<const Clock> clock);

    void take(const std::shared_ptr<const store::influx::SenderSnapshot> &snapshot);
    void take(const std::shared_ptr<const store::influx::AuditSnapshot> &snapshot);
    void lost(qint64 points, qint64 resent);
    void refused(const std::vector<StreamSpan> &spans, const QString &reason);

    const QStringList &contradictions() const { return m_contradictions; }
    const Sayings &sayings() const { return m_sayings; }
    // Longer than the journal looks away: such a trouble is an event.
    bool sawLastingTrouble() const { return m_lasting; }
    // What is said now by the faces that are not well; empty: all are.
    QStringList troubles();

private:
    void compare();
    void note(const char *face, const QString &text);
    void contradiction(const QString &what);
    app::EngineFacts facts() const;

    std::shared_ptr<const Clock> m_clock;
    QTemporaryDir m_folder;
    telemetry::Metrics m_metrics;
    telemetry::HealthBoard m_health;
    app::Switchboard m_board;
    app::MetricsBridge m_bridge;
    Sayings m_sayings;
    qint64 m_incident = 0; // that lasts
    std::optional<MonotonicTime> m_troubledSince;
    bool m_lasting = false;
    QStringList m_contradictions;
    app::Journal m_journal; // goes first: it tells of its end
};

} // namespace tk::test
