#include "app/engine_status.h"

#include "app/live_topics.h"
#include "app/store_health.h"
#include "app/verdict.h"

#include <QCoreApplication>
#include <QJsonArray>

namespace tk::app {

namespace {

// Nothing is collected: since when, and why.
QString nothingCollected(const feed::FeedSnapshot &feed, const history::HistorySnapshot *history)
{
    const QString why = !history                      ? QStringLiteral("history has not started yet")
                        : !history->trouble.isEmpty() ? history->trouble
                        : !history->instruments_known ? QStringLiteral("the instrument list has not come")
                                                      : QStringLiteral("none of the configured pairs is listed");
    return QStringLiteral("%1: nothing is collected since %2: %3")
        .arg(feed.exchange, isoText(feed.waiting_since).mid(11, 8), why);
}

// "70.0 s ahead of", "12.0 s behind".
QString offsetText(milliseconds offset)
{
    return QStringLiteral("%1 s %2")
        .arg(double(std::chrono::abs(offset).count()) / 1000, 0, 'f', 1)
        .arg(offset.count() > 0 ? QStringLiteral("ahead of") : QStringLiteral("behind"));
}

QJsonObject exchangeObject(const feed::FeedSnapshot &feed)
{
    QJsonObject object = feedCounts(feed);
    QJsonArray sick;
    for (const feed::StreamRow &row : feed.streams) {
        if (isSick(row.state))
            sick.append(streamObject(row));
    }
    QJsonArray connections;
    for (const feed::ConnectionRow &row : feed.connections)
        connections.append(connectionObject(feed.exchange, row));
    object.insert(QStringLiteral("sick_streams"), sick);
    object.insert(QStringLiteral("connections"), connections);
    return object;
}

// It tells every second: what it told before it fell silent is no news of now.
constexpr milliseconds feedSilence{4'000};

void addFeedReasons(const feed::FeedSnapshot &feed, const history::HistorySnapshot *history, const EngineFacts &facts,
                    QStringList &reasons)
{
    if (facts.now - feed.at > feedSilence + 2 * facts.pause)
        reasons.append(
            QStringLiteral("%1: the feed does not answer since %2").arg(feed.exchange, isoText(feed.at).mid(11, 8)));
    for (const feed::ConnectionRow &row : feed.connections) {
        if (!row.up)
            reasons.append(
                row.down_cause.isEmpty()
                    ? QStringLiteral("%1: connection %2 is not open yet").arg(feed.exchange, row.label)
                    : QStringLiteral("%1: connection %2 is down: %3").arg(feed.exchange, row.label, row.down_cause));
    }
    if (feed.streams.empty())
        reasons.append(nothingCollected(feed, history));
    for (const QString &kind : feed.kindsWithoutData()) {
        const UtcTime last = feed.newestOf(kind);
        reasons.append(
            toMs(last) == 0
                ? QStringLiteral("%1: no %2 have come yet").arg(feed.exchange, kind)
                : QStringLiteral("%1: no %2 come; the last at %3").arg(feed.exchange, kind, isoText(last).mid(11, 8)));
    }
    if (feed.clock_offset.count() != 0)
        reasons.append(QStringLiteral("%1: the event times of all frames are %2 our clock since %3; check NTP")
                           .arg(feed.exchange, offsetText(feed.clock_offset), isoText(feed.clock_since).mid(11, 8)));
    const int sick = feed.count(StreamState::Stale) + feed.count(StreamState::Silent);
    if (sick > 0)
        reasons.append(QStringLiteral("%1: %2 of %3 streams are stale or silent")
                           .arg(feed.exchange)
                           .arg(sick)
                           .arg(feed.streams.size()));
}

void addHistoryReasons(const history::HistorySnapshot &history, QStringList &reasons)
{
    for (const exchange::NotCollected &one : history.not_collected)
        reasons.append(
            QStringLiteral("%1: %2 is wanted and not collected: %3").arg(history.exchange, one.pair, one.cause));
    if (!history.trouble.isEmpty())
        reasons.append(QStringLiteral("%1: history does not work: %2").arg(history.exchange, history.trouble));
    if (!history.ledger_trouble.isEmpty())
        reasons.append(QStringLiteral("%1: the gap ledger takes nothing, gaps are kept in memory: %2")
                           .arg(history.exchange, history.ledger_trouble));
    if (std::chrono::abs(history.clock_offset) > clockOffsetAlarm)
        reasons.append(QStringLiteral("%1: the clock differs by %2 ms from the exchange's; check NTP")
                           .arg(history.exchange)
                           .arg(history.clock_offset.count()));
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

QStringList statusReasons(const EngineFacts &facts, const Snapshots &snapshots)
{
    QStringList reasons;
    if (!facts.http_trouble.isEmpty())
        reasons.append(QStringLiteral("metrics and health cannot be asked for: %1").arg(facts.http_trouble));
    for (const QString &name : facts.exchanges) {
        const auto history = snapshots.histories.value(name);
        if (const auto feed = snapshots.feeds.value(name))
            addFeedReasons(*feed, history.get(), facts, reasons);
        else
            reasons.append(QStringLiteral("%1: the feed has not started yet").arg(name));
        if (history)
            addHistoryReasons(*history, reasons);
        else
            reasons.append(QStringLiteral("%1: history has not started yet").arg(name));
    }
    if (snapshots.store && !snapshots.store->trouble.isEmpty())
        reasons.append(QStringLiteral("the store does not take records: %1").arg(snapshots.store->trouble));
    if (snapshots.sender && !snapshots.sender->trouble.isEmpty())
        reasons.append(QStringLiteral("the database does not take records: %1 (%2 bytes are safe in the spool)")
                           .arg(snapshots.sender->trouble)
                           .arg(snapshots.sender->spool.waitingBytes()));
    reasons += storeLosses(snapshots) + databaseRefusals(snapshots) + lastingGaps(snapshots);
    if (reasons.isEmpty())
        reasons = facts.not_ready; // what is ok must be ready, too
    return reasons;
}

QJsonObject statusObject(const EngineFacts &facts, const Snapshots &snapshots)
{
    const QStringList reasons = statusReasons(facts, snapshots);
    QJsonArray exchanges;
    qint64 gapsOpen = 0;
    for (const QString &name : facts.exchanges) {
        QJsonObject exchange{{QStringLiteral("name"), name}};
        if (const auto feed = snapshots.feeds.value(name)) {
            const QJsonObject feedPart = exchangeObject(*feed);
            for (auto entry = feedPart.constBegin(); entry != feedPart.constEnd(); ++entry)
                exchange.insert(entry.key(), entry.value());
        }
        if (const auto history = snapshots.histories.value(name)) {
            exchange.insert(QStringLiteral("history"), historyObject(*history));
            QJsonArray missing;
            for (const exchange::NotCollected &one : history->not_collected)
                missing.append(QJsonObject{{QStringLiteral("pair"), one.pair}, {QStringLiteral("cause"), one.cause}});
            exchange.insert(QStringLiteral("not_collected"), missing);
            gapsOpen += qint64(history->open_gaps.size());
        }
        exchanges.append(exchange);
    }
    QJsonObject engine = engineObject(facts);
    engine.insert(QStringLiteral("uptime_ms"), qint64(facts.uptime.count()));
    return {{QStringLiteral("ok"), reasons.isEmpty()},
            {QStringLiteral("reasons"), QJsonArray::fromStringList(reasons)},
            {QStringLiteral("verdict"), verdictObject(verdictOf(facts, snapshots, reasons))},
            {QStringLiteral("engine"), engine},
            {QStringLiteral("exchanges"), exchanges},
            {QStringLiteral("store"),
             snapshots.store ? QJsonValue(storeObject(*snapshots.store, storeLosses(snapshots))) : QJsonValue()},
            {QStringLiteral("database"),
             snapshots.sender ? QJsonValue(databaseObject(*snapshots.sender, snapshots.audit.get())) : QJsonValue()},
            {QStringLiteral("gaps_open"), gapsOpen}};
}

} // namespace tk::app
