#include "ui/panels/hosts_panel.h"

#include "ui/panels/cell_delegate.h"

#include <QAction>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QJsonObject>
#include <QLabel>
#include <QMenu>
#include <QSplitter>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>

#include <algorithm>
#include <array>
#include <memory>

namespace tk::ui {

using monitor::HostView;

namespace {

constexpr int sideBySideBelow = 360; // px: two lists above each other would show a row or two each
constexpr int followAfter = 250;     // ms after the selection has come to rest

QString listed(const QStringList &names)
{
    return names.join(QStringLiteral(", "));
}

// "stop a on x, y; b on x"
QString ordersText(const std::vector<std::pair<QString, QString>> &unitsAndHosts)
{
    QStringList units;
    QHash<QString, QStringList> hosts;
    for (const auto &[unit, host] : unitsAndHosts) {
        if (!units.contains(unit))
            units.append(unit);
        hosts[unit].append(host);
    }
    QStringList parts;
    for (const QString &unit : std::as_const(units))
        parts.append(HostsPanel::tr("%1 on %2").arg(unit, listed(hosts.value(unit))));
    return parts.join(QStringLiteral("; "));
}

} // namespace

HostsPanel::HostsPanel(monitor::EngineView &engine, const Theme &theme, Asker &asker, QWidget *parent)
    : QWidget(parent)
    , m_engine(engine)
    , m_theme(theme)
    , m_asker(asker)
    , m_model(new HostModel(
          engine.hosts(), [&engine] { return engine.now(); }, this))
    , m_tree(new QTreeView)
    , m_notice(new Notice(m_tree->viewport()))
    , m_said(new QLabel)
    , m_splitter(new QSplitter(Qt::Horizontal))
    , m_journal(new HostJournal(engine, theme))
{
    setObjectName(QStringLiteral("hostsPanel"));
    m_tree->setObjectName(QStringLiteral("hostTree"));
    m_tree->setAccessibleName(tr("Hosts"));
    m_tree->setModel(m_model);
    m_tree->setItemDelegate(
        new CellDelegate(theme, HostModel::State, HostModel::StateRole, HostModel::ToneRole, m_tree));
    m_tree->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_tree->setAlternatingRowColors(true);
    m_tree->setUniformRowHeights(true);
    m_tree->setAllColumnsShowFocus(true);
    m_tree->setContextMenuPolicy(Qt::ActionsContextMenu);
    m_tree->header()->setStretchLastSection(true);
    const std::array<int, HostModel::ColumnCount> widths{210, 130, 70, 78, 84, 112, 64, 74, 200};
    for (int column = 0; column < int(widths.size()); ++column)
        m_tree->setColumnWidth(column, widths[size_t(column)]);
    m_said->setObjectName(QStringLiteral("hostSaid"));
    m_said->setTextFormat(Qt::PlainText);
    m_said->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_said->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    makeActions();

    auto *bar = new QHBoxLayout;
    bar->setSpacing(4);
    for (const char *name : {"hostStart", "hostStop", "hostRestart", "hostRun", "hostTest", "refreshHosts"}) {
        auto *button = new QToolButton;
        button->setDefaultAction(action(QLatin1String(name)));
        bar->addWidget(button);
    }
    bar->addWidget(m_said, 1);
    m_splitter->setObjectName(QStringLiteral("hostSplitter"));
    m_splitter->setChildrenCollapsible(true);
    m_splitter->addWidget(m_tree);
    m_splitter->addWidget(m_journal);
    m_splitter->setStretchFactor(0, 3);
    m_splitter->setStretchFactor(1, 2);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 6, 8, 0);
    layout->setSpacing(4);
    layout->addLayout(bar);
    layout->addWidget(m_splitter, 1);

    m_followSoon.setSingleShot(true);
    m_followSoon.setInterval(followAfter);
    connect(&m_followSoon, &QTimer::timeout, this, &HostsPanel::selectionMoved);
    connect(m_tree->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        m_followSoon.start();
        showState();
    });
    const auto open = [this](const QModelIndex &under) {
        if (!under.isValid())
            m_tree->expandAll();
        else
            m_tree->expand(under);
    };
    connect(m_model, &QAbstractItemModel::modelReset, this, [this, open] {
        open({});
        showState();
    });
    connect(m_model, &QAbstractItemModel::rowsInserted, this, open);
    connect(&engine.connection(), &monitor::EngineConnection::stateChanged, this, &HostsPanel::showState);
    open({});
    showState();
}

QAction *HostsPanel::add(const QString &name, const QString &text, const QKeySequence &keys, const QString &tip,
                         std::function<void()> run)
{
    auto *made = new QAction(text, this);
    made->setObjectName(name);
    made->setShortcut(keys);
    made->setToolTip(keys.isEmpty() ? tip : tip + QStringLiteral(" (%1)").arg(keys.toString(QKeySequence::NativeText)));
    connect(made, &QAction::triggered, this, [run = std::move(run)] { run(); });
    m_actions.append(made);
    m_tree->addAction(made);
    return made;
}

