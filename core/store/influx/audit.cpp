#include "store/influx/audit.h"

#include "base/logging.h"
#include "market/gap_cause.h"
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
    if (m_state.doubt.isEmpty())
        m_state.doubt_since = m_parts.clock->utcNow();
    m_state.doubt = why;
    qCCritical(lcStore).noquote() << "the database is counted from end to end:" << why;
    countEverything();
}

void Audit::countEverything()
{
    m_backoff.reset();
    begin(true); // what a pass under way has found is found again
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
    m_lost.clear();
    m_windows.clear();
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
    for (const InfluxReader::Count &count : *counts)
        found[count.stream][dayOf(count.begin)] += count.points;

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
    Lost lost{stream, RunSet(grid)};
    for (const TimeSpan &run : confirmed) {
        for (const TimeSpan &hole : present.holes(run))
            lost.opens.add(hole);
    }
    noteLost(aspect, std::move(lost));
    return ok();
}

void Audit::noteLost(const Aspect &aspect, Lost lost)
{
    if (lost.opens.isEmpty())
        return;
    lost.predicted = aspect.isPredicted();
    for (const TimeSpan &run : lost.opens.runs()) {
        if (lost.predicted)
            m_parts.index->lostPredicted(lost.stream, run);
        else
            m_parts.index->lost(lost.stream, run);
    }
    m_state.lost += quint64(lost.opens.count());
    for (Lost &known : m_lost) { // days of one stream are one loss
        if (known.stream == lost.stream && known.predicted == lost.predicted) {
            for (const TimeSpan &run : lost.opens.runs())
                known.opens.add(run);
            return;
        }
    }
    m_lost.push_back(std::move(lost));
}

// Lines of what was lost that the spool still keeps go into it once more; the rest is told as gaps.
void Audit::resend()
{
    struct Wanted
    {
        Lost *points = nullptr; // of candles, mark prices, settled rates, ticks
        Lost *predicted = nullptr;
    };
    QHash<StreamKey, Wanted> wanted;
    for (Lost &lost : m_lost)
        (lost.predicted ? wanted[lost.stream].predicted : wanted[lost.stream].points) = &lost;
    for (const Lane lane : allLanes) {
        QHash<QByteArray, Wanted> of_head; // what each line's series is, looked up once
        PerLane<QByteArray> again{};
        QByteArray &lines = again[size_t(lane)];
        std::vector<std::pair<Lost *, UtcTime>> covered;
        const auto flush = [&] {
            if (lines.isEmpty())
                return true;
            const auto appended = m_parts.spool->append(again, m_parts.clock->utcNow());
            if (!appended) {
                qCWarning(lcStore).noquote() << "lost records could not be spooled again:" << appended.error().message;
                return false;
            }
            m_parts.index->taken(lane, lines);
            for (const auto &[lost, open] : covered)
                lost->opens.remove({open, nextCandleOpen(lost->opens.timeframe(), open)});
            m_state.resent += quint64(lines.count('\n'));
            lines.clear();
            covered.clear();
            m_appended();
            return true;
        };
        const auto take = [&](QByteArrayView line) {
            const auto point = readPointLine(line);
            if (!point)
                return;
            const QByteArray head = QByteArray::fromRawData(point->head.data(), point->head.size());
            auto known = of_head.constFind(head);
            if (known == of_head.constEnd()) {
                const auto stream = point->stream();
                known = of_head.insert(point->head.toByteArray(), stream ? wanted.value(*stream) : Wanted{});
            }
            bool missed = false;
            const auto look = [&](Lost *lost) {
                if (!lost)
                    return;
                const UtcTime open = candleOpen(lost->opens.timeframe(), stampTime(lane, point->stamp));
                if (!lost->opens.contains(open))
                    return;
                missed = true;
                if (covered.empty() || covered.back() != std::pair(lost, open))
                    covered.emplace_back(lost, open);
            };
            if (!point->isFunding() || point->hasField("rate"))
                look(known->points);
            if (point->isFunding() && point->hasField("predicted_rate"))
                look(known->predicted);
            if (missed)
                lines.append(line).append('\n');
        };
        quint64 at = m_parts.spool->before(lane, fromMs(0));
        const quint64 end = m_parts.spool->figures().lanes[size_t(lane)].acknowledged_seq;
        while (at < end) {
            const auto entries = m_parts.spool->read(lane, at, resendBytes);
            if (!entries || entries->empty())
                break;
            for (const SpoolEntry &entry : *entries) {
                eachLine(entry.lines, take);
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

// What the spool has forgotten: fetched from the exchange, or known as lost where it offers no history.
std::vector<Gap> Audit::gapsOf(const Lost &lost) const
{
    std::vector<Gap> gaps;
    if (lost.opens.isEmpty())
        return gaps;
    const UtcTime now = m_parts.clock->utcNow();
    Gap gap{.stream = lost.stream, .cause = gapcause::databaseLost, .opened = now};
    const StreamKind kind = lost.stream.kind;
    const bool fetched = kind == StreamKind::Candles || kind == StreamKind::MarkPrice ||
                         kind == StreamKind::MarkCandles || (kind == StreamKind::FundingRate && !lost.predicted);
    if (!fetched) {
        gap.state = GapState::Unfillable;
        gap.settled = now;
        gap.reason = lost.predicted ? QStringLiteral("the exchange offers no history of predicted rates")
                                    : QStringLiteral("the exchange offers no history of this stream");
    }
    if (kind == StreamKind::FundingRate && !lost.predicted) { // some a day: one span is asked for
        gap.from = lost.opens.first();
        gap.to = lost.opens.runs().back().to;
        gaps.push_back(gap);
        return gaps;
    }
    for (const TimeSpan &run : lost.opens.runs()) {
        gap.from = run.from;
        gap.to = run.to;
        gaps.push_back(gap);
    }
    return gaps;
}

void Audit::finishPass()
{
    quint64 lost = 0;
    for (const Lost &one : m_lost)
        lost += quint64(one.opens.count());
    if (lost > 0) {
        qCCritical(lcStore).noquote() << "the database does not have what it had acknowledged"
                                      << logField(u"points", QString::number(lost))
                                      << logField(u"streams", QString::number(m_lost.size()));
        resend();
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
    else if (lost > 0)
        m_everythingAt = m_parts.clock->now(); // who lost some of the last days may have lost more
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
