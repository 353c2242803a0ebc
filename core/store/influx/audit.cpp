#include "store/influx/audit.h"

#include "base/logging.h"
#include "store/point_line.h"

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

UtcTime dayOf(UtcTime time)
{
    return candleOpen(Timeframe::D1, time);
}

config::InfluxSettings patient(config::InfluxSettings settings)
{
    settings.timeout = std::min(settings.timeout, patience);
    return settings;
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
    if (m_state.trouble.isEmpty())
        return;
    m_backoff.reset(); // it is said to be back: look at once, and do not go on telling of an old trouble
    m_step.start(0);
}

void Audit::everythingWanted(const QString &why)
{
    if (m_parts.index->isEmpty())
        return; // nothing was ever there that it could have lost
    doubtFor(why);
    countEverything();
}

void Audit::doubtFor(const QString &why)
{
    if (m_state.doubt.isEmpty())
        m_state.doubt_since = m_parts.clock->utcNow();
    m_state.doubt = why;
    qCCritical(lcStore).noquote() << "the database is counted from end to end:" << why;
}

void Audit::countEverything()
{
    m_backoff.reset();
    begin(true);
    sendSnapshot();
}

void Audit::setRetention(milliseconds retention)
{
    m_retention = retention;
}

void Audit::tick()
{
    m_beat();
    const MonotonicTime now = m_parts.clock->now();
    if (m_windows.empty() && !m_step.isActive()) {
        if (now >= m_everythingAt)
            begin(true);
        else if (now >= m_recentAt)
            begin(false);
    }
    if (now >= m_snapshotAt)
        sendSnapshot();
}

// How far back the database keeps its points, as far as anybody knows.
milliseconds Audit::wholeReach() const
{
    const milliseconds keeps = m_retention.value_or(m_options.settings.retention);
    if (keeps.count() > 0)
        return keeps;
    const auto earliest = m_parts.index->earliest();
    const milliseconds known = earliest ? m_parts.clock->utcNow() - *earliest + day : milliseconds(0);
    return std::max(longest, known);
}

std::vector<Audit::Aspect> Audit::aspects() const
{
    std::vector<Aspect> all;
    const auto add = [&all](const StreamKey &stream) { all.push_back({measurementOf(stream), fieldOf(stream)}); };
    for (const Timeframe timeframe : allTimeframes)
        add({{}, {}, StreamKind::Candles, timeframe});
    for (const Timeframe timeframe : {Timeframe::H1, Timeframe::H8})
        add({{}, {}, StreamKind::MarkCandles, timeframe});
    add({{}, {}, StreamKind::MarkPrice});
    add({{}, {}, StreamKind::FundingRate});
    all.push_back({QStringLiteral("funding_rate"), "predicted_rate"});
    for (const StreamKind kind :
         {StreamKind::Ticker, StreamKind::Trades, StreamKind::Liquidations, StreamKind::Depth, StreamKind::BookTicker})
        add({{}, {}, kind});
    return all;
}

bool Audit::isKnown(const Aspect &aspect, TimeSpan span) const
{
    for (const StreamKey &stream : m_parts.index->streams()) {
        if (measurementOf(stream) == aspect.measurement && !confirmedOf(aspect, stream, span).empty())
            return true;
    }
    return false;
}

void Audit::begin(bool everything)
{
    const MonotonicTime now = m_parts.clock->now();
    m_whole = everything;
    if (everything)
        m_everythingAt = now + m_options.everything_every;
    m_recentAt = now + m_options.recent_every;
    m_state.series_days = 0;
    m_windows.clear(); // what the pass under way has found lost stays: the index knows it no more, nor would this one
    const milliseconds reach = everything ? wholeReach() : recent;
    const UtcTime end = dayOf(m_parts.clock->utcNow()) + day;
    const UtcTime oldest = dayOf(m_parts.clock->utcNow() - reach) + day; // of the last day, a part is gone already
    for (UtcTime to = end; to > oldest; to -= window) {                  // newest first: there the spool can help
        const TimeSpan span{std::max(oldest, UtcTime(to - window)), to};
        for (Aspect &aspect : aspects()) {
            // What nobody has in the index is looked for in the last year, to be learned; ticks are not.
            const bool learns = !aspect.isTicks() && end - span.to < longest;
            if (learns || isKnown(aspect, span))
                m_windows.push_back({std::move(aspect), span});
        }
    }
    m_step.start(0);
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
    if (const Status compared = next.aspect.isTicks() ? compareTicks(next) : compare(next); !compared) {
        if (m_interrupted->load())
            return;
        const bool news = m_state.trouble.isEmpty();
        m_state.trouble = compared.error().message;
        if (news) {
            qCWarning(lcStore).noquote() << "the audit waits:" << m_state.trouble;
            sendSnapshot();
        }
        m_step.start(m_parts.clock->timerDelay(m_backoff.next())); // the same window again
        return;
    }
    m_backoff.reset();
    m_windows.pop_front();
    if (!std::exchange(m_state.trouble, {}).isEmpty())
        sendSnapshot();
    m_step.start(0);
}

