// History over REST: the instrument list, the first fill, repairs, overdue candles, re-reading, funding, the nightly
// search for holes, the operator's backfills; all under one weight budget. Owns the gap ledger. Lives in its own
// thread.
#pragma once

#include "base/clock.h"
#include "exchange/adapter.h"
#include "history/backfill_book.h"
#include "history/exchange_clock.h"
#include "history/gap_keeper.h"
#include "history/history_note.h"
#include "history/history_settings.h"
#include "history/history_snapshot.h"
#include "history/instrument_book.h"
#include "history/job_queue.h"
#include "history/rest_client.h"
#include "history/rest_trouble.h"
#include "history/weight_budget.h"
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
    struct Pending // stored, but not yet confirmed
    {
        StreamKey stream;
        quint64 backfill = 0;
        qint64 records = 0;
        UtcTime oldest{};   // of its candles: so far back the series reaches, once they are stored
        TimeSpan fetched{}; // all that the exchange has of this span of the stream
    };

    struct Overdue // candles that were asked for because no closed mark came
    {
        StreamKey stream;
        TimeSpan span;
        MonotonicTime since{};
    };

    struct Holes // of one series
    {
        std::vector<TimeSpan> never_collected;
        std::vector<Gap> missed;
    };
    using BadRows = std::map<UtcTime, QString>; // why, by the candle whose place they take

    struct Missing // of one series that a backfill wants
    {
        const exchange::Instrument *instrument = nullptr;
        Timeframe timeframe = Timeframe::M1;
        std::vector<TimeSpan> holes{};
        qint64 missing = 0;
        qint64 present = 0;
    };

    void tick();
    void pump();
    bool send(bool funding);
    void waitAtMost(milliseconds span);
    void dispatch(Job job, const exchange::RestRequest &request);
    void answered(Job job, const exchange::RestRequest &request, UtcTime sent, const exchange::RestReply &reply);
    void refused(Job job, const exchange::Refusal &refusal);
    void candlesAnswered(const Job &job, const exchange::RestReply &reply);
    void rereadAnswered(const Job &job, std::vector<Candle> candles);
    void probeReplied(const Job &job, const std::vector<Candle> &candles);
    void marksAnswered(const Job &job, const exchange::RestReply &reply);
    void fundingAnswered(const Job &job, const exchange::RestReply &reply);
    void unreadable(Job job, const Error &error);
    bool hand(RecordBatch batch, const StreamKey &stream, quint64 backfill, TimeSpan fetched = {});
    void again(Job job);
    BadRows takeBadRows(const Job &job, std::vector<Candle> &candles, const std::vector<UtcTime> &closes);
    void noteAbsent(const Job &job, const std::vector<Candle> &candles, const BadRows &bad);
    void markCandlesAnswered(const Job &job, const exchange::RestReply &reply);
    exchange::RestRequest requestFor(const Job &job);
    void learnWeight(const Job &job, const exchange::RestRequest &request, int usedBefore,
                     const exchange::RestReply &reply);

    void requestInstruments();
    void instrumentsAnswered(const exchange::RestReply &reply);
    void adopt(const InstrumentBook::Change &change);
    bool learnWeightFirst();
    void loadCachedInstruments();
    void syncClock();
    void fillAll();
    void nameDowntime(const std::vector<exchange::Instrument> &instruments);
    void nameMissed(const std::vector<exchange::Instrument> &instruments);
    void nameMissedOfLastRun();
    Result<Holes> holesOf(const exchange::Instrument &instrument, Timeframe timeframe);
    bool isStoreEmptied() const;
    void nameStoreLoss(const QString &why);
    void nameLedgerLoss();
    void nameOverdue(MonotonicTime now);
    void nameClosesMissed(const Job &job, const std::vector<Candle> &candles);
    void fillMarkCandles(const exchange::Instrument &instrument);
    void loadReach();
    void noteFirstRun();
    void writeFirstRun();
    void saveReach();
    UtcTime oldestKept() const; // the beginning of time where the store keeps everything
    void note(HistoryNote::Kind kind, const QString &pair, qint64 count, TimeSpan span, const QString &detail);
    void tellNotes(MonotonicTime now);
    void noteAlive(MonotonicTime now);
    void fill(const exchange::Instrument &instrument, Timeframe timeframe);
    void addJobs(const exchange::Instrument &instrument, Timeframe timeframe, std::vector<TimeSpan> holes,
                 Urgency urgency, CandleSource source, quint64 backfill = 0, bool values = false);
    void repair(const std::vector<GapKeeper::Need> &needs);
    void wantFunding(const exchange::Instrument &instrument);
    std::vector<Missing> missingOf(const BackfillRequest &request, QStringList &problems);
    void finishBackfills();
    void sendSnapshot();
    QString whyNothingMoves() const;
    void logFill(MonotonicTime now);
    void works();
    void trouble(const QString &what);

    HistorySettings m_settings;
    Parts m_parts;
    std::shared_ptr<const Clock> m_clock;
    RecordSink m_sink;
    std::function<void()> m_beat;
    GapKeeper m_gaps;
    WeightBudget m_budget;
    JobQueue m_queue;
    InstrumentBook m_instruments;
    ExchangeClock m_time;
    RestTrouble m_trouble;
    QHash<quint64, Pending> m_pending; // by ticket
    BackfillBook m_backfills;
    QHash<quint64, std::vector<Job>> m_paused; // jobs of paused backfills, by id
    FillProgress m_fill;
    quint64 m_lastTicket = 0;
    int m_inFlight = 0;
    bool m_instrumentsAsked = false;
    bool m_stopping = false;
    bool m_downtimeNamed = false;
    UtcTime m_downtimeNamedTo{};
    bool m_weightLearned = false;
    UtcTime m_startedAt{};
    bool m_roomScarce = false; // the store has little room: repairs, fills and backfills wait
    MonotonicTime m_instrumentsAt{};
    MonotonicTime m_suspectAt{}; // the list is not looked at again before
    bool m_clockRefused = false;
    MonotonicTime m_snapshotAt{};
    MonotonicTime m_fillToldAt{};
    MonotonicTime m_reviewAt{};
    MonotonicTime m_aliveAt{};
    MonotonicTime m_notesAt{};
    MonotonicTime m_reachAt{};
    MonotonicTime m_markCandlesAt{};
    QHash<SeriesKey, UtcTime> m_reach; // how far back the store has held each series, also before it was lost
    std::vector<Overdue> m_overdue;
    std::map<HistoryNote::Kind, HistoryNote> m_notes; // not told yet
    QString m_unnamedLoss;                            // of a store that began anew before the instruments were known
    UtcTime m_firstRun{};                             // when this ledger's first engine began to collect
    QString m_lossOf;                                 // why the store is being refilled; of what is named right now
    quint64 m_batchesStored = 0;
    int m_timesAnew = 0;
    int m_ledgersTold = 0;    // times that the gap ledger began anew, as told
    bool m_listIsNew = false; // the exchange's list is of this run
    qint64 m_auditDay = 0;    // UTC day of the last nightly audit
    QTimer m_tick;
    QTimer m_wait; // until the budget or a delayed job allows the next request
    RestClient m_rest;
};

} // namespace tk::history
