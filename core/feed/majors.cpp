#include "feed/majors.h"

#include "base/logging.h"
#include "market/pair.h"

#include <algorithm>

namespace tk::feed {

namespace {

constexpr int standIns = 10;

QString quoted(const std::vector<QString> &names)
{
    QStringList list;
    for (const QString &name : names)
        list.append(u'\'' + name + u'\'');
    return list.join(QStringLiteral(", "));
}

} // namespace

void Majors::choose(const StreamTable &table, const std::vector<StreamId> &streams)
{
    QHash<QString, std::vector<StreamId>> ofPair;
    QStringList order;
    for (const StreamId id : streams) {
        const StreamEntry &entry = table.at(id);
        if (entry.spec.key.pair.isEmpty() || entry.state == StreamState::Ended ||
            entry.spec.contract.stale.count() == 0)
            continue;
        if (!ofPair.contains(entry.spec.key.pair))
            order.append(entry.spec.key.pair);
        ofPair[entry.spec.key.pair].push_back(id);
    }
    QStringList wanted;
    for (const QString &base : m_bases) {
        const QString unified = base + QStringLiteral("/USDT:USDT");
        if (ofPair.contains(unified))
            wanted.append(unified);
    }
    if (wanted.isEmpty())
        wanted = order.mid(0, standIns);
    m_majors.clear();
    for (const QString &unified : std::as_const(wanted)) {
        const auto pair = Pair::parse(unified);
        m_majors.push_back({unified, pair ? pair->cryptofeed() : unified, ofPair.value(unified)});
    }
}

std::set<QString> Majors::pairs() const
{
    std::set<QString> names;
    for (const Major &major : m_majors)
        names.insert(major.pair);
    return names;
}

std::vector<QString> Majors::namesOf(const StreamTable &table, bool (*chosen)(const StreamEntry &)) const
{
    std::vector<QString> names;
    for (const Major &major : m_majors) {
        if (std::ranges::any_of(major.streams, [&](StreamId id) { return chosen(table.at(id)); }))
            names.push_back(major.name);
    }
    return names;
}

std::vector<QString> Majors::stale(const StreamTable &table) const
{
    return namesOf(table, [](const StreamEntry &entry) { return entry.isToldSick(); });
}

std::vector<QString> Majors::waiting(const StreamTable &table) const
{
    return namesOf(table, [](const StreamEntry &entry) {
        const StreamState told = entry.told();
        return (!delivers(told) && told != StreamState::Ended) || entry.isUnclosed();
    });
}

int Majors::staleWhileConnected(const StreamTable &table) const
{
    return int(std::ranges::count_if(m_majors, [&](const Major &major) {
        return std::ranges::any_of(major.streams,
                                   [&](StreamId id) { return table.at(id).isSick() && !table.at(id).lost; });
    }));
}

QString Majors::okLine(quint64 candles, quint64 funding, quint64 reconnects)
{
    return QStringLiteral(
               "✓ Heartbeat OK - All major pairs receiving data. Stats: Candles=%1, Funding=%2, Reconnects=%3")
        .arg(candles)
        .arg(funding)
        .arg(reconnects);
}

void Majors::tellHeartbeat(const StreamTable &table, quint64 candles, quint64 funding, quint64 reconnects) const
{
    const auto staleOnes = stale(table);
    const auto waitingOnes = waiting(table);
    if (m_majors.empty())
        qCWarning(lcFeed).noquote() << "⚠️ no pairs to watch yet: the instrument list has not come";
    else if (!staleOnes.empty())
        qCWarning(lcFeed).noquote() << staleLine(staleOnes);
    else if (!waitingOnes.empty())
        qCWarning(lcFeed).noquote() << waitingLine(waitingOnes);
    else
        qCInfo(lcFeed).noquote() << okLine(candles, funding, reconnects);
}

QString Majors::staleLine(const std::vector<QString> &stale)
{
    return QStringLiteral("⚠️ %1 major pairs have stale data: [%2]").arg(stale.size()).arg(quoted(stale));
}

QString Majors::waitingLine(const std::vector<QString> &waiting)
{
    return QStringLiteral("⚠️ %1 major pairs wait for data: [%2]").arg(waiting.size()).arg(quoted(waiting));
}

QString Majors::quorumLine(size_t stale, int majors)
{
    return QStringLiteral("❌ %1/%2 major pairs stale - triggering reconnect!").arg(stale).arg(majors);
}

} // namespace tk::feed
