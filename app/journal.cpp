#include "app/journal.h"

#include "app/store_health.h"

#include "alert/event_json.h"
#include "alert/event_words.h"
#include "app/live_topics.h"
#include "app/pair_topic.h"
#include "base/logging.h"

namespace tk::app {

using alert::Event;
using alert::EventKind;
using alert::Severity;

namespace {

constexpr milliseconds lookEvery{1'000}; // of real time
constexpr milliseconds tellRefusalEvery{600'000};
constexpr size_t shown = 100; // of the newest events on the live state

alert::ExchangeSigns signsOf(const feed::FeedSnapshot &feed, const history::HistorySnapshot *history)
{
    alert::ExchangeSigns signs{.exchange = feed.exchange};
    signs.clock_offset = feed.clock_offset;
    for (const feed::StreamRow &row : feed.streams) {
        if (isSick(row.state))
            signs.sick.push_back({row.key.pair, row.key.kindText(), row.state, row.since, row.cause});
    }
    for (const feed::ConnectionRow &row : feed.connections)
        // One that was lost is back when it brings data; a handshake is none.
        signs.connections.push_back({row.label, row.up && (toMs(row.down_since) == 0 || row.delivers()), row.down_since,
                                     row.down_cause, row.streams});
    if (!history)
        return signs;
    for (const Gap &gap : history->open_gaps)
        signs.gaps.push_back({gap.id, gap.stream.pair, gap.from, gap.to, gap.cause});
    for (const Gap &gap : history->lost)
        signs.lost.push_back({gap.id, gap.stream.pair, gap.from, gap.to, gap.cause});
    signs.unfillable = qint64(history->gaps_unfillable);
    signs.refused = qint64(history->refused_gaps);
    signs.rest_trouble = history->trouble;
    return signs;
}

} // namespace

Journal::Journal(const QString &folder, std::shared_ptr<const Clock> clock, const MetricsBridge &bridge,
                 Switchboard &board)
    : m_clock(std::move(clock))
    , m_bridge(bridge)
    , m_log(folder)
    , m_watch([this](const Event &event) { return keep(event); })
{
    if (const Status status = m_log.open(); !status)
        qCWarning(lcApp).noquote() << status.error().message;
    m_lookSoon.setSingleShot(true);
    connect(&m_lookSoon, &QTimer::timeout, this, &Journal::look);
    connect(&bridge, &MetricsBridge::updated, this, [this] {
        if (!m_lookSoon.isActive())
            m_lookSoon.start(lookEvery);
    });
    connect(&board, &Switchboard::backfillDone, this, [this](const history::BackfillProgress &done) {
        note({.kind = EventKind::Backfill,
              .severity = done.unfillable > 0 || !done.problems.isEmpty() ? Severity::Warning : Severity::Good,
              .title = done.cancelled ? QStringLiteral("Backfill cancelled") : QStringLiteral("Backfill done"),
              .detail = QStringLiteral("%1 of %2 missing candles fetched · %3 were there · %4 unfillable%5")
                            .arg(done.fetched)
                            .arg(done.wanted)
                            .arg(done.present)
                            .arg(done.unfillable)
                            .arg(done.problems.isEmpty()
                                     ? QString()
                                     : QStringLiteral(" · ") + done.problems.join(QStringLiteral("; ")))});
    });
    connect(&board, &Switchboard::backfillWanted, this, [this](const history::BackfillRequest &request) {
        note(
            {.kind = EventKind::Backfill,
             .title = QStringLiteral("Backfill asked for"),
             .detail = QStringLiteral("%1 · from %2 to %3")
                           .arg(request.pairs.isEmpty() ? QStringLiteral("all pairs") : alert::pairsText(request.pairs),
                                isoText(request.span.from), isoText(request.span.to)),
             .pairs = request.pairs,
             .from = request.span.from,
             .to = request.span.to});
    });
    connect(&board, &Switchboard::resubscribeWanted, this, [this](const QString &exchange, const QString &pair) {
        note({.kind = EventKind::Connection,
              .exchange = exchange,
              .title = QStringLiteral("Resubscription asked for"),
              .detail = pair.isEmpty() ? QStringLiteral("all stale and silent streams") : pair,
              .pairs = pair.isEmpty() ? QStringList() : QStringList{pair}});
    });
    connect(&board, &Switchboard::storeSetAside, this, &Journal::storeBegunAnew);
    connect(&board, &Switchboard::storeMended, this, [this](const QString &what) {
        note({.kind = EventKind::Store,
              .severity = Severity::Warning,
              .title = QStringLiteral("Store mended"),
              .detail = what});
    });
    connect(&board, &Switchboard::databaseDoubtful, this, [this](const QString &why) {
        note({.kind = EventKind::Store,
              .severity = Severity::Trouble,
              .title = QStringLiteral("Database counted from end to end"),
              .detail = why});
    });
    connect(&board, &Switchboard::databaseLost, this, [this](qint64 points, qint64 resent) {
        note({.kind = EventKind::Store,
              .severity = Severity::Trouble,
              .title = QStringLiteral("The database lost what it had acknowledged"),
              .detail = QStringLiteral("%1 points were not there · %2 sent again from the spool, the rest becomes gaps")
                            .arg(points)
                            .arg(resent)});
    });
    connect(&board, &Switchboard::storeTakesAgain, this, [this](const QString &measurement, bool again) {
        if (!again)
            note({.kind = EventKind::Store,
                  .severity = Severity::Good,
                  .title = QStringLiteral("The database takes again what it refused"),
                  .detail = QStringLiteral("%1 · sent again, and fetched where history has it").arg(measurement)});
    });
    connect(&board, &Switchboard::historyNoted, this, &Journal::historyNoted);
    connect(&board, &Switchboard::storeRefused, this,
            [this](const std::vector<StreamSpan> &spans, const QString &reason) {
                // One event for a cause, however many bodies it spoils.
                const UtcTime now = m_clock->utcNow();
                if (reason == m_refusedFor && now - m_refusedAt < tellRefusalEvery)
                    return;
                m_refusedFor = reason;
                m_refusedAt = now;
                QStringList pairs;
                for (const StreamSpan &span : spans) {
                    if (!pairs.contains(span.stream.pair))
                        pairs.append(span.stream.pair);
                }
                note({.kind = EventKind::Store,
                      .severity = Severity::Trouble,
                      .title = QStringLiteral("The database refused lines"),
                      .detail = QStringLiteral("%1 · %2 · kept as dead letters").arg(alert::pairsText(pairs), reason),
                      .pairs = pairs});
            });
    connect(&board, &Switchboard::instrumentsReady, this,
            [this](const QString &exchange, const std::vector<exchange::Instrument> &,
                   const std::vector<QString> &delisted) {
                // The list comes again and again; those that ended before we began are no news.
                const bool known = m_delisted.contains(exchange);
                QSet<QString> &told = m_delisted[exchange];
                QStringList fresh;
                for (const QString &symbol : delisted) {
                    if (!told.contains(symbol))
                        fresh.append(symbol);
                    told.insert(symbol);
                }
                if (known && !fresh.isEmpty())
                    note({.kind = EventKind::Listing,
                          .severity = Severity::Warning,
                          .exchange = exchange,
                          .title = QStringLiteral("Delisted"),
                          .detail = fresh.join(QStringLiteral(", "))});
            });
    note({.title = QStringLiteral("Engine started"), .detail = QStringLiteral("version " TAPEKEEPER_VERSION)});
}

Journal::~Journal()
{
    m_watch.end(m_clock->utcNow());
    note({.title = QStringLiteral("Engine stopped")});
}

qint64 Journal::keep(const Event &event)
{
    Event kept = event;
    kept.id = m_log.put(event);
    Q_EMIT put(kept);
    return kept.id;
}

void Journal::note(Event event)
{
    event.time = event.until = m_clock->utcNow();
    keep(event);
}

void Journal::storeBegunAnew(const QString &why)
{
    m_anewFor = why;
    note({.kind = EventKind::Store,
          .severity = Severity::Trouble,
          .title = QStringLiteral("Store began anew"),
          .detail = why + QStringLiteral(" · what is missing is fetched again")});
}

void Journal::historyNoted(const history::HistoryNote &told)
{
    using Kind = history::HistoryNote::Kind;
    if (told.kind == Kind::StoreLost) {
        if (told.detail != m_anewFor) // else told when it was found
            storeBegunAnew(told.detail);
        return;
    }
    if (told.kind == Kind::LedgerLost)
        return note({.kind = EventKind::Gap,
                     .severity = Severity::Trouble,
                     .exchange = told.exchange,
                     .title = QStringLiteral("Gap ledger began anew"),
                     .detail = QStringLiteral("its file was removed or damaged · %1 written into it again; what was "
                                              "settled before is not listed any more")
                                   .arg(told.count == 1 ? QStringLiteral("1 open gap is")
                                                        : QStringLiteral("%1 open gaps are").arg(told.count))});
    const QString candles = told.count == 1 ? QStringLiteral("1 candle") : QStringLiteral("%1 candles").arg(told.count);
    const QString what =
        told.kind == Kind::ClosesMissed && !told.detail.isEmpty() ? told.detail
        : told.kind == Kind::ClosesMissed
            ? QStringLiteral("read from the exchange's history in place of its closed mark")
        : told.kind == Kind::Corrected
            ? QStringLiteral("told otherwise after the closed mark; the value of the exchange's history is kept")
            : QStringLiteral("cannot be and are not stored: ") + told.detail;
    note({.kind = EventKind::Gap,
          .severity = Severity::Warning,
          .exchange = told.exchange,
          .title = told.kind == Kind::ClosesMissed ? QStringLiteral("Closed marks did not come")
                   : told.kind == Kind::Corrected  ? QStringLiteral("Candles corrected by the exchange")
                                                   : QStringLiteral("Candles that cannot be"),
          .detail = QStringLiteral("%1 of %2 · %3").arg(candles, alert::pairsText(told.pairs), what),
          .pairs = told.pairs,
          .from = told.from,
          .to = told.to});
}

void Journal::look()
{
    const UtcTime now = m_clock->utcNow();
    const Snapshots &latest = m_bridge.latest();
    for (const auto &feed : latest.feeds)
        m_watch.look(signsOf(*feed, latest.histories.value(feed->exchange).get()), now);
    const LedgerTrouble ledger = ledgerTrouble(latest);
    m_watch.look(
        alert::StoreSigns{.name = QStringLiteral("Gap ledger"), .trouble = ledger.text, .trouble_since = ledger.since},
        now);
    if (latest.store)
        m_watch.look(alert::StoreSigns{.name = QStringLiteral("Store"),
                                       .trouble = latest.store->trouble,
                                       .trouble_since = latest.store->trouble_since},
                     now);
    if (latest.sender)
        m_watch.look(alert::StoreSigns{.name = QStringLiteral("Database"),
                                       .trouble = latest.sender->trouble,
                                       .trouble_since = latest.sender->trouble_since,
                                       .spooled_bytes = latest.sender->spool.waitingBytes()},
                     now);
}

void Journal::exchangeGone(const QString &exchange)
{
    m_delisted.remove(exchange);
    m_watch.forgetExchange(exchange, m_clock->utcNow());
}

void Journal::lookAtHosts(const std::vector<alert::HostSigns> &hosts)
{
    const UtcTime now = m_clock->utcNow();
    QStringList gone = m_hosts;
    m_hosts.clear();
    for (const alert::HostSigns &host : hosts) {
        m_watch.look(host, now);
        m_hosts.append(host.name);
        gone.removeAll(host.name);
    }
    for (const QString &name : gone)
        m_watch.forgetHost(name, now);
}

QJsonArray Journal::newest(qint64 count) const
{
    QJsonArray events;
    for (const Event &event : m_log.newest(size_t(std::max<qint64>(count, 0))))
        events.append(alert::toJson(event));
    return events;
}

void Journal::show(link::LiveState &state) const
{
    const QString topic = QStringLiteral("events");
    QJsonObject before = state.snapshot().value(topic).toObject();
    for (const Event &event : m_log.newest(shown)) {
        const QString key = QString::number(event.id);
        state.set(topic, key, alert::toJson(event));
        before.remove(key);
    }
    for (auto old = before.constBegin(); old != before.constEnd(); ++old)
        state.remove(topic, old.key());
}

} // namespace tk::app
