#include "history/job_planner.h"

#include "history/request_planner.h"

#include <algorithm>

namespace tk::history {

using exchange::Instrument;
using exchange::RestRequest;

namespace {

constexpr milliseconds rereadAfter{60'000}; // the newest closed candles are read again once
constexpr int rereadCandles = 2;
constexpr int mostReread = 90; // weigh no more than one

} // namespace

JobPlanner::JobPlanner(Sources sources)
    : m_from(sources)
{}

Job JobPlanner::jobFor(Job::Kind kind, Urgency urgency, const Instrument &instrument) const
{
    Job job;
    job.kind = kind;
    job.urgency = urgency;
    job.instrument = instrument;
    job.rank = m_from.instruments.rankOf(instrument.unified);
    return job;
}

std::vector<Job> JobPlanner::candles(const Instrument &instrument, Timeframe timeframe, std::vector<TimeSpan> holes,
                                     const Purpose &purpose) const
{
    const UtcTime listed = candleOpen(timeframe, instrument.onboard);
    const UtcTime first = std::max(listed, m_from.settings.oldestKept(m_from.time.now()));
    std::erase_if(holes, [&](const TimeSpan &hole) { return hole.to <= first; });
    for (TimeSpan &hole : holes) {
        if (hole.from < first)
            hole.from = std::max(hole.from, candleOpen(timeframe, first) < first
                                                ? nextCandleOpen(timeframe, candleOpen(timeframe, first))
                                                : first);
    }
    std::erase_if(holes, [](const TimeSpan &hole) { return hole.from >= hole.to; });
    const qint64 missing = candleCount(timeframe, holes);
    const auto windows = planWindows(timeframe, holes, m_from.adapter.bestCandlesPerRequest(missing));
    std::vector<Job> jobs;
    for (size_t i = 0; i < windows.size(); ++i) {
        Job job = jobFor(Job::Kind::Candles, purpose.urgency, instrument);
        job.timeframe = timeframe;
        job.span = windows[i];
        job.source = purpose.source;
        job.window = int(i);
        job.backfill = purpose.backfill;
        job.values = purpose.values;
        // The newest candle may have closed this very moment: REST calls it final a little later.
        const milliseconds early = windows[i].to + m_from.time.finalAfter() - m_from.time.now();
        if (early.count() > 0)
            job.not_before = m_from.clock.now() + early + milliseconds(250);
        jobs.push_back(std::move(job));
    }
    return jobs;
}

std::vector<Job> JobPlanner::repair(const GapKeeper::Need &need, const Instrument &instrument) const
{
    std::vector<Job> jobs;
    if (need.gap.stream.kind == StreamKind::FundingRate) {
        for (const TimeSpan &span : need.missing) {
            jobs.push_back(jobFor(Job::Kind::Funding, Urgency::Repair, instrument));
            jobs.back().span = span;
        }
        return jobs;
    }
    const bool candles = need.gap.stream.kind == StreamKind::MarkCandles;
    const Timeframe grid = candles ? need.gap.stream.timeframe : Timeframe::M1;
    const int limit = m_from.adapter.bestCandlesPerRequest(candleCount(grid, need.missing));
    for (const TimeSpan &window : planWindows(grid, need.missing, limit)) {
        Job job = jobFor(candles ? Job::Kind::MarkCandles : Job::Kind::Marks, Urgency::Repair, instrument);
        job.timeframe = grid;
        job.span = window;
        if (const auto ahead = window.to - m_from.time.now(); ahead.count() > 0) // its last minute runs still
            job.not_before = m_from.clock.now() + ahead + m_from.time.finalAfter();
        jobs.push_back(std::move(job));
    }
    return jobs;
}

std::vector<Job> JobPlanner::markCandles(const Instrument &instrument, const std::vector<TimeSpan> &holes) const
{
    std::vector<Job> jobs;
    const int limit = m_from.adapter.bestCandlesPerRequest(candleCount(Timeframe::H1, holes));
    for (const TimeSpan &window : planWindows(Timeframe::H1, holes, limit)) {
        Job job = jobFor(Job::Kind::MarkCandles, Urgency::Reread, instrument); // candles first
        job.timeframe = Timeframe::H1;
        job.span = window;
        jobs.push_back(std::move(job));
    }
    return jobs;
}

std::optional<Job> JobPlanner::funding(const Instrument &instrument, std::optional<UtcTime> newestStored) const
{
    const UtcTime now = m_from.time.now();
    Job job = jobFor(Job::Kind::Funding, Urgency::Fill, instrument);
    // From the newest settled rate on; at the first start as far back as one request reaches.
    job.span = {std::max(instrument.onboard, UtcTime(now - m_from.adapter.fundingRules().reach())), now};
    if (newestStored)
        job.span.from = std::max(job.span.from, UtcTime(*newestStored + std::chrono::minutes(1)));
    return job.span.from < job.span.to ? std::optional(std::move(job)) : std::nullopt;
}

Job JobPlanner::justSettled(const Instrument &instrument) const
{
    Job job = jobFor(Job::Kind::Funding, Urgency::Repair, instrument);
    const UtcTime now = m_from.time.now();
    const milliseconds listed = m_from.adapter.fundingRules().listed_after;
    job.span = {now - std::chrono::hours(24), now + listed};
    job.not_before = m_from.clock.now() + listed;
    return job;
}

Job JobPlanner::reread(const Instrument &instrument, const SeriesSpan &closed) const
{
    Job job = jobFor(Job::Kind::Reread, Urgency::Reread, instrument);
    job.timeframe = closed.series.timeframe;
    job.span = closed.span;
    job.not_before = m_from.clock.now() + rereadAfter;
    return job;
}

Job JobPlanner::probe(const Instrument &instrument, const QuietProbe &probe) const
{
    Job job = jobFor(Job::Kind::Probe, Urgency::Probe, instrument);
    job.timeframe = probe.timeframe;
    // From the candle last seen, so that trades in any candle since are found; a day of them at most.
    const UtcTime open = candleOpen(probe.timeframe, m_from.time.now());
    job.span = {std::max(probe.known_open, candlesBefore(probe.timeframe, open, 90)),
                nextCandleOpen(probe.timeframe, open)};
    return job;
}

std::optional<Job> JobPlanner::learning(const std::vector<Instrument> &wanted) const
{
    Job learning;
    learning.timeframe = m_from.settings.timeframes.front();
    const UtcTime end = m_from.time.lastClosed(learning.timeframe);
    learning.span = {candlesBefore(learning.timeframe, end, 500), end};
    // Of a contract that is old enough: nothing from before a listing is ever asked for.
    const auto old = std::ranges::find_if(
        wanted, [&](const Instrument &instrument) { return instrument.onboard <= learning.span.from; });
    learning.instrument = old != wanted.end() ? *old : wanted.front();
    learning.span.from = std::max(learning.span.from, candleOpen(learning.timeframe, learning.instrument.onboard));
    learning.urgency = Urgency::Overdue;
    return learning.span.from < learning.span.to ? std::optional(std::move(learning)) : std::nullopt;
}

RestRequest JobPlanner::requestFor(const Job &job) const
{
    switch (job.kind) {
    case Job::Kind::Marks:
        return m_from.adapter.markPricesRequest(job.instrument, job.span);
    case Job::Kind::Funding:
        return m_from.adapter.fundingRequest(job.instrument, job.span);
    case Job::Kind::MarkCandles:
        return m_from.adapter.markCandlesRequest(job.instrument, job.timeframe, job.span);
    case Job::Kind::Reread: {
        // The newest ones, and some before that which asked for it: one that closed while a re-reading waited already
        // asked for none of its own, and was read too early by that one.
        const UtcTime end = m_from.time.lastClosed(job.timeframe);
        const UtcTime newest = candlesBefore(job.timeframe, end, rereadCandles);
        const UtcTime from = candlesBefore(job.timeframe, std::min(newest, job.span.from), rereadCandles);
        return m_from.adapter.candlesRequest(job.instrument, job.timeframe,
                                             {std::max(from, candlesBefore(job.timeframe, end, mostReread)), end});
    }
    case Job::Kind::Candles:
    case Job::Kind::Probe:
        break;
    }
    return m_from.adapter.candlesRequest(job.instrument, job.timeframe, job.span);
}

} // namespace tk::history
