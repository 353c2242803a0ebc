#include "remote/script.h"

#include "remote/ssh_command.h"

#include <QUuid>

namespace tk::remote {

Script::Script()
    : m_mark("tk-" + QUuid::createUuid().toByteArray(QUuid::Id128))
{}

Script &Script::part(const QString &name, const QString &commands)
{
    m_names.append(name);
    m_body += QStringLiteral("{ %1\n} </dev/null\nprintf '\\n%2 %3 %s\\n' \"$?\"\n")
                  .arg(commands, QString::fromLatin1(m_mark), name);
    return *this;
}

QString Script::text() const
{
    // Times and texts as they are parsed, wherever the host stands; no pager, no colours.
    return QStringLiteral("LC_ALL=C TZ=UTC SYSTEMD_PAGER= SYSTEMD_COLORS=0\nexport LC_ALL TZ SYSTEMD_PAGER "
                          "SYSTEMD_COLORS\n") +
           m_body;
}

Result<QHash<QString, PartAnswer>> Script::answer(const QByteArray &out) const
{
    QHash<QString, PartAnswer> parts;
    qsizetype at = 0;
    for (const QString &name : m_names) {
        const QByteArray mark = '\n' + m_mark + ' ' + name.toLatin1() + ' ';
        const qsizetype end = out.indexOf(mark, at);
        const qsizetype line = end < 0 ? -1 : out.indexOf('\n', end + mark.size());
        if (line < 0)
            return Error{
                Error::Kind::Network,
                QStringLiteral("the answer ended early (at \"%1\"): the connection was lost, or the login shell "
                               "is no POSIX shell")
                    .arg(name),
                true};
        PartAnswer &part = parts[name];
        part.out = out.mid(at, end - at);
        part.code = out.mid(end + mark.size(), line - end - mark.size()).toInt();
        at = line + 1;
    }
    return parts;
}

} // namespace tk::remote
