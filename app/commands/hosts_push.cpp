#include "app/commands/hosts_push.h"

#include "app/commands/file_table.h"
#include "app/commands/named_hosts.h"
#include "app/open_store.h"

#include <cstdlib>

namespace tk::app {

HostsPushCommand::HostsPushCommand(const CommandLine &commandLine, const config::Settings &givenSettings)
    : Command(commandLine, givenSettings)
    , m_clock(makeClock(commandLine))
{
    m_table.columns = fileColumns();
    m_table.columns.insert(m_table.columns.begin(), {QStringLiteral("host")});
    connect(&m_signals, &runtime::SignalWatcher::terminate, this, [this](int count) {
        if (count > 1)
            std::_Exit(DoesNotHold); // ssh goes with this process, and the files over there are whole at every moment
        m_service.reset();
        finish(DoesNotHold);
    });
}

void HostsPushCommand::start()
{
    const auto named = namedHosts(settings(), line().hosts);
    if (!named)
        return fail(named.error());
    const auto now = [clock = m_clock] { return clock->utcNow(); };
    std::vector<HostPusher::Options> hosts;
    for (const config::HostSettings &host : *named) {
        if (!host.push.isEmpty())
            hosts.push_back(
                {.host = host,
                 .sync = settings().sync,
                 .data_dir = settings().engine.data_dir,
                 .open = [all = settings(), now, stop = m_stop] { return openReader(all, now, stop.get()); },
                 .clock = m_clock,
                 .full = line().full,
                 .once = true});
        else if (!line().hosts.isEmpty())
            return fail(
                {Error::Kind::Config,
                 QStringLiteral("%1: nothing is pushed there; name freqtrade's datadir with push (docs/hosts.md)")
                     .arg(host.name)});
    }
    if (hosts.empty())
        return fail(
            {Error::Kind::Config, QStringLiteral("no host takes files: name freqtrade's datadir over there with push "
                                                 "(docs/hosts.md)")});
    // What all of them lack is said once.
    if (const auto reader = openReader(settings(), now, m_stop.get()); !reader)
        return fail(reader.error());
    if (const Status watching = m_signals.start(); !watching)
        complain(watching.error().message);
    m_waiting = hosts.size();
    m_service = std::make_unique<PushService>(std::move(hosts), m_stop);
    connect(m_service.get(), &PushService::pushed, this, &HostsPushCommand::pushed, Qt::QueuedConnection);
    if (const Status started = m_service->start(); !started)
        fail(started.error());
}

void HostsPushCommand::pushed(const PushOutcome &outcome)
{
    const Cell host = Cell::of(outcome.host);
    if (!outcome.result) {
        complain(outcome.host + QStringLiteral(": ") + outcome.result.error().message);
        m_table.rows.push_back(
            {host, {}, {}, {}, {}, {}, Cell::of(QStringLiteral("failed")), Cell::of(outcome.result.error().message)});
        m_code = DoesNotHold;
    } else {
        for (const sync::SyncReport::Row &row : outcome.result->files) {
            std::vector<Cell> cells = fileCells(row);
            cells.insert(cells.begin(), host);
            m_table.rows.push_back(std::move(cells));
            if (!row.file.isGood())
                complain(outcome.host + QStringLiteral(": ") + fileTrouble(row));
        }
        complain(QStringLiteral("%1: %2; %3 kB were sent")
                     .arg(outcome.host, outcome.result->summary())
                     .arg(double(outcome.bytes_sent) / 1e3, 0, 'f', 1));
        if (!outcome.result->isGood())
            m_code = DoesNotHold;
    }
    if (--m_waiting == 0)
        finish(print(m_table) ? m_code : Internal);
}

} // namespace tk::app
