#include "app/commands/gaps.h"

#include "app/gap_finder.h"
#include "app/open_store.h"
#include "store/embedded/embedded_store.h"

#include <QFileInfo>
#include <QSet>

#include <cstdlib>

namespace tk::app {

GapsCommand::GapsCommand(const CommandLine &commandLine, const config::Settings &givenSettings)
    : Command(commandLine, givenSettings)
    , m_access(commandLine, givenSettings)
{
    connect(&m_access, &EngineAccess::noEngine, this, &GapsCommand::searchOurselves);
    connect(&m_access, &EngineAccess::progressed, this, &GapsCommand::progressed);
    connect(&m_access, &EngineAccess::finished, this, [this](const QJsonValue &rows) { show(rows.toArray()); });
    connect(&m_access, &EngineAccess::failed, this, [this](const Error &error) {
        m_bar.reset();
        if (m_interrupted) {
            complain(m_access.isOwn()
                         ? QStringLiteral("interrupted; what was fetched is kept, the same command goes on from here")
                         : QStringLiteral("interrupted; the engine goes on repairing"));
            return finish(DoesNotHold);
        }
        fail(error);
    });
    connect(&m_signals, &runtime::SignalWatcher::terminate, this, &GapsCommand::interrupted);
}

void GapsCommand::start()
{
    // An engine of our own would make an empty store where there is none: that is not what gaps are about.
    if (const QString file = store::EmbeddedStore::fileIn(settings().engine.data_dir);
        !usesInflux(settings()) && !QFileInfo::exists(file))
        return fail(
            {Error::Kind::Storage,
             QStringLiteral("there is no store at %1 yet: start the engine once, or check data_dir").arg(file)});
    if (!line().repair)
        return m_access.ask(QStringLiteral("gaps"), {}, false);
    if (const Status status = m_signals.start(); !status)
        complain(status.error().message);
    m_bar.emplace();
    m_access.ask(QStringLiteral("gaps-repair"), {}, true);
}

void GapsCommand::searchOurselves()
{
    const auto rows = findGaps({.settings = settings(), .now = makeClock(line())->utcNow(), .live = false});
    if (!rows)
        return fail(rows.error());
    show(toJson(*rows));
}

void GapsCommand::progressed(const QJsonObject &progress)
{
    if (!m_bar || progress.value(QLatin1String("phase")).toString() != QLatin1String("fetching"))
        return;
    const qint64 total = progress.value(QLatin1String("missing_at_start")).toInteger();
    const QString trouble = progress.value(QLatin1String("trouble")).toString();
    if (total == 0 && trouble.isEmpty())
        return;
    m_bar->show(total - progress.value(QLatin1String("missing")).toInteger(), total,
                QStringLiteral("%1 gaps left%2")
                    .arg(progress.value(QLatin1String("gaps")).toInteger())
                    .arg(trouble.isEmpty() ? QString() : QStringLiteral("; waiting: ") + trouble));
}

void GapsCommand::show(const QJsonArray &all)
{
    m_bar.reset();
    QJsonArray rows;
    for (const QJsonValue &row : all) {
        if (isWanted(row[QLatin1String("exchange")].toString()))
            rows.append(row);
    }
    std::vector<Column> columns{{QStringLiteral("pair")}, {QStringLiteral("stream")},        {QStringLiteral("from")},
                                {QStringLiteral("to")},   {QStringLiteral("missing"), true}, {QStringLiteral("state")},
                                {QStringLiteral("cause")}};
    if (isOfSeveral())
        columns.insert(columns.begin(), {QStringLiteral("exchange")});
    const Table table = tableOf(columns, rows);
    qsizetype unfillable = 0;
    qsizetype notCollected = 0;
    QStringList nothingOf;   // exchanges
    qsizetype unfetched = 0; // history that was never there: the first fill brings it
    qint64 candles = 0;      // missing
    qint64 minutes = 0;      // of mark prices
    qint64 ahead = 0;
    QSet<qint64> gaps;   // of the ledger; one may have many rows
    qsizetype again = 0; // further rows of those
    for (const QJsonValue &row : rows) {
        if (row[QLatin1String("state")].toString() == QLatin1String("not collected")) {
            if (row[QLatin1String("pair")].toString() == everyPair)
                nothingOf.append(row[QLatin1String("exchange")].toString() + QStringLiteral(": ") +
                                 row[QLatin1String("cause")].toString());
            else
                ++notCollected;
            continue;
        }
        if (row[QLatin1String("never_fetched")].toBool()) {
            ++unfetched;
            ahead += row[QLatin1String("missing")].toInteger();
            continue;
        }
        const bool settled = row[QLatin1String("state")].toString() == QLatin1String("unfillable");
        unfillable += settled ? 1 : 0;
        if (const qint64 gap = row[QLatin1String("gap")].toInteger(); gap != 0 && !settled) {
            again += gaps.contains(gap) ? 1 : 0;
            gaps.insert(gap);
        }
        const bool ofMarks = row[QLatin1String("stream")].toString() == QLatin1String("mark_price");
        (ofMarks ? minutes : candles) += settled ? 0 : row[QLatin1String("missing")].toInteger();
    }
    const qsizetype open = rows.size() - unfillable - notCollected - nothingOf.size() - unfetched - again;
    const bool toPerson = formatOr(line().format) == OutputFormat::Table;
    if ((!rows.isEmpty() || !toPerson) && !print(table))
        return finish(Internal);
    const bool whole = notCollected == 0 && nothingOf.isEmpty();
    if (open > 0 || unfillable > 0)
        complain(QStringLiteral("%1 open, %2 candles%4 missing; %3 are unfillable: the exchange does not have "
                                "them, they do not count")
                     .arg(open == 1 ? QStringLiteral("1 gap is") : QStringLiteral("%1 gaps are").arg(open))
                     .arg(candles)
                     .arg(unfillable)
                     .arg(minutes == 0 ? QString() : QStringLiteral(" and %1 minutes of mark prices").arg(minutes)));
    else if (unfetched == 0 && nothingOf.size() < qsizetype(settings().exchanges.size()))
        complain(whole ? QStringLiteral("no gaps") : QStringLiteral("no gaps in what is collected"));
    if (unfetched > 0)
        complain(QStringLiteral("%1 never fetched so far, %2 candles: no loss, the first fill has them ahead")
                     .arg(unfetched == 1 ? QStringLiteral("1 stretch of history was")
                                         : QStringLiteral("%1 stretches of history were").arg(unfetched))
                     .arg(ahead));
    for (const QString &nothing : std::as_const(nothingOf))
        complain(nothing);
    if (notCollected > 0)
        complain(QStringLiteral("%1 pairs of the configuration are not collected at all").arg(notCollected));
    if (open + unfetched > 0 && !line().repair)
        complain(QStringLiteral("tapekeeper gaps --repair fetches what is missing"));
    finish(open > 0 || unfetched > 0 || !whole ? DoesNotHold : Done);
}

void GapsCommand::interrupted(int count)
{
    if (count > 1)
        std::_Exit(DoesNotHold);
    m_interrupted = true;
    m_access.stop();
}

} // namespace tk::app
