#include "ui/panels/pairs_panel.h"

#include "ui/panels/cell_delegate.h"

#include <QAction>
#include <QButtonGroup>
#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QSettings>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

namespace tk::ui {

namespace {

struct Quick
{
    const char *name;
    const char *filter;
};
// What the buttons above the table put into the filter.
constexpr std::array<Quick, 4> quickFilters{{{QT_TRANSLATE_NOOP("tk::ui::PairsPanel", "All"), ""},
                                             {QT_TRANSLATE_NOOP("tk::ui::PairsPanel", "Stale"), "state:stale,silent"},
                                             {QT_TRANSLATE_NOOP("tk::ui::PairsPanel", "Gaps"), "gaps>0"},
                                             {QT_TRANSLATE_NOOP("tk::ui::PairsPanel", "Majors"), "majors"}}};

int usualWidth(const PairModel::Column &column)
{
    using Field = PairModel::Field;
    switch (column.field) {
    case Field::Pair:
        return 122;
    case Field::Exchange:
        return 104;
    case Field::State:
        return 110;
    case Field::Price:
        return 82;
    case Field::Age:
        return 48;
    case Field::Final:
        return 48;
    case Field::Mark:
        return 88;
    case Field::Funding:
        return 68;
    case Field::NextFunding:
        return 62;
    case Field::Frames:
        return 66;
    case Field::Gaps:
        return 42;
    }
    return 60;
}

// Shown until somebody chooses otherwise: what fits beside a chart.
bool usuallyHidden(const PairModel::Column &column)
{
    using Field = PairModel::Field;
    return column.field == Field::Mark || column.field == Field::NextFunding || column.field == Field::Frames;
}

} // namespace

PairsPanel::PairsPanel(monitor::EngineView &engine, const Theme &theme, QWidget *parent)
    : QWidget(parent)
    , m_engine(engine)
    , m_model(new PairModel(
          engine.pairs(), [&engine] { return engine.now(); }, this))
    , m_shown(new PairFilterModel(
          *m_model, [&engine] { return engine.now(); }, this))
    , m_filter(new QLineEdit)
    , m_problem(new QLabel)
    , m_quick(new QButtonGroup(this))
    , m_table(new QTableView)
    , m_notice(new Notice(m_table->viewport()))
    , m_sortId(QStringLiteral("state"))
{
    setObjectName(QStringLiteral("pairsPanel"));
    m_filter->setObjectName(QStringLiteral("pairFilter"));
    m_filter->setPlaceholderText(tr("Filter (try state:stale or age>60s)"));
    m_filter->setAccessibleName(tr("Filter of pairs"));
    m_filter->setClearButtonEnabled(true);
    m_filter->setToolTip(tr("A part of the name, state:stale,silent, age>60s, gaps>0, majors; -word for the opposite"));
    m_filter->installEventFilter(this);
    m_problem->setObjectName(QStringLiteral("filterProblem"));
    m_problem->setForegroundRole(QPalette::BrightText);
    m_problem->setWordWrap(true);
    m_problem->hide();

    auto *row = new QHBoxLayout;
    row->setSpacing(4);
    row->addWidget(m_filter, 1);
    for (int i = 0; i < int(quickFilters.size()); ++i) {
        auto *button = new QToolButton;
        button->setText(tr(quickFilters[size_t(i)].name));
        button->setCheckable(true);
        button->setChecked(i == 0);
        m_quick->addButton(button, i);
        row->addWidget(button);
    }
    connect(m_quick, &QButtonGroup::idClicked, this,
            [this](int id) { setFilterText(QLatin1String(quickFilters[size_t(id)].filter)); });
    connect(m_filter, &QLineEdit::textChanged, this, &PairsPanel::applyFilter);

    m_table->setObjectName(QStringLiteral("pairTable"));
    m_table->setAccessibleName(tr("Pairs"));
    m_table->setModel(m_shown);
    m_table->setItemDelegate(new CellDelegate(theme, 1, PairModel::StateRole, PairModel::ToneRole, m_table));
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_table->setAlternatingRowColors(true);
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setTabKeyNavigation(false);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(rowHeight);
    m_table->verticalHeader()->setMinimumSectionSize(rowHeight);
    m_table->horizontalHeader()->setSectionsMovable(true);
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->horizontalHeader()->setMinimumSectionSize(36);
    m_table->horizontalHeader()->setContextMenuPolicy(Qt::CustomContextMenu);
    m_table->horizontalHeader()->setStretchLastSection(false);
    m_table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_table->setContextMenuPolicy(Qt::ActionsContextMenu);
    m_table->setSortingEnabled(true);
    m_table->installEventFilter(this);
    connect(m_table, &QTableView::doubleClicked, this, [this] { openChart(false); });
    connect(m_table->horizontalHeader(), &QHeaderView::customContextMenuRequested, this, &PairsPanel::headerMenu);
    connect(m_table->horizontalHeader(), &QHeaderView::sortIndicatorChanged, this,
            [this](int column, Qt::SortOrder order) {
                if (column < 0 || column >= m_model->columnCount())
                    return;
                m_sortId = PairModel::columnId(m_model->columns()[size_t(column)]);
                m_sortOrder = order;
            });
    connect(m_table->horizontalHeader(), &QHeaderView::sectionResized, this, [this](int column, int, int width) {
        if (!m_settingColumns && width > 0 && column < m_model->columnCount())
            m_widths.insert(PairModel::columnId(m_model->columns()[size_t(column)]), width);
    });

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 4, 0, 0);
    layout->setSpacing(6);
    layout->addLayout(row);
    layout->addWidget(m_problem);
    layout->addWidget(m_table, 1);

