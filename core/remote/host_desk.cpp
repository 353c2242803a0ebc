#include "remote/host_desk.h"

#include "base/logging.h"
#include "remote/host_receipts.h"

#include <QJsonArray>

#include <algorithm>
#include <array>
#include <string_view>

namespace tk::remote {

using namespace std::chrono_literals;

namespace {

constexpr milliseconds unitsEvery = 3s;
constexpr milliseconds unitsEveryUnseen = 30s;
constexpr milliseconds dataEvery = 60s;

Error refusal(const QString &message)
{
    return Error{Error::Kind::Refused, message};
}

} // namespace

HostDesk::HostDesk(std::shared_ptr<const Clock> clock, QObject *parent)
    : QObject(parent)
    , m_clock(std::move(clock))
{}

HostDesk::~HostDesk() = default;

Result<QString> HostDesk::nextSocket()
{
    if (!m_sockets)
        m_sockets = std::make_unique<QTemporaryDir>(controlFolderTemplate());
    if (!m_sockets->isValid())
        return Error{Error::Kind::Storage,
                     QStringLiteral("no folder could be made for ssh's sockets: %1").arg(m_sockets->errorString())};
    return m_sockets->filePath(QString::number(++m_lastSocket));
}

bool HostDesk::knows(const QString &command)
{
    static constexpr std::array<std::string_view, 6> commands{"host-action", "host-refresh", "host-log",
                                                              "host-test",   "host-key",     "host-trust"};
    return std::ranges::find(commands, command.toStdString()) != commands.end();
}

HostDesk::Seat HostDesk::seatOf(const config::HostSettings &settings)
{
    Seat seat{.settings = settings};
    const auto target = SshTarget::of(settings);
    if (!target) {
        seat.problem = target.error().message;
        return seat;
    }
    const auto socket = nextSocket();
    if (!socket) {
        seat.problem = socket.error().message;
        return seat;
    }
    seat.watch = std::make_unique<HostWatch>(settings, *target, *socket, m_clock);
    seat.watch->setCollected(m_collected, !m_collected);
    connect(seat.watch.get(), &HostWatch::unitsLooked, this, &HostDesk::changed);
    connect(seat.watch.get(), &HostWatch::dataLooked, this, [this, watch = seat.watch.get()] {
        keepReceipts(*watch);
        Q_EMIT changed();
    });
    return seat;
}

void HostDesk::keepReceipts(const HostWatch &host) const
{
    if (m_dataDir.isEmpty())
        return;
    if (const Status kept = HostReceipts::keep(m_dataDir, host.settings().name, host.report().data); !kept)
        qCWarning(lcApp).noquote() << kept.error().message;
}

void HostDesk::setHosts(const std::vector<config::HostSettings> &hosts)
{
    std::vector<Seat> before = std::exchange(m_seats, {});
    for (const config::HostSettings &host : hosts) {
        const auto same = std::ranges::find(before, host, &Seat::settings);
        if (same != before.end()) {
            m_seats.push_back(std::move(*same));
            before.erase(same);
            continue;
        }
        m_seats.push_back(seatOf(host));
    }
    for (const Seat &gone : before)
        m_tails.forget(gone.settings.name);
    before.clear();
    for (const Seat &seat : m_seats) {
        if (seat.watch && seat.watch->report().state == HostReport::State::Unknown)
            watch(*seat.watch);
    }
    Q_EMIT changed();
}

void HostDesk::setCollected(const QSet<QString> &pairs)
{
    if (m_collected == pairs)
        return;
    m_collected = pairs;
    for (const Seat &seat : m_seats) {
        if (seat.watch)
            seat.watch->setCollected(m_collected, false);
    }
}

void HostDesk::setLooked(bool looked)
{
    if (std::exchange(m_looked, looked) == looked)
        return;
    for (const Seat &seat : m_seats) {
        if (seat.watch)
            watch(*seat.watch);
    }
}

void HostDesk::watch(HostWatch &host)
{
    host.watch(m_looked ? unitsEvery : unitsEveryUnseen, dataEvery);
}

HostWatch *HostDesk::find(const QString &host)
{
    const auto found = std::ranges::find_if(m_seats, [&](const Seat &seat) { return seat.settings.name == host; });
    return found == m_seats.end() ? nullptr : found->watch.get();
}

HostsSnapshot HostDesk::snapshot() const
{
    HostsSnapshot all;
    for (const Seat &seat : m_seats) {
        if (seat.watch) {
            all.push_back({seat.settings, seat.watch->report()});
        } else {
            HostReport report;
            report.state = HostReport::State::Unreachable;
            report.error = Error{Error::Kind::Config, seat.problem};
            all.push_back({seat.settings, report});
        }
    }
    return all;
}

void HostDesk::run(const QString &command, const QJsonObject &args, const link::Reply &reply)
{
    const QString name = args.value(QLatin1String("host")).toString();
    if (command == QLatin1String("host-refresh")) {
        for (const Seat &seat : m_seats) {
            if (seat.watch && (name.isEmpty() || name == seat.settings.name))
                seat.watch->lookSoon();
        }
        return reply.finish(QJsonObject{});
    }
    if (command == QLatin1String("host-action"))
        return act(args, reply);
    if (command == QLatin1String("host-log"))
        return readJournal(args, reply);
    config::HostSettings host;
    if (args.contains(QLatin1String("settings"))) {
        host = hostFromJson(args.value(QLatin1String("settings")).toObject());
    } else {
        const auto seat = std::ranges::find_if(m_seats, [&](const Seat &one) { return one.settings.name == name; });
        if (seat == m_seats.end())
            return reply.fail(refusal(QStringLiteral("there is no host \"%1\" in the configuration").arg(name)));
        host = seat->settings;
    }
    const auto target = SshTarget::of(host);
    if (!target)
        return reply.fail(target.error());
    if (command == QLatin1String("host-test")) {
        const auto socket = nextSocket();
        return socket ? test(host, *target, *socket, reply) : reply.fail(socket.error());
    }
    const QString fingerprint = args.value(QLatin1String("fingerprint")).toString();
    if (command == QLatin1String("host-trust") && fingerprint.isEmpty())
        return reply.fail(refusal(QStringLiteral("host-trust needs the \"fingerprint\" that host-key told")));
    askKey(*target, command == QLatin1String("host-trust") ? fingerprint : QString(), reply);
}

void HostDesk::act(const QJsonObject &args, const link::Reply &reply)
{
    const QString name = args.value(QLatin1String("host")).toString();
    const QString unit = args.value(QLatin1String("unit")).toString();
    const QString verb = args.value(QLatin1String("action")).toString();
    HostWatch *host = find(name);
    const auto action = actionFromName(verb);
    if (!host)
        return reply.fail(refusal(QStringLiteral("there is no host \"%1\" in the configuration").arg(name)));
    if (!action)
        return reply.fail(refusal(QStringLiteral("there is no action \"%1\"").arg(verb)));
    if (isPattern(unit) || !matchesAny(unit, host->settings().units))
        return reply.fail(
            refusal(QStringLiteral("\"%1\" is none of the units that the configuration names for %2").arg(unit, name)));
    host->act(*action, unit, this, [this, name, unit, verb, reply](const Result<ActionResult> &result) {
        Q_EMIT acted(name, unit, verb, result && result->done, result ? result->trouble : result.error().message);
        if (HostWatch *acted = find(name))
            acted->lookAtUnits();
        if (result)
            reply.finish(toJson(*result));
        else
            reply.fail(result.error());
    });
}

void HostDesk::readJournal(const QJsonObject &args, const link::Reply &reply)
{
    const QString name = args.value(QLatin1String("host")).toString();
    HostWatch *host = find(name);
    if (!host)
        return reply.fail(refusal(QStringLiteral("there is no host \"%1\" in the configuration").arg(name)));
    QStringList units;
    for (const QJsonValue &unit : args.value(QLatin1String("units")).toArray())
        units.append(unit.toString());
    if (units.isEmpty())
        units = host->settings().units;
    if (units.isEmpty())
        return reply.fail(refusal(QStringLiteral("no units are configured for %1").arg(name)));
    reply.finish(m_tails.read(name, host->channel(), units, args.value(QLatin1String("after")).toInteger()));
}

void HostDesk::test(const config::HostSettings &host, const SshTarget &target, const QString &socket,
                    const link::Reply &reply)
{
    auto *check = new HostCheck(host, target, socket, this);
    connect(check, &HostCheck::stepped, this, [reply](const CheckStep &step) { reply.progress(toJson(step)); });
    connect(check, &HostCheck::finished, this, [check, reply] {
        QJsonArray steps;
        for (const CheckStep &step : check->steps())
            steps.append(toJson(step));
        reply.finish(QJsonObject{{QStringLiteral("good"), check->isGood()}, {QStringLiteral("steps"), steps}});
        check->deleteLater();
    });
    check->start();
}

void HostDesk::askKey(const SshTarget &target, const QString &fingerprint, const link::Reply &reply)
{
    auto *check = new HostKeyCheck(target, this);
    connect(check, &HostKeyCheck::failed, this, [check, reply](const Error &error) {
        reply.fail(error);
        check->deleteLater();
    });
    connect(check, &HostKeyCheck::looked, this, [check, reply](const KeyReport &report) {
        reply.finish(toJson(report));
        check->deleteLater();
    });
    connect(check, &HostKeyCheck::trusted, this, [this, check, reply](const KeyReport &before) {
        reply.finish(QJsonObject{{QStringLiteral("was"), keyStateName(before.state)}});
        check->deleteLater();
        for (const Seat &seat : m_seats) { // who waited for it need not wait longer
            if (seat.watch && seat.watch->report().state == HostReport::State::Unreachable)
                seat.watch->lookSoon();
        }
    });
    if (fingerprint.isEmpty())
        check->look();
    else
        check->trust(fingerprint);
}

} // namespace tk::remote
