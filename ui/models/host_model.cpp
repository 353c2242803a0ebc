#include "ui/models/host_model.h"

#include "market/stream.h"
#include "ui/models/pair_model.h"

#include <algorithm>

namespace tk::ui {

using monitor::HostFiles;
using monitor::HostFolder;
using monitor::HostLight;
using monitor::HostUnit;
using monitor::HostView;
using Tone = PairModel::Tone;

namespace {

StreamState markOf(HostLight light, StreamState good)
{
    switch (light) {
    case HostLight::Good:
        return good;
    case HostLight::Warning:
        return StreamState::Late;
    case HostLight::Bad:
        break;
    }
    return StreamState::Stale;
}

// Of one that answers: nothing is shown as fresh that was read before it went away.
StreamState markOf(const HostView &host)
{
    switch (host.state) {
    case HostView::State::Unknown:
        return StreamState::Requested;
    case HostView::State::Up:
        return markOf(host.light, StreamState::Live);
    case HostView::State::Unreachable:
        break;
    }
    return StreamState::Stale;
}

QString sinceText(UtcTime since, UtcTime now)
{
    return toMs(since) == 0 ? neverText() : ageText(std::max(milliseconds(0), now - since));
}

QString join(const QStringList &parts)
{
    return parts.join(QStringLiteral(" · "));
}

} // namespace

HostModel::HostModel(monitor::HostList &list, std::function<UtcTime()> now, QObject *parent)
    : QAbstractItemModel(parent)
    , m_list(list)
    , m_now(std::move(now))
{
    connect(&list, &monitor::HostList::changed, this, &HostModel::take);
    take();
}

std::vector<HostModel::Child> HostModel::childrenOf(const HostView &view)
{
    std::vector<Child> children;
    for (size_t i = 0; i < view.units.size(); ++i)
        children.push_back({Kind::Unit, i, 0, QStringLiteral("unit ") + view.units[i].name});
    for (size_t i = 0; i < view.folders.size(); ++i) {
        const HostFolder &folder = view.folders[i];
        children.push_back({Kind::Folder, i, 0, QStringLiteral("folder ") + folder.folder});
        for (size_t g = 0; g < folder.groups.size(); ++g)
            children.push_back(
                {Kind::Files, i, g,
                 QStringLiteral("files %1 %2 %3")
                     .arg(folder.folder, timeframeText(folder.groups[g].timeframe), folder.groups[g].content)});
    }
    return children;
}

void HostModel::take()
{
    const auto &all = m_list.all();
    const bool sameHosts = std::ranges::equal(
        m_hosts, all, [](const Host &mine, const HostView &told) { return mine.view.name == told.name; });
    if (!sameHosts) {
        beginResetModel();
        m_hosts.clear();
        for (const HostView &view : all)
            m_hosts.push_back({view, childrenOf(view)});
        endResetModel();
        return;
    }
    for (size_t i = 0; i < m_hosts.size(); ++i) {
        Host &host = m_hosts[i];
        const QModelIndex parent = index(int(i), 0);
        std::vector<Child> children = childrenOf(all[i]);
        if (std::ranges::equal(host.children, children, {}, &Child::key, &Child::key)) {
            host.view = all[i];
            host.children = std::move(children);
        } else {
            if (!host.children.empty()) {
                beginRemoveRows(parent, 0, int(host.children.size()) - 1);
                host.children.clear();
                endRemoveRows();
            }
            host.view = all[i];
            if (!children.empty()) {
                beginInsertRows(parent, 0, int(children.size()) - 1);
                host.children = std::move(children);
                endInsertRows();
            }
        }
        if (!host.children.empty())
            Q_EMIT dataChanged(index(0, 0, parent), index(int(host.children.size()) - 1, ColumnCount - 1, parent));
    }
    if (!m_hosts.empty())
        Q_EMIT dataChanged(index(0, 0), index(int(m_hosts.size()) - 1, ColumnCount - 1));
}

// A host's internal id is 0, that of a row below it the host's row and one.
QModelIndex HostModel::index(int row, int column, const QModelIndex &parent) const
{
    if (!hasIndex(row, column, parent))
        return {};
    return createIndex(row, column, parent.isValid() ? quintptr(parent.row()) + 1 : quintptr(0));
}

QModelIndex HostModel::parent(const QModelIndex &index) const
{
    if (!index.isValid() || index.internalId() == 0)
        return {};
    return createIndex(int(index.internalId()) - 1, 0, quintptr(0));
}

int HostModel::rowCount(const QModelIndex &parent) const
{
    if (!parent.isValid())
        return int(m_hosts.size());
    if (parent.internalId() != 0 || parent.column() != 0)
        return 0;
    return int(m_hosts[size_t(parent.row())].children.size());
}

int HostModel::columnCount(const QModelIndex &) const
{
    return int(ColumnCount);
}

const HostModel::Host *HostModel::hostOf(const QModelIndex &index) const
{
    return index.internalId() == 0 ? &m_hosts[size_t(index.row())] : nullptr;
}

const HostModel::Child *HostModel::childOf(const QModelIndex &index) const
{
    return index.internalId() == 0 ? nullptr : &m_hosts[size_t(index.internalId()) - 1].children[size_t(index.row())];
}

QModelIndex HostModel::indexOf(const QString &host, const QString &unit) const
{
    for (size_t i = 0; i < m_hosts.size(); ++i) {
        if (m_hosts[i].view.name != host)
            continue;
        const QModelIndex parent = index(int(i), 0);
        if (unit.isEmpty())
            return parent;
        for (size_t c = 0; c < m_hosts[i].children.size(); ++c) {
            if (m_hosts[i].children[c].key == QStringLiteral("unit ") + unit)
                return index(int(c), 0, parent);
        }
    }
    return {};
}

void HostModel::setZone(ClockZone zone)
{
    m_zone = zone;
    take();
}

QVariant HostModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const auto column = Column(index.column());
    const Child *child = childOf(index);
    const Host &host = child ? m_hosts[size_t(index.internalId()) - 1] : *hostOf(index);
    const bool isUp = host.view.isUp();
    const HostUnit *unit = child && child->kind == Kind::Unit ? &host.view.units[child->at] : nullptr;
    const HostFolder *folder = child && child->kind != Kind::Unit ? &host.view.folders[child->at] : nullptr;
    const HostFiles *files = child && child->kind == Kind::Files ? &folder->groups[child->group] : nullptr;
    switch (role) {
    case Qt::DisplayRole:
        if (unit)
            return unitText(*unit, column);
        if (files)
            return filesText(*files, column);
        if (folder)
            return folderText(*folder, column);
        return hostText(host.view, column);
    case Qt::TextAlignmentRole:
        return int((column == Restarts || column == Memory || column == Since ? Qt::AlignRight : Qt::AlignLeft) |
                   Qt::AlignVCenter);
    case Qt::ToolTipRole:
        return toolTip(index);
    case KindRole:
        return int(child ? child->kind : Kind::Host);
    case HostRole:
        return host.view.name;
    case UnitRole:
        return unit ? unit->name : QString();
    case ConfiguredRole:
        return unit && unit->configured;
    case StateRole:
        if (!child)
            return int(markOf(host.view));
        if (!isUp)
            return int(StreamState::Requested); // nobody knows
        if (unit)
            return int(markOf(unit->light, unit->isOn() ? StreamState::Live : StreamState::Ended));
        if (files)
            return int(files->stale        ? StreamState::Stale
                       : !files->isKnown() ? StreamState::Requested
                       : files->unread > 0 ? StreamState::Late
                                           : StreamState::Live);
        return int(folder->trouble.isEmpty() ? StreamState::Live : StreamState::Stale);
    case ToneRole:
        if (child && !isUp)
            return int(Tone::Faint);
        if (unit && column == Result && !unit->result.isEmpty() && unit->result != QLatin1String("success"))
            return int(Tone::Trouble);
        if (unit && column == Restarts && unit->restarts.value_or(0) > 0)
            return int(Tone::Warning);
        return int(column == Name ? Tone::Plain : Tone::Faint);
    default:
        return {};
    }
}