void HostsPanel::addVerb(const QString &verb, const QString &text, const QString &tip)
{
    QString name = verb;
    name[0] = name.at(0).toUpper();
    add(QStringLiteral("host") + name, text, {}, tip, [this, verb] { act(verb); });
}

void HostsPanel::separate()
{
    auto *line = new QAction(this);
    line->setSeparator(true);
    m_actions.append(line);
    m_tree->addAction(line);
}

void HostsPanel::makeActions()
{
    addVerb(QStringLiteral("start"), tr("&Start"), tr("Start the selected units"));
    addVerb(QStringLiteral("stop"), tr("S&top…"), tr("Stop the selected units"));
    addVerb(QStringLiteral("restart"), tr("&Restart…"), tr("Stop and start the selected units"));
    addVerb(QStringLiteral("run"), tr("Run &now"), tr("Start once, now, what a selected timer starts"));
    separate();
    addVerb(QStringLiteral("enable"), tr("&Enable"), tr("Start the selected units when the host boots"));
    addVerb(QStringLiteral("disable"), tr("&Disable…"), tr("Do not start the selected units when the host boots"));
    separate();
    add(QStringLiteral("hostSameUnits"), tr("Select on &all hosts"), QKeySequence(QStringLiteral("Ctrl+Shift+A")),
        tr("The units of the same names on every host"), [this] { selectSameUnits(); });
    add(QStringLiteral("hostSearchJournal"), tr("Search the &journal"), QKeySequence(QStringLiteral("Ctrl+J")),
        tr("In the lines of the journal below"), [this] { m_journal->focusFilter(); });
    add(QStringLiteral("hostTest"), tr("Test &connection…"), {},
        tr("Every step from the name to the folders, and the host's key"), [this] {
            const QStringList hosts = selectedHosts();
            if (!hosts.isEmpty())
                Q_EMIT testWanted(hosts.first());
        });
    separate();
    add(QStringLiteral("refreshHosts"), tr("Re&fresh"), QKeySequence(Qt::Key_F5), tr("Look at all hosts now"),
        [this] { refresh(); });
    add(QStringLiteral("configureHosts"), tr("Con&figure hosts…"), {}, tr("Which hosts, units and folders"),
        [this] { Q_EMIT configureWanted(); });
}

QAction *HostsPanel::action(const QString &objectName) const
{
    const auto found = std::ranges::find(m_actions, objectName, &QAction::objectName);
    return found == m_actions.end() ? nullptr : *found;
}

void HostsPanel::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    m_splitter->setOrientation(height() < sideBySideBelow ? Qt::Horizontal : Qt::Vertical);
}

QString HostsPanel::said() const
{
    return m_said->text();
}

bool HostsPanel::select(const QString &host, const QString &unit)
{
    const QModelIndex index = m_model->indexOf(host, unit);
    if (!index.isValid())
        return false;
    m_tree->setCurrentIndex(index);
    m_tree->scrollTo(index);
    return true;
}

void HostsPanel::setZone(ClockZone zone)
{
    m_model->setZone(zone);
    m_journal->setZone(zone);
}

std::vector<HostsPanel::Order> HostsPanel::selected() const
{
    std::vector<Order> orders;
    for (const QModelIndex &index : m_tree->selectionModel()->selectedRows()) {
        if (index.data(HostModel::ConfiguredRole).toBool())
            orders.push_back({index.data(HostModel::HostRole).toString(), index.data(HostModel::UnitRole).toString()});
    }
    return orders;
}

QStringList HostsPanel::selectedHosts() const
{
    QStringList hosts;
    for (const QModelIndex &index : m_tree->selectionModel()->selectedRows())
        hosts.append(index.data(HostModel::HostRole).toString());
    hosts.removeDuplicates();
    return hosts;
}

void HostsPanel::act(const QString &verb)
{
    const std::vector<Order> orders = selected();
    if (orders.empty())
        return;
    std::vector<std::pair<QString, QString>> named;
    for (const Order &order : orders)
        named.emplace_back(order.unit, order.host);
    const QString what = ordersText(named);
    const auto give = [this, verb, orders] { this->give(verb, orders); };
    const int count = int(orders.size());
    if (verb == QLatin1String("stop"))
        return m_asker.confirm(
            this,
            {.title = tr("Stop %n unit(s)?", nullptr, count),
             .text = tr("%1. What they do ends, until somebody or a timer starts them again.").arg(what),
             .action = tr("Stop"),
             .dangerous = true},
            give);
    if (verb == QLatin1String("restart"))
        return m_asker.confirm(this,
                               {.title = tr("Restart %n unit(s)?", nullptr, count),
                                .text = tr("%1. What they are doing is interrupted.").arg(what),
                                .action = tr("Restart"),
                                .dangerous = true},
                               give);
    if (verb == QLatin1String("disable"))
        return m_asker.confirm(
            this,
            {.title = tr("Disable %n unit(s)?", nullptr, count),
             .text = tr("%1. They go on running, and do not come back when the host boots.").arg(what),
             .action = tr("Disable"),
             .dangerous = true},
            give);
    give();
}

