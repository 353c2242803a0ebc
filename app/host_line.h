// The engine's hosts as its main thread has them: the newest look at each, for the live state, the journal and the
// metrics; commands pass through to the thread of the hosts, and their answers back. Main thread.
#pragma once

#include "alert/incident_watch.h"
#include "link/live_state.h"
#include "remote/host_service.h"
#include "telemetry/metrics.h"

#include <QHash>
#include <QMap>

namespace tk::app {

// What of a host an incident is made of: what is bad, not what is merely unusual.
alert::HostSigns signsOf(const remote::HostSnapshot &host);

class HostLine final : public QObject
{
    Q_OBJECT
public:
    explicit HostLine(telemetry::Metrics &metrics)
        : m_metrics(metrics)
    {}

    void join(remote::HostService &service); // from its thread, before it starts

    static bool knows(const QString &command) { return remote::HostDesk::knows(command); }
    void run(const QString &command, const QJsonObject &args, const link::Reply &reply);
    void setHosts(const std::vector<config::HostSettings> &hosts) { Q_EMIT hostsWanted(hosts); }
    void setCollected(const QString &exchange, const QStringList &pairs); // unified; in place of those before
    void setLooked(bool looked);

    const remote::HostsSnapshot &latest() const { return *m_latest; }
    std::vector<alert::HostSigns> signs() const;
    QJsonArray status() const;               // of `tapekeeper status`: {"name","target","state","light","reasons"} each
    void show(link::LiveState &state) const; // the topic "hosts": see remote/host_json.h

Q_SIGNALS:
    void changed();
    void acted(const QString &host, const QString &unit, const QString &action, bool done, const QString &trouble);
    // to the service
    void hostsWanted(const std::vector<tk::config::HostSettings> &hosts);
    void collectedWanted(const QSet<QString> &pairs);
    void lookedWanted(bool looked);
    void commandWanted(quint64 id, const QString &command, const QJsonObject &args);

private:
    void take(const std::shared_ptr<const remote::HostsSnapshot> &hosts);
    void count(const remote::HostsSnapshot &before);
    void end(quint64 id, const std::function<void(const link::Reply &)> &tell);

    telemetry::Metrics &m_metrics;
    QMap<QString, QJsonObject> m_objects; // of the latest: made once for each look, shown four times a second
    std::shared_ptr<const remote::HostsSnapshot> m_latest = std::make_shared<const remote::HostsSnapshot>();
    QHash<QString, QSet<QString>> m_collected; // names of files, by exchange
    QHash<quint64, link::Reply> m_open;
    quint64 m_lastId = 0;
    bool m_looked = false;
};

} // namespace tk::app
