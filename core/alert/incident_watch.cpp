#include "alert/incident_watch.h"

#include "alert/event_words.h"

#include <QMap>

#include <algorithm>

namespace tk::alert {

namespace {

constexpr milliseconds tellLossesEvery{60'000}; // a feed that loses all the time is one cause

void add(QStringList &pairs, const QString &pair)
{
    if (!pairs.contains(pair))
        pairs.append(pair);
}

} // namespace

void IncidentWatch::put(Event event, UtcTime now, const Exchange &known)
{
    event.time = now;
    event.until = now;
    event.incident = known.incident.id;
    m_put(event);
}

void IncidentWatch::look(const ExchangeSigns &signs, UtcTime now)
{
    Exchange &known = m_exchanges[signs.exchange];
    incident(known, signs, now); // first: what follows belongs to it
    connections(known, signs, now);
    streams(known, signs, now);
    gaps(known, signs, now);
    if (signs.rest_trouble.isEmpty() != known.rest_trouble.isEmpty()) {
        const bool works = signs.rest_trouble.isEmpty();
        put({.kind = EventKind::History,
             .severity = works ? Severity::Good : Severity::Warning,
             .exchange = signs.exchange,
             .subject = QStringLiteral("REST"),
             .title = works ? QStringLiteral("History works again") : QStringLiteral("History does not work"),
             .detail = works ? QString() : signs.rest_trouble},
            now, known);
    }
    known.rest_trouble = signs.rest_trouble;
    const bool agrees = signs.clock_offset.count() == 0;
    if (agrees != (known.clock_offset.count() == 0))
        put({.kind = EventKind::History,
             .severity = agrees ? Severity::Good : Severity::Trouble,
             .exchange = signs.exchange,
             .subject = QStringLiteral("clock"),
             .title = agrees ? QStringLiteral("The clocks agree again") : QStringLiteral("The clock is off"),
             .detail = agrees ? QString()
                              : QStringLiteral("the event times of all frames are %1 %2 our clock; check NTP")
                                    .arg(ageText(std::chrono::abs(signs.clock_offset)),
                                         signs.clock_offset.count() > 0 ? QStringLiteral("ahead of")
                                                                        : QStringLiteral("behind"))},
            now, known);
    known.clock_offset = signs.clock_offset;
    known.seen = true;
}

void IncidentWatch::connections(Exchange &known, const ExchangeSigns &signs, UtcTime now)
{
    QHash<QString, ConnectionSign> down;
    for (const ConnectionSign &connection : signs.connections) {
        const bool wasDown = known.down.contains(connection.label);
        if (!connection.up && !connection.cause.isEmpty()) {
            down.insert(connection.label, connection);
            if (!wasDown)
                put({.kind = EventKind::Connection,
                     .severity = Severity::Warning,
                     .exchange = signs.exchange,
                     .subject = connection.label,
                     .title = QStringLiteral("Connection lost"),
                     .detail = QStringLiteral("%1 · %2 · %3")
                                   .arg(connection.label, connection.cause,
                                        counted(connection.streams, QStringLiteral("1 stream"),
                                                QStringLiteral("%1 streams")))},
                    now, known);
        } else if (connection.up && wasDown) {
            const auto away = now - known.down.value(connection.label).down_since;
            put({.kind = EventKind::Connection,
                 .severity = Severity::Good,
                 .exchange = signs.exchange,
                 .subject = connection.label,
                 .title = QStringLiteral("Reconnected"),
                 .detail = QStringLiteral("%1 · after %2 · %3")
                               .arg(connection.label, ageText(away),
                                    counted(connection.streams, QStringLiteral("1 stream resubscribed"),
                                            QStringLiteral("%1 streams resubscribed")))},
                now, known);
        }
    }
    known.down = std::move(down);
}

void IncidentWatch::streams(Exchange &known, const ExchangeSigns &signs, UtcTime now)
{
    QHash<QString, SickStream> sick;
    struct Group
    {
        QStringList pairs;
        QStringList kinds;
        StreamState state = StreamState::Stale;
        UtcTime since{};
        int streams = 0;
    };
    QMap<QString, Group> fresh; // by cause
    for (const SickStream &stream : signs.sick) {
        const QString key = stream.pair + u' ' + stream.kind;
        sick.insert(key, stream);
        if (known.sick.contains(key))
            continue;
        Group &group = fresh[stream.cause];
        add(group.pairs, stream.pair);
        add(group.kinds, stream.kind);
        group.state = stream.state;
        group.since = group.streams == 0 ? stream.since : std::min(group.since, stream.since);
        ++group.streams;
    }
    for (auto group = fresh.cbegin(); group != fresh.cend(); ++group) {
        const bool silent = group->state == StreamState::Silent;
        put({.kind = EventKind::Streams,
             .severity = Severity::Trouble,
             .exchange = signs.exchange,
             .title = group->streams == 1
                          ? (silent ? QStringLiteral("Stream silent") : QStringLiteral("Stream stale"))
                          : (silent ? QStringLiteral("%1 streams silent") : QStringLiteral("%1 streams stale"))
                                .arg(group->streams),
             .detail = QStringLiteral("%1 · %2 · %3")
                           .arg(pairsText(group->pairs), group->kinds.join(QStringLiteral(", ")), group.key()),
             .pairs = group->pairs,
             .from = group->since},
            now, known);
    }
    QStringList well;
    int streams = 0;
    for (auto was = known.sick.cbegin(); was != known.sick.cend(); ++was) {
        if (!sick.contains(was.key())) {
            add(well, was->pair);
            ++streams;
        }
    }
    if (streams > 0)
        put({.kind = EventKind::Streams,
             .severity = Severity::Good,
             .exchange = signs.exchange,
             .title = counted(streams, QStringLiteral("Stream recovered"), QStringLiteral("%1 streams recovered")),
             .detail = sick.isEmpty() ? pairsText(well)
                                      : QStringLiteral("%1 · %2 still sick").arg(pairsText(well)).arg(sick.size()),
             .pairs = well},
            now, known);
    known.sick = std::move(sick);
}

void IncidentWatch::gaps(Exchange &known, const ExchangeSigns &signs, UtcTime now)
{
    QHash<qint64, GapSign> open;
    const auto isWrittenDownNow = [&known](const GapSign &gap) {
        return std::any_of(known.gaps.cbegin(), known.gaps.cend(), [&gap](const GapSign &before) {
            return before.id < 0 && before.pair == gap.pair && before.from == gap.from && before.cause == gap.cause;
        });
    };
    QStringList opened;
    QString cause;
    UtcTime from{};
    UtcTime to{};
    int count = 0;
    for (const GapSign &gap : signs.gaps) {
        open.insert(gap.id, gap);
        if (known.gaps.contains(gap.id) || isWrittenDownNow(gap))
            continue;
        add(opened, gap.pair);
        cause = gap.cause;
        from = count == 0 ? gap.from : std::min(from, gap.from);
        to = std::max(to, gap.to);
        ++count;
    }
    if (count > 0)
        put({.kind = EventKind::Gap,
             .severity = Severity::Warning,
             .exchange = signs.exchange,
             .title = known.seen
                          ? counted(count, QStringLiteral("Gap opened"), QStringLiteral("%1 gaps opened"))
                          : counted(count, QStringLiteral("Gap open"), QStringLiteral("%1 gaps open since before")),
             .detail = QStringLiteral("%1 · from %2 · %3").arg(pairsText(opened), shortTime(from, now), cause),
             .pairs = opened,
             .from = from,
             .to = to},
            now, known);
    QStringList closed;
    int repaired = 0;
    UtcTime closedFrom{};
    UtcTime closedTo{};
    for (auto was = known.gaps.cbegin(); was != known.gaps.cend(); ++was) {
        if (open.contains(was.key()) || was.key() < 0) // those are settled only after they are written down
            continue;
        add(closed, was->pair);
        closedFrom = repaired == 0 ? was->from : std::min(closedFrom, was->from);
        closedTo = std::max(closedTo, was->to);
        ++repaired;
    }
    if (repaired > 0) {
        const qint64 lost = std::min<qint64>(signs.unfillable - known.unfillable, repaired);
        known.gaps_repaired += repaired;
        closed.sort();
        put({.kind = EventKind::Gap,
             .severity = lost > 0 ? Severity::Warning : Severity::Good,
             .exchange = signs.exchange,
             .title = counted(repaired, QStringLiteral("Gap settled"), QStringLiteral("%1 gaps settled")),
             .detail = lost > 0 ? QStringLiteral("%1 · %2 of them unfillable: see the gap report for the causes")
                                      .arg(pairsText(closed))
                                      .arg(lost)
                                : QStringLiteral("%1 · nothing of it is missing").arg(pairsText(closed)),
             .pairs = closed,
             .from = closedFrom,
             .to = closedTo},
            now, known);
        known.unfillable += lost;
    }
    known.gaps = std::move(open);
    losses(known, signs, now);
}

// What was lost for good in the moment in which it was missed, as nobody has it again: it never was an open gap.
void IncidentWatch::losses(Exchange &known, const ExchangeSigns &signs, UtcTime now)
{
    const qint64 count = signs.unfillable - known.unfillable;
    if (count <= 0 || now - known.lost_told_at < tellLossesEvery)
        return;
    known.unfillable = signs.unfillable;
    known.lost_told_at = now;
    QStringList pairs;
    QStringList causes;
    UtcTime from = now;
    for (size_t i = signs.lost.size() - std::min(signs.lost.size(), size_t(count)); i < signs.lost.size(); ++i) {
        add(pairs, signs.lost[i].pair);
        add(causes, signs.lost[i].cause);
        from = std::min(from, signs.lost[i].from);
    }
    put({.kind = EventKind::Gap,
         .severity = Severity::Warning,
         .exchange = signs.exchange,
         .title = counted(count, QStringLiteral("Gap that cannot be filled"),
                          QStringLiteral("%1 gaps that cannot be filled")),
         .detail = QStringLiteral("%1 · from %2 · %3")
                       .arg(pairsText(pairs), shortTime(from, now), causes.mid(0, 3).join(QStringLiteral("; "))),
         .pairs = pairs,
         .from = from,
         .to = now},
        now, known);
}

void IncidentWatch::incident(Exchange &known, const ExchangeSigns &signs, UtcTime now)
{
    QStringList troubles; // causes, most telling first
    UtcTime since = now;
    int down = 0;
    for (const ConnectionSign &connection : signs.connections) {
        if (connection.up || connection.cause.isEmpty())
            continue;
        ++down;
        since = toMs(connection.down_since) != 0 ? std::min(since, connection.down_since) : since;
        add(troubles, connection.label + QStringLiteral(": ") + connection.cause);
    }
    QStringList pairs;
    for (const SickStream &stream : signs.sick) {
        since = toMs(stream.since) != 0 ? std::min(since, stream.since) : since;
        add(pairs, stream.pair);
    }
    if (!pairs.isEmpty())
        troubles.append(QStringLiteral("%1 stale").arg(pairsText(pairs)));
    const bool trouble = !troubles.isEmpty();
    const bool repairing = !signs.gaps.empty();
    Event &event = known.incident;
    if (event.id == 0 && !trouble && !repairing)
        return;
    if (event.id == 0) {
        event = {.time = since,
                 .kind = EventKind::Incident,
                 .exchange = signs.exchange,
                 .title = trouble
                              ? troubles.join(QStringLiteral(" → "))
                              : counted(qint64(signs.gaps.size()), QStringLiteral("1 gap"), QStringLiteral("%1 gaps")) +
                                    QStringLiteral(": ") + signs.gaps.front().cause};
        known.troubled_pairs.clear();
        known.gaps_repaired = 0;
        known.unfillable_at_begin = signs.unfillable;
    }
    Event next = event;
    for (const QString &pair : pairs)
        known.troubled_pairs.insert(pair);
    for (const GapSign &gap : signs.gaps) {
        known.troubled_pairs.insert(gap.pair);
        next.from = toMs(next.from) == 0 ? gap.from : std::min(next.from, gap.from);
        next.to = std::max(next.to, gap.to);
    }
    next.pairs = QStringList(known.troubled_pairs.cbegin(), known.troubled_pairs.cend());
    next.pairs.sort();
    const qint64 lost = signs.unfillable - known.unfillable_at_begin;
    const QString loss = lost > 0
                             ? counted(lost, QStringLiteral("1 gap unfillable"), QStringLiteral("%1 gaps unfillable"))
                             : QStringLiteral("nothing lost");
    if (trouble) {
        next.severity = Severity::Trouble;
        next.detail = troubles.join(QStringLiteral(" · "));
        if (next.title.size() < 24 && !event.title.contains(u'→') && troubles.size() > 1)
            next.title = troubles.join(QStringLiteral(" → "));
    } else if (repairing) {
        next.severity = Severity::Warning;
        // Repairing is a claim, too: it needs somebody who can.
        const qint64 count = qint64(signs.gaps.size());
        next.detail = signs.rest_trouble.isEmpty() && signs.refused < count
                          ? counted(count, QStringLiteral("repairing 1 gap"), QStringLiteral("repairing %1 gaps"))
                      : signs.rest_trouble.isEmpty() ? counted(count, QStringLiteral("1 gap that the database refuses"),
                                                               QStringLiteral("%1 gaps that the database refuses"))
                                                     : counted(count, QStringLiteral("1 gap waits for history: "),
                                                               QStringLiteral("%1 gaps wait for history: ")) +
                                                           signs.rest_trouble;
    } else {
        next.severity = lost > 0 ? Severity::Warning : Severity::Good;
        next.until = now;
        next.detail = QStringLiteral("over after %1 · %2 · %3")
                          .arg(ageText(now - next.time),
                               counted(next.pairs.size(), QStringLiteral("1 pair"), QStringLiteral("%1 pairs")), loss);
    }
    if (next == event && event.id != 0)
        return;
    event = next;
    event.id = m_put(event);
    if (!event.lasts())
        event = {};
}

void IncidentWatch::look(const StoreSigns &signs, UtcTime now)
{
    Store &known = m_stores[signs.name];
    const bool works = signs.trouble.isEmpty();
    if (works == known.trouble.isEmpty()) {
        known.trouble = signs.trouble;
        return;
    }
    known.trouble = signs.trouble;
    Event &incident = known.incident;
    if (works) {
        incident.until = now;
        incident.severity = Severity::Good;
        incident.detail = QStringLiteral("over after %1").arg(ageText(now - incident.time));
    } else {
        incident = {.time = toMs(signs.trouble_since) != 0 ? std::min(signs.trouble_since, now) : now,
                    .kind = EventKind::Incident,
                    .severity = Severity::Trouble,
                    .subject = signs.name,
                    .title = QStringLiteral("%1: %2").arg(signs.name, signs.trouble),
                    .detail = signs.trouble};
    }
    incident.id = m_put(incident);
    m_put(
        {.time = now,
         .until = now,
         .kind = EventKind::Store,
         .severity = works ? Severity::Good : Severity::Trouble,
         .subject = signs.name,
         .title = works ? QStringLiteral("%1 takes records again").arg(signs.name)
                        : QStringLiteral("%1 does not take records").arg(signs.name),
         .detail = works ? QStringLiteral("%1 wait to be delivered").arg(sizeText(signs.spooled_bytes)) : signs.trouble,
         .incident = incident.id});
    if (works)
        incident = {};
}

void IncidentWatch::look(const HostSigns &signs, UtcTime now)
{
    if (!signs.known)
        return;
    Host &known = m_hosts[signs.name];
    hostIncident(known, signs, now); // first: what follows belongs to it
    const auto put = [&](Severity severity, const QString &title, const QString &detail) {
        m_put({.time = now,
               .until = now,
               .kind = EventKind::Host,
               .severity = severity,
               .subject = signs.name,
               .title = title,
               .detail = signs.name + QStringLiteral(" · ") + detail,
               .incident = known.incident.id});
    };
    if (signs.up != known.up) {
        if (signs.up)
            put(Severity::Good, QStringLiteral("Host answers again"),
                QStringLiteral("after %1").arg(ageText(now - known.away_since)));
        else
            put(Severity::Trouble, QStringLiteral("Host unreachable"), signs.error);
        known.up = signs.up;
        known.away_since = now;
    }
    if (signs.up) { // of one that is away nothing is known: neither better nor worse
        QMap<QString, HostTrouble> troubles;
        for (const HostTrouble &trouble : signs.troubles) {
            troubles.insert(trouble.key, trouble);
            if (!known.troubles.contains(trouble.key))
                put(Severity::Trouble, trouble.title, trouble.text);
        }
        for (auto was = known.troubles.cbegin(); was != known.troubles.cend(); ++was) {
            if (!troubles.contains(was.key()))
                put(Severity::Good, QStringLiteral("Over: %1").arg(was->title), was->text);
        }
        known.troubles = std::move(troubles);
    }
    if (!known.incident.lasts())
        known.incident = {};
}

void IncidentWatch::hostIncident(Host &known, const HostSigns &signs, UtcTime now)
{
    QStringList wrong;
    if (!signs.up)
        wrong.append(QStringLiteral("unreachable"));
    for (const HostTrouble &trouble : signs.troubles) {
        if (signs.up && !wrong.contains(trouble.title))
            wrong.append(trouble.title);
    }
    Event incident = known.incident;
    if (wrong.isEmpty()) {
        if (incident.id == 0)
            return;
        incident.until = now;
        incident.severity = Severity::Good;
        incident.detail = QStringLiteral("over after %1").arg(ageText(now - incident.time));
    } else if (incident.id == 0) {
        incident = {.time = now,
                    .kind = EventKind::Incident,
                    .severity = Severity::Trouble,
                    .subject = signs.name,
                    .title = QStringLiteral("%1: %2").arg(signs.name, wrong.join(QStringLiteral(", "))),
                    .detail = signs.up ? signs.troubles.front().text : signs.error};
    } else {
        incident.title = QStringLiteral("%1: %2").arg(signs.name, wrong.join(QStringLiteral(", ")));
    }
    if (incident == known.incident)
        return;
    incident.id = m_put(incident);
    known.incident = incident;
}

void IncidentWatch::close(Event &incident, const QString &why, UtcTime now)
{
    if (incident.id == 0)
        return;
    incident.until = now;
    incident.detail += QStringLiteral(" · ") + why;
    m_put(incident);
    incident = {};
}

void IncidentWatch::forgetHost(const QString &name, UtcTime now)
{
    Host known = m_hosts.take(name);
    close(known.incident, QStringLiteral("the host is not watched any more"), now);
}

void IncidentWatch::forgetExchange(const QString &name, UtcTime now)
{
    Exchange known = m_exchanges.take(name);
    close(known.incident, QStringLiteral("the exchange is not collected any more"), now);
}

void IncidentWatch::end(UtcTime now)
{
    const QString why = QStringLiteral("the engine stopped");
    for (Exchange &exchange : m_exchanges)
        close(exchange.incident, why, now);
    for (Store &store : m_stores)
        close(store.incident, why, now);
    for (Host &host : m_hosts)
        close(host.incident, why, now);
}

} // namespace tk::alert
