#include "history/job_queue.h"

#include <algorithm>

namespace tk::history {

namespace {

bool isOverdueCandles(const Job &job)
{
    return job.kind == Job::Kind::Candles && job.urgency == Urgency::Overdue && job.backfill == 0 && !job.confirming;
}

QByteArray seriesOf(const Job &job)
{
    return job.instrument.symbol.toUtf8() + char('A' + int(job.timeframe));
}

} // namespace

QString Job::text() const
{
    switch (kind) {
    case Kind::Marks:
        return instrument.unified + QStringLiteral(" mark_price");
    case Kind::Funding:
        return instrument.unified + QStringLiteral(" funding_rate");
    case Kind::MarkCandles:
        return instrument.unified + u' ' + timeframeText(timeframe) + QStringLiteral(" mark candles");
    case Kind::Candles:
    case Kind::Probe:
    case Kind::Reread:
        break;
    }
    return instrument.unified + u' ' + timeframeText(timeframe);
}

QByteArray JobQueue::identity(const Job &job)
{
    // A re-read is one per series however many candles closed meanwhile: it always reads the newest ones.
    QByteArray id = job.instrument.symbol.toUtf8() + ' ' + char('0' + int(job.kind)) + char('A' + int(job.timeframe));
    if (job.kind != Job::Kind::Reread && job.kind != Job::Kind::Probe)
        id += ' ' + QByteArray::number(toMs(job.span.from)) + ' ' + QByteArray::number(toMs(job.span.to));
    return id + (job.confirming ? "c" : "") + (job.backfill ? 'b' + QByteArray::number(job.backfill) : QByteArray());
}

bool JobQueue::add(Job job)
{
    const QByteArray id = identity(job);
    if (const auto known = m_known.constFind(id); known != m_known.cend()) {
        if (job.place() < *known)
            raise(id, job);
        return false;
    }
    m_known.insert(id, job.place());
    if (job.not_before > MonotonicTime{})
        m_delayed.emplace(job.not_before, std::move(job));
    else
        insert(std::move(job));
    return true;
}

void JobQueue::raise(const QByteArray &id, const Job &by)
{
    const auto taken = [&id](auto &waiting) {
        const auto found =
            std::ranges::find_if(waiting, [&id](const auto &entry) { return identity(entry.second) == id; });
        return found == waiting.end() ? std::optional<Job>() : std::move(waiting.extract(found).mapped());
    };
    std::optional<Job> job = taken(m_weighted);
    if (!job)
        job = taken(m_funding);
    if (!job)
        job = taken(m_delayed);
    if (!job)
        return;
    m_known.remove(id);
    job->raised = by.place();
    job->not_before = std::min(job->not_before, by.not_before);
    add(std::move(*job));
}

void JobQueue::insert(Job job)
{
    const bool overdue = isOverdueCandles(job);
    if (overdue && extendOverdue(job))
        return;
    Lane &lane = job.kind == Job::Kind::Funding ? m_funding : m_weighted;
    const Order order{job.place(), job.window, job.rank, job.timeframe, ++m_sequence};
    if (overdue)
        m_overdue.insert(seriesOf(job), order);
    lane.emplace(order, std::move(job));
}

bool JobQueue::extendOverdue(const Job &by)
{
    const auto newest = m_overdue.constFind(seriesOf(by));
    if (newest == m_overdue.cend())
        return false;
    const auto found = m_weighted.find(*newest);
    if (found == m_weighted.end())
        return false;
    Job &job = found->second;
    if (job.span.to != by.span.from || candlesBetween(job.timeframe, job.span.from, by.span.to) > m_longestOverdue)
        return false;
    m_known.remove(identity(by));
    m_known.remove(identity(job));
    job.span.to = by.span.to;
    m_known.insert(identity(job), job.place());
    return true;
}

void JobQueue::release(MonotonicTime now)
{
    while (!m_delayed.empty() && m_delayed.begin()->first <= now)
        insert(std::move(m_delayed.extract(m_delayed.begin()).mapped()));
}

const Job *JobQueue::peek(bool funding, MonotonicTime now)
{
    release(now);
    const Lane &lane = funding ? m_funding : m_weighted;
    return lane.empty() ? nullptr : &lane.begin()->second;
}

Job JobQueue::take(bool funding)
{
    Lane &lane = funding ? m_funding : m_weighted;
    Job job = std::move(lane.extract(lane.begin()).mapped());
    m_known.remove(identity(job));
    return job;
}

std::optional<MonotonicTime> JobQueue::nextDue() const
{
    return m_delayed.empty() ? std::nullopt : std::optional(m_delayed.begin()->first);
}

size_t JobQueue::waiting(Urgency urgency) const
{
    const auto counts = [urgency](const auto &entry) { return entry.second.urgency == urgency; };
    return size_t(std::ranges::count_if(m_weighted, counts) + std::ranges::count_if(m_delayed, counts));
}

template <typename Predicate>
void JobQueue::removeIf(Predicate predicate)
{
    const auto drop = [&](const auto &entry) {
        if (!predicate(entry.second))
            return false;
        m_known.remove(identity(entry.second));
        return true;
    };
    std::erase_if(m_weighted, drop);
    std::erase_if(m_funding, drop);
    std::erase_if(m_delayed, drop);
}

std::vector<Job> JobQueue::takeBackfill(quint64 backfill)
{
    std::vector<Job> taken;
    removeIf([&](const Job &job) {
        if (job.backfill != backfill)
            return false;
        taken.push_back(job);
        return true;
    });
    return taken;
}

void JobQueue::removePair(const QString &unified)
{
    removeIf([&unified](const Job &job) { return job.instrument.unified == unified; });
}

} // namespace tk::history
