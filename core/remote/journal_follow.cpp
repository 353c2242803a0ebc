#include "remote/journal_follow.h"

#include <algorithm>

namespace tk::remote {

using namespace std::chrono_literals;

namespace {

constexpr milliseconds firstDelay = 1s;
constexpr milliseconds lastDelay = 30s;
constexpr qsizetype longestLine = 1 << 20; // bytes; what is longer is left out
constexpr int endWithin = 1'000;           // ms

} // namespace

JournalFollow::JournalFollow(HostChannel &channel, QStringList units, JournalFilter filter, int lines, bool follow,
                             QObject *parent)
    : QObject(parent)
    , m_channel(channel)
    , m_units(std::move(units))
    , m_filter(std::move(filter))
    , m_lines(lines)
    , m_follow(follow)
    , m_delay(firstDelay)
{
    m_again.setSingleShot(true);
    connect(&m_again, &QTimer::timeout, this, &JournalFollow::start);
}

JournalFollow::~JournalFollow()
{
    endProcess();
}

void JournalFollow::endProcess()
{
    if (!m_process)
        return;
    m_process->disconnect(this);
    m_process->kill();
    m_process->waitForFinished(endWithin);
    m_process.release()->deleteLater(); // we may be in its signal
}

// Following from the tail of a filter that matches nothing yet misses what comes (systemd 252): what was is listed
// first, and what comes is followed from behind the last of it; where there was nothing, from behind what the whole
// journal had before the listing.
QString JournalFollow::script() const
{
    QString units;
    for (const QString &unit : m_units)
        units += QStringLiteral(" -u ") + shellQuoted(unit);
    const QString words =
        QStringLiteral("--no-pager -q -o json --output-fields=MESSAGE,PRIORITY,_SYSTEMD_UNIT,UNIT") + units;
    // Who may not read the journal may be allowed to by sudo.
    QString text = QStringLiteral(
        "set -f\nif [ \"$(id -u)\" = 0 ] || id -Gn | tr ' ' '\\n' | grep -qxE 'systemd-journal|adm|wheel'; then "
        "j=journalctl; else j='sudo -n /usr/bin/journalctl'; fi\n");
    if (!m_cursor.isEmpty() && m_follow)
        return text + QStringLiteral("exec $j %1 -f --no-tail --after-cursor=%2").arg(words, shellQuoted(m_cursor));
    if (!m_follow)
        return text + QStringLiteral("exec $j %1 -n %2").arg(words).arg(m_lines);
    text += QStringLiteral("cursor() { sed -n 's/^-- cursor: //p' | tail -n 1; }\n"
                           "all=$($j --no-pager -q -n 0 --show-cursor) || exit\n"
                           "was=$($j %1 -n %2 --show-cursor)\n"
                           "printf '%s\\n' \"$was\"\n"
                           "c=$(printf '%s\\n' \"$was\" | cursor); [ -n \"$c\" ] || c=$(printf '%s\\n' \"$all\" | "
                           "cursor)\n"
                           "if [ -n \"$c\" ]; then exec $j %1 -f --no-tail --after-cursor=\"$c\"; else exec $j %1 -f "
                           "--no-tail; fi")
                .replace(QStringLiteral("%1"), words)
                .replace(QStringLiteral("%2"), QString::number(m_lines));
    return text;
}

void JournalFollow::start()
{
    m_channel.whenOpen(this, [this](const Status &status) {
        if (status)
            begin();
        else
            retry(status.error());
    });
}

void JournalFollow::begin()
{
    endProcess();
    m_rest.clear();
    m_skipping = false;
    m_process = std::make_unique<QProcess>();
    QProcess *process = m_process.get();
    tieToThisThread(*process);
    connect(process, &QProcess::readyReadStandardOutput, this, &JournalFollow::read);
    connect(process, &QProcess::finished, this, [this, process](int code) {
        read();
        const QByteArray said = process->readAllStandardError();
        if (!m_follow && code == 0) {
            Q_EMIT ended();
            return;
        }
        const QString last = QString::fromUtf8(said).trimmed().section(u'\n', -1);
        if (last.contains(QLatin1String("a password is required")))
            return retry(
                Error{Error::Kind::Refused,
                      QStringLiteral("%1: the journal may not be read: add the user to the group systemd-journal")
                          .arg(m_channel.target().text())});
        retry(sshError(m_channel.target(), said));
    });
    process->start(QStringLiteral("ssh"), m_channel.argumentsFor(script()));
}

void JournalFollow::read()
{
    m_rest += m_process->readAllStandardOutput();
    std::vector<JournalEntry> wanted;
    qsizetype at = 0;
    for (qsizetype end = m_rest.indexOf('\n'); end >= 0; end = m_rest.indexOf('\n', at)) {
        const QByteArray line = QByteArray::fromRawData(m_rest.constData() + at, end - at);
        at = end + 1;
        if (std::exchange(m_skipping, false))
            continue;
        auto entry = parseJournalLine(line);
        if (!entry)
            continue;
        ++m_received;
        m_cursor = entry->cursor;
        if (m_filter.takes(*entry))
            wanted.push_back(std::move(*entry));
    }
    m_rest.remove(0, at);
    if (m_rest.size() > longestLine) {
        m_rest.clear();
        m_skipping = true;
    }
    if (at > 0)
        m_delay = firstDelay;
    if (!wanted.empty())
        Q_EMIT entries(wanted);
}

void JournalFollow::retry(const Error &error)
{
    if (m_follow) {
        m_again.start(m_delay);
        m_delay = std::min(m_delay * 2, lastDelay);
    }
    Q_EMIT interrupted(error);
}

} // namespace tk::remote
