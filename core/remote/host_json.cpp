#include "remote/host_json.h"

#include "base/json_values.h"
#include "config/load.h"

#include <QJsonArray>

namespace tk::remote {

namespace {

QString stateName(HostReport::State state)
{
    switch (state) {
    case HostReport::State::Unknown:
        return QStringLiteral("unknown");
    case HostReport::State::Up:
        return QStringLiteral("up");
    case HostReport::State::Unreachable:
        break;
    }
    return QStringLiteral("unreachable");
}

QJsonObject unitObject(const UnitState &unit, Light light, bool configured)
{
    QJsonObject object{{QStringLiteral("name"), unit.name},
                       {QStringLiteral("text"), stateText(unit)},
                       {QStringLiteral("light"), lightName(light)},
                       {QStringLiteral("description"), unit.description},
                       {QStringLiteral("active"), unit.active},
                       {QStringLiteral("sub"), unit.sub},
                       {QStringLiteral("enabled"), unit.enabled},
                       {QStringLiteral("result"), unit.result},
                       {QStringLiteral("since"), toMs(unit.since)},
                       {QStringLiteral("next_run"), toMs(unit.next_run)},
                       {QStringLiteral("last_run"), toMs(unit.last_run)},
                       {QStringLiteral("configured"), configured}};
    if (unit.restarts)
        object.insert(QStringLiteral("restarts"), *unit.restarts);
    if (unit.memory)
        object.insert(QStringLiteral("memory"), *unit.memory);
    return object;
}

QJsonObject folderObject(const FolderReport &folder)
{
    QJsonArray groups;
    for (const FreshGroup &group : folder.groups)
        groups.append(QJsonObject{{QStringLiteral("timeframe"), timeframeText(group.timeframe)},
                                  {QStringLiteral("content"), group.content},
                                  {QStringLiteral("files"), group.files},
                                  {QStringLiteral("unread"), group.unread},
                                  {QStringLiteral("ended"), group.ended},
                                  {QStringLiteral("oldest"), toMs(group.oldest)},
                                  {QStringLiteral("newest"), toMs(group.newest)},
                                  {QStringLiteral("oldest_file"), group.oldest_file},
                                  {QStringLiteral("lag_ms"), qint64(group.lag.count())},
                                  {QStringLiteral("written"), toMs(group.written)},
                                  {QStringLiteral("stale"), group.stale}});
    QJsonObject object{{QStringLiteral("folder"), folder.folder},
                       {QStringLiteral("trouble"), folder.trouble},
                       {QStringLiteral("files"), folder.files},
                       {QStringLiteral("groups"), groups}};
    if (folder.disk_free >= 0) {
        object.insert(QStringLiteral("disk_free"), folder.disk_free);
        object.insert(QStringLiteral("disk_total"), folder.disk_total);
    }
    return object;
}

} // namespace

QJsonObject hostObject(const config::HostSettings &settings, const HostReport &report, int place)
{
    const bool isUp = report.state == HostReport::State::Up;
    QJsonArray troubles;
    for (const Trouble &trouble : report.troubles())
        troubles.append(QJsonObject{{QStringLiteral("light"), lightName(trouble.light)},
                                    {QStringLiteral("title"), trouble.title},
                                    {QStringLiteral("text"), trouble.text}});
    QJsonArray units;
    for (size_t i = 0; i < report.units.size(); ++i)
        units.append(unitObject(report.units[i], report.lights[i], matchesAny(report.units[i].name, settings.units)));
    QJsonArray folders;
    for (const FolderReport &folder : report.data.folders)
        folders.append(folderObject(folder));
    QJsonObject object{{QStringLiteral("place"), place},
                       {QStringLiteral("target"), settings.target},
                       {QStringLiteral("state"), stateName(report.state)},
                       {QStringLiteral("since"), toMs(report.since)},
                       {QStringLiteral("looked"), toMs(report.looked)},
                       {QStringLiteral("troubles"), troubles},
                       {QStringLiteral("units"), units},
                       {QStringLiteral("folders"), folders}};
    if (report.state != HostReport::State::Unknown)
        object.insert(QStringLiteral("light"), lightName(report.light()));
    if (!isUp && report.error)
        object.insert(QStringLiteral("error"), report.error->message);
    if (const auto behind = report.behind())
        object.insert(QStringLiteral("behind_ms"), qint64(behind->count()));
    if (report.data.clock_offset)
        object.insert(QStringLiteral("clock_offset_ms"), *report.data.clock_offset);
    return object;
}

QJsonObject toJson(const CheckStep &step)
{
    return {{QStringLiteral("step"), step.name},
            {QStringLiteral("state"), checkStateName(step.state)},
            {QStringLiteral("text"), step.text}};
}

QJsonObject toJson(const KeyReport &report)
{
    QJsonArray known;
    for (const HostKey &key : report.known)
        known.append(QString(key.type + u' ' + key.fingerprint()));
    return {{QStringLiteral("state"), keyStateName(report.state)},
            {QStringLiteral("type"), report.shown.type},
            {QStringLiteral("fingerprint"), report.shown.fingerprint()},
            {QStringLiteral("file"), report.file},
            {QStringLiteral("known"), known}};
}

QJsonObject toJson(const ActionResult &result)
{
    return {{QStringLiteral("done"), result.done},
            {QStringLiteral("unit"), result.after.name},
            {QStringLiteral("text"), stateText(result.after)},
            {QStringLiteral("trouble"), result.trouble},
            {QStringLiteral("journal"), QJsonArray::fromStringList(result.journal)}};
}

config::HostSettings hostFromJson(const QJsonObject &object)
{
    const auto text = [&](const char *key) { return object.value(QLatin1String(key)).toString(); };
    config::HostSettings host;
    host.name = text("name");
    host.target = text("target").isEmpty() ? host.name : text("target");
    host.user = text("user");
    host.identity = config::expandHome(text("identity"));
    host.jump = text("jump");
    host.known_hosts = config::expandHome(text("known_hosts"));
    host.units = stringsOf(object.value(QLatin1String("units")));
    host.data = stringsOf(object.value(QLatin1String("data")));
    return host;
}

} // namespace tk::remote
