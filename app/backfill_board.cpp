#include "app/backfill_board.h"

#include "base/logging.h"

#include "app/live_topics.h"

#include <QJsonArray>

namespace tk::app {

namespace {

constexpr qsizetype keptEnded = 20;

QString stateOf(const history::BackfillProgress &progress, bool ended)
{
    if (progress.cancelled)
        return QStringLiteral("cancelled");
    if (ended)
        return QStringLiteral("done");
    return progress.paused ? QStringLiteral("paused") : QStringLiteral("running");
}

} // namespace

QJsonObject backfillObject(const history::BackfillProgress &progress)
{
    return {{QStringLiteral("id"), qint64(progress.id)},
            {QStringLiteral("wanted"), progress.wanted},
            {QStringLiteral("present"), progress.present},
            {QStringLiteral("fetched"), progress.fetched},
            {QStringLiteral("unfillable"), progress.unfillable},
            {QStringLiteral("jobs_left"), progress.jobs_left},
            {QStringLiteral("cancelled"), progress.cancelled},
            {QStringLiteral("paused"), progress.paused},
            {QStringLiteral("problems"), QJsonArray::fromStringList(progress.problems)}};
}

QJsonObject backfillPairs(const history::BackfillProgress &progress)
{
    QJsonObject pairs;
    for (auto pair = progress.by_pair.cbegin(); pair != progress.by_pair.cend(); ++pair)
        pairs.insert(pair.key(),
                     QJsonArray{pair->wanted, pair->present, pair->fetched, pair->unfillable, pair->jobs_left});
    return pairs;
}

BackfillBoard::BackfillBoard(Switchboard &board, std::shared_ptr<const Clock> clock, const QString &dataDir)
    : m_clock(std::move(clock))
    , m_file(dataDir)
{
    if (auto unfinished = m_file.load())
        m_unfinished = std::move(unfinished).value();
    else
        qCWarning(lcApp).noquote() << unfinished.error().message;
    connect(&board, &Switchboard::backfillWanted, this, [this](const history::BackfillRequest &request) {
        Row &row = m_rows[request.id];
        row.request = request;
        row.progress.id = request.id;
        row.started = m_clock->utcNow();
        std::erase_if(m_unfinished, [&](const history::BackfillRequest &before) {
            return before.exchange == request.exchange && before.pairs == request.pairs &&
                   before.timeframes == request.timeframes && before.span == request.span;
        });
        keep();
        qsizetype ended = 0;
        for (const Row &one : std::as_const(m_rows))
            ended += toMs(one.ended) != 0 ? 1 : 0;
        for (auto old = m_rows.begin(); old != m_rows.end() && ended > keptEnded;) {
            if (toMs(old->ended) == 0) {
                ++old;
            } else {
                old = m_rows.erase(old);
                --ended;
            }
        }
    });
    connect(&board, &Switchboard::backfillProgressed, this, [this](const history::BackfillProgress &progress) {
        if (const auto row = m_rows.find(progress.id); row != m_rows.end())
            row->progress = progress;
    });
    connect(&board, &Switchboard::backfillDone, this, [this](const history::BackfillProgress &progress) {
        if (const auto row = m_rows.find(progress.id); row != m_rows.end()) {
            row->progress = progress;
            row->ended = m_clock->utcNow();
            keep();
        }
    });
}

void BackfillBoard::keep() const
{
    std::vector<history::BackfillRequest> requests = m_unfinished;
    for (const Row &row : m_rows) {
        if (toMs(row.ended) == 0)
            requests.push_back(row.request);
    }
    if (const Status kept = m_file.save(requests); !kept)
        qCWarning(lcApp).noquote() << kept.error().message;
}

std::optional<BackfillFacts> BackfillBoard::underWay() const
{
    std::optional<BackfillFacts> all;
    UtcTime begun{};
    for (const Row &row : m_rows) {
        if (toMs(row.ended) != 0)
            continue;
        if (!all) {
            all.emplace();
            begun = row.started;
        }
        all->ids.push_back(row.request.id);
        all->wanted += row.progress.wanted;
        all->settled += row.progress.fetched + row.progress.unfillable;
        begun = std::min(begun, row.started);
    }
    // At the pace so far, once it has gone on for a while.
    const milliseconds spent = all ? m_clock->utcNow() - begun : milliseconds(0);
    if (all && all->settled > 0 && spent > std::chrono::seconds(5))
        all->left =
            milliseconds(qint64(double(spent.count()) * double(all->wanted - all->settled) / double(all->settled)));
    return all;
}

void BackfillBoard::show(link::LiveState &state) const
{
    const QString topic = QStringLiteral("backfills");
    QJsonObject before = state.snapshot().value(topic).toObject();
    for (const Row &row : m_rows) {
        QJsonArray timeframes;
        for (const Timeframe timeframe : row.request.timeframes)
            timeframes.append(timeframeText(timeframe));
        QJsonObject object = backfillObject(row.progress);
        object.insert(QStringLiteral("state"), stateOf(row.progress, toMs(row.ended) != 0));
        object.insert(QStringLiteral("started"), toMs(row.started));
        object.insert(QStringLiteral("ended"), toMs(row.ended));
        object.insert(QStringLiteral("timeframes"), timeframes);
        object.insert(QStringLiteral("from"), toMs(row.request.span.from));
        object.insert(QStringLiteral("to"), toMs(row.request.span.to));
        object.insert(QStringLiteral("pairs"), backfillPairs(row.progress));
        const QString key = QString::number(row.progress.id);
        state.set(topic, key, object);
        before.remove(key);
    }
    for (auto old = before.constBegin(); old != before.constEnd(); ++old)
        state.remove(topic, old.key());
}

} // namespace tk::app