// All at once: a host that hangs delays none of the others.
void HostsPanel::give(const QString &verb, const std::vector<Order> &orders)
{
    auto round = std::make_shared<Round>();
    round->verb = verb;
    round->asked = qsizetype(orders.size());
    sayRound(*round);
    for (const Order &order : orders) {
        const QString name = tr("%1 on %2").arg(order.unit, order.host);
        m_engine.connection().ask(QStringLiteral("host-action"),
                                  {{QStringLiteral("host"), order.host},
                                   {QStringLiteral("unit"), order.unit},
                                   {QStringLiteral("action"), verb}},
                                  this, [this, round, name](const Result<QJsonValue> &answer) {
                                      const QJsonObject told = answer ? answer->toObject() : QJsonObject();
                                      if (!answer)
                                          round->failed.append(name + QStringLiteral(": ") + answer.error().message);
                                      else if (!told.value(QLatin1String("done")).toBool())
                                          round->failed.append(name + QStringLiteral(": ") +
                                                               told.value(QLatin1String("trouble")).toString());
                                      else
                                          round->done.append(name);
                                      sayRound(*round);
                                  });
    }
}

void HostsPanel::sayRound(const Round &round)
{
    QStringList parts;
    const qsizetype open = round.asked - round.done.size() - round.failed.size();
    if (!round.failed.isEmpty())
        parts.append(tr("failed: %1").arg(round.failed.join(QStringLiteral("; "))));
    if (!round.done.isEmpty())
        parts.append(tr("done: %1").arg(listed(round.done)));
    if (open > 0)
        parts.append(tr("%1 of %2 under way").arg(open).arg(round.asked));
    say(round.verb + QStringLiteral(" · ") + parts.join(QStringLiteral(" · ")), !round.failed.isEmpty());
}

void HostsPanel::say(const QString &text, bool isProblem)
{
    QPalette palette = m_said->palette();
    palette.setColor(QPalette::WindowText, isProblem ? m_theme.palette().stale : m_theme.palette().secondaryText);
    m_said->setPalette(palette);
    m_said->setText(text);
    m_said->setToolTip(text);
}

void HostsPanel::selectSameUnits()
{
    QStringList units;
    for (const Order &order : selected())
        units.append(order.unit);
    QItemSelection all;
    for (const HostView &host : m_engine.hosts().all()) {
        for (const QString &unit : std::as_const(units)) {
            if (const QModelIndex index = m_model->indexOf(host.name, unit); index.isValid())
                all.select(index, index);
        }
    }
    m_tree->selectionModel()->select(all, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
}

void HostsPanel::refresh()
{
    say(tr("Looking at all hosts"), false);
    m_engine.connection().ask(QStringLiteral("host-refresh"), {}, this, [this](const Result<QJsonValue> &answer) {
        say(answer ? QString() : answer.error().message, !answer);
    });
}

// The journal of the one unit, or of all the units of the one host, that is selected.
void HostsPanel::selectionMoved()
{
    const QModelIndexList rows = m_tree->selectionModel()->selectedRows();
    if (rows.size() != 1)
        return;
    const QString unit = rows.first().data(HostModel::UnitRole).toString();
    m_journal->follow(rows.first().data(HostModel::HostRole).toString(),
                      unit.isEmpty() ? QStringList() : QStringList{unit});
}

void HostsPanel::showState()
{
    const bool connected = m_engine.connection().isConnected();
    const std::vector<Order> orders = selected();
    const bool hasTimer =
        std::ranges::any_of(orders, [](const Order &order) { return order.unit.endsWith(QLatin1String(".timer")); });
    for (const char *name : {"hostStart", "hostStop", "hostRestart", "hostEnable", "hostDisable", "hostSameUnits"})
        action(QLatin1String(name))->setEnabled(connected && !orders.empty());
    action(QStringLiteral("hostRun"))->setEnabled(connected && hasTimer);
    action(QStringLiteral("hostTest"))->setEnabled(connected && selectedHosts().size() == 1);
    action(QStringLiteral("refreshHosts"))->setEnabled(connected && m_model->rowCount() > 0);
    action(QStringLiteral("configureHosts"))->setEnabled(connected);
    m_notice->say(m_model->rowCount() > 0 ? QString()
                  : connected             ? tr("No hosts yet")
                                          : tr("Not connected to the engine"),
                  connected ? tr("Feeders and other computers with services to watch: Hosts > Configure hosts")
                            : QString());
}

} // namespace tk::ui
