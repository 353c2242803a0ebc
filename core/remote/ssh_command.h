// Command lines of the system's OpenSSH: the one place that puts them together. Keys and agent only, never a question,
// host keys always checked (reference: operations, OpenSSH). Pure.
#pragma once

#include "base/result.h"
#include "config/settings.h"

#include <QStringList>

namespace tk::remote {

struct SshTarget
{
    QString user{}; // empty: what the user's own configuration says
    QString host{};
    quint16 port = 0;      // 0: the same
    QString path{};        // of ssh://host/path; empty: none
    QString identity{};    // a private key; empty: the agent, and what the user's configuration says
    QString jump{};        // "[user@]host[:port]" in between; its host key is checked as strictly
    QString known_hosts{}; // a file of host keys; empty: the user's own

    // "ssh://[user@]host[:port][/path]", or "[user@]host".
    static Result<SshTarget> parse(const QString &text);
    static Result<SshTarget> of(const config::HostSettings &host);
    QString text() const; // "user@host"
};

// One word for a POSIX shell, whatever it holds.
QString shellQuoted(const QString &word);

// Arguments of `ssh` for running `command` (words, quoted here) on the target.
QStringList sshRun(const SshTarget &target, const QStringList &command);

// The same for a long conversation with it: packed on the way, and with nothing of the user's forwardings.
QStringList sshConverse(const SshTarget &target, const QStringList &command);

// Arguments of `ssh` that forward the local socket file to the remote one, and do nothing else.
QStringList sshForward(const SshTarget &target, const QString &localSocket, const QString &remoteSocket);

// Arguments of `ssh` for the one connection that the commands for a host share, while this process runs. It listens on
// `controlSocket` once it has logged in. Nothing of the user's forwardings comes along.
QStringList sshMaster(const SshTarget &target, const QString &controlSocket);

// Arguments of `ssh` for running `command` over that connection, and never over another one.
QStringList sshOverMaster(const SshTarget &target, const QString &controlSocket, const QStringList &command);

// Arguments of `ssh` that learn a host's key and end without logging in: the key goes to `intoFile`, which is empty
// before. The one call that takes an unknown key, and it trusts it with nothing.
QStringList sshKeyProbe(const SshTarget &target, const QString &intoFile);

// What ssh wrote about its end, as an error that says what to do.
Error sshError(const SshTarget &target, const QByteArray &stderrText);

} // namespace tk::remote
