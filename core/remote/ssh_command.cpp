#include "remote/ssh_command.h"

#include <QRegularExpression>
#include <QUrl>

namespace tk::remote {

namespace {

QStringList commonOptions(const SshTarget &target)
{
    QStringList arguments;
    const auto option = [&](const QString &text) { arguments << QStringLiteral("-o") << text; };
    option(QStringLiteral("BatchMode=yes"));
    option(QStringLiteral("StrictHostKeyChecking=yes"));
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
    return commonOptions(target) << QStringLiteral("-T") << QStringLiteral("--") << target.host
                                 << words.join(u' ');
}

QStringList sshForward(const SshTarget &target, const QString &localSocket, const QString &remoteSocket)
{
    return commonOptions(target) << QStringLiteral("-o") << QStringLiteral("ExitOnForwardFailure=yes")
                                 << QStringLiteral("-o") << QStringLiteral("StreamLocalBindUnlink=yes")
                                 << QStringLiteral("-o") << QStringLiteral("StreamLocalBindMask=0177")
                                 << QStringLiteral("-N") << QStringLiteral("-T") << QStringLiteral("-L")
                                 << localSocket + u':' + remoteSocket << QStringLiteral("--") << target.host;
}

Error sshError(const SshTarget &target, const QByteArray &stderrText)
{
    const QString said = QString::fromUtf8(stderrText).trimmed();
    const QString last = said.section(u'\n', -1).trimmed();
    const auto error = [&](const QString &what, bool retryable) {
        return Error{Error::Kind::Network, QStringLiteral("%1: %2").arg(target.text(), what), retryable};
    };
    if (said.contains(QLatin1String("REMOTE HOST IDENTIFICATION HAS CHANGED")))
        return error(QStringLiteral("the host's key has changed: somebody may be in between. Check its fingerprint with "
                                    "its administrator; ssh-keygen -R %1 forgets the old key")
                         .arg(target.host),
                     true);
    if (said.contains(QLatin1String("Host key verification failed")))
        return error(QStringLiteral("the host's key is not known: connect once with ssh %1 in a terminal, compare the "
                                    "fingerprint, and accept it")
                         .arg(target.text()),
                     true);
    if (said.contains(QLatin1String("Permission denied")))
        return error(QStringLiteral("the login was refused: add a key to the agent, or name it in ~/.ssh/config (%1)")
                         .arg(last),
                     true);
    if (said.contains(QLatin1String("open failed")) || said.contains(QLatin1String("forwarding")))
        return error(QStringLiteral("the engine's socket cannot be reached: %1").arg(last), true);
    return error(last.isEmpty() ? QStringLiteral("ssh ended without a word") : last, true);
}

} // namespace tk::remote
