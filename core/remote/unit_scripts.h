// The shell's side of units: which there are, how they are, what to do with them. Pure.
#pragma once

#include "remote/script.h"
#include "remote/unit_state.h"

#include <optional>

namespace tk::remote {

enum class UnitAction : quint8 { Start, Stop, Restart, Enable, Disable, Run };

QString actionName(UnitAction action); // "start", ..., "run"
std::optional<UnitAction> actionFromName(const QString &name);

// Parts "units" and "timers": the state of these units, of what the patterns among them stand for, and of what the
// timers start.
void addUnits(Script &script, const QStringList &units);
Result<std::vector<UnitState>> readUnits(const QHash<QString, PartAnswer> &parts);

// Parts "action", "after" and "journal". "Run" starts what a timer starts, once, now. Where the user is not root this
// takes the right to `sudo -n systemctl VERB UNIT`, exactly so.
Script actionScript(UnitAction action, const QString &unit);

struct ActionResult
{
    bool done = false;
    UnitState after{};
    QString trouble{};     // what systemctl or sudo said, in full sentences where we know them
    QStringList journal{}; // the unit's last lines, when it failed
};
Result<ActionResult> readAction(UnitAction action, const QString &unit, const QHash<QString, PartAnswer> &parts);

} // namespace tk::remote
