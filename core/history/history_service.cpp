#include "history/history_service.h"

#include "base/logging.h"
#include "history/request_planner.h"
#include "market/gap_cause.h"

#include <algorithm>

namespace tk::history {

using exchange::Instrument;
using exchange::Refusal;
using exchange::RestReply;
using exchange::RestRequest;

namespace {

constexpr milliseconds tickEvery{250};
constexpr milliseconds snapshotEvery{1'000};
constexpr milliseconds instrumentsEvery{3'600'000}; // the stream of listings has no replay (reference §2.5)
constexpr milliseconds suspectEvery{10'000};
constexpr milliseconds reviewEvery{30'000};
constexpr milliseconds markCandlesEvery{600'000};
constexpr milliseconds aliveEvery{10'000}; // how exactly the end of a run is known that was killed
constexpr milliseconds reachSoon{2'000};

} // namespace

HistoryService::HistoryService(HistorySettings settings, Parts parts, std::shared_ptr<const Clock> clock,
                               RecordSink sink, std::function<void()> beat)
    : m_settings(std::move(settings))
    , m_parts(std::move(parts))
    , m_clock(std::move(clock))
    , m_beat(std::move(beat))
    , m_tickets(std::move(sink), m_parts.first_ticket)
    , m_gaps(std::move(m_parts.ledger), *m_parts.index, *m_clock)
    , m_runs(m_gaps, m_parts.adapter->name())
    , m_reach(m_gaps, *m_parts.index, m_parts.adapter->name())
    , m_notes(m_parts.adapter->name())
    , m_queue(m_parts.adapter->restLimits().small_candles)
    , m_instruments(*m_parts.adapter, m_settings.data_dir)
    , m_time(*m_clock, m_parts.adapter->name(), m_parts.adapter->candleFacts().final_after)
    , m_holes(m_parts.adapter->name(),
              {*m_parts.index, m_gaps, m_runs, m_reach, m_instruments, m_settings, m_time, *m_clock})
    , m_losses(*m_parts.adapter, {m_gaps, m_runs, m_holes, m_instruments, m_settings, m_time, *m_clock})
    , m_planner({*m_parts.adapter, m_instruments, m_settings, m_time, *m_clock})
    , m_desk({*m_parts.adapter, m_instruments, m_holes, m_queue, m_settings, m_time})
    , m_backfills(m_desk.book())
    , m_jobs(m_parts.adapter->name(),
             {m_planner, m_instruments, m_settings, m_queue, m_gaps, m_backfills, *m_parts.index})
    , m_pump({*m_parts.adapter, m_planner, m_instruments, m_settings, m_time, *m_clock, m_queue, *m_parts.index},
             ways())
    , m_answers({*m_parts.adapter, m_instruments, m_time, *m_clock, *m_parts.index, m_gaps, m_notes, m_queue, m_jobs,
                 m_desk, m_fill, m_overdue, m_tickets, m_pump},
                {.probed = [this](const ProbeAnswer &answer) { Q_EMIT probeAnswered(answer); },
                 .jobEnded = [this] { finishBackfills(); }})
    , m_rest({.base = m_settings.rest_url, .proxy = m_settings.proxy, .tls = m_settings.tls}, *m_clock)
{
    connect(&m_tick, &QTimer::timeout, this, &HistoryService::tick);
}

HistoryService::~HistoryService() = default;

RequestPump::Ways HistoryService::ways()
{
    return {
        .send = [this](const RestRequest &request, RequestPump::Done done) { m_rest.get(request, std::move(done)); },
        .backlog = m_parts.backlog,
        .done = [this](int status) { Q_EMIT requestDone(status); },
        .answered = [this](const Job &job, const RestReply &reply) { answered(job, reply); },
        .costLearned = [this] { QMetaObject::invokeMethod(this, &HistoryService::fillAll, Qt::QueuedConnection); }};
}

Status HistoryService::start()
{
    if (const Status status = m_gaps.load(); !status) {
        return status.error();
    }
    m_reachAt = m_clock->now() + reachEvery;
    m_reach.load();
    m_runs.begin(m_clock->utcNow());
    m_losses.nameMissedOfLastRun();
    m_auditDay = toMs(m_runs.startedAt()) / 86'400'000;
    m_tick.setInterval(m_clock->timerDelay(tickEvery));
    m_tick.start();
    tick();
    return ok();
}

void HistoryService::stop()
{
    saveReach();
    m_pump.stop();
    m_tick.stop();
    if (m_settings.keep_filled)
        m_runs.stopped(m_clock->utcNow());
    sendSnapshot();
    Q_EMIT stopped();
}

void HistoryService::setSettings(const HistorySettings &settings)
{
    const auto timeframes = m_settings.timeframes;
    m_settings.wanted = settings.wanted;
    m_settings.major_bases = settings.major_bases;
    m_settings.timeframes = settings.timeframes;
    m_settings.history = settings.history;
    m_settings.weight_share = settings.weight_share;
    m_settings.funding = settings.funding;
    if (!m_fill.progress().active)
        m_pump.setShare(m_settings.weight_share);
    if (!m_instruments.isKnown())
        return;
    if (timeframes != m_settings.timeframes)
        m_instruments.forgetWanted(); // so that every series is looked at again
    adopt(m_instruments.reselect(m_settings, m_time.now()));
}

// --- time ------------------------------------------------------------------------------------------------------------

void HistoryService::tick()
{
    m_beat();
    const MonotonicTime now = m_clock->now();
    if (now >= m_instrumentsAt && !m_pump.trouble().isHeld(now) && !m_instrumentsAsked)
        requestInstruments();
    if (m_time.isDue() && !m_pump.trouble().isHeld(now))
        syncClock();
    if (m_settings.keep_filled && m_instruments.isKnown()) {
        const UtcTime utc = m_time.now();
        const qint64 day = (toMs(utc) - 600'000) / 86'400'000; // ten minutes past midnight
        if (day > m_auditDay) {
            m_auditDay = day;
            audit();
        }
    }
    nameOverdue(now);
    tellNotes(now);
    if (now >= m_reachAt)
        saveReach();
    if (m_settings.keep_filled && m_instruments.isKnown() && m_pump.isCostLearned() && now >= m_markCandlesAt) {
        m_markCandlesAt = now + markCandlesEvery;
        for (const Instrument &instrument : m_instruments.wanted())
            fillMarkCandles(instrument);
    }
    if (now >= m_reviewAt) {
        m_gaps.setOldestKept(oldestKept());
        m_reviewAt = now + reviewEvery;
        repair(m_gaps.reviewAll());
    }
    m_pump.pump();
    m_pump.tellWorking();
    noteAlive(now);
    nameLedgerLoss();
    tellFill(now);
    if (now >= m_snapshotAt) {
        m_snapshotAt = now + snapshotEvery;
        sendSnapshot();
    }
}

void HistoryService::syncClock()
{
    const RestRequest request = m_parts.adapter->timeRequest();
    const MonotonicTime asked = m_clock->now();
    const UtcTime sentUtc = m_clock->utcNow();
    const bool sent = m_pump.ask(request, [this, asked, sentUtc](const RestReply &reply) {
        if (const auto refusal = m_parts.adapter->refusal(reply, m_time.now())) {
            m_time.notAnswered();
            m_clockRefused = true;
            return refused({}, *refusal); // a ban holds for everything
        }
        const auto time = reply.status == 200 ? m_parts.adapter->parseTime(reply.body)
                                              : Result<UtcTime>(Error{Error::Kind::Network, {}});
        if (!time) {
            m_time.notAnswered();
            return;
        }
        if (std::exchange(m_clockRefused, false))
            m_pump.works(); // at times nothing else is asked for
        m_time.answered(*time, sentUtc, std::chrono::duration_cast<milliseconds>(m_clock->now() - asked));
    });
    if (sent)
        m_time.asked();
}

void HistoryService::refreshInstruments(const QString &why)
{
    // Put off, never dropped: the second of two announcements may be the one that counts.
    const MonotonicTime at = std::max(m_clock->now(), m_suspectAt);
    if (m_instrumentsAt <= at)
        return; // asked for already
    m_instrumentsAt = at;
    m_suspectAt = at + suspectEvery;
    qCInfo(lcHistory).noquote() << "looking at the instrument list again:" << why;
}

void HistoryService::requestInstruments()
{
    m_instrumentsAsked =
        m_pump.ask(m_parts.adapter->instrumentsRequest(m_pages.cursor()), [this](const RestReply &reply) {
            m_instrumentsAsked = false;
            Q_EMIT requestDone(reply.status);
            if (!m_pump.isStopping())
                instrumentsAnswered(reply);
        });
}

void HistoryService::instrumentsAnswered(const RestReply &reply)
{
    if (const auto refusal = m_parts.adapter->refusal(reply, m_time.now())) {
        Job none;
        none.instrument.unified = QStringLiteral("the instrument list");
        refused(std::move(none), *refusal);
        m_pages.clear();
        return loadCachedInstruments();
    }
    const auto complete = m_pages.add(*m_parts.adapter, reply.body);
    if (!complete) {
        m_pump.hold();
        m_pump.fell(complete.error().message);
        return loadCachedInstruments();
    }
    m_pump.works();
    if (!*complete)
        return requestInstruments(); // the next page
    m_instrumentsAt = m_clock->now() + instrumentsEvery;
    m_instruments.keep(m_pages.bytes());
    m_jobs.listIsNew();
    adopt(m_instruments.adopt(m_pages.takeInstruments(), m_settings, m_time.now()));
    m_pages.clear();
}

// Live collecting can work while REST does not (reference §7, 22): the list of the last run serves until then.
void HistoryService::loadCachedInstruments()
{
    auto instruments = m_instruments.isKnown() ? std::vector<Instrument>() : m_instruments.ofLastRun();
    if (instruments.empty())
        return;
    qCWarning(lcHistory).noquote() << "using the instrument list of the last run until the exchange gives a new one";
    adopt(m_instruments.adopt(std::move(instruments), m_settings, m_time.now()));
}

void HistoryService::adopt(const InstrumentBook::Change &change)
{
    for (const QString &pair : change.removed)
        m_queue.removePair(pair);
    // Asked before anybody collects: a live candle that is stored meanwhile would hide what is gone.
    const bool emptied = change.first && m_settings.store_at_hand && m_reach.isStoreEmptied();
    Q_EMIT instrumentsReady(m_instruments.wanted(), change.delisted);
    if (!m_settings.keep_filled)
        return;
    if (change.first)
        m_losses.nameMissed(m_instruments.wanted()); // at once, whether REST answers or not
    if (emptied && m_unnamedLoss.isEmpty())
        m_unnamedLoss = QStringLiteral("nothing of what it had held was there at the start");
    if (change.first && !m_unnamedLoss.isEmpty())
        nameStoreLoss(std::exchange(m_unnamedLoss, {}));
    if (change.first && learnCostFirst())
        return; // fillAll() follows when the answer is there
    if (change.first || change.added.size() == m_instruments.wanted().size()) {
        fillAll();
        return;
    }
    for (const Instrument &instrument : change.added) {
        for (const Timeframe timeframe : m_settings.timeframes)
            fill(instrument, timeframe);
        m_jobs.funding(instrument);
    }
    repair(m_gaps.reviewAll());
}

// A request alone and first: what it costs tells how to ask for the rest. False where none is needed or possible.
bool HistoryService::learnCostFirst()
{
    const std::vector<Instrument> &wanted = m_instruments.wanted();
    if (m_pump.isCostLearned() || wanted.empty() || m_settings.timeframes.empty())
        return false;
    const auto learning = m_planner.learning(wanted);
    if (!learning) { // all of them were listed this moment
        m_pump.needNotLearn();
        return false;
    }
    m_queue.add(*learning);
    m_fill.planLater(m_clock->now());
    return true;
}

// --- what to ask for -------------------------------------------------------------------------------------------------

void HistoryService::noteAlive(MonotonicTime now)
{
    if (now < m_aliveAt || !m_losses.isDowntimeNamed())
        return;
    m_aliveAt = now + aliveEvery;
    m_runs.alive(m_clock->utcNow());
}

void HistoryService::repair(const std::vector<GapKeeper::Need> &needs)
{
    m_jobs.repair(needs);
    if (!needs.empty())
        m_pump.pump();
}

void HistoryService::gapsOpened(const std::vector<Gap> &gaps)
{
    std::vector<Gap> open;
    for (const Gap &gap : gaps) {
        if (gap.isSettled())
            m_gaps.lostForGood(gap);
        else
            open.push_back(gap);
    }
    m_gaps.opened(std::move(open));
    // Spans that are over already (a lost trade, a full queue) are judged at once.
    std::vector<StreamKey> over;
    for (const Gap &gap : gaps) {
        if (toMs(gap.to) != 0 && !gap.isSettled() && std::ranges::find(over, gap.stream) == over.end())
            over.push_back(gap.stream);
    }
    for (const StreamKey &stream : over)
        repair(m_gaps.review(stream));
}

void HistoryService::gapsEnded(const std::vector<StreamKey> &streams, UtcTime at)
{
    repair(m_gaps.ended(streams, at));
}

void HistoryService::candlesClosed(const std::vector<SeriesSpan> &spans)
{
    for (const SeriesSpan &closed : spans) {
        if (const Instrument *found = m_instruments.find(closed.series.pair))
            m_queue.add(m_planner.reread(*found, closed));
    }
}

void HistoryService::probe(const std::vector<QuietProbe> &probes)
{
    for (const QuietProbe &probe : probes) {
        if (const Instrument *found = m_instruments.find(probe.pair))
            m_queue.add(m_planner.probe(*found, probe));
        else
            Q_EMIT probeAnswered({.pair = probe.pair, .timeframe = probe.timeframe});
    }
    m_pump.pump();
}

void HistoryService::fundingSettled(const std::vector<QString> &pairs)
{
    for (const QString &pair : pairs) {
        const Instrument *found = m_instruments.find(pair);
        if (found && m_settings.funding)
            m_queue.add(m_planner.justSettled(*found));
    }
}

void HistoryService::storeCaughtUp()
{
    repair(m_gaps.reviewAll());
}

void HistoryService::storeRoomChanged(bool scarce)
{
    m_pump.setRoomScarce(scarce);
    m_pump.pump();
}

void HistoryService::audit()
{
    m_gaps.setOldestKept(oldestKept());
    m_gaps.askAgain();
    auto found = m_holes.searchAll();
    if (!found) {
        m_pump.fell(found.error().message);
        return;
    }
    qCInfo(lcHistory).noquote() << "the whole store was searched for holes"
                                << logField(u"series", QString::number(found->series))
                                << logField(u"with_holes", QString::number(found->holed))
                                << logField(u"candles_missing", QString::number(found->missing));
    m_gaps.opened(std::move(found->gaps));
    repair(m_gaps.reviewAll());
    for (const Instrument &instrument : m_instruments.wanted()) {
        m_jobs.funding(instrument);
        fillMarkCandles(instrument);
    }
    Q_EMIT auditDone(found->holed, found->missing);
}

// --- backfills by hand -----------------------------------------------------------------------------------------------

void HistoryService::startBackfill(const BackfillRequest &request)
{
    for (const BackfillDesk::Missing &series : m_desk.start(request, m_pump.trouble().text()))
        m_jobs.candles(*series.instrument, series.timeframe, series.holes,
                       {.urgency = Urgency::Operator, .backfill = request.id});
    Q_EMIT backfillProgressed(*m_backfills.find(request.id));
    finishBackfills();
    m_pump.pump();
}

void HistoryService::planBackfill(const BackfillRequest &request)
{
    Q_EMIT backfillPlanned(m_desk.plan(request, m_pump.trouble().text(), m_pump.budget(), m_clock->now()));
}

void HistoryService::cancelBackfill(quint64 id)
{
    if (!m_backfills.contains(id))
        return;
    m_desk.cancel(id);
    finishBackfills();
}

void HistoryService::pauseBackfill(quint64 id, bool paused)
{
    if (!m_desk.pause(id, paused))
        return;
    Q_EMIT backfillProgressed(*m_backfills.find(id));
    finishBackfills();
    m_pump.pump();
}

void HistoryService::finishBackfills()
{
    for (const BackfillProgress &finished : m_backfills.takeFinished())
        Q_EMIT backfillDone(finished);
}

// --- answers ---------------------------------------------------------------------------------------------------------

void HistoryService::answered(const Job &job, const RestReply &reply)
{
    if (const auto refusal = m_parts.adapter->refusal(reply, m_time.now())) {
        refused(job, *refusal);
        return;
    }
    m_answers.answered(job, reply);
}

void HistoryService::refused(Job job, const Refusal &refusal)
{
    const bool isJob = !job.instrument.symbol.isEmpty();
    if (m_pump.heed(refusal, job.instrument.unified)) {
        qCWarning(lcHistory).noquote() << "the exchange refused a request for good" << logField(u"job", job.text())
                                       << logField(u"code", QString::number(refusal.code))
                                       << logField(u"message", refusal.message);
        if (job.kind == Job::Kind::Probe)
            Q_EMIT probeAnswered({.pair = job.instrument.unified, .timeframe = job.timeframe});
        if (job.kind == Job::Kind::Candles && isJob)
            m_gaps.absent({m_parts.adapter->name(), job.instrument.unified, StreamKind::Candles, job.timeframe},
                          job.span,
                          QStringLiteral("refused by the exchange: %1 %2").arg(refusal.code).arg(refusal.message));
        m_backfills.problem(job.backfill, QStringLiteral("%1: %2").arg(job.text(), refusal.message));
        m_backfills.jobEnded(job.backfill, job.instrument.unified);
        finishBackfills();
        refreshInstruments(QStringLiteral("a request for %1 was refused").arg(job.instrument.unified));
        return;
    }
    if (!isJob)
        return;
    if (job.kind == Job::Kind::Probe) {
        Q_EMIT probeAnswered({.pair = job.instrument.unified, .timeframe = job.timeframe});
        return;
    }
    m_desk.putBack(std::move(job)); // nothing is lost: the same is asked again
}

void HistoryService::stored(const std::vector<quint64> &tickets)
{
    QSet<StreamKey> streams;
    QSet<quint64> moved; // backfills
    for (const quint64 ticket : tickets) {
        const auto pending = m_tickets.stored(ticket);
        if (!pending)
            continue;
        streams.insert(pending->stream);
        const StreamKey &stream = pending->stream;
        if (pending->oldest != UtcTime{} &&
            m_reach.stored({stream.exchange, stream.pair, stream.timeframe}, pending->oldest))
            m_reachAt = std::min(m_reachAt, m_clock->now() + reachSoon); // the store may go before a minute is over
        if (pending->fetched.from < pending->fetched.to)
            m_gaps.fetched(pending->stream, pending->fetched);
        if (m_backfills.contains(pending->backfill)) {
            m_backfills.fetched(pending->backfill, pending->stream.pair, pending->records);
            m_backfills.jobEnded(pending->backfill, pending->stream.pair);
            moved.insert(pending->backfill);
        }
    }
    for (const quint64 id : std::as_const(moved))
        Q_EMIT backfillProgressed(*m_backfills.find(id));
    for (const StreamKey &stream : std::as_const(streams))
        repair(m_gaps.review(stream));
    finishBackfills();
}

} // namespace tk::history