    makeActions();
    // What the header does to its sections on a reset is nobody's choice.
    connect(m_model, &QAbstractItemModel::modelAboutToBeReset, this, [this] { m_settingColumns = true; });
    connect(m_model, &QAbstractItemModel::modelReset, this, &PairsPanel::setColumns);
    using monitor::PairBook;
    for (const auto signal : {&PairBook::inserted, &PairBook::removed, &PairBook::wasReset})
        connect(&engine.pairs(), signal, this, &PairsPanel::showCounts);
    connect(&engine.pairs(), &PairBook::changed, this, &PairsPanel::showCounts);
    connect(&engine.connection(), &monitor::EngineConnection::stateChanged, this, [this] {
        m_model->setAgesRun(m_engine.connection().isConnected());
        showEmpty();
    });
    for (const auto signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
        connect(m_shown, signal, this, &PairsPanel::showEmpty);
    connect(m_shown, &QAbstractItemModel::modelReset, this, &PairsPanel::showEmpty);
    setColumns();
    showCounts();
    showEmpty();
    setFocusProxy(m_table);
}

void PairsPanel::makeActions()
{
    const auto add = [this](const QString &name, const QString &text, const QKeySequence &keys, auto &&slot) {
        auto *action = new QAction(text, this);
        action->setObjectName(name);
        action->setShortcut(keys);
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        connect(action, &QAction::triggered, this, slot);
        m_actions.append(action);
        m_table->addAction(action);
    };
    add(QStringLiteral("showChart"), tr("Show chart"), QKeySequence(Qt::Key_Return), [this] { openChart(false); });
    add(QStringLiteral("showChartInNewTab"), tr("Show chart in a new tab"), QKeySequence(QStringLiteral("Ctrl+Return")),
        [this] { openChart(true); });
    add(QStringLiteral("backfillPairs"), tr("Backfill…"), QKeySequence(Qt::Key_B),
        [this] { Q_EMIT backfillWanted(selectedPairs()); });
    add(QStringLiteral("resubscribePairs"), tr("Resubscribe"), QKeySequence(Qt::Key_R), [this] {
        if (!selectedPairs().isEmpty())
            Q_EMIT resubscribeWanted(selectedKeys());
    });
    add(QStringLiteral("copyPairs"), tr("Copy as text"), QKeySequence::Copy, [this] { copySelection(); });
    add(QStringLiteral("excludePairs"), tr("Exclude…"), {}, [this] {
        if (!selectedPairs().isEmpty())
            Q_EMIT excludeWanted(selectedExchange(), selectedPairs());
    });
    const auto enable = [this] {
        const bool any = m_table->selectionModel()->hasSelection();
        for (QAction *action : m_actions)
            action->setEnabled(any || action->objectName() == QLatin1String("backfillPairs"));
    };
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, enable);
    enable();
}

void PairsPanel::setFilterText(const QString &text)
{
    m_filter->setText(text);
}

QString PairsPanel::filterText() const
{
    return m_filter->text();
}

void PairsPanel::focusFilter()
{
    m_filter->setFocus(Qt::ShortcutFocusReason);
    m_filter->selectAll();
}

