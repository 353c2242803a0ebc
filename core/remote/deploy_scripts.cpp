#include "remote/deploy_scripts.h"

#include "remote/data_files.h"
#include "remote/ssh_command.h"

namespace tk::remote {

namespace {

// Words that all scripts share. D, U, H, W, K, N, PACKAGE and ID are set before.
constexpr const char *common = R"sh(
say() { k=$1; shift; printf '%s' "$k"; for w; do printf '\t%s' "$(printf %s "$w" | tr '\t\n' '  ')"; done; echo; }
show() { systemctl show -p "$1" --value -- "$U" 2>/dev/null; }
may() { [ "$(id -u)" = 0 ] || sudo -n -l "$@" >/dev/null 2>&1; }
as() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
root() { may "$@" || refuse "not allowed: a rule in /etc/sudoers.d is missing: $(id -un) ALL=(root) NOPASSWD: $*"; }
install="/usr/bin/dpkg --force-confold -i"
)sh";

constexpr const char *look = R"sh(
refuse() { say refuse "$*"; exit 0; }
mkdir -p -- "$D/releases" "$D/packages" 2>/dev/null
[ -w "$D/releases" ] && [ -w "$D/packages" ] || refuse "the folder $D cannot be made or written by $(id -un)"
D=$(cd -- "$D" && pwd)
say fact folder "$D"
(exec 9>>"$D/.lock" && flock -sn 9) || refuse "another deployment is in work there ($D/deploy.log)"
# What a client that was killed has left.
find "$D/releases" -maxdepth 1 -name '.new-*' -mmin +60 -exec rm -rf {} +
[ "$(id -u)" = 0 ] || id -Gn | tr ' ' '\n' | grep -qxE 'systemd-journal|adm|wheel' ||
    refuse "the journal may not be read, and with it the heartbeat: add $(id -un) to the group systemd-journal"
root /usr/bin/systemctl restart "$U"
case $(show ActiveState) in active | activating | reloading) ;; *) root /usr/bin/systemctl stop "$U" ;; esac
if [ -n "$PACKAGE" ]; then
    root $install "$D/packages/new.deb"
    root $install "$D/packages/installed.deb"
else
    [ "$(show LoadState)" = loaded ] || refuse "there is no unit $U there ($(show LoadState))"
    case $(show ExecStart) in *"$D/current/tapekeeper"*) ;; *)
        refuse "$U does not start $D/current/tapekeeper: name it in ExecStart=" ;;
    esac
fi
set -- $(df -Pk -- "$D/releases" | tail -n 1)
say fact free "$4"
say fact current "$(readlink -- "$D/current")"
say fact state "$(show ActiveState)"
if [ -s "$D/deploy.log" ] && ! tail -n 1 -- "$D/deploy.log" | grep -q '^end'; then
    say fact unfinished "$(head -n 1 -- "$D/deploy.log" | cut -f 2)"
fi
)sh";

constexpr const char *upload = R"sh(
umask 022
mkdir -p -- "$D/releases/.new-$ID" && cat >"$D/releases/.new-$ID/$FILE" &&
    [ "$(stat -c %s -- "$D/releases/.new-$ID/$FILE")" = "$SIZE" ] ||
    { rm -rf -- "$D/releases/.new-$ID"; exit 9; }
)sh";

constexpr const char *verify = R"sh(
refuse() { cd /; rm -rf -- "$D/releases/.new-$ID"; say refuse "$@"; exit 0; }
cd -- "$D/releases/.new-$ID" || refuse checksum "what was sent has gone"
printf '%s' "$SUMS" | sha256sum -c --status 2>/dev/null || refuse checksum "what arrived is not what was sent"
say step checksum ok "$(printf %s "$SUMS" | cut -c 1-12 | head -n 1)"
if [ -n "$PACKAGE" ]; then
    p=$(dpkg-deb -f new.deb Package 2>&1) && v=$(dpkg-deb -f new.deb Version) || refuse check "no Debian package: $p"
    now=$(dpkg-query -W -f '${db:Status-Abbrev}${Version}' "$p" 2>/dev/null)
    back=$D/packages/installed.deb
    case $now in ii*)
        now=${now#ii?}
        [ "$(dpkg-deb -f "$back" Package 2>/dev/null) $(dpkg-deb -f "$back" Version 2>/dev/null)" = "$p $now" ] ||
            refuse check "there would be no way back: put the package file of $p $now, which is installed, to $back" ;;
    esac
    said="$p $v"
else
    chmod 755 tapekeeper
    if [ ! -e tapekeeper.toml ] && [ -e "$D/current/tapekeeper.toml" ]; then
        said=$(cp -p -- "$D/current/tapekeeper.toml" . 2>&1) || refuse check "$said"
    fi
    said=$(timeout 30 ./tapekeeper --version 2>&1) || refuse check "it does not run there: $said"
    if [ -e tapekeeper.toml ]; then
        wrong=$(timeout 30 ./tapekeeper check --config ./tapekeeper.toml 2>&1) ||
            refuse check "it does not take the configuration: $wrong"
    fi
fi
wrong=$(sync -- * . 2>&1) || refuse check "$wrong"
say step check ok "$said"
)sh";

