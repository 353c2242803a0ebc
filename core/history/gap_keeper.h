// The gap ledger's keeper: records gaps as they are told, knows which candles (or minutes of mark price) each needs,
// and closes one only when the store has confirmed them. History thread.
#pragma once

#include "base/clock.h"
#include "market/gap.h"
#include "store/gap_ledger.h"
#include "store/store.h"

#include <QHash>

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace tk::history {

class GapKeeper
{
public:
    // What a gap still needs from the exchange.
    struct Need
    {
        Gap gap;
        std::vector<TimeSpan> missing; // candles on their grid; minutes for mark prices
    };
    struct Counts
    {
        quint64 opened = 0;
        quint64 closed = 0;
        quint64 unfillable = 0;
    };

    GapKeeper(std::unique_ptr<store::GapLedger> ledger, store::StoreIndex &index, const Clock &clock);

    Status load(); // the unsettled gaps of earlier runs

    void opened(std::vector<Gap> gaps);
    // Ends the open gaps of these streams; returns what is to be fetched. Gaps that lack nothing are closed at once.
    std::vector<Need> ended(const std::vector<StreamKey> &streams, UtcTime at);

    // Looks again at the ended gaps of a stream, after the store took something or on suspicion.
    std::vector<Need> review(const StreamKey &stream);
    std::vector<Need> reviewAll();

    // The exchange does not have these candles.
    void absent(const StreamKey &stream, TimeSpan span, const QString &reason);
    // The store will not take them, however often they are fetched.
    void refused(const StreamKey &stream, TimeSpan span, const QString &reason);
    std::vector<TimeSpan> knownAbsent(const StreamKey &stream);

    std::vector<Gap> unsettled() const;
    size_t openCount() const { return m_unsettled.size(); }
    const Counts &counts() const { return m_counts; }
    store::GapLedger &ledger() { return *m_ledger; }

    // The candle opens (minutes) of a stream that a span puts at risk.
    static TimeSpan atRisk(const StreamKey &stream, TimeSpan span);

private:
    void refresh();
    void unfillable(const StreamKey &stream, TimeSpan span, const QString &cause, const QString &reason);
    template <typename Predicate>
    std::vector<Need> reviewIf(Predicate chosen);
    std::optional<Need> judge(Gap &gap);
    void settle(Gap &gap, GapState state, const QString &reason);
    Result<std::vector<TimeSpan>> missing(const Gap &gap);

    std::unique_ptr<store::GapLedger> m_ledger;
    store::StoreIndex *m_index;
    const Clock *m_clock;
    std::map<qint64, Gap> m_unsettled; // by id
    QHash<StreamKey, std::vector<TimeSpan>> m_absent;
    Counts m_counts;
};

} // namespace tk::history
