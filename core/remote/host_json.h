// What is known of hosts, as the link tells it. Times are milliseconds since 1970, 0 where there is none; lights are
// "ok", "warning" and "bad". Pure.
#pragma once

#include "remote/host_check.h"
#include "remote/host_key.h"
#include "remote/host_watch.h"
#include "remote/journal_entry.h"

#include <QJsonObject>

namespace tk::remote {

// The topic "hosts", by name:
//   {"place","target","state":"unknown"|"up"|"unreachable","light","since","looked","error","behind_ms","clock_offset_ms",
//    "troubles":[{"light","title","text"}],
//    "units":[{"name","text","light","description","active","sub","enabled","result","since","next_run","last_run",
//              "restarts","memory","configured"}],
//    "folders":[{"folder","trouble","files","disk_free","disk_total","groups":[{"timeframe","content","files","unread","ended",
//                "oldest","newest","oldest_file","lag_ms","written","stale"}]}]}
// "place" is its place in the configuration; what is not known is left out.
QJsonObject hostObject(const config::HostSettings &settings, const HostReport &report, int place);

QJsonObject toJson(const CheckStep &step);   // {"step","state":"ok"|"failed"|"skipped","text"}
QJsonObject toJson(const KeyReport &report); // {"state":"known"|"unknown"|"changed","type","fingerprint","known":[..]}
QJsonObject toJson(const ActionResult &result); // {"done","unit","text","trouble","journal":[..]}

// {"name","target","user","identity","jump","known_hosts","units":[..],"data":[..]}
config::HostSettings hostFromJson(const QJsonObject &object);

} // namespace tk::remote
