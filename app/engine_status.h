// What the engine says of itself when it is asked for its status: one object with everything an operator looks at, and
// a verdict.
#pragma once

#include "alert/incident_watch.h"
#include "app/metrics_bridge.h"

#include <QJsonObject>

namespace tk::app {

inline constexpr milliseconds clockOffsetAlarm{500}; // as history warns of

// The backfills under way, as one.
struct BackfillFacts
{
    qint64 wanted = 0;
    qint64 settled = 0;   // fetched, or found to be unfillable
    milliseconds left{0}; // at the pace so far; 0: not known
    std::vector<quint64> ids{};
};

struct EngineFacts
{
    QString data_dir;
    QStringList exchanges; // that are collected
    UtcTime started{};
    milliseconds uptime{0};
    UtcTime now{};
    QStringList majors{};    // bases
    QString config_file{};   // that it reads, or would; empty: none
    milliseconds pause{0};   // of the clock, see Clock::pauseOfMachine()
    QStringList not_ready{}; // what keeps /readyz from being good
    std::vector<alert::HostSigns> hosts{};
    std::optional<BackfillFacts> backfill{}; // nothing: none is under way
    QString http_trouble{};                  // why the metrics port cannot be had; empty: it is open, or not wanted
};

// Why the engine is not ok, a sentence each; what /readyz complains of is among them.
QStringList statusReasons(const EngineFacts &facts, const Snapshots &snapshots);

QJsonObject engineObject(const EngineFacts &facts);

// {"ok":bool,"reasons":[…],"verdict":{…},"engine":{…},"exchanges":[{…}],"store":{…},"gaps_open":n}. Not ok: a kind of
// data does not come, a stream is stale or silent, a connection is down, history or store have trouble. Open gaps are
// at work, not a fault. "verdict" see verdict.h.
QJsonObject statusObject(const EngineFacts &facts, const Snapshots &snapshots);

} // namespace tk::app
