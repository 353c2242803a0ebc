#include "app/commands/status.h"

#include "base/clock.h"

#include <QJsonArray>
#include <QJsonDocument>

namespace tk::app {

namespace {

class Rows
{
public:
    void add(const QString &part, const QString &state, const QString &since, const QString &detail)
    {
        m_table.rows.push_back(
            {Cell::of(part), Cell::of(state), since.isEmpty() ? Cell{} : Cell::of(since), Cell::of(detail)});
    }
    Table take() { return std::move(m_table); }

private:
    Table m_table{
        {{QStringLiteral("part")}, {QStringLiteral("state")}, {QStringLiteral("since")}, {QStringLiteral("detail")}},
        {}};
};

QString text(const QJsonObject &object, const char *key)
{
    return object.value(QLatin1String(key)).toString();
}

qint64 number(const QJsonObject &object, const char *key)
{
    return object.value(QLatin1String(key)).toInteger();
}

QString age(const QJsonObject &object, const char *key)
{
    return ageText(milliseconds(number(object, key)));
}

bool isDelivering(const QJsonObject &states)
{
    return number(states, "live") + number(states, "quiet") + number(states, "late") > 0;
}

void addFeed(Rows &rows, const QJsonObject &exchange, const QString &name)
{
    QStringList counts;
    const QJsonObject states = exchange.value(QLatin1String("streams_by_state")).toObject();
    for (const char *state : {"live", "quiet", "late", "stale", "silent", "acknowledged", "requested", "ended"}) {
        if (const qint64 count = number(states, state); count > 0)
            counts.append(QStringLiteral("%1 %2").arg(count).arg(QLatin1String(state)));
    }
    const QJsonArray sick = exchange.value(QLatin1String("sick_streams")).toArray();
    const QJsonArray majors = exchange.value(QLatin1String("stale_majors")).toArray();
    const QString emptySince = text(exchange, "waiting_since");
    const QString state = !emptySince.isEmpty()  ? QStringLiteral("waiting")
                          : !sick.isEmpty()      ? QStringLiteral("degraded")
                          : isDelivering(states) ? QStringLiteral("ok")
                                                 : QStringLiteral("waiting");
    rows.add(QStringLiteral("feed ") + name, state, emptySince,
             QStringLiteral("%1 streams (%2), %3 frames, %4 final candles, %5 reconnects, %6 of %7 majors stale")
                 .arg(number(exchange, "streams"))
                 .arg(counts.isEmpty() ? QStringLiteral("none yet") : counts.join(QStringLiteral(", ")))
                 .arg(number(exchange, "frames"))
                 .arg(number(exchange, "final_candles"))
                 .arg(number(exchange, "reconnects"))
                 .arg(majors.size())
                 .arg(number(exchange, "majors")));
    for (const QJsonValue &value : exchange.value(QLatin1String("not_collected")).toArray())
        rows.add(value[QLatin1String("pair")].toString(), QStringLiteral("not collected"), {},
                 value[QLatin1String("cause")].toString());
    for (const QJsonValue &value : exchange.value(QLatin1String("connections")).toArray()) {
        const QJsonObject connection = value.toObject();
        const bool down = text(connection, "state") == QLatin1String("down");
        const QString cause = text(connection, "cause");
        const QString figures =
            down ? QString()
                 : QStringLiteral("%1 streams%2, age %3, next rotation in %4, %5 reconnects")
                       .arg(number(connection, "streams"))
                       .arg(number(connection, "delivering") < number(connection, "judged")
                                ? QStringLiteral(" (%1 deliver)").arg(number(connection, "delivering"))
                                : QString())
                       .arg(age(connection, "age_ms"), age(connection, "next_rotation_ms"))
                       .arg(number(connection, "reconnects"));
        rows.add(QStringLiteral("connection ") + text(connection, "label"), text(connection, "state"),
                 text(connection, "since"),
                 cause.isEmpty() ? figures
                 : down          ? cause
                                 : cause + QStringLiteral("; ") + figures);
    }
    for (const QJsonValue &value : sick) {
        const QJsonObject stream = value.toObject();
        const QString last = text(stream, "last_data");
        rows.add(text(stream, "pair") + u' ' + text(stream, "stream"), text(stream, "state"), text(stream, "since"),
                 QStringLiteral("%1; last data: %2")
                     .arg(text(stream, "cause"), last.isEmpty() ? QStringLiteral("never") : last));
    }
}

// An engine of before said nothing of it: there was the weight alone.
QString limitName(const QJsonObject &history)
{
    const QString name = text(history, "limit_name");
    return name.isEmpty() ? QStringLiteral("weight") : name;
}

void addHistory(Rows &rows, const QJsonObject &history, const QString &name)
{
    QStringList troubles{text(history, "trouble")};
    if (const QString ledger = text(history, "ledger_trouble"); !ledger.isEmpty())
        troubles.append(QStringLiteral("the gap ledger takes nothing: ") + ledger);
    troubles.removeAll({});
    const QString trouble = troubles.join(QStringLiteral("; "));
    const QJsonObject fill = history.value(QLatin1String("first_fill")).toObject();
    QString detail = QStringLiteral("%1 %2 of %3, %4 jobs waiting, %5 gaps open, clock offset %6 ms")
                         .arg(limitName(history))
                         .arg(number(history, "weight_used"))
                         .arg(number(history, "weight_limit"))
                         .arg(number(history, "jobs_waiting"))
                         .arg(number(history, "gaps_open"))
                         .arg(number(history, "clock_offset_ms"));
    if (fill.value(QLatin1String("active")).toBool())
        detail +=
            QStringLiteral(", first fill %1 of %2 candles").arg(number(fill, "fetched")).arg(number(fill, "wanted"));
    if (number(history, "paused_ms") > 0)
        detail += QStringLiteral(", paused for %1").arg(age(history, "paused_ms"));
    rows.add(QStringLiteral("history ") + name, trouble.isEmpty() ? QStringLiteral("ok") : QStringLiteral("failing"),
             text(history, "trouble_since"), trouble.isEmpty() ? detail : trouble + QStringLiteral("; ") + detail);
}

// The database behind the spool, and what waits for it there.
void addDatabase(Rows &rows, const QJsonObject &database, UtcTime now)
{
    const QString trouble = text(database, "trouble");
    const QString advice = text(database, "advice");
    const auto when = [](const QString &time) { return time.isEmpty() ? QStringLiteral("never") : time; };
    const QJsonObject audit = database.value(QLatin1String("audit")).toObject();
    QString detail = trouble.isEmpty() ? QString() : trouble + QStringLiteral("; ");
    if (!advice.isEmpty())
        detail += advice + QStringLiteral("; ");
    detail += QStringLiteral("%1%2 points/s, %3 points delivered since the start, %4 lines refused, last audit: %5")
                  .arg(text(database, "api").isEmpty() ? QString() : text(database, "api") + QStringLiteral(", "))
                  .arg(database.value(QLatin1String("points_per_second")).toDouble(), 0, 'f', 1)
                  .arg(number(database, "points"))
                  .arg(number(database, "refused_lines"))
                  .arg(when(text(audit, "last_pass")));
    if (number(audit, "lost") > 0)
        detail += QStringLiteral(", %1 points lost and %2 sent again")
                      .arg(number(audit, "lost"))
                      .arg(number(audit, "resent"));
    if (const QString blind = text(audit, "trouble"); !blind.isEmpty())
        detail += QStringLiteral("; it cannot be counted: ") + blind;
    rows.add(QStringLiteral("database"), text(database, "state"), text(database, "trouble_since"), detail);

    const QJsonObject spool = database.value(QLatin1String("spool")).toObject();
    const qint64 waiting = number(spool, "waiting_bytes");
    QString held = QStringLiteral("%1 bytes wait").arg(waiting);
    if (const auto oldest = parseUtcTime(text(spool, "oldest")); waiting > 0 && oldest)
        held += QStringLiteral(", the oldest for %1").arg(ageText(now - *oldest));
    held += QStringLiteral(", %1 of %2 bytes on the disk").arg(number(spool, "bytes")).arg(number(spool, "max_size"));
    const qint64 evicted = number(spool, "evicted_entries");
    if (evicted > 0)
        held += QStringLiteral(", %1 entries gave way to newer ones").arg(evicted);
    rows.add(QStringLiteral("spool"), evicted > 0 ? QStringLiteral("overflowed") : QStringLiteral("ok"),
             waiting > 0 ? text(spool, "oldest") : QString(), held);
}

} // namespace

Table statusTable(const QJsonObject &status)
{
    Rows rows;
    const QJsonObject engine = status.value(QLatin1String("engine")).toObject();
    const bool good = status.value(QLatin1String("ok")).toBool();
    rows.add(QStringLiteral("engine"), good ? QStringLiteral("ok") : QStringLiteral("not ok"), text(engine, "started"),
             QStringLiteral("version %1, pid %2, up %3, %4")
                 .arg(text(engine, "version"))
                 .arg(number(engine, "pid"))
                 .arg(age(engine, "uptime_ms"), text(engine, "data_dir")));
    for (const QJsonValue &value : status.value(QLatin1String("exchanges")).toArray()) {
        const QJsonObject exchange = value.toObject();
        addFeed(rows, exchange, text(exchange, "name"));
        addHistory(rows, exchange.value(QLatin1String("history")).toObject(), text(exchange, "name"));
    }
    const QJsonObject store = status.value(QLatin1String("store")).toObject();
    const QString trouble = text(store, "trouble");
    rows.add(QStringLiteral("store"), trouble.isEmpty() ? QStringLiteral("ok") : QStringLiteral("failing"),
             text(store, "trouble_since"),
             QStringLiteral("%1%2 candles, %3 funding rates, %4 mark prices stored since the start, %5 batches waiting")
                 .arg(trouble.isEmpty() ? QString() : trouble + QStringLiteral("; "))
                 .arg(number(store, "stored_candles"))
                 .arg(number(store, "stored_funding"))
                 .arg(number(store, "stored_marks"))
                 .arg(number(store, "waiting")));
    if (const QJsonObject database = status.value(QLatin1String("database")).toObject(); !database.isEmpty()) {
        // By the engine's clock, which may be a fast one.
        const auto started = parseUtcTime(text(engine, "started"));
        addDatabase(rows, database,
                    started ? *started + milliseconds(number(engine, "uptime_ms")) : SystemClock().utcNow());
    }
    const qint64 gaps = number(status, "gaps_open");
    rows.add(QStringLiteral("gaps"), gaps == 0 ? QStringLiteral("ok") : QStringLiteral("open"), {},
             QStringLiteral("%1 open").arg(gaps));
    for (const QJsonValue &value : status.value(QLatin1String("hosts")).toArray()) {
        const QJsonObject host = value.toObject();
        QStringList reasons;
        for (const QJsonValue &reason : host.value(QLatin1String("reasons")).toArray())
            reasons.append(reason.toString());
        rows.add(QStringLiteral("host ") + text(host, "name"),
                 text(host, "state") == QLatin1String("up") ? text(host, "light") : text(host, "state"), {},
                 (QStringList{text(host, "target")} + reasons).join(QStringLiteral("; ")));
    }
    return rows.take();
}

StatusCommand::StatusCommand(const CommandLine &commandLine, const config::Settings &givenSettings)
    : Command(commandLine, givenSettings)
    , m_access(commandLine, givenSettings)
{
    connect(&m_access, &EngineAccess::noEngine, this, [this](const Error &why) {
        complain(QStringLiteral("no engine runs on %1 (%2)").arg(settings().engine.data_dir, why.message));
        finish(Unreachable);
    });
    connect(&m_access, &EngineAccess::finished, this, [this](const QJsonValue &status) { show(status.toObject()); });
    connect(&m_access, &EngineAccess::failed, this, [this](const Error &error) { fail(error); });
}

void StatusCommand::start()
{
    m_access.setPatience(std::chrono::seconds(1)); // it is asked how it is: that it does not answer is the answer
    m_access.ask(QStringLiteral("status"), {}, false);
}

void StatusCommand::show(const QJsonObject &status)
{
    const bool printed = formatOr(line().format) == OutputFormat::Json
                             ? app::print(QJsonDocument(status).toJson(QJsonDocument::Indented))
                             : print(statusTable(status));
    if (!printed)
        return finish(Internal);
    complain(status.value(QLatin1String("verdict"))[QLatin1String("text")].toString());
    for (const QJsonValue &reason : status.value(QLatin1String("reasons")).toArray())
        complain(reason.toString());
    finish(status.value(QLatin1String("ok")).toBool() ? Done : DoesNotHold);
}

} // namespace tk::app
