#include "remote/host_watch.h"

#include <algorithm>

namespace tk::remote {

using namespace std::chrono_literals;

namespace {

constexpr milliseconds lookWithin = 6s;  // with the interval a hanging host is red within ten seconds
constexpr milliseconds actWithin = 120s; // a stop may take a unit's TimeoutStopSec
constexpr milliseconds longestWait = 60s;
constexpr qint64 diskFull = 64'000'000; // bytes free, or a hundredth of it

} // namespace

std::vector<Trouble> HostReport::troubles() const
{
    std::vector<Trouble> all;
    for (size_t i = 0; i < units.size(); ++i) {
        const UnitState &unit = units[i];
        if (lights[i] == Light::Good)
            continue;
        const bool tellsResult =
            !unit.result.isEmpty() && unit.result != QLatin1String("success") && unit.active != QLatin1String("failed");
        all.push_back({QStringLiteral("unit ") + unit.name, lights[i],
                       lights[i] != Light::Bad                   ? QStringLiteral("Unit not running")
                       : unit.load == QLatin1String("not-found") ? QStringLiteral("Unit missing")
                                                                 : QStringLiteral("Unit failed"),
                       unit.name + QStringLiteral(": ") + stateText(unit) +
                           (tellsResult ? QStringLiteral(", last result ") + unit.result : QString())});
    }
    for (const FolderReport &folder : data.folders) {
        if (!folder.trouble.isEmpty())
            all.push_back({QStringLiteral("folder ") + folder.folder, Light::Bad, QStringLiteral("Folder unreadable"),
                           folder.folder + QStringLiteral(": ") + folder.trouble});
        if (folder.disk_free >= 0 && folder.disk_total > 0) {
            const bool full = folder.disk_free < diskFull || folder.disk_free < folder.disk_total / 100;
            if (full || folder.disk_free < folder.disk_total / 20)
                all.push_back({QStringLiteral("disk ") + folder.folder, full ? Light::Bad : Light::Warning,
                               full ? QStringLiteral("Disk full") : QStringLiteral("Disk nearly full"),
                               QStringLiteral("%1: %2 of %3 MB are free")
                                   .arg(folder.folder)
                                   .arg(folder.disk_free / 1'000'000)
                                   .arg(folder.disk_total / 1'000'000)});
        }
        for (const FreshGroup &group : folder.groups) {
            const QString what = timeframeText(group.timeframe) + u' ' + group.content;
            if (group.stale)
                all.push_back({QStringLiteral("data %1 %2").arg(folder.folder, what), Light::Bad,
                               QStringLiteral("Files stale"),
                               QStringLiteral("%1: %2 is %3 behind").arg(what, group.oldest_file, ageText(group.lag))});
        }
        for (const QString &file : folder.troubles)
            all.push_back({QStringLiteral("file ") + file.section(u':', 0, 0), Light::Warning,
                           QStringLiteral("File unreadable"), file});
    }
    if (!data_trouble.isEmpty())
        all.push_back({QStringLiteral("data"), Light::Warning, QStringLiteral("Files not seen"), data_trouble});
    return all;
}

QStringList HostReport::reasons() const
{
    if (error)
        return {error->message}; // of the rest nobody knows anything now
    QStringList all;
    for (const Trouble &trouble : troubles())
        all.append(trouble.text);
    return all;
}

std::optional<milliseconds> HostReport::behind() const
{
    std::optional<milliseconds> worst;
    for (const FolderReport &folder : data.folders) {
        for (const FreshGroup &group : folder.groups) {
            if (toMs(group.oldest) != 0 && group.content != QLatin1String("funding_rate"))
                worst = std::max(worst.value_or(milliseconds(0)), group.lag - nominalLength(group.timeframe));
        }
    }
    return worst;
}

Light HostReport::light() const
{
    if (state != State::Up)
        return Light::Bad;
    Light worst = Light::Good;
    for (const Trouble &trouble : troubles())
        worst = std::max(worst, trouble.light);
    return worst;
}

HostWatch::HostWatch(config::HostSettings settings, const SshTarget &target, const QString &controlSocket,
                     std::shared_ptr<const Clock> clock, QObject *parent)
    : QObject(parent)
    , m_settings(std::move(settings))
    , m_clock(std::move(clock))
    , m_channel(target, controlSocket)
    , m_freshness(m_channel, m_settings, m_clock)
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &HostWatch::lookAtUnits);
    connect(&m_freshness, &Freshness::looked, this, [this](const FreshnessReport &report) {
        m_report.data = report;
        m_report.has_data = true;
        m_report.data_trouble.clear();
        Q_EMIT dataLooked();
        if (std::exchange(m_dataAgain, false))
            m_freshness.look();
    });
    connect(&m_freshness, &Freshness::failed, this, [this](const Error &error) {
        m_report.data_trouble = error.message;
        Q_EMIT dataLooked();
        if (std::exchange(m_dataAgain, false))
            m_freshness.look();
    });
}

