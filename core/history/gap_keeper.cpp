#include "history/gap_keeper.h"

#include "base/logging.h"
#include "history/request_planner.h"

#include <algorithm>

namespace tk::history {

GapKeeper::GapKeeper(std::unique_ptr<store::GapLedger> ledger, store::StoreIndex &index, const Clock &clock)
    : m_ledger(std::move(ledger))
    , m_index(&index)
    , m_clock(&clock)
{}

Status GapKeeper::load()
{
    const auto gaps = m_ledger->unsettled();
    if (!gaps)
        return gaps.error();
    // Those still open when the last run ended reach to now: nobody watched since.
    std::vector<StreamKey> open;
    for (const Gap &gap : *gaps) {
        m_unsettled.emplace(gap.id, gap);
        if (toMs(gap.to) == 0)
            open.push_back(gap.stream);
    }
    if (const Status status = m_ledger->endAll(open, m_clock->utcNow()); !status)
        return status;
    refresh();
    return ok();
}

void GapKeeper::opened(std::vector<Gap> gaps)
{
    std::erase_if(
        gaps, [](const Gap &gap) { return gap.stream.pair.isEmpty() || (toMs(gap.to) != 0 && gap.to <= gap.from); });
    if (const Status status = m_ledger->openAll(gaps); !status)
        qCCritical(lcHistory).noquote() << "gaps could not be recorded:" << status.error().message
                                        << logField(u"gaps", QString::number(gaps.size()));
    refresh();
}

std::vector<GapKeeper::Need> GapKeeper::ended(const std::vector<StreamKey> &streams, UtcTime at)
{
    if (const Status status = m_ledger->endAll(streams, at); !status)
        qCCritical(lcHistory).noquote() << "the end of gaps could not be recorded:" << status.error().message
                                        << logField(u"streams", QString::number(streams.size()));
    refresh();
    std::vector<Need> needs;
    for (const StreamKey &stream : streams) {
        for (Need &need : review(stream))
            needs.push_back(std::move(need));
    }
    return needs;
}

// The ledger merges, extends and closes by its own rules; this is its picture, taken again after each change.
void GapKeeper::refresh()
{
    const auto gaps = m_ledger->unsettled();
    if (!gaps) {
        qCCritical(lcHistory).noquote() << "the gap ledger cannot be read:" << gaps.error().message;
        return;
    }
    std::map<qint64, Gap> picture;
    for (const Gap &gap : *gaps) {
        if (!m_unsettled.contains(gap.id))
            ++m_counts.opened;
        picture.emplace(gap.id, gap);
    }
    m_unsettled = std::move(picture);
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
    const auto holes = gap.stream.kind == StreamKind::Candles
                           ? m_index->holes({gap.stream.exchange, gap.stream.pair, gap.stream.timeframe}, risk)
                           : m_index->markHoles(gap.stream.exchange, gap.stream.pair, risk);
    if (!holes)
        return holes.error();
    return without(*holes, knownAbsent(gap.stream));
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
    const auto confirmed = m_index->isConfirmed(gap.stream, atRisk(gap.stream, {gap.from, gap.to}));
    if (!confirmed || !*confirmed)
        return {}; // all of it is safe on the disk, but the database has not confirmed it: judged again when it has
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
    return reviewIf([&stream](const Gap &gap) { return gap.stream == stream; });
}

std::vector<GapKeeper::Need> GapKeeper::reviewAll()
{
    return reviewIf([](const Gap &) { return true; });
}

template <typename Predicate>
std::vector<GapKeeper::Need> GapKeeper::reviewIf(Predicate chosen)
{
    std::vector<Need> needs;
    for (auto entry = m_unsettled.begin(); entry != m_unsettled.end();) {
        Gap &gap = entry->second;
        if (chosen(gap)) {
            if (auto need = judge(gap))
                needs.push_back(std::move(*need));
        }
        entry = gap.isSettled() ? m_unsettled.erase(entry) : std::next(entry);
    }
    return needs;
}

void GapKeeper::absent(const StreamKey &stream, TimeSpan span, const QString &reason)
{
    unfillable(stream, span, QStringLiteral("not in the exchange's history"), reason);
}

void GapKeeper::refused(const StreamKey &stream, TimeSpan span, const QString &reason)
{
    unfillable(stream, span, QStringLiteral("refused by the database"), reason);
}

void GapKeeper::unfillable(const StreamKey &stream, TimeSpan span, const QString &cause, const QString &reason)
{
    std::vector<TimeSpan> spans = knownAbsent(stream);
    const UtcTime now = m_clock->utcNow();
    const Status status = m_ledger->record({.stream = stream,
                                            .from = span.from,
                                            .to = span.to,
                                            .cause = cause,
                                            .state = GapState::Unfillable,
                                            .reason = reason,
                                            .opened = now,
                                            .settled = now});
    if (!status) {
        qCWarning(lcHistory).noquote() << status.error().message;
        return;
    }
    ++m_counts.unfillable;
    spans.insert(std::ranges::upper_bound(spans, span.from, {}, &TimeSpan::from), span);
    m_absent.insert(stream, spans);
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
    std::vector<Gap> gaps;
    for (const auto &[id, gap] : m_unsettled)
        gaps.push_back(gap);
    return gaps;
}

} // namespace tk::history
