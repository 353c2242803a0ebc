// The engine as other programs see it over its socket: its live state, shown as it changes while somebody watches, and
// its commands. Main thread.
#pragma once

#include "app/backfill_board.h"
#include "app/host_line.h"
#include "app/journal.h"
#include "app/link_commands.h"
#include "app/metrics_bridge.h"
#include "app/pulse.h"
#include "app/switchboard.h"
#include "link/link_server.h"

#include <QTimer>

namespace tk::app {

class EngineLink final : public QObject
{
    Q_OBJECT
public:
    struct Sources // they outlive it
    {
        EngineCommands &commands;
        MetricsBridge &bridge;
        Switchboard &board;
        Journal &journal;
        Pulse &pulse;
        BackfillBoard &backfills;
        HostLine &hosts;
        std::shared_ptr<const Clock> clock;
        std::shared_ptr<store::StoreFactory> store;
    };

    explicit EngineLink(Sources sources);

    Status listen(const QString &file) { return m_server.listen(file); }
    void showSoon(); // something changed
    link::LinkServer &server() { return m_server; }

private:
    void show();
    QJsonObject shownEngine() const;
    void showLookedAt();
    void lookUpLastStored();

    Sources m_from;
    link::LinkServer m_server;
    LastStored m_lastStored;
    MonotonicTime m_lastStoredAt{};
    quint64 m_candlesFilled = 0; // at that look
    QTimer m_showSoon;           // the live state follows the snapshots, four times a second at most
};

} // namespace tk::app
