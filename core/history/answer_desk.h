// What is done with an answer: records go to the store, what the exchange does not have to the ledger, what is wrong
// to the note book, the next question into the queue. Gaps are named before what mends them is stored. History thread.
#pragma once

#include "history/answer_reader.h"
#include "history/backfill_desk.h"
#include "history/first_fill.h"
#include "history/hand_over.h"
#include "history/job_desk.h"
#include "history/note_book.h"
#include "history/overdue_candles.h"
#include "history/request_pump.h"

#include <functional>

namespace tk::history {

class AnswerDesk
{
public:
    struct Sources // they outlive it
    {
        const exchange::ExchangeAdapter &adapter;
        const InstrumentBook &instruments;
        const ExchangeClock &time;
        const Clock &clock;
        store::StoreIndex &index;
        GapKeeper &gaps;
        NoteBook &notes;
        JobQueue &queue;
        JobDesk &jobs;
        BackfillDesk &backfills;
        FirstFill &fill;
        OverdueCandles &overdue;
        HandOver &tickets;
        RequestPump &pump;
    };

    struct Ways // called in this thread
    {
        std::function<void(const ProbeAnswer &)> probed;
        std::function<void()> jobEnded; // of a backfill: it may be at its end
    };

    AnswerDesk(Sources sources, Ways ways);

    // Not a refusal.
    void answered(const Job &job, const exchange::RestReply &reply);

private:
    void candlesAnswered(const Job &job, const exchange::RestReply &reply);
    void rereadAnswered(const Job &job, std::vector<Candle> candles);
    void marksAnswered(const Job &job, const exchange::RestReply &reply);
    void markCandlesAnswered(const Job &job, const exchange::RestReply &reply);
    void fundingAnswered(const Job &job, const exchange::RestReply &reply);
    void nameClosesMissed(const Job &job, const std::vector<Candle> &candles);
    void takeAbsences(const Job &job, const AnswerReader::Candles &answer);
    bool hand(RecordBatch batch, const StreamKey &stream, quint64 backfill, TimeSpan fetched = {});
    void again(Job job);
    void review(const StreamKey &stream);
    StreamKey streamOf(const Job &job, StreamKind kind) const;

    Sources m_to;
    Ways m_ways;
    AnswerReader m_reader;
};

} // namespace tk::history
