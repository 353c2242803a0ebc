// A shell script of named parts for a remote host, and its answer taken apart again. The end of each part is told with
// its own exit code, which ssh would hide. Pure.
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QHash>
#include <QString>

namespace tk::remote {

struct PartAnswer
{
    QByteArray out{};
    int code = -1; // negative: the part was not reached
};

class Script
{
public:
    Script();

    // `commands` are the shell's, words already quoted. Names are ours: letters, digits, "." and "-".
    Script &part(const QString &name, const QString &commands);
    QString text() const; // for `sh -c`

    // An error where an answer lacks a part: the connection ended, or the other side is no POSIX shell.
    Result<QHash<QString, PartAnswer>> answer(const QByteArray &out) const;

private:
    QByteArray m_mark; // a word that nobody else says
    QStringList m_names;
    QString m_body;
};

} // namespace tk::remote
