#include "history/backfill_book.h"

namespace tk::history {

BackfillProgress &BackfillBook::begin(quint64 id)
{
    BackfillProgress &progress = m_backfills[id];
    progress.id = id;
    return progress;
}

const BackfillProgress *BackfillBook::find(quint64 id) const
{
    const auto found = m_backfills.constFind(id);
    return found == m_backfills.cend() ? nullptr : &*found;
}

template <typename Change>
void BackfillBook::change(quint64 id, const QString &pair, Change &&change)
{
    const auto found = m_backfills.find(id);
    if (id == 0 || found == m_backfills.end())
        return;
    change(static_cast<BackfillCounts &>(*found));
    change(found->by_pair[pair]);
}

void BackfillBook::want(quint64 id, const QString &pair, qint64 missing, qint64 present)
{
    change(id, pair, [&](BackfillCounts &counts) {
        counts.wanted += missing;
        counts.present += present;
    });
}

void BackfillBook::jobAdded(quint64 id, const QString &pair)
{
    change(id, pair, [](BackfillCounts &counts) { ++counts.jobs_left; });
}

void BackfillBook::jobEnded(quint64 id, const QString &pair)
{
    change(id, pair, [](BackfillCounts &counts) { --counts.jobs_left; });
}

void BackfillBook::fetched(quint64 id, const QString &pair, qint64 candles)
{
    change(id, pair, [&](BackfillCounts &counts) { counts.fetched += candles; });
}

void BackfillBook::unfillable(quint64 id, const QString &pair, qint64 candles)
{
    change(id, pair, [&](BackfillCounts &counts) { counts.unfillable += candles; });
}

void BackfillBook::problem(quint64 id, const QString &text)
{
    if (const auto found = m_backfills.find(id); found != m_backfills.end())
        found->problems.append(text);
}

void BackfillBook::setPaused(quint64 id, bool paused)
{
    if (const auto found = m_backfills.find(id); found != m_backfills.end())
        found->paused = paused;
}

void BackfillBook::cancel(quint64 id)
{
    const auto found = m_backfills.find(id);
    if (found == m_backfills.end())
        return;
    found->cancelled = true;
    found->jobs_left = 0;
    for (BackfillCounts &counts : found->by_pair)
        counts.jobs_left = 0;
}

std::vector<BackfillProgress> BackfillBook::takeFinished()
{
    std::vector<BackfillProgress> finished;
    for (auto progress = m_backfills.begin(); progress != m_backfills.end();) {
        if (progress->jobs_left > 0) {
            ++progress;
            continue;
        }
        finished.push_back(std::move(*progress));
        progress = m_backfills.erase(progress);
    }
    return finished;
}

} // namespace tk::history
