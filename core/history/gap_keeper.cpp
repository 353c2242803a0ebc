#include "history/gap_keeper.h"

#include "base/logging.h"
#include "history/request_planner.h"

#include <algorithm>

namespace tk::history {

GapKeeper::GapKeeper(std::unique_ptr<store::GapLedger> ledger, store::StoreReader &reader, const Clock &clock)
    : m_ledger(std::move(ledger))
    , m_reader(&reader)
    , m_clock(&clock)
{
}

Status GapKeeper::load()
{
    auto gaps = m_ledger->unsettled();
    if (!gaps)
        return gaps.error();
    for (Gap &gap : gaps.value()) {
        if (toMs(gap.to) == 0) {
            // Open when the last run ended: nobody watched since, so it reaches to now.
            const UtcTime now = m_clock->utcNow();
            if (const auto id = m_ledger->end(gap.stream, now); !id)
                return id.error();
            gap.to = now;
        }
        m_unsettled.insert(gap.id, gap);
    }
    return ok();
}

void GapKeeper::opened(const std::vector<Gap> &gaps)
{
    for (const Gap &gap : gaps) {
        if (gap.stream.pair.isEmpty())
            continue;
        const auto id = m_ledger->open(gap);
        if (!id) {
            qCCritical(lcHistory).noquote() << "a gap could not be recorded:" << id.error().message
                                            << logField(u"pair", gap.stream.pair) << logField(u"stream", gap.stream.kindText());
            continue;
        }
        if (!m_unsettled.contains(*id))
            ++m_counts.opened;
        Gap kept = gap;
        kept.id = *id;
        if (const auto known = m_unsettled.constFind(*id); known != m_unsettled.cend()) {
            kept = *known;
            kept.from = std::min(kept.from, gap.from);
            kept.to = toMs(gap.to) == 0 ? UtcTime{} : std::max(kept.to, gap.to);
        }
        m_unsettled.insert(*id, kept);
    }
}

std::vector<GapKeeper::Need> GapKeeper::ended(const std::vector<StreamKey> &streams, UtcTime at)
{
    std::vector<Need> needs;
    for (const StreamKey &stream : streams) {
        const auto id = m_ledger->end(stream, at);
        if (!id) {
            qCCritical(lcHistory).noquote() << "the end of a gap could not be recorded:" << id.error().message;
            continue;
        }
        if (id->has_value()) {
            if (const auto gap = m_unsettled.find(**id); gap != m_unsettled.end() && toMs(gap->to) == 0)
                gap->to = at;
        }
        for (Need &need : review(stream))
            needs.push_back(std::move(need));
    }
    return needs;
}

TimeSpan GapKeeper::atRisk(const StreamKey &stream, TimeSpan span)
{
    if (stream.kind == StreamKind::Candles)
        return {candleOpen(stream.timeframe, span.from), candleOpen(stream.timeframe, span.to)};
    const UtcTime minute = candleOpen(Timeframe::M1, span.from);
    return {minute < span.from ? nextCandleOpen(Timeframe::M1, minute) : minute, candleOpen(Timeframe::M1, span.to)};
}

Result<std::vector<TimeSpan>> GapKeeper::missing(const Gap &gap)
{
    const TimeSpan risk = atRisk(gap.stream, {gap.from, gap.to});
    if (risk.from >= risk.to)
        return std::vector<TimeSpan>{};
    std::vector<TimeSpan> holes;
    if (gap.stream.kind == StreamKind::Candles) {
        auto found = m_reader->holes({gap.stream.exchange, gap.stream.pair, gap.stream.timeframe}, risk);
        if (!found)
            return found.error();
        holes = std::move(found).value();
    } else {
        const auto marks = m_reader->markHistory(gap.stream.exchange, gap.stream.pair, risk);
        if (!marks)
            return marks.error();
        std::vector<Candle> minutes; // a point anywhere in the minute stands for it
        for (const MarkPoint &mark : *marks) {
            Candle candle;
            candle.open_time = candleOpen(Timeframe::M1, mark.time);
            minutes.push_back(candle);
        }
        holes = absent(Timeframe::M1, risk, minutes);
    }
    return without(holes, knownAbsent(gap.stream));
}

std::optional<GapKeeper::Need> GapKeeper::judge(Gap &gap)
{
    if (toMs(gap.to) == 0)
        return {}; // still down
    if (gap.stream.kind != StreamKind::Candles && gap.stream.kind != StreamKind::MarkPrice) {
        settle(gap, GapState::Unfillable, QStringLiteral("the exchange offers no history of this stream"));
        return {};
    }
    auto holes = missing(gap);
    if (!holes) {
        qCWarning(lcHistory).noquote() << "the store could not be searched for holes:" << holes.error().message;
        return {};
    }
    if (!holes->empty()) {
        if (gap.state != GapState::Repairing) {
            gap.state = GapState::Repairing;
            if (const Status status = m_ledger->setState(gap.id, gap.state, {}, m_clock->utcNow()); !status)
                qCWarning(lcHistory).noquote() << status.error().message;
        }
        return Need{gap, std::move(holes).value()};
    }
    if (gap.state == GapState::Repairing)
        settle(gap, GapState::Closed, QStringLiteral("repaired from the exchange's history"));
    else
        settle(gap, GapState::Closed, QStringLiteral("nothing was missing: the store holds every record of the span"));
    return {};
}

void GapKeeper::settle(Gap &gap, GapState state, const QString &reason)
{
    if (const Status status = m_ledger->setState(gap.id, state, reason, m_clock->utcNow()); !status) {
        qCWarning(lcHistory).noquote() << "a gap could not be settled in the ledger:" << status.error().message;
        return; // looked at again at the next review
    }
    ++(state == GapState::Closed ? m_counts.closed : m_counts.unfillable);
    gap.state = state;
}

std::vector<GapKeeper::Need> GapKeeper::review(const StreamKey &stream)
{
    std::vector<Need> needs;
    for (auto gap = m_unsettled.begin(); gap != m_unsettled.end();) {
        if (gap->stream == stream) {
            if (auto need = judge(*gap))
                needs.push_back(std::move(*need));
        }
        gap = gap->isSettled() ? m_unsettled.erase(gap) : std::next(gap);
    }
    return needs;
}

std::vector<GapKeeper::Need> GapKeeper::reviewAll()
{
    std::vector<Need> needs;
    for (auto gap = m_unsettled.begin(); gap != m_unsettled.end();) {
        if (auto need = judge(*gap))
            needs.push_back(std::move(*need));
        gap = gap->isSettled() ? m_unsettled.erase(gap) : std::next(gap);
    }
    return needs;
}

void GapKeeper::absent(const StreamKey &stream, TimeSpan span, const QString &reason)
{
    m_absent[stream] = knownAbsent(stream);
    const auto id = m_ledger->open({.stream = stream,
                                    .from = span.from,
                                    .to = span.to,
                                    .cause = QStringLiteral("asked for, and not given"),
                                    .opened = m_clock->utcNow()});
    if (!id) {
        qCWarning(lcHistory).noquote() << id.error().message;
        return;
    }
    // The span may have been joined to a gap that knows its own cause; that one keeps its extent and is judged again.
    if (!m_unsettled.contains(*id)) {
        if (const Status status = m_ledger->setState(*id, GapState::Unfillable, reason, m_clock->utcNow()); !status)
            qCWarning(lcHistory).noquote() << status.error().message;
        ++m_counts.unfillable;
    }
    auto &spans = m_absent[stream];
    spans.insert(std::ranges::upper_bound(spans, span.from, {}, &TimeSpan::from), span);
}

std::vector<TimeSpan> GapKeeper::knownAbsent(const StreamKey &stream)
{
    if (const auto known = m_absent.constFind(stream); known != m_absent.cend())
        return *known;
    const auto spans = m_ledger->unfillable(stream);
    m_absent.insert(stream, spans ? *spans : std::vector<TimeSpan>{});
    return m_absent.value(stream);
}

std::vector<Gap> GapKeeper::unsettled() const
{
    std::vector<Gap> gaps(m_unsettled.cbegin(), m_unsettled.cend());
    std::ranges::sort(gaps, {}, [](const Gap &gap) { return std::pair(gap.from, gap.id); });
    return gaps;
}

} // namespace tk::history
