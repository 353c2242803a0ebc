#include "monitor/status_sentence.h"

namespace tk::monitor {

namespace {

QString clockOf(UtcTime time)
{
    return isoText(time).mid(11, 8);
}

Verdict verdictFrom(const QString &level)
{
    if (level == QLatin1String("well"))
        return Verdict::Well;
    if (level == QLatin1String("warning"))
        return Verdict::Warning;
    return level == QLatin1String("trouble") ? Verdict::Trouble : Verdict::Waiting;
}

} // namespace

StatusLine statusLine(const StatusFacts &facts)
{
    using State = EngineConnection::State;
    if (facts.connection == State::Lost)
        return {
            Verdict::Away,
            QStringLiteral("disconnected from the engine · last seen %1, trying again").arg(clockOf(facts.last_seen)),
            {facts.connection_trouble}};
    if (facts.connection == State::Silent)
        return {Verdict::Away,
                QStringLiteral("the engine does not answer since %1").arg(clockOf(facts.last_seen)),
                {QStringLiteral("what is shown is of then; nothing newer is known")}};
    if (facts.connection == State::Connecting)
        return {Verdict::Waiting,
                facts.connection_trouble.isEmpty()
                    ? QStringLiteral("connecting to the engine")
                    : QStringLiteral("connecting to the engine · %1").arg(facts.connection_trouble),
                {}};
    const auto &engine = facts.health.engine();
    if (!engine)
        return {Verdict::Waiting, QStringLiteral("connected · nothing is known yet"), {}};
    if (engine->verdict.level.isEmpty())
        return {Verdict::Waiting, QStringLiteral("engine %1 tells no verdict: update it").arg(engine->version), {}};
    return {verdictFrom(engine->verdict.level), engine->verdict.text, engine->verdict.parts};
}

} // namespace tk::monitor
