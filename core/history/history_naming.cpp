// What history names: everything that is missing gets its gap, with a cause, before anybody fetches it; and what was
// found wrong and mended within the second is told all the same.
#include "base/logging.h"
#include "history/history_service.h"
#include "history/request_planner.h"
#include "market/gap_cause.h"

#include <algorithm>

namespace tk::history {

using exchange::Instrument;
using exchange::RestReply;

void HistoryService::setRetention(milliseconds retention)
{
    if (retention == m_settings.retention)
        return;
    m_settings.retention = retention;
    m_gaps.setOldestKept(oldestKept());
    repair(m_gaps.reviewAll());
}

// --- since the last run ----------------------------------------------------------------------------------------------

// Whoever asks right after the start is told what is missing, also where the exchange does not answer: by the list of
// the last run. What is to be fetched is seen when the new one is there.
void HistoryService::nameMissedOfLastRun()
{
    if (!m_settings.keep_filled)
        return;
    const std::vector<Instrument> cached = m_instruments.ofLastRun();
    if (!cached.empty())
        nameMissed(exchange::select(cached, m_settings.wanted, m_settings.major_bases).wanted);
}

void HistoryService::nameMissed(const std::vector<Instrument> &instruments)
{
    nameDowntime(instruments);
    std::vector<Gap> missed;
    for (const Instrument &instrument : instruments) {
        for (const Timeframe timeframe : m_settings.timeframes) {
            if (auto holes = m_holes.holesOf(instrument, timeframe))
                missed.insert(missed.end(), holes->missed.begin(), holes->missed.end());
        }
    }
    m_gaps.setOldestKept(oldestKept());
    m_gaps.opened(std::move(missed));
}

// Candles tell by themselves what is missing; the other streams do not. What they missed since the last run is a gap:
// of mark prices to be fetched, of the rest to be known as lost.
void HistoryService::nameDowntime(const std::vector<Instrument> &instruments)
{
    if (m_downtimeNamed)
        return;
    m_downtimeNamed = m_instruments.isKnown(); // until then nobody collects, and it goes on
    const auto since = m_runs.lastRunEnded();
    const UtcTime now = m_clock->utcNow();
    if (!since || *since >= now)
        return;
    const QString cause = m_runs.howItEnded();
    std::vector<Gap> missed;
    for (const Instrument &instrument : instruments) {
        for (const StreamKind kind : m_settings.kinds) {
            if (kind == StreamKind::Candles || instrument.onboard >= now)
                continue;
            missed.push_back({.stream = {m_parts.adapter->name(), instrument.unified, kind, Timeframe::M1},
                              .from = std::max({*since, m_downtimeNamedTo, instrument.onboard}),
                              .to = now,
                              .cause = cause,
                              .opened = now});
        }
    }
    m_downtimeNamedTo = now;
    m_gaps.opened(std::move(missed));
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
    nameDowntime(m_instruments.wanted());
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
        const UtcTime now = m_time.now();
        const QString cause = gapcause::storeAnew + QStringLiteral(": ") + why;
        std::vector<Gap> lost;
        for (const Instrument &instrument : m_instruments.wanted()) {
            // By whole minutes, as mark prices are kept: also the one that runs may have had its sample already. It is
            // asked for when it is over.
            const UtcTime since =
                std::max({candleOpen(Timeframe::M1, m_runs.firstRun()), oldestKept(), instrument.onboard});
            for (const StreamKind kind : m_settings.kinds) {
                if (kind != StreamKind::Candles)
                    lost.push_back({.stream = {m_parts.adapter->name(), instrument.unified, kind, Timeframe::M1},
                                    .from = since,
                                    .to = kind == StreamKind::MarkPrice ? nextCandleOpen(Timeframe::M1, now) : now,
                                    .cause = cause,
                                    .opened = now});
            }
            if (m_settings.funding)
                lost.push_back(
                    {.stream = {m_parts.adapter->name(), instrument.unified, StreamKind::FundingRate, Timeframe::M1},
                     .from = std::max(
                         {UtcTime(now - std::chrono::hours(8 * fundingRows)), oldestKept(), instrument.onboard}),
                     .to = now,
                     .cause = cause,
                     .opened = now});
        }
        m_gaps.opened(std::move(lost));
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

// What was traded and yet never closed by the exchange's own mark is named before it is stored.
void HistoryService::nameClosesMissed(const Job &job, const std::vector<Candle> &candles)
{
    if (job.kind != Job::Kind::Candles || job.urgency != Urgency::Overdue || job.confirming || job.backfill != 0)
        return;
    const StreamKey stream{m_parts.adapter->name(), job.instrument.unified, StreamKind::Candles, job.timeframe};
    m_overdue.answered(stream, job.span);
    const auto since = m_instruments.collectedSince(stream.pair);
    if (!since)
        return;
    std::vector<Gap> gaps;
    for (const TimeSpan &span : OverdueCandles::closesMissed(stream, candles, *since, m_gaps.unsettled())) {
        gaps.push_back({.stream = stream,
                        .from = span.from,
                        .to = span.to,
                        .cause = gapcause::closeMissed,
                        .opened = m_clock->utcNow()});
        m_notes.note(HistoryNote::Kind::ClosesMissed, stream.pair, 1, span, {});
    }
    if (gaps.empty())
        return;
    m_gaps.opened(std::move(gaps));
    static_cast<void>(m_gaps.review(stream)); // from here on it is being repaired, by what has just come
}

void HistoryService::rereadAnswered(const Job &job, std::vector<Candle> candles)
{
    if (candles.empty())
        return;
    const SeriesKey series{m_parts.adapter->name(), job.instrument.unified, job.timeframe};
    const StreamKey stream{series.exchange, series.pair, StreamKind::Candles, series.timeframe};
    const TimeSpan span{candles.front().open_time, nextCandleOpen(job.timeframe, candles.back().open_time)};
    const auto stored = m_parts.index->knownCandles(series, span);
    if (!stored)
        return;
    AnswerReader::Reread answer = m_reader.reread(job, std::move(candles), *stored);
    if (answer.candles.empty())
        return;
    std::vector<Gap> corrected;
    for (const AnswerReader::Correction &one : answer.corrected) {
        corrected.push_back({.stream = stream,
                             .from = one.span.from,
                             .to = one.span.to,
                             .cause = one.cause,
                             .opened = m_clock->utcNow()});
        m_notes.note(HistoryNote::Kind::Corrected, series.pair, 1, one.span, {});
    }
    const bool named = !corrected.empty();
    if (named) {
        m_gaps.opened(std::move(corrected));
        static_cast<void>(m_gaps.review(stream));
    }
    RecordBatch batch;
    batch.candles.push_back({series, std::move(answer.candles)});
    if (!hand(std::move(batch), stream, 0, named ? span : TimeSpan{}))
        again(job);
}

void HistoryService::markCandlesAnswered(const Job &job, const RestReply &reply)
{
    auto answer = m_reader.markCandles(job, reply.body, m_time.lastClosed(job.timeframe));
    if (!answer) {
        m_pump.unreadable(job, answer.error());
        return;
    }
    const StreamKey stream{m_parts.adapter->name(), job.instrument.unified, StreamKind::MarkCandles, job.timeframe};
    for (const AnswerReader::Absence &absence : answer->absent)
        m_gaps.absent(stream, absence.span, absence.reason);
    for (const Job &confirming : answer->confirming)
        m_queue.add(confirming);
    if (answer->candles.empty()) {
        repair(m_gaps.review(stream));
        return;
    }
    RecordBatch batch;
    batch.mark_candles.push_back({{stream.exchange, stream.pair, job.timeframe}, std::move(answer->candles)});
    if (!hand(std::move(batch), stream, 0))
        again(job);
}

} // namespace tk::history
