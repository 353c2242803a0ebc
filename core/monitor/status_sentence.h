// The engine's state as one honest line: what is wrong, since when, whether it is being repaired and whether anything
// was lost. Pure.
#pragma once

#include "monitor/engine_connection.h"
#include "monitor/health_book.h"
#include "monitor/host_list.h"
#include "monitor/pair_book.h"

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
    QStringList parts{}; // what the text is made of, one trouble each
};

struct StatusFacts
{
    EngineConnection::State connection = EngineConnection::State::Connecting;
    UtcTime last_seen{};
    QString connection_trouble{};
    const std::vector<PairRow> &pairs;
    const HealthBook &health;
    const std::vector<HostView> *hosts = nullptr; // nothing: none is configured
    UtcTime now{};
};

StatusLine statusLine(const StatusFacts &facts);

} // namespace tk::monitor
