#include "feed/healer.h"

#include "base/logging.h"
#include "feed/connection_plan.h"

#include <algorithm>
#include <functional>

namespace tk::feed {

namespace {

constexpr milliseconds healFirst{10'000};     // a healed stream that stays silent is healed again after ...
constexpr milliseconds healMax{60'000};       // ... at most this
constexpr milliseconds refusedAgain{600'000}; // a stream that the exchange refused is asked for again after
constexpr milliseconds quorumPause{20'000};   // and the backoff

} // namespace

Healer::Healer(StreamTable &table, quint64 seed)
    : m_table(table)
    , m_quorumBackoff(milliseconds(10'000), milliseconds(120'000), seed)
{}

Healer::Health Healer::healthOf(const Patient &patient) const
{
    Health health;
    for (const StreamId id : patient.streams) {
        const StreamEntry &entry = m_table.at(id);
        if (entry.spec.contract.stale.count() == 0 || entry.state == StreamState::Ended ||
            entry.state == StreamState::Quiet)
            continue;
        if (entry.refused) { // by name: a fresh connection is no cure
            health.refused.push_back(id);
            continue;
        }
        ++health.due;
        if (entry.isSick())
            health.sick.push_back(id);
    }
    return health;
}

std::vector<Cure> Healer::heal(std::span<const Patient> patients, MonotonicTime now)
{
    const auto isDue = [&](StreamId id) { return now >= m_table.at(id).heal_at; };
    std::vector<Cure> cures;
    for (size_t i = 0; i < patients.size(); ++i) {
        if (!patients[i].up || patients[i].rotating)
            continue;
        Health health = healthOf(patients[i]);
        std::erase_if(health.refused, std::not_fn(isDue));
        for (const StreamId id : health.refused)
            refused(id, now);
        if (!health.refused.empty())
            cures.push_back({.patient = i, .kind = Cure::Kind::AskAgain, .streams = health.refused});
        if (std::ranges::none_of(health.sick, isDue))
            continue;
        // Those that were moved or asked for a moment ago are given their time, unless all that is here is sick.
        if (chooseHealing(health.due, int(health.sick.size())) == Healing::MoveSick)
            std::erase_if(health.sick, std::not_fn(isDue));
        const QString cause = m_table.at(health.sick.front()).cause;
        cures.push_back(cureFor(i, health, cause, now));
    }
    return cures;
}

// The sick streams get a fresh connection: their own, while the others go on, or this one made anew where it carries
// nothing else.
Cure Healer::cureFor(size_t patient, const Health &health, const QString &cause, MonotonicTime now)
{
    for (const StreamId id : health.sick) {
        StreamEntry &entry = m_table.at(id);
        const milliseconds wait = std::min(healMax, healFirst * (1 << std::min(entry.heal_attempts, 4)));
        entry.heal_at = now + entry.spec.contract.first_data + wait;
        ++entry.heal_attempts;
    }
    if (chooseHealing(health.due, int(health.sick.size())) == Healing::ReplaceConnection)
        return {.patient = patient,
                .kind = Cure::Kind::Replace,
                .cause =
                    QStringLiteral("%1 of %2 streams have no data: %3").arg(health.due).arg(health.due).arg(cause)};
    return {.patient = patient, .kind = Cure::Kind::Move, .streams = health.sick, .cause = cause};
}

std::vector<Cure> Healer::checkQuorum(const Majors &majors, int quorum, std::span<const Patient> patients,
                                      MonotonicTime now)
{
    const int stale = majors.staleWhileConnected(m_table);
    if (stale < quorum) {
        if (stale == 0)
            m_quorumBackoff.reset();
        return {};
    }
    if (now < m_quorumAt)
        return {}; // reconnecting already
    m_quorumAt = now + quorumPause + m_quorumBackoff.next();
    qCCritical(lcFeed).noquote() << Majors::quorumLine(size_t(stale), majors.count());
    const QString cause = QStringLiteral("%1 of %2 major pairs stale").arg(stale).arg(majors.count());
    std::vector<Cure> cures;
    for (size_t i = 0; i < patients.size(); ++i) {
        if (const Health health = healthOf(patients[i]); patients[i].up && !health.sick.empty())
            cures.push_back(cureFor(i, health, cause, now));
    }
    return cures;
}

void Healer::refused(StreamId stream, MonotonicTime now)
{
    m_table.at(stream).heal_at = now + refusedAgain;
}

} // namespace tk::feed
