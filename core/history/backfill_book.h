// The operator's backfills under way: what each wanted, what it has got, pair by pair. Pure; history's thread.
#pragma once

#include "history/backfill.h"

#include <QHash>

#include <vector>

namespace tk::history {

class BackfillBook
{
public:
    BackfillProgress &begin(quint64 id);
    bool contains(quint64 id) const { return m_backfills.contains(id); }
    const BackfillProgress *find(quint64 id) const;

    // All of these pass over a backfill that is not under way (any more).
    void want(quint64 id, const QString &pair, qint64 missing, qint64 present);
    void jobAdded(quint64 id, const QString &pair);
    void jobEnded(quint64 id, const QString &pair);
    void fetched(quint64 id, const QString &pair, qint64 candles);
    void unfillable(quint64 id, const QString &pair, qint64 candles);
    void problem(quint64 id, const QString &text);
    void setPaused(quint64 id, bool paused);
    void cancel(quint64 id);

    std::vector<BackfillProgress> takeFinished(); // no jobs left

private:
    template <typename Change>
    void change(quint64 id, const QString &pair, Change &&change);

    QHash<quint64, BackfillProgress> m_backfills;
};

} // namespace tk::history
