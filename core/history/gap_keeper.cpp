#include "history/gap_keeper.h"

#include "base/logging.h"
#include "history/request_planner.h"
#include "market/gap_cause.h"

#include <algorithm>

namespace tk::history {

namespace {

constexpr qint64 mostRemembered = 100'000; // gaps of earlier runs that are looked through

// What history can bring back.
bool hasHistory(StreamKind kind)
{
    return kind == StreamKind::Candles || kind == StreamKind::MarkPrice || kind == StreamKind::MarkCandles ||
           kind == StreamKind::FundingRate;
}

// Holes do not show it: rates have no grid, and a corrected candle is there with its old values.
bool isJudgedByFetching(const Gap &gap)
{
    return gap.stream.kind == StreamKind::FundingRate || gap.cause.startsWith(gapcause::corrected);
}

bool overlap(const Gap &gap, TimeSpan span)
{
    return gap.from < span.to && (toMs(gap.to) == 0 || gap.to > span.from);
}

// By the name of its measurement in a database.
bool isOf(const StreamKey &stream, const QString &measurement)
{
    if (stream.kind == StreamKind::Candles)
        return measurement == QStringLiteral("ohlcv_") + timeframeText(stream.timeframe);
    if (stream.kind == StreamKind::MarkCandles)
        return measurement == QStringLiteral("mark_ohlcv_") + timeframeText(stream.timeframe);
    return measurement ==
           QLatin1StringView(streamKindName(stream.kind).data(), qsizetype(streamKindName(stream.kind).size()));
}

} // namespace

GapKeeper::GapKeeper(std::unique_ptr<store::GapLedger> ledger, store::StoreIndex &index, const Clock &clock)
    : m_ledger(std::move(ledger))
    , m_backlog(*m_ledger, clock)
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
    const UtcTime now = m_clock->utcNow();
    const auto all = m_ledger->list({fromMs(0), now + std::chrono::hours(1)}, mostRemembered);
    if (!all)
        return all.error();
    for (const Gap &gap : *all) {
        if (gap.state == GapState::Unfillable)
            m_unfillableBefore.push_back(gap.to);
    }
    if (const Status status = m_ledger->endAll(open, now); !status)
        return status;
    refresh();
    return ok();
}

quint64 GapKeeper::unfillableBefore() const
{
    return quint64(std::ranges::count_if(m_unfillableBefore, [this](UtcTime to) { return to > m_oldestKept; }));
}

void GapKeeper::opened(std::vector<Gap> gaps)
{
    std::erase_if(
        gaps, [](const Gap &gap) { return gap.stream.pair.isEmpty() || (toMs(gap.to) != 0 && gap.to <= gap.from); });
    if (gaps.empty())
        return;
    m_backlog.openAll(gaps);
    refresh();
    for (const Gap &loss : gaps) {
        if (!gapcause::isLoss(loss.cause))
            continue;
        m_fetched.remove(loss.stream); // what was brought before is what was lost
        for (const auto &[id, gap] : m_unsettled) {
            if (gap.stream == loss.stream && overlap(gap, {loss.from, loss.to}))
                m_losses.insert(id);
        }
    }
}

std::vector<GapKeeper::Need> GapKeeper::ended(const std::vector<StreamKey> &streams, UtcTime at)
{
    m_backlog.endAll(streams, at);
    refresh();
    std::vector<Need> needs;
    for (const StreamKey &stream : streams) {
        for (Need &need : review(stream))
            needs.push_back(std::move(need));
    }
    return needs;
}

// A ledger whose file went knows nothing any more; we still do.
void GapKeeper::restoreLedger()
{
    m_ledgersBegun = m_ledger->timesBegunAnew();
    std::vector<Gap> known;
    for (const auto &[id, gap] : m_unsettled)
        known.push_back(gap);
    qCWarning(lcHistory).noquote() << "the gap ledger began anew: what is open is written into it again"
                                   << logField(u"gaps", QString::number(known.size()));
    m_backlog.openAll(known);
    // What the exchange does not have is no less lost. Counted already.
    const UtcTime now = m_clock->utcNow();
    for (auto entry = m_absent.cbegin(); entry != m_absent.cend(); ++entry) {
        for (const TimeSpan &span : *entry) {
            m_backlog.record({.stream = entry.key(),
                              .from = span.from,
                              .to = span.to,
                              .cause = QStringLiteral("known before the gap ledger began anew"),
                              .state = GapState::Unfillable,
                              .reason = QStringLiteral("the exchange did not have it when asked"),
                              .opened = now,
                              .settled = now});
        }
    }
}

bool GapKeeper::lookAfterLedger()
{
    const bool written = m_backlog.retry();
    if (written || m_ledger->timesBegunAnew() != m_ledgersBegun)
        refresh();
    return written;
}

Status GapKeeper::note(const QString &key, const QString &value)
{
    Status status = m_ledger->setNote(key, value);
    m_backlog.heed(status);
    return status;
}

