#include "history/answer_desk.h"

#include "market/gap_cause.h"

#include <algorithm>

namespace tk::history {

using exchange::RestReply;

AnswerDesk::AnswerDesk(Sources sources, Ways ways)
    : m_to(sources)
    , m_ways(std::move(ways))
    , m_reader(m_to.adapter)
{}

StreamKey AnswerDesk::streamOf(const Job &job, StreamKind kind) const
{
    const bool hasGrid = kind == StreamKind::Candles || kind == StreamKind::MarkCandles;
    return {m_to.adapter.name(), job.instrument.unified, kind, hasGrid ? job.timeframe : Timeframe::M1};
}

void AnswerDesk::answered(const Job &job, const RestReply &reply)
{
    switch (job.kind) {
    case Job::Kind::Candles:
    case Job::Kind::Reread:
    case Job::Kind::Probe:
        candlesAnswered(job, reply);
        break;
    case Job::Kind::Marks:
        marksAnswered(job, reply);
        break;
    case Job::Kind::MarkCandles:
        markCandlesAnswered(job, reply);
        break;
    case Job::Kind::Funding:
        fundingAnswered(job, reply);
        break;
    }
}

void AnswerDesk::candlesAnswered(const Job &job, const RestReply &reply)
{
    auto rows = m_reader.rows(job, reply.body);
    if (!rows) {
        m_to.pump.unreadable(job, rows.error());
        return;
    }
    m_to.pump.works();
    if (job.kind == Job::Kind::Probe) {
        m_ways.probed(m_reader.probe(job, rows->candles));
        return;
    }
    const UtcTime final = m_to.time.lastClosed(job.timeframe);
    if (job.kind == Job::Kind::Reread) {
        std::erase_if(rows->candles, [&](const Candle &candle) { return candle.open_time >= final; });
        rereadAnswered(job, std::move(rows->candles));
        return;
    }
    AnswerReader::Candles answer = m_reader.candles(job, std::move(rows).value(), final);
    nameClosesMissed(job, answer.candles);
    takeAbsences(job, answer);
    if (answer.unended)
        m_to.jobs.candles(job.instrument, job.timeframe, {*answer.unended},
                          {.urgency = job.urgency, .source = job.source, .backfill = job.backfill});
    if (job.urgency == Urgency::Fill)
        m_to.fill.fetched(qint64(answer.candles.size()));
    const StreamKey stream = streamOf(job, StreamKind::Candles);
    if (answer.candles.empty()) {
        m_to.backfills.book().jobEnded(job.backfill, stream.pair);
        m_ways.jobEnded();
        review(stream);
        return;
    }
    RecordBatch batch;
    batch.candles.push_back({{stream.exchange, stream.pair, job.timeframe}, std::move(answer.candles)});
    if (!hand(std::move(batch), stream, job.backfill, job.values ? job.span : TimeSpan{}))
        again(job);
}

// What was traded and yet never closed by the exchange's own mark is named before it is stored.
void AnswerDesk::nameClosesMissed(const Job &job, const std::vector<Candle> &candles)
{
    if (job.kind != Job::Kind::Candles || job.urgency != Urgency::Overdue || job.confirming || job.backfill != 0)
        return;
    const StreamKey stream = streamOf(job, StreamKind::Candles);
    m_to.overdue.answered(stream, job.span);
    const auto since = m_to.instruments.collectedSince(stream.pair);
    if (!since)
        return;
    std::vector<Gap> gaps;
    for (const TimeSpan &span : OverdueCandles::closesMissed(stream, candles, *since, m_to.gaps.unsettled())) {
        gaps.push_back({.stream = stream,
                        .from = span.from,
                        .to = span.to,
                        .cause = gapcause::closeMissed,
                        .opened = m_to.clock.utcNow()});
        m_to.notes.note(HistoryNote::Kind::ClosesMissed, stream.pair, 1, span, {});
    }
    if (gaps.empty())
        return;
    m_to.gaps.opened(std::move(gaps));
    static_cast<void>(m_to.gaps.review(stream)); // from here on it is being repaired, by what has just come
}

void AnswerDesk::takeAbsences(const Job &job, const AnswerReader::Candles &answer)
{
    if (m_to.backfills.isWanted(job)) // a backfill that was cancelled asks no more
        m_to.jobs.add(answer.confirming);
    const StreamKey stream = streamOf(job, StreamKind::Candles);
    for (const AnswerReader::Absence &absence : answer.absent) {
        if (!absence.impossible) {
            m_to.gaps.absent(stream, absence.span, absence.reason);
            continue;
        }
        m_to.gaps.impossible(stream, absence.span, absence.reason);
        m_to.notes.note(HistoryNote::Kind::Impossible, stream.pair, 1, absence.span, absence.reason);
    }
    if (job.urgency == Urgency::Fill)
        m_to.fill.lacks(answer.lacking);
    if (answer.lacking > 0)
        m_to.backfills.book().unfillable(job.backfill, job.instrument.unified, answer.lacking);
}

void AnswerDesk::rereadAnswered(const Job &job, std::vector<Candle> candles)
{
    if (candles.empty())
        return;
    const StreamKey stream = streamOf(job, StreamKind::Candles);
    const SeriesKey series{stream.exchange, stream.pair, job.timeframe};
    const TimeSpan span{candles.front().open_time, nextCandleOpen(job.timeframe, candles.back().open_time)};
    const auto stored = m_to.index.knownCandles(series, span);
    if (!stored)
        return;
    AnswerReader::Reread answer = m_reader.reread(job, std::move(candles), *stored);
    if (answer.candles.empty())
        return;
    std::vector<Gap> corrected;
    for (const AnswerReader::Correction &one : answer.corrected) {
        corrected.push_back({.stream = stream,
                             .from = one.span.from,
                             .to = one.span.to,
                             .cause = one.cause,
                             .opened = m_to.clock.utcNow()});
        m_to.notes.note(HistoryNote::Kind::Corrected, series.pair, 1, one.span, {});
    }
    const bool named = !corrected.empty();
    if (named) {
        m_to.gaps.opened(std::move(corrected));
        static_cast<void>(m_to.gaps.review(stream));
    }
    RecordBatch batch;
    batch.candles.push_back({series, std::move(answer.candles)});
    if (!hand(std::move(batch), stream, 0, named ? span : TimeSpan{}))
        again(job);
}

void AnswerDesk::markCandlesAnswered(const Job &job, const RestReply &reply)
{
    auto answer = m_reader.markCandles(job, reply.body, m_to.time.lastClosed(job.timeframe));
    if (!answer) {
        m_to.pump.unreadable(job, answer.error());
        return;
    }
    const StreamKey stream = streamOf(job, StreamKind::MarkCandles);
    for (const AnswerReader::Absence &absence : answer->absent)
        m_to.gaps.absent(stream, absence.span, absence.reason);
    m_to.jobs.add(answer->confirming);
    if (answer->candles.empty()) {
        review(stream);
        return;
    }
    RecordBatch batch;
    batch.mark_candles.push_back({{stream.exchange, stream.pair, job.timeframe}, std::move(answer->candles)});
    if (!hand(std::move(batch), stream, 0))
        again(job);
}

void AnswerDesk::marksAnswered(const Job &job, const RestReply &reply)
{
    auto answer = m_reader.marks(job, reply.body);
    if (!answer) {
        m_to.pump.unreadable(job, answer.error());
        return;
    }
    m_to.pump.works();
    const StreamKey stream = streamOf(job, StreamKind::MarkPrice);
    for (const AnswerReader::Absence &absence : answer->absent)
        m_to.gaps.absent(stream, absence.span, absence.reason);
    if (answer->batch.isEmpty())
        review(stream);
    else if (!hand(std::move(answer->batch), stream, 0))
        m_to.queue.add(job);
}

void AnswerDesk::fundingAnswered(const Job &job, const RestReply &reply)
{
    auto answer = m_reader.funding(job, reply.body);
    if (!answer) {
        m_to.pump.unreadable(job, answer.error());
        return;
    }
    m_to.pump.works();
    if (answer->next)
        m_to.queue.add(*answer->next);
    const StreamKey stream = streamOf(job, StreamKind::FundingRate);
    if (answer->batch.isEmpty()) {
        m_to.gaps.fetched(stream, answer->told);
        review(stream);
    } else if (!hand(std::move(answer->batch), stream, 0, answer->told)) {
        again(job);
    }
}

bool AnswerDesk::hand(RecordBatch batch, const StreamKey &stream, quint64 backfill, TimeSpan fetched)
{
    if (m_to.tickets.hand(std::move(batch), stream, backfill, fetched))
        return true;
    m_to.pump.holdFor(std::chrono::seconds(1)); // the store is behind: do not ask for more
    return false;
}

void AnswerDesk::again(Job job)
{
    job.not_before = m_to.clock.now() + std::chrono::seconds(1);
    m_to.queue.add(std::move(job));
}

void AnswerDesk::review(const StreamKey &stream)
{
    const std::vector<GapKeeper::Need> needs = m_to.gaps.review(stream);
    m_to.jobs.repair(needs);
    if (!needs.empty())
        m_to.pump.pump();
}

} // namespace tk::history
