// The connections to the exchanges as a table: route, streams, age, rate, reconnects, next rotation.
#pragma once

#include "monitor/engine_view.h"
#include "ui/support/notice.h"
#include "ui/support/theme.h"

#include <QAbstractTableModel>
#include <QWidget>

class QTableView;

namespace tk::ui {

class ConnectionModel final : public QAbstractTableModel
{
    Q_OBJECT
public:
    enum Column { Label, State, Streams, Age, Frames, Reconnects, Rotation, Cause, ColumnCount };
    enum Role { StateRole = Qt::UserRole, ToneRole };

    explicit ConnectionModel(monitor::HealthBook &book, std::function<UtcTime()> now, QObject *parent = nullptr);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    void take();
    static StreamState markOf(const monitor::ConnectionView &row);
    QString stateText(const monitor::ConnectionView &row) const;

    monitor::HealthBook &m_book;
    std::function<UtcTime()> m_now;
    std::vector<monitor::ConnectionView> m_rows;
};

class ConnectionsPanel final : public QWidget
{
    Q_OBJECT
public:
    ConnectionsPanel(monitor::EngineView &engine, const Theme &theme, QWidget *parent = nullptr);

private:
    ConnectionModel *m_model;
    QTableView *m_table;
    Notice *m_notice;
};

} // namespace tk::ui
