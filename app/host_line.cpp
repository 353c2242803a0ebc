#include "app/host_line.h"

#include <QJsonArray>

#include <algorithm>

namespace tk::app {

using remote::HostReport;
using remote::HostService;
using remote::HostSnapshot;

alert::HostSigns signsOf(const HostSnapshot &host)
{
    alert::HostSigns signs{.name = host.settings.name,
                           .known = host.report.state != HostReport::State::Unknown,
                           .up = host.report.state == HostReport::State::Up,
                           .error = host.report.error ? host.report.error->message : QString()};
    for (const remote::Trouble &trouble : host.report.troubles()) {
        if (trouble.light == remote::Light::Bad)
            signs.troubles.push_back({trouble.key, trouble.title, trouble.text});
    }
    return signs;
}

void HostLine::join(HostService &service)
{
    connect(&service, &HostService::snapshotReady, this, &HostLine::take);
    connect(&service, &HostService::acted, this, &HostLine::acted);
    connect(&service, &HostService::progressed, this, [this](quint64 id, const QJsonObject &progress) {
        if (const auto open = m_open.constFind(id); open != m_open.cend())
            open->progress(progress);
    });
    connect(&service, &HostService::answered, this, [this](quint64 id, const QJsonValue &answer) {
        end(id, [&](const link::Reply &reply) { reply.finish(answer); });
    });
    connect(&service, &HostService::refused, this,
            [this](quint64 id, const Error &error) { end(id, [&](const link::Reply &reply) { reply.fail(error); }); });
    connect(this, &HostLine::hostsWanted, &service, &HostService::setHosts);
    connect(this, &HostLine::collectedWanted, &service, &HostService::setCollected);
    connect(this, &HostLine::lookedWanted, &service, &HostService::setLooked);
    connect(this, &HostLine::commandWanted, &service, &HostService::run);
    // Whatever it has not answered by then gets no answer.
    connect(&service, &QObject::destroyed, this, [this] { m_open.clear(); });
}

void HostLine::end(quint64 id, const std::function<void(const link::Reply &)> &tell)
{
    const auto open = m_open.find(id);
    if (open == m_open.end())
        return;
    const link::Reply reply = *open;
    m_open.erase(open);
    tell(reply);
}

void HostLine::run(const QString &command, const QJsonObject &args, const link::Reply &reply)
{
    m_open.insert(++m_lastId, reply);
    Q_EMIT commandWanted(m_lastId, command, args);
}

// Freqtrade's files are called by pairs without what a file's name cannot hold.
void HostLine::setCollected(const QString &exchange, const QStringList &pairs)
{
    QSet<QString> &names = m_collected[exchange];
    names.clear();
    for (const QString &pair : pairs)
        names.insert(QString(pair).replace(u'/', u'_').replace(u':', u'_'));
    QSet<QString> all;
    for (const QSet<QString> &ofOne : std::as_const(m_collected))
        all.unite(ofOne);
    Q_EMIT collectedWanted(all);
}

void HostLine::setLooked(bool looked)
{
    if (std::exchange(m_looked, looked) != looked)
        Q_EMIT lookedWanted(looked);
}

void HostLine::take(const std::shared_ptr<const remote::HostsSnapshot> &hosts)
{
    const auto before = std::exchange(m_latest, hosts);
    count(*before);
    m_objects.clear();
    for (const HostSnapshot &host : *m_latest)
        m_objects.insert(host.settings.name, hostObject(host.settings, host.report, int(m_objects.size())));
    Q_EMIT changed();
}

void HostLine::count(const remote::HostsSnapshot &before)
{
    for (const HostSnapshot &host : before) {
        if (std::ranges::none_of(*m_latest,
                                 [&](const HostSnapshot &one) { return one.settings.name == host.settings.name; }))
            m_metrics.forgetHost(host.settings.name);
    }
    for (const HostSnapshot &host : *m_latest) {
        const QString &name = host.settings.name;
        if (host.report.state == HostReport::State::Unknown)
            continue;
        const bool isUp = host.report.state == HostReport::State::Up;
        m_metrics.hostUp(name).Set(isUp ? 1 : 0);
        if (!isUp)
            continue; // of the rest nobody knows anything new
        m_metrics.hostTroubles(name).Set(double(signsOf(host).troubles.size()));
        if (const auto behind = host.report.behind())
            m_metrics.hostBehind(name).Set(double(behind->count()) / 1000.0);
    }
}

QJsonArray HostLine::status() const
{
    QJsonArray all;
    for (const HostSnapshot &host : *m_latest) {
        const QJsonObject object = m_objects.value(host.settings.name);
        all.append(QJsonObject{{QStringLiteral("name"), host.settings.name},
                               {QStringLiteral("target"), host.settings.target},
                               {QStringLiteral("state"), object.value(QLatin1String("state"))},
                               {QStringLiteral("light"), object.value(QLatin1String("light"))},
                               {QStringLiteral("reasons"), QJsonArray::fromStringList(host.report.reasons())}});
    }
    return all;
}

std::vector<alert::HostSigns> HostLine::signs() const
{
    std::vector<alert::HostSigns> all;
    for (const HostSnapshot &host : *m_latest)
        all.push_back(signsOf(host));
    return all;
}

void HostLine::show(link::LiveState &state) const
{
    const QString topic = QStringLiteral("hosts");
    QJsonObject before = state.snapshot().value(topic).toObject();
    for (auto host = m_objects.cbegin(); host != m_objects.cend(); ++host) {
        state.set(topic, host.key(), host.value());
        before.remove(host.key());
    }
    for (auto old = before.constBegin(); old != before.constEnd(); ++old)
        state.remove(topic, old.key());
}

} // namespace tk::app