void PairsPanel::applyFilter()
{
    const PairFilter filter = PairFilter::parse(m_filter->text());
    m_problem->setText(filter.problem());
    m_problem->setVisible(!filter.problem().isEmpty());
    m_shown->setFilter(filter);
    int quick = -1;
    for (int i = 0; i < int(quickFilters.size()); ++i) {
        if (m_filter->text().trimmed() == QLatin1String(quickFilters[size_t(i)].filter))
            quick = i;
    }
    m_quick->setExclusive(false);
    for (QAbstractButton *button : m_quick->buttons())
        button->setChecked(m_quick->id(button) == quick);
    m_quick->setExclusive(quick >= 0);
    showEmpty();
}

void PairsPanel::showCounts()
{
    const monitor::PairCounts counts = m_engine.pairs().counts();
    QStringList parts{QString::number(counts.all)};
    const auto part = [&](int count, const QString &text) {
        if (count > 0)
            parts.append(text.arg(count));
    };
    part(counts.stale, tr("%1 stale"));
    part(counts.silent, tr("%1 silent"));
    part(counts.late, tr("%1 late"));
    part(counts.waiting, tr("%1 waiting"));
    part(counts.quiet, tr("%1 quiet"));
    part(counts.ended, tr("%1 ended"));
    part(counts.with_gaps, tr("%1 with gaps"));
    const QString title = tr("Pairs  %1").arg(parts.join(QStringLiteral(" · ")));
    if (title != windowTitle())
        setWindowTitle(title); // the dock's own
    showEmpty();
}

void PairsPanel::showEmpty()
{
    if (m_shown->rowCount() > 0)
        return m_notice->say({});
    const monitor::EngineConnection &connection = m_engine.connection();
    if (m_model->rowCount() > 0)
        return m_notice->say(tr("No pair matches the filter"),
                             tr("%1 pairs are hidden by it").arg(m_model->rowCount()));
    switch (connection.state()) {
    case monitor::EngineConnection::State::Connecting:
        return m_notice->say(tr("Connecting to the engine"), connection.trouble().message);
    case monitor::EngineConnection::State::Silent:
        return m_notice->say(tr("The engine does not answer"), {});
    case monitor::EngineConnection::State::Lost:
        return m_notice->say(tr("The engine is away"), tr("Trying again. %1").arg(connection.trouble().message));
    case monitor::EngineConnection::State::Connected:
        return m_notice->say(tr("No pairs yet"),
                             tr("They appear as soon as the exchange has told its list of instruments"));
    }
}

bool PairsPanel::select(const QString &exchange, const QString &pair)
{
    const auto row = m_engine.pairs().rowOf(exchange + u' ' + pair);
    if (!row)
        return false;
    QModelIndex index = m_shown->mapFromSource(m_model->index(*row, 0));
    if (!index.isValid()) {
        m_filter->clear(); // hidden by the filter
        index = m_shown->mapFromSource(m_model->index(*row, 0));
    }
    m_table->selectRow(index.row());
    m_table->scrollTo(index);
    return true;
}

QStringList PairsPanel::selectedPairs() const
{
    QStringList pairs;
    for (const QModelIndex &index : m_table->selectionModel()->selectedRows())
        pairs.append(index.data(PairModel::PairRole).toString());
    pairs.removeDuplicates();
    return pairs;
}

QStringList PairsPanel::selectedKeys() const
{
    QStringList keys;
    for (const QModelIndex &index : m_table->selectionModel()->selectedRows())
        keys.append(index.data(PairModel::KeyRole).toString());
    return keys;
}

QString PairsPanel::selectedExchange() const
{
    return m_table->currentIndex().data(PairModel::ExchangeRole).toString();
}

void PairsPanel::openChart(bool newTab)
{
    const QModelIndex index = m_table->currentIndex();
    if (index.isValid())
        Q_EMIT chartWanted(index.data(PairModel::ExchangeRole).toString(), index.data(PairModel::PairRole).toString(),
                           newTab);
}

void PairsPanel::copySelection()
{
    // As the table stands: visible columns in their visual order, with a head.
    const QHeaderView *header = m_table->horizontalHeader();
    std::vector<int> columns;
    for (int visual = 0; visual < header->count(); ++visual) {
        if (const int column = header->logicalIndex(visual); !header->isSectionHidden(column))
            columns.push_back(column);
    }
    const auto line = [&](auto &&text) {
        QStringList cells;
        for (const int column : columns)
            cells.append(text(column));
        return cells.join(u'\t') + u'\n';
    };
    QString all = line([&](int column) { return m_model->headerData(column, Qt::Horizontal).toString(); });
    QModelIndexList rows = m_table->selectionModel()->selectedRows();
    std::ranges::sort(rows, {}, &QModelIndex::row);
    for (const QModelIndex &row : rows)
        all += line([&](int column) { return row.siblingAtColumn(column).data().toString(); });
    QGuiApplication::clipboard()->setText(all);
}

