// The backfills of this engine, those under way and the last that ended: what a window shows of them, also when it
// opens after they were asked for. Main thread.
#pragma once

#include "app/backfill_file.h"
#include "app/engine_status.h"
#include "app/switchboard.h"
#include "base/clock.h"
#include "link/live_state.h"

#include <QMap>

#include <memory>

namespace tk::app {

QJsonObject backfillObject(const history::BackfillProgress &progress); // without the pairs
QJsonObject backfillPairs(const history::BackfillProgress &progress); // {PAIR:[wanted,present,fetched,unfillable,jobs]}

class BackfillBoard final : public QObject
{
    Q_OBJECT
public:
    BackfillBoard(Switchboard &board, std::shared_ptr<const Clock> clock, const QString &dataDir);

    // Those that an earlier run did not finish. They stay kept until they are asked for again, or are done.
    const std::vector<history::BackfillRequest> &unfinished() const { return m_unfinished; }

    // Those under way as one; nothing: none is.
    std::optional<BackfillFacts> underWay() const;

    // The topic "backfills": by id, {id, state, started, ended, pairs_asked, timeframes, from, to, wanted, …, pairs}.
    void show(link::LiveState &state) const;

private:
    struct Row
    {
        history::BackfillRequest request;
        history::BackfillProgress progress;
        UtcTime started{};
        UtcTime ended{}; // 0: under way
    };

    void keep() const;

    std::shared_ptr<const Clock> m_clock;
    BackfillFile m_file;
    std::vector<history::BackfillRequest> m_unfinished;
    QMap<quint64, Row> m_rows;
};

} // namespace tk::app
