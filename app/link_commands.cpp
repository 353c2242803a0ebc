#include "app/link_commands.h"

#include "app/backfill_job.h"
#include "app/repair_job.h"

#include <QJsonArray>
#include <QPointer>

namespace tk::app {

namespace {

constexpr qint64 usualEvents = 5'000;

Error refusal(const QString &message)
{
    return Error{Error::Kind::Refused, message};
}

} // namespace

EngineCommands::EngineCommands(Engine engine)
    : m_engine(std::move(engine))
    , m_started(m_engine.clock->utcNow())
    , m_startedAt(m_engine.clock->now())
    , m_views(m_engine.settings, [clock = m_engine.clock] { return clock->utcNow(); })
    , m_settings({.settings = m_engine.settings,
                  .place = m_engine.config,
                  .reload = m_engine.reload,
                  .catalog = &m_engine.catalog})
    , m_tests(m_engine.settings, m_engine.catalog)
{
    m_searches.setMaxThreadCount(1); // one at a time: the store has more to do
}

EngineCommands::~EngineCommands() = default;

EngineFacts EngineCommands::facts() const
{
    const config::Settings settings = m_engine.settings();
    EngineFacts facts{.data_dir = settings.engine.data_dir,
                      .exchanges = {},
                      .started = m_started,
                      .uptime = std::chrono::duration_cast<milliseconds>(m_engine.clock->now() - m_startedAt)};
    for (const config::ExchangeSettings &exchange : settings.exchanges)
        facts.exchanges.append(exchange.name);
    facts.majors = settings.supervision.major_pairs;
    facts.now = m_engine.clock->utcNow();
    facts.pause = m_engine.clock->pauseOfMachine();
    if (m_engine.httpTrouble)
        facts.http_trouble = m_engine.httpTrouble();
    if (m_engine.config)
        facts.config_file = m_engine.config().file;
    if (m_engine.health)
        facts.not_ready = m_engine.health->complaints();
    if (m_engine.hosts)
        facts.hosts = m_engine.hosts->signs();
    if (m_engine.backfill)
        facts.backfill = m_engine.backfill();
    return facts;
}

void EngineCommands::searchGaps(QObject *context, std::function<void(const Result<std::vector<GapRow>> &)> answer)
{
    GapSearch search{.settings = m_engine.settings(),
                     .now = m_engine.clock->utcNow(),
                     .live = m_engine.live,
                     .catalog = &m_engine.catalog};
    if (const auto &sender = m_engine.bridge.latest().sender; sender && sender->retention)
        search.retention = store::influx::worthKeeping(*sender->retention);
    for (const auto &history : m_engine.bridge.latest().histories) {
        // Whatever the ledger does not take now is told from memory: gaps, and that streams deliver again.
        std::ranges::copy_if(history->open_gaps, std::back_inserter(search.unwritten), [&history](const Gap &gap) {
            return gap.id < 1 || (!history->ledger_trouble.isEmpty() && toMs(gap.to) != 0);
        });
        if (!history->waits.isEmpty())
            search.waits.insert(history->exchange, history->waits);
    }
    m_searches.start([this, search = std::move(search), context = QPointer(context), answer = std::move(answer)] {
        QMetaObject::invokeMethod(this, [context, answer, rows = findGaps(search)] {
            if (context)
                answer(rows);
        });
    });
}

void EngineCommands::run(const QString &command, const QJsonObject &args, link::Reply reply)
{
    if (command == QLatin1String("status")) {
        QJsonObject status = statusObject(facts(), m_engine.bridge.latest());
        if (m_engine.hosts) // theirs is no verdict on the collecting
            status.insert(QStringLiteral("hosts"), m_engine.hosts->status());
        reply.finish(status);
    } else if (StoreViews::knows(command)) {
        m_views.run(command, args, reply);
    } else if (SettingsCommands::knows(command)) {
        m_settings.run(command, args, reply);
    } else if (ConnectionTests::knows(command)) {
        m_tests.run(command, args, reply);
    } else if (m_engine.hosts && HostLine::knows(command)) {
        m_engine.hosts->run(command, args, reply);
    } else if (command == QLatin1String("events") && m_engine.events) {
        reply.finish(m_engine.events(args.value(QLatin1String("limit")).toInteger(usualEvents)));
    } else if (command == QLatin1String("reload") && m_engine.reload) {
        m_engine.reload([reply](const Status &status) {
            if (status)
                reply.finish(QJsonObject{});
            else
                reply.fail(status.error());
        });
    } else if (command == QLatin1String("pulse") && m_engine.pulse) {
        reply.finish(m_engine.pulse());
    } else if (command == QLatin1String("gaps")) {
        searchGaps(this, [reply](const Result<std::vector<GapRow>> &rows) {
            if (rows)
                reply.finish(toJson(*rows));
            else
                reply.fail(rows.error());
        });
    } else if (command == QLatin1String("gaps-repair")) {
        (new RepairJob(*this, reply))->start();
    } else if (command == QLatin1String("backfill")) {
        const auto request = backfillRequest(args);
        if (request)
            (new BackfillJob(*this, *request, reply))->start();
        else
            reply.fail(request.error());
    } else if (command == QLatin1String("backfill-plan")) {
        const auto request = backfillRequest(args);
        if (request)
            plan(*request, reply);
        else
            reply.fail(request.error());
    } else if (command == QLatin1String("cancel-backfill") || command == QLatin1String("pause-backfill") ||
               command == QLatin1String("resume-backfill")) {
        const qint64 id = args.value(QLatin1String("id")).toInteger();
        if (id < 1)
            return reply.fail(refusal(QStringLiteral("%1 needs the \"id\" that backfill told").arg(command)));
        if (command == QLatin1String("cancel-backfill"))
            Q_EMIT m_engine.board.backfillCancelled(quint64(id));
        else
            Q_EMIT m_engine.board.backfillPaused(quint64(id), command == QLatin1String("pause-backfill"));
        reply.finish(QJsonObject{{QStringLiteral("id"), id}});
    } else if (command == QLatin1String("resubscribe")) {
        const QString text = args.value(QLatin1String("pair")).toString();
        const auto pair = text.isEmpty() ? Result<Pair>(Pair{}) : Pair::parse(text);
        if (!m_engine.live)
            return reply.fail(refusal(QStringLiteral("this engine has no live streams")));
        if (!pair)
            return reply.fail(pair.error());
        const QString exchange = args.value(QLatin1String("exchange")).toString();
        if (const Status known = knownExchange(exchange); !known)
            return reply.fail(known.error());
        Q_EMIT m_engine.board.resubscribeWanted(exchange, text.isEmpty() ? QString() : pair->unified());
        reply.finish(QJsonObject{});
    } else {
        reply.fail(refusal(
            QStringLiteral("there is no command \"%1\"; known are status, gaps, gaps-repair, backfill, "
                           "backfill-plan, cancel-backfill, pause-backfill, resume-backfill, resubscribe, "
                           "candles, marks, funding, series, events, pulse, reload, settings, "
                           "settings-check, settings-write, secret-write, instruments, test-store, "
                           "test-exchange, host-action, host-refresh, host-log, host-test, host-key, host-trust, "
                           "watch and unwatch")
                .arg(command)));
    }
}

// Empty: all of them.
Status EngineCommands::knownExchange(const QString &exchange) const
{
    const QStringList known = facts().exchanges;
    if (exchange.isEmpty() || known.contains(exchange))
        return ok();
    return refusal(
        QStringLiteral("this engine has no exchange \"%1\", but %2").arg(exchange, known.join(QStringLiteral(", "))));
}

Result<history::BackfillRequest> EngineCommands::backfillRequest(const QJsonObject &args) const
{
    auto request = BackfillJob::parse(args, m_engine.clock->utcNow());
    if (!request)
        return request;
    if (const Status known = knownExchange(request->exchange); !known)
        return known.error();
    return request;
}

void EngineCommands::plan(history::BackfillRequest request, const link::Reply &reply)
{
    request.id = nextBackfill();
    auto *context = new QObject(this); // lives until the answer
    connect(&m_engine.board, &Switchboard::backfillPlanned, context,
            [id = request.id, reply, context](const history::BackfillPlan &plan) {
                if (plan.id != id)
                    return;
                reply.finish(QJsonObject{{QStringLiteral("wanted"), plan.wanted},
                                         {QStringLiteral("present"), plan.present},
                                         {QStringLiteral("requests"), plan.requests},
                                         {QStringLiteral("weight"), plan.weight},
                                         {QStringLiteral("seconds"), qint64(plan.estimate.count()) / 1000},
                                         {QStringLiteral("problems"), QJsonArray::fromStringList(plan.problems)}});
                context->deleteLater();
            });
    Q_EMIT m_engine.board.backfillPlanWanted(request);
}

} // namespace tk::app
