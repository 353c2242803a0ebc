#include "remote/unit_state.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>

namespace tk::remote {

namespace {

// Nothing for "[not set]", "infinity", 2^64 - 1 and what is no number.
std::optional<qint64> number(const QByteArray &text)
{
    bool good = false;
    const qint64 value = text.toLongLong(&good);
    return good && value >= 0 ? std::optional(value) : std::nullopt;
}

// "@1795167410", with --timestamp=unix; older programs ignore that word and print "Fri 2026-11-20 09:36:50 UTC", as we
// set the time zone.
UtcTime time(const QByteArray &text)
{
    if (text.startsWith('@')) {
        const auto seconds = number(text.mid(1).split('.').first());
        return seconds ? fromMs(*seconds * 1000) : UtcTime{};
    }
    const QList<QByteArray> words = text.split(' ');
    if (words.size() != 4 || words[3] != "UTC")
        return {};
    const auto parsed = parseUtcTime(QString::fromLatin1(words[1] + 'T' + words[2] + 'Z'));
    return parsed ? *parsed : UtcTime{};
}

void take(UnitState &unit, const QByteArray &key, const QByteArray &value)
{
    const QString text = QString::fromUtf8(value);
    if (key == "Id")
        unit.name = text;
    else if (key == "Description")
        unit.description = text;
    else if (key == "LoadState")
        unit.load = text;
    else if (key == "ActiveState")
        unit.active = text;
    else if (key == "SubState")
        unit.sub = text;
    else if (key == "Result")
        unit.result = text;
    else if (key == "UnitFileState")
        unit.enabled = text;
    else if (key == "StateChangeTimestamp")
        unit.since = time(value);
    else if (key == "NextElapseUSecRealtime")
        unit.next_run = time(value);
    else if (key == "LastTriggerUSec")
        unit.last_run = time(value);
    else if (key == "NRestarts")
        unit.restarts = number(value);
    else if (key == "MemoryCurrent")
        unit.memory = number(value);
    else if (key == "ExecMainStatus")
        unit.exit_code = int(number(value).value_or(0));
    else if (key == "MainPID")
        unit.pid = number(value).value_or(0);
    else if (key == "InvocationID")
        unit.invocation = text;
    else if (key == "Triggers")
        unit.triggers = text.split(u' ', Qt::SkipEmptyParts);
}

} // namespace

QString unitProperties()
{
    return QStringLiteral("Id,Description,LoadState,ActiveState,SubState,Result,UnitFileState,StateChangeTimestamp,"
                          "NextElapseUSecRealtime,LastTriggerUSec,NRestarts,MemoryCurrent,ExecMainStatus,MainPID,"
                          "InvocationID,Triggers");
}

std::vector<UnitState> parseUnits(const QByteArray &show)
{
    std::vector<UnitState> units;
    UnitState unit;
    const auto put = [&] {
        if (!unit.name.isEmpty())
            units.push_back(std::exchange(unit, {}));
        unit = {};
    };
    for (const QByteArray &line : show.split('\n')) {
        const qsizetype equals = line.indexOf('=');
        if (line.isEmpty())
            put();
        else if (equals > 0)
            take(unit, line.left(equals), line.mid(equals + 1));
    }
    put();
    return units;
}

QHash<QString, TimerRuns> parseTimers(const QByteArray &json)
{
    QHash<QString, TimerRuns> timers;
    const auto at = [](const QJsonObject &object, QLatin1StringView key) {
        const qint64 us = object.value(key).toInteger(-1);
        return us > 0 ? fromMs(us / 1000) : UtcTime{}; // all ones mean never
    };
    for (const QJsonValue &entry : QJsonDocument::fromJson(json.trimmed()).array()) {
        const QJsonObject object = entry.toObject();
        timers.insert(object.value(QLatin1String("unit")).toString(),
                      {at(object, QLatin1StringView("next")), at(object, QLatin1StringView("last"))});
    }
    return timers;
}

QStringList parseUnitNames(const QByteArray &lines)
{
    QStringList names;
    for (const QByteArray &line : lines.split('\n')) {
        const QString name = QString::fromUtf8(line.trimmed().split(' ').first());
        if (name.contains(u'.') && !name.contains(QLatin1String("@.")) && !names.contains(name))
            names.append(name);
    }
    return names;
}

bool isPattern(const QString &unit)
{
    return unit.contains(u'*') || unit.contains(u'?') || unit.contains(u'[');
}

bool matchesAny(const QString &unit, const QStringList &patterns)
{
    return std::ranges::any_of(patterns, [&](const QString &pattern) {
        if (!isPattern(pattern))
            return unit == pattern;
        return QRegularExpression(QRegularExpression::wildcardToRegularExpression(pattern)).match(unit).hasMatch();
    });
}

Light lightOf(const UnitState &unit, const UnitState *before)
{
    const bool crashing = before && unit.restarts && before->restarts && *unit.restarts > *before->restarts;
    const bool isLoaded = unit.load == QLatin1String("loaded");
    const bool failedLast = !unit.result.isEmpty() && unit.result != QLatin1String("success");
    if (!isLoaded || unit.active == QLatin1String("failed") || crashing || unit.sub == QLatin1String("auto-restart"))
        return unit.load == QLatin1String("masked") ? Light::Warning : Light::Bad;
    if (failedLast)
        return Light::Bad;
    if (unit.active == QLatin1String("active"))
        return Light::Good;
    if (unit.active == QLatin1String("activating") || unit.active == QLatin1String("deactivating") ||
        unit.active == QLatin1String("reloading"))
        return Light::Warning;
    // Off: as it should be where a timer starts it, or nothing does. Enabled and off is what somebody may have
    // forgotten.
    return unit.enabled == QLatin1String("enabled") ? Light::Warning : Light::Good;
}

QString lightName(Light light)
{
    switch (light) {
    case Light::Good:
        return QStringLiteral("ok");
    case Light::Warning:
        return QStringLiteral("warning");
    case Light::Bad:
        break;
    }
    return QStringLiteral("bad");
}

QString stateText(const UnitState &unit)
{
    if (unit.load == QLatin1String("not-found"))
        return QStringLiteral("not there");
    if (unit.load != QLatin1String("loaded"))
        return unit.load;
    if (unit.active == QLatin1String("failed"))
        return QStringLiteral("failed (%1 %2)").arg(unit.result).arg(unit.exit_code);
    if (unit.active == QLatin1String("inactive"))
        return QStringLiteral("off");
    return unit.sub.isEmpty() ? unit.active : unit.sub;
}

} // namespace tk::remote