// Works alone from here on. Its words go to the log, which outlives it.
constexpr const char *work = R"sh(
trap '' HUP INT TERM
LC_ALL=C TZ=UTC; export LC_ALL TZ
cd / || exit 1
exec 9>>"$D/.lock" && flock -w 5 9 || exit 1 # others look at it for a moment
exec >"$D/deploy.log" 2>&1
# Where not even this can be written, nothing begins. What follows finds room in the same block.
say begin "$ID" 2>/dev/null || { rm -rf -- "$D/releases/.new-$ID"; exit 1; }
systemctl=/usr/bin/systemctl
now() { read -r up rest </proc/uptime; echo "${up%.*}"; }
point() { rm -f -- "$D/.current-new"; ln -s -- "$1" "$D/.current-new" && mv -T -- "$D/.current-new" "$D/current"; }

# Whether the unit is well after a restart; else why not. A crash loop looks active most of the time: another invocation,
# or one more restart, is one.
watch() { # $1: the version
    was=$(show InvocationID) asked=$(date +%s) mine= beat= why= stage=restart
    if ! said=$(as $systemctl restart "$U" 2>&1); then
        why="systemctl restart failed: $said"
        return 1
    fi
    restarts=$(show NRestarts)
    since=$(now) stage=heartbeat
    while :; do
        id=$(show InvocationID) state=$(show ActiveState)/$(show SubState) at=$(now)
        if [ -z "$mine" ]; then [ "$id" = "$was" ] || mine=$id; fi
        case $state in failed/* | inactive/*)
            why="it ended ($(show Result), status $(show ExecMainStatus))"
            return 1 ;;
        esac
        if { [ -n "$mine" ] && [ "$id" != "$mine" ]; } || [ "$(show NRestarts)" != "$restarts" ] ||
            [ "$state" = activating/auto-restart ]; then
            # Once it runs again, the first end is in the journal alone.
            why="it ended and was started again"
            [ "$(show Result)" = success ] || why="it ended ($(show Result), status $(show ExecMainStatus))"
            return 1
        fi
        if [ -z "$beat" ] && [ -n "$mine" ] && [ "$state" = active/running ] &&
            journalctl --no-pager -q -o cat "_SYSTEMD_INVOCATION_ID=$mine" | grep -Eq -e "$H"; then
            beat=$at stage=hold
            say step heartbeat ok "$1, after $((at - since)) s"
        fi
        if [ -n "$beat" ] && [ $((at - beat)) -ge "$K" ]; then
            return 0
        fi
        if [ -z "$beat" ] && [ $((at - since)) -ge "$W" ]; then
            why="no heartbeat within $W s"
            return 1
        fi
        sleep 0.5
    done
}
# With the manager's own words: by time, since journald does not always learn the invocation of what ends at once.
journal() {
    journalctl --no-pager -q -o cat -n 8 -u "$U" --since "@$asked" | cut -c 1-200 |
        while read -r line; do say journal "$line"; done
}
finish() {
    rm -rf -- "$D/releases/.new-$ID" "$D/packages/new.deb"
    say end "$@"
    exit 0
}

case $(show ActiveState) in active | activating | reloading) ran=yes ;; *) ran= ;; esac
old=$(readlink -- "$D/current")
if [ -n "$PACKAGE" ]; then
    new=$(dpkg-deb -f "$D/releases/.new-$ID/new.deb" Version)
    name=$(dpkg-deb -f "$D/releases/.new-$ID/new.deb" Package)
    mv -- "$D/releases/.new-$ID/new.deb" "$D/packages/new.deb" || finish unchanged "the package could not be moved"
    [ ! -e "$D/packages/installed.deb" ] || old=$(dpkg-deb -f "$D/packages/installed.deb" Version)
    in_use() { dpkg-query -W -f '${db:Status-Abbrev}${Version}' "$name" 2>/dev/null; }
    put_new() { as $install "$D/packages/new.deb"; }
    put_old() { as $install "$D/packages/installed.deb"; }
    had() { [ -e "$D/packages/installed.deb" ]; }
    keep() { mv -f -- "$D/packages/new.deb" "$D/packages/installed.deb"; }
    drop() { :; }
else
    new=$(date -u +%Y%m%dT%H%M%SZ)-$SHA
    in_use() { readlink -- "$D/current"; }
    put_new() { mv -- "$D/releases/.new-$ID" "$D/releases/$new" && sync -- "$D/releases" && point "releases/$new"; }
    put_old() { point "$old"; }
    had() { [ -n "$old" ]; }
    keep() {
        ls -1 -- "$D/releases" | sort -r | grep -vxF -e "$new" -e "${old#releases/}" |
            tail -n +$((N - 1)) | while read -r one; do rm -rf -- "$D/releases/$one"; done
    }
    drop() { had || rm -f -- "$D/current"; rm -rf -- "$D/releases/$new"; }
fi

before=$(in_use)
if said=$(put_new 2>&1); then
    sync -- "$D" 2>/dev/null
    say step switch ok "$new"
    if watch "$new"; then
        say step hold ok "$K s without a restart"
        keep
        finish "done" "$new runs"
    fi
    say step "$stage" failed "$why"
    journal
else
    why=$(printf %s "$said" | tail -n 3)
    say step switch failed "$why"
    if [ "$(in_use)" = "$before" ]; then
        rm -rf -- "$D/releases/$new" "$D/.current-new"
        finish unchanged "$new: $why"
    fi
fi
failed="$new: $why"

if ! had; then
    drop
    as $systemctl stop "$U"
    finish rolled-back "$failed; there was no version before it, and $U is stopped"
fi
if ! said=$(put_old 2>&1); then
    finish broken "$failed; and ${old#releases/} could not be put back: $said"
fi
drop
if [ -z "$ran" ]; then
    as $systemctl stop "$U"
    finish rolled-back "$failed; ${old#releases/} is back, and $U is stopped, as it was before"
fi
if watch "${old#releases/}"; then
    say step "roll back" ok "${old#releases/}"
    finish rolled-back "$failed; ${old#releases/} runs again"
fi
say step "roll back" failed "$why"
journal
finish broken "$failed; ${old#releases/} is back, but does not come up either: $why"
)sh";

QString settings(const DeployPlan &plan, const QString &id = {})
{
    const auto seconds = [](milliseconds span) { return QString::number((span.count() + 999) / 1000); };
    return QStringLiteral("D=%1 U=%2 H=%3 W=%4 K=%5 N=%6 PACKAGE=%7 ID=%8\n")
               .arg(shellFolder(plan.folder), shellQuoted(plan.unit), shellQuoted(plan.heartbeat), seconds(plan.within),
                    seconds(plan.hold), QString::number(plan.keep), plan.is_package ? QStringLiteral("yes") : QString(),
                    id) +
           QString::fromLatin1(common);
}

// A part that may `exit` without ending the others.
QString apart(const QString &commands)
{
    return QStringLiteral("(\n%1\n)").arg(commands);
}

} // namespace

Script deployLook(const DeployPlan &plan)
{
    Script script;
    script.part(QStringLiteral("look"), apart(settings(plan) + QString::fromLatin1(look)));
    return script;
}

QString deployUpload(const DeployPlan &plan, const QString &id, const DeployFile &file)
{
    return settings(plan, id) +
           QStringLiteral("FILE=%1 SIZE=%2\n").arg(shellQuoted(file.name), QString::number(file.size)) +
           QString::fromLatin1(upload);
}

Script deployVerify(const DeployPlan &plan, const QString &id, const std::vector<DeployFile> &files)
{
    QString sums;
    for (const DeployFile &file : files)
        sums += QString::fromLatin1(file.sha256) + QStringLiteral("  ") + file.name + u'\n';
    Script script;
    script.part(
        QStringLiteral("verify"),
        apart(settings(plan, id) + QStringLiteral("SUMS=%1\n").arg(shellQuoted(sums)) + QString::fromLatin1(verify)));
    return script;
}

Script deployLaunch(const DeployPlan &plan, const QString &id, const DeployFile &file)
{
    const QString program = settings(plan, id) +
                            QStringLiteral("SHA=%1\n").arg(QString::fromLatin1(file.sha256.left(12))) +
                            QString::fromLatin1(work);
    Script script;
    // A session of its own, and nothing that is ours: it is to live on when the connection goes.
    script.part(QStringLiteral("launch"),
                QStringLiteral("setsid -f sh -c %1 >/dev/null 2>&1 </dev/null").arg(shellQuoted(program)));
    return script;
}

Script deployFollow(const DeployPlan &plan)
{
    Script script;
    // In this order: what has ended says so in the log that is read behind it.
    script.part(QStringLiteral("works"),
                apart(settings(plan) + QStringLiteral("exec 9>>\"$D/.lock\" && ! flock -sn 9")));
    script.part(QStringLiteral("log"), apart(settings(plan) + QStringLiteral("cat -- \"$D/deploy.log\"")));
    return script;
}

Script deployForget(const DeployPlan &plan, const QString &id)
{
    Script script;
    script.part(QStringLiteral("forget"),
                apart(settings(plan, id) + QStringLiteral("rm -rf -- \"$D/releases/.new-$ID\"")));
    return script;
}

std::vector<DeployLine> parseDeployLines(const QByteArray &out)
{
    std::vector<DeployLine> lines;
    // What has no end yet is still being written.
    const qsizetype end = out.lastIndexOf('\n');
    for (const QByteArray &line : out.left(end).split('\n')) {
        const QStringList words = QString::fromUtf8(line).split(u'\t');
        DeployLine one{.kind = words[0]};
        if (one.kind == QLatin1String("step")) {
            one.name = words.value(1);
            one.state = words.value(2);
            one.text = words.value(3);
        } else if (words.size() > 2) {
            one.name = words[1];
            one.text = words[2];
        } else {
            one.text = words.value(1);
        }
        if (!one.kind.isEmpty())
            lines.push_back(one);
    }
    return lines;
}

} // namespace tk::remote
