// Events as a list, newest first, without the incidents themselves (they are the time line's bars); and which of them
// are shown.
#pragma once

#include "monitor/event_book.h"
#include "ui/support/format.h"

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

namespace tk::ui {

class EventModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { Time, Title, Detail, ColumnCount };
    enum Role { SeverityRole = Qt::UserRole, KindRole, IdRole };

    explicit EventModel(monitor::EventBook &book, QObject *parent = nullptr);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

    const alert::Event &event(int row) const;
    void setZone(ClockZone zone);

private:
    int rowOf(int position) const { return int(m_book.events().size()) - 1 - position; }

    monitor::EventBook &m_book;
    ClockZone m_zone = ClockZone::Utc;
};

class EventFilterModel final : public QSortFilterProxyModel
{
    Q_OBJECT
public:
    explicit EventFilterModel(EventModel &model, QObject *parent = nullptr);

    void setText(const QString &text);
    void setKind(std::optional<alert::EventKind> kind); // nothing: all
    void setIncident(qint64 incident);                  // 0: all
    void setTroubleOnly(bool only);

protected:
    bool filterAcceptsRow(int row, const QModelIndex &parent) const override;

private:
    EventModel &m_model;
    QString m_text;
    std::optional<alert::EventKind> m_kind;
    qint64 m_incident = 0;
    bool m_troubleOnly = false;
};

QString kindWord(alert::EventKind kind);

} // namespace tk::ui
