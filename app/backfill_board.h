// The backfills of this engine, those under way and the last that ended: what a window shows of them, also when it
// opens after they were asked for. Main thread.
#pragma once

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
    BackfillBoard(Switchboard &board, std::shared_ptr<const Clock> clock);

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

    std::shared_ptr<const Clock> m_clock;
    QMap<quint64, Row> m_rows;
};

} // namespace tk::app