void PairsPanel::headerMenu(const QPoint &at)
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (int column = 1; column < m_model->columnCount(); ++column) {
        const QString id = PairModel::columnId(m_model->columns()[size_t(column)]);
        QAction *action = menu->addAction(m_model->headerData(column, Qt::Horizontal).toString());
        action->setCheckable(true);
        action->setChecked(!m_table->isColumnHidden(column));
        connect(action, &QAction::toggled, this, [this, id](bool shown) {
            m_hidden.insert(id, !shown);
            setColumns();
        });
    }
    menu->addSeparator();
    connect(menu->addAction(tr("Reset columns")), &QAction::triggered, this, [this] {
        m_hidden.clear();
        m_widths.clear();
        setColumns();
    });
    menu->popup(m_table->horizontalHeader()->mapToGlobal(at));
}

void PairsPanel::setColumns()
{
    m_settingColumns = true;
    int sortColumn = 1;
    for (int column = 0; column < m_model->columnCount(); ++column) {
        const PairModel::Column &what = m_model->columns()[size_t(column)];
        const QString id = PairModel::columnId(what);
        m_table->setColumnHidden(column, m_hidden.value(id, usuallyHidden(what)));
        const int width = m_widths.value(id, usualWidth(what));
        m_table->setColumnWidth(column, width);
        if (id == m_sortId)
            sortColumn = column;
    }
    m_settingColumns = false;
    m_table->sortByColumn(sortColumn, m_sortOrder);
}

void PairsPanel::setZone(ClockZone zone)
{
    m_model->setZone(zone);
}

void PairsPanel::save(QSettings &settings) const
{
    settings.setValue(QStringLiteral("pairs/filter"), m_filter->text());
    settings.setValue(QStringLiteral("pairs/sort"), m_sortId);
    settings.setValue(QStringLiteral("pairs/descending"), m_sortOrder == Qt::DescendingOrder);
    QVariantMap hidden;
    for (auto entry = m_hidden.cbegin(); entry != m_hidden.cend(); ++entry)
        hidden.insert(entry.key(), entry.value());
    settings.setValue(QStringLiteral("pairs/hidden"), hidden);
    QVariantMap widths;
    for (auto entry = m_widths.cbegin(); entry != m_widths.cend(); ++entry)
        widths.insert(entry.key(), entry.value());
    settings.setValue(QStringLiteral("pairs/widths"), widths);
}

void PairsPanel::restore(const QSettings &settings)
{
    m_sortId = settings.value(QStringLiteral("pairs/sort"), m_sortId).toString();
    m_sortOrder =
        settings.value(QStringLiteral("pairs/descending"), true).toBool() ? Qt::DescendingOrder : Qt::AscendingOrder;
    const QVariantMap hidden = settings.value(QStringLiteral("pairs/hidden")).toMap();
    for (auto entry = hidden.cbegin(); entry != hidden.cend(); ++entry)
        m_hidden.insert(entry.key(), entry.value().toBool());
    const QVariantMap widths = settings.value(QStringLiteral("pairs/widths")).toMap();
    for (auto entry = widths.cbegin(); entry != widths.cend(); ++entry)
        m_widths.insert(entry.key(), entry.value().toInt());
    m_filter->setText(settings.value(QStringLiteral("pairs/filter")).toString());
    setColumns();
}

bool PairsPanel::eventFilter(QObject *watched, QEvent *event)
{
    if (event->type() == QEvent::KeyPress && watched == m_filter) {
        const int key = static_cast<QKeyEvent *>(event)->key();
        if (key == Qt::Key_Down || key == Qt::Key_Return) {
            m_table->setFocus();
            if (!m_table->currentIndex().isValid() && m_shown->rowCount() > 0)
                m_table->selectRow(0);
            if (key == Qt::Key_Return)
                openChart(false);
            return true;
        }
        if (key == Qt::Key_Escape) {
            m_filter->clear();
            m_table->setFocus();
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

} // namespace tk::ui
