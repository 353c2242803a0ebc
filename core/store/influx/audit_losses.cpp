// What the audit makes of a loss: candles that cannot be are losses, too; what the spool still has is sent once more,
// and the rest becomes gaps.
#include "base/logging.h"
#include "market/gap_cause.h"
#include "store/influx/audit.h"
#include "store/point_line.h"

#include <algorithm>

namespace tk::store::influx {

namespace {

constexpr qint64 resendBytes = 4 * 1024 * 1024;
constexpr qint64 comparedAtOnce = 1'500; // candles of a series

// Of a measurement of candles: "ohlcv_3m", "mark_ohlcv_1h".
Timeframe timeframeOf(const QString &measurement)
{
    return timeframeFromName(measurement.section(u'_', -1).toStdString()).value_or(Timeframe::M1);
}

} // namespace

// A candle that cannot be counts as one that is not there: whoever wrote it, and whatever became of it since.
Status Audit::findImpossible(const Window &window_of)
{
    m_impossible.clear();
    if (!window_of.aspect.isCandles())
        return ok();
    // A little at a time: the database has to read all values, and each answer has its deadline.
    const Timeframe grid = gridOf({{}, {}, StreamKind::Candles, timeframeOf(window_of.aspect.measurement)});
    const milliseconds step = std::max<milliseconds>(std::chrono::hours(24), comparedAtOnce * nominalLength(grid));
    for (UtcTime from = window_of.span.from; from < window_of.span.to; from += step) {
        m_beat();
        const TimeSpan span{from, std::min<UtcTime>(from + step, window_of.span.to)};
        const auto found = m_reader->impossibleIn(window_of.aspect.measurement, span);
        if (!found && found.error().kind == Error::Kind::Remote && !found.error().retryable) {
            // It does not understand the question. Points are counted all the same; said once in a pass.
            if (grid == Timeframe::M1 && window_of.span.to > m_parts.clock->utcNow())
                qCWarning(lcStore).noquote()
                    << "the database cannot look for candles that cannot be:" << found.error().message;
            break;
        }
        if (!found)
            return found.error();
        for (const InfluxReader::Impossible &one : *found) {
            auto of = m_impossible.find(one.stream);
            if (of == m_impossible.end())
                of = m_impossible.insert(one.stream, RunSet(gridOf(one.stream)));
            of->add(one.open);
        }
    }
    for (auto of = m_impossible.constBegin(); of != m_impossible.constEnd(); ++of) {
        Lost lost{.stream = of.key(), .opens = RunSet(gridOf(of.key())), .impossible = true};
        for (const TimeSpan &run : of->runs()) {
            for (const TimeSpan &held : confirmedOf(window_of.aspect, of.key(), run))
                lost.opens.add(held);
        }
        if (lost.opens.isEmpty())
            continue;
        qCCritical(lcStore).noquote() << "the database holds candles that cannot be; they are fetched again"
                                      << logField(u"series", of.key().pair)
                                      << logField(u"measurement", window_of.aspect.measurement)
                                      << logField(u"candles", QString::number(lost.opens.count()))
                                      << logField(u"first", isoText(lost.opens.first()));
        noteLost(window_of.aspect, std::move(lost));
    }
    return ok();
}

RunSet Audit::soundOnly(const StreamKey &stream, RunSet present) const
{
    const auto bad = m_impossible.constFind(stream);
    if (bad != m_impossible.constEnd()) {
        for (const TimeSpan &run : bad->runs())
            present.remove(run);
    }
    return present;
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
    (lost.impossible ? m_state.impossible : m_state.lost) += quint64(lost.opens.count());
    for (Lost &known : m_lost) { // days of one stream are one loss
        if (known.stream == lost.stream && known.predicted == lost.predicted && known.impossible == lost.impossible) {
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
    for (Lost &lost : m_lost) {
        if (lost.impossible)
            continue; // the spool may be where it came from
        (lost.predicted ? wanted[lost.stream].predicted : wanted[lost.stream].points) = &lost;
    }
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
    Gap gap{.stream = lost.stream,
            .cause = lost.impossible ? gapcause::impossibleStored : gapcause::databaseLost,
            .opened = now};
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

} // namespace tk::store::influx
