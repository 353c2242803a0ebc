#include "remote/host_service.h"

namespace tk::remote {

HostService::HostService(std::vector<config::HostSettings> hosts, std::shared_ptr<const Clock> clock, QString dataDir)
    : m_hosts(std::move(hosts))
    , m_clock(std::move(clock))
    , m_dataDir(std::move(dataDir))
{}

Status HostService::start()
{
    m_desk = std::make_unique<HostDesk>(m_clock);
    connect(m_desk.get(), &HostDesk::changed, this,
            [this] { Q_EMIT snapshotReady(std::make_shared<const HostsSnapshot>(m_desk->snapshot())); });
    connect(m_desk.get(), &HostDesk::acted, this, &HostService::acted);
    m_desk->keepReceiptsIn(m_dataDir);
    m_desk->setHosts(m_hosts);
    return ok();
}

void HostService::stop()
{
    m_desk.reset();
    Q_EMIT stopped();
}

void HostService::setHosts(const std::vector<config::HostSettings> &hosts)
{
    if (m_desk)
        m_desk->setHosts(hosts);
}

void HostService::setCollected(const QSet<QString> &pairs)
{
    if (m_desk)
        m_desk->setCollected(pairs);
}

void HostService::setLooked(bool looked)
{
    if (m_desk)
        m_desk->setLooked(looked);
}

void HostService::run(quint64 id, const QString &command, const QJsonObject &args)
{
    if (!m_desk)
        return Q_EMIT refused(id, Error{Error::Kind::Refused, QStringLiteral("the engine is stopping")});
    m_desk->run(command, args,
                link::Reply({.progress = [this, id](const QJsonObject &told) { Q_EMIT progressed(id, told); },
                             .finish = [this, id](const QJsonValue &told) { Q_EMIT answered(id, told); },
                             .fail = [this, id](const Error &error) { Q_EMIT refused(id, error); },
                             .isWanted = [] { return true; }}));
}

} // namespace tk::remote
