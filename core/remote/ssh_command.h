// Command lines of the system's OpenSSH: the one place that puts them together. Keys and agent only, never a question,
// host keys always checked (reference: operations, OpenSSH). Pure.
#pragma once

#include "base/result.h"

#include <QStringList>

namespace tk::remote {

struct SshTarget
{
    QString user{}; // empty: what the user's own configuration says
    QString host{};
    quint16 port = 0; // 0: the same
    QString path{};   // of ssh://host/path; empty: none

    // "ssh://[user@]host[:port][/path]", or "[user@]host".
    static Result<SshTarget> parse(const QString &text);
    QString text() const; // "user@host"
};

// One word for a POSIX shell, whatever it holds.
QString shellQuoted(const QString &word);

// Arguments of `ssh` for running `command` (words, quoted here) on the target.
QStringList sshRun(const SshTarget &target, const QStringList &command);

// Arguments of `ssh` that forward the local socket file to the remote one, and do nothing else.
QStringList sshForward(const SshTarget &target, const QString &localSocket, const QString &remoteSocket);

// What ssh wrote about its end, as an error that says what to do.
Error sshError(const SshTarget &target, const QByteArray &stderrText);

} // namespace tk::remote
