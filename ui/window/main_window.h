// The operator's window on one engine: panels as docks, actions in menus, the status line. It arranges and connects;
// the panels do the rest.
#pragma once

#include "monitor/engine_view.h"
#include "ui/panels/charts_panel.h"
#include "ui/panels/connections_panel.h"
#include "ui/panels/events_panel.h"
#include "ui/panels/health_panel.h"
#include "ui/panels/hosts_panel.h"
#include "ui/panels/pairs_panel.h"
#include "ui/panels/status_strip.h"
#include "ui/support/asker.h"
#include "ui/support/keyring.h"
#include "ui/support/theme.h"

#include <QMainWindow>

class QActionGroup;
class QLabel;
class QSettings;

namespace tk::ui {

class MainWindow final : public QMainWindow
{
    Q_OBJECT
public:
    struct Parts // all live longer than the window
    {
        monitor::EngineView &engine;
        Theme &theme;
        Asker &asker;
        QSettings &settings;        // geometry, docks, tabs
        Keyring *keyring = nullptr; // of the engine inside; nothing: the engine could not read it
    };

    explicit MainWindow(Parts parts);
    ~MainWindow() override;

    void restoreSession(); // geometry, docks, tabs, charts; the usual layout where nothing is kept
    void saveSession();
    void resetLayout();

    PairsPanel &pairs() { return *m_pairs; }
    ChartsPanel &charts() { return *m_charts; }
    EventsPanel &events() { return *m_events; }
    HealthPanel &health() { return *m_health; }
    HostsPanel &hosts() { return *m_hosts; }
    StatusStrip &status() { return *m_status; }
    QAction *action(const QString &objectName) const;

    void showPair(const QString &exchange, const QString &pair);
    void showHost(const QString &host, const QString &unit = {});
    void setStopping();        // the engine inside drains: nothing can be done any more
    void setHasTray(bool has); // then the user may have it hide there instead of ending

Q_SIGNALS:
    void quitWanted();
    void closed(); // by the user, and not merely hidden

protected:
    void closeEvent(QCloseEvent *event) override;

private:
    void makeDocks();
    void makeActions();
    void makeBars();
    void connectPanels();
    QAction *add(QMenu *menu, const QString &name, const QString &text, const QKeySequence &keys,
                 std::function<void()> run, const QString &tip = {});
    void showConnection();
    void goTo();
    void backfill(const QStringList &pairs);
    void gapReport();
    void editSettings(const QString &page = {});
    void testHost(const QString &host);
    void excludePairs(const QString &exchange, const QStringList &pairs);
    void resubscribe(const QStringList &keys);
    void repairGaps();
    void exportEvents();
    void showShortcuts();
    void about();
    void ask(const QString &command, const QJsonObject &args, const QString &done);
    void setZone(ClockZone zone);

    Parts m_parts;
    PairsPanel *m_pairs;
    ChartsPanel *m_charts;
    EventsPanel *m_events;
    ConnectionsPanel *m_connections;
    HostsPanel *m_hosts;
    HealthPanel *m_health;
    StatusStrip *m_status;
    QLabel *m_banner;
    QLabel *m_engineName = nullptr;
    std::vector<QDockWidget *> m_docks; // pairs, charts, events, connections, health, hosts
    QList<QAction *> m_actions;
    QActionGroup *m_themes = nullptr;
    QAction *m_local = nullptr;
    QAction *m_inTray = nullptr;
    ClockZone m_zone = ClockZone::Utc;
};

} // namespace tk::ui
