#include "app/fixed_settings.h"

#include <algorithm>

namespace tk::app {

std::vector<config::HostSettings> pushedTo(const config::Settings &settings)
{
    std::vector<config::HostSettings> hosts = settings.hosts;
    std::erase_if(hosts, [](const config::HostSettings &host) { return host.push.isEmpty(); });
    return hosts;
}

QStringList keepFixed(const config::Settings &is, config::Settings &wanted)
{
    QStringList kept;
    const auto keep = [&kept](auto &value, const auto &now, const QString &name) {
        if (value == now)
            return;
        value = now;
        kept.append(name);
    };
    keep(wanted.engine.data_dir, is.engine.data_dir, QStringLiteral("data_dir"));
    keep(wanted.engine.http, is.engine.http, QStringLiteral("http"));
    keep(wanted.store, is.store, QStringLiteral("store"));
    keep(wanted.spool, is.spool, QStringLiteral("spool"));
    keep(wanted.sync, is.sync, QStringLiteral("sync"));
    if (pushedTo(wanted) != pushedTo(is)) // whatever else a host's table says is free to change
        kept.append(QStringLiteral("to whom files are pushed"));
    for (config::ExchangeSettings &next : wanted.exchanges) {
        const auto found = std::ranges::find(is.exchanges, next.name, &config::ExchangeSettings::name);
        if (found == is.exchanges.end())
            continue; // it begins as it is told
        const config::ExchangeSettings &now = *found;
        keep(next.rest_url, now.rest_url, now.name + QStringLiteral(".rest_url"));
        keep(next.ws_url, now.ws_url, now.name + QStringLiteral(".ws_url"));
        keep(next.proxies, now.proxies, now.name + QStringLiteral(".proxies"));
        keep(next.proxy_password_file, now.proxy_password_file, now.name + QStringLiteral(".proxy_password_file"));
        keep(next.proxy_password, now.proxy_password, now.name + QStringLiteral(".proxy_password"));
        keep(next.tls_ca_file, now.tls_ca_file, now.name + QStringLiteral(".tls_ca_file"));
    }
    return kept;
}

} // namespace tk::app
