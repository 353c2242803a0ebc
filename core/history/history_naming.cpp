// What history names: everything that is missing gets its gap, with a cause, before anybody fetches it; and what was
// found wrong and mended within the second is told all the same.
#include "base/logging.h"
#include "history/history_service.h"
#include "history/reach.h"
#include "history/request_planner.h"
#include "market/candle_check.h"
#include "market/gap_cause.h"

#include <algorithm>

namespace tk::history {

using exchange::Instrument;
using exchange::RestReply;

namespace {

constexpr milliseconds reachEvery{60'000};
constexpr milliseconds notesEvery{5'000};
constexpr milliseconds overdueNamedAfter{15'000}; // an answer of REST takes a second
constexpr int fundingRows = 1000;
constexpr MonotonicTime never{};

} // namespace

UtcTime HistoryService::oldestKept() const
{
    return m_settings.retention.count() > 0 ? m_time.now() - m_settings.retention : UtcTime{};
}

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
            if (auto holes = holesOf(instrument, timeframe))
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
    const QString name = m_parts.adapter->name();
    const auto stopped = m_gaps.ledger().note(QStringLiteral("stopped:") + name);
    const auto alive = m_gaps.ledger().note(QStringLiteral("alive:") + name);
    const bool clean = stopped && stopped->has_value() && !(*stopped)->isEmpty();
    if (!clean && (!alive || !alive->has_value()))
        return; // the first run
    const auto since = parseUtcTime(clean ? **stopped : **alive);
    const UtcTime now = m_clock->utcNow();
    if (!since || *since >= now)
        return;
    const QString cause = clean ? QStringLiteral("engine stopped at %1").arg(isoText(*since))
                                : QStringLiteral("engine ended without a clean stop");
    std::vector<Gap> missed;
    for (const Instrument &instrument : instruments) {
        for (const StreamKind kind : m_settings.kinds) {
            if (kind == StreamKind::Candles || instrument.onboard >= now)
                continue;
            missed.push_back({.stream = {name, instrument.unified, kind, Timeframe::M1},
                              .from = std::max({*since, m_downtimeNamedTo, instrument.onboard}),
                              .to = now,
                              .cause = cause,
                              .opened = now});
        }
    }
    m_downtimeNamedTo = now;
    m_gaps.opened(std::move(missed));
}

// --- what a series lacks ---------------------------------------------------------------------------------------------

Result<HistoryService::Holes> HistoryService::holesOf(const Instrument &instrument, Timeframe timeframe)
{
    const SeriesKey series{m_parts.adapter->name(), instrument.unified, timeframe};
    const StreamKey stream{series.exchange, series.pair, StreamKind::Candles, timeframe};
    const UtcTime end = m_time.lastClosed(timeframe);
    const UtcTime listed = candleOpen(timeframe, instrument.onboard);
    const auto first = m_parts.index->firstTime(series);
    if (!first)
        return first.error();
    // What was held once and is not there any more was lost, wherever the store begins now.
    std::optional<UtcTime> held = *first;
    if (const auto reach = m_reach.constFind(series); m_settings.store_at_hand && reach != m_reach.constEnd())
        held = std::min(held.value_or(*reach), *reach);
    UtcTime from = candlesBefore(timeframe, end, m_settings.history);
    if (held)
        from = std::min(from, *held);
    if (instrument.onboard >= m_startedAt)
        from = listed; // listed while we ran: from its first candle, however late we noticed
    from = std::max(from, listed);
    if (m_settings.retention.count() > 0) // a candle more, so that what is about to be removed is not asked for
        from = std::max(from, nextCandleOpen(timeframe, candleOpen(timeframe, oldestKept())));
    Holes result;
    if (from >= end)
        return result;
    const auto found = m_parts.index->holes(series, {from, end});
    if (!found)
        return found.error();
    // What lies before the first candle ever held was never collected; what lies behind it was missed, and is a gap.
    const auto stopped = m_gaps.ledger().note(QStringLiteral("stopped:") + m_parts.adapter->name());
    const QString when = stopped ? stopped->value_or(QString()) : QString();
    for (const TimeSpan &hole : without(*found, m_gaps.knownAbsent(stream))) {
        if (!held || hole.to <= *held) {
            result.never_collected.push_back(hole);
            continue;
        }
        const bool tail = hole.to == end;
        const bool lost = !first->has_value() || hole.from < **first;
        result.missed.push_back(
            {.stream = stream,
             .from = hole.from,
             .to = hole.to,
             .cause = !m_lossOf.isEmpty() ? gapcause::storeAnew + QStringLiteral(": ") + m_lossOf
                      : lost  ? gapcause::storeAnew + QStringLiteral(": what it had held is not there any more")
                      : !tail ? QStringLiteral("hole found in the store at start")
                      : when.isEmpty() ? QStringLiteral("engine ended without a clean stop")
                                       : QStringLiteral("engine stopped at %1").arg(when),
             .opened = m_clock->utcNow()});
    }
    return result;
}

void HistoryService::fill(const Instrument &instrument, Timeframe timeframe)
{
    auto holes = holesOf(instrument, timeframe);
    if (!holes) {
        trouble(holes.error().message);
        return;
    }
    if (!holes->never_collected.empty()) {
        m_fill.wanted += candleCount(timeframe, holes->never_collected);
        ++m_fill.series;
        addJobs(instrument, timeframe, std::move(holes->never_collected), Urgency::Fill, CandleSource::History);
    }
    m_gaps.opened(std::move(holes->missed));
}

void HistoryService::fillAll()
{
    nameDowntime(m_instruments.wanted());
    m_fill.planned = false;
    if (m_fill.started == never)
        m_fill.started = m_clock->now();
    for (const Instrument &instrument : m_instruments.wanted()) {
        for (const Timeframe timeframe : m_settings.timeframes)
            fill(instrument, timeframe);
        wantFunding(instrument);
        fillMarkCandles(instrument);
    }
    repair(m_gaps.reviewAll());
    const auto cleared = m_gaps.note(QStringLiteral("stopped:") + m_parts.adapter->name(), {});
    if (!cleared)
        qCWarning(lcHistory).noquote() << cleared.error().message;
    if (m_fill.wanted > 0 && !m_fill.done) {
        m_fill.active = true;
        m_budget.setShare(std::max(m_settings.first_fill_share, m_settings.weight_share));
        qCInfo(lcHistory).noquote() << "first fill begins" << logField(u"candles", QString::number(m_fill.wanted))
                                    << logField(u"series", QString::number(m_fill.series))
                                    << logField(u"requests", QString::number(m_queue.size()));
    }
    pump();
}

// Candles of the mark price, as far back as any candles of the pair: who pays funding in a backtest needs the price at
// each settlement.
void HistoryService::fillMarkCandles(const Instrument &instrument)
{
    if (!m_settings.mark_candles || m_settings.timeframes.empty())
        return;
    const SeriesKey series{m_parts.adapter->name(), instrument.unified, Timeframe::H1};
    const StreamKey stream{series.exchange, series.pair, StreamKind::MarkCandles, Timeframe::H1};
    UtcTime from = m_time.lastClosed(Timeframe::H1);
    for (const Timeframe timeframe : m_settings.timeframes) {
        const UtcTime planned = candlesBefore(timeframe, m_time.lastClosed(timeframe), m_settings.history);
        const auto held = m_reach.constFind({series.exchange, series.pair, timeframe});
        from = std::min(from, held == m_reach.constEnd() ? planned : std::min(planned, *held));
    }
    from = std::max(from, instrument.onboard);
    if (m_settings.retention.count() > 0)
        from = std::max(from, oldestKept() + std::chrono::hours(1));
    const TimeSpan span{candleOpen(Timeframe::H1, from), m_time.lastClosed(Timeframe::H1)};
    if (span.from >= span.to)
        return;
    const auto found = m_parts.index->markCandleHoles(series, span);
    if (!found)
        return;
    const std::vector<TimeSpan> holes = without(*found, m_gaps.knownAbsent(stream));
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
    const int limit = m_parts.adapter->bestCandlesPerRequest(candleCount(Timeframe::H1, holes));
    for (const TimeSpan &window : planWindows(Timeframe::H1, holes, limit)) {
        Job job;
        job.kind = Job::Kind::MarkCandles;
        job.urgency = Urgency::Reread; // candles first
        job.instrument = instrument;
        job.timeframe = Timeframe::H1;
        job.span = window;
        job.rank = m_instruments.rankOf(instrument.unified);
        m_queue.add(job);
    }
}

// --- a store that began anew -----------------------------------------------------------------------------------------

// How far back each series reached is kept beside the gaps: it must outlive the store.
void HistoryService::loadReach()
{
    m_reachAt = m_clock->now() + reachEvery;
    const auto note = m_gaps.ledger().note(reachKey(m_parts.adapter->name()));
    if (note && note->has_value())
        m_reach = reachOf(m_parts.adapter->name(), **note);
}

void HistoryService::noteFirstRun()
{
    m_firstRun = m_startedAt;
    const QString key = QStringLiteral("first:") + m_parts.adapter->name();
    const auto known = m_gaps.ledger().note(key);
    const auto since = parseUtcTime(known ? known->value_or(QString()) : QString());
    if (since)
        m_firstRun = std::min(*since, m_startedAt);
    else
        writeFirstRun();
}

void HistoryService::writeFirstRun()
{
    const Status status = m_gaps.note(QStringLiteral("first:") + m_parts.adapter->name(), isoText(m_firstRun));
    if (!status)
        qCWarning(lcHistory).noquote() << status.error().message;
}

void HistoryService::saveReach()
{
    m_reachAt = m_clock->now() + reachEvery;
    if (!m_settings.store_at_hand || !m_settings.keep_filled)
        return;
    for (const Instrument &instrument : m_instruments.wanted()) {
        for (const Timeframe timeframe : m_settings.timeframes) {
            const SeriesKey series{m_parts.adapter->name(), instrument.unified, timeframe};
            const auto first = m_parts.index->firstTime(series);
            if (!first)
                return;
            const auto before = m_reach.constFind(series);
            std::optional<UtcTime> reach = *first;
            if (before != m_reach.constEnd())
                reach = std::min(reach.value_or(*before), *before);
            if (!reach)
                continue;
            m_reach.insert(series, std::max(*reach, oldestKept()));
        }
    }
    const QString text = reachText(m_reach);
    const QString key = reachKey(m_parts.adapter->name());
    const auto written = m_gaps.ledger().note(key);
    if (text.isEmpty() || (written && *written == text))
        return;
    if (const Status status = m_gaps.note(key, text); !status)
        qCWarning(lcHistory).noquote() << status.error().message;
}

void HistoryService::storeSetAside(const QString &why)
{
    m_unnamedLoss = why;
    if (m_instruments.isKnown())
        nameStoreLoss(why);
}

// Candles were held by an earlier run, and the store has not one: its file is another one than then.
bool HistoryService::isStoreEmptied() const
{
    if (!m_settings.store_at_hand || m_reach.isEmpty())
        return false;
    for (auto entry = m_reach.cbegin(); entry != m_reach.cend(); ++entry) {
        const auto first = m_parts.index->firstTime(entry.key());
        if (!first || first->has_value())
            return false;
    }
    return true;
}

void HistoryService::nameStoreLoss(const QString &why)
{
    m_unnamedLoss.clear();
    qCWarning(lcHistory).noquote() << "the store began anew, everything is fetched again:" << why;
    m_fill = {};
    m_lossOf = why;
    if (m_settings.keep_filled) {
        const UtcTime now = m_time.now();
        const QString cause = gapcause::storeAnew + QStringLiteral(": ") + why;
        std::vector<Gap> lost;
        for (const Instrument &instrument : m_instruments.wanted()) {
            // By whole minutes, as mark prices are kept: also the one that runs may have had its sample already. It is
            // asked for when it is over.
            const UtcTime since = std::max({candleOpen(Timeframe::M1, m_firstRun), oldestKept(), instrument.onboard});
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
    HistoryNote &told = m_notes[HistoryNote::Kind::StoreLost];
    told.kind = HistoryNote::Kind::StoreLost;
    told.exchange = m_parts.adapter->name();
    told.count = qint64(m_gaps.lossCount());
    told.detail = why;
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
    writeFirstRun();
    saveReach();
    HistoryNote &told = m_notes[HistoryNote::Kind::LedgerLost];
    told.kind = HistoryNote::Kind::LedgerLost;
    told.exchange = m_parts.adapter->name();
    told.count = qint64(m_gaps.openCount());
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
        const auto holes = m_parts.index->holes(late.series, late.span);
        if (!holes)
            continue;
        const std::vector<TimeSpan> missing = without(*holes, m_gaps.knownAbsent(stream));
        for (const TimeSpan &hole : missing)
            m_overdue.push_back({stream, hole, m_clock->now()});
        addJobs(*found, late.series.timeframe, missing, Urgency::Overdue, CandleSource::History);
    }
    pump();
}

// A pair without trades has no closed marks, and its empty candles are read over REST: that is nobody's fault. Where
// REST does not answer soon, nobody knows, and the candle is missing.
void HistoryService::nameOverdue(MonotonicTime now)
{
    std::vector<Gap> gaps;
    std::erase_if(m_overdue, [&](const Overdue &late) {
        if (now - late.since < overdueNamedAfter)
            return false;
        const SeriesKey series{late.stream.exchange, late.stream.pair, late.stream.timeframe};
        const auto holes = m_parts.index->holes(series, late.span);
        const std::vector<TimeSpan> missing =
            holes ? without(*holes, m_gaps.knownAbsent(late.stream)) : std::vector<TimeSpan>{late.span};
        for (const TimeSpan &hole : missing) {
            gaps.push_back({.stream = late.stream,
                            .from = hole.from,
                            .to = hole.to,
                            .cause = gapcause::closeMissed + QStringLiteral(", and its history has not answered"),
                            .opened = m_clock->utcNow()});
            note(HistoryNote::Kind::ClosesMissed, late.stream.pair,
                 candlesBetween(series.timeframe, hole.from, hole.to), hole,
                 QStringLiteral("its history has not answered yet"));
        }
        return true;
    });
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
    std::erase_if(m_overdue, [&](const Overdue &late) {
        return late.stream == stream && late.span.from >= job.span.from && late.span.to <= job.span.to;
    });
    const auto since = m_instruments.collectedSince(stream.pair);
    if (!since)
        return;
    const std::vector<Gap> known = m_gaps.unsettled();
    std::vector<Gap> gaps;
    for (const Candle &candle : candles) {
        const TimeSpan span{candle.open_time, nextCandleOpen(job.timeframe, candle.open_time)};
        if (candle.trades == 0 || span.from < *since)
            continue;
        const bool named = std::ranges::any_of(known, [&](const Gap &gap) {
            return gap.stream == stream && gap.from < span.to && (toMs(gap.to) == 0 || gap.to > span.from);
        });
        if (named)
            continue;
        gaps.push_back({.stream = stream,
                        .from = span.from,
                        .to = span.to,
                        .cause = gapcause::closeMissed,
                        .opened = m_clock->utcNow()});
        note(HistoryNote::Kind::ClosesMissed, stream.pair, 1, span, {});
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
    std::erase_if(candles, [&](const Candle &fresh) {
        return std::ranges::any_of(*stored, [&](const Candle &known) { return sameValues(known, fresh); });
    });
    if (candles.empty())
        return;
    std::vector<Gap> corrected;
    for (Candle &candle : candles) {
        candle.source = CandleSource::Repair;
        const auto known = std::ranges::find(*stored, candle.open_time, &Candle::open_time);
        if (known == stored->end())
            continue;
        const TimeSpan one{candle.open_time, nextCandleOpen(series.timeframe, candle.open_time)};
        corrected.push_back({.stream = stream,
                             .from = one.from,
                             .to = one.to,
                             .cause = gapcause::corrected + (known->source == CandleSource::Live
                                                                 ? QStringLiteral(" after its own closed mark")
                                                                 : QStringLiteral(" in its history")),
                             .opened = m_clock->utcNow()});
        note(HistoryNote::Kind::Corrected, series.pair, 1, one, {});
    }
    const bool named = !corrected.empty();
    if (named) {
        m_gaps.opened(std::move(corrected));
        static_cast<void>(m_gaps.review(stream));
    }
    RecordBatch batch;
    batch.candles.push_back({series, std::move(candles)});
    if (!hand(std::move(batch), stream, 0, named ? span : TimeSpan{}))
        again(job);
}

HistoryService::BadRows HistoryService::takeBadRows(const Job &job, std::vector<Candle> &candles,
                                                    const std::vector<UtcTime> &closes)
{
    BadRows bad;
    std::vector<Candle> sound;
    sound.reserve(candles.size());
    for (size_t i = 0; i < candles.size(); ++i) {
        const auto close = i < closes.size() ? std::optional(closes[i]) : std::nullopt;
        if (const auto why = whyImpossible(candles[i], job.timeframe, close))
            bad.emplace(candleOpen(job.timeframe, candles[i].open_time), *why);
        else
            sound.push_back(candles[i]);
    }
    candles = std::move(sound);
    if (!bad.empty())
        qCWarning(lcHistory).noquote() << "the exchange told candles that cannot be; they are not stored"
                                       << logField(u"job", job.text())
                                       << logField(u"candles", QString::number(bad.size()))
                                       << logField(u"first", isoText(bad.begin()->first))
                                       << logField(u"why", bad.begin()->second);
    return bad;
}

void HistoryService::noteAbsent(const Job &job, const std::vector<Candle> &candles, const BadRows &bad)
{
    const bool wanted = m_backfills.contains(job.backfill); // one that was cancelled is not counted any more
    if (job.backfill != 0 && !wanted && !job.confirming)
        return;
    const TimeSpan asked = job.confirming ? job.wanted : job.span;
    const TimeSpan closed{asked.from, std::min(asked.to, m_time.lastClosed(job.timeframe))};
    const StreamKey stream{m_parts.adapter->name(), job.instrument.unified, StreamKind::Candles, job.timeframe};
    for (const TimeSpan &hole : absent(job.timeframe, closed, candles)) {
        if (!job.confirming) {
            // An empty answer is not the end of history by itself: ask once more, wider (reference §1.6).
            Job confirming = job;
            confirming.confirming = true;
            confirming.wanted = hole;
            confirming.span = {
                std::max(candlesBefore(job.timeframe, hole.from, 2), candleOpen(job.timeframe, job.instrument.onboard)),
                std::min(candlesBefore(job.timeframe, hole.to, -2), m_time.lastClosed(job.timeframe))};
            if (m_queue.add(confirming))
                m_backfills.jobAdded(job.backfill, job.instrument.unified);
            continue;
        }
        // What it told twice and cannot be has a cause of its own.
        std::vector<TimeSpan> impossible;
        for (const auto &[open, why] : bad) {
            const TimeSpan one{open, nextCandleOpen(job.timeframe, open)};
            if (one.from < hole.from || one.to > hole.to)
                continue;
            impossible.push_back(one);
            m_gaps.impossible(stream, one, why);
            note(HistoryNote::Kind::Impossible, stream.pair, 1, one, why);
        }
        const QString reason =
            hole.to <= job.instrument.onboard
                ? QStringLiteral("before the contract was listed (%1)").arg(isoText(job.instrument.onboard))
                : QStringLiteral("the exchange has no candles for this time (asked twice)");
        for (const TimeSpan &rest : without(std::vector{hole}, impossible))
            m_gaps.absent(stream, rest, reason);
        if (job.urgency == Urgency::Fill)
            m_fill.wanted -= candlesBetween(job.timeframe, hole.from, hole.to);
        m_backfills.unfillable(job.backfill, job.instrument.unified, candlesBetween(job.timeframe, hole.from, hole.to));
    }
}

void HistoryService::markCandlesAnswered(const Job &job, const RestReply &reply)
{
    std::vector<UtcTime> closes;
    auto parsed = m_parts.adapter->parseCandles(reply.body, &closes);
    if (!parsed) {
        unreadable(job, parsed.error());
        return;
    }
    std::vector<Candle> candles = std::move(parsed).value();
    takeBadRows(job, candles, closes);
    const TimeSpan closed{job.span.from, std::min(job.span.to, m_time.lastClosed(job.timeframe))};
    std::erase_if(
        candles, [&](const Candle &candle) { return candle.open_time < closed.from || candle.open_time >= closed.to; });
    const StreamKey stream{m_parts.adapter->name(), job.instrument.unified, StreamKind::MarkCandles, job.timeframe};
    for (const TimeSpan &hole : absent(job.timeframe, closed, candles)) {
        if (job.confirming) {
            m_gaps.absent(stream, hole, QStringLiteral("the exchange has no mark price for this time (asked twice)"));
            continue;
        }
        Job confirming = job;
        confirming.confirming = true;
        confirming.span = hole;
        m_queue.add(confirming);
    }
    if (candles.empty()) {
        repair(m_gaps.review(stream));
        return;
    }
    for (Candle &candle : candles) {
        candle.source = job.urgency == Urgency::Repair ? CandleSource::Repair : CandleSource::History;
        candle.volume = candle.quote_volume = DecimalText(); // the exchange prints zeros
        candle.trades = 0;
    }
    RecordBatch batch;
    batch.mark_candles.push_back({{stream.exchange, stream.pair, job.timeframe}, std::move(candles)});
    if (!hand(std::move(batch), stream, 0))
        again(job);
}

// --- telling ---------------------------------------------------------------------------------------------------------

// Empty while gaps can be repaired.
QString HistoryService::whyNothingMoves() const
{
    if (!m_trouble.text().isEmpty()) {
        const MonotonicTime now = m_clock->now();
        const milliseconds refused = m_budget.pausedFor(now);
        const milliseconds held = std::chrono::duration_cast<milliseconds>(m_trouble.heldUntil() - now);
        const auto at = [this](milliseconds from) { return isoText(m_clock->utcNow() + from).mid(11, 8); };
        return refused.count() > 0 ? QStringLiteral("the exchange refuses requests until %1").arg(at(refused))
               : held.count() > 0
                   ? QStringLiteral("the exchange's history does not answer, asked again at %1").arg(at(held))
                   : QStringLiteral("the exchange's history does not answer, being asked again");
    }
    if (!m_instruments.isKnown())
        return QStringLiteral("the exchange's instrument list has not come");
    return m_roomScarce ? QStringLiteral("the store has little room, which is kept for live data") : QString();
}

void HistoryService::note(HistoryNote::Kind kind, const QString &pair, qint64 count, TimeSpan span,
                          const QString &detail)
{
    HistoryNote &told = m_notes[kind];
    told.kind = kind;
    told.exchange = m_parts.adapter->name();
    told.from = told.count == 0 ? span.from : std::min(told.from, span.from);
    told.to = std::max(told.to, span.to);
    told.count += count;
    if (!told.pairs.contains(pair))
        told.pairs.append(pair);
    if (!detail.isEmpty())
        told.detail = detail;
}

// Bundled, since one cause concerns many pairs: an event each would say less.
void HistoryService::tellNotes(MonotonicTime now)
{
    if (m_notes.empty() || now < m_notesAt)
        return;
    m_notesAt = now + notesEvery;
    for (const auto &[kind, told] : m_notes) {
        const char *what =
            kind == HistoryNote::Kind::ClosesMissed ? "the exchange's closed mark did not come"
            : kind == HistoryNote::Kind::Corrected  ? "the exchange corrected candles; the value of its history is kept"
            : kind == HistoryNote::Kind::Impossible ? "the exchange told candles that cannot be; left out"
            : kind == HistoryNote::Kind::LedgerLost ? "the gap ledger was removed or damaged, and began anew"
                                                    : "the store began anew and is filled again";
        qCWarning(lcHistory).noquote() << what << logField(u"count", QString::number(told.count))
                                       << logField(u"pairs", told.pairs.mid(0, 6).join(u','))
                                       << logField(u"detail", told.detail);
        Q_EMIT noted(told);
    }
    m_notes.clear();
}

} // namespace tk::history
