#include "app/metrics_bridge.h"

#include "app/store_health.h"

namespace tk::app {

using telemetry::Counter;
using telemetry::PartState;
using telemetry::RecordKind;

namespace {

// Totals come as they stand; a counter takes the difference.
void advance(Counter &counter, quint64 before, quint64 now)
{
    if (now > before)
        counter.Increment(double(now - before));
}

} // namespace

MetricsBridge::MetricsBridge(Switchboard &switchboard, telemetry::Metrics &metrics, telemetry::HealthBoard &health)
    : m_metrics(metrics)
    , m_health(health)
{
    connect(&switchboard, &Switchboard::feedSnapshot, this, &MetricsBridge::feedSaid);
    connect(&switchboard, &Switchboard::historySnapshot, this, &MetricsBridge::historySaid);
    connect(&switchboard, &Switchboard::storeSnapshot, this, &MetricsBridge::storeSaid);
    connect(&switchboard, &Switchboard::senderSnapshot, this, &MetricsBridge::senderSaid);
    connect(&switchboard, &Switchboard::auditSnapshot, this,
            [this](const std::shared_ptr<const store::influx::AuditSnapshot> &snapshot) {
                const auto before = m_latest.audit ? m_latest.audit : std::make_shared<store::influx::AuditSnapshot>();
                advance(m_metrics.auditLost(), before->lost, snapshot->lost);
                m_latest.audit = snapshot;
                tellStore();
                tellDatabase();
                Q_EMIT updated();
            });
    connect(&switchboard, &Switchboard::storeSetAside, this, [this](const QString &why) {
        ++m_latest.store_anew;
        m_latest.store_anew_why = why;
        tellStore();
        Q_EMIT updated();
    });
    connect(&switchboard, &Switchboard::latencyMeasured, this, [this](const std::vector<milliseconds> &latencies) {
        for (const milliseconds latency : latencies)
            m_metrics.eventToStored().Observe(double(latency.count()) / 1000.0);
    });
    connect(&switchboard, &Switchboard::writeFailed, this,
            [this](const QString &code) { m_metrics.storeErrors(code).Increment(); });
}

void MetricsBridge::feedSaid(const std::shared_ptr<const feed::FeedSnapshot> &snapshot)
{
    const QString &exchange = snapshot->exchange;
    const auto before = m_latest.feeds.value(exchange, std::make_shared<const feed::FeedSnapshot>());
    advance(m_metrics.frames(exchange, QStringLiteral("all")), before->frames, snapshot->frames);
    advance(m_metrics.frameBytes(exchange, QStringLiteral("all")), before->bytes, snapshot->bytes);
    advance(m_metrics.framesBroken(exchange), before->broken_frames, snapshot->broken_frames);
    advance(m_metrics.framesUnhandled(exchange, QStringLiteral("all")), before->unhandled_events,
            snapshot->unhandled_events);
    advance(m_metrics.queueRefused(QStringLiteral("store")), before->refused_records, snapshot->refused_records);
    for (size_t state = 0; state < streamStateNames.size(); ++state)
        m_metrics.streams(exchange, StreamState(state)).Set(snapshot->streams_by_state[state]);
    const int sick = snapshot->count(StreamState::Stale) + snapshot->count(StreamState::Silent);
    const QString detail = QStringLiteral("%1 live, %2 quiet, %3 late, %4 stale, %5 silent of %6 streams")
                               .arg(snapshot->count(StreamState::Live))
                               .arg(snapshot->count(StreamState::Quiet))
                               .arg(snapshot->count(StreamState::Late))
                               .arg(snapshot->count(StreamState::Stale))
                               .arg(snapshot->count(StreamState::Silent))
                               .arg(snapshot->streams.size());
    const QString part = QStringLiteral("feed ") + exchange;
    const QStringList missing = snapshot->kindsWithoutData();
    if (snapshot->streams.empty())
        m_health.set(part, PartState::Starting, QStringLiteral("no streams yet: waiting for the instrument list"));
    else if (!missing.isEmpty())
        m_health.set(part, sick > 0 ? PartState::Failed : PartState::Starting,
                     QStringLiteral("no %1 come; %2").arg(missing.join(QStringLiteral(", ")), detail));
    else if (snapshot->clock_offset.count() != 0)
        m_health.set(part, PartState::Degraded,
                     QStringLiteral("event times differ from our clock by %1 ms; %2")
                         .arg(snapshot->clock_offset.count())
                         .arg(detail));
    else
        m_health.set(part, sick > 0 ? PartState::Degraded : PartState::Ok, detail);
    m_latest.feeds.insert(exchange, snapshot);
    Q_EMIT updated();
}

void MetricsBridge::historySaid(const std::shared_ptr<const history::HistorySnapshot> &snapshot)
{
    const QString &exchange = snapshot->exchange;
    const auto before = m_latest.histories.value(exchange, std::make_shared<const history::HistorySnapshot>());
    m_metrics.restWeightUsed(exchange).Set(snapshot->limit_used);
    m_metrics.gapsOpen(exchange).Set(double(snapshot->open_gaps.size()));
    advance(m_metrics.gapsOpened(exchange), before->gaps_opened, snapshot->gaps_opened);
    advance(m_metrics.gapsRepaired(exchange), before->gaps_closed, snapshot->gaps_closed);
    advance(m_metrics.gapsUnfillable(exchange), before->gaps_unfillable, snapshot->gaps_unfillable);
    const auto feed = m_latest.feeds.value(exchange); // its frames tell at once, the exchange when it is asked
    const milliseconds offset = feed && feed->clock_offset.count() != 0 ? feed->clock_offset : snapshot->clock_offset;
    m_metrics.clockOffset(exchange).Set(double(offset.count()) / 1000.0);
    const QString part = QStringLiteral("history ") + exchange;
    if (!snapshot->trouble.isEmpty())
        m_health.set(part, PartState::Degraded, snapshot->trouble);
    else if (snapshot->fill.active)
        m_health.set(
            part, PartState::Degraded,
            QStringLiteral("first fill: %1 of %2 candles").arg(snapshot->fill.fetched).arg(snapshot->fill.wanted));
    else
        m_health.set(part, snapshot->instruments_known ? PartState::Ok : PartState::Starting,
                     QStringLiteral("%1 gaps open, %2 %3 of %4")
                         .arg(snapshot->open_gaps.size())
                         .arg(snapshot->limit_name)
                         .arg(snapshot->limit_used)
                         .arg(snapshot->limit_allowed));
    m_latest.histories.insert(exchange, snapshot);
    tellLedger();
    tellStore();
    tellDatabase();
    Q_EMIT updated();
}

// What is missing is written down nowhere while it takes nothing. Each exchange writes into it, and tells what it
// meets.
void MetricsBridge::tellLedger()
{
    const QString trouble = ledgerTrouble(m_latest).text;
    m_health.set(gapLedgerPart, trouble.isEmpty() ? PartState::Ok : PartState::Failed,
                 trouble.isEmpty() ? QString() : QStringLiteral("takes nothing: ") + trouble);
}

void MetricsBridge::forget(const QString &exchange)
{
    m_latest.feeds.remove(exchange);
    m_latest.histories.remove(exchange);
    m_health.remove(QStringLiteral("feed ") + exchange);
    m_health.remove(QStringLiteral("history ") + exchange);
    Q_EMIT updated();
}

void MetricsBridge::senderSaid(const std::shared_ptr<const store::influx::SenderSnapshot> &snapshot)
{
    const auto before = m_latest.sender ? m_latest.sender : std::make_shared<store::influx::SenderSnapshot>();
    advance(m_metrics.pointsDelivered(), before->points, snapshot->points);
    advance(m_metrics.recordsStored(RecordKind::Candle), before->candles, snapshot->candles);
    advance(m_metrics.recordsStored(RecordKind::FundingRate), before->funding, snapshot->funding);
    advance(m_metrics.recordsStored(RecordKind::MarkPrice), before->marks, snapshot->marks);
    advance(m_metrics.recordsStored(RecordKind::Tick), before->ticks, snapshot->ticks);
    advance(m_metrics.linesRefused(), before->refused_lines, snapshot->refused_lines);
    m_metrics.spoolBytes().Set(double(snapshot->spool.bytes_on_disk));
    m_metrics.spoolWaitingBytes().Set(double(snapshot->spool.waitingBytes()));
    const UtcTime oldest = snapshot->spool.oldestWaiting();
    m_metrics.spoolOldestRecordAge().Set(
        toMs(oldest) == 0 ? 0 : std::max(0.0, double((snapshot->at - oldest).count()) / 1000.0));
    m_latest.sender = snapshot;
    tellDatabase();
    Q_EMIT updated();
}

// A database that takes records is not well before it holds what it had, and takes all of them.
void MetricsBridge::tellDatabase()
{
    const auto &snapshot = m_latest.sender;
    if (!snapshot)
        return;
    using State = store::influx::SenderSnapshot::State;
    const QString waiting = QStringLiteral("%1 bytes wait in the spool").arg(snapshot->spool.waitingBytes());
    const QString part = QStringLiteral("database");
    const QStringList wrong = storeLosses(m_latest) + databaseRefusals(m_latest);
    if (snapshot->state == State::Connecting)
        m_health.set(part, PartState::Starting, QStringLiteral("connecting; ") + waiting);
    else if (!snapshot->trouble.isEmpty())
        m_health.set(part, PartState::Failed, snapshot->trouble + QStringLiteral("; ") + waiting);
    else if (!wrong.isEmpty())
        m_health.set(part, PartState::Failed, wrong.join(QStringLiteral("; ")));
    else
        m_health.set(part, PartState::Ok, waiting);
}

void MetricsBridge::tellStore()
{
    const auto &snapshot = m_latest.store;
    if (!snapshot)
        return;
    const QStringList losses = storeLosses(m_latest);
    const QString part = QStringLiteral("store");
    if (!snapshot->trouble.isEmpty())
        m_health.set(part, PartState::Failed, snapshot->trouble);
    else if (!losses.isEmpty()) // of a database, the part of that name says that it failed
        m_health.set(part, m_latest.sender ? PartState::Degraded : PartState::Failed,
                     losses.join(QStringLiteral("; ")));
    else
        m_health.set(part, PartState::Ok, QStringLiteral("%1 batches waiting").arg(snapshot->waiting));
}

void MetricsBridge::storeSaid(const std::shared_ptr<const store::StoreSnapshot> &snapshot)
{
    const auto before = m_latest.store ? m_latest.store : std::make_shared<const store::StoreSnapshot>();
    advance(m_metrics.recordsStored(RecordKind::Candle), before->stored_candles, snapshot->stored_candles);
    advance(m_metrics.recordsStored(RecordKind::FundingRate), before->stored_funding, snapshot->stored_funding);
    advance(m_metrics.recordsStored(RecordKind::MarkPrice), before->stored_marks, snapshot->stored_marks);
    advance(m_metrics.recordsStored(RecordKind::Tick), before->stored_ticks, snapshot->stored_ticks);
    advance(m_metrics.candlesCorrected(), before->corrected, snapshot->corrected);
    m_metrics.queueWaiting(QStringLiteral("store")).Set(double(snapshot->waiting));
    m_latest.store = snapshot;
    tellStore();
    Q_EMIT updated();
}

} // namespace tk::app
