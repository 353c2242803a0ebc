#include "history/run_notes.h"

#include "base/logging.h"

#include <algorithm>

namespace tk::history {

namespace {

constexpr const char *first = "first";
constexpr const char *aliveAt = "alive";
constexpr const char *stoppedAt = "stopped"; // empty while an engine runs

} // namespace

RunNotes::RunNotes(GapKeeper &gaps, QString exchange)
    : m_gaps(&gaps)
    , m_exchange(std::move(exchange))
{}

QString RunNotes::key(const char *fact) const
{
    return QLatin1StringView(fact) + u':' + m_exchange;
}

QString RunNotes::read(const char *fact)
{
    const auto note = m_gaps->ledger().note(key(fact));
    return note ? note->value_or(QString()) : QString();
}

void RunNotes::write(const char *fact, const QString &value)
{
    if (const Status status = m_gaps->note(key(fact), value); !status)
        qCWarning(lcHistory).noquote() << status.error().message;
}

void RunNotes::begin(UtcTime startedAt)
{
    m_startedAt = startedAt;
    m_firstRun = startedAt;
    if (const auto since = parseUtcTime(read(first)))
        m_firstRun = std::min(*since, startedAt);
    else
        writeFirstRun();
}

void RunNotes::writeFirstRun()
{
    write(first, isoText(m_firstRun));
}

std::optional<UtcTime> RunNotes::lastRunEnded()
{
    const QString stopped = read(stoppedAt);
    const auto ended = parseUtcTime(stopped.isEmpty() ? read(aliveAt) : stopped);
    return ended ? std::optional(*ended) : std::nullopt;
}

QString RunNotes::howItEnded()
{
    const QString when = read(stoppedAt);
    return when.isEmpty() ? QStringLiteral("engine ended without a clean stop")
                          : QStringLiteral("engine stopped at %1").arg(when);
}

void RunNotes::collecting()
{
    write(stoppedAt, {});
}

// Not told when it fails: ten seconds later it is tried again, and the keeper tells of a ledger that takes nothing.
void RunNotes::alive(UtcTime at)
{
    static_cast<void>(m_gaps->note(key(aliveAt), isoText(at)));
}

void RunNotes::stopped(UtcTime at)
{
    write(stoppedAt, isoText(at));
}

} // namespace tk::history
