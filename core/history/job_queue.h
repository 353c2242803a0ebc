// What is to be asked of the exchange's history, in the order of its worth: overdue candles, proofs of quietness,
// repairs, then the first fill (newest first, majors first), then re-reading. Pure; one thread.
#pragma once

#include "exchange/instrument.h"
#include "market/quiet_probe.h"
#include "market/records.h"

#include <QHash>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

namespace tk::history {

enum class Urgency : quint8 { Overdue, Probe, Repair, Operator, Fill, Reread };

struct Job
{
    enum class Kind : quint8 { Candles, Marks, Funding, Probe, Reread, MarkCandles };

    Kind kind = Kind::Candles;
    Urgency urgency = Urgency::Fill;
    exchange::Instrument instrument{};
    Timeframe timeframe = Timeframe::M1;
    TimeSpan span{};
    CandleSource source = CandleSource::History;
    int window = 0;          // 0 is the newest of its series
    int rank = 0;            // of the pair: majors first
    quint64 backfill = 0;    // the operator's backfill it belongs to; 0: none
    bool confirming = false; // asks again, wider, for candles the exchange did not have
    TimeSpan wanted{};       // of a confirming job: the span in question
    bool values = false;     // wanted for its values: also where the store has every candle of it
    MonotonicTime not_before{};
    Urgency raised = Urgency::Reread; // by who wants the same sooner; what it is wanted for, and counted as, stays

    Urgency place() const { return std::min(urgency, raised); }
    QString text() const; // for logs: "BTC/USDT:USDT 3m"
};

class JobQueue
{
public:
    // `longestOverdue`: candles of one request that costs the least.
    explicit JobQueue(qint64 longestOverdue)
        : m_longestOverdue(longestOverdue)
    {}

    // False: the same is already waiting; it goes as soon as the more urgent of the two. Overdue candles of a series
    // that follow each other are one job, up to what one request brings: an outage of days must not end in half a
    // million requests.
    bool add(Job job);

    // The most urgent job that may run now; `funding` chooses between the two kinds of budget.
    const Job *peek(bool funding, MonotonicTime now);
    Job take(bool funding); // the one that peek() showed

    // When the next delayed job becomes due; nothing when none waits.
    std::optional<MonotonicTime> nextDue() const;

    size_t size() const { return m_weighted.size() + m_funding.size() + m_delayed.size(); }
    size_t waiting(Urgency urgency) const;
    std::vector<Job> takeBackfill(quint64 backfill); // all that waits of it
    void removePair(const QString &unified);

private:
    using Order = std::tuple<Urgency, int, int, Timeframe, quint64>;
    using Lane = std::map<Order, Job>;

    static QByteArray identity(const Job &job);
    bool extendOverdue(const Job &by);
    void raise(const QByteArray &id, const Job &by);
    void insert(Job job);
    void release(MonotonicTime now);
    template <typename Predicate>
    void removeIf(Predicate predicate);

    qint64 m_longestOverdue;
    Lane m_weighted;
    Lane m_funding;
    std::multimap<MonotonicTime, Job> m_delayed;
    QHash<QByteArray, Urgency> m_known; // the place of each that waits
    QHash<QByteArray, Order> m_overdue; // the newest overdue job of each series; it may have been taken since
    quint64 m_sequence = 0;
};

} // namespace tk::history
