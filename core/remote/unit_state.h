// What systemd says of a unit, read from what `systemctl show` and `list-timers` print (reference: operations §3).
// Pure.
#pragma once

#include "base/time.h"

#include <QByteArray>
#include <QHash>
#include <QString>
#include <QStringList>

#include <optional>
#include <vector>

namespace tk::remote {

struct UnitState
{
    QString name{};
    QString description{};
    QString load{};    // "loaded", "not-found", "masked", ...
    QString active{};  // "active", "failed", "activating", ...
    QString sub{};     // "running", "dead", "auto-restart", "waiting", ...
    QString result{};  // "success", "exit-code", ...; of a timer: of what it starts
    QString enabled{}; // "enabled", "disabled", "static", ...
    UtcTime since{};   // 0: unknown
    UtcTime next_run{};
    UtcTime last_run{};
    std::optional<qint64> restarts{};
    std::optional<qint64> memory{}; // bytes
    int exit_code = 0;              // or the signal, as `result` says
    qint64 pid = 0;
    QString invocation{};   // another one after each start
    QStringList triggers{}; // what a timer, socket or path starts

    bool isTimer() const { return name.endsWith(QLatin1String(".timer")); }
    bool isRunning() const { return active == QLatin1String("active") && sub == QLatin1String("running"); }
    bool operator==(const UnitState &) const = default;
};

enum class Light : quint8 { Good, Warning, Bad };

// Good: does what it should, or is disabled and off. `before`: the same unit a look earlier; a growing number of
// restarts is a crash loop, whatever the state says in between.
Light lightOf(const UnitState &unit, const UnitState *before = nullptr);
QString lightName(Light light); // "ok", "warning", "bad"

// In words: "running", "failed (exit-code 3)", "waiting", "not there".
QString stateText(const UnitState &unit);

// The properties to ask for.
QString unitProperties();

// Blocks of KEY=VALUE, one for each unit, separated by an empty line.
std::vector<UnitState> parseUnits(const QByteArray &show);

// Next and last runs out of `list-timers --output=json`.
struct TimerRuns
{
    UtcTime next{};
    UtcTime last{};
};
QHash<QString, TimerRuns> parseTimers(const QByteArray &json);

// Units out of `list-unit-files` or `list-units`, plain: the first word of each line; no templates, each once.
QStringList parseUnitNames(const QByteArray &lines);

// Whether one of the patterns, as the configuration has them, stands for this unit.
bool matchesAny(const QString &unit, const QStringList &patterns);
bool isPattern(const QString &unit);

} // namespace tk::remote
