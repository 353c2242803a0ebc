// What the engine says of itself when it is asked for its status: one object with everything an operator looks at, and
// a verdict.
#pragma once

#include "app/metrics_bridge.h"

#include <QJsonObject>

namespace tk::app {

struct EngineFacts
{
    QString data_dir;
    QStringList exchanges; // that are collected
    UtcTime started{};
    milliseconds uptime{0};
    UtcTime now{};
    QStringList majors{};  // bases
    QString config_file{}; // that it reads, or would; empty: none
    QString http_trouble{};
};

QJsonObject engineObject(const EngineFacts &facts);

// {"ok":bool,"reasons":[…],"engine":{…},"exchanges":[{…}],"store":{…},"gaps_open":n}. Not ok: no stream delivers, a
// stream is stale or silent, a connection is down, history or store have trouble. Open gaps are at work, not a fault.
QJsonObject statusObject(const EngineFacts &facts, const Snapshots &snapshots);

} // namespace tk::app
