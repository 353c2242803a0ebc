// History over REST: the instrument list, the first fill, repairs, overdue candles, re-reading, funding, the nightly
// search for holes, the operator's backfills; all under one budget of requests. Owns the gap ledger. Lives in its own
// thread.
#pragma once

#include "base/clock.h"
#include "exchange/adapter.h"
#include "history/answer_desk.h"
#include "history/backfill_desk.h"
#include "history/exchange_clock.h"
#include "history/first_fill.h"
#include "history/gap_keeper.h"
#include "history/hand_over.h"
#include "history/history_note.h"
#include "history/history_settings.h"
#include "history/history_snapshot.h"
#include "history/hole_search.h"
#include "history/instrument_book.h"
#include "history/job_desk.h"
#include "history/job_planner.h"
#include "history/job_queue.h"
#include "history/loss_namer.h"
#include "history/note_book.h"
#include "history/overdue_candles.h"
#include "history/reach.h"
#include "history/request_pump.h"
#include "history/rest_client.h"
#include "history/run_notes.h"
#include "market/stream_span.h"
#include "runtime/service.h"
#include "store/store.h"

#include <QHash>
#include <QTimer>

#include <functional>
#include <map>
#include <memory>

namespace tk::history {

class HistoryService final : public runtime::Service
{
    Q_OBJECT
public:
    struct Parts // what the service owns, opened by the composition
    {
        std::unique_ptr<exchange::ExchangeAdapter> adapter;
        std::shared_ptr<store::StoreIndex> index;
        std::unique_ptr<store::GapLedger> ledger;
        std::function<size_t()> backlog = {}; // records that wait for the store; called in this thread
        quint64 first_ticket = 0; // its batches have tickets above this one: each exchange counts in a range of its own
    };

    HistoryService(HistorySettings settings, Parts parts, std::shared_ptr<const Clock> clock, RecordSink sink,
                   std::function<void()> beat);
    ~HistoryService() override;

    Status start() override;
    void stop() override;

public Q_SLOTS:
    void setSettings(const tk::history::HistorySettings &settings); // pairs, timeframes, budget; takes effect at once
    void gapsOpened(const std::vector<tk::Gap> &gaps);
    void gapsEnded(const std::vector<tk::StreamKey> &streams, tk::UtcTime at);
    void candlesOverdue(const std::vector<tk::SeriesSpan> &spans);
    void candlesClosed(const std::vector<tk::SeriesSpan> &spans);
    void probe(const std::vector<tk::QuietProbe> &probes);
    void fundingSettled(const std::vector<QString> &pairs);
    void refreshInstruments(const QString &why);
    void stored(const std::vector<quint64> &tickets); // the store holds these batches
    void storeSetAside(const QString &why);           // the store began anew: what it had is missing
    void storeCaughtUp();                             // the store has confirmed all that it was given
    // Not by the database: by us, since no database takes such a line.
    void storeRefused(const std::vector<tk::StreamSpan> &spans, const QString &reason, bool byDatabase);
    void storeTakesAgain(const QString &measurement, bool again);
    void setRetention(tk::milliseconds retention); // as the store says
    void storeRoomChanged(bool scarce);            // while it is, nothing is fetched that can be fetched later
    void audit();                                  // search the whole store for holes, now
    void startBackfill(const tk::history::BackfillRequest &request);
    void cancelBackfill(quint64 id);
    void pauseBackfill(quint64 id, bool paused);                    // what is under way is still taken
    void planBackfill(const tk::history::BackfillRequest &request); // backfillPlanned() follows; nothing is fetched

Q_SIGNALS:
    void instrumentsReady(const std::vector<tk::exchange::Instrument> &wanted, const std::vector<QString> &delisted);
    void probeAnswered(const tk::ProbeAnswer &answer);
    void backfillProgressed(const tk::history::BackfillProgress &progress);
    void backfillDone(const tk::history::BackfillProgress &result);
    void backfillPlanned(const tk::history::BackfillPlan &plan);
    void auditDone(int seriesWithHoles, qint64 candlesMissing);
    void noted(const tk::history::HistoryNote &note);
    void requestDone(int status);
    void snapshotReady(std::shared_ptr<const tk::history::HistorySnapshot> snapshot);

private:
    static constexpr milliseconds reachEvery{60'000};

    void tick();
    RequestPump::Ways ways();
    void answered(const Job &job, const exchange::RestReply &reply);
    void refused(Job job, const exchange::Refusal &refusal);

    void requestInstruments();
    void instrumentsAnswered(const exchange::RestReply &reply);
    void adopt(const InstrumentBook::Change &change);
    bool learnCostFirst();
    void loadCachedInstruments();
    void syncClock();
    void fillAll();
    void nameStoreLoss(const QString &why);
    void nameLedgerLoss();
    void nameOverdue(MonotonicTime now);
    void fillMarkCandles(const exchange::Instrument &instrument);
    void saveReach();
    UtcTime oldestKept() const { return m_settings.oldestKept(m_time.now()); }
    void tellNotes(MonotonicTime now);
    void noteAlive(MonotonicTime now);
    void fill(const exchange::Instrument &instrument, Timeframe timeframe);
    void repair(const std::vector<GapKeeper::Need> &needs);
    void finishBackfills();
    void sendSnapshot();
    QString whyNothingMoves() const;
    void tellFill(MonotonicTime now);

    HistorySettings m_settings;
    Parts m_parts;
    std::shared_ptr<const Clock> m_clock;
    std::function<void()> m_beat;
    HandOver m_tickets;
    GapKeeper m_gaps;
    RunNotes m_runs;
    Reach m_reach;
    NoteBook m_notes;
    JobQueue m_queue;
    exchange::InstrumentPages m_pages; // of the list that is being asked for
    InstrumentBook m_instruments;
    ExchangeClock m_time;
    HoleSearch m_holes;
    LossNamer m_losses;
    JobPlanner m_planner;
    BackfillDesk m_desk;
    BackfillBook &m_backfills;
    JobDesk m_jobs;
    FirstFill m_fill;
    OverdueCandles m_overdue;
    RequestPump m_pump;
    AnswerDesk m_answers;
    bool m_instrumentsAsked = false;
    MonotonicTime m_instrumentsAt{};
    MonotonicTime m_suspectAt{}; // the list is not looked at again before
    bool m_clockRefused = false;
    MonotonicTime m_snapshotAt{};
    MonotonicTime m_reviewAt{};
    MonotonicTime m_aliveAt{};
    MonotonicTime m_reachAt{};
    MonotonicTime m_markCandlesAt{};
    QString m_unnamedLoss; // of a store that began anew before the instruments were known
    QString m_lossOf;      // why the store is being refilled; of what is named right now
    int m_timesAnew = 0;
    int m_ledgersTold = 0; // times that the gap ledger began anew, as told
    qint64 m_auditDay = 0; // UTC day of the last nightly audit
    QTimer m_tick;
    RestClient m_rest; // goes first: what it asked for is answered no more
};

} // namespace tk::history
