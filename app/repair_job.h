// One `gaps --repair`: searches the store, has everything fetched, and looks again until each gap is settled or stays.
// Deletes itself at its end.
#pragma once

#include "app/history_watch.h"

#include <QSet>

namespace tk::app {

class RepairJob final : public QObject
{
    Q_OBJECT
public:
    RepairJob(EngineCommands &commands, link::Reply reply); // child of `commands`

    void start();

private:
    void search();
    void found(const std::vector<GapRow> &rows);
    void begin(const std::vector<GapRow> &rows);
    void end(const std::vector<GapRow> &rows);

    EngineCommands &m_commands;
    link::Reply m_reply;
    HistoryWatch m_watch;
    QSet<quint64> m_backfills; // of what was never fetched: the search of history begins at the first stored candle
    int m_audits = 0;          // still to come
    bool m_counting = false;   // the database
    quint64 m_countedBefore = 0;
    bool m_begun = false;
    bool m_searching = false;
    qint64 m_atStart = 0;
    qint64 m_before = -1; // missing at the last look
    int m_idleLooks = 0;  // nothing changed, and history has nothing to do
    MonotonicTime m_changedAt{};
};

} // namespace tk::app
