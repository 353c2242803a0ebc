#include "app/commands/hosts.h"

#include "app/commands/named_hosts.h"
#include "remote/host_receipts.h"

#include <cstdlib>

namespace tk::app {

using namespace remote;
using namespace std::chrono_literals;

namespace {

constexpr milliseconds unitsEvery = 5s;
constexpr milliseconds dataEvery = 60s;
constexpr int linesBefore = 20; // of a journal, where nothing else is said

Cell textCell(const QString &text)
{
    return text.isEmpty() ? Cell{} : Cell::of(text);
}

Cell numberCell(const std::optional<qint64> &number)
{
    return number ? Cell::of(*number) : Cell{};
}

} // namespace

HostsCommand::HostsCommand(const CommandLine &commandLine, const config::Settings &givenSettings)
    : Command(commandLine, givenSettings)
    , m_sockets(controlFolderTemplate())
{
    connect(&m_signals, &runtime::SignalWatcher::terminate, this, &HostsCommand::stop);
}

HostsCommand::~HostsCommand()
{
    // What runs over a connection goes before the connection.
    for (const auto &host : m_hosts)
        host->journal.reset();
}

Status HostsCommand::chooseHosts()
{
    const auto named = namedHosts(settings(), line().hosts);
    if (!named)
        return named.error();
    for (const config::HostSettings &host : *named) {
        const auto target = SshTarget::of(host);
        if (!target)
            return target.error();
        auto chosen = std::make_unique<Host>();
        chosen->settings = host;
        chosen->target = *target;
        chosen->socket = m_sockets.filePath(QString::number(m_hosts.size()));
        m_hosts.push_back(std::move(chosen));
    }
    return ok();
}

void HostsCommand::start()
{
    if (!m_sockets.isValid())
        return fail({Error::Kind::Storage,
                     QStringLiteral("no folder could be made for ssh's sockets: %1").arg(m_sockets.errorString())});
    if (const Status chosen = chooseHosts(); !chosen)
        return fail(chosen.error());
    if (const Status watching = m_signals.start(); !watching)
        complain(watching.error().message);
    for (const auto &host : m_hosts) {
        static const QStringList ownWays{QStringLiteral("test"), QStringLiteral("trust"), QStringLiteral("deploy")};
        if (!ownWays.contains(line().verb))
            host->watch = std::make_unique<HostWatch>(host->settings, host->target, host->socket, makeClock(line()));
    }
    if (line().verb == QLatin1String("status"))
        return status();
    if (line().verb == QLatin1String("logs"))
        return logs();
    if (line().verb == QLatin1String("test"))
        return test();
    if (line().verb == QLatin1String("trust"))
        return trust();
    if (line().verb == QLatin1String("deploy"))
        return deploy();
    act(*actionFromName(line().verb));
}

void HostsCommand::oneDone()
{
    if (--m_waiting > 0)
        return;
    if (line().verb == QLatin1String("status"))
        return showStatus();
    if (!m_table.columns.empty() && !print(m_table))
        m_code = Internal;
    finish(m_code);
}

void HostsCommand::status()
{
    m_waiting = int(m_hosts.size());
    for (const auto &entry : m_hosts) {
        Host *host = entry.get();
        connect(host->watch.get(), &HostWatch::unitsLooked, this, [this, host] {
            if (host->watch->report().state != HostReport::State::Up && !std::exchange(host->looked, true))
                return oneDone();
            if (host->looked && line().follow)
                return showStatus();
            if (!std::exchange(host->looked, true) && !line().follow)
                host->watch->lookAtData();
        });
        connect(host->watch.get(), &HostWatch::dataLooked, this, [this, host] {
            const HostReport &report = host->watch->report();
            if (const Status kept = HostReceipts::keep(settings().engine.data_dir, host->settings.name, report.data);
                !kept)
                complain(kept.error().message);
            if (!std::exchange(host->data, true))
                oneDone();
        });
        if (line().follow)
            host->watch->watch(unitsEvery, dataEvery);
        else
            host->watch->lookAtUnits();
    }
}

void HostsCommand::showStatus()
{
    if (m_waiting > 0)
        return;
    Table table{{{QStringLiteral("host")},
                 {QStringLiteral("kind")},
                 {QStringLiteral("name")},
                 {QStringLiteral("light")},
                 {QStringLiteral("state")},
                 {QStringLiteral("since")},
                 {QStringLiteral("enabled")},
                 {QStringLiteral("result")},
                 {QStringLiteral("next_run")},
                 {QStringLiteral("restarts"), true},
                 {QStringLiteral("memory"), true},
                 {QStringLiteral("files"), true},
                 {QStringLiteral("unread"), true},
                 {QStringLiteral("oldest_last")},
                 {QStringLiteral("newest_last")},
                 {QStringLiteral("lag_s"), true},
                 {QStringLiteral("disk_free"), true},
                 {QStringLiteral("clock_offset_ms"), true}},
                {}};
    bool good = true;
    for (const auto &host : m_hosts) {
        const HostReport &report = host->watch->report();
        good &= report.light() != Light::Bad;
        std::vector<Cell> row(table.columns.size());
        row[0] = Cell::of(host->settings.name);
        row[1] = Cell::of(QStringLiteral("host"));
        row[2] = Cell::of(host->target.text());
        row[3] = Cell::of(lightName(report.light()));
        row[4] = Cell::of(report.state == HostReport::State::Up ? QStringLiteral("up") : QStringLiteral("unreachable"));
        row[17] = numberCell(report.data.clock_offset);
        table.rows.push_back(row);
        for (size_t i = 0; i < report.units.size() && report.state == HostReport::State::Up; ++i) {
            const UnitState &unit = report.units[i];
            table.rows.push_back({Cell::of(host->settings.name),
                                  Cell::of(QStringLiteral("unit")),
                                  Cell::of(unit.name),
                                  Cell::of(lightName(report.lights[i])),
                                  Cell::of(stateText(unit)),
                                  Cell::of(unit.since),
                                  textCell(unit.enabled),
                                  textCell(unit.result),
                                  Cell::of(unit.next_run),
                                  numberCell(unit.restarts),
                                  numberCell(unit.memory),
                                  {},
                                  {},
                                  {},
                                  {},
                                  {},
                                  {},
                                  {}});
        }
        for (const FolderReport &folder : report.data.folders) {
            std::vector<Cell> line(table.columns.size());
            line[0] = Cell::of(host->settings.name);
            line[1] = Cell::of(QStringLiteral("folder"));
            line[2] = Cell::of(folder.folder);
            line[3] = Cell::of(lightName(folder.trouble.isEmpty() ? Light::Good : Light::Bad));
            line[4] = Cell::of(folder.trouble.isEmpty() ? QStringLiteral("readable") : folder.trouble);
            line[11] = Cell::of(qint64(folder.files));
            if (folder.disk_free >= 0)
                line[16] = Cell::of(folder.disk_free);
            table.rows.push_back(line);
            for (const FreshGroup &group : folder.groups) {
                const bool known = toMs(group.oldest) != 0;
                line = std::vector<Cell>(table.columns.size());
                line[0] = Cell::of(host->settings.name);
                line[1] = Cell::of(QStringLiteral("data"));
                line[2] = Cell::of(timeframeText(group.timeframe) + u' ' + group.content);
                line[3] = Cell::of(lightName(group.stale ? Light::Bad : known ? Light::Good : Light::Warning));
                line[4] = Cell::of(group.stale ? QStringLiteral("stale")
                                   : known     ? QStringLiteral("fresh")
                                               : QStringLiteral("unknown"));
                line[5] = Cell::of(group.written);
                line[11] = Cell::of(qint64(group.files));
                line[12] = Cell::of(qint64(group.unread));
                line[13] = Cell::of(group.oldest);
                line[14] = Cell::of(group.newest);
                if (known)
                    line[15] = Cell::of(qint64(group.lag / 1s));
                table.rows.push_back(line);
            }
            for (const QString &trouble : folder.troubles)
                complain(host->settings.name + QStringLiteral(": ") + trouble);
        }
        for (const QString &reason : report.reasons())
            complain(host->settings.name + QStringLiteral(": ") + reason);
    }
    const bool printed = print(table);
    if (line().follow && printed)
        return;
    finish(!printed ? Internal : good ? Done : DoesNotHold);
}

void HostsCommand::act(UnitAction action)
{
    m_table.columns = {{QStringLiteral("host")},   {QStringLiteral("unit")},  {QStringLiteral("action")},
                       {QStringLiteral("result")}, {QStringLiteral("state")}, {QStringLiteral("error")}};
    m_waiting = int(m_hosts.size());
    for (const auto &entry : m_hosts) {
        Host *host = entry.get();
        // Which units there are, first: patterns stand for what the host has.
        connect(
            host->watch.get(), &HostWatch::unitsLooked, this, [this, host, action] { actOn(*host, action); },
            Qt::SingleShotConnection);
        host->watch->lookAtUnits();
    }
}

void HostsCommand::actOn(Host &host, UnitAction action)
{
    const auto row = [this, &host](const QString &unit, const QString &result, const QString &state,
                                   const QString &error) {
        m_table.rows.push_back({Cell::of(host.settings.name), textCell(unit), Cell::of(line().verb), Cell::of(result),
                                textCell(state), textCell(error)});
    };
    const HostReport &report = host.watch->report();
    if (report.state != HostReport::State::Up) {
        row({}, QStringLiteral("unreachable"), {}, report.error ? report.error->message : QString());
        m_code = std::max(m_code, int(DoesNotHold));
        return oneDone();
    }
    QStringList units;
    for (const UnitState &unit : report.units) {
        // What a timer starts is looked at, but acted on only where the configuration names it.
        const bool wanted = line().unit.isEmpty() || matchesAny(unit.name, {line().unit}) ||
                            unit.name.section(u'.', 0, -2) == line().unit;
        if (wanted && matchesAny(unit.name, host.settings.units))
            units.append(unit.name);
    }
    if (units.isEmpty()) {
        row(line().unit, QStringLiteral("no such unit"), {},
            QStringLiteral("none of the host's configured units is called that"));
        m_code = std::max(m_code, int(DoesNotHold));
        return oneDone();
    }
    m_waiting += int(units.size()) - 1;
    for (const QString &unit : units) {
        host.watch->act(action, unit, this, [this, row, unit, &host](const Result<ActionResult> &result) {
            if (!result) {
                row(unit, QStringLiteral("failed"), {}, result.error().message);
            } else {
                const QString name = result->after.name.isEmpty() ? unit : result->after.name;
                row(name, result->done ? QStringLiteral("done") : QStringLiteral("failed"), stateText(result->after),
                    result->trouble);
                for (const QString &said : result->journal)
                    complain(QStringLiteral("%1 %2: %3").arg(host.settings.name, name, said));
            }
            if (!result || !result->done)
                m_code = std::max(m_code, int(DoesNotHold));
            oneDone();
        });
    }
}

void HostsCommand::logs()
{
    m_waiting = int(m_hosts.size());
    for (const auto &entry : m_hosts) {
        Host *host = entry.get();
        QStringList units = host->settings.units;
        if (!line().unit.isEmpty()) {
            const QString wanted = line().unit.contains(u'.') || isPattern(line().unit)
                                       ? line().unit
                                       : line().unit + QStringLiteral(".service");
            units = {wanted};
        }
        if (units.isEmpty()) {
            complain(QStringLiteral("%1: no units are configured").arg(host->settings.name));
            m_code = DoesNotHold;
            QMetaObject::invokeMethod(this, &HostsCommand::oneDone, Qt::QueuedConnection);
            continue;
        }
        host->journal = std::make_unique<JournalFollow>(host->watch->channel(), units, JournalFilter{line().grep},
                                                        int(line().limit.value_or(linesBefore)), line().follow);
        connect(host->journal.get(), &JournalFollow::entries, this,
                [this, host](const std::vector<JournalEntry> &entries) { printEntries(*host, entries); });
        connect(host->journal.get(), &JournalFollow::interrupted, this, [this, host](const Error &error) {
            complain(host->settings.name + QStringLiteral(": ") + error.message);
            if (line().follow)
                return;
            m_code = std::max(m_code, int(Unreachable));
            oneDone();
        });
        connect(host->journal.get(), &JournalFollow::ended, this, &HostsCommand::oneDone);
        host->journal->start();
    }
}

// As they come: a journal has no end to wait for. In JSON one object per line, therefore.
void HostsCommand::printEntries(const Host &host, const std::vector<JournalEntry> &entries)
{
    const Table table{{{QStringLiteral("time")},
                       {QStringLiteral("host")},
                       {QStringLiteral("unit")},
                       {QStringLiteral("priority"), true},
                       {QStringLiteral("message")}},
                      {}};
    const OutputFormat format = formatOr(line().format);
    QByteArray all;
    for (const JournalEntry &entry : entries) {
        if (format == OutputFormat::Table) {
            all += QStringLiteral("%1 %2 %3: %4\n")
                       .arg(isoText(entry.time, true), host.settings.name, entry.unit, entry.message)
                       .toUtf8();
            continue;
        }
        Table one = table;
        one.rows.push_back({Cell::of(isoText(entry.time, true)), Cell::of(host.settings.name), textCell(entry.unit),
                            Cell::of(qint64(entry.priority)), Cell::of(entry.message)});
        if (format == OutputFormat::Csv) {
            const QByteArray lines = csvText(one);
            all += lines.mid(lines.indexOf('\n') + 1);
        } else {
            QByteArray object = jsonText(one).trimmed();
            all += object.mid(1, object.size() - 2).trimmed() + '\n';
        }
    }
    if (!app::print(all))
        finish(Internal);
}

void HostsCommand::test()
{
    m_table.columns = {
        {QStringLiteral("host")}, {QStringLiteral("step")}, {QStringLiteral("result")}, {QStringLiteral("what")}};
    m_waiting = int(m_hosts.size());
    for (const auto &entry : m_hosts) {
        Host *host = entry.get();
        host->check = std::make_unique<HostCheck>(host->settings, host->target, host->socket);
        connect(host->check.get(), &HostCheck::finished, this, [this, host] {
            for (const CheckStep &step : host->check->steps())
                m_table.rows.push_back({Cell::of(host->settings.name), Cell::of(step.name),
                                        Cell::of(checkStateName(step.state)), textCell(step.text)});
            if (!host->check->isGood())
                m_code = DoesNotHold;
            oneDone();
        });
        host->check->start();
    }
}

void HostsCommand::trust()
{
    Host &host = *m_hosts.front();
    host.key = std::make_unique<HostKeyCheck>(host.target);
    connect(host.key.get(), &HostKeyCheck::failed, this, [this](const Error &error) { fail(error); });
    connect(host.key.get(), &HostKeyCheck::trusted, this, [this, &host](const KeyReport &before) {
        for (const HostKey &key : before.known) {
            if (before.state == KeyState::Changed)
                complain(QStringLiteral("forgotten: %1 %2").arg(key.type, key.fingerprint()));
        }
        complain(before.state == KeyState::Known
                     ? QStringLiteral("%1: this key was known already").arg(host.settings.name)
                     : QStringLiteral("%1: the key is in %2 now").arg(host.settings.name, before.file));
        finish(Done);
    });
    host.key->trust(line().fingerprint);
}

void HostsCommand::deploy()
{
    for (const auto &host : m_hosts) {
        if (host->settings.deploy.isEmpty())
            return fail(
                {Error::Kind::Config, QStringLiteral("%1 has no folder for releases: deploy = \"/opt/tapekeeper\", "
                                                     "say, in its [[host]] (docs/hosts.md)")
                                          .arg(host->settings.name)});
    }
    for (const QString &file : {line().binary, line().config_file, line().package}) {
        if (!file.isEmpty() && !QFileInfo(file).isReadable())
            return fail({Error::Kind::Config, QStringLiteral("there is no file %1 that can be read").arg(file)});
    }
    m_table.columns = {
        {QStringLiteral("host")}, {QStringLiteral("step")}, {QStringLiteral("result")}, {QStringLiteral("what")}};
    deployTo(*m_hosts.front());
}

void HostsCommand::deployTo(Host &host)
{
    const config::HostSettings &settings = host.settings;
    DeployPlan plan{.folder = settings.deploy,
                    .unit = line().unit.isEmpty() ? settings.deploy_unit : line().unit,
                    .heartbeat = settings.deploy_heartbeat,
                    .within = settings.deploy_within,
                    .hold = settings.deploy_hold,
                    .is_package = !line().package.isEmpty()};
    if (!plan.unit.endsWith(QLatin1String(".service")))
        plan.unit += QStringLiteral(".service");
    host.deployment = std::make_unique<Deployment>(plan, host.target, host.socket);
    connect(host.deployment.get(), &Deployment::progressed, this, [this, &host](qint64 sent, qint64 total) {
        if (!m_bar)
            m_bar.emplace(QStringLiteral("bytes"));
        m_bar->show(sent, total, host.settings.name);
    });
    // It takes minutes: told as it goes, and once more as the result.
    connect(host.deployment.get(), &Deployment::stepped, this, [this, &host](const CheckStep &step) {
        m_bar.reset();
        m_table.rows.push_back({Cell::of(host.settings.name), Cell::of(step.name), Cell::of(checkStateName(step.state)),
                                textCell(step.text)});
        complain(
            QStringLiteral("%1: %2 %3 %4").arg(host.settings.name, step.name, checkStateName(step.state), step.text));
    });
    connect(host.deployment.get(), &Deployment::finished, this, [this, &host] { deployed(host); });
    host.deployment->start(plan.is_package ? line().package : line().binary, line().config_file);
}

void HostsCommand::deployed(Host &host)
{
    m_bar.reset();
    const Deployment &done = *host.deployment;
    for (const QString &said : done.journal())
        complain(QStringLiteral("%1 journal: %2").arg(host.settings.name, said));
    const auto row = [this](const Host &of, const QString &result, const QString &what) {
        m_table.rows.push_back(
            {Cell::of(of.settings.name), Cell::of(QStringLiteral("end")), Cell::of(result), textCell(what)});
    };
    row(host, deployEndName(done.end()), done.verdict());
    ++m_deploying;
    // A version that is bad on one host is not tried on the others.
    if (done.end() == DeployEnd::Done && m_deploying < m_hosts.size())
        return deployTo(*m_hosts[m_deploying]);
    if (done.end() != DeployEnd::Done)
        m_code = DoesNotHold;
    for (; m_deploying < m_hosts.size(); ++m_deploying)
        row(*m_hosts[m_deploying], QStringLiteral("not tried"), QString());
    m_waiting = 1;
    oneDone();
}

void HostsCommand::stop(int count)
{
    if (count > 1)
        std::_Exit(DoesNotHold); // ssh goes with this process
    if (line().verb == QLatin1String("deploy") && m_deploying < m_hosts.size() && m_hosts[m_deploying]->deployment)
        return m_hosts[m_deploying]->deployment->cancel();
    finish(line().follow ? Done : DoesNotHold);
}

} // namespace tk::app
