// What history names and tells: everything that is missing gets its gap, with a cause, before anybody fetches it; what
// was found wrong and mended within the second is told all the same; and how it goes, once a second.
#include "base/logging.h"
#include "history/history_service.h"
#include "history/reach.h"
#include "history/request_planner.h"
#include "market/gap_cause.h"

#include <algorithm>

namespace tk::history {

using exchange::Instrument;

void HistoryService::setRetention(milliseconds retention)
{
    if (retention == m_settings.retention)
        return;
    m_settings.retention = retention;
    m_gaps.setOldestKept(oldestKept());
    repair(m_gaps.reviewAll());
}

// --- what a series lacks -----------------------------------------------------------------------------------------

void HistoryService::fill(const Instrument &instrument, Timeframe timeframe)
{
    auto holes = m_holes.holesOf(instrument, timeframe, m_lossOf);
    if (!holes) {
        m_pump.fell(holes.error().message);
        return;
    }
    if (!holes->never_collected.empty()) {
        m_fill.wants(candleCount(timeframe, holes->never_collected));
        m_jobs.candles(instrument, timeframe, holes->never_collected, {.urgency = Urgency::Fill});
    }
    m_gaps.opened(std::move(holes->missed));
}

void HistoryService::fillAll()
{
    m_losses.nameDowntime(m_instruments.wanted());
    m_fill.plan(m_clock->now());
    for (const Instrument &instrument : m_instruments.wanted()) {
        for (const Timeframe timeframe : m_settings.timeframes)
            fill(instrument, timeframe);
        m_jobs.funding(instrument);
        fillMarkCandles(instrument);
    }
    repair(m_gaps.reviewAll());
    m_runs.collecting();
    if (m_fill.begin(m_queue.size()))
        m_pump.setShare(std::max(m_settings.first_fill_share, m_settings.weight_share));
    m_pump.pump();
}

void HistoryService::fillMarkCandles(const Instrument &instrument)
{
    const StreamKey stream{m_parts.adapter->name(), instrument.unified, StreamKind::MarkCandles, Timeframe::H1};
    const std::vector<TimeSpan> holes = m_holes.markCandleHoles(instrument);
    if (!m_lossOf.isEmpty()) {
        std::vector<Gap> lost;
        for (const TimeSpan &hole : holes)
            lost.push_back({.stream = stream,
                            .from = hole.from,
                            .to = hole.to,
                            .cause = gapcause::storeAnew + QStringLiteral(": ") + m_lossOf,
                            .opened = m_clock->utcNow()});
        m_gaps.opened(std::move(lost));
        return; // repaired with the others
    }
    m_jobs.add(m_planner.markCandles(instrument, holes));
}

// --- a store that began anew -----------------------------------------------------------------------------------------

void HistoryService::storeSetAside(const QString &why)
{
    m_unnamedLoss = why;
    if (m_instruments.isKnown())
        nameStoreLoss(why);
}

void HistoryService::nameStoreLoss(const QString &why)
{
    m_unnamedLoss.clear();
    qCWarning(lcHistory).noquote() << "the store began anew, everything is fetched again:" << why;
    m_fill.beginAnew();
    m_lossOf = why;
    if (m_settings.keep_filled) {
        m_losses.nameStoreLoss(why);
        fillAll();
    }
    m_lossOf.clear();
    ++m_timesAnew;
    m_notes.noteAnew(HistoryNote::Kind::StoreLost, qint64(m_gaps.lossCount()), why);
    tellNotes(m_clock->now());
    sendSnapshot();
}

// Looked at as often as the ledger is used: every ten seconds at least.
void HistoryService::nameLedgerLoss()
{
    if (m_gaps.lookAfterLedger())
        repair(m_gaps.reviewAll());
    if (std::exchange(m_ledgersTold, m_gaps.ledgersBegun()) == m_gaps.ledgersBegun())
        return;
    // What only the old one knew: since when we collect, and how far back each series reached.
    m_runs.writeFirstRun();
    saveReach();
    m_notes.noteAnew(HistoryNote::Kind::LedgerLost, qint64(m_gaps.openCount()));
}

// --- what our database refuses ---------------------------------------------------------------------------------------

void HistoryService::storeRefused(const std::vector<StreamSpan> &spans, const QString &reason, bool byDatabase)
{
    for (const StreamSpan &refused : spans) {
        if (byDatabase)
            m_gaps.refused(refused.stream, refused.span, reason);
        else
            m_gaps.lostForGood({.stream = refused.stream,
                                .from = refused.span.from,
                                .to = refused.span.to,
                                .cause = QStringLiteral("no database takes such a record"),
                                .state = GapState::Unfillable,
                                .reason = reason,
                                .opened = m_clock->utcNow(),
                                .settled = m_clock->utcNow()});
    }
}

void HistoryService::storeTakesAgain(const QString &measurement, bool again)
{
    m_gaps.takenAgain(measurement, again);
    repair(m_gaps.reviewAll());
}

// --- candles that came another way than they should have -------------------------------------------------------------

void HistoryService::candlesOverdue(const std::vector<SeriesSpan> &spans)
{
    if (!m_instruments.isKnown())
        return;
    for (const SeriesSpan &late : spans) {
        const Instrument *found = m_instruments.find(late.series.pair);
        if (!found)
            continue;
        const StreamKey stream{late.series.exchange, late.series.pair, StreamKind::Candles, late.series.timeframe};
        const auto missing = m_holes.lacks(late.series, late.span);
        if (!missing)
            continue;
        m_overdue.asked(stream, *missing, m_clock->now());
        m_jobs.candles(*found, late.series.timeframe, *missing, {.urgency = Urgency::Overdue});
    }
    m_pump.pump();
}

void HistoryService::nameOverdue(MonotonicTime now)
{
    std::vector<Gap> gaps;
    for (const StreamSpan &late : m_overdue.takeUnanswered(now)) {
        const SeriesKey series{late.stream.exchange, late.stream.pair, late.stream.timeframe};
        const auto missing = m_holes.lacks(series, late.span);
        for (const TimeSpan &hole : missing ? *missing : std::vector{late.span}) {
            gaps.push_back({.stream = late.stream,
                            .from = hole.from,
                            .to = hole.to,
                            .cause = gapcause::closeMissed + QStringLiteral(", and its history has not answered"),
                            .opened = m_clock->utcNow()});
            m_notes.note(HistoryNote::Kind::ClosesMissed, late.stream.pair,
                         candlesBetween(series.timeframe, hole.from, hole.to), hole,
                         QStringLiteral("its history has not answered yet"));
        }
    }
    if (gaps.empty())
        return;
    m_gaps.opened(std::move(gaps));
    repair(m_gaps.reviewAll());
}

// --- telling ---------------------------------------------------------------------------------------------------------

// Empty while gaps can be repaired.
QString HistoryService::whyNothingMoves() const
{
    if (!m_pump.trouble().text().isEmpty()) {
        const MonotonicTime now = m_clock->now();
        const milliseconds refused = m_pump.budget().pausedFor(now);
        const milliseconds held = std::chrono::duration_cast<milliseconds>(m_pump.trouble().heldUntil() - now);
        const auto at = [this](milliseconds from) { return isoText(m_clock->utcNow() + from).mid(11, 8); };
        return refused.count() > 0 ? QStringLiteral("the exchange refuses requests until %1").arg(at(refused))
               : held.count() > 0
                   ? QStringLiteral("the exchange's history does not answer, asked again at %1").arg(at(held))
                   : QStringLiteral("the exchange's history does not answer, being asked again");
    }
    if (!m_instruments.isKnown())
        return QStringLiteral("the exchange's instrument list has not come");
    return m_pump.isRoomScarce() ? QStringLiteral("the store has little room, which is kept for live data") : QString();
}

void HistoryService::tellNotes(MonotonicTime now)
{
    for (const HistoryNote &told : m_notes.take(now))
        Q_EMIT noted(told);
}

void HistoryService::saveReach()
{
    m_reachAt = m_clock->now() + reachEvery;
    if (!m_settings.store_at_hand || !m_settings.keep_filled)
        return;
    std::vector<SeriesKey> collected;
    for (const Instrument &instrument : m_instruments.wanted()) {
        for (const Timeframe timeframe : m_settings.timeframes)
            collected.push_back({m_parts.adapter->name(), instrument.unified, timeframe});
    }
    m_reach.save(collected, oldestKept());
}

void HistoryService::tellFill(MonotonicTime now)
{
    if (!m_fill.progress().active)
        return;
    const RequestBudget &budget = m_pump.budget();
    const std::pair spent(QString::fromLatin1(budget.mainLimit().name),
                          QStringLiteral("%1/%2").arg(budget.used({now, m_time.now()})).arg(budget.allowed(now)));
    const bool idle = m_pump.inFlight() == 0 && m_tickets.isEmpty();
    if (m_fill.tell(now, int(m_queue.waiting(Urgency::Fill)), idle, spent))
        m_pump.setShare(m_settings.weight_share);
}

void HistoryService::sendSnapshot()
{
    auto snapshot = std::make_shared<HistorySnapshot>();
    const MonotonicTime now = m_clock->now();
    snapshot->exchange = m_parts.adapter->name();
    snapshot->at = m_clock->utcNow();
    snapshot->instruments_known = m_instruments.isKnown();
    snapshot->pairs = int(m_instruments.wanted().size());
    snapshot->not_collected = m_instruments.notCollected();
    snapshot->limit_name = QString::fromLatin1(m_pump.budget().mainLimit().name);
    snapshot->limit_used = m_pump.budget().used({now, m_time.now()});
    snapshot->limit_allowed = m_pump.budget().allowed(now);
    snapshot->limit_window = m_pump.budget().mainLimit().window;
    snapshot->paused_for = m_pump.budget().pausedFor(now);
    snapshot->trouble = m_pump.trouble().text();
    snapshot->trouble_since = m_pump.trouble().since();
    snapshot->ledger_trouble = m_gaps.ledgerTrouble();
    snapshot->ledger_trouble_since = m_gaps.ledgerTroubleSince();
    snapshot->clock_offset = m_time.offset();
    snapshot->jobs_waiting = m_queue.size();
    snapshot->in_flight = m_pump.inFlight();
    snapshot->fill = m_fill.progress();
    snapshot->open_gaps = m_gaps.unsettled();
    snapshot->lost = m_gaps.newestLost();
    snapshot->loss_gaps = m_gaps.lossCount();
    snapshot->refused_gaps = size_t(std::ranges::count(snapshot->open_gaps, GapState::Refused, &Gap::state));
    snapshot->waits = whyNothingMoves();
    snapshot->repairing = snapshot->waits.isEmpty();
    snapshot->times_anew = m_timesAnew;
    snapshot->batches_stored = m_tickets.batchesStored();
    snapshot->gaps_opened = m_gaps.counts().opened;
    snapshot->gaps_closed = m_gaps.counts().closed;
    snapshot->gaps_unfillable = m_gaps.counts().unfillable;
    snapshot->unfillable_before = m_gaps.unfillableBefore();
    Q_EMIT snapshotReady(std::move(snapshot));
}

} // namespace tk::history
