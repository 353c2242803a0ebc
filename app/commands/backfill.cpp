#include "app/commands/backfill.h"

#include "app/commands/named_series.h"

#include <QJsonArray>

#include <cstdlib>

namespace tk::app {

BackfillCommand::BackfillCommand(const CommandLine &commandLine, const config::Settings &givenSettings)
    : Command(commandLine, givenSettings)
    , m_access(commandLine, givenSettings)
{
    connect(&m_access, &EngineAccess::progressed, this, &BackfillCommand::progressed);
    connect(&m_access, &EngineAccess::finished, this, [this](const QJsonValue &result) { show(result.toObject()); });
    connect(&m_access, &EngineAccess::failed, this, [this](const Error &error) {
        m_bar.reset();
        if (!m_interrupted)
            return fail(error);
        complain(QStringLiteral("interrupted; what was fetched is kept, the same command goes on from here"));
        finish(DoesNotHold);
    });
    connect(&m_signals, &runtime::SignalWatcher::terminate, this, &BackfillCommand::interrupted);
}

Result<QJsonObject> BackfillCommand::arguments() const
{
    const auto pairs = namedPairs(line().pairs);
    if (!pairs)
        return pairs.error();
    if (const auto timeframes = namedTimeframes(line().timeframes); !timeframes)
        return timeframes.error();
    QJsonObject args{{QStringLiteral("pairs"), QJsonArray::fromStringList(*pairs)},
                     {QStringLiteral("timeframes"), QJsonArray::fromStringList(line().timeframes)},
                     {QStringLiteral("from"), toMs(*line().from)}};
    if (!line().exchange.isEmpty())
        args.insert(QStringLiteral("exchange"), line().exchange);
    if (line().to)
        args.insert(QStringLiteral("to"), toMs(*line().to));
    return args;
}

void BackfillCommand::start()
{
    const auto args = arguments();
    if (!args)
        return fail(args.error());
    if (const Status status = m_signals.start(); !status)
        complain(status.error().message);
    m_bar.emplace();
    m_access.ask(QStringLiteral("backfill"), *args, true);
}

void BackfillCommand::progressed(const QJsonObject &progress)
{
    m_id = progress.value(QLatin1String("id")).toInteger();
    if (m_interrupted || !m_bar)
        return;
    const qint64 wanted = progress.value(QLatin1String("wanted")).toInteger();
    const QString trouble = progress.value(QLatin1String("trouble")).toString();
    if (wanted > 0 || !trouble.isEmpty())
        m_bar->show(progress.value(QLatin1String("fetched")).toInteger(), wanted,
                    QStringLiteral("%1 requests left%2")
                        .arg(progress.value(QLatin1String("jobs_left")).toInteger())
                        .arg(trouble.isEmpty() ? QString() : QStringLiteral("; waiting: ") + trouble));
}

void BackfillCommand::show(const QJsonObject &result)
{
    m_bar.reset();
    const auto count = [&](const char *key) { return result.value(QLatin1String(key)).toInteger(); };
    const bool cancelled = result.value(QLatin1String("cancelled")).toBool();
    const QJsonArray problems = result.value(QLatin1String("problems")).toArray();
    const qint64 remaining = std::max<qint64>(0, count("wanted") - count("fetched") - count("unfillable"));
    Table table{{{QStringLiteral("wanted"), true},
                 {QStringLiteral("present"), true},
                 {QStringLiteral("fetched"), true},
                 {QStringLiteral("unfillable"), true},
                 {QStringLiteral("remaining"), true}},
                {{Cell::of(count("wanted")), Cell::of(count("present")), Cell::of(count("fetched")),
                  Cell::of(count("unfillable")), Cell::of(remaining)}}};
    if (!print(table))
        return finish(Internal);
    for (const QJsonValue &problem : problems)
        complain(problem.toString());
    if (cancelled)
        complain(QStringLiteral("cancelled; what was fetched is kept, the same command goes on from here"));
    else if (count("unfillable") > 0)
        complain(QStringLiteral("the exchange does not have %1 of the candles").arg(count("unfillable")));
    finish(cancelled || remaining > 0 || !problems.isEmpty() ? DoesNotHold : Done);
}

void BackfillCommand::interrupted(int count)
{
    if (count > 1)
        std::_Exit(DoesNotHold);
    m_interrupted = true;
    if (m_id > 0)
        m_access.tell(QStringLiteral("cancel-backfill"), {{QStringLiteral("id"), m_id}}); // its answer ends us
    else
        m_access.stop();
}

} // namespace tk::app
