#include "history/job_desk.h"

#include "market/gap_cause.h"

#include <algorithm>

namespace tk::history {

using exchange::Instrument;

namespace {

constexpr milliseconds gapSlack{10'000}; // between the naming of gaps and the question for what is new

} // namespace

JobDesk::JobDesk(QString exchange, Sources sources)
    : m_exchange(std::move(exchange))
    , m_from(sources)
{}

void JobDesk::add(const std::vector<Job> &jobs)
{
    for (const Job &job : jobs) {
        if (m_from.queue.add(job))
            m_from.backfills.jobAdded(job.backfill, job.instrument.unified);
    }
}

void JobDesk::candles(const Instrument &instrument, Timeframe timeframe, const std::vector<TimeSpan> &holes,
                      const JobPlanner::Purpose &purpose)
{
    const UtcTime listed = candleOpen(timeframe, instrument.onboard);
    for (const TimeSpan &hole : holes) {
        if (hole.from < listed)
            m_from.gaps.absent({m_exchange, instrument.unified, StreamKind::Candles, timeframe},
                               {hole.from, std::min(hole.to, listed)},
                               QStringLiteral("before the contract was listed (%1)").arg(isoText(instrument.onboard)));
    }
    add(m_from.planner.candles(instrument, timeframe, holes, purpose));
}

void JobDesk::repair(const std::vector<GapKeeper::Need> &needs)
{
    for (const GapKeeper::Need &need : needs) {
        const Instrument *found = m_from.instruments.find(need.gap.stream.pair);
        if (!found) {
            if (m_listIsNew)
                m_from.gaps.unlisted(need.gap.id);
            continue; // before the list is there; reviewed again
        }
        if (need.gap.stream.kind == StreamKind::Candles)
            candles(*found, need.gap.stream.timeframe, need.missing,
                    {.urgency = Urgency::Repair,
                     .source = CandleSource::Repair,
                     .values = need.gap.cause.startsWith(gapcause::corrected)});
        else
            add(m_from.planner.repair(need, *found));
    }
}

void JobDesk::funding(const Instrument &instrument)
{
    if (!m_from.settings.funding)
        return;
    const auto newest = m_from.index.newestSettledFunding(m_exchange, instrument.unified);
    const auto job = m_from.planner.funding(instrument, newest ? *newest : std::nullopt);
    // Where the store began anew, gaps ask for the same.
    const StreamKey stream{m_exchange, instrument.unified, StreamKind::FundingRate, Timeframe::M1};
    if (job && !m_from.gaps.isBeingRepaired(stream, {job->span.from, job->span.to - gapSlack}))
        m_from.queue.add(*job);
}

} // namespace tk::history
