// Hosts, and under each its units and its files, as a tree.
#pragma once

#include "monitor/host_list.h"
#include "ui/support/format.h"

#include <QAbstractItemModel>

#include <functional>

namespace tk::ui {

class HostModel final : public QAbstractItemModel
{
    Q_OBJECT
public:
    enum Column { Name, State, Since, Enabled, Result, NextRun, Restarts, Memory, Detail, ColumnCount };
    enum Role {
        StateRole = Qt::UserRole, // int(StreamState): shape and colour of the state, the same as everywhere
        ToneRole,                 // int(PairModel::Tone)
        KindRole,                 // int(Kind)
        HostRole,                 // name of the host, on every row
        UnitRole,                 // name of the unit; empty on other rows
        ConfiguredRole,           // of a unit: it may be acted on
    };
    enum class Kind : quint8 { Host, Unit, Files, Folder };

    // `now` is the engine's clock.
    HostModel(monitor::HostList &list, std::function<UtcTime()> now, QObject *parent = nullptr);

    QModelIndex index(int row, int column, const QModelIndex &parent = {}) const override;
    QModelIndex parent(const QModelIndex &index) const override;
    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

    QModelIndex indexOf(const QString &host, const QString &unit = {}) const;
    void setZone(ClockZone zone);

private:
    struct Child
    {
        Kind kind = Kind::Unit;
        size_t at = 0;    // of the host's units or folders
        size_t group = 0; // of the folder
        QString key{};    // the same row from look to look
    };
    struct Host
    {
        monitor::HostView view{};
        std::vector<Child> children{};
    };

    static std::vector<Child> childrenOf(const monitor::HostView &view);
    void take();
    const Host *hostOf(const QModelIndex &index) const;   // nothing for a row below one
    const Child *childOf(const QModelIndex &index) const; // nothing for a host
    QVariant hostText(const monitor::HostView &host, Column column) const;
    QVariant unitText(const monitor::HostUnit &unit, Column column) const;
    QVariant filesText(const monitor::HostFiles &files, Column column) const;
    QVariant folderText(const monitor::HostFolder &folder, Column column) const;
    QString toolTip(const QModelIndex &index) const;

    monitor::HostList &m_list;
    std::function<UtcTime()> m_now;
    ClockZone m_zone = ClockZone::Utc;
    std::vector<Host> m_hosts;
};

} // namespace tk::ui
