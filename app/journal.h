// The engine's diary: what its services show becomes events and incidents, kept on the disk, told to whoever watches.
// Main thread.
#pragma once

#include "alert/event_log.h"
#include "alert/incident_watch.h"
#include "app/metrics_bridge.h"
#include "base/clock.h"
#include "link/live_state.h"

#include <QJsonArray>
#include <QTimer>

#include <memory>

namespace tk::app {

class Journal final : public QObject
{
    Q_OBJECT
public:
    Journal(const QString &folder, std::shared_ptr<const Clock> clock, const MetricsBridge &bridge, Switchboard &board);
    ~Journal() override; // what lasts is closed

    void storeBegunAnew(const QString &why);
    void note(alert::Event event);              // a moment, now
    void exchangeGone(const QString &exchange); // it is no longer collected
    void lookAtHosts(const std::vector<alert::HostSigns> &hosts);
    QJsonArray newest(qint64 count) const;
    void show(link::LiveState &state) const; // the topic "events": the newest ones

Q_SIGNALS:
    void put(const tk::alert::Event &event);

private:
    void look();
    void historyNoted(const history::HistoryNote &told);
    qint64 keep(const alert::Event &event);

    std::shared_ptr<const Clock> m_clock;
    const MetricsBridge &m_bridge;
    alert::EventLog m_log;
    alert::IncidentWatch m_watch;
    QStringList m_hosts;                      // as last looked at
    QHash<QString, QSet<QString>> m_delisted; // symbols, as told; by exchange
    QString m_anewFor;                        // why the store began anew, as told last
    QString m_refusedFor;                     // the database's reason, as told last
    UtcTime m_refusedAt{};
    QTimer m_lookSoon;
};

} // namespace tk::app