// The ledger merges, extends and closes by its own rules; this is its picture, taken again after each change.
void GapKeeper::refresh()
{
    auto gaps = m_ledger->unsettled();
    if (gaps && m_ledger->timesBegunAnew() != m_ledgersBegun) {
        restoreLedger();
        m_counts.opened -= std::min<quint64>(m_counts.opened, m_unsettled.size()); // they are no news
        m_unsettled.clear();
        gaps = m_ledger->unsettled();
    }
    if (!gaps) {
        qCCritical(lcHistory).noquote() << "the gap ledger cannot be read:" << gaps.error().message;
        return;
    }
    std::map<qint64, Gap> picture;
    for (Gap gap : *gaps) {
        if (const UtcTime end = m_backlog.endOf(gap.stream); toMs(gap.to) == 0 && toMs(end) != 0)
            gap.to = std::max(end, gap.from); // it delivers again, though its ledger does not take that
        if (!m_unsettled.contains(gap.id))
            ++m_counts.opened;
        if (gapcause::isLoss(gap.cause))
            m_losses.insert(gap.id);
        picture.emplace(gap.id, gap);
    }
    m_unsettled = std::move(picture);
}

TimeSpan GapKeeper::atRisk(const StreamKey &stream, TimeSpan span)
{
    if (stream.kind == StreamKind::Candles || stream.kind == StreamKind::MarkCandles)
        return {candleOpen(stream.timeframe, span.from), candleOpen(stream.timeframe, span.to)};
    // Also the minute in which it began: another gap may have ended in the same, and what came between the two was
    // none.
    return {candleOpen(Timeframe::M1, span.from), candleOpen(Timeframe::M1, span.to)};
}

Result<std::vector<TimeSpan>> GapKeeper::missing(const Gap &gap)
{
    TimeSpan risk = atRisk(gap.stream, {gap.from, gap.to});
    if (toMs(m_oldestKept) != 0) {
        const Timeframe grid = gap.stream.kind == StreamKind::MarkPrice ? Timeframe::M1 : gap.stream.timeframe;
        risk.from = std::max(risk.from, nextCandleOpen(grid, candleOpen(grid, m_oldestKept)));
    }
    if (risk.from >= risk.to)
        return std::vector<TimeSpan>{};
    const SeriesKey series{gap.stream.exchange, gap.stream.pair, gap.stream.timeframe};
    const auto holes = gap.stream.kind == StreamKind::Candles ? m_index->holes(series, risk)
                       : gap.stream.kind == StreamKind::MarkCandles
                           ? m_index->markCandleHoles(series, risk)
                           : m_index->markHoles(series.exchange, series.pair, risk);
    if (!holes)
        return holes.error();
    return without(*holes, knownAbsent(gap.stream));
}

std::vector<TimeSpan> GapKeeper::notFetched(const Gap &gap) const
{
    const TimeSpan kept{std::max(gap.from, m_oldestKept), gap.to};
    return kept.from < kept.to ? without(std::vector{kept}, m_fetched.value(gap.stream)) : std::vector<TimeSpan>{};
}

bool GapKeeper::isBeingRepaired(const StreamKey &stream, TimeSpan span) const
{
    return std::ranges::any_of(m_unsettled, [&](const auto &entry) {
        const Gap &gap = entry.second;
        return gap.stream == stream && toMs(gap.to) != 0 && gap.state != GapState::Refused && gap.from <= span.from &&
               gap.to >= span.to;
    });
}

void GapKeeper::fetched(const StreamKey &stream, TimeSpan span)
{
    const bool wanted =
        std::ranges::any_of(m_unsettled, [&](const auto &entry) { return entry.second.stream == stream; });
    if (!wanted) {
        m_fetched.remove(stream);
        return;
    }
    std::vector<TimeSpan> &spans = m_fetched[stream];
    spans.insert(std::ranges::upper_bound(spans, span.from, {}, &TimeSpan::from), span);
}

std::optional<GapKeeper::Need> GapKeeper::need(Gap &gap, std::vector<TimeSpan> missing)
{
    if (gap.state == GapState::Refused) {
        // Asked for once in a run, since somebody may have mended the database; then it is the database's turn.
        if (m_asked.contains(gap.id))
            return {};
        m_asked.insert(gap.id);
    } else if (gap.state != GapState::Repairing) {
        setState(gap, GapState::Repairing, {});
    }
    return Need{gap, std::move(missing)};
}

