// The gap ledger's keeper: records gaps as they are told, knows what each needs (candles, minutes of mark price,
// settled rates), and closes one only when the store has confirmed it. History thread.
#pragma once

#include "base/clock.h"
#include "history/ledger_backlog.h"
#include "market/gap.h"
#include "store/gap_ledger.h"
#include "store/store.h"

#include <QHash>
#include <QSet>

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
        std::vector<TimeSpan> missing; // candles on their grid; minutes for mark prices; a span of settled rates
    };
    struct Counts
    {
        quint64 opened = 0;
        quint64 closed = 0;
        quint64 unfillable = 0;
    };

    GapKeeper(std::unique_ptr<store::GapLedger> ledger, store::StoreIndex &index, const Clock &clock);

    Status load(); // the unsettled gaps of earlier runs

    // What the store keeps no longer needs no repair. The beginning of time: it keeps everything.
    void setOldestKept(UtcTime oldest) { m_oldestKept = oldest; }

    void opened(std::vector<Gap> gaps);
    // Ends the open gaps of these streams; returns what is to be fetched. Gaps that lack nothing are closed at once.
    std::vector<Need> ended(const std::vector<StreamKey> &streams, UtcTime at);

    // Looks again at the ended gaps of a stream, after the store took something or on suspicion.
    std::vector<Need> review(const StreamKey &stream);
    std::vector<Need> reviewAll();

    // The store holds all that the exchange has of the span: for what cannot be judged by holes.
    void fetched(const StreamKey &stream, TimeSpan span);

    // All of it lies in one gap, which asks for it by itself.
    bool isBeingRepaired(const StreamKey &stream, TimeSpan span) const;

    // The exchange does not have these candles.
    void absent(const StreamKey &stream, TimeSpan span, const QString &reason);
    // What it tells of them cannot be.
    void impossible(const StreamKey &stream, TimeSpan span, const QString &reason);
    // A gap that nobody can fill.
    void lostForGood(const Gap &gap);
    // The exchange does not list the pair any more: nobody can ask for it.
    void unlisted(qint64 id);
    std::vector<TimeSpan> knownAbsent(const StreamKey &stream);

    // Our database does not take it now: open until it does.
    void refused(const StreamKey &stream, TimeSpan span, const QString &reason);
    void askAgain() { m_asked.clear(); } // somebody wants to know whether it takes them now
    // It takes streams of that measurement again; with `again`, all of what history has not is on its way.
    void takenAgain(const QString &measurement, bool again);

    std::vector<Gap> unsettled() const;
    size_t openCount() const { return m_unsettled.size() + m_backlog.waiting().size(); }
    size_t lossCount() const; // of them, those in which something was stored that is not there any more
    const Counts &counts() const { return m_counts; }
    // Found by earlier runs, and not older than what the store keeps: lost is lost, also after a restart.
    quint64 unfillableBefore() const;
    // Found unfillable since the start; the newest few, oldest first.
    const std::vector<Gap> &newestLost() const { return m_lost; }
    store::GapLedger &ledger() { return *m_ledger; }
    // Writes into a ledger that began anew what was in the one before, as far as we know it, and what one did not take.
    // True when gaps are to be reviewed for it.
    bool lookAfterLedger();
    // A small fact for the next start.
    Status note(const QString &key, const QString &value);
    // Why the ledger takes nothing; empty while it does.
    const QString &ledgerTrouble() const { return m_backlog.trouble(); }
    UtcTime ledgerTroubleSince() const { return m_backlog.troubleSince(); }
    int ledgersBegun() const { return m_ledgersBegun; } // times that it did so since the start

    // The candle opens (minutes) of a stream that a span puts at risk.
    static TimeSpan atRisk(const StreamKey &stream, TimeSpan span);

private:
    void refresh();
    void restoreLedger();
    void unfillable(const StreamKey &stream, TimeSpan span, const QString &cause, const QString &reason);
    template <typename Predicate>
    std::vector<Need> reviewIf(Predicate chosen);
    std::optional<Need> judge(Gap &gap);
    std::optional<Need> need(Gap &gap, std::vector<TimeSpan> missing);
    void settle(Gap &gap, GapState state, const QString &reason);
    void countLost(const Gap &gap);
    void setState(Gap &gap, GapState state, const QString &reason);
    Result<std::vector<TimeSpan>> missing(const Gap &gap);
    std::vector<TimeSpan> notFetched(const Gap &gap) const;

    std::unique_ptr<store::GapLedger> m_ledger;
    LedgerBacklog m_backlog;
    store::StoreIndex *m_index;
    const Clock *m_clock;
    std::map<qint64, Gap> m_unsettled; // by id
    QHash<StreamKey, std::vector<TimeSpan>> m_absent;
    QHash<StreamKey, std::vector<TimeSpan>> m_fetched; // of streams that have gaps
    QSet<qint64> m_losses;                             // of unsettled gaps: by cause, or merged with one that is
    QSet<qint64> m_asked;                              // refused ones that were asked for since the database said no
    UtcTime m_oldestKept{};
    int m_ledgersBegun = 0;
    std::vector<UtcTime> m_unfillableBefore; // their ends
    Counts m_counts;
    std::vector<Gap> m_lost;
};

} // namespace tk::history
