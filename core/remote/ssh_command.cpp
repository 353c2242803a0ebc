#include "remote/ssh_command.h"

#include <QRegularExpression>
#include <QUrl>

namespace tk::remote {

namespace {

enum class HostKeys { Strict, Learn };

QStringList commonOptions(const SshTarget &target, HostKeys keys = HostKeys::Strict);

// A file's name as ssh's configuration takes it, in which blanks separate and "%" begins a token.
QString asOption(const QString &file)
{
    QString text = file;
    text.replace(u'%', QStringLiteral("%%"));
    return text.contains(u' ') ? u'"' + text + u'"' : text;
}

// A ProxyJump of ssh's own would not take our options along: its host key would be checked as the user's configuration
// says, and it might ask.
QString proxyCommand(const SshTarget &target)
{
    auto jump = SshTarget::parse(target.jump);
    if (!jump)
        return QStringLiteral("false");
    jump.value().identity = target.identity;
    jump.value().known_hosts = target.known_hosts;
    QStringList words{QStringLiteral("ssh")}; // without a shell between: ssh itself puts "exec" before it
    for (QString word : commonOptions(*jump))
        words.append(shellQuoted(word.replace(u'%', QStringLiteral("%%"))));
    words << QStringLiteral("-W") << QStringLiteral("'[%h]:%p'") << QStringLiteral("--") << shellQuoted(jump->host);
    return words.join(u' ');
}

QStringList commonOptions(const SshTarget &target, HostKeys keys)
{
    QStringList arguments;
    const auto option = [&](const QString &text) { arguments << QStringLiteral("-o") << text; };
    option(QStringLiteral("BatchMode=yes"));
    option(keys == HostKeys::Strict ? QStringLiteral("StrictHostKeyChecking=yes")
                                    : QStringLiteral("StrictHostKeyChecking=accept-new"));
    option(QStringLiteral("PasswordAuthentication=no"));
    option(QStringLiteral("KbdInteractiveAuthentication=no"));
    option(QStringLiteral("UpdateHostKeys=no")); // known keys change by an order alone
    option(QStringLiteral("ConnectTimeout=10"));
    option(QStringLiteral("ServerAliveInterval=5"));
    option(QStringLiteral("ServerAliveCountMax=3"));
    option(QStringLiteral("ForwardAgent=no"));
    option(QStringLiteral("ForwardX11=no"));
    option(QStringLiteral("PermitLocalCommand=no"));
    option(QStringLiteral("LogLevel=ERROR"));
    if (target.port != 0)
        arguments << QStringLiteral("-p") << QString::number(target.port);
    if (!target.user.isEmpty())
        arguments << QStringLiteral("-l") << target.user;
    if (!target.identity.isEmpty()) {
        arguments << QStringLiteral("-i") << target.identity;
        option(QStringLiteral("IdentitiesOnly=yes"));
    }
    if (!target.known_hosts.isEmpty() && keys == HostKeys::Strict)
        option(QStringLiteral("UserKnownHostsFile=") + asOption(target.known_hosts));
    if (!target.jump.isEmpty())
        option(QStringLiteral("ProxyCommand=") + proxyCommand(target));
    return arguments;
}

} // namespace

Result<SshTarget> SshTarget::parse(const QString &text)
{
    const QString url = text.contains(QLatin1String("://")) ? text : QStringLiteral("ssh://") + text;
    const QUrl parsed(url, QUrl::StrictMode);
    // A leading dash would be read as an option by ssh.
    static const QRegularExpression word(QStringLiteral("^[A-Za-z0-9_][A-Za-z0-9_.:%-]*$"));
    const bool good = parsed.isValid() && parsed.scheme() == QLatin1String("ssh") &&
                      word.match(parsed.host()).hasMatch() &&
                      (parsed.userName().isEmpty() || word.match(parsed.userName()).hasMatch()) &&
                      parsed.password().isEmpty() && parsed.query().isEmpty() && parsed.fragment().isEmpty();
    if (!good)
        return Error{Error::Kind::Config,
                     QStringLiteral("\"%1\" is no ssh target: ssh://[user@]host[:port][/path/of/engine.sock], and "
                                    "no password")
                         .arg(text)};
    QString path = parsed.path();
    if (path == QLatin1String("/"))
        path.clear();
    return SshTarget{parsed.userName(), parsed.host(), quint16(std::max(0, parsed.port())), path};
}

Result<SshTarget> SshTarget::of(const config::HostSettings &host)
{
    auto target = parse(host.target);
    if (!target)
        return target;
    if (!host.user.isEmpty())
        target.value().user = host.user;
    target.value().identity = host.identity;
    target.value().known_hosts = host.known_hosts;
    target.value().jump = host.jump;
    if (!host.jump.isEmpty()) {
        if (const auto jump = parse(host.jump); !jump)
            return jump.error();
    }
    return target;
}

QString SshTarget::text() const
{
    return user.isEmpty() ? host : user + u'@' + host;
}

QString shellQuoted(const QString &word)
{
    static const QRegularExpression plain(QStringLiteral("^[A-Za-z0-9_./:=@%+,-]+$"));
    if (plain.match(word).hasMatch())
        return word;
    QString quoted = word;
    return u'\'' + quoted.replace(u'\'', QStringLiteral("'\\''")) + u'\'';
}

QStringList sshRun(const SshTarget &target, const QStringList &command)
{
    QStringList words;
    for (const QString &word : command)
        words.append(shellQuoted(word));
    return commonOptions(target) << QStringLiteral("-T") << QStringLiteral("--") << target.host << words.join(u' ');
}

QStringList sshConverse(const SshTarget &target, const QStringList &command)
{
    return QStringList{QStringLiteral("-o"), QStringLiteral("Compression=yes"), QStringLiteral("-o"),
                       QStringLiteral("ClearAllForwardings=yes")} +
           sshRun(target, command);
}

QStringList sshForward(const SshTarget &target, const QString &localSocket, const QString &remoteSocket)
{
    return commonOptions(target) << QStringLiteral("-o") << QStringLiteral("ExitOnForwardFailure=yes")
                                 << QStringLiteral("-o") << QStringLiteral("StreamLocalBindUnlink=yes")
                                 << QStringLiteral("-o") << QStringLiteral("StreamLocalBindMask=0177")
                                 << QStringLiteral("-N") << QStringLiteral("-T") << QStringLiteral("-L")
                                 << localSocket + u':' + remoteSocket << QStringLiteral("--") << target.host;
}

QStringList sshMaster(const SshTarget &target, const QString &controlSocket)
{
    return commonOptions(target) << QStringLiteral("-o") << QStringLiteral("ControlMaster=yes") << QStringLiteral("-o")
                                 << QStringLiteral("ControlPersist=no") << QStringLiteral("-o")
                                 << QStringLiteral("ClearAllForwardings=yes") << QStringLiteral("-S")
                                 << asOption(controlSocket) << QStringLiteral("-N") << QStringLiteral("-T")
                                 << QStringLiteral("--") << target.host;
}

QStringList sshOverMaster(const SshTarget &target, const QString &controlSocket, const QStringList &command)
{
    QStringList words;
    for (const QString &word : command)
        words.append(shellQuoted(word));
    SshTarget plain = target;
    plain.jump.clear();
    // Without its master ssh would connect anew, and wait for it: the command to do so fails instead.
    return commonOptions(plain) << QStringLiteral("-o") << QStringLiteral("ControlMaster=no") << QStringLiteral("-o")
                                << QStringLiteral("ProxyCommand=false") << QStringLiteral("-S")
                                << asOption(controlSocket) << QStringLiteral("-T") << QStringLiteral("--")
                                << target.host << words.join(u' ');
}

QStringList sshKeyProbe(const SshTarget &target, const QString &intoFile)
{
    return commonOptions(target, HostKeys::Learn)
           << QStringLiteral("-o") << QStringLiteral("UserKnownHostsFile=") + asOption(intoFile) << QStringLiteral("-o")
           << QStringLiteral("GlobalKnownHostsFile=none") << QStringLiteral("-o") << QStringLiteral("HashKnownHosts=no")
           << QStringLiteral("-o") << QStringLiteral("PreferredAuthentications=none") << QStringLiteral("-o")
           << QStringLiteral("ControlPath=none") << QStringLiteral("-T") << QStringLiteral("--") << target.host
           << QStringLiteral("true");
}

Error sshError(const SshTarget &target, const QByteArray &stderrText)
{
    const QString said = QString::fromUtf8(stderrText).trimmed();
    const QString last = said.section(u'\n', -1).trimmed();
    const auto error = [&](const QString &what, bool retryable) {
        return Error{Error::Kind::Network, QStringLiteral("%1: %2").arg(target.text(), what), retryable};
    };
    if (said.contains(QLatin1String("REMOTE HOST IDENTIFICATION HAS CHANGED")))
        return error(
            QStringLiteral("the host's key has changed: somebody may be in between. Check its fingerprint with "
                           "its administrator; ssh-keygen -R %1 forgets the old key")
                .arg(target.host),
            true);
    if (said.contains(QLatin1String("Host key verification failed")))
        return error(QStringLiteral("the host's key is not known: connect once with ssh %1 in a terminal, compare the "
                                    "fingerprint, and accept it")
                         .arg(target.text()),
                     true);
    if (said.contains(QLatin1String("Permission denied")))
        return error(
            QStringLiteral("the login was refused: add a key to the agent, or name it in ~/.ssh/config (%1)").arg(last),
            true);
    if (said.contains(QLatin1String("open failed")) || said.contains(QLatin1String("forwarding")))
        return error(QStringLiteral("the engine's socket cannot be reached: %1").arg(last), true);
    return error(last.isEmpty() ? QStringLiteral("ssh ended without a word") : last, true);
}

} // namespace tk::remote
