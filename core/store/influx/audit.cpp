#include "store/influx/audit.h"

#include "base/logging.h"

#include <QHash>
#include <QRandomGenerator>

#include <algorithm>

namespace tk::store::influx {

namespace {

constexpr milliseconds tickEvery{1'000};
constexpr milliseconds snapshotEvery{5'000};
constexpr milliseconds day = std::chrono::hours(24);
constexpr milliseconds recent = 2 * day;
constexpr milliseconds window = 30 * day;
constexpr milliseconds longest = 360 * day; // where the database keeps for ever
constexpr milliseconds soon{2'000};
constexpr milliseconds patience{10'000}; // for one answer: the thread has to show that it lives
constexpr qint64 resendBytes = 4 * 1024 * 1024;

UtcTime dayOf(UtcTime time)
{
    return candleOpen(Timeframe::D1, time);
}

config::InfluxSettings patient(config::InfluxSettings settings)
{
    settings.timeout = std::min(settings.timeout, patience);
    return settings;
}

QString measurementOf(const StreamKey &stream)
{
    return stream.kind == StreamKind::Candles ? QStringLiteral("ohlcv_") + timeframeText(stream.timeframe)
                                              : QStringLiteral("mark_price");
}

} // namespace

Audit::Audit(AuditOptions options, SpoolParts parts, std::shared_ptr<std::atomic<bool>> interrupted,
             std::function<void()> beat, std::function<void()> appended)
    : m_options(std::move(options))
    , m_parts(std::move(parts))
    , m_interrupted(std::move(interrupted))
    , m_beat(std::move(beat))
    , m_appended(std::move(appended))
    , m_backoff(milliseconds(5'000), milliseconds(300'000), QRandomGenerator::global()->generate64())
{
    m_step.setSingleShot(true);
    m_step.setInterval(0);
    connect(&m_tick, &QTimer::timeout, this, &Audit::tick);
    connect(&m_step, &QTimer::timeout, this, &Audit::step);
}

Audit::~Audit() = default;

Status Audit::start()
{
    m_reader = std::make_unique<InfluxReader>(
        patient(m_options.settings), [clock = m_parts.clock] { return clock->utcNow(); }, m_interrupted.get());
    m_everythingAt = m_parts.clock->now() + m_options.first_after;
    m_recentAt = m_everythingAt + m_options.recent_every;
    m_tick.setInterval(m_parts.clock->timerDelay(tickEvery));
    m_tick.start();
    return ok();
}

void Audit::stop()
{
    m_stopping = true;
    m_tick.stop();
    m_step.stop();
    Q_EMIT stopped();
}

void Audit::passWanted()
{
    m_recentAt = std::min(m_recentAt, m_parts.clock->now() + soon);
}

void Audit::tick()
{
    m_beat();
    const MonotonicTime now = m_parts.clock->now();
    if (m_windows.empty() && !m_step.isActive()) {
        if (now >= m_everythingAt)
            begin(m_options.settings.retention.count() > 0 ? std::min(m_options.settings.retention, longest) : longest);
        else if (now >= m_recentAt)
            begin(recent);
    }
    if (now >= m_snapshotAt)
        sendSnapshot();
}

void Audit::begin(milliseconds reach)
{
    const MonotonicTime now = m_parts.clock->now();
    if (reach > recent)
        m_everythingAt = now + m_options.everything_every;
    m_recentAt = now + m_options.recent_every;
    m_state.series_days = 0;
    m_lost.clear();
    QStringList measurements;
    for (const Timeframe timeframe : allTimeframes)
        measurements.append(measurementOf({{}, {}, StreamKind::Candles, timeframe}));
    measurements.append(QStringLiteral("mark_price"));
    const UtcTime end = dayOf(m_parts.clock->utcNow()) + day;
    const UtcTime oldest = dayOf(m_parts.clock->utcNow() - reach) + day; // of the last day, a part is gone already
    for (UtcTime to = end; to > oldest; to -= window) {                  // newest first: there the spool can help
        for (const QString &measurement : std::as_const(measurements))
            m_windows.push_back({measurement, {std::max(oldest, UtcTime(to - window)), to}});
    }
    m_step.start();
}

void Audit::step()
{
    if (m_stopping)
        return;
    m_beat();
    if (m_windows.empty()) {
        finishPass();
        return;
    }
    const Window next = m_windows.front();
    if (const Status compared = compare(next); !compared) {
        if (m_interrupted->load())
            return;
        const bool news = m_state.trouble.isEmpty();
        m_state.trouble = compared.error().message;
        if (news)
            qCWarning(lcStore).noquote() << "the audit waits:" << m_state.trouble;
        m_step.start(m_parts.clock->timerDelay(m_backoff.next())); // the same window again
        return;
    }
    m_state.trouble.clear();
    m_backoff.reset();
    m_windows.pop_front();
    m_step.start(0);
}

// The index is looked at before the database: what is confirmed in between only makes the database hold more.
Status Audit::compare(const Window &window_of)
{
    QHash<StreamKey, std::map<UtcTime, qint64>> expected;
    for (const StreamKey &stream : m_parts.index->streams()) {
        if (measurementOf(stream) != window_of.measurement)
            continue;
        std::map<UtcTime, qint64> &days = expected[stream];
        for (UtcTime at = window_of.span.from; at < window_of.span.to; at += day) {
            if (const qint64 count = m_parts.index->confirmedCount(stream, {at, at + day}); count > 0)
                days[at] = count;
        }
    }
    const auto counts = m_reader->countsPerDay(window_of.measurement, window_of.span);
    if (!counts)
        return counts.error();
    QHash<StreamKey, std::map<UtcTime, qint64>> found;
    for (const InfluxReader::DayCount &count : *counts)
        found[count.stream][dayOf(count.day)] += count.points;

    for (auto stream = expected.constBegin(); stream != expected.constEnd(); ++stream) {
        const std::map<UtcTime, qint64> &there = found[stream.key()];
        for (const auto &[at, count] : stream.value()) {
            ++m_state.series_days;
            const auto has = there.find(at);
            if (has != there.end() && has->second >= count)
                continue;
            if (const Status looked = missing(stream.key(), {at, at + day}); !looked)
                return looked;
        }
    }
    for (auto stream = found.constBegin(); stream != found.constEnd(); ++stream) {
        const StreamKey &key = stream.key();
        const auto known = expected.constFind(key);
        std::optional<TimeSpan> unknown; // from the first day that has more than we know to the last
        for (const auto &[at, count] : stream.value()) {
            const auto expected_count = [&, at_day = at]() -> qint64 {
                if (known == expected.constEnd())
                    return 0;
                const auto day_count = known->find(at_day);
                return day_count == known->end() ? 0 : day_count->second;
            }();
            const bool candles = key.kind == StreamKind::Candles;
            if (count <= expected_count || (!candles && expected_count > 0))
                continue; // of mark prices a minute may have many points
            if (candles && candleOpen(key.timeframe, at) == at &&
                count == candlesBetween(key.timeframe, at, candleOpen(key.timeframe, at + day))) {
                m_parts.index->learned(key, {{at, at + day}}); // a full day has no holes to look for
                m_state.learned += quint64(count - expected_count);
                continue;
            }
            unknown = unknown ? TimeSpan{unknown->from, at + day} : TimeSpan{at, at + day};
        }
        if (unknown) {
            if (const Status looked = learn(key, *unknown); !looked)
                return looked;
        }
    }
    return ok();
}

Status Audit::learn(const StreamKey &stream, TimeSpan span)
{
    const auto times = m_reader->times(stream, span);
    if (!times)
        return times.error();
    RunSet present(stream.timeframe);
    for (const UtcTime time : *times)
        present.add(stream.kind == StreamKind::Candles ? time : candleOpen(Timeframe::M1, time));
    const qint64 before = m_parts.index->confirmedCount(stream, span);
    m_parts.index->learned(stream, present.runs());
    m_state.learned += quint64(std::max<qint64>(0, m_parts.index->confirmedCount(stream, span) - before));
    return ok();
}

Status Audit::missing(const StreamKey &stream, TimeSpan span)
{
    const std::vector<TimeSpan> confirmed = m_parts.index->confirmedWithin(stream, span);
    const auto times = m_reader->times(stream, span);
    if (!times)
        return times.error();
    RunSet present(stream.timeframe);
    for (const UtcTime time : *times)
        present.add(stream.kind == StreamKind::Candles ? time : candleOpen(Timeframe::M1, time));
    Lost lost{stream, RunSet(stream.timeframe)};
    for (const TimeSpan &run : confirmed) {
        for (const TimeSpan &hole : present.holes(run))
            lost.opens.add(hole);
    }
    if (lost.opens.isEmpty())
        return ok();
    for (const TimeSpan &run : lost.opens.runs())
        m_parts.index->lost(stream, run);
    m_state.lost += quint64(lost.opens.count());
    m_lost.push_back(std::move(lost));
    return ok();
}

// Lines of what was lost that the spool still keeps go into it once more; the rest is told as gaps.
void Audit::resend()
{
    QHash<StreamKey, RunSet *> wanted;
    for (Lost &lost : m_lost)
        wanted.insert(lost.stream, &lost.opens);
    for (const Lane lane : {Lane::Candles, Lane::Marks}) {
        QHash<QByteArray, RunSet *> of_head; // what each line's series is, looked up once
        PerLane<QByteArray> again{};
        QByteArray &lines = again[size_t(lane)];
        const auto flush = [&] {
            if (lines.isEmpty())
                return true;
            const auto appended = m_parts.spool->append(again, m_parts.clock->utcNow());
            if (!appended) {
                qCWarning(lcStore).noquote() << "lost records could not be spooled again:" << appended.error().message;
                return false;
            }
            m_parts.index->taken(lane, lines);
            for (const StreamSpan &covered : coveredSpans(lane, lines)) {
                if (RunSet *opens = wanted.value(covered.stream, nullptr))
                    opens->remove(covered.span);
            }
            m_state.resent += quint64(lines.count('\n'));
            lines.clear();
            m_appended();
            return true;
        };
        quint64 at = m_parts.spool->before(lane, fromMs(0));
        const quint64 end = m_parts.spool->figures().lanes[size_t(lane)].acknowledged_seq;
        while (at < end) {
            const auto entries = m_parts.spool->read(lane, at, resendBytes);
            if (!entries || entries->empty())
                break;
            for (const SpoolEntry &entry : *entries) {
                eachLine(entry.lines, [&](QByteArrayView line) {
                    const auto point = readPointLine(line);
                    if (!point || point->measurement == "funding_rate")
                        return;
                    const QByteArray head = QByteArray::fromRawData(point->head.data(), point->head.size());
                    auto known = of_head.constFind(head);
                    if (known == of_head.constEnd()) {
                        const auto stream = point->stream();
                        known = of_head.insert(point->head.toByteArray(),
                                               stream ? wanted.value(*stream, nullptr) : nullptr);
                    }
                    RunSet *opens = *known;
                    if (opens && opens->contains(candleOpen(opens->timeframe(), stampTime(lane, point->stamp))))
                        lines.append(line).append('\n');
                });
                at = entry.seq;
            }
            m_beat();
            // Lines stay in the order of the spool, so the last value of a point stays the last one. What one flush
            // covers may be in later entries again, as a correction: so all of it goes at once where it is little.
            if (lines.size() > 16 * resendBytes && !flush())
                return;
        }
        if (!flush())
            return;
    }
}

void Audit::finishPass()
{
    quint64 lost = 0;
    for (const Lost &one : m_lost)
        lost += quint64(one.opens.count());
    if (lost > 0) {
        qCCritical(lcStore).noquote() << "the database does not have what it had acknowledged"
                                      << logField(u"points", QString::number(lost))
                                      << logField(u"series", QString::number(m_lost.size()));
        resend();
        std::vector<Gap> gaps;
        for (const Lost &one : m_lost) {
            for (const TimeSpan &run : one.opens.runs())
                gaps.push_back({.stream = one.stream,
                                .from = run.from,
                                .to = run.to,
                                .cause = QStringLiteral("the database lost what it had acknowledged"),
                                .opened = m_parts.clock->utcNow()});
        }
        if (!gaps.empty())
            Q_EMIT gapsFound(gaps);
    }
    m_lost.clear();
    ++m_state.passes;
    m_state.last_pass = m_parts.clock->utcNow();
    qCInfo(lcStore).noquote() << "the database was counted"
                              << logField(u"series_days", QString::number(m_state.series_days))
                              << logField(u"lost", QString::number(lost))
                              << logField(u"learned", QString::number(m_state.learned));
    sendSnapshot();
    Q_EMIT passDone(lost);
}

void Audit::sendSnapshot()
{
    m_snapshotAt = m_parts.clock->now() + snapshotEvery;
    m_state.at = m_parts.clock->utcNow();
    Q_EMIT snapshotReady(std::make_shared<const AuditSnapshot>(m_state));
}

} // namespace tk::store::influx
