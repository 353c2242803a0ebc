// What an answer of the exchange says of the job that it answers: records, what the exchange does not have, rows that
// cannot be, and what has to be asked next. Changes nothing but the log. History thread.
#pragma once

#include "exchange/adapter.h"
#include "history/job_queue.h"
#include "market/quiet_probe.h"

#include <map>
#include <optional>
#include <vector>

namespace tk::history {

class AnswerReader
{
public:
    using BadRows = std::map<UtcTime, QString>; // why, by the candle whose place they take

    struct Rows // of an answer with candles
    {
        std::vector<Candle> candles; // sound, of this contract; the newest may run still
        BadRows bad;
    };

    struct Absence // told twice, or proven otherwise
    {
        TimeSpan span;
        QString reason;
        bool impossible = false; // told, and cannot be
    };

    struct Candles
    {
        std::vector<Candle> candles;     // final, within the span of the job
        std::vector<Absence> absent;     // of a confirming job
        std::vector<Job> confirming;     // what it did not have is asked for once more, wider
        qint64 lacking = 0;              // candles that are absent
        std::optional<TimeSpan> unended; // had not closed when the answer came: to be asked for again
    };

    struct Correction // of a candle that is stored
    {
        TimeSpan span;
        QString cause;
    };

    struct Reread
    {
        std::vector<Candle> candles; // stored with other values, or not at all
        std::vector<Correction> corrected;
    };

    struct Marks
    {
        RecordBatch batch;
        std::vector<Absence> absent;
    };

    struct Funding
    {
        RecordBatch batch;
        TimeSpan told{};         // all that the exchange has of it is in the batch
        std::optional<Job> next; // a full page is not the end
    };

    explicit AnswerReader(const exchange::ExchangeAdapter &adapter);

    // `final`: end of what had closed when the answer came.
    Result<Rows> rows(const Job &job, QByteArrayView body) const;
    Candles candles(const Job &job, Rows rows, UtcTime final) const;
    ProbeAnswer probe(const Job &job, const std::vector<Candle> &candles) const;
    Reread reread(const Job &job, std::vector<Candle> candles, const std::vector<Candle> &stored) const;
    Result<Candles> markCandles(const Job &job, QByteArrayView body, UtcTime final) const;
    Result<Marks> marks(const Job &job, QByteArrayView body) const;
    Result<Funding> funding(const Job &job, QByteArrayView body) const;

private:
    Result<Rows> soundRows(const Job &job, QByteArrayView body) const;
    static Job confirming(const Job &job, TimeSpan hole, UtcTime final);
    static void confirmAbsent(const Job &job, TimeSpan hole, const BadRows &bad, Candles &into);

    const exchange::ExchangeAdapter *m_adapter;
};

} // namespace tk::history
