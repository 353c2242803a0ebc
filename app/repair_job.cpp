#include "app/repair_job.h"

#include <QJsonArray>
#include <QSet>

#include <algorithm>

namespace tk::app {

namespace {

constexpr milliseconds unchangedFor{60'000}; // twice as long as history waits until it looks again
constexpr int idleLooks = 3;

bool isAtWork(const GapRow &row)
{
    return row.state == GapRow::State::Open || row.state == GapRow::State::Repairing ||
           row.state == GapRow::State::Waiting || row.state == GapRow::State::Refused;
}

} // namespace

RepairJob::RepairJob(EngineCommands &commands, link::Reply reply)
    : QObject(&commands)
    , m_commands(commands)
    , m_reply(std::move(reply))
    , m_watch(commands, {})
{
    Switchboard *board = &commands.engine().board;
    connect(&m_watch, &HistoryWatch::ready, this, &RepairJob::search);
    connect(&m_watch, &HistoryWatch::looked, this, [this] {
        if (!m_reply.isWanted())
            deleteLater(); // history goes on by itself
        else if (m_audits <= 0 && !m_counting)
            search();
    });
    connect(&m_watch, &HistoryWatch::hopeless, this, [this](const Error &why) {
        m_reply.fail(why);
        deleteLater();
    });
    connect(board, &Switchboard::auditDone, this, [this] { --m_audits; });
    connect(board, &Switchboard::auditSnapshot, this,
            [this](const std::shared_ptr<const store::influx::AuditSnapshot> &snapshot) {
                if (!m_counting || (snapshot->passes <= m_countedBefore && snapshot->trouble.isEmpty()))
                    return;
                m_counting = false; // it was counted, or cannot be: the index is what there is
                m_audits = int(m_commands.facts().exchanges.size());
                Q_EMIT m_commands.engine().board.auditWanted();
            });
    connect(board, &Switchboard::backfillDone, this,
            [this](const history::BackfillProgress &result) { m_backfills.remove(result.id); });
}

void RepairJob::start()
{
    m_reply.progress({{QStringLiteral("phase"), QStringLiteral("searching")}});
    m_watch.start();
}

void RepairJob::search()
{
    if (std::exchange(m_searching, true))
        return;
    m_commands.searchGaps(this, [this](const Result<std::vector<GapRow>> &rows) {
        m_searching = false;
        if (rows)
            return found(*rows);
        m_reply.fail(rows.error());
        deleteLater();
    });
}

void RepairJob::found(const std::vector<GapRow> &rows)
{
    qint64 missing = 0;
    int gaps = 0;
    QSet<qint64> seen; // of the ledger; one may have many rows
    for (const GapRow &row : rows) {
        if (!isAtWork(row))
            continue;
        gaps += row.gap != 0 && seen.contains(row.gap) ? 0 : 1;
        seen.insert(row.gap);
        missing += row.missing.value_or(0);
    }
    m_atStart = std::max(m_atStart, missing);
    if (!std::exchange(m_begun, true))
        return begin(rows);
    m_reply.progress({{QStringLiteral("phase"), QStringLiteral("fetching")},
                      {QStringLiteral("missing"), missing},
                      {QStringLiteral("missing_at_start"), m_atStart},
                      {QStringLiteral("gaps"), gaps},
                      {QStringLiteral("trouble"), m_watch.trouble()}});
    if (gaps == 0)
        return end(rows);
    const MonotonicTime now = m_commands.engine().clock->now();
    if (std::exchange(m_before, missing) != missing || !m_watch.trouble().isEmpty()) {
        m_changedAt = now;
        m_idleLooks = 0;
        return;
    }
    // In an engine of our own history runs dry; in a live one there is always something to be done.
    m_idleLooks = m_watch.isIdle() && m_backfills.isEmpty() ? m_idleLooks + 1 : 0;
    if (m_idleLooks >= idleLooks || now - m_changedAt > unchangedFor)
        end(rows);
}

void RepairJob::begin(const std::vector<GapRow> &rows)
{
    m_changedAt = m_commands.engine().clock->now();
    Switchboard &board = m_commands.engine().board;
    for (const GapRow &row : rows) {
        if (!isAtWork(row) || !row.never_fetched)
            continue;
        const quint64 id = m_commands.nextBackfill();
        m_backfills.insert(id);
        Q_EMIT board.backfillWanted({.id = id,
                                     .exchange = row.stream.exchange,
                                     .pairs = {row.stream.pair},
                                     .timeframes = {row.stream.timeframe},
                                     .span = row.span});
    }
    // A database is asked for all it has before the index is believed: what it lost is a gap then, too.
    if (m_commands.engine().bridge.latest().sender) {
        const auto &audit = m_commands.engine().bridge.latest().audit;
        m_countedBefore = audit ? audit->passes : 0;
        m_counting = true;
        Q_EMIT board.countAllWanted();
        return;
    }
    m_audits = int(m_commands.facts().exchanges.size());
    Q_EMIT board.auditWanted();
}

void RepairJob::end(const std::vector<GapRow> &rows)
{
    m_reply.finish(toJson(rows));
    deleteLater();
}

} // namespace tk::app
