// The hosts of the configuration in a thread of the engine's: neither the window nor the collecting waits for a host,
// not even for the moment in which a program is started.
#pragma once

#include "remote/host_desk.h"
#include "runtime/service.h"

namespace tk::remote {

class HostService final : public runtime::Service
{
    Q_OBJECT
public:
    // There is no sign of life: what keeps this thread waiting is no reason to end an engine that collects.
    // Receipts that are found over there are kept in `dataDir`; where that is empty they are not.
    HostService(std::vector<config::HostSettings> hosts, std::shared_ptr<const Clock> clock, QString dataDir = {});

    Status start() override;
    void stop() override;

    // From other threads, queued.
    void setHosts(const std::vector<config::HostSettings> &hosts);
    void setCollected(const QSet<QString> &pairs);
    void setLooked(bool looked);
    void run(quint64 id, const QString &command, const QJsonObject &args); // ends in answered() or refused()

Q_SIGNALS:
    void snapshotReady(const std::shared_ptr<const tk::remote::HostsSnapshot> &hosts);
    void acted(const QString &host, const QString &unit, const QString &action, bool done, const QString &trouble);
    void progressed(quint64 id, const QJsonObject &progress);
    void answered(quint64 id, const QJsonValue &answer);
    void refused(quint64 id, const tk::Error &error);

private:
    std::vector<config::HostSettings> m_hosts;
    std::shared_ptr<const Clock> m_clock;
    QString m_dataDir;
    std::unique_ptr<HostDesk> m_desk;
};

} // namespace tk::remote
