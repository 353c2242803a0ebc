#include "app/commands/host_receipts.h"

#include "app/commands/named_hosts.h"
#include "remote/host_receipts.h"

namespace tk::app {

void HostReceiptsCommand::start()
{
    const auto named = namedHosts(settings(), line().hosts);
    if (!named)
        return fail(named.error());
    Table table{{{QStringLiteral("host")},
                 {QStringLiteral("folder")},
                 {QStringLiteral("file")},
                 {QStringLiteral("rows"), true},
                 {QStringLiteral("first")},
                 {QStringLiteral("last")},
                 {QStringLiteral("bytes"), true},
                 {QStringLiteral("sha256")},
                 {QStringLiteral("received")},
                 {QStringLiteral("way")}},
                {}};
    for (const config::HostSettings &host : *named) {
        const auto receipts = remote::HostReceipts::load(settings().engine.data_dir, host.name).all();
        for (const remote::HostReceipt &one : receipts)
            table.rows.push_back({Cell::of(host.name), Cell::of(one.folder), Cell::of(one.file), Cell::of(one.rows),
                                  Cell::of(one.first), Cell::of(one.last), Cell::of(one.bytes),
                                  Cell::of(QString::fromLatin1(one.sha256)), Cell::of(one.received),
                                  Cell::of(remote::wayName(one.way))});
        if (receipts.empty())
            complain(QStringLiteral("%1: no receipt has come from there yet").arg(host.name));
    }
    finish(print(table) ? Done : Internal);
}

} // namespace tk::app
