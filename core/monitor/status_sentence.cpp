#include "monitor/status_sentence.h"

#include <QLocale>

#include <algorithm>

namespace tk::monitor {

namespace {

QString clockOf(UtcTime time)
{
    return isoText(time).mid(11, 8);
}

QString minuteOf(UtcTime time)
{
    return isoText(time).mid(11, 5);
}

QString sizeOf(qint64 bytes)
{
    return QLocale::c().formattedDataSize(bytes, 0, QLocale::DataSizeSIFormat);
}

QString spanOf(milliseconds span)
{
    const qint64 seconds = span.count() / 1000;
    if (seconds < 60)
        return QStringLiteral("%1 s").arg(seconds);
    if (seconds < 2 * 3600)
        return QStringLiteral("%1 min").arg(seconds / 60);
    return QStringLiteral("%1 h").arg(seconds / 3600);
}

void addPairs(const StatusFacts &facts, QStringList &parts)
{
    int sick = 0;
    int majors = 0;
    int majorsSick = 0;
    UtcTime since = facts.now;
    for (const PairRow &row : facts.pairs) {
        majors += row.is_major ? 1 : 0;
        if (!row.isSick())
            continue;
        ++sick;
        majorsSick += row.is_major ? 1 : 0;
        since = std::min(since, row.since);
    }
    if (sick == 0)
        return;
    QString part = QStringLiteral("%1/%2 pairs stale since %3").arg(sick).arg(facts.pairs.size()).arg(minuteOf(since));
    if (majorsSick > 0)
        part += QStringLiteral(" (%1 of %2 majors)").arg(majorsSick).arg(majors);
    parts.append(part);
}

// "feeder-2 unreachable", "feeder-1: Files stale", "3 hosts not well".
void addHosts(const std::vector<HostView> &hosts, QStringList &parts)
{
    QStringList bad;
    for (const HostView &host : hosts) {
        if (host.state == HostView::State::Unreachable) {
            bad.append(QStringLiteral("%1 unreachable").arg(host.name));
        } else if (host.isUp() && host.light == HostLight::Bad) {
            const auto worst = std::ranges::find(host.troubles, HostLight::Bad, &HostTroubleView::light);
            bad.append(worst == host.troubles.end() ? host.name
                                                    : QStringLiteral("%1: %2").arg(host.name, worst->title.toLower()));
        }
    }
    if (bad.size() > 2)
        bad = {QStringLiteral("%1 of %2 hosts not well").arg(bad.size()).arg(hosts.size())};
    parts += bad;
}

} // namespace

StatusLine statusLine(const StatusFacts &facts)
{
    if (facts.connection == EngineConnection::State::Lost)
        return {
            Verdict::Away,
            QStringLiteral("disconnected from the engine · last seen %1, trying again").arg(clockOf(facts.last_seen)),
            {facts.connection_trouble}};
    if (facts.connection == EngineConnection::State::Connecting)
        return {Verdict::Waiting,
                facts.connection_trouble.isEmpty()
                    ? QStringLiteral("connecting to the engine")
                    : QStringLiteral("connecting to the engine · %1").arg(facts.connection_trouble),
                {}};
    QStringList trouble;
    addPairs(facts, trouble);
    for (const ConnectionView &connection : facts.health.connections()) {
        if (!connection.isOpen() && !connection.cause.isEmpty())
            trouble.append(QStringLiteral("%1 down: %2").arg(connection.label, connection.cause));
    }
    if (const auto &store = facts.health.store(); store && !store->trouble.isEmpty())
        trouble.append(QStringLiteral("the store does not take records: %1").arg(store->trouble));
    if (const auto &database = facts.health.database(); database && !database->trouble.isEmpty()) {
        trouble.append(QStringLiteral("database unreachable for %1").arg(spanOf(facts.now - database->trouble_since)));
        trouble.append(QStringLiteral("%1 spooled").arg(sizeOf(database->waiting_bytes)));
    }
    if (facts.hosts)
        addHosts(*facts.hosts, trouble);
    qint64 gaps = 0;
    qint64 unfillable = 0;
    bool filling = false;
    qint64 wanted = 0;
    qint64 fetched = 0;
    for (const HistoryView &history : facts.health.histories()) {
        gaps += history.gaps_open;
        unfillable += history.gaps_unfillable;
        filling = filling || history.filling;
        wanted += history.fill_wanted;
        fetched += history.fill_fetched;
        if (!history.trouble.isEmpty())
            trouble.append(QStringLiteral("history does not work: %1").arg(history.trouble));
    }
    QStringList repairs;
    if (gaps > 0)
        repairs.append(gaps == 1 ? QStringLiteral("repairing 1 gap") : QStringLiteral("repairing %1 gaps").arg(gaps));
    if (filling && wanted > 0)
        repairs.append(QStringLiteral("filling history, %1 %").arg(100 * fetched / wanted));
    const QString loss = unfillable == 0   ? QStringLiteral("nothing lost so far")
                         : unfillable == 1 ? QStringLiteral("1 gap unfillable")
                                           : QStringLiteral("%1 gaps unfillable").arg(unfillable);
    if (facts.pairs.empty() && trouble.isEmpty())
        return {Verdict::Waiting, QStringLiteral("no pairs yet: waiting for the exchange's list of instruments"), {}};
    QStringList parts = trouble + repairs;
    if (parts.isEmpty()) {
        const auto waiting = std::ranges::count_if(facts.pairs, [](const PairRow &row) {
            return row.state == StreamState::Requested || row.state == StreamState::Acknowledged;
        });
        if (waiting > 0)
            return {Verdict::Waiting,
                    QStringLiteral("%1 of %2 pairs wait for their first data").arg(waiting).arg(facts.pairs.size()),
                    {}};
        const auto count = [&](StreamState state) {
            return qint64(std::ranges::count(facts.pairs, state, &PairRow::state));
        };
        const qint64 quiet = count(StreamState::Quiet);
        const qint64 live = qint64(facts.pairs.size()) - quiet - count(StreamState::Ended);
        const QString all = quiet == 0 ? QStringLiteral("all %1 pairs live").arg(live)
                                       : QStringLiteral("%1 pairs live, %2 without trades now").arg(live).arg(quiet);
        return {Verdict::Well, QStringLiteral("%1 · %2").arg(all, loss), {}};
    }
    const Verdict verdict = !trouble.isEmpty() ? Verdict::Trouble : Verdict::Warning;
    return {verdict, (parts + QStringList{loss}).join(QStringLiteral(" · ")), parts};
}

} // namespace tk::monitor