QVariant HostModel::hostText(const HostView &host, Column column) const
{
    switch (column) {
    case Name:
        return host.name;
    case State:
        switch (host.state) {
        case HostView::State::Unknown:
            return tr("not seen yet");
        case HostView::State::Unreachable:
            return tr("unreachable");
        case HostView::State::Up:
            break;
        }
        return host.light == HostLight::Good ? tr("up") : tr("up, not well");
    case Since:
        return sinceText(host.since, m_now());
    case Detail: {
        if (!host.isUp())
            return host.error.isEmpty() ? host.target : host.error;
        QStringList parts;
        for (const monitor::HostTroubleView &trouble : host.troubles)
            parts.append(trouble.text);
        if (host.files() > 0)
            parts.append(tr("%1 files").arg(countText(host.files())));
        if (host.clock_offset)
            parts.append(tr("clock %1%2 ms")
                             .arg(*host.clock_offset >= 0 ? QStringLiteral("+") : QString(minusSign))
                             .arg(std::abs(*host.clock_offset)));
        parts.append(host.target);
        return join(parts);
    }
    default:
        return {};
    }
}

QVariant HostModel::unitText(const HostUnit &unit, Column column) const
{
    switch (column) {
    case Name:
        return unit.name;
    case State:
        return unit.text;
    case Since:
        return sinceText(unit.since, m_now());
    case Enabled:
        return unit.enabled.isEmpty() ? neverText() : unit.enabled;
    case Result:
        return unit.result.isEmpty() ? neverText() : unit.result;
    case NextRun:
        if (!unit.isTimer())
            return {};
        return toMs(unit.next_run) == 0 ? neverText()
               : unit.next_run <= m_now()
                   ? tr("now")
                   : tr("%1, in %2").arg(minuteText(unit.next_run, m_zone), ageText(unit.next_run - m_now()));
    case Restarts:
        return unit.restarts ? countText(*unit.restarts) : QString();
    case Memory:
        return unit.memory ? bytesText(*unit.memory) : QString();
    case Detail:
        return unit.isTimer() && toMs(unit.last_run) != 0
                   ? join({tr("last run %1").arg(clockText(unit.last_run, m_zone)), unit.description})
                   : unit.description;
    default:
        return {};
    }
}

