#include "app/commands/named_hosts.h"

#include <algorithm>

namespace tk::app {

Result<std::vector<config::HostSettings>> namedHosts(const config::Settings &settings, const QStringList &names)
{
    if (settings.hosts.empty())
        return Error{Error::Kind::Config,
                     QStringLiteral("no host is configured: add a table [[host]] (docs/hosts.md)")};
    for (const QString &name : names) {
        if (std::ranges::find(settings.hosts, name, &config::HostSettings::name) == settings.hosts.end())
            return Error{Error::Kind::Config, QStringLiteral("there is no host \"%1\" in the configuration").arg(name)};
    }
    std::vector<config::HostSettings> hosts = settings.hosts;
    std::erase_if(hosts,
                  [&](const config::HostSettings &host) { return !names.isEmpty() && !names.contains(host.name); });
    return hosts;
}

} // namespace tk::app
