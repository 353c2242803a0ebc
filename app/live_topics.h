// What the engine's snapshots look like on the link: objects by topic and key ("streams", "connections", "history",
// "store", "database", "gaps", "engine"). Times are ISO 8601 and null where there is none; spans are milliseconds.
#pragma once

#include "app/metrics_bridge.h"
#include "link/live_state.h"

#include <QJsonObject>

#include <optional>

namespace tk::app {

QJsonValue timeValue(UtcTime time);
QString stateText(StreamState state);
bool isSick(StreamState state); // stale or silent

QJsonObject streamObject(const feed::StreamRow &row);
QJsonObject connectionObject(const QString &exchange, const feed::ConnectionRow &row);
QJsonObject feedCounts(const feed::FeedSnapshot &feed); // streams by state, totals
QJsonObject historyObject(const history::HistorySnapshot &history);
QJsonObject storeObject(const store::StoreSnapshot &store);
QJsonObject databaseObject(const store::influx::SenderSnapshot &sender, const store::influx::AuditSnapshot *audit);
QJsonObject gapObject(const Gap &gap);

// Brings the live state up to the snapshots; what is gone is removed.
void showTopics(const Snapshots &snapshots, const QJsonObject &engine, link::LiveState &state);

} // namespace tk::app
