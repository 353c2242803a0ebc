#include "ui/models/event_model.h"

namespace tk::ui {

using alert::Event;
using alert::EventKind;
using alert::Severity;

QString kindWord(EventKind kind)
{
    switch (kind) {
    case EventKind::Incident:
        return EventModel::tr("Incidents");
    case EventKind::Streams:
        return EventModel::tr("Streams");
    case EventKind::Connection:
        return EventModel::tr("Connections");
    case EventKind::Gap:
        return EventModel::tr("Gaps");
    case EventKind::Backfill:
        return EventModel::tr("Backfills");
    case EventKind::Store:
        return EventModel::tr("Store");
    case EventKind::History:
        return EventModel::tr("History");
    case EventKind::Listing:
        return EventModel::tr("Listings");
    case EventKind::Config:
        return EventModel::tr("Configuration");
    case EventKind::Engine:
        return EventModel::tr("Engine");
    case EventKind::Host:
        return EventModel::tr("Hosts");
    }
    return {};
}

EventModel::EventModel(monitor::EventBook &book, QObject *parent)
    : QAbstractTableModel(parent)
    , m_book(book)
{
    using monitor::EventBook;
    connect(&book, &EventBook::aboutToReset, this, [this] { beginResetModel(); });
    connect(&book, &EventBook::wasReset, this, [this] { endResetModel(); });
    connect(&book, &EventBook::aboutToAppend, this, [this] { beginInsertRows({}, 0, 0); });
    connect(&book, &EventBook::appended, this, [this] { endInsertRows(); });
    connect(&book, &EventBook::replaced, this,
            [this](int at) { Q_EMIT dataChanged(index(rowOf(at), 0), index(rowOf(at), ColumnCount - 1)); });
}

int EventModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_book.events().size());
}

int EventModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(ColumnCount);
}

const Event &EventModel::event(int row) const
{
    return m_book.events()[m_book.events().size() - 1 - size_t(row)];
}

void EventModel::setZone(ClockZone zone)
{
    m_zone = zone;
    if (rowCount() > 0)
        Q_EMIT dataChanged(index(0, Time), index(rowCount() - 1, Time));
}

QVariant EventModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Event &event = this->event(index.row());
    switch (role) {
    case Qt::DisplayRole:
        switch (Column(index.column())) {
        case Time:
            return clockText(event.time, m_zone);
        case Title:
            return event.title;
        default:
            return event.detail;
        }
    case Qt::ToolTipRole:
        return QString(dateTimeText(event.time, m_zone) + u' ' + zoneName(event.time, m_zone) + u'\n' + event.title +
                       (event.detail.isEmpty() ? QString() : u'\n' + event.detail));
    case SeverityRole:
        return int(event.severity);
    case KindRole:
        return int(event.kind);
    case IdRole:
        return event.id;
    default:
        return {};
    }
}

QVariant EventModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Time:
        return tr("Time");
    case Title:
        return tr("Event");
    default:
        return tr("Detail");
    }
}

EventFilterModel::EventFilterModel(EventModel &model, QObject *parent)
    : QSortFilterProxyModel(parent)
    , m_model(model)
{
    setSourceModel(&model);
}

void EventFilterModel::setText(const QString &text)
{
    m_text = text.trimmed();
    invalidateFilter();
}

void EventFilterModel::setKind(std::optional<EventKind> kind)
{
    m_kind = kind;
    invalidateFilter();
}

void EventFilterModel::setIncident(qint64 incident)
{
    m_incident = incident;
    invalidateFilter();
}

void EventFilterModel::setTroubleOnly(bool only)
{
    m_troubleOnly = only;
    invalidateFilter();
}

bool EventFilterModel::filterAcceptsRow(int row, const QModelIndex &) const
{
    const Event &event = m_model.event(row);
    if (event.kind == EventKind::Incident)
        return false;
    if (m_kind && event.kind != *m_kind)
        return false;
    if (m_incident != 0 && event.incident != m_incident)
        return false;
    if (m_troubleOnly && event.severity != Severity::Trouble && event.severity != Severity::Warning)
        return false;
    if (m_text.isEmpty())
        return true;
    const auto holds = [&](const QString &text) { return text.contains(m_text, Qt::CaseInsensitive); };
    return holds(event.title) || holds(event.detail) || holds(event.subject) || holds(event.exchange) ||
           std::ranges::any_of(event.pairs, holds);
}

} // namespace tk::ui