std::optional<GapKeeper::Need> GapKeeper::judge(Gap &gap)
{
    if (toMs(gap.to) == 0)
        return {}; // still down
    if (!hasHistory(gap.stream.kind)) {
        if (gap.state != GapState::Refused) // those are kept as dead letters, and may come yet
            settle(gap, GapState::Unfillable, QStringLiteral("the exchange offers no history of this stream"));
        return {};
    }
    if (isJudgedByFetching(gap)) {
        // What comes in pages is asked for page by page: only the rest of it.
        if (auto rest = notFetched(gap); !rest.empty())
            return need(gap, std::move(rest));
        settle(gap, GapState::Closed,
               gap.stream.kind == StreamKind::FundingRate
                   ? QStringLiteral("fetched from the exchange's history")
                   : QStringLiteral("the value of the exchange's history is kept"));
        return {};
    }
    auto holes = missing(gap);
    if (!holes) {
        qCWarning(lcHistory).noquote() << "the store could not be searched for holes:" << holes.error().message;
        return {};
    }
    if (!holes->empty())
        return need(gap, std::move(holes).value());
    const TimeSpan risk = atRisk(gap.stream, {gap.from, gap.to});
    const auto confirmed = m_index->isConfirmed(gap.stream, risk);
    if (!confirmed || !*confirmed)
        return {}; // all of it is safe on the disk, but the database has not confirmed it: judged again when it has
    if (gap.to <= m_oldestKept)
        settle(gap, GapState::Closed, QStringLiteral("older than what the store keeps"));
    else if (gap.state == GapState::Refused)
        settle(gap, GapState::Closed, QStringLiteral("the database has taken it after all"));
    else if (gap.state == GapState::Repairing)
        settle(gap, GapState::Closed, QStringLiteral("repaired from the exchange's history"));
    else
        settle(gap, GapState::Closed,
               risk.from < risk.to ? QStringLiteral("nothing was missing: the store holds every record of the span")
                                   : QStringLiteral("nothing was missing: nothing was due in the span"));
    return {};
}

void GapKeeper::setState(Gap &gap, GapState state, const QString &reason)
{
    gap.state = state;
    gap.reason = reason;
    m_backlog.heed(m_ledger->setState(gap.id, state, reason, m_clock->utcNow()));
}

void GapKeeper::settle(Gap &gap, GapState state, const QString &reason)
{
    const Status status = m_ledger->setState(gap.id, state, reason, m_clock->utcNow());
    m_backlog.heed(status);
    if (!status)
        return; // looked at again at the next review
    if (state == GapState::Closed)
        ++m_counts.closed;
    else
        countLost(gap);
    gap.state = state;
    m_losses.remove(gap.id);
    m_asked.remove(gap.id);
}

// Events tell of the newest ones by name, and of all by number.
void GapKeeper::countLost(const Gap &gap)
{
    constexpr size_t kept = 20;
    ++m_counts.unfillable;
    if (m_lost.size() == kept)
        m_lost.erase(m_lost.begin());
    m_lost.push_back(gap);
}

std::vector<GapKeeper::Need> GapKeeper::review(const StreamKey &stream)
{
    return reviewIf([&stream](const Gap &gap) { return gap.stream == stream; });
}

std::vector<GapKeeper::Need> GapKeeper::reviewAll()
{
    refresh(); // a look at the ledger's file, too
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

void GapKeeper::impossible(const StreamKey &stream, TimeSpan span, const QString &reason)
{
    unfillable(stream, span, gapcause::impossible, reason);
}

void GapKeeper::lostForGood(const Gap &gap)
{
    m_backlog.record(gap);
    countLost(gap);
}

void GapKeeper::unlisted(qint64 id)
{
    const auto gap = m_unsettled.find(id);
    if (gap == m_unsettled.end())
        return;
    settle(gap->second, GapState::Unfillable,
           QStringLiteral("the exchange does not list the pair any more, so nobody can ask for it"));
    if (gap->second.isSettled())
        m_unsettled.erase(gap);
}

void GapKeeper::refused(const StreamKey &stream, TimeSpan span, const QString &reason)
{
    Gap gap{.stream = stream, .from = span.from, .to = span.to, .cause = gapcause::refused};
    gap.opened = m_clock->utcNow();
    opened({gap});
    for (auto &[id, known] : m_unsettled) {
        if (known.stream != stream || !overlap(known, span))
            continue;
        m_asked.insert(id);
        if (known.state != GapState::Refused || known.reason != reason)
            setState(known, GapState::Refused, reason);
    }
}

void GapKeeper::takenAgain(const QString &measurement, bool again)
{
    for (auto entry = m_unsettled.begin(); entry != m_unsettled.end();) {
        Gap &gap = entry->second;
        if (gap.state == GapState::Refused && isOf(gap.stream, measurement)) {
            m_asked.remove(gap.id);
            if (hasHistory(gap.stream.kind))
                setState(gap, GapState::Open, {});
            else if (again)
                settle(gap, GapState::Closed, QStringLiteral("sent again after the database had changed its mind"));
        }
        entry = gap.isSettled() ? m_unsettled.erase(entry) : std::next(entry);
    }
}

void GapKeeper::unfillable(const StreamKey &stream, TimeSpan span, const QString &cause, const QString &reason)
{
    std::vector<TimeSpan> spans = knownAbsent(stream);
    const UtcTime now = m_clock->utcNow();
    const Gap gap{.stream = stream,
                  .from = span.from,
                  .to = span.to,
                  .cause = cause,
                  .state = GapState::Unfillable,
                  .reason = reason,
                  .opened = now,
                  .settled = now};
    m_backlog.record(gap);
    countLost(gap);
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
    gaps.insert(gaps.end(), m_backlog.waiting().begin(), m_backlog.waiting().end());
    return gaps;
}

size_t GapKeeper::lossCount() const
{
    return size_t(std::ranges::count_if(m_unsettled, [this](const auto &gap) { return m_losses.contains(gap.first); }));
}

} // namespace tk::history
