// What happened to the engine, as people read it later: one line each, and incidents that last. Values.
#pragma once

#include "base/time.h"

#include <QString>
#include <QStringList>

#include <array>
#include <optional>
#include <string_view>

namespace tk::alert {

enum class EventKind : quint8 {
    Incident,   // lasts from its first sign until all is well and repaired again
    Streams,    // went stale or silent, or came back
    Connection, // lost, refused, connected again, rotated
    Gap,        // opened, repaired, unfillable
    Backfill,   // what somebody asked for
    Store,      // the store or the database does not take records, or does again
    History,    // REST does not work, or does again; the clock
    Listing,    // pairs came or went
    Config,     // settings changed
    Engine,     // started, stopped
    Host,       // another computer: away, back, its units and files; what somebody did there
};

inline constexpr std::array<std::string_view, 11> eventKindNames{
    "incident", "streams", "connection", "gap", "backfill", "store", "history", "listing", "config", "engine", "host"};

enum class Severity : quint8 {
    Info,    // for the record
    Good,    // something that was wrong is well again
    Warning, // wrong, and being taken care of
    Trouble, // wrong, and may need a person
};

inline constexpr std::array<std::string_view, 4> severityNames{"info", "good", "warning", "trouble"};

struct Event
{
    qint64 id = 0; // given by the log; a later event of the same id replaces the earlier
    UtcTime time{};
    UtcTime until{}; // of what lasts; equal to `time`: a moment; 0: it lasts still
    EventKind kind = EventKind::Engine;
    Severity severity = Severity::Info;
    QString exchange{};
    QString subject{}; // "market#2", "InfluxDB"; may be empty
    QString title{};   // "Stream stale"
    QString detail{};  // "BTC, ETH, SOL · 3m · no data since 09:51:00"
    QStringList pairs{};
    UtcTime from{};      // the data concerned; 0: none
    UtcTime to{};        // 0: up to now
    qint64 incident = 0; // id of the incident it belongs to; 0: none

    bool lasts() const { return toMs(until) == 0; }
    bool isMoment() const { return until == time; }
    bool operator==(const Event &) const = default;
};

} // namespace tk::alert
