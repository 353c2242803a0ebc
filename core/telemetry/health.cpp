#include "telemetry/health.h"

#include <QMutexLocker>

#include <utility>

namespace tk::telemetry {

struct HealthBoard::Heartbeat::Loop
{
    QString name;
    milliseconds maxSilence{};
    const Clock *clock = nullptr;
    std::atomic<qint64> lastNs{0};
    std::atomic<qint64> lastUtcMs{0};
    std::atomic<bool> ended{false};

    void beat()
    {
        lastNs = clock->now().time_since_epoch().count();
        lastUtcMs = toMs(clock->utcNow());
    }
    milliseconds silence() const
    {
        return std::chrono::duration_cast<milliseconds>(clock->now() -
                                                        MonotonicTime(std::chrono::nanoseconds(lastNs.load())));
    }
};

HealthBoard::Heartbeat::Heartbeat(std::shared_ptr<Loop> loop)
    : m_loop(std::move(loop))
{}

HealthBoard::Heartbeat &HealthBoard::Heartbeat::operator=(Heartbeat &&other) noexcept
{
    std::swap(m_loop, other.m_loop); // the other one's end unregisters ours
    return *this;
}

HealthBoard::Heartbeat::~Heartbeat()
{
    if (m_loop)
        m_loop->ended = true;
}

void HealthBoard::Heartbeat::beat()
{
    if (m_loop)
        m_loop->beat();
}

HealthBoard::HealthBoard(const Clock &clock, const QStringList &required)
    : m_clock(clock)
{
    for (const QString &part : required)
        m_parts.emplace(part, Part{PartState::Starting, m_clock.utcNow(), {}, true});
}

HealthBoard::~HealthBoard() = default;

void HealthBoard::require(const QString &part)
{
    const QMutexLocker lock(&m_mutex);
    m_parts.try_emplace(part, Part{PartState::Starting, m_clock.utcNow(), {}, false}).first->second.required = true;
}

void HealthBoard::set(const QString &part, PartState state, const QString &detail)
{
    const QMutexLocker lock(&m_mutex);
    const auto [found, isNew] = m_parts.try_emplace(part);
    if (isNew || found->second.state != state) {
        found->second.state = state;
        found->second.since = m_clock.utcNow();
    }
    found->second.detail = detail;
}

void HealthBoard::remove(const QString &part)
{
    const QMutexLocker lock(&m_mutex);
    m_parts.erase(part);
}

HealthBoard::Heartbeat HealthBoard::heartbeat(const QString &name, milliseconds maxSilence)
{
    auto loop = std::make_shared<Heartbeat::Loop>();
    loop->name = name;
    loop->maxSilence = maxSilence;
    loop->clock = &m_clock;
    loop->beat();
    const QMutexLocker lock(&m_mutex);
    m_loops.push_back(loop);
    return Heartbeat(loop);
}

HealthReport HealthBoard::report(bool withParts) const
{
    const QMutexLocker lock(&m_mutex);
    std::erase_if(m_loops, [](const auto &loop) { return loop->ended.load(); });
    bool good = true;
    QJsonObject loops;
    for (const auto &loop : m_loops) {
        const milliseconds silence = loop->silence();
        const bool turns = silence <= loop->maxSilence;
        good = good && turns;
        loops.insert(loop->name,
                     QJsonObject{{QStringLiteral("state"), turns ? QStringLiteral("ok") : QStringLiteral("silent")},
                                 {QStringLiteral("since"), isoText(fromMs(loop->lastUtcMs), true)},
                                 {QStringLiteral("silent_seconds"), double(silence.count()) / 1000},
                                 {QStringLiteral("limit_seconds"), double(loop->maxSilence.count()) / 1000}});
    }
    QJsonObject parts;
    for (const auto &[name, part] : m_parts) {
        good = good && (part.works() || !part.required || !withParts);
        const std::string_view state = partStateNames[size_t(part.state)];
        parts.insert(name,
                     QJsonObject{{QStringLiteral("state"), QString::fromLatin1(state.data(), qsizetype(state.size()))},
                                 {QStringLiteral("since"), isoText(part.since, true)},
                                 {QStringLiteral("detail"), part.detail}});
    }
    return {good, QJsonObject{{QStringLiteral("status"), good ? QStringLiteral("ok") : QStringLiteral("unavailable")},
                              {QStringLiteral("version"), QStringLiteral(TAPEKEEPER_VERSION)},
                              {QStringLiteral("parts"), parts},
                              {QStringLiteral("loops"), loops}}};
}

QStringList HealthBoard::complaints() const
{
    const QMutexLocker lock(&m_mutex);
    QStringList found;
    for (const auto &loop : m_loops) {
        if (!loop->ended && loop->silence() > loop->maxSilence)
            found.append(QStringLiteral("%1 does not answer since %2")
                             .arg(loop->name, isoText(fromMs(loop->lastUtcMs)).mid(11, 8)));
    }
    for (const auto &[name, part] : m_parts) {
        if (part.required && !part.works())
            found.append(QStringLiteral("%1: %2").arg(name, part.detail.isEmpty() ? QStringLiteral("not ready yet")
                                                                                  : part.detail));
    }
    return found;
}

HealthReport HealthBoard::liveness() const
{
    return report(false);
}

HealthReport HealthBoard::readiness() const
{
    return report(true);
}

} // namespace tk::telemetry