std::vector<TimeSpan> Audit::confirmedOf(const Aspect &aspect, const StreamKey &stream, TimeSpan span) const
{
    return aspect.isPredicted() ? m_parts.index->predictedWithin(stream, span)
                                : m_parts.index->confirmedWithin(stream, span);
}

// The index is looked at before the database: what is confirmed in between only makes the database hold more.
Status Audit::compare(const Window &window_of)
{
    const Aspect &aspect = window_of.aspect;
    QHash<StreamKey, Days> expected;
    for (const StreamKey &stream : m_parts.index->streams()) {
        if (measurementOf(stream) != aspect.measurement)
            continue;
        Days &days = expected[stream];
        for (UtcTime at = window_of.span.from; at < window_of.span.to; at += day) {
            qint64 count = 0;
            for (const TimeSpan &run : confirmedOf(aspect, stream, {at, at + day}))
                count += candlesBetween(gridOf(stream), run.from, run.to);
            if (count > 0)
                days[at] = count;
        }
    }
    const auto counts = m_reader->counts(aspect.measurement, aspect.field, Timeframe::D1, window_of.span);
    if (!counts)
        return counts.error();
    QHash<StreamKey, Days> found;
    TimeSpan held{window_of.span.to, window_of.span.from}; // days of which there is anything
    for (const InfluxReader::Count &count : *counts) {
        const UtcTime at = dayOf(count.begin);
        found[count.stream][at] += count.points;
        held = {std::min(held.from, at), std::max<UtcTime>(held.to, at + day)};
    }
    if (const Status looked = findImpossible({aspect, held}); !looked)
        return looked;
    for (auto bad = m_impossible.constBegin(); bad != m_impossible.constEnd(); ++bad) {
        for (auto &[at, count] : found[bad.key()])
            count -= bad->count({at, at + day});
    }

    for (auto stream = expected.constBegin(); stream != expected.constEnd(); ++stream) {
        const Days &there = found[stream.key()];
        for (const auto &[at, count] : stream.value()) {
            ++m_state.series_days;
            const auto has = there.find(at);
            const qint64 points = has == there.end() ? 0 : has->second;
            if (points >= count)
                continue;
            if (const Status looked = missing(aspect, stream.key(), {at, at + day}, points); !looked)
                return looked;
        }
    }
    for (auto stream = found.constBegin(); stream != found.constEnd(); ++stream) {
        const auto known = expected.constFind(stream.key());
        const Days *days = known == expected.constEnd() ? nullptr : &*known;
        if (const Status learned = learnMore(aspect, stream.key(), stream.value(), days); !learned)
            return learned;
    }
    return ok();
}

// Of ticks it is known in which hours there were any: an hour that has none now was lost.
Status Audit::compareTicks(const Window &window_of)
{
    const Aspect &aspect = window_of.aspect;
    QHash<StreamKey, std::vector<TimeSpan>> expected;
    for (const StreamKey &stream : m_parts.index->streams()) {
        if (measurementOf(stream) == aspect.measurement)
            expected.insert(stream, confirmedOf(aspect, stream, window_of.span));
    }
    const auto counts = m_reader->counts(aspect.measurement, aspect.field, Timeframe::H1, window_of.span);
    if (!counts)
        return counts.error();
    QHash<StreamKey, RunSet> found;
    for (const InfluxReader::Count &count : *counts) {
        if (count.points > 0)
            found.insert(count.stream, found.value(count.stream, RunSet(Timeframe::H1)));
    }
    for (const InfluxReader::Count &count : *counts) {
        if (count.points > 0)
            found.find(count.stream)->add(candleOpen(Timeframe::H1, count.begin));
    }
    for (auto stream = expected.constBegin(); stream != expected.constEnd(); ++stream) {
        const RunSet there = found.value(stream.key(), RunSet(Timeframe::H1));
        Lost lost{stream.key(), RunSet(Timeframe::H1)};
        for (const TimeSpan &run : *stream) {
            for (const TimeSpan &hole : there.holes(run))
                lost.opens.add(hole);
        }
        noteLost(aspect, std::move(lost));
    }
    return ok();
}