QVariant HostModel::filesText(const HostFiles &files, Column column) const
{
    switch (column) {
    case Name:
        return QString(timeframeText(files.timeframe) + u' ' + files.content);
    case State:
        return files.stale ? tr("stale") : files.isKnown() ? tr("fresh") : tr("not known");
    case Since:
        return sinceText(files.written, m_now());
    case Detail: {
        QStringList parts{tr("%1 files").arg(countText(files.files))};
        if (files.unread > 0)
            parts.append(tr("%1 not read").arg(countText(files.unread)));
        if (files.isKnown()) {
            const auto open = [&](UtcTime time) { return candleOpenText(time, files.timeframe, m_now(), m_zone); };
            parts.append(
                files.oldest == files.newest
                    ? tr("last candle %1 in all of them").arg(open(files.newest))
                    : tr("last candles %1 (%2) to %3").arg(open(files.oldest), files.oldest_file, open(files.newest)));
            parts.append(tr("closed %1 ago").arg(ageText(files.lag)));
        }
        return join(parts);
    }
    default:
        return {};
    }
}

QVariant HostModel::folderText(const HostFolder &folder, Column column) const
{
    switch (column) {
    case Name:
        return folder.folder;
    case State:
        return folder.trouble.isEmpty() ? tr("readable") : tr("unreadable");
    case Detail: {
        if (!folder.trouble.isEmpty())
            return folder.trouble;
        QStringList parts{tr("%1 files").arg(countText(folder.files))};
        if (folder.disk_free >= 0)
            parts.append(tr("%1 of %2 free").arg(bytesText(folder.disk_free), bytesText(folder.disk_total)));
        return join(parts);
    }
    default:
        return {};
    }
}

QString HostModel::toolTip(const QModelIndex &index) const
{
    const QString name = index.siblingAtColumn(Name).data().toString();
    const QString state = index.siblingAtColumn(State).data().toString();
    const QString detail = index.siblingAtColumn(Detail).data().toString();
    QStringList lines{name + QStringLiteral(": ") + state};
    if (const Host *host = hostOf(index)) {
        if (!host->view.error.isEmpty())
            lines.append(host->view.error);
        for (const monitor::HostTroubleView &trouble : host->view.troubles)
            lines.append(trouble.title + QStringLiteral(": ") + trouble.text);
        if (!host->view.isUp())
            lines.append(toMs(host->view.looked) == 0 ? tr("It has not answered since the engine started")
                                                      : tr("Last seen %1; what is shown below is from then")
                                                            .arg(dateTimeText(host->view.looked, m_zone)));
        lines.append(host->view.target);
    } else {
        lines.append(detail);
        if (index.data(KindRole).toInt() == int(Kind::Unit) && !index.data(ConfiguredRole).toBool())
            lines.append(tr("Started by a timer; the configuration does not name it, so it is only shown"));
    }
    return lines.join(u'\n');
}

QVariant HostModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return int((section == Restarts || section == Memory || section == Since ? Qt::AlignRight : Qt::AlignLeft) |
                   Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Name:
        return tr("Host");
    case State:
        return tr("State");
    case Since:
        return tr("Since");
    case Enabled:
        return tr("Enabled");
    case Result:
        return tr("Last result");
    case NextRun:
        return tr("Next run");
    case Restarts:
        return tr("Restarts");
    case Memory:
        return tr("Memory");
    default:
        return tr("Detail");
    }
}

} // namespace tk::ui
