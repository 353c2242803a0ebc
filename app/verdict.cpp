#include "app/verdict.h"

#include "app/live_topics.h"
#include "app/store_health.h"

#include <QJsonArray>
#include <QLocale>
#include <QSet>

#include <algorithm>

namespace tk::app {

namespace {

// One thing that is wrong, in a few words.
struct Brief
{
    QString what;
    UtcTime since{};
    QString done; // about it; empty: nothing can be
};

QString minuteOf(UtcTime time)
{
    return isoText(time).mid(11, 5);
}

QString sizeOf(qint64 bytes)
{
    return QLocale::c().formattedDataSize(bytes, 0, QLocale::DataSizeSIFormat);
}

QString counted(qint64 count, const QString &one, const QString &many)
{
    return count == 1 ? one : many.arg(count);
}

// What a feed's sick streams have in common; into `few` where they belong to less than half of its pairs.
void addFeed(const feed::FeedSnapshot &feed, const history::HistorySnapshot *history, const QString &who,
             std::vector<Brief> &briefs, std::vector<Brief> &few)
{
    if (feed.streams.empty()) {
        const bool known = history && history->instruments_known;
        briefs.push_back({who + QStringLiteral("nothing collected"), feed.waiting_since,
                          known ? QStringLiteral("no configured pair is listed")
                                : QStringLiteral("waiting for the instrument list")});
        return;
    }
    QSet<QString> pairs;
    QSet<QString> sick;
    UtcTime since{};
    bool candlesOnly = true;
    bool marksOnly = true;
    for (const feed::StreamRow &row : feed.streams) {
        pairs.insert(row.key.pair);
        if (!isSick(row.state))
            continue;
        sick.insert(row.key.pair);
        since = toMs(since) == 0 ? row.since : std::min(since, row.since);
        candlesOnly = candlesOnly && row.key.kind == StreamKind::Candles;
        marksOnly = marksOnly && row.key.kind == StreamKind::MarkPrice;
    }
    if (sick.isEmpty())
        return;
    const QString kind = candlesOnly ? QStringLiteral("without candles")
                         : marksOnly ? QStringLiteral("without marks")
                                     : QStringLiteral("stale");
    const auto down = std::ranges::count_if(feed.connections, [](const feed::ConnectionRow &row) { return !row.up; });
    const QString done = down == 0                                    ? QStringLiteral("asking again")
                         : down == qsizetype(feed.connections.size()) ? QStringLiteral("reconnecting")
                                                                      : QStringLiteral("%1 reconnecting").arg(down);
    (2 * sick.size() < pairs.size() ? few : briefs)
        .push_back(
            {who + QStringLiteral("%1 of %2 pairs %3").arg(sick.size()).arg(pairs.size()).arg(kind), since, done});
}

// Records that are taken nowhere, or were taken and are gone.
std::vector<Brief> storeBriefs(const Snapshots &snapshots)
{
    std::vector<Brief> briefs;
    if (snapshots.store && !snapshots.store->trouble.isEmpty())
        briefs.push_back({QStringLiteral("the store takes no records"), snapshots.store->trouble_since, {}});
    if (const auto &sender = snapshots.sender; sender && !sender->trouble.isEmpty())
        // One that refuses (a password, a name) is there, and waits for a person.
        briefs.push_back({sender->state == store::influx::SenderSnapshot::State::Parked
                              ? QStringLiteral("the database refuses everything")
                              : QStringLiteral("database away"),
                          sender->trouble_since,
                          QStringLiteral("%1 in the spool").arg(sizeOf(sender->spool.waitingBytes()))});
    if (const LedgerTrouble ledger = ledgerTrouble(snapshots); !ledger.text.isEmpty())
        briefs.push_back(
            {QStringLiteral("the gap ledger takes nothing"), ledger.since, QStringLiteral("trying again")});
    qint64 lost = 0;
    bool repairing = true;
    for (const auto &history : snapshots.histories) {
        lost += qint64(history->loss_gaps);
        repairing = repairing && (history->loss_gaps == 0 || history->repairing);
    }
    if (lost > 0)
        briefs.push_back({QStringLiteral("stored data is gone, %1 left")
                              .arg(counted(lost, QStringLiteral("1 gap"), QStringLiteral("%1 gaps"))),
                          {},
                          repairing ? QStringLiteral("fetching it again") : QString()});
    return briefs;
}

// As the frames have it, at once; else as the exchange said when it was last asked.
void addClock(const history::HistorySnapshot &history, const feed::FeedSnapshot *feed, const QString &who,
              std::vector<Brief> &briefs)
{
    const bool seen = feed && feed->clock_offset.count() != 0;
    const milliseconds offset = std::chrono::abs(seen ? feed->clock_offset : history.clock_offset);
    if (seen || offset > clockOffsetAlarm)
        briefs.push_back({who + QStringLiteral("clock off by %1 s").arg(double(offset.count()) / 1000, 0, 'f', 1),
                          seen ? feed->clock_since : UtcTime{}, QStringLiteral("check NTP")});
}

void addHistory(const history::HistorySnapshot &history, const QString &who, std::vector<Brief> &briefs)
{
    if (!history.trouble.isEmpty())
        briefs.push_back(
            {who + QStringLiteral("history does not work"), history.trouble_since, QStringLiteral("trying again")});
    if (history.refused_gaps > 0)
        briefs.push_back({QStringLiteral("the database refuses %1")
                              .arg(counted(history.refused_gaps, QStringLiteral("1 gap"), QStringLiteral("%1 gaps"))),
                          {},
                          QStringLiteral("see dead-letters")});
    if (const auto missing = history.not_collected.size(); missing > 0)
        briefs.push_back({missing == 1 ? QStringLiteral("%1 is not collected").arg(history.not_collected.front().pair)
                                       : QStringLiteral("%1 wanted pairs are not collected").arg(missing),
                          {},
                          {}});
}

// The worst first, since there is room for one: a feed most of whose pairs are sick, then the store, then single pairs.
std::vector<Brief> briefsOf(const EngineFacts &facts, const Snapshots &snapshots)
{
    std::vector<Brief> briefs;
    std::vector<Brief> fewPairs;
    // Where there is one exchange, nobody asks whose pairs they are.
    const auto who = [several = facts.exchanges.size() > 1](const QString &exchange) {
        return several ? exchange + QStringLiteral(": ") : QString();
    };
    for (const auto &feed : snapshots.feeds)
        addFeed(*feed, snapshots.histories.value(feed->exchange).get(), who(feed->exchange), briefs, fewPairs);
    const std::vector<Brief> ofStore = storeBriefs(snapshots);
    briefs.insert(briefs.end(), ofStore.begin(), ofStore.end());
    briefs.insert(briefs.end(), fewPairs.begin(), fewPairs.end());
    for (const auto &history : snapshots.histories) {
        addHistory(*history, who(history->exchange), briefs);
        addClock(*history, snapshots.feeds.value(history->exchange).get(), who(history->exchange), briefs);
    }
    for (const alert::HostSigns &host : facts.hosts) {
        if (host.known && !host.up)
            briefs.push_back({QStringLiteral("%1 unreachable").arg(host.name), {}, {}});
        else if (host.known && !host.troubles.empty())
            briefs.push_back({QStringLiteral("%1: %2").arg(host.name, host.troubles.front().title.toLower()), {}, {}});
    }
    return briefs;
}

// What is repaired, filled or waits for that.
QStringList workOf(const EngineFacts &facts, const Snapshots &snapshots)
{
    qint64 gaps = 0;
    bool moves = !snapshots.store || snapshots.store->trouble.isEmpty();
    qint64 wanted = 0;
    qint64 fetched = 0;
    bool planned = false;
    for (const auto &history : snapshots.histories) {
        planned |= history->fill.planned && history->trouble.isEmpty();
        gaps += qint64(history->open_gaps.size()) - qint64(history->refused_gaps); // those wait for the database
        moves = moves && history->repairing;
        if (history->fill.active) {
            wanted += history->fill.wanted;
            fetched += history->fill.fetched;
        }
    }
    QStringList work;
    if (planned)
        work.append(QStringLiteral("what history lacks is looked for soon"));
    if (gaps > 0)
        work.append(moves ? counted(gaps, QStringLiteral("repairing 1 gap"), QStringLiteral("repairing %1 gaps"))
                          : counted(gaps, QStringLiteral("1 gap waits"), QStringLiteral("%1 gaps wait")));
    if (wanted > 0) // the last answers (funding, the youngest minute) are still to come while it is active
        work.append(QStringLiteral("filling history, %1 %").arg(std::min<qint64>(99, 100 * fetched / wanted)));
    if (facts.backfill)
        work.append(facts.backfill->wanted == 0
                        ? QStringLiteral("backfill planned")
                        : QStringLiteral("backfill %1 %").arg(100 * facts.backfill->settled / facts.backfill->wanted) +
                              (facts.backfill->left.count() > 0
                                   ? QStringLiteral(", %1 left").arg(ageText(facts.backfill->left))
                                   : QString()));
    return work;
}

// What is lost: "nothing" is a claim, and holds only where nothing is unfillable.
QString lossOf(const Snapshots &snapshots)
{
    qint64 unfillable = 0;
    for (const auto &history : snapshots.histories)
        unfillable += qint64(history->gaps_unfillable + history->unfillable_before);
    return unfillable == 0
               ? QStringLiteral("nothing lost so far")
               : counted(unfillable, QStringLiteral("1 gap unfillable"), QStringLiteral("%1 gaps unfillable"));
}

// Pairs of which a stream has shown nothing yet (acknowledged is not alive), or has not closed a candle.
QString waitingText(const Snapshots &snapshots)
{
    qsizetype waiting = 0;
    qsizetype all = 0;
    for (const auto &feed : snapshots.feeds) {
        QHash<QString, bool> pairs; // by name: some stream waits
        for (const feed::StreamRow &row : feed->streams) {
            if (!row.rare && row.state != StreamState::Ended)
                pairs[row.key.pair] |= (!delivers(row.state) && !isSick(row.state)) || row.unclosed;
        }
        waiting += std::ranges::count(pairs, true);
        all += pairs.size();
    }
    return waiting == 0 ? QString() : QStringLiteral("%1 of %2 pairs wait for data").arg(waiting).arg(all);
}

QString calmText(const Snapshots &snapshots)
{
    int live = 0;
    int quiet = 0;
    for (const auto &feed : snapshots.feeds) {
        QHash<QString, bool> pairs; // by name: all of its candles quiet
        for (const feed::StreamRow &row : feed->streams) {
            if (row.state != StreamState::Ended)
                pairs[row.key.pair] |= row.state == StreamState::Quiet;
        }
        quiet += int(std::ranges::count(pairs, true));
        live += int(std::ranges::count(pairs, false));
    }
    return quiet == 0 ? QStringLiteral("all %1 pairs live").arg(live)
                      : QStringLiteral("%1 pairs live, %2 without trades now").arg(live).arg(quiet);
}

// In the order of their weight, as many as there is room for; the first and the last always.
QString sentence(const QStringList &parts)
{
    const QString dot = QStringLiteral(" · ");
    QStringList chosen = parts;
    while (chosen.join(dot).size() > Verdict::longest && chosen.size() > 2)
        chosen.removeAt(chosen.size() - 2);
    const QString text = chosen.join(dot);
    return text.size() > Verdict::longest ? text.left(Verdict::longest - 1) + u'…' : text;
}

} // namespace

Verdict verdictOf(const EngineFacts &facts, const Snapshots &snapshots, const QStringList &reasons)
{
    const std::vector<Brief> briefs = briefsOf(facts, snapshots);
    const QStringList work = workOf(facts, snapshots);
    const QString waiting = waitingText(snapshots);
    const bool known = !snapshots.feeds.isEmpty() || !snapshots.histories.isEmpty();
    Verdict verdict{.parts = reasons};
    for (const Brief &brief : briefs) {
        if (toMs(brief.since) != 0)
            verdict.since = toMs(verdict.since) == 0 ? brief.since : std::min(verdict.since, brief.since);
    }
    QStringList text;
    if (!reasons.isEmpty() || !briefs.empty()) {
        verdict.level = Verdict::Level::Trouble;
        // What the words above do not cover is told as it stands.
        const Brief first = briefs.empty() ? Brief{reasons.front(), {}, {}} : briefs.front();
        text.append(first.what +
                    (toMs(first.since) == 0 ? QString() : QStringLiteral(" since %1").arg(minuteOf(first.since))));
        if (briefs.size() > 1)
            text.append(briefs.size() == 2 ? briefs[1].what : QStringLiteral("%1 more").arg(briefs.size() - 1));
        if (!first.done.isEmpty())
            text.append(first.done);
        text += work;
    } else if (!known) {
        verdict.text = QStringLiteral("starting: nothing is known yet");
        return verdict;
    } else if (!work.isEmpty()) {
        verdict.level = Verdict::Level::Warning;
        if (!waiting.isEmpty())
            text.append(waiting);
        text += work;
    } else if (!waiting.isEmpty()) {
        verdict.level = Verdict::Level::Waiting;
        text.append(waiting);
    } else {
        verdict.level = Verdict::Level::Well;
        text.append(calmText(snapshots));
    }
    text.append(lossOf(snapshots));
    verdict.text = sentence(text);
    return verdict;
}

QJsonObject verdictObject(const Verdict &verdict)
{
    const std::string_view level = verdictNames[size_t(verdict.level)];
    return {{QStringLiteral("level"), QString::fromLatin1(level.data(), qsizetype(level.size()))},
            {QStringLiteral("text"), verdict.text},
            {QStringLiteral("parts"), QJsonArray::fromStringList(verdict.parts)},
            {QStringLiteral("since"), timeValue(verdict.since)}};
}

} // namespace tk::app