void HostWatch::setCollected(const std::optional<QSet<QString>> &pairs, bool isStillToBeTold)
{
    m_freshness.setCollected(pairs);
    m_dataLooked = isStillToBeTold ? m_clock->utcNow() : UtcTime{}; // else: with the next look
}

void HostWatch::watch(milliseconds every, milliseconds dataEvery)
{
    m_every = every;
    m_dataEvery = dataEvery;
    if (std::exchange(m_watching, true) && m_timer.isActive() && m_timer.remainingTime() <= every.count())
        return; // it looks soon enough
    lookAtUnits();
}

void HostWatch::stop()
{
    m_watching = false;
    m_timer.stop();
    m_channel.close();
}

void HostWatch::lookAtUnits()
{
    if (m_looking)
        return;
    m_looking = true;
    Script script;
    if (m_settings.units.isEmpty())
        script.part(QStringLiteral("alive"), QStringLiteral(":"));
    else
        addUnits(script, m_settings.units);
    m_channel.run(script, lookWithin, this, [this](const HostChannel::Answer &answer) {
        m_looking = false;
        if (!answer)
            return failed(answer.error());
        Result<std::vector<UnitState>> units = std::vector<UnitState>();
        if (!m_settings.units.isEmpty())
            units = readUnits(*answer);
        if (!units)
            return failed(units.error());
        m_failures = 0;
        std::vector<Light> lights;
        for (const UnitState &unit : *units) {
            const auto before = std::ranges::find(m_report.units, unit.name, &UnitState::name);
            lights.push_back(lightOf(unit, before == m_report.units.end() ? nullptr : &*before));
        }
        setState(HostReport::State::Up);
        m_report.error.reset();
        m_report.units = std::move(units).value();
        m_report.lights = std::move(lights);
        m_report.looked = m_clock->utcNow();
        const bool wantsData = m_watching && m_report.looked - m_dataLooked >= m_dataEvery;
        again();
        Q_EMIT unitsLooked();
        if (wantsData)
            lookAtData();
    });
}

void HostWatch::failed(const Error &error)
{
    ++m_failures;
    setState(HostReport::State::Unreachable);
    m_report.error = error;
    again();
    Q_EMIT unitsLooked();
}

void HostWatch::setState(HostReport::State state)
{
    if (m_report.state == state)
        return;
    m_report.state = state;
    m_report.since = m_clock->utcNow();
}

void HostWatch::lookSoon()
{
    m_failures = 0;
    m_dataLooked = {};
    lookAtUnits();
}

void HostWatch::again()
{
    if (!m_watching)
        return;
    const milliseconds backedOff(m_every.count() << std::min(m_failures, 6));
    m_timer.start(std::min(backedOff, std::max(m_every, longestWait)));
}

void HostWatch::lookAtData()
{
    m_dataLooked = m_clock->utcNow();
    if (m_freshness.isLooking())
        m_dataAgain = true; // what it has listed may be old by now
    else
        m_freshness.look();
}

void HostWatch::act(UnitAction action, const QString &unit, QObject *context, Acted done)
{
    m_channel.run(actionScript(action, unit), actWithin, context,
                  [action, unit, done = std::move(done)](const HostChannel::Answer &answer) {
                      if (!answer)
                          return done(answer.error());
                      done(readAction(action, unit, *answer));
                  });
}

} // namespace tk::remote
