// What the engine's snapshots look like on the link: objects by topic and key ("pairs" (see pair_topic.h), "feed",
// "connections", "history", "store", "database", "gaps", "engine", "process", and "candles": the closed and the forming
// candle of each series that somebody looks at). Times are ISO 8601 and null where there is none; spans are
// milliseconds.
#pragma once

#include "app/metrics_bridge.h"
#include "app/pair_topic.h"
#include "link/live_state.h"

#include <QJsonObject>

#include <optional>

namespace tk::app {

QJsonValue timeValue(UtcTime time);
QString stateText(StreamState state);

QJsonObject streamObject(const feed::StreamRow &row);
QJsonObject connectionObject(const QString &exchange, const feed::ConnectionRow &row);
QJsonObject feedCounts(const feed::FeedSnapshot &feed); // streams by state, totals
QJsonObject historyObject(const history::HistorySnapshot &history);
QJsonObject storeObject(const store::StoreSnapshot &store, const QStringList &losses);
QJsonObject databaseObject(const store::influx::SenderSnapshot &sender, const store::influx::AuditSnapshot *audit);
QJsonObject gapObject(const Gap &gap, const QString &waits); // `waits`: why nothing can be repaired, if so

// Brings the live state up to the snapshots; what is gone is removed.
void showTopics(const Snapshots &snapshots, const LastStored &stored, const QJsonObject &engine,
                link::LiveState &state);

void showCandles(const std::vector<feed::LiveCandles> &candles, link::LiveState &state);
void forgetCandles(const QStringList &watched, link::LiveState &state); // of series that nobody looks at any more

} // namespace tk::app
