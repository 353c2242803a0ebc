// The live side of one exchange: what is collected, what its frames say, and what is told of it. Connections are the
// pool's, and their cures the healer's. Lives in its own thread; records go to the store's queue, everything else
// leaves as values in signals, in batches.
#pragma once

#include "base/clock.h"
#include "base/clock_watch.h"
#include "exchange/adapter.h"
#include "feed/attempt_budget.h"
#include "feed/event_clock.h"
#include "feed/feed_settings.h"
#include "feed/feed_snapshot.h"
#include "feed/gap_notes.h"
#include "feed/latest_values.h"
#include "feed/majors.h"
#include "feed/odd_frames.h"
#include "feed/record_builder.h"
#include "feed/record_outbox.h"
#include "feed/slot_pool.h"
#include "feed/symbol_index.h"
#include "runtime/service.h"

#include <QStringList>
#include <QTimer>

#include <functional>
#include <memory>
#include <vector>

namespace tk::feed {

class FeedService final : public runtime::Service, private Slot::Host
{
    Q_OBJECT
public:
    FeedService(FeedSettings settings, std::unique_ptr<exchange::ExchangeAdapter> adapter,
                std::shared_ptr<const Clock> clock, RecordSink sink, std::function<void()> beat);
    ~FeedService() override;

    Status start() override;
    void stop() override;

public Q_SLOTS:
    // All instruments to collect; those that left are ended (delisted) or dropped (no longer configured).
    void setInstruments(const std::vector<tk::exchange::Instrument> &wanted, const std::vector<QString> &delisted);
    void setSettings(const tk::feed::FeedSettings &settings); // thresholds, timeframes, streams; takes effect at once
    void probeAnswered(const tk::ProbeAnswer &answer);
    void resubscribe(const QString &pair); // all streams of a pair on a fresh connection; empty: every sick stream
    void watchSeries(const std::vector<tk::SeriesKey> &series); // told by candlesMoved(), in place of those before

Q_SIGNALS:
    void gapsOpened(const std::vector<tk::Gap> &gaps);
    void gapsEnded(const std::vector<tk::StreamKey> &streams, tk::UtcTime at);
    void candlesOverdue(const std::vector<tk::SeriesSpan> &spans);
    void candlesClosed(const std::vector<tk::SeriesSpan> &spans);
    void probesWanted(const std::vector<tk::QuietProbe> &probes);
    void fundingSettled(const std::vector<QString> &pairs);
    void instrumentsSuspect(const QString &why); // listings may have changed: look at the list again
    void reconnectAttempted(const QString &reason, bool success);
    void candlesMoved(const std::vector<tk::feed::LiveCandles> &candles); // watched ones, a few times a second
    void snapshotReady(std::shared_ptr<const tk::feed::FeedSnapshot> snapshot);

private:
    const StreamEntry &stream(StreamId id) const override { return m_table.at(id); }
    void slotFrame(Slot &slot, Connection &connection, std::string_view frame) override;
    void slotSubscribed(const std::vector<StreamId> &streams) override;
    void slotDown(Slot &slot, const QString &cause) override;
    void slotAttempt(const QString &reason, bool success) override;
    milliseconds takeAttempt() override;
    QByteArray canaryFor(const QByteArray &route) const override { return m_slots.canaryFor(route); }

    void tick();
    void judge(MonotonicTime now, UtcTime utc);
    void compareClocks(MonotonicTime now, UtcTime utc);
    StreamId addStream(exchange::StreamSpec spec, const QString &symbol);
    void retire(const QString &symbol, const std::function<bool(const StreamKey &)> &leaves, bool delisted);
    void applied(const std::optional<StreamTransition> &transition);
    void takeEvent(const exchange::MarketEvent &event, Slot &slot, Connection &connection, MonotonicTime now,
                   UtcTime utc);
    void takeRefusal(const exchange::Rejected &answer, Slot &slot, Connection &connection);
    void flushRecords();
    void flushNotes();
    void sendSnapshot(UtcTime utc);
    void findWatched();
    void tellWatched();
    std::vector<StreamId> liveIds() const;

    FeedSettings m_settings;
    std::unique_ptr<exchange::ExchangeAdapter> m_adapter;
    std::shared_ptr<const Clock> m_clock;
    std::function<void()> m_beat; // says that this thread's loop turns
    exchange::CandleFacts m_facts;
    StreamTable m_table;
    SymbolIndex m_symbols;
    RecordBuilder m_records;
    LatestValues m_latest;
    std::vector<SeriesKey> m_watched; // series that somebody looks at
    GapNotes m_gaps;
    RecordOutbox m_outbox;
    OddFrames m_odd;
    Healer m_healer;
    Majors m_majors;
    AttemptBudget m_attempts;
    ClockWatch m_clockWatch;
    EventClock m_eventClock;
    milliseconds m_exchangeAhead{0};                    // of our clock, where that is known
    QHash<QString, exchange::Instrument> m_instruments; // wanted ones, by symbol
    exchange::ParsedFrame m_parsed;
    std::vector<StreamTransition> m_transitions;
    quint64 m_frames = 0;
    quint64 m_bytes = 0;
    quint64 m_reconnects = 0;
    UtcTime m_emptySince{}; // without any stream of a pair since
    MonotonicTime m_tickedAt{};
    MonotonicTime m_judgeAt{};
    MonotonicTime m_heartbeatAt{};
    MonotonicTime m_snapshotAt{};
    QTimer m_tick;
    QTimer m_flush;
    QTimer m_lookTimer; // while somebody looks at forming candles
    SlotPool m_slots;   // after everything its callbacks use
};

} // namespace tk::feed
