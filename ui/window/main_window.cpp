#include "ui/window/main_window.h"

#include "ui/dialogs/backfill_dialog.h"
#include "ui/dialogs/gap_report.h"
#include "ui/dialogs/host_check_dialog.h"
#include "ui/dialogs/settings_dialog.h"
#include "ui/dialogs/settings_file.h"
#include "ui/window/about.h"
#include "ui/window/dock_title.h"
#include "ui/window/go_to.h"

#include <QAction>
#include <QActionGroup>
#include <QCloseEvent>
#include <QDockWidget>
#include <QJsonArray>
#include <QLabel>
#include <QMenu>
#include <QMenuBar>
#include <QSettings>
#include <QShortcut>
#include <QTabBar>
#include <QToolBar>
#include <QToolButton>

#include <algorithm>

namespace tk::ui {

namespace {

constexpr int layoutVersion = 2; // of what saveState() keeps

} // namespace

MainWindow::MainWindow(Parts parts)
    : m_parts(parts)
    , m_pairs(new PairsPanel(parts.engine, parts.theme))
    , m_charts(new ChartsPanel(parts.engine, parts.theme))
    , m_events(new EventsPanel(parts.engine, parts.theme))
    , m_connections(new ConnectionsPanel(parts.engine, parts.theme))
    , m_hosts(new HostsPanel(parts.engine, parts.theme, parts.asker))
    , m_health(new HealthPanel(parts.engine, parts.theme))
    , m_status(new StatusStrip(parts.engine, parts.theme))
    , m_banner(new QLabel)
{
    setObjectName(QStringLiteral("mainWindow"));
    setWindowTitle(tr("Tapekeeper"));
    setDockOptions(AnimatedDocks | AllowNestedDocks | AllowTabbedDocks);
    setMinimumSize(800, 520);
    setStatusBar(m_status);
    makeDocks();
    makeActions();
    makeBars();
    connectPanels();
    resetLayout();
    showConnection();
}

MainWindow::~MainWindow() = default;

void MainWindow::makeDocks()
{
    const auto dock = [this](const QString &name, const QString &title, QWidget *panel) {
        auto *made = new QDockWidget(title, this);
        made->setObjectName(name);
        made->setWidget(panel);
        made->setTitleBarWidget(new DockTitle(*made, m_parts.theme));
        connect(panel, &QWidget::windowTitleChanged, made, &QWidget::setWindowTitle);
        m_docks.push_back(made);
    };
    dock(QStringLiteral("dockPairs"), tr("Pairs"), m_pairs);
    dock(QStringLiteral("dockCharts"), tr("Charts"), m_charts);
    dock(QStringLiteral("dockEvents"), tr("Events"), m_events);
    dock(QStringLiteral("dockConnections"), tr("Connections"), m_connections);
    dock(QStringLiteral("dockHealth"), tr("Health"), m_health);
    dock(QStringLiteral("dockHosts"), tr("Hosts"), m_hosts);
    setCorner(Qt::BottomLeftCorner, Qt::BottomDockWidgetArea);
    setCorner(Qt::BottomRightCorner, Qt::BottomDockWidgetArea);
    setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
}

void MainWindow::resetLayout()
{
    for (QDockWidget *dock : m_docks) {
        dock->setFloating(false);
        removeDockWidget(dock);
    }
    addDockWidget(Qt::LeftDockWidgetArea, m_docks[0]);
    addDockWidget(Qt::RightDockWidgetArea, m_docks[1]);
    splitDockWidget(m_docks[1], m_docks[2], Qt::Vertical);
    tabifyDockWidget(m_docks[2], m_docks[3]);
    tabifyDockWidget(m_docks[3], m_docks[5]);
    addDockWidget(Qt::BottomDockWidgetArea, m_docks[4]);
    for (QDockWidget *dock : m_docks)
        dock->show();
    m_docks[2]->raise();
    resizeDocks({m_docks[0], m_docks[1]}, {610, std::max(400, width() - 610)}, Qt::Horizontal);
    resizeDocks({m_docks[1], m_docks[2]}, {400, 240}, Qt::Vertical);
    resizeDocks({m_docks[0], m_docks[4]}, {680, 110}, Qt::Vertical);
}

QAction *MainWindow::add(QMenu *menu, const QString &name, const QString &text, const QKeySequence &keys,
                         std::function<void()> run, const QString &tip)
{
    QAction *action = menu->addAction(text);
    action->setObjectName(name);
    action->setShortcut(keys);
    if (!tip.isEmpty())
        action->setToolTip(tip);
    connect(action, &QAction::triggered, this, [run = std::move(run)] { run(); });
    m_actions.append(action);
    return action;
}

void MainWindow::makeActions()
{
    QMenu *file = menuBar()->addMenu(tr("&File"));
    add(
        file, QStringLiteral("goTo"), tr("&Go to…"), QKeySequence(QStringLiteral("Ctrl+K")), [this] { goTo(); },
        tr("Pair, host, action or incident"));
    add(file, QStringLiteral("exportEvents"), tr("&Export events…"), {}, [this] { exportEvents(); });
    add(
        file, QStringLiteral("settings"), tr("&Settings…"), QKeySequence(QStringLiteral("Ctrl+,")),
        [this] { editSettings(); }, tr("Pairs, exchange, supervision, store, engine"));
    file->addSeparator();
    add(file, QStringLiteral("quit"), tr("&Quit"), QKeySequence::Quit, [this] { Q_EMIT quitWanted(); });

    QMenu *engine = menuBar()->addMenu(tr("&Engine"));
    add(
        engine, QStringLiteral("resubscribeStale"), tr("&Resubscribe stale"), QKeySequence(QStringLiteral("Ctrl+R")),
        [this] { resubscribe({}); }, tr("Every stale and silent stream on a fresh connection"));
    add(engine, QStringLiteral("reload"), tr("Re&load the configuration"), {},
        [this] { ask(QStringLiteral("reload"), {}, tr("Configuration reloaded")); });

    QMenu *pairs = menuBar()->addMenu(tr("&Pairs"));
    add(pairs, QStringLiteral("filterPairs"), tr("&Filter"), QKeySequence(Qt::Key_Slash), [this] {
        m_docks[0]->show();
        m_docks[0]->raise();
        m_pairs->focusFilter();
    });
    pairs->addSeparator();
    pairs->addActions(m_pairs->pairActions());

    QMenu *history = menuBar()->addMenu(tr("&History"));
    add(
        history, QStringLiteral("backfill"), tr("&Backfill…"), QKeySequence(QStringLiteral("Ctrl+B")),
        [this] { backfill(m_pairs->selectedPairs()); }, tr("Fetch candles of a span again or for the first time"));
    add(
        history, QStringLiteral("gapReport"), tr("&Gap report…"), QKeySequence(QStringLiteral("Ctrl+G")),
        [this] { gapReport(); }, tr("Completeness by pair, timeframe and day"));
    add(
        history, QStringLiteral("repairGaps"), tr("&Repair all gaps"), {}, [this] { repairGaps(); },
        tr("Search the whole store for holes and fetch what is missing"));

    QMenu *hosts = menuBar()->addMenu(tr("H&osts"));
    hosts->addActions(m_hosts->hostActions());

    QMenu *view = menuBar()->addMenu(tr("&View"));
    for (QDockWidget *dock : m_docks)
        view->addAction(dock->toggleViewAction());
    view->addSeparator();
    QMenu *theme = view->addMenu(tr("&Theme"));
    m_themes = new QActionGroup(this);
    const std::array<std::pair<QString, Theme::Mode>, 3> modes{{{tr("As the &system"), Theme::Mode::System},
                                                                {tr("&Dark"), Theme::Mode::Dark},
                                                                {tr("&Light"), Theme::Mode::Light}}};
    for (const auto &[text, mode] : modes) {
        QAction *action = theme->addAction(text);
        action->setCheckable(true);
        action->setData(int(mode));
        action->setObjectName(QStringLiteral("theme%1").arg(int(mode)));
        action->setChecked(m_parts.theme.mode() == mode);
        m_themes->addAction(action);
    }
    connect(m_themes, &QActionGroup::triggered, this,
            [this](QAction *action) { m_parts.theme.setMode(Theme::Mode(action->data().toInt())); });
    m_local = view->addAction(tr("Local &time"));
    m_local->setObjectName(QStringLiteral("localTime"));
    m_local->setCheckable(true);
    m_local->setToolTip(tr("Times of this place instead of UTC"));
    connect(m_local, &QAction::toggled, this,
            [this](bool local) { setZone(local ? ClockZone::Local : ClockZone::Utc); });
    m_inTray = view->addAction(tr("&Keep in the tray when closed"));
    m_inTray->setObjectName(QStringLiteral("keepInTray"));
    m_inTray->setCheckable(true);
    m_inTray->setVisible(false);
    m_inTray->setToolTip(tr("Closing the window hides it; the engine inside goes on. Quit ends both."));
    view->addSeparator();
    add(view, QStringLiteral("nextChart"), tr("Next chart"), QKeySequence(QStringLiteral("Ctrl+Tab")),
        [this] { m_charts->stepTab(1); });
    add(view, QStringLiteral("previousChart"), tr("Previous chart"), QKeySequence(QStringLiteral("Ctrl+Shift+Tab")),
        [this] { m_charts->stepTab(-1); });
    add(view, QStringLiteral("closeChart"), tr("Close chart"), QKeySequence::Close, [this] {
        if (auto *bar = m_charts->findChild<QTabBar *>(QStringLiteral("chartTabs")))
            m_charts->closeTab(bar->currentIndex());
    });
    QMenu *timeframes = view->addMenu(tr("Time&frame"));
    for (int number = 0; number < 6; ++number)
        add(timeframes, QStringLiteral("timeframe%1").arg(number + 1), tr("Timeframe &%1").arg(number + 1),
            QKeySequence(Qt::Key_1 + number), [this, number] { m_charts->setTimeframe(number); });
    view->addSeparator();
    add(view, QStringLiteral("resetLayout"), tr("&Reset layout"), {}, [this] { resetLayout(); });

    QMenu *help = menuBar()->addMenu(tr("&Help"));
    add(help, QStringLiteral("shortcuts"), tr("&Keyboard shortcuts"), QKeySequence::HelpContents,
        [this] { showShortcuts(); });
    add(help, QStringLiteral("about"), tr("&About Tapekeeper"), {}, [this] { about(); });
}

void MainWindow::makeBars()
{
    auto *bar = new QToolBar(tr("Actions"));
    bar->setObjectName(QStringLiteral("toolBar"));
    bar->setMovable(false);
    bar->setContextMenuPolicy(Qt::PreventContextMenu);
    for (const char *name : {"backfill", "gapReport", "resubscribeStale"}) {
        auto *button = new QToolButton;
        button->setDefaultAction(action(QLatin1String(name)));
        bar->addWidget(button);
    }
    auto *stretch = new QWidget;
    stretch->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    bar->addWidget(stretch);
    m_engineName = new QLabel;
    m_engineName->setObjectName(QStringLiteral("engineName"));
    m_engineName->setForegroundRole(QPalette::PlaceholderText);
    m_engineName->setContentsMargins(8, 0, 12, 0);
    bar->addWidget(m_engineName);
    auto *anywhere = new QToolButton;
    anywhere->setObjectName(QStringLiteral("goToButton"));
    anywhere->setText(tr("Go to pair, host or incident   Ctrl+K"));
    connect(anywhere, &QToolButton::clicked, this, &MainWindow::goTo);
    bar->addWidget(anywhere);
    addToolBar(bar);

    auto *bannerBar = new QToolBar(tr("Connection"));
    bannerBar->setObjectName(QStringLiteral("bannerBar"));
    bannerBar->setMovable(false);
    bannerBar->setContextMenuPolicy(Qt::PreventContextMenu);
    m_banner->setObjectName(QStringLiteral("banner"));
    m_banner->setContentsMargins(10, 4, 10, 4);
    bannerBar->addWidget(m_banner);
    addToolBarBreak();
    addToolBar(bannerBar);
    bannerBar->hide();
    bannerBar->toggleViewAction()->setVisible(false);
    bar->toggleViewAction()->setVisible(false);
}

QAction *MainWindow::action(const QString &objectName) const
{
    for (QAction *action : m_actions) {
        if (action->objectName() == objectName)
            return action;
    }
    return nullptr;
}

void MainWindow::connectPanels()
{
    connect(m_pairs, &PairsPanel::chartWanted, this, [this](const QString &exchange, const QString &pair, bool newTab) {
        m_docks[1]->show();
        m_charts->open(exchange, pair, {}, newTab);
    });
    connect(m_pairs, &PairsPanel::backfillWanted, this, &MainWindow::backfill);
    connect(m_pairs, &PairsPanel::excludeWanted, this, &MainWindow::excludePairs);
    connect(m_pairs, &PairsPanel::resubscribeWanted, this, &MainWindow::resubscribe);
    connect(m_hosts, &HostsPanel::testWanted, this, &MainWindow::testHost);
    connect(m_hosts, &HostsPanel::configureWanted, this, [this] { editSettings(QStringLiteral("pageHosts")); });
    connect(m_events, &EventsPanel::exportWanted, this, &MainWindow::exportEvents);
    connect(m_events, &EventsPanel::spanWanted, this,
            [this](const QString &exchange, const QStringList &pairs, UtcTime from, UtcTime to) {
                const ChartFeed *feed = m_charts->currentFeed();
                // The chart in front may already show one of the pairs concerned.
                const QString pair = feed && pairs.contains(feed->series().pair) ? feed->series().pair : pairs.front();
                const QString where = !exchange.isEmpty() ? exchange : feed ? feed->series().exchange : QString();
                if (!where.isEmpty())
                    showPair(where, pair);
                m_charts->goTo(from, to);
            });
    connect(&m_parts.engine.connection(), &monitor::EngineConnection::stateChanged, this, &MainWindow::showConnection);
    connect(&m_parts.engine.health(), &monitor::HealthBook::updated, this, [this] {
        const auto &engine = m_parts.engine.health().engine();
        const QString text =
            engine ? tr("Engine: %1 · %2")
                         .arg(m_parts.engine.connection().name(), engine->exchanges.join(QStringLiteral(", ")))
                   : QString();
        if (m_engineName->text() != text)
            m_engineName->setText(text);
    });
    connect(m_status, &StatusStrip::lineChanged, this, [this] {
        setWindowTitle(m_status->line().verdict == monitor::Verdict::Well
                           ? tr("Tapekeeper")
                           : tr("Tapekeeper — %1").arg(m_status->line().text));
    });
}

void MainWindow::showConnection()
{
    const monitor::EngineConnection &connection = m_parts.engine.connection();
    auto *bar = qobject_cast<QToolBar *>(m_banner->parentWidget());
    const bool away = connection.isAway();
    if (connection.state() == monitor::EngineConnection::State::Silent)
        m_banner->setText(tr("The engine (%1) does not answer since %2. What is shown is of then.")
                              .arg(connection.name(), clockText(connection.lastSeen(), m_zone)));
    else if (away)
        m_banner->setText(
            tr("Disconnected from the engine (%1): last seen %2, trying again. %3")
                .arg(connection.name(), clockText(connection.lastSeen(), m_zone), connection.trouble().message));
    if (bar)
        bar->setVisible(away);
    // What is shown is of the past: nothing may look fresh, and nothing can be done.
    for (QWidget *panel : std::initializer_list<QWidget *>{m_pairs, m_connections, m_health, m_hosts})
        panel->setEnabled(!away);
    for (const char *name : {"backfill", "gapReport", "repairGaps", "resubscribeStale", "reload", "settings"}) {
        if (QAction *what = action(QLatin1String(name)))
            what->setEnabled(connection.isConnected());
    }
}

void MainWindow::showPair(const QString &exchange, const QString &pair)
{
    m_pairs->select(exchange, pair);
    m_docks[1]->show();
    m_charts->open(exchange, pair, {}, false);
}

void MainWindow::goTo()
{
    auto *dialog = new GoTo(m_parts.engine, m_actions + m_hosts->hostActions(), this);
    connect(dialog, &GoTo::pairChosen, this, &MainWindow::showPair);
    connect(dialog, &GoTo::hostChosen, this, &MainWindow::showHost);
    connect(dialog, &GoTo::incidentChosen, this, [this](qint64 id) {
        m_docks[2]->show();
        m_docks[2]->raise();
        m_events->showIncident(id);
    });
    dialog->open();
}

void MainWindow::ask(const QString &command, const QJsonObject &args, const QString &done)
{
    m_parts.engine.connection().ask(command, args, this, [this, done](const Result<QJsonValue> &answer) {
        // Said where the eye is, for a while; the event list keeps what the engine did.
        m_status->showMessage(answer ? done : tr("Refused: %1").arg(answer.error().message), 8'000);
    });
}

// Pairs as "EXCHANGE PAIR".
void MainWindow::resubscribe(const QStringList &keys)
{
    if (keys.isEmpty())
        return ask(QStringLiteral("resubscribe"), {}, tr("Stale streams are being resubscribed"));
    QStringList pairs;
    for (const QString &key : keys)
        pairs.append(key.section(u' ', 1));
    for (const QString &key : keys)
        ask(QStringLiteral("resubscribe"),
            {{QStringLiteral("exchange"), key.section(u' ', 0, 0)}, {QStringLiteral("pair"), key.section(u' ', 1)}},
            tr("%1 is being resubscribed").arg(pairs.join(QStringLiteral(", "))));
}

void MainWindow::repairGaps()
{
    ask(QStringLiteral("gaps-repair"), {}, tr("The search for gaps is done"));
    m_status->showMessage(tr("Searching the whole store for gaps; what is missing is fetched"), 8'000);
}

void MainWindow::backfill(const QStringList &pairs)
{
    auto *dialog = new BackfillDialog(m_parts.engine, m_parts.theme, pairs, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->show();
}

void MainWindow::gapReport()
{
    auto *report = new GapReport(m_parts.engine, m_parts.theme, m_parts.asker, this);
    report->setAttribute(Qt::WA_DeleteOnClose);
    connect(report, &GapReport::backfillWanted, this, &MainWindow::backfill);
    connect(report, &GapReport::spanWanted, this,
            [this](const QString &exchange, const QString &pair, UtcTime from, UtcTime to) {
                showPair(exchange, pair);
                m_charts->goTo(from, to);
            });
    report->show();
}

void MainWindow::showHost(const QString &host, const QString &unit)
{
    m_docks[5]->show();
    m_docks[5]->raise();
    m_hosts->select(host, unit);
}

void MainWindow::testHost(const QString &host)
{
    auto *dialog = new HostCheckDialog(m_parts.engine, m_parts.theme, m_parts.asker, host, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->show();
    dialog->start();
}

void MainWindow::editSettings(const QString &page)
{
    auto *dialog = new SettingsDialog(m_parts.engine, m_parts.theme, m_parts.asker, m_parts.keyring, this);
    if (!page.isEmpty())
        dialog->setPage(page);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->show();
}

void MainWindow::excludePairs(const QString &exchange, const QStringList &pairs)
{
    m_parts.asker.confirm(
        this,
        {.title = tr("Stop collecting %n pair(s)?", nullptr, int(pairs.size())),
         .text = tr("%1 will be excluded from %2 in the configuration. What is stored stays; nothing new is collected "
                    "or repaired until the exclusion is taken back.")
                     .arg(pairs.join(QStringLiteral(", ")), exchange),
         .action = tr("Exclude"),
         .dangerous = true},
        [this, exchange, pairs] {
            auto *file = new SettingsFile(m_parts.engine.connection(), this);
            connect(file, &SettingsFile::finished, this, [this, file](const Status &status, const QString &note) {
                m_status->showMessage(
                    status ? tr("Excluded. %1").arg(note) : tr("Not excluded: %1").arg(status.error().message), 10'000);
                file->deleteLater();
            });
            file->exclude(exchange, pairs);
        });
}

void MainWindow::exportEvents()
{
    m_parts.asker.saveFile(this, tr("Export events"), QStringLiteral("tapekeeper-events.csv"),
                           tr("CSV (*.csv);;JSON (*.json)"), [this](const QString &file) {
                               if (const Status status = m_events->exportTo(file); !status)
                                   m_parts.asker.tell(this, tr("The events were not exported"), status.error().message);
                           });
}

void MainWindow::showShortcuts()
{
    showShortcutSheet(this, m_actions + m_pairs->pairActions() + m_hosts->hostActions());
}

void MainWindow::about()
{
    showAbout(this, m_parts.engine);
}

void MainWindow::setZone(ClockZone zone)
{
    m_zone = zone;
    m_pairs->setZone(zone);
    m_charts->setZone(zone);
    m_events->setZone(zone);
    m_hosts->setZone(zone);
    m_status->setZone(zone);
}

void MainWindow::setStopping()
{
    m_status->showMessage(tr("Stopping: no new jobs, feeds close, the store drains"));
    menuBar()->setEnabled(false);
    centralWidget() ? centralWidget()->setEnabled(false) : void();
    for (QDockWidget *dock : m_docks)
        dock->setEnabled(false);
}

void MainWindow::setHasTray(bool has)
{
    m_inTray->setVisible(has);
}

void MainWindow::restoreSession()
{
    const QSettings &settings = m_parts.settings;
    if (!restoreGeometry(settings.value(QStringLiteral("window/geometry")).toByteArray()))
        resize(1400, 850);
    if (!restoreState(settings.value(QStringLiteral("window/state")).toByteArray(), layoutVersion))
        resetLayout();
    m_pairs->restore(settings);
    m_charts->restore(settings);
    m_inTray->setChecked(settings.value(QStringLiteral("window/keepInTray"), false).toBool());
    m_local->setChecked(settings.value(QStringLiteral("window/localTime"), false).toBool());
    const int mode = settings.value(QStringLiteral("window/theme"), int(Theme::Mode::System)).toInt();
    for (QAction *action : m_themes->actions()) {
        if (action->data().toInt() == mode)
            action->trigger();
    }
    showConnection();
}

void MainWindow::saveSession()
{
    QSettings &settings = m_parts.settings;
    settings.setValue(QStringLiteral("window/geometry"), saveGeometry());
    settings.setValue(QStringLiteral("window/state"), saveState(layoutVersion));
    settings.setValue(QStringLiteral("window/localTime"), m_local->isChecked());
    settings.setValue(QStringLiteral("window/theme"), int(m_parts.theme.mode()));
    settings.setValue(QStringLiteral("window/keepInTray"), m_inTray->isChecked());
    m_pairs->save(settings);
    m_charts->save(settings);
    settings.sync();
}

void MainWindow::closeEvent(QCloseEvent *event)
{
    saveSession();
    if (m_inTray->isVisible() && m_inTray->isChecked()) {
        event->ignore();
        hide();
        return;
    }
    event->ignore(); // the window goes when the engine has stopped
    Q_EMIT closed();
}

} // namespace tk::ui
