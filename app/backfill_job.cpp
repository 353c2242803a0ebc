#include "app/backfill_job.h"

#include "app/backfill_board.h"
#include "market/pair.h"

#include <QJsonArray>

namespace tk::app {

namespace {

Error refusal(const QString &message)
{
    return Error{Error::Kind::Refused, message};
}

Result<UtcTime> timeOf(const QJsonValue &value)
{
    if (value.isDouble())
        return fromMs(value.toInteger());
    return parseUtcTime(value.toString());
}

} // namespace

Result<history::BackfillRequest> BackfillJob::parse(const QJsonObject &args, UtcTime now)
{
    history::BackfillRequest request;
    request.exchange = args.value(QLatin1String("exchange")).toString();
    for (const QJsonValue &value : args.value(QLatin1String("pairs")).toArray()) {
        const auto pair = Pair::parse(value.toString());
        if (!pair)
            return pair.error();
        if (!request.pairs.contains(pair->unified()))
            request.pairs.append(pair->unified());
    }
    for (const QJsonValue &value : args.value(QLatin1String("timeframes")).toArray()) {
        const auto timeframe = timeframeFromName(value.toString().toStdString());
        if (!timeframe)
            return refusal(QStringLiteral("\"%1\" is not a timeframe").arg(value.toString()));
        if (std::ranges::find(request.timeframes, *timeframe) == request.timeframes.end())
            request.timeframes.push_back(*timeframe);
    }
    if (request.timeframes.empty())
        return refusal(QStringLiteral("backfill needs \"timeframes\""));
    const auto from = timeOf(args.value(QLatin1String("from")));
    if (!from)
        return refusal(QStringLiteral("backfill needs \"from\": %1").arg(from.error().message));
    request.span = {*from, now};
    if (args.contains(QLatin1String("to"))) {
        const auto to = timeOf(args.value(QLatin1String("to")));
        if (!to)
            return to.error();
        request.span.to = *to;
    }
    if (request.span.from >= request.span.to)
        return refusal(QStringLiteral("\"from\" must lie before \"to\", and before now"));
    return request;
}

BackfillJob::BackfillJob(EngineCommands &commands, history::BackfillRequest request, link::Reply reply)
    : QObject(&commands)
    , m_commands(commands)
    , m_request(std::move(request))
    , m_reply(std::move(reply))
    , m_watch(commands, m_request.exchange)
{
    m_request.id = commands.nextBackfill();
    Switchboard *board = &commands.engine().board;
    connect(board, &Switchboard::backfillProgressed, this, &BackfillJob::progressed);
    connect(board, &Switchboard::backfillDone, this, &BackfillJob::done);
    connect(board, &Switchboard::backfillCancelled, this, [this](quint64 id) {
        if (id != m_request.id || m_begun)
            return; // history answers for what it has begun
        history::BackfillProgress none;
        none.id = id;
        none.cancelled = true;
        m_reply.finish(object(none));
        deleteLater();
    });
    connect(&m_watch, &HistoryWatch::ready, this, [this] {
        m_begun = true;
        Q_EMIT m_commands.engine().board.backfillWanted(m_request);
    });
    connect(&m_watch, &HistoryWatch::hopeless, this, [this](const Error &why) {
        m_reply.fail(why); // before the cancellation, which answers too
        Q_EMIT m_commands.engine().board.backfillCancelled(m_request.id);
        deleteLater();
    });
}

void BackfillJob::start()
{
    history::BackfillProgress none;
    none.id = m_request.id;
    m_reply.progress(object(none)); // the id, so that it can be cancelled
    m_watch.start();
}

void BackfillJob::progressed(const history::BackfillProgress &progress)
{
    if (progress.id == m_request.id)
        m_reply.progress(object(progress));
}

void BackfillJob::done(const history::BackfillProgress &result)
{
    if (result.id != m_request.id)
        return;
    m_reply.finish(object(result));
    deleteLater();
}

QJsonObject BackfillJob::object(const history::BackfillProgress &progress) const
{
    QJsonObject object = backfillObject(progress);
    object.insert(QStringLiteral("trouble"), m_watch.trouble());
    return object;
}

} // namespace tk::app
