#include "remote/unit_scripts.h"

#include "remote/ssh_command.h"

#include <array>

namespace tk::remote {

namespace {

using Named = std::pair<UnitAction, const char *>;
constexpr std::array actions{Named{UnitAction::Start, "start"},     Named{UnitAction::Stop, "stop"},
                             Named{UnitAction::Restart, "restart"}, Named{UnitAction::Enable, "enable"},
                             Named{UnitAction::Disable, "disable"}, Named{UnitAction::Run, "run"}};

QString quoted(const QStringList &words)
{
    QStringList all;
    for (const QString &word : words)
        all.append(shellQuoted(word));
    return all.join(u' ');
}

QString show()
{
    // An old systemctl does not know the option; its texts are read as well.
    return QStringLiteral(
               "tkshow() { systemctl show --no-pager --timestamp=unix -p %1 -- \"$@\" 2>/dev/null || systemctl "
               "show --no-pager -p %1 -- \"$@\"; }\n")
        .arg(unitProperties());
}

// Of one-shot units a start lasts as long as the work does; sudo rules name the full path and these words alone.
QString verb(UnitAction action)
{
    return action == UnitAction::Run ? QStringLiteral("start") : actionName(action);
}

} // namespace

QString actionName(UnitAction action)
{
    for (const auto &[one, name] : actions) {
        if (one == action)
            return QString::fromLatin1(name);
    }
    return {};
}

std::optional<UnitAction> actionFromName(const QString &name)
{
    for (const auto &[one, text] : actions) {
        if (name == QLatin1String(text))
            return one;
    }
    return {};
}

void addUnits(Script &script, const QStringList &units)
{
    QStringList patterns;
    QStringList names;
    for (const QString &unit : units)
        (isPattern(unit) ? patterns : names).append(unit);
    QString commands = show() + QStringLiteral("set -f\nu=%1\n").arg(shellQuoted(names.join(u' ')));
    if (!patterns.isEmpty()) {
        // Units that are off are in no list of units, instances of templates in no list of files.
        commands +=
            QStringLiteral("u=\"$u $( { systemctl list-unit-files --no-pager --no-legend --plain -- %1; systemctl "
                           "list-units --all --no-pager --no-legend --plain -- %1; } | while read -r n r; do case "
                           "$n in *@.*) ;; *.*) printf '%s ' \"$n\";; esac; done)\"\n")
                .arg(quoted(patterns));
    }
    commands += QStringLiteral(
        "t=; for n in $u; do case $n in *.timer|*.path|*.socket) t=\"$t $n\";; esac; done\n"
        "[ -z \"$t\" ] || u=\"$u $(systemctl show --no-pager -p Triggers --value -- $t | tr '\\n' ' ')\"\n"
        "[ -z \"${u# }\" ] || tkshow $u");
    script.part(QStringLiteral("units"), commands);
    script.part(
        QStringLiteral("timers"),
        QStringLiteral("[ -z \"$t\" ] || systemctl list-timers --all --no-pager --output=json -- $t 2>/dev/null"));
}

Result<std::vector<UnitState>> readUnits(const QHash<QString, PartAnswer> &parts)
{
    const PartAnswer units = parts.value(QStringLiteral("units"));
    if (units.code == 127)
        return Error{Error::Kind::Remote, QStringLiteral("there is no systemctl: this host is not run by systemd")};
    std::vector<UnitState> found;
    for (const UnitState &unit : parseUnits(units.out)) {
        // A unit may be named, stand behind a pattern, and be started by a timer: it is one all the same.
        if (std::ranges::none_of(found, [&](const UnitState &one) { return one.name == unit.name; }))
            found.push_back(unit);
    }
    if (units.code != 0 && found.empty())
        return Error{Error::Kind::Remote,
                     QStringLiteral("systemctl failed there (exit code %1): is systemd running?").arg(units.code)};
    const auto timers = parseTimers(parts.value(QStringLiteral("timers")).out);
    for (UnitState &unit : found) {
        if (const auto runs = timers.constFind(unit.name); runs != timers.constEnd()) {
            if (toMs(runs->next) != 0)
                unit.next_run = runs->next;
            if (toMs(runs->last) != 0)
                unit.last_run = runs->last;
        }
        if (!unit.isTimer() || unit.triggers.isEmpty())
            continue;
        const auto started =
            std::ranges::find_if(found, [&](const UnitState &one) { return one.name == unit.triggers.first(); });
        if (started != found.end() && unit.result == QLatin1String("success"))
            unit.result = started->result;
    }
    return found;
}

Script actionScript(UnitAction action, const QString &unit)
{
    const QString name = shellQuoted(unit);
    QString commands = show() + QStringLiteral("n=%1\nu=$n\n").arg(name);
    if (action == UnitAction::Run && !unit.endsWith(QLatin1String(".service")))
        commands +=
            QStringLiteral("u=$(systemctl show --no-pager -p Triggers --value -- %1); u=${u%% *}; [ -n \"$u\" ] || { "
                           "echo 'it starts nothing'; (exit 5); }\n")
                .arg(name);
    commands +=
        QStringLiteral("s=/usr/bin/systemctl; [ -x $s ] || s=$(command -v systemctl)\n"
                       "if [ -z \"$u\" ]; then (exit 5); elif [ \"$(id -u)\" = 0 ]; then $s %1 \"$u\" 2>&1; else sudo "
                       "-n $s %1 \"$u\" 2>&1; fi")
            .arg(verb(action));
    Script script;
    script.part(QStringLiteral("action"), QStringLiteral("%1\nrc=$?; (exit $rc)").arg(commands));
    script.part(QStringLiteral("after"), QStringLiteral("tkshow \"${u:-$n}\""));
    script.part(QStringLiteral("journal"),
                QStringLiteral("[ $rc = 0 ] || journalctl --no-pager -q -o cat -n 5 -u \"$u\" 2>/dev/null"));
    return script;
}

Result<ActionResult> readAction(UnitAction action, const QString &unit, const QHash<QString, PartAnswer> &parts)
{
    const PartAnswer did = parts.value(QStringLiteral("action"));
    ActionResult result{.done = did.code == 0};
    const std::vector<UnitState> after = parseUnits(parts.value(QStringLiteral("after")).out);
    if (!after.empty())
        result.after = after.front();
    if (result.done)
        return result;
    const QString said = QString::fromUtf8(did.out).trimmed();
    const QString started = result.after.name.isEmpty() ? unit : result.after.name;
    if (said.contains(QLatin1String("a password is required")) || said.contains(QLatin1String("is not allowed to")) ||
        said.contains(QLatin1String("not in the sudoers")))
        result.trouble = QStringLiteral("not allowed: a rule in /etc/sudoers.d is missing: USER ALL=(root) NOPASSWD: "
                                        "/usr/bin/systemctl %1 %2")
                             .arg(verb(action), started);
    else if (said.contains(QLatin1String("sudo: not found")) || said.contains(QLatin1String("sudo: command not found")))
        result.trouble = QStringLiteral("sudo is not installed there, and the login is not root");
    else
        result.trouble = said.isEmpty() ? QStringLiteral("systemctl ended with code %1").arg(did.code) : said;
    const QString lines = QString::fromUtf8(parts.value(QStringLiteral("journal")).out);
    result.journal = lines.split(u'\n', Qt::SkipEmptyParts);
    return result;
}

} // namespace tk::remote
