#include "app/engine_status.h"

#include "app/live_topics.h"
#include "app/store_health.h"

#include <QCoreApplication>
#include <QJsonArray>

namespace tk::app {

namespace {

constexpr milliseconds offsetAlarm{500}; // as history warns of

QJsonObject exchangeObject(const feed::FeedSnapshot &feed, QStringList &reasons)
{
    QJsonObject object = feedCounts(feed);
    QJsonArray sick;
    for (const feed::StreamRow &row : feed.streams) {
        if (isSick(row.state))
            sick.append(streamObject(row));
    }
    QJsonArray connections;
    for (const feed::ConnectionRow &row : feed.connections) {
        connections.append(connectionObject(feed.exchange, row));
        if (!row.up)
            reasons.append(
                QStringLiteral("%1: connection %2 is down: %3").arg(feed.exchange, row.label, row.down_cause));
    }
    object.insert(QStringLiteral("sick_streams"), sick);
    object.insert(QStringLiteral("connections"), connections);
    const int delivering =
        feed.count(StreamState::Live) + feed.count(StreamState::Quiet) + feed.count(StreamState::Late);
    if (feed.streams.empty())
        reasons.append(QStringLiteral("%1: no streams yet: waiting for the instrument list").arg(feed.exchange));
    else if (delivering == 0)
        reasons.append(QStringLiteral("%1: no stream delivers yet").arg(feed.exchange));
    if (!sick.isEmpty())
        reasons.append(QStringLiteral("%1: %2 of %3 streams are stale or silent")
                           .arg(feed.exchange)
                           .arg(sick.size())
                           .arg(feed.streams.size()));
    return object;
}

} // namespace

QJsonObject engineObject(const EngineFacts &facts)
{
    return {{QStringLiteral("version"), QStringLiteral(TAPEKEEPER_VERSION)},
            {QStringLiteral("pid"), QCoreApplication::applicationPid()},
            {QStringLiteral("started"), timeValue(facts.started)},
            {QStringLiteral("now"), isoText(facts.now, true)},
            {QStringLiteral("data_dir"), facts.data_dir},
            {QStringLiteral("config_file"), facts.config_file},
            {QStringLiteral("exchanges"), QJsonArray::fromStringList(facts.exchanges)},
            {QStringLiteral("majors"), QJsonArray::fromStringList(facts.majors)}};
}

QJsonObject statusObject(const EngineFacts &facts, const Snapshots &snapshots)
{
    QStringList reasons;
    QJsonArray exchanges;
    qint64 gapsOpen = 0;
    for (const QString &name : facts.exchanges) {
        QJsonObject exchange{{QStringLiteral("name"), name}};
        if (const auto feed = snapshots.feeds.value(name)) {
            const QJsonObject feedPart = exchangeObject(*feed, reasons);
            for (auto entry = feedPart.constBegin(); entry != feedPart.constEnd(); ++entry)
                exchange.insert(entry.key(), entry.value());
        } else {
            reasons.append(QStringLiteral("%1: the feed has not started yet").arg(name));
        }
        if (const auto history = snapshots.histories.value(name)) {
            exchange.insert(QStringLiteral("history"), historyObject(*history));
            gapsOpen += qint64(history->open_gaps.size());
            if (!history->trouble.isEmpty())
                reasons.append(QStringLiteral("%1: history does not work: %2").arg(name, history->trouble));
            if (history->clock_offset > offsetAlarm || history->clock_offset < -offsetAlarm)
                reasons.append(QStringLiteral("%1: the clock differs by %2 ms from the exchange's; check NTP")
                                   .arg(name)
                                   .arg(history->clock_offset.count()));
        } else {
            reasons.append(QStringLiteral("%1: history has not started yet").arg(name));
        }
        exchanges.append(exchange);
    }
    if (snapshots.store && !snapshots.store->trouble.isEmpty())
        reasons.append(QStringLiteral("the store does not take records: %1").arg(snapshots.store->trouble));
    if (snapshots.sender && !snapshots.sender->trouble.isEmpty())
        reasons.append(QStringLiteral("the database does not take records: %1 (%2 bytes are safe in the spool)")
                           .arg(snapshots.sender->trouble)
                           .arg(snapshots.sender->spool.waitingBytes()));
    reasons += storeLosses(snapshots) + databaseRefusals(snapshots) + lastingGaps(snapshots);
    QJsonObject engine = engineObject(facts);
    engine.insert(QStringLiteral("uptime_ms"), qint64(facts.uptime.count()));
    return {{QStringLiteral("ok"), reasons.isEmpty()},
            {QStringLiteral("reasons"), QJsonArray::fromStringList(reasons)},
            {QStringLiteral("engine"), engine},
            {QStringLiteral("exchanges"), exchanges},
            {QStringLiteral("store"), snapshots.store ? QJsonValue(storeObject(*snapshots.store)) : QJsonValue()},
            {QStringLiteral("database"),
             snapshots.sender ? QJsonValue(databaseObject(*snapshots.sender, snapshots.audit.get())) : QJsonValue()},
            {QStringLiteral("gaps_open"), gapsOpen}};
}

} // namespace tk::app
