#include "history/request_pump.h"

#include "base/logging.h"

#include <algorithm>

namespace tk::history {

using exchange::Refusal;
using exchange::RestReply;
using exchange::RestRequest;

namespace {

constexpr int parallelRequests = 6;
constexpr size_t mostBacklog = 10'000; // records: what history brings beyond waits for the store, in memory
constexpr milliseconds backlogPause{50};

} // namespace

RequestPump::RequestPump(Sources sources, Ways ways)
    : m_from(sources)
    , m_ways(std::move(ways))
    , m_budget(m_from.adapter.restLimits().requests, m_from.settings.weight_share)
    , m_trouble(m_from.clock, m_from.adapter.name())
{
    m_wait.setSingleShot(true);
    QObject::connect(&m_wait, &QTimer::timeout, &m_wait, [this] { pump(); });
}

void RequestPump::stop()
{
    m_stopping = true;
    m_wait.stop();
}

void RequestPump::pump()
{
    if (m_stopping)
        return;
    while (send(false)) {
    }
    while (send(true)) {
    }
}

bool RequestPump::send(bool funding)
{
    const MonotonicTime now = m_from.clock.now();
    if (m_inFlight >= parallelRequests || m_trouble.isHeld(now))
        return false;
    const Job *next = m_from.queue.peek(funding, now);
    if (!next || (m_roomScarce && next->urgency >= Urgency::Repair))
        return false;
    if (next->urgency > Urgency::Probe && m_ways.backlog && m_ways.backlog() >= mostBacklog) {
        waitAtMost(backlogPause);
        return false;
    }
    // Asked whatever the store has: the fill waits for what it tells.
    const bool learning = !m_costLearned && m_from.settings.keep_filled && next->kind == Job::Kind::Candles;
    if (isNeedless(*next, learning)) {
        m_from.queue.take(funding);
        return true;
    }
    if (learning && m_inFlight > 0)
        return false; // its cost is read from the counter: nothing else may run beside it
    const RestRequest request = m_from.planner.requestFor(*next);
    const milliseconds wait = m_budget.reserve(request, moment());
    if (wait.count() > 0) {
        waitAtMost(wait);
        return false;
    }
    dispatch(m_from.queue.take(funding), request);
    return !learning;
}

bool RequestPump::isNeedless(const Job &job, bool learning)
{
    if (job.kind != Job::Kind::Candles || job.backfill != 0)
        return false;
    if (job.span.to <= m_from.settings.oldestKept(m_from.time.now()))
        return true; // it was planned before the store had said how long it keeps
    // Somebody else may have brought it since: a repair what was overdue, or the other way round.
    const bool mends = job.urgency == Urgency::Overdue || job.urgency == Urgency::Repair;
    if (!mends || learning || job.confirming || job.values)
        return false;
    const auto holes = m_from.index.holes({m_from.adapter.name(), job.instrument.unified, job.timeframe}, job.span);
    return holes && holes->empty();
}

// Looks at the queue again after that time, or sooner.
void RequestPump::waitAtMost(milliseconds span)
{
    const milliseconds delay = m_from.clock.timerDelay(span);
    if (!m_wait.isActive() || m_wait.remainingTime() > delay.count())
        m_wait.start(delay);
}

void RequestPump::dispatch(Job job, const RestRequest &request)
{
    ++m_inFlight;
    const UtcTime sent = m_from.time.now();
    qCDebug(lcHistory).noquote() << "asks" << job.text() << isoText(job.span.from) << isoText(job.span.to) << "cost"
                                 << m_budget.mainCost(request) << "urgency" << int(job.urgency);
    const int usedBefore = m_budget.used(moment()) - m_budget.mainCost(request); // reserved already
    m_ways.send(request, [this, job = std::move(job), request, sent, usedBefore](const RestReply &reply) {
        --m_inFlight;
        m_budget.settle(request, m_from.adapter.limitsUsed(reply), sent, moment());
        qCDebug(lcHistory).noquote() << "answered" << reply.status << job.text() << isoText(job.span.from);
        m_ways.done(reply.status);
        if (m_stopping)
            return;
        learnCost(job, request, usedBefore, reply);
        m_ways.answered(job, reply);
        pump();
    });
}

bool RequestPump::ask(const RestRequest &request, Done done)
{
    if (m_budget.reserve(request, moment()).count() > 0)
        return false;
    const UtcTime sent = m_from.time.now();
    m_ways.send(request, [this, request, sent, done = std::move(done)](const RestReply &reply) {
        m_budget.settle(request, m_from.adapter.limitsUsed(reply), sent, moment());
        done(reply);
    });
    return true;
}

void RequestPump::learnCost(const Job &job, const RestRequest &request, int usedBefore, const RestReply &reply)
{
    if (m_costLearned || !m_from.settings.keep_filled || job.kind != Job::Kind::Candles || reply.status != 200)
        return;
    m_costLearned = true;
    const exchange::RequestLimit &limit = m_budget.mainLimit();
    const std::vector<exchange::LimitUse> told = m_from.adapter.limitsUsed(reply);
    const auto use = std::ranges::find(told, limit.name, &exchange::LimitUse::limit);
    const int charged = use == told.end() ? 0 : use->used - usedBefore;
    const int documented = m_budget.mainCost(request);
    if (usedBefore >= 0 && charged > 0 && charged < documented) {
        const qint64 candles = candlesBetween(job.timeframe, job.span.from, job.span.to);
        m_from.adapter.learnCandleCost(int(candles), charged);
        qCInfo(lcHistory).noquote() << "the exchange charges less than it documents"
                                    << logField(u"limit", QString::number(candles))
                                    << logField(QString::fromLatin1(limit.name), QString::number(charged))
                                    << logField(u"documented", QString::number(documented));
    }
    m_ways.costLearned();
}

bool RequestPump::heed(const Refusal &refusal, const QString &whom)
{
    const MonotonicTime now = m_from.clock.now();
    const QString what = whom.isEmpty() ? refusal.message : QStringLiteral("%1 (%2)").arg(refusal.message, whom);
    switch (refusal.kind) {
    case Refusal::Kind::Banned:
        m_budget.banned(refusal.pause, now);
        fell(QStringLiteral("banned for %1: %2").arg(ageText(refusal.pause), refusal.message));
        return false;
    case Refusal::Kind::RateLimited:
    case Refusal::Kind::Blocked:
    case Refusal::Kind::RegionForbidden:
        m_budget.pause(refusal.pause, now);
        fell(QStringLiteral("%1; next request in %2").arg(refusal.message, ageText(refusal.pause)));
        return false;
    case Refusal::Kind::BadRequest:
        if (refusal.code != 0)
            return true;
        break; // an answer without the exchange's own code is not the exchange's word
    case Refusal::Kind::ServerTrouble:
    case Refusal::Kind::Transport:
        break;
    }
    m_trouble.hold();
    fell(what);
    return false;
}

void RequestPump::unreadable(Job job, const Error &error)
{
    m_trouble.hold();
    fell(QStringLiteral("%1 (%2)").arg(error.message, job.text()));
    job.not_before = m_trouble.heldUntil();
    m_from.queue.add(std::move(job));
}

void RequestPump::works()
{
    if (m_budget.pausedFor(m_from.clock.now()).count() == 0)
        m_trouble.works();
}

void RequestPump::fell(const QString &what)
{
    m_trouble.fell(what, {.paused_for = m_budget.pausedFor(m_from.clock.now()),
                          .jobs_waiting = m_from.queue.size(),
                          .instruments_known = m_from.instruments.isKnown()});
}

} // namespace tk::history
