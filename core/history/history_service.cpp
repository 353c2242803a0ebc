#include "history/history_service.h"

#include "base/logging.h"
#include "history/request_planner.h"
#include "market/candle_check.h"
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
constexpr milliseconds rereadAfter{60'000};  // the newest closed candles are read again once
constexpr milliseconds fundingAfter{60'000}; // a settled rate is listed some seconds after its time
constexpr milliseconds reviewEvery{30'000};
constexpr milliseconds markCandlesEvery{600'000};
constexpr milliseconds aliveEvery{10'000}; // how exactly the end of a run is known that was killed
constexpr milliseconds tellEvery{10'000};
constexpr milliseconds reachSoon{2'000};
constexpr milliseconds gapSlack{10'000}; // between the naming of gaps and the question for what is new
constexpr int rereadCandles = 2;
constexpr int mostReread = 90; // weigh no more than one
constexpr int parallelRequests = 6;
constexpr size_t mostBacklog = 10'000; // records: what history brings beyond waits for the store, in memory
constexpr milliseconds backlogPause{50};
constexpr int fundingRows = 1000;
constexpr MonotonicTime never{};

} // namespace

HistoryService::HistoryService(HistorySettings settings, Parts parts, std::shared_ptr<const Clock> clock,
                               RecordSink sink, std::function<void()> beat)
    : m_settings(std::move(settings))
    , m_parts(std::move(parts))
    , m_clock(std::move(clock))
    , m_sink(std::move(sink))
    , m_beat(std::move(beat))
    , m_gaps(std::move(m_parts.ledger), *m_parts.index, *m_clock)
    , m_budget(m_parts.adapter->restLimits(), m_settings.weight_share)
    , m_instruments(*m_parts.adapter, m_settings.data_dir)
    , m_time(*m_clock, m_parts.adapter->name())
    , m_trouble(*m_clock, m_parts.adapter->name())
    , m_rest({.base = m_settings.rest_url, .proxy = m_settings.proxy, .tls = m_settings.tls}, *m_clock)
{
    connect(&m_tick, &QTimer::timeout, this, &HistoryService::tick);
    m_wait.setSingleShot(true);
    connect(&m_wait, &QTimer::timeout, this, &HistoryService::pump);
}

HistoryService::~HistoryService() = default;

Status HistoryService::start()
{
    if (const Status status = m_gaps.load(); !status) {
        return status.error();
    }
    m_startedAt = m_clock->utcNow();
    loadReach();
    noteFirstRun();
    nameMissedOfLastRun();
    m_auditDay = toMs(m_startedAt) / 86'400'000;
    m_tick.setInterval(m_clock->timerDelay(tickEvery));
    m_tick.start();
    tick();
    return ok();
}

void HistoryService::stop()
{
    saveReach();
    m_stopping = true;
    m_tick.stop();
    m_wait.stop();
    if (m_settings.keep_filled) {
        const Status status =
            m_gaps.note(QStringLiteral("stopped:") + m_parts.adapter->name(), isoText(m_clock->utcNow()));
        if (!status)
            qCWarning(lcHistory).noquote() << status.error().message;
    }
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
    if (!m_fill.active)
        m_budget.setShare(m_settings.weight_share);
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
    if (now >= m_instrumentsAt && !m_trouble.isHeld(now) && !m_instrumentsAsked)
        requestInstruments();
    if (m_time.isDue() && !m_trouble.isHeld(now))
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
    if (m_settings.keep_filled && m_instruments.isKnown() && m_weightLearned && now >= m_markCandlesAt) {
        m_markCandlesAt = now + markCandlesEvery;
        for (const Instrument &instrument : m_instruments.wanted())
            fillMarkCandles(instrument);
    }
    if (now >= m_reviewAt) {
        m_gaps.setOldestKept(oldestKept());
        m_reviewAt = now + reviewEvery;
        repair(m_gaps.reviewAll());
    }
    pump();
    m_trouble.tellWorking();
    noteAlive(now);
    nameLedgerLoss();
    logFill(now);
    if (now >= m_snapshotAt) {
        m_snapshotAt = now + snapshotEvery;
        sendSnapshot();
    }
}

void HistoryService::syncClock()
{
    const RestRequest request = m_parts.adapter->timeRequest();
    const MonotonicTime asked = m_clock->now();
    if (m_budget.reserve(request, asked, m_time.now()).count() > 0)
        return;
    m_time.asked();
    const UtcTime sentUtc = m_clock->utcNow();
    const UtcTime sent = m_time.now();
    m_rest.get(request, [this, request, asked, sentUtc, sent](const RestReply &reply) {
        m_budget.settle(request, m_parts.adapter->usedWeight(reply), sent, m_time.now());
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
            works(); // at times nothing else is asked for
        m_time.answered(*time, sentUtc, std::chrono::duration_cast<milliseconds>(m_clock->now() - asked));
    });
}

// --- instruments -----------------------------------------------------------------------------------------------------

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
    const RestRequest request = m_parts.adapter->instrumentsRequest();
    const MonotonicTime now = m_clock->now();
    if (m_budget.reserve(request, now, m_time.now()).count() > 0)
        return;
    m_instrumentsAsked = true;
    const UtcTime sent = m_time.now();
    m_rest.get(request, [this, request, sent](const RestReply &reply) {
        m_instrumentsAsked = false;
        m_budget.settle(request, m_parts.adapter->usedWeight(reply), sent, m_time.now());
        Q_EMIT requestDone(reply.status);
        if (!m_stopping)
            instrumentsAnswered(reply);
    });
}

void HistoryService::instrumentsAnswered(const RestReply &reply)
{
    if (const auto refusal = m_parts.adapter->refusal(reply, m_time.now())) {
        Job none;
        none.instrument.unified = QStringLiteral("the instrument list");
        refused(std::move(none), *refusal);
        if (!m_instruments.isKnown())
            loadCachedInstruments();
        return;
    }
    auto instruments = m_parts.adapter->parseInstruments(reply.body);
    if (!instruments) {
        m_trouble.hold();
        trouble(instruments.error().message);
        if (!m_instruments.isKnown())
            loadCachedInstruments();
        return;
    }
    works();
    m_instrumentsAt = m_clock->now() + instrumentsEvery;
    m_instruments.keep(reply.body);
    m_listIsNew = true;
    adopt(m_instruments.adopt(std::move(instruments).value(), m_settings, m_time.now()));
}

// Live collecting can work while REST does not (reference §7, 22): the list of the last run serves until then.
void HistoryService::loadCachedInstruments()
{
    auto instruments = m_instruments.ofLastRun();
    if (instruments.empty())
        return;
    qCWarning(lcHistory).noquote() << "using the instrument list of the last run until the exchange gives a new one";
    adopt(m_instruments.adopt(std::move(instruments), m_settings, m_time.now()));
}

void HistoryService::adopt(const InstrumentBook::Change &change)
{
    for (const QString &pair : change.removed)
        m_queue.removePair(pair);
    Q_EMIT instrumentsReady(m_instruments.wanted(), change.delisted);
    if (!m_settings.keep_filled)
        return;
    if (change.first)
        nameMissed(m_instruments.wanted()); // at once, whether REST answers or not
    if (change.first && m_unnamedLoss.isEmpty() && isStoreEmptied())
        m_unnamedLoss = QStringLiteral("nothing of what it had held was there at the start");
    if (change.first && !m_unnamedLoss.isEmpty())
        nameStoreLoss(std::exchange(m_unnamedLoss, {}));
    if (change.first && learnWeightFirst())
        return; // fillAll() follows when the answer is there
    if (change.first || change.added.size() == m_instruments.wanted().size()) {
        fillAll();
        return;
    }
    for (const Instrument &instrument : change.added) {
        for (const Timeframe timeframe : m_settings.timeframes)
            fill(instrument, timeframe);
        wantFunding(instrument);
    }
    repair(m_gaps.reviewAll());
}

// A request alone and first: what it costs tells how to ask for the rest. False where none is needed or possible.
bool HistoryService::learnWeightFirst()
{
    const std::vector<Instrument> &wanted = m_instruments.wanted();
    if (m_weightLearned || wanted.empty() || m_settings.timeframes.empty())
        return false;
    m_fill.started = m_clock->now();
    Job learning;
    learning.timeframe = m_settings.timeframes.front();
    const UtcTime end = m_time.lastClosed(learning.timeframe);
    learning.span = {candlesBefore(learning.timeframe, end, 500), end};
    // Of a contract that is old enough: nothing from before a listing is ever asked for.
    const auto old = std::ranges::find_if(
        wanted, [&](const Instrument &instrument) { return instrument.onboard <= learning.span.from; });
    learning.instrument = old != wanted.end() ? *old : wanted.front();
    learning.span.from = std::max(learning.span.from, candleOpen(learning.timeframe, learning.instrument.onboard));
    if (learning.span.from >= learning.span.to) { // all of them were listed this moment
        m_weightLearned = true;
        return false;
    }
    learning.urgency = Urgency::Overdue;
    learning.backfill = 0;
    m_queue.add(learning);
    m_fill.planned = true;
    return true;
}

// --- what to ask for -------------------------------------------------------------------------------------------------

void HistoryService::noteAlive(MonotonicTime now)
{
    if (now < m_aliveAt || !m_downtimeNamed)
        return;
    m_aliveAt = now + aliveEvery;
    static_cast<void>(m_gaps.note(QStringLiteral("alive:") + m_parts.adapter->name(), isoText(m_clock->utcNow())));
}

void HistoryService::addJobs(const Instrument &instrument, Timeframe timeframe, std::vector<TimeSpan> holes,
                             Urgency urgency, CandleSource source, quint64 backfill, bool values)
{
    // Before its listing a symbol may have been another contract, and the exchange tells of that one, too.
    const UtcTime listed = candleOpen(timeframe, instrument.onboard);
    for (const TimeSpan &hole : holes) {
        if (hole.from < listed)
            m_gaps.absent({m_parts.adapter->name(), instrument.unified, StreamKind::Candles, timeframe},
                          {hole.from, std::min(hole.to, listed)},
                          QStringLiteral("before the contract was listed (%1)").arg(isoText(instrument.onboard)));
    }
    const UtcTime first = std::max(listed, oldestKept());
    std::erase_if(holes, [&](const TimeSpan &hole) { return hole.to <= first; });
    for (TimeSpan &hole : holes) {
        if (hole.from < first)
            hole.from = std::max(hole.from, candleOpen(timeframe, first) < first
                                                ? nextCandleOpen(timeframe, candleOpen(timeframe, first))
                                                : first);
    }
    std::erase_if(holes, [](const TimeSpan &hole) { return hole.from >= hole.to; });
    const qint64 missing = candleCount(timeframe, holes);
    const auto windows = planWindows(timeframe, holes, m_parts.adapter->bestCandlesPerRequest(missing));
    for (size_t i = 0; i < windows.size(); ++i) {
        Job job;
        job.kind = Job::Kind::Candles;
        job.urgency = urgency;
        job.instrument = instrument;
        job.timeframe = timeframe;
        job.span = windows[i];
        job.source = source;
        job.window = int(i);
        job.rank = m_instruments.rankOf(instrument.unified);
        job.backfill = backfill;
        job.values = values;
        // The newest candle may have closed this very moment: REST calls it final a little later.
        const milliseconds early = windows[i].to + ExchangeClock::finalMargin - m_time.now();
        if (early.count() > 0)
            job.not_before = m_clock->now() + early + milliseconds(250);
        if (m_queue.add(job))
            m_backfills.jobAdded(backfill, instrument.unified);
    }
}

void HistoryService::repair(const std::vector<GapKeeper::Need> &needs)
{
    for (const GapKeeper::Need &need : needs) {
        const Instrument *found = m_instruments.find(need.gap.stream.pair);
        if (!found) {
            if (m_listIsNew)
                m_gaps.unlisted(need.gap.id);
            continue; // before the list is there; reviewed again
        }
        if (need.gap.stream.kind == StreamKind::Candles) {
            const bool values = need.gap.cause.startsWith(gapcause::corrected);
            addJobs(*found, need.gap.stream.timeframe, need.missing, Urgency::Repair, CandleSource::Repair, 0, values);
            continue;
        }
        if (need.gap.stream.kind == StreamKind::FundingRate) {
            for (const TimeSpan &span : need.missing) {
                Job job;
                job.kind = Job::Kind::Funding;
                job.urgency = Urgency::Repair;
                job.instrument = *found;
                job.rank = m_instruments.rankOf(found->unified);
                job.span = span;
                m_queue.add(job);
            }
            continue;
        }
        const bool candles = need.gap.stream.kind == StreamKind::MarkCandles;
        const Timeframe grid = candles ? need.gap.stream.timeframe : Timeframe::M1;
        const int limit = m_parts.adapter->bestCandlesPerRequest(candleCount(grid, need.missing));
        for (const TimeSpan &window : planWindows(grid, need.missing, limit)) {
            Job job;
            job.kind = candles ? Job::Kind::MarkCandles : Job::Kind::Marks;
            job.timeframe = grid;
            job.urgency = Urgency::Repair;
            job.instrument = *found;
            job.span = window;
            job.rank = m_instruments.rankOf(found->unified);
            if (const auto ahead = window.to - m_time.now(); ahead.count() > 0) // its last minute runs still
                job.not_before = m_clock->now() + ahead + ExchangeClock::finalMargin;
            m_queue.add(job);
        }
    }
    if (!needs.empty())
        pump();
}

void HistoryService::wantFunding(const Instrument &instrument)
{
    if (!m_settings.funding)
        return;
    const UtcTime now = m_time.now();
    const auto newest = m_parts.index->newestSettledFunding(m_parts.adapter->name(), instrument.unified);
    Job job;
    job.kind = Job::Kind::Funding;
    job.urgency = Urgency::Fill;
    job.instrument = instrument;
    job.rank = m_instruments.rankOf(instrument.unified);
    // From the newest settled rate on; at the first start as far back as one request reaches (8 h apart, at least).
    job.span = {std::max(instrument.onboard, UtcTime(now - std::chrono::hours(8 * fundingRows))), now};
    if (newest && newest->has_value())
        job.span.from = std::max(job.span.from, UtcTime(**newest + std::chrono::minutes(1)));
    // Where the store began anew, gaps ask for the same.
    const StreamKey stream{m_parts.adapter->name(), instrument.unified, StreamKind::FundingRate, Timeframe::M1};
    if (job.span.from < job.span.to && !m_gaps.isBeingRepaired(stream, {job.span.from, job.span.to - gapSlack}))
        m_queue.add(job);
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
        const Instrument *found = m_instruments.find(closed.series.pair);
        if (!found)
            continue;
        Job job;
        job.kind = Job::Kind::Reread;
        job.urgency = Urgency::Reread;
        job.instrument = *found;
        job.timeframe = closed.series.timeframe;
        job.span = closed.span;
        job.rank = m_instruments.rankOf(found->unified);
        job.not_before = m_clock->now() + rereadAfter;
        m_queue.add(job);
    }
}

void HistoryService::probe(const std::vector<QuietProbe> &probes)
{
    for (const QuietProbe &probe : probes) {
        const Instrument *found = m_instruments.find(probe.pair);
        if (!found) {
            Q_EMIT probeAnswered({.pair = probe.pair, .timeframe = probe.timeframe});
            continue;
        }
        Job job;
        job.kind = Job::Kind::Probe;
        job.urgency = Urgency::Probe;
        job.instrument = *found;
        job.timeframe = probe.timeframe;
        // From the candle last seen, so that trades in any candle since are found; a day of them at most.
        const UtcTime open = candleOpen(probe.timeframe, m_time.now());
        job.span = {std::max(probe.known_open, candlesBefore(probe.timeframe, open, 90)),
                    nextCandleOpen(probe.timeframe, open)};
        job.rank = m_instruments.rankOf(found->unified);
        m_queue.add(job);
    }
    pump();
}

void HistoryService::fundingSettled(const std::vector<QString> &pairs)
{
    for (const QString &pair : pairs) {
        const Instrument *found = m_instruments.find(pair);
        if (!found || !m_settings.funding)
            continue;
        Job job;
        job.kind = Job::Kind::Funding;
        job.urgency = Urgency::Repair;
        job.instrument = *found;
        job.rank = m_instruments.rankOf(pair);
        const UtcTime now = m_time.now();
        job.span = {now - std::chrono::hours(24), now + fundingAfter};
        job.not_before = m_clock->now() + fundingAfter;
        m_queue.add(job);
    }
}

void HistoryService::storeCaughtUp()
{
    repair(m_gaps.reviewAll());
}

void HistoryService::storeRoomChanged(bool scarce)
{
    m_roomScarce = scarce;
    pump();
}

void HistoryService::audit()
{
    m_gaps.setOldestKept(oldestKept());
    m_gaps.askAgain();
    const auto all = m_parts.index->candleSeries();
    if (!all) {
        trouble(all.error().message);
        return;
    }
    int holed = 0;
    qint64 missing = 0;
    std::vector<Gap> found;
    for (const store::SeriesSummary &summary : *all) {
        const Instrument *known = m_instruments.find(summary.series.pair);
        if (summary.series.exchange != m_parts.adapter->name() || !known)
            continue;
        const StreamKey stream{summary.series.exchange, summary.series.pair, StreamKind::Candles,
                               summary.series.timeframe};
        const bool collected = m_instruments.collects(summary.series.pair);
        const UtcTime end = collected ? m_time.lastClosed(summary.series.timeframe)
                                      : nextCandleOpen(summary.series.timeframe, summary.last);
        // From where it was ever held: what lay before its first candle of now was lost.
        const UtcTime held = std::min(summary.first, m_reach.value(summary.series, summary.first));
        UtcTime from = std::max(held, candleOpen(summary.series.timeframe, known->onboard));
        if (from < oldestKept())
            from = nextCandleOpen(summary.series.timeframe, candleOpen(summary.series.timeframe, oldestKept()));
        if (from >= end)
            continue;
        const auto holes = m_parts.index->holes(summary.series, {from, end});
        if (!holes)
            continue;
        const auto unknown = without(*holes, m_gaps.knownAbsent(stream));
        for (const TimeSpan &hole : unknown)
            found.push_back({.stream = stream,
                             .from = hole.from,
                             .to = hole.to,
                             .cause = QStringLiteral("hole found by the nightly search"),
                             .opened = m_clock->utcNow()});
        holed += unknown.empty() ? 0 : 1;
        missing += candleCount(summary.series.timeframe, unknown);
    }
    qCInfo(lcHistory).noquote() << "the whole store was searched for holes"
                                << logField(u"series", QString::number(all->size()))
                                << logField(u"with_holes", QString::number(holed))
                                << logField(u"candles_missing", QString::number(missing));
    if (!found.empty())
        m_gaps.opened(std::move(found));
    repair(m_gaps.reviewAll());
    for (const Instrument &instrument : m_instruments.wanted()) {
        wantFunding(instrument);
        fillMarkCandles(instrument);
    }
    Q_EMIT auditDone(holed, missing);
}

// --- backfills by hand -----------------------------------------------------------------------------------------------

std::vector<HistoryService::Missing> HistoryService::missingOf(const BackfillRequest &request, QStringList &problems)
{
    QStringList pairs = request.pairs;
    if (pairs.isEmpty()) {
        for (const Instrument &instrument : m_instruments.wanted())
            pairs.append(instrument.unified);
    }
    if (!m_instruments.isKnown())
        problems.append(QStringLiteral("the exchange's instrument list is not known yet%1")
                            .arg(m_trouble.text().isEmpty() ? QString() : QStringLiteral(": ") + m_trouble.text()));
    std::vector<Missing> all;
    for (const QString &pair : std::as_const(pairs)) {
        const Instrument *found = m_instruments.find(pair);
        if (!found) {
            problems.append(QStringLiteral("%1: the exchange lists no such pair").arg(pair));
            continue;
        }
        for (const Timeframe timeframe : request.timeframes) {
            const SeriesKey series{m_parts.adapter->name(), pair, timeframe};
            const UtcTime listed = candleOpen(timeframe, found->onboard);
            UtcTime from = std::max(candleOpen(timeframe, request.span.from), listed);
            if (from < oldestKept()) {
                from = nextCandleOpen(timeframe, candleOpen(timeframe, oldestKept()));
                const QString problem = QStringLiteral("the store keeps %1: what is older is not fetched")
                                            .arg(ageText(m_settings.retention));
                if (!problems.contains(problem))
                    problems.append(problem);
            }
            const TimeSpan span{from, std::min(candleOpen(timeframe, request.span.to), m_time.lastClosed(timeframe))};
            if (span.from >= span.to)
                continue;
            Missing missing{.instrument = found, .timeframe = timeframe, .holes = {span}};
            if (request.only_missing) {
                auto holes = m_parts.index->holes(series, span);
                if (!holes) {
                    problems.append(holes.error().message);
                    continue;
                }
                missing.holes =
                    without(*holes, m_gaps.knownAbsent({series.exchange, pair, StreamKind::Candles, timeframe}));
            }
            missing.missing = candleCount(timeframe, missing.holes);
            missing.present = candlesBetween(timeframe, span.from, span.to) - missing.missing;
            all.push_back(std::move(missing));
        }
    }
    return all;
}

void HistoryService::startBackfill(const BackfillRequest &request)
{
    QStringList problems;
    std::vector<Missing> all = missingOf(request, problems);
    m_backfills.begin(request.id).problems = problems;
    for (Missing &series : all) {
        m_backfills.want(request.id, series.instrument->unified, series.missing, series.present);
        addJobs(*series.instrument, series.timeframe, std::move(series.holes), Urgency::Operator, CandleSource::History,
                request.id);
    }
    Q_EMIT backfillProgressed(*m_backfills.find(request.id));
    finishBackfills();
    pump();
}

void HistoryService::planBackfill(const BackfillRequest &request)
{
    BackfillPlan plan{.id = request.id};
    for (const Missing &series : missingOf(request, plan.problems)) {
        plan.wanted += series.missing;
        plan.present += series.present;
        const int perRequest = m_parts.adapter->bestCandlesPerRequest(series.missing);
        for (const TimeSpan &window : planWindows(series.timeframe, series.holes, perRequest)) {
            ++plan.requests;
            plan.weight += m_parts.adapter->candlesRequest(*series.instrument, series.timeframe, window).weight;
        }
    }
    const int perMinute = std::max(1, m_budget.limit(m_clock->now()));
    plan.estimate = milliseconds(qint64(60'000) * plan.weight / perMinute);
    Q_EMIT backfillPlanned(plan);
}

void HistoryService::cancelBackfill(quint64 id)
{
    if (!m_backfills.contains(id))
        return;
    m_queue.takeBackfill(id);
    m_paused.remove(id);
    m_backfills.cancel(id);
    finishBackfills();
}

void HistoryService::pauseBackfill(quint64 id, bool paused)
{
    const BackfillProgress *progress = m_backfills.find(id);
    if (!progress || progress->paused == paused)
        return;
    m_backfills.setPaused(id, paused);
    if (paused) {
        m_paused.insert(id, m_queue.takeBackfill(id));
    } else {
        for (Job &job : m_paused.take(id)) {
            const QString pair = job.instrument.unified;
            if (!m_queue.add(std::move(job)))
                m_backfills.jobEnded(id, pair); // somebody else wants the same meanwhile
        }
    }
    Q_EMIT backfillProgressed(*m_backfills.find(id));
    finishBackfills();
    pump();
}

void HistoryService::finishBackfills()
{
    for (const BackfillProgress &finished : m_backfills.takeFinished())
        Q_EMIT backfillDone(finished);
}

// --- requests --------------------------------------------------------------------------------------------------------

void HistoryService::pump()
{
    if (m_stopping)
        return;
    while (send(false)) {
    }
    while (send(true)) {
    }
}

bool HistoryService::send(bool funding)
{
    const MonotonicTime now = m_clock->now();
    if (m_inFlight >= parallelRequests || m_trouble.isHeld(now))
        return false;
    const Job *next = m_queue.peek(funding, now);
    if (!next || (m_roomScarce && next->urgency >= Urgency::Repair))
        return false;
    if (next->urgency > Urgency::Probe && m_parts.backlog && m_parts.backlog() >= mostBacklog) {
        waitAtMost(backlogPause);
        return false;
    }
    // Asked whatever the store has: the fill waits for what it tells.
    const bool learning = !m_weightLearned && m_settings.keep_filled && next->kind == Job::Kind::Candles;
    // Somebody else may have brought it since: a repair what was overdue, or the other way round.
    const bool mends = next->urgency == Urgency::Overdue || next->urgency == Urgency::Repair;
    if (next->kind == Job::Kind::Candles && next->backfill == 0 && next->span.to <= oldestKept()) {
        m_queue.take(funding); // it was planned before the store had said how long it keeps
        return true;
    }
    if (next->kind == Job::Kind::Candles && mends && !learning && !next->confirming && next->backfill == 0 &&
        !next->values) {
        const SeriesKey series{m_parts.adapter->name(), next->instrument.unified, next->timeframe};
        const auto holes = m_parts.index->holes(series, next->span);
        if (holes && holes->empty()) {
            m_queue.take(funding);
            return true;
        }
    }
    if (learning && m_inFlight > 0)
        return false; // its cost is read from the counter: nothing else may run beside it
    const RestRequest request = requestFor(*next);
    const milliseconds wait = m_budget.reserve(request, now, m_time.now());
    if (wait.count() > 0) {
        waitAtMost(wait);
        return false;
    }
    dispatch(m_queue.take(funding), request);
    return !learning;
}

// Looks at the queue again after that time, or sooner.
void HistoryService::waitAtMost(milliseconds span)
{
    const milliseconds delay = m_clock->timerDelay(span);
    if (!m_wait.isActive() || m_wait.remainingTime() > delay.count())
        m_wait.start(delay);
}

RestRequest HistoryService::requestFor(const Job &job)
{
    switch (job.kind) {
    case Job::Kind::Marks:
        return m_parts.adapter->markPricesRequest(job.instrument, job.span);
    case Job::Kind::Funding:
        return m_parts.adapter->fundingRequest(job.instrument, job.span);
    case Job::Kind::MarkCandles:
        return m_parts.adapter->markCandlesRequest(job.instrument, job.timeframe, job.span);
    case Job::Kind::Reread: {
        // The newest ones, and some before that which asked for it: one that closed while a re-reading waited already
        // asked for none of its own, and was read too early by that one.
        const UtcTime end = m_time.lastClosed(job.timeframe);
        const UtcTime newest = candlesBefore(job.timeframe, end, rereadCandles);
        const UtcTime from = candlesBefore(job.timeframe, std::min(newest, job.span.from), rereadCandles);
        return m_parts.adapter->candlesRequest(job.instrument, job.timeframe,
                                               {std::max(from, candlesBefore(job.timeframe, end, mostReread)), end});
    }
    case Job::Kind::Candles:
    case Job::Kind::Probe:
        break;
    }
    return m_parts.adapter->candlesRequest(job.instrument, job.timeframe, job.span);
}

void HistoryService::dispatch(Job job, const RestRequest &request)
{
    ++m_inFlight;
    const UtcTime sent = m_time.now();
    qCDebug(lcHistory).noquote() << "asks" << job.text() << isoText(job.span.from) << isoText(job.span.to) << "weight"
                                 << request.weight << "urgency" << int(job.urgency);
    const int usedBefore = m_budget.used(sent) - request.weight; // reserved already
    m_rest.get(request, [this, job = std::move(job), request, sent, usedBefore](const RestReply &reply) {
        --m_inFlight;
        m_budget.settle(request, m_parts.adapter->usedWeight(reply), sent, m_time.now());
        qCDebug(lcHistory).noquote() << "answered" << reply.status << job.text() << isoText(job.span.from);
        Q_EMIT requestDone(reply.status);
        if (m_stopping)
            return;
        learnWeight(job, request, usedBefore, reply);
        answered(job, request, sent, reply);
        pump();
    });
}

void HistoryService::learnWeight(const Job &job, const RestRequest &request, int usedBefore, const RestReply &reply)
{
    if (m_weightLearned || !m_settings.keep_filled || job.kind != Job::Kind::Candles || reply.status != 200)
        return;
    m_weightLearned = true;
    const auto used = m_parts.adapter->usedWeight(reply);
    const qint64 limit = candlesBetween(job.timeframe, job.span.from, job.span.to);
    if (used && usedBefore >= 0 && *used > usedBefore && *used - usedBefore < request.weight) {
        m_parts.adapter->learnCandleWeight(int(limit), *used - usedBefore);
        qCInfo(lcHistory).noquote() << "the exchange charges less than it documents"
                                    << logField(u"limit", QString::number(limit))
                                    << logField(u"weight", QString::number(*used - usedBefore))
                                    << logField(u"documented", QString::number(request.weight));
    }
    QMetaObject::invokeMethod(this, &HistoryService::fillAll, Qt::QueuedConnection);
}

void HistoryService::answered(Job job, const RestRequest &, UtcTime, const RestReply &reply)
{
    if (const auto refusal = m_parts.adapter->refusal(reply, m_time.now())) {
        refused(std::move(job), *refusal);
        return;
    }
    switch (job.kind) {
    case Job::Kind::Candles:
    case Job::Kind::Reread:
    case Job::Kind::Probe:
        candlesAnswered(job, reply);
        break;
    case Job::Kind::Marks:
        marksAnswered(job, reply);
        break;
    case Job::Kind::MarkCandles:
        markCandlesAnswered(job, reply);
        break;
    case Job::Kind::Funding:
        fundingAnswered(job, reply);
        break;
    }
}

void HistoryService::refused(Job job, const Refusal &refusal)
{
    const MonotonicTime now = m_clock->now();
    const QString what = job.instrument.unified.isEmpty()
                             ? refusal.message
                             : QStringLiteral("%1 (%2)").arg(refusal.message, job.instrument.unified);
    const bool isJob = !job.instrument.symbol.isEmpty();
    switch (refusal.kind) {
    case Refusal::Kind::Banned:
        m_budget.banned(refusal.pause, now);
        trouble(QStringLiteral("banned for %1: %2").arg(ageText(refusal.pause), refusal.message));
        break;
    case Refusal::Kind::RateLimited:
    case Refusal::Kind::Blocked:
    case Refusal::Kind::RegionForbidden:
        m_budget.pause(refusal.pause, now);
        trouble(QStringLiteral("%1; next request in %2").arg(refusal.message, ageText(refusal.pause)));
        break;
    case Refusal::Kind::ServerTrouble:
    case Refusal::Kind::Transport:
        m_trouble.hold();
        trouble(what);
        break;
    case Refusal::Kind::BadRequest:
        if (refusal.code == 0) { // an answer without the exchange's own code is not the exchange's word
            m_trouble.hold();
            trouble(what);
            break;
        }
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
    if (job.backfill != 0 && !m_backfills.contains(job.backfill))
        return; // cancelled while it was under way
    // Nothing is lost: the same is asked again.
    if (const auto paused = m_paused.find(job.backfill); paused != m_paused.end())
        paused->push_back(std::move(job));
    else
        m_queue.add(std::move(job));
}

// An answer came that says what was asked for. A page that somebody else put in its place, with status 200, does not.
void HistoryService::works()
{
    if (m_budget.pausedFor(m_clock->now()).count() == 0)
        m_trouble.works();
}

void HistoryService::trouble(const QString &what)
{
    m_trouble.fell(what, {.paused_for = m_budget.pausedFor(m_clock->now()),
                          .jobs_waiting = m_queue.size(),
                          .instruments_known = m_instruments.isKnown()});
}

void HistoryService::unreadable(Job job, const Error &error)
{
    m_trouble.hold();
    trouble(QStringLiteral("%1 (%2)").arg(error.message, job.text()));
    job.not_before = m_trouble.heldUntil(); // others may be answered meanwhile
    m_queue.add(std::move(job));
}

// --- answers ---------------------------------------------------------------------------------------------------------

void HistoryService::candlesAnswered(const Job &job, const RestReply &reply)
{
    std::vector<UtcTime> closes;
    auto parsed = m_parts.adapter->parseCandles(reply.body, &closes);
    if (!parsed) {
        unreadable(job, parsed.error());
        return;
    }
    works();
    std::vector<Candle> candles = std::move(parsed).value();
    const BadRows bad = takeBadRows(job, candles, closes);
    // Asked about a symbol that was another contract before, the exchange tells of that one, too.
    const UtcTime listed = candleOpen(job.timeframe, job.instrument.onboard);
    std::erase_if(candles, [&](const Candle &candle) { return candle.open_time < listed; });
    if (job.kind == Job::Kind::Probe) {
        probeReplied(job, candles);
        return;
    }
    const UtcTime final = m_time.lastClosed(job.timeframe);
    std::erase_if(candles, [&](const Candle &candle) { return candle.open_time >= final; });
    if (job.kind == Job::Kind::Reread) {
        rereadAnswered(job, std::move(candles));
        return;
    }
    std::erase_if(candles, [&](const Candle &candle) {
        return candle.open_time < job.span.from || candle.open_time >= job.span.to; // the server's ends are not trusted
    });
    nameClosesMissed(job, candles);
    noteAbsent(job, candles, bad);
    if (const UtcTime asked = job.confirming ? job.wanted.to : job.span.to; asked > final) {
        // Part of it was not closed yet when the answer came: that part is asked for again.
        const Instrument wanted = job.instrument;
        const TimeSpan rest{std::max(final, job.confirming ? job.wanted.from : job.span.from), asked};
        addJobs(wanted, job.timeframe, {rest}, job.urgency, job.source, job.backfill);
    }
    if (job.urgency == Urgency::Fill)
        m_fill.fetched += qint64(candles.size());
    const StreamKey stream{m_parts.adapter->name(), job.instrument.unified, StreamKind::Candles, job.timeframe};
    if (candles.empty()) {
        m_backfills.jobEnded(job.backfill, stream.pair);
        finishBackfills();
        repair(m_gaps.review(stream));
        return;
    }
    for (Candle &candle : candles)
        candle.source = job.source;
    RecordBatch batch;
    batch.candles.push_back({{stream.exchange, stream.pair, job.timeframe}, std::move(candles)});
    if (!hand(std::move(batch), stream, job.backfill, job.values ? job.span : TimeSpan{}))
        again(job);
}

void HistoryService::again(Job job)
{
    job.not_before = m_clock->now() + std::chrono::seconds(1);
    m_queue.add(std::move(job));
}

void HistoryService::probeReplied(const Job &job, const std::vector<Candle> &candles)
{
    ProbeAnswer answer{.pair = job.instrument.unified, .timeframe = job.timeframe, .known = true};
    const bool counts = m_parts.adapter->candleFacts().trade_counts;
    for (const Candle &candle : candles) {
        const double volume = candle.volume.toDouble();
        if ((counts ? candle.trades > 0 : volume > 0) && candle.open_time >= answer.open) {
            answer.open = candle.open_time;
            answer.trades = candle.trades;
            answer.volume = volume;
        }
    }
    Q_EMIT probeAnswered(answer);
}

void HistoryService::marksAnswered(const Job &job, const RestReply &reply)
{
    auto marks = m_parts.adapter->parseMarkPrices(reply.body, job.instrument);
    if (!marks) {
        unreadable(job, marks.error());
        return;
    }
    works();
    const StreamKey stream{m_parts.adapter->name(), job.instrument.unified, StreamKind::MarkPrice, Timeframe::M1};
    RecordBatch batch;
    std::vector<Candle> minutes;
    for (MarkPoint &mark : marks.value()) {
        if (mark.time < job.span.from || mark.time >= job.span.to)
            continue;
        Candle minute;
        minute.open_time = mark.time;
        minutes.push_back(minute);
        batch.marks.push_back(std::move(mark));
    }
    for (const TimeSpan &hole : absent(Timeframe::M1, job.span, minutes))
        m_gaps.absent(stream, hole, QStringLiteral("the exchange has no mark price for this time"));
    if (batch.isEmpty())
        repair(m_gaps.review(stream));
    else if (!hand(std::move(batch), stream, 0))
        m_queue.add(job);
}

void HistoryService::fundingAnswered(const Job &job, const RestReply &reply)
{
    auto points = m_parts.adapter->parseFunding(reply.body, job.instrument);
    if (!points) {
        unreadable(job, points.error());
        return;
    }
    works();
    // A full page is not the end: go on behind its last row.
    TimeSpan told = job.span;
    if (points->size() >= size_t(fundingRows)) {
        Job next = job;
        next.span.from = points->back().time + std::chrono::minutes(1);
        told.to = next.span.from;
        m_queue.add(std::move(next));
    }
    const StreamKey stream{m_parts.adapter->name(), job.instrument.unified, StreamKind::FundingRate, Timeframe::M1};
    RecordBatch batch;
    batch.funding = std::move(points).value();
    std::erase_if(batch.funding, [&](const FundingPoint &point) {
        return point.time < job.instrument.onboard; // of the contract that had the symbol before
    });
    if (batch.isEmpty()) {
        m_gaps.fetched(stream, told);
        repair(m_gaps.review(stream));
    } else if (!hand(std::move(batch), stream, 0, told)) {
        again(job);
    }
}

bool HistoryService::hand(RecordBatch batch, const StreamKey &stream, quint64 backfill, TimeSpan fetched)
{
    batch.ticket = ++m_lastTicket;
    const qint64 records = qint64(batch.recordCount());
    const quint64 ticket = batch.ticket;
    const UtcTime oldest = batch.candles.empty() ? UtcTime{} : batch.candles.front().candles.front().open_time;
    if (!m_sink(std::move(batch))) {
        m_trouble.holdFor(std::chrono::seconds(1)); // the store is behind: do not ask for more
        return false;
    }
    m_pending.insert(ticket, {stream, backfill, records, oldest, fetched});
    return true;
}

void HistoryService::stored(const std::vector<quint64> &tickets)
{
    QSet<StreamKey> streams;
    QSet<quint64> moved; // backfills
    for (const quint64 ticket : tickets) {
        const auto pending = m_pending.find(ticket);
        if (pending == m_pending.end())
            continue;
        streams.insert(pending->stream);
        if (pending->oldest != UtcTime{}) {
            UtcTime &reach = m_reach[{pending->stream.exchange, pending->stream.pair, pending->stream.timeframe}];
            if (reach == UtcTime{} || pending->oldest < reach) {
                reach = pending->oldest;
                m_reachAt = std::min(m_reachAt, m_clock->now() + reachSoon); // the store may go before a minute is over
            }
        }
        if (pending->fetched.from < pending->fetched.to)
            m_gaps.fetched(pending->stream, pending->fetched);
        if (m_backfills.contains(pending->backfill)) {
            m_backfills.fetched(pending->backfill, pending->stream.pair, pending->records);
            m_backfills.jobEnded(pending->backfill, pending->stream.pair);
            moved.insert(pending->backfill);
        }
        m_pending.erase(pending);
        ++m_batchesStored;
    }
    for (const quint64 id : std::as_const(moved))
        Q_EMIT backfillProgressed(*m_backfills.find(id));
    for (const StreamKey &stream : std::as_const(streams))
        repair(m_gaps.review(stream));
    finishBackfills();
}

// --- telling ---------------------------------------------------------------------------------------------------------

void HistoryService::logFill(MonotonicTime now)
{
    if (!m_fill.active)
        return;
    m_fill.requests_left = int(m_queue.waiting(Urgency::Fill));
    if (m_fill.requests_left == 0 && m_inFlight == 0 && m_pending.isEmpty()) {
        m_fill.active = false;
        m_fill.done = true;
        m_budget.setShare(m_settings.weight_share);
        qCInfo(lcHistory).noquote() << "first fill done" << logField(u"candles", QString::number(m_fill.fetched))
                                    << logField(u"in", ageText(std::chrono::duration_cast<milliseconds>(
                                                           now - m_fill.started)));
        return;
    }
    if (now < m_fillToldAt)
        return;
    m_fillToldAt = now + tellEvery;
    qCInfo(lcHistory).noquote()
        << "first fill" << logField(u"candles", QStringLiteral("%1/%2").arg(m_fill.fetched).arg(m_fill.wanted))
        << logField(u"percent", QString::number(m_fill.wanted > 0 ? m_fill.fetched * 100 / m_fill.wanted : 100))
        << logField(u"requests_left", QString::number(m_fill.requests_left))
        << logField(u"weight", QStringLiteral("%1/%2").arg(m_budget.used(m_time.now())).arg(m_budget.limit(now)));
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
    snapshot->weight_used = m_budget.used(m_time.now());
    snapshot->weight_limit = m_budget.limit(now);
    snapshot->paused_for = m_budget.pausedFor(now);
    snapshot->trouble = m_trouble.text();
    snapshot->trouble_since = m_trouble.since();
    snapshot->ledger_trouble = m_gaps.ledgerTrouble();
    snapshot->ledger_trouble_since = m_gaps.ledgerTroubleSince();
    snapshot->clock_offset = m_time.offset();
    snapshot->jobs_waiting = m_queue.size();
    snapshot->in_flight = m_inFlight;
    snapshot->fill = m_fill;
    snapshot->open_gaps = m_gaps.unsettled();
    snapshot->lost = m_gaps.newestLost();
    snapshot->loss_gaps = m_gaps.lossCount();
    snapshot->refused_gaps = size_t(std::ranges::count(snapshot->open_gaps, GapState::Refused, &Gap::state));
    snapshot->waits = whyNothingMoves();
    snapshot->repairing = snapshot->waits.isEmpty();
    snapshot->times_anew = m_timesAnew;
    snapshot->batches_stored = m_batchesStored;
    snapshot->gaps_opened = m_gaps.counts().opened;
    snapshot->gaps_closed = m_gaps.counts().closed;
    snapshot->gaps_unfillable = m_gaps.counts().unfillable;
    snapshot->unfillable_before = m_gaps.unfillableBefore();
    Q_EMIT snapshotReady(std::move(snapshot));
}

} // namespace tk::history
