#include "remote/host_check.h"

#include "remote/data_files.h"
#include "remote/unit_scripts.h"

#include <QHostInfo>

namespace tk::remote {

using namespace std::chrono_literals;
using State = CheckStep::State;

namespace {

constexpr milliseconds stepWithin = 10s;

const QStringList &stepNames()
{
    static const QStringList names{QStringLiteral("resolve"), QStringLiteral("connect"), QStringLiteral("host key"),
                                   QStringLiteral("login"),   QStringLiteral("sudo"),    QStringLiteral("systemd"),
                                   QStringLiteral("folders")};
    return names;
}

} // namespace

QString checkStateName(State state)
{
    switch (state) {
    case State::Good:
        return QStringLiteral("ok");
    case State::Bad:
        return QStringLiteral("failed");
    case State::Skipped:
        break;
    }
    return QStringLiteral("skipped");
}

HostCheck::HostCheck(config::HostSettings settings, const SshTarget &target, const QString &controlSocket,
                     QObject *parent)
    : QObject(parent)
    , m_settings(std::move(settings))
    , m_target(target)
    , m_key(target)
    , m_channel(target, controlSocket)
{
    m_deadline.setSingleShot(true);
    connect(&m_run, &ProcessRun::ended, this, &HostCheck::resolved);
    const auto connected = [this](State state, const QString &text) {
        if (!std::exchange(m_connecting, false))
            return;
        m_deadline.stop();
        m_socket.abort();
        tell(QStringLiteral("connect"), state, text);
        if (state == State::Good)
            checkKey();
        else
            end();
    };
    connect(&m_socket, &QTcpSocket::connected, this, [this, connected] {
        connected(State::Good, QStringLiteral("%1:%2").arg(m_socket.peerAddress().toString()).arg(m_socket.peerPort()));
    });
    connect(&m_socket, &QTcpSocket::errorOccurred, this,
            [this, connected] { connected(State::Bad, m_socket.errorString()); });
    connect(&m_deadline, &QTimer::timeout, this,
            [connected] { connected(State::Bad, QStringLiteral("no answer within 10 s")); });
    connect(&m_key, &HostKeyCheck::failed, this, [this](const Error &error) {
        tell(QStringLiteral("host key"), State::Bad, error.message);
        end();
    });
    connect(&m_key, &HostKeyCheck::looked, this, [this](const KeyReport &report) {
        const QString shown = report.shown.type + u' ' + report.shown.fingerprint();
        if (report.state == KeyState::Known) {
            tell(QStringLiteral("host key"), State::Good, shown);
            return login();
        }
        QString text = report.state == KeyState::Unknown ? QStringLiteral("not known: ") + shown
                                                         : QStringLiteral("CHANGED: now ") + shown;
        for (const HostKey &key : report.known)
            text += QStringLiteral(", known %1 %2").arg(key.type, key.fingerprint());
        text += QStringLiteral("; if it is right: tapekeeper hosts trust %1 %2")
                    .arg(m_settings.name, report.shown.fingerprint());
        tell(QStringLiteral("host key"), State::Bad, text);
        end();
    });
}

bool HostCheck::isGood() const
{
    return std::ranges::none_of(m_steps, [](const CheckStep &step) { return step.state == State::Bad; });
}

void HostCheck::tell(const QString &name, State state, const QString &text)
{
    m_steps.push_back({name, state, text});
    Q_EMIT stepped(m_steps.back());
}

void HostCheck::end()
{
    m_channel.close();
    for (qsizetype i = qsizetype(m_steps.size()); i < stepNames().size(); ++i)
        tell(stepNames()[i], State::Skipped, {});
    Q_EMIT finished();
}

void HostCheck::start()
{
    m_steps.clear();
    resolve();
}

// What ssh makes of the target, with the user's own configuration; no packet leaves.
void HostCheck::resolve()
{
    QStringList arguments{QStringLiteral("-G")};
    if (m_target.port != 0)
        arguments << QStringLiteral("-p") << QString::number(m_target.port);
    m_run.start(QStringLiteral("ssh"), arguments << QStringLiteral("--") << m_target.host, stepWithin);
}

void HostCheck::resolved(const ProcessEnd &ssh)
{
    const QString name = stepNames()[0];
    if (ssh.code != 0) {
        tell(name, State::Bad,
             ssh.started ? QString::fromUtf8(ssh.err).trimmed()
                         : QStringLiteral("ssh could not be started: install openssh-client"));
        return end();
    }
    QString host = m_target.host;
    quint16 port = 22;
    bool viaOther = !m_target.jump.isEmpty();
    for (const QByteArray &line : ssh.out.split('\n')) {
        if (line.startsWith("hostname "))
            host = QString::fromUtf8(line.mid(9)).trimmed();
        if (line.startsWith("port "))
            port = quint16(line.mid(5).toUInt());
        viaOther |= line.startsWith("proxyjump ") ||
                    (line.startsWith("proxycommand ") && line.trimmed() != "proxycommand none");
    }
    if (viaOther) {
        // Only the host in between knows the name, and reaches it.
        tell(name, State::Skipped, QStringLiteral("%1, by way of another host").arg(host));
        tell(stepNames()[1], State::Skipped, {});
        return checkKey();
    }
    QHostInfo::lookupHost(host, this, [this, name, host, port](const QHostInfo &info) {
        if (info.error() != QHostInfo::NoError || info.addresses().isEmpty()) {
            tell(name, State::Bad, QStringLiteral("%1: %2").arg(host, info.errorString()));
            return end();
        }
        tell(name, State::Good, QStringLiteral("%1 is %2").arg(host, info.addresses().first().toString()));
        connectTo(host, port);
    });
}

void HostCheck::connectTo(const QString &host, quint16 port)
{
    m_connecting = true;
    m_deadline.start(stepWithin);
    m_socket.connectToHost(host, port);
}

void HostCheck::checkKey()
{
    m_key.look();
}

void HostCheck::login()
{
    Script script;
    script.part(QStringLiteral("user"), QStringLiteral("id -un"));
    QStringList units;
    for (const QString &unit : std::as_const(m_settings.units)) {
        if (!isPattern(unit))
            units.append(shellQuoted(unit));
    }
    // Whether it would be allowed, without doing it. For a pattern its units have to be found first.
    QString ask = QStringLiteral(
        "[ \"$(id -u)\" = 0 ] && exit_root=1 || exit_root=0\n"
        "command -v sudo >/dev/null || [ $exit_root = 1 ] || { echo 'sudo is not installed'; }\n"
        "[ $exit_root = 1 ] || for u in $(tkunits); do for v in start stop restart enable disable; do sudo "
        "-n -l /usr/bin/systemctl $v $u >/dev/null 2>&1 || echo \"$v $u\"; done; done");
    QString list = QStringLiteral("tkunits() { set -f; printf '%s\\n' %1;").arg(units.join(u' '));
    for (const QString &unit : std::as_const(m_settings.units)) {
        if (isPattern(unit))
            list += QStringLiteral(
                        " systemctl list-unit-files --no-pager --no-legend --plain -- %1 | while read -r n r; do case "
                        "$n in *@.*) ;; *) echo \"$n\";; esac; done;")
                        .arg(shellQuoted(unit));
    }
    list += QStringLiteral(" }\n");
    script.part(QStringLiteral("sudo"), m_settings.units.isEmpty() ? QStringLiteral(":") : list + ask);
    script.part(QStringLiteral("version"),
                QStringLiteral("systemctl --version | head -n 1; [ -d /run/systemd/system ]"));
    script.part(QStringLiteral("state"), QStringLiteral("systemctl is-system-running"));
    for (int i = 0; i < int(m_settings.data.size()); ++i)
        script.part(QStringLiteral("folder-%1").arg(i),
                    QStringLiteral("[ -d %1 ] && [ -r %1 ] && [ -x %1 ]").arg(shellFolder(m_settings.data[i])));
    m_channel.run(script, stepWithin, this, [this](const HostChannel::Answer &answer) {
        if (!answer) {
            tell(QStringLiteral("login"), State::Bad, answer.error().message);
            return end();
        }
        loggedIn(*answer);
    });
}

void HostCheck::loggedIn(const QHash<QString, PartAnswer> &parts)
{
    const auto said = [&](const QString &part) { return QString::fromUtf8(parts.value(part).out).trimmed(); };
    tell(QStringLiteral("login"), State::Good, QStringLiteral("as ") + said(QStringLiteral("user")));
    const QString refused = said(QStringLiteral("sudo"));
    if (m_settings.units.isEmpty())
        tell(QStringLiteral("sudo"), State::Skipped, QStringLiteral("no units are configured"));
    else if (refused.isEmpty())
        tell(QStringLiteral("sudo"), State::Good, QStringLiteral("may control its units"));
    else
        tell(QStringLiteral("sudo"), State::Bad,
             QStringLiteral("not allowed: ") + refused.split(u'\n').join(QStringLiteral(", ")));
    const bool hasSystemd = parts.value(QStringLiteral("version")).code == 0;
    tell(QStringLiteral("systemd"), hasSystemd ? State::Good : State::Bad,
         hasSystemd ? said(QStringLiteral("version")) + QStringLiteral(", ") + said(QStringLiteral("state"))
                    : QStringLiteral("systemd does not run this host"));
    QStringList missing;
    for (int i = 0; i < int(m_settings.data.size()); ++i) {
        if (parts.value(QStringLiteral("folder-%1").arg(i)).code != 0)
            missing.append(m_settings.data[i]);
    }
    if (m_settings.data.isEmpty())
        tell(QStringLiteral("folders"), State::Skipped, QStringLiteral("none are configured"));
    else if (missing.isEmpty())
        tell(QStringLiteral("folders"), State::Good, m_settings.data.join(QStringLiteral(", ")));
    else
        tell(QStringLiteral("folders"), State::Bad,
             QStringLiteral("not there, or not readable: ") + missing.join(QStringLiteral(", ")));
    end();
}

} // namespace tk::remote
