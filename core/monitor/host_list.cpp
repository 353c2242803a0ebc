#include "monitor/host_list.h"

#include "base/json_values.h"

#include <algorithm>

namespace tk::monitor {

namespace {

QString text(const QJsonObject &object, const char *key)
{
    return object.value(QLatin1String(key)).toString();
}

qint64 number(const QJsonObject &object, const char *key, qint64 otherwise = 0)
{
    return object.value(QLatin1String(key)).toInteger(otherwise);
}

std::optional<qint64> numberIfAny(const QJsonObject &object, const char *key)
{
    const QJsonValue value = object.value(QLatin1String(key));
    return value.isDouble() ? std::optional<qint64>(value.toInteger()) : std::nullopt;
}

HostLight lightOf(const QJsonObject &object)
{
    const QString name = text(object, "light");
    return name == QLatin1String("bad")       ? HostLight::Bad
           : name == QLatin1String("warning") ? HostLight::Warning
                                              : HostLight::Good;
}

HostUnit unitOf(const QJsonObject &object)
{
    return {.name = text(object, "name"),
            .text = text(object, "text"),
            .light = lightOf(object),
            .description = text(object, "description"),
            .active = text(object, "active"),
            .sub = text(object, "sub"),
            .enabled = text(object, "enabled"),
            .result = text(object, "result"),
            .since = fromMs(number(object, "since")),
            .next_run = fromMs(number(object, "next_run")),
            .last_run = fromMs(number(object, "last_run")),
            .restarts = numberIfAny(object, "restarts"),
            .memory = numberIfAny(object, "memory"),
            .configured = object.value(QLatin1String("configured")).toBool()};
}

HostFolder folderOf(const QJsonObject &object)
{
    HostFolder folder{.folder = text(object, "folder"),
                      .trouble = text(object, "trouble"),
                      .files = int(number(object, "files")),
                      .disk_free = number(object, "disk_free", -1),
                      .disk_total = number(object, "disk_total", -1)};
    for (const QJsonValue &value : object.value(QLatin1String("groups")).toArray()) {
        const QJsonObject group = value.toObject();
        const auto timeframe = timeframeFromName(text(group, "timeframe").toStdString());
        if (!timeframe)
            continue; // of a newer engine
        folder.groups.push_back({.folder = folder.folder,
                                 .timeframe = *timeframe,
                                 .content = text(group, "content"),
                                 .files = int(number(group, "files")),
                                 .unread = int(number(group, "unread")),
                                 .ended = int(number(group, "ended")),
                                 .oldest = fromMs(number(group, "oldest")),
                                 .newest = fromMs(number(group, "newest")),
                                 .oldest_file = text(group, "oldest_file"),
                                 .lag = milliseconds(number(group, "lag_ms")),
                                 .written = fromMs(number(group, "written")),
                                 .stale = group.value(QLatin1String("stale")).toBool()});
    }
    return folder;
}

HostView viewOf(const QString &name, const QJsonObject &object)
{
    const QString state = text(object, "state");
    HostView view{.name = name,
                  .place = int(number(object, "place")),
                  .target = text(object, "target"),
                  .state = state == QLatin1String("up")            ? HostView::State::Up
                           : state == QLatin1String("unreachable") ? HostView::State::Unreachable
                                                                   : HostView::State::Unknown,
                  .light = lightOf(object),
                  .since = fromMs(number(object, "since")),
                  .looked = fromMs(number(object, "looked")),
                  .error = text(object, "error"),
                  .clock_offset = numberIfAny(object, "clock_offset_ms")};
    if (const auto behind = numberIfAny(object, "behind_ms"))
        view.behind = milliseconds(*behind);
    for (const QJsonValue &trouble : object.value(QLatin1String("troubles")).toArray())
        view.troubles.push_back(
            {lightOf(trouble.toObject()), text(trouble.toObject(), "title"), text(trouble.toObject(), "text")});
    for (const QJsonValue &unit : object.value(QLatin1String("units")).toArray())
        view.units.push_back(unitOf(unit.toObject()));
    for (const QJsonValue &folder : object.value(QLatin1String("folders")).toArray())
        view.folders.push_back(folderOf(folder.toObject()));
    return view;
}

} // namespace

int HostView::files() const
{
    int count = 0;
    for (const HostFolder &folder : folders)
        count += folder.files;
    return count;
}

const HostView *HostList::find(const QString &name) const
{
    const auto found = std::ranges::find(m_all, name, &HostView::name);
    return found == m_all.end() ? nullptr : &*found;
}

void HostList::apply(const QJsonObject &hosts, bool whole)
{
    if (hosts.isEmpty() && !whole)
        return;
    if (whole)
        m_all.clear();
    for (auto entry = hosts.constBegin(); entry != hosts.constEnd(); ++entry) {
        std::erase_if(m_all, [&](const HostView &host) { return host.name == entry.key(); });
        if (!entry.value().isNull())
            m_all.push_back(viewOf(entry.key(), entry.value().toObject()));
    }
    std::ranges::sort(m_all, {}, &HostView::place);
    Q_EMIT changed();
}

} // namespace tk::monitor