// What the database has and the index does not know of.
Status Audit::learnMore(const Aspect &aspect, const StreamKey &stream, const Days &there, const Days *expected)
{
    const bool exact = stream.kind != StreamKind::MarkPrice && !aspect.isPredicted();
    const bool candles = stream.kind == StreamKind::Candles || stream.kind == StreamKind::MarkCandles;
    std::optional<TimeSpan> unknown; // from the first day that has more than we know to the last
    for (const auto &[at, count] : there) {
        const auto day_count = expected ? expected->find(at) : Days::const_iterator{};
        const qint64 expected_count = expected && day_count != expected->end() ? day_count->second : 0;
        if (count <= expected_count || (!exact && expected_count > 0))
            continue; // of mark prices a minute may have many points
        if (candles && candleOpen(stream.timeframe, at) == at &&
            count == candlesBetween(stream.timeframe, at, candleOpen(stream.timeframe, at + day))) {
            m_parts.index->learned(stream, {{at, at + day}}); // a full day has no holes to look for
            m_state.learned += quint64(count - expected_count);
            continue;
        }
        unknown = unknown ? TimeSpan{unknown->from, at + day} : TimeSpan{at, at + day};
    }
    return unknown ? learn(aspect, stream, *unknown) : ok();
}

Status Audit::learn(const Aspect &aspect, const StreamKey &stream, TimeSpan span)
{
    const auto times = m_reader->times(stream, span, aspect.field);
    if (!times)
        return times.error();
    RunSet present(gridOf(stream));
    const bool candles = stream.kind == StreamKind::Candles || stream.kind == StreamKind::MarkCandles;
    for (const UtcTime time : *times)
        present.add(candles ? time : candleOpen(Timeframe::M1, time));
    if (aspect.isPredicted()) {
        m_parts.index->learnedPredicted(stream, present.runs());
        return ok();
    }
    present = soundOnly(stream, std::move(present));
    const qint64 before = m_parts.index->confirmedCount(stream, span);
    m_parts.index->learned(stream, present.runs());
    m_state.learned += quint64(std::max<qint64>(0, m_parts.index->confirmedCount(stream, span) - before));
    return ok();
}

Status Audit::missing(const Aspect &aspect, const StreamKey &stream, TimeSpan span, qint64 there)
{
    const std::vector<TimeSpan> confirmed = confirmedOf(aspect, stream, span);
    const Timeframe grid = gridOf(stream);
    RunSet present(grid);
    if (there > 0) { // a day that has none at all needs no second question
        const auto times = m_reader->times(stream, span, aspect.field);
        if (!times)
            return times.error();
        const bool candles = stream.kind == StreamKind::Candles || stream.kind == StreamKind::MarkCandles;
        for (const UtcTime time : *times)
            present.add(candles ? time : candleOpen(grid, time));
    }
    present = soundOnly(stream, std::move(present));
    Lost lost{stream, RunSet(grid)};
    for (const TimeSpan &run : confirmed) {
        for (const TimeSpan &hole : present.holes(run))
            lost.opens.add(hole);
    }
    noteLost(aspect, std::move(lost));
    return ok();
}

void Audit::finishPass()
{
    quint64 lost = 0;
    for (const Lost &one : m_lost)
        lost += one.impossible ? 0 : quint64(one.opens.count());
    if (lost > 0)
        qCCritical(lcStore).noquote() << "the database does not have what it had acknowledged"
                                      << logField(u"points", QString::number(lost))
                                      << logField(u"streams", QString::number(m_lost.size()));
    if (!m_lost.empty()) {
        const quint64 before = m_state.resent;
        if (lost > 0) {
            resend();
            Q_EMIT lossFound(qint64(lost), qint64(m_state.resent - before));
        }
        std::vector<Gap> gaps;
        for (const Lost &one : m_lost) {
            const std::vector<Gap> some = gapsOf(one);
            gaps.insert(gaps.end(), some.begin(), some.end());
        }
        if (!gaps.empty())
            Q_EMIT gapsFound(gaps);
    }
    m_lost.clear();
    ++m_state.passes;
    m_state.last_pass = m_parts.clock->utcNow();
    if (m_whole)
        m_state.doubt.clear();
    else if (lost > 0) { // who lost some of the last days may have lost more
        doubtFor(QStringLiteral("%1 points of the last days that it had acknowledged were not there").arg(lost));
        m_everythingAt = m_parts.clock->now();
    }
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
