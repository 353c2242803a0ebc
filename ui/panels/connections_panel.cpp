#include "ui/panels/connections_panel.h"

#include "ui/models/pair_model.h"
#include "ui/panels/cell_delegate.h"

#include <QHeaderView>
#include <QTableView>
#include <QVBoxLayout>

namespace tk::ui {

using monitor::ConnectionView;

ConnectionModel::ConnectionModel(monitor::HealthBook &book, std::function<UtcTime()> now, QObject *parent)
    : QAbstractTableModel(parent)
    , m_book(book)
    , m_now(std::move(now))
    , m_rows(book.connections())
{
    connect(&book, &monitor::HealthBook::updated, this, &ConnectionModel::take);
}

// A connection is what its streams are.
StreamState ConnectionModel::markOf(const ConnectionView &row)
{
    if (row.isWell())
        return StreamState::Live;
    if (row.state == QLatin1String("partly"))
        return StreamState::Late;
    if (row.state == QLatin1String("silent"))
        return StreamState::Silent;
    return row.isOpen() || row.cause.isEmpty() ? StreamState::Requested : StreamState::Stale;
}

QString ConnectionModel::stateText(const ConnectionView &row) const
{
    const QString age = ageText(std::max(milliseconds(0), m_now() - row.since));
    if (!row.isOpen())
        return toMs(row.since) == 0 ? tr("connecting") : tr("down %1").arg(age);
    if (row.state == QLatin1String("silent"))
        return tr("silent %1").arg(age);
    if (row.state == QLatin1String("partly"))
        return tr("%n sick", nullptr, row.sick);
    if (row.state == QLatin1String("waiting"))
        return tr("open, no data");
    return row.state == QLatin1String("rotating") ? tr("up, rotating") : tr("up");
}

void ConnectionModel::take()
{
    const auto same = std::ranges::equal(m_rows, m_book.connections(), {}, &ConnectionView::key, &ConnectionView::key);
    if (!same) {
        beginResetModel();
        m_rows = m_book.connections();
        endResetModel();
        return;
    }
    m_rows = m_book.connections();
    if (!m_rows.empty())
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
}

int ConnectionModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

int ConnectionModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(ColumnCount);
}

QVariant ConnectionModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const ConnectionView &row = m_rows[size_t(index.row())];
    const auto column = Column(index.column());
    switch (role) {
    case Qt::DisplayRole:
        break;
    case Qt::TextAlignmentRole:
        return int((column >= Streams && column <= Rotation ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    case Qt::ToolTipRole:
        return QString(row.exchange + u' ' + row.label +
                       (row.cause.isEmpty() ? QString() : QStringLiteral(": ") + row.cause));
    case StateRole:
        return int(markOf(row));
    case ToneRole:
        return int(column == Cause || column == Rotation             ? PairModel::Tone::Faint
                   : column == Reconnects && row.failures_in_row > 0 ? PairModel::Tone::Warning
                                                                     : PairModel::Tone::Plain);
    default:
        return {};
    }
    switch (column) {
    case Label:
        return row.label;
    case State:
        return stateText(row);
    case Streams:
        return row.delivering < row.judged ? tr("%1 of %2").arg(row.delivering).arg(row.judged)
                                           : countText(row.streams);
    case Age:
        return ageText(row.age);
    case Frames:
        return row.isOpen() ? QString::number(row.frames_per_second, 'f', 0) : neverText();
    case Reconnects:
        return countText(row.reconnects);
    case Rotation:
        return row.next_rotation ? tr("in %1").arg(ageText(row.next_rotation)) : neverText();
    default:
        return row.cause;
    }
}

QVariant ConnectionModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return int((section >= Streams && section <= Rotation ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Label:
        return tr("Connection");
    case State:
        return tr("State");
    case Streams:
        return tr("Streams");
    case Age:
        return tr("Age");
    case Frames:
        return tr("Frames/s");
    case Reconnects:
        return tr("Reconnects");
    case Rotation:
        return tr("Rotation");
    default:
        return tr("Cause");
    }
}

ConnectionsPanel::ConnectionsPanel(monitor::EngineView &engine, const Theme &theme, QWidget *parent)
    : QWidget(parent)
    , m_model(new ConnectionModel(
          engine.health(), [&engine] { return engine.now(); }, this))
    , m_table(new QTableView)
    , m_notice(new Notice(m_table->viewport()))
{
    setObjectName(QStringLiteral("connectionsPanel"));
    m_table->setObjectName(QStringLiteral("connectionTable"));
    m_table->setAccessibleName(tr("Connections"));
    m_table->setModel(m_model);
    m_table->setItemDelegate(new CellDelegate(theme, ConnectionModel::State, ConnectionModel::StateRole,
                                              ConnectionModel::ToneRole, m_table));
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setAlternatingRowColors(true);
    m_table->setShowGrid(false);
    m_table->setTabKeyNavigation(false);
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(rowHeight);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->horizontalHeader()->setHighlightSections(false);
    const std::array<int, ConnectionModel::ColumnCount> widths{110, 110, 64, 74, 74, 84, 92, 200};
    for (int column = 0; column < int(widths.size()); ++column)
        m_table->setColumnWidth(column, widths[size_t(column)]);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 6, 8, 0);
    layout->addWidget(m_table);
    const auto empty = [this] {
        m_notice->say(m_model->rowCount() > 0 ? QString() : tr("No connections yet"),
                      tr("One appears for every two hundred streams"));
    };
    connect(m_model, &QAbstractItemModel::modelReset, this, empty);
    empty();
}

} // namespace tk::ui
