#include "remote/host_watch.h"

#include <algorithm>

namespace tk::remote {

using namespace std::chrono_literals;

namespace {

constexpr milliseconds lookWithin = 10s;
constexpr milliseconds actWithin = 120s; // a stop may take a unit's TimeoutStopSec
constexpr milliseconds longestWait = 60s;

} // namespace

QStringList HostReport::reasons() const
{
    QStringList all;
    if (error)
        all.append(error->message);
    for (size_t i = 0; i < units.size(); ++i) {
        if (lights[i] != Light::Good)
            all.append(units[i].name + QStringLiteral(": ") + stateText(units[i]) +
                       (units[i].result.isEmpty() || units[i].result == QLatin1String("success") ||
                                units[i].active == QLatin1String("failed")
                            ? QString()
                            : QStringLiteral(", last result ") + units[i].result));
    }
    for (const FolderReport &folder : data.folders) {
        if (!folder.trouble.isEmpty())
            all.append(folder.folder + QStringLiteral(": ") + folder.trouble);
        for (const FreshGroup &group : folder.groups) {
            if (group.stale)
                all.append(
                    QStringLiteral("%1 %2: %3 is %4 behind")
                        .arg(timeframeText(group.timeframe), group.content, group.oldest_file, ageText(group.lag)));
        }
    }
    if (!data_trouble.isEmpty())
        all.append(data_trouble);
    return all;
}

Light HostReport::light() const
{
    if (state != State::Up)
        return Light::Bad;
    Light worst = Light::Good;
    for (const Light light : lights)
        worst = std::max(worst, light);
    for (const FolderReport &folder : data.folders) {
        if (!folder.trouble.isEmpty() ||
            std::ranges::any_of(folder.groups, [](const FreshGroup &group) { return group.stale; }))
            worst = Light::Bad;
        if (!folder.troubles.isEmpty())
            worst = std::max(worst, Light::Warning);
    }
    if (!data_trouble.isEmpty())
        worst = std::max(worst, Light::Warning);
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
    });
    connect(&m_freshness, &Freshness::failed, this, [this](const Error &error) {
        m_report.data_trouble = error.message;
        Q_EMIT dataLooked();
    });
}

void HostWatch::watch(milliseconds every, milliseconds dataEvery)
{
    m_every = every;
    m_dataEvery = dataEvery;
    m_watching = true;
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
        m_report.state = HostReport::State::Up;
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
    m_report.state = HostReport::State::Unreachable;
    m_report.error = error;
    again();
    Q_EMIT unitsLooked();
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
