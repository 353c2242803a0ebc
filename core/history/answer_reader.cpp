#include "history/answer_reader.h"

#include "base/logging.h"
#include "history/request_planner.h"
#include "market/candle_check.h"
#include "market/gap_cause.h"

#include <algorithm>

namespace tk::history {

AnswerReader::AnswerReader(const exchange::ExchangeAdapter &adapter)
    : m_adapter(&adapter)
{}

Result<AnswerReader::Rows> AnswerReader::soundRows(const Job &job, QByteArrayView body) const
{
    std::vector<UtcTime> closes;
    const auto parsed = m_adapter->parseCandles(body, &closes);
    if (!parsed)
        return parsed.error();
    Rows rows;
    rows.candles.reserve(parsed->size());
    for (size_t i = 0; i < parsed->size(); ++i) {
        const Candle &candle = (*parsed)[i];
        const auto close = i < closes.size() ? std::optional(closes[i]) : std::nullopt;
        if (const auto why = whyImpossible(candle, job.timeframe, close))
            rows.bad.emplace(candleOpen(job.timeframe, candle.open_time), *why);
        else
            rows.candles.push_back(candle);
    }
    if (!rows.bad.empty())
        qCWarning(lcHistory).noquote() << "the exchange told candles that cannot be; they are not stored"
                                       << logField(u"job", job.text())
                                       << logField(u"candles", QString::number(rows.bad.size()))
                                       << logField(u"first", isoText(rows.bad.begin()->first))
                                       << logField(u"why", rows.bad.begin()->second);
    return rows;
}

Result<AnswerReader::Rows> AnswerReader::rows(const Job &job, QByteArrayView body) const
{
    auto rows = soundRows(job, body);
    if (!rows)
        return rows.error();
    // Asked about a symbol that was another contract before, the exchange tells of that one, too.
    const UtcTime listed = candleOpen(job.timeframe, job.instrument.onboard);
    std::erase_if(rows->candles, [&](const Candle &candle) { return candle.open_time < listed; });
    return rows;
}

AnswerReader::Candles AnswerReader::candles(const Job &job, Rows rows, UtcTime final) const
{
    Candles answer;
    answer.candles = std::move(rows.candles);
    std::erase_if(answer.candles, [&](const Candle &candle) {
        return candle.open_time >= final || candle.open_time < job.span.from ||
               candle.open_time >= job.span.to; // the server's ends are not trusted
    });
    const TimeSpan asked = job.confirming ? job.wanted : job.span;
    for (const TimeSpan &hole : absent(job.timeframe, {asked.from, std::min(asked.to, final)}, answer.candles)) {
        // An empty answer is not the end of history by itself: ask once more, wider (reference §1.6).
        if (!job.confirming)
            answer.confirming.push_back(confirming(job, hole, final));
        else
            confirmAbsent(job, hole, rows.bad, answer);
    }
    // Part of it was not closed yet when the answer came: that part is asked for again.
    if (asked.to > final)
        answer.unended = TimeSpan{std::max(final, asked.from), asked.to};
    for (Candle &candle : answer.candles)
        candle.source = job.source;
    return answer;
}

Job AnswerReader::confirming(const Job &job, TimeSpan hole, UtcTime final)
{
    Job confirming = job;
    confirming.confirming = true;
    confirming.wanted = hole;
    confirming.span = {
        std::max(candlesBefore(job.timeframe, hole.from, 2), candleOpen(job.timeframe, job.instrument.onboard)),
        std::min(candlesBefore(job.timeframe, hole.to, -2), final)};
    return confirming;
}

void AnswerReader::confirmAbsent(const Job &job, TimeSpan hole, const BadRows &bad, Candles &into)
{
    // What it told twice and cannot be has a cause of its own.
    std::vector<TimeSpan> impossible;
    for (const auto &[open, why] : bad) {
        const TimeSpan one{open, nextCandleOpen(job.timeframe, open)};
        if (one.from < hole.from || one.to > hole.to)
            continue;
        impossible.push_back(one);
        into.absent.push_back({one, why, true});
    }
    const QString reason =
        hole.to <= job.instrument.onboard
            ? QStringLiteral("before the contract was listed (%1)").arg(isoText(job.instrument.onboard))
            : QStringLiteral("the exchange has no candles for this time (asked twice)");
    for (const TimeSpan &rest : without(std::vector{hole}, impossible))
        into.absent.push_back({rest, reason});
    into.lacking += candlesBetween(job.timeframe, hole.from, hole.to);
}

ProbeAnswer AnswerReader::probe(const Job &job, const std::vector<Candle> &candles) const
{
    ProbeAnswer answer{.pair = job.instrument.unified, .timeframe = job.timeframe, .known = true};
    const bool counts = m_adapter->candleFacts().trade_counts;
    for (const Candle &candle : candles) {
        const double volume = candle.volume.toDouble();
        if ((counts ? candle.trades > 0 : volume > 0) && candle.open_time >= answer.open) {
            answer.open = candle.open_time;
            answer.trades = candle.trades;
            answer.volume = volume;
        }
    }
    return answer;
}

AnswerReader::Reread AnswerReader::reread(const Job &job, std::vector<Candle> candles,
                                          const std::vector<Candle> &stored) const
{
    Reread answer;
    std::erase_if(candles, [&](const Candle &fresh) {
        return std::ranges::any_of(stored, [&](const Candle &known) { return sameValues(known, fresh); });
    });
    for (Candle &candle : candles) {
        candle.source = CandleSource::Repair;
        const auto known = std::ranges::find(stored, candle.open_time, &Candle::open_time);
        if (known == stored.end())
            continue;
        answer.corrected.push_back(
            {{candle.open_time, nextCandleOpen(job.timeframe, candle.open_time)},
             gapcause::corrected + (known->source == CandleSource::Live ? QStringLiteral(" after its own closed mark")
                                                                        : QStringLiteral(" in its history"))});
    }
    answer.candles = std::move(candles);
    return answer;
}

Result<AnswerReader::Candles> AnswerReader::markCandles(const Job &job, QByteArrayView body, UtcTime final) const
{
    auto rows = soundRows(job, body);
    if (!rows)
        return rows.error();
    Candles answer;
    answer.candles = std::move(rows->candles);
    const TimeSpan closed{job.span.from, std::min(job.span.to, final)};
    std::erase_if(answer.candles, [&](const Candle &candle) {
        return candle.open_time < closed.from || candle.open_time >= closed.to;
    });
    for (const TimeSpan &hole : absent(job.timeframe, closed, answer.candles)) {
        if (job.confirming) {
            answer.absent.push_back(
                {hole, QStringLiteral("the exchange has no mark price for this time (asked twice)")});
            continue;
        }
        Job confirming = job;
        confirming.confirming = true;
        confirming.span = hole;
        answer.confirming.push_back(std::move(confirming));
    }
    for (Candle &candle : answer.candles) {
        candle.source = job.urgency == Urgency::Repair ? CandleSource::Repair : CandleSource::History;
        candle.volume = candle.quote_volume = DecimalText(); // the exchange prints zeros
        candle.trades = 0;
    }
    return answer;
}

Result<AnswerReader::Marks> AnswerReader::marks(const Job &job, QByteArrayView body) const
{
    auto marks = m_adapter->parseMarkPrices(body, job.instrument);
    if (!marks)
        return marks.error();
    Marks answer;
    std::vector<Candle> minutes;
    for (MarkPoint &mark : marks.value()) {
        if (mark.time < job.span.from || mark.time >= job.span.to)
            continue;
        Candle minute;
        minute.open_time = mark.time;
        minutes.push_back(minute);
        answer.batch.marks.push_back(std::move(mark));
    }
    for (const TimeSpan &hole : absent(Timeframe::M1, job.span, minutes))
        answer.absent.push_back({hole, QStringLiteral("the exchange has no mark price for this time")});
    return answer;
}

Result<AnswerReader::Funding> AnswerReader::funding(const Job &job, QByteArrayView body) const
{
    auto points = m_adapter->parseFunding(body, job.instrument);
    if (!points)
        return points.error();
    // A full page is not the end: go on behind its last row.
    Funding answer{.batch = {}, .told = job.span, .next = {}};
    if (points->size() >= size_t(m_adapter->fundingRules().rates_per_answer)) {
        answer.next = job;
        answer.next->span.from = points->back().time + std::chrono::minutes(1);
        answer.told.to = answer.next->span.from;
    }
    answer.batch.funding = std::move(points).value();
    std::erase_if(answer.batch.funding, [&](const FundingPoint &point) {
        return point.time < job.instrument.onboard; // of the contract that had the symbol before
    });
    return answer;
}

} // namespace tk::history
