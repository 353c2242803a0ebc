// One backfill may be the work of several exchanges: makes one plan, one progress and one result of their parts, which
// is what everybody else hears of. Main thread.
#pragma once

#include "app/switchboard.h"

#include <QHash>
#include <QMap>

#include <functional>

namespace tk::app {

class BackfillSums final : public QObject
{
    Q_OBJECT
public:
    BackfillSums(Switchboard &board, std::function<QStringList()> exchanges);

    // Nothing more comes of it: what it has told by now is its part.
    void exchangeGone(const QString &exchange);

private:
    struct Work
    {
        QStringList left; // exchanges that have not ended their part
        QStringList asked;
        QMap<QString, history::BackfillProgress> parts;
        QMap<QString, history::BackfillPlan> plans;
    };

    Work begun(const history::BackfillRequest &request) const;
    void ended(quint64 id, const QString &exchange);
    void planEnded(quint64 id, const QString &exchange);
    static history::BackfillProgress sumOf(quint64 id, const Work &work);

    Switchboard &m_board;
    std::function<QStringList()> m_exchanges;
    QHash<quint64, Work> m_work;
    QHash<quint64, Work> m_plans;
};

} // namespace tk::app
