// The engine's state as one honest line: the engine's own verdict while it is in sight, and what is known of it while
// it is not. Pure.
#pragma once

#include "monitor/engine_connection.h"
#include "monitor/health_book.h"

namespace tk::monitor {

enum class Verdict : quint8 {
    Well,
    Waiting, // nothing is known yet
    Warning, // wrong, and being taken care of
    Trouble, // may need a person
    Away,    // the engine cannot be seen
};

struct StatusLine
{
    Verdict verdict = Verdict::Waiting;
    QString text{};
    QStringList parts{}; // each trouble in full, one a line
};

struct StatusFacts
{
    EngineConnection::State connection = EngineConnection::State::Connecting;
    UtcTime last_seen{};
    QString connection_trouble{};
    const HealthBook &health;
};

StatusLine statusLine(const StatusFacts &facts);

} // namespace tk::monitor
