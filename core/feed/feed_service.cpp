#include "feed/feed_service.h"

#include "base/logging.h"
#include "feed/stream_data.h"
#include "feed/transition_log.h"
#include "feed/wakeup_coalescer.h"
#include "feed/wanted_streams.h"

#include <QRandomGenerator>

#include <algorithm>
#include <ranges>

namespace tk::feed {

namespace {

constexpr MonotonicTime never{};
constexpr milliseconds tickEvery{250};
constexpr milliseconds judgeEvery{1'000};
constexpr milliseconds snapshotEvery{1'000};
constexpr milliseconds lookEvery{250}; // of real time: people look at forming candles
constexpr milliseconds batchAge{50};
constexpr milliseconds closeGrace{30'000};    // reference §2.5: beyond it a closed mark is repaired over REST
constexpr milliseconds clockTolerance{5'000}; // UTC against the monotonic clock between two ticks
constexpr milliseconds held{1'000};           // a loop that is late by more did not listen meanwhile

StreamTable::Thresholds thresholdsOf(const FeedSettings &settings, const Clock &clock)
{
    StreamTable::Thresholds thresholds;
    thresholds.stale_after = settings.stale_after;
    thresholds.slack = clock.pauseOfMachine();
    return thresholds;
}

} // namespace

FeedService::FeedService(FeedSettings settings, std::unique_ptr<exchange::ExchangeAdapter> adapter,
                         std::shared_ptr<const Clock> clock, RecordSink sink, std::function<void()> beat)
    : m_settings(std::move(settings))
    , m_adapter(std::move(adapter))
    , m_clock(std::move(clock))
    , m_beat(std::move(beat))
    , m_facts(m_adapter->candleFacts())
    , m_table(thresholdsOf(m_settings, *m_clock), m_facts)
    , m_records({.mark_price_every = m_settings.mark_price_every})
    , m_outbox(std::move(sink), m_gaps)
    , m_healer(m_table, QRandomGenerator::global()->generate64())
    , m_majors(m_settings.major_bases)
    , m_attempts(m_adapter->connectionLimits().attempts, m_adapter->connectionLimits().attempts_window)
    , m_clockWatch(m_clock->utcNow(), m_clock->now())
    , m_eventClock(m_clock->pauseOfMachine())
    , m_slots({m_settings, *m_adapter, *m_clock, m_table, *this})
{
    connect(&m_tick, &QTimer::timeout, this, &FeedService::tick);
    m_flush.setSingleShot(true);
    connect(&m_flush, &QTimer::timeout, this, &FeedService::flushRecords);
    connect(&m_lookTimer, &QTimer::timeout, this, &FeedService::tellWatched);
}

FeedService::~FeedService() = default;

Status FeedService::start()
{
    if (m_settings.wakeup_pause.count() > 0)
        new WakeupCoalescer(m_settings.wakeup_pause, this);
    const MonotonicTime now = m_clock->now();
    m_emptySince = m_clock->utcNow();
    m_heartbeatAt = now + m_settings.heartbeat;
    m_tick.setInterval(m_clock->timerDelay(tickEvery));
    m_tick.start();
    for (exchange::StreamSpec &spec : m_adapter->serviceStreams())
        addStream(std::move(spec), {});
    return ok();
}

void FeedService::stop()
{
    m_tick.stop();
    m_slots.stop();
    flushRecords();
    flushNotes();
    sendSnapshot(m_clock->utcNow());
    Q_EMIT stopped();
}

// --- instruments and streams -----------------------------------------------------------------------------------------

StreamId FeedService::addStream(exchange::StreamSpec spec, const QString &symbol)
{
    const StreamKey key = spec.key;
    const StreamId id = m_table.add(std::move(spec), m_clock->now(), m_clock->utcNow());
    if (!symbol.isEmpty())
        m_symbols.streamsOf(symbol).slot(key) = id;
    m_records.track(id, m_table.at(id), m_clock->utcNow());
    return id;
}

void FeedService::retire(const QString &symbol, const std::function<bool(const StreamKey &)> &leaves, bool delisted)
{
    m_symbols.streamsOf(symbol).each([&](StreamId &id) {
        if (id == noStream || !leaves(m_table.at(id).spec.key))
            return;
        m_slots.remove(id);
        m_records.forget(id);
        m_gaps.end(id, m_table.at(id));
        if (delisted)
            applied(m_table.ended(id, QStringLiteral("delisted by the exchange"), m_clock->utcNow()));
        else
            m_table.remove(id);
        id = noStream;
    });
}

void FeedService::setInstruments(const std::vector<exchange::Instrument> &wanted, const std::vector<QString> &delisted)
{
    QHash<QString, exchange::Instrument> next;
    for (const exchange::Instrument &instrument : wanted)
        next.insert(instrument.symbol, instrument);

    for (auto known = m_instruments.cbegin(); known != m_instruments.cend(); ++known) {
        const auto now = next.constFind(known.key());
        if (now != next.cend() && now->onboard == known->onboard)
            continue; // a name that came back with another listing date is another contract: streams begin anew
        const bool ended = std::ranges::find(delisted, known.key()) != delisted.end();
        qCInfo(lcFeed).noquote() << (ended ? "delisted" : "no longer collected")
                                 << logField(u"exchange", m_adapter->name()) << logField(u"pair", known->unified);
        retire(
            known.key(), [](const StreamKey &) { return true; }, ended);
    }

    std::vector<StreamId> fresh;
    for (const exchange::Instrument &instrument : wanted) {
        SymbolStreams &streams = m_symbols.streamsOf(instrument.symbol);
        for (exchange::StreamSpec &spec : wantedStreams(instrument, m_settings, *m_adapter)) {
            if (streams.slot(spec.key) == noStream)
                fresh.push_back(addStream(std::move(spec), instrument.symbol));
        }
    }
    if (m_slots.isEmpty()) {
        for (StreamId id = 0; id < m_table.size(); ++id) {
            if (m_table.at(id).spec.key.pair.isEmpty())
                fresh.push_back(id); // service streams travel with the first connections
        }
    }
    // Ticks have no history: what passes before their first data is lost, and is known as that.
    for (const StreamId id : fresh) {
        const StreamEntry &entry = m_table.at(id);
        const bool tick = entry.spec.key.kind != StreamKind::Candles && entry.spec.key.kind != StreamKind::MarkPrice;
        if (tick && entry.spec.contract.stale.count() > 0)
            m_gaps.open(id, entry, QStringLiteral("collecting began"), m_clock->utcNow());
    }
    m_instruments = std::move(next);
    m_majors.choose(m_table, liveIds());
    m_table.expect(m_majors.pairs());
    if (!fresh.empty()) {
        qCInfo(lcFeed).noquote() << "collecting" << logField(u"exchange", m_adapter->name())
                                 << logField(u"pairs", QString::number(m_instruments.size()))
                                 << logField(u"new_streams", QString::number(fresh.size()));
        m_slots.place(fresh);
    }
    m_slots.dropEmpty();
    findWatched();
}

void FeedService::setSettings(const FeedSettings &settings)
{
    m_settings.heartbeat = settings.heartbeat;
    m_settings.major_quorum = settings.major_quorum;
    m_settings.major_bases = settings.major_bases;
    m_majors = Majors(settings.major_bases); // chosen with the next setInstruments()
    // Streams of kinds and timeframes that are no longer wanted go; new ones come with the next setInstruments().
    const auto unwanted = [&settings](const StreamKey &key) { return !isWanted(key, settings); };
    for (auto known = m_instruments.cbegin(); known != m_instruments.cend(); ++known)
        retire(known.key(), unwanted, false);
    m_settings.kinds = settings.kinds;
    m_settings.timeframes = settings.timeframes;
}

std::vector<StreamId> FeedService::liveIds() const
{
    std::vector<StreamId> ids;
    for (StreamId id = 0; id < m_table.size(); ++id) {
        const StreamEntry &entry = m_table.at(id);
        if (!entry.removed && entry.state != StreamState::Ended)
            ids.push_back(id);
    }
    return ids;
}

// --- connections -----------------------------------------------------------------------------------------------------

void FeedService::resubscribe(const QString &pair)
{
    m_slots.resubscribe(pair);
}

void FeedService::slotSubscribed(const std::vector<StreamId> &streams)
{
    const MonotonicTime now = m_clock->now();
    const UtcTime utc = m_clock->utcNow();
    for (const StreamId id : streams)
        applied(m_table.subscribed(id, now, utc));
}

void FeedService::slotDown(Slot &slot, const QString &cause)
{
    const UtcTime utc = m_clock->utcNow();
    const QString text = QStringLiteral("connection %1 lost: %2").arg(slot.label(), cause);
    for (const StreamId id : slot.streams()) {
        const StreamEntry &entry = m_table.at(id);
        m_gaps.open(id, entry, text, utc);
        applied(m_table.lost(id, text, utc));
    }
}

void FeedService::slotAttempt(const QString &reason, bool success)
{
    if (success)
        ++m_reconnects;
    Q_EMIT reconnectAttempted(reason, success);
}

milliseconds FeedService::takeAttempt()
{
    return m_attempts.take(m_clock->now());
}

// --- frames ----------------------------------------------------------------------------------------------------------

void FeedService::slotFrame(Slot &slot, Connection &connection, std::string_view frame)
{
    ++m_frames;
    m_bytes += frame.size();
    const Status status = m_adapter->parse(frame, m_parsed);
    if (!status) {
        m_odd.broken(frame, status.error());
        return;
    }
    const MonotonicTime now = m_clock->now();
    const UtcTime utc = m_clock->utcNow();
    for (const exchange::MarketEvent &event : m_parsed.events)
        takeEvent(event, slot, connection, now, utc);
    for (const exchange::Acknowledged &answer : m_parsed.acknowledged) {
        for (const StreamId id : connection.answered(answer.id))
            applied(m_table.acknowledged(id, utc));
    }
    for (const exchange::Rejected &answer : m_parsed.rejected)
        takeRefusal(answer, slot, connection);
    for (const exchange::Unhandled &unhandled : m_parsed.unhandled)
        m_odd.unhandled(unhandled.kind);
    if (m_outbox.isFull())
        flushRecords();
    else if (!m_outbox.isEmpty() && !m_flush.isActive())
        m_flush.start(m_clock->timerDelay(batchAge));
}

// One name that the exchange does not take spoils the whole message: the others are asked for again without it.
void FeedService::takeRefusal(const exchange::Rejected &answer, Slot &slot, Connection &connection)
{
    const std::vector<StreamId> refused = connection.refused(answer.id);
    const QString cause = QStringLiteral("refused by the exchange: %1 (code %2)").arg(answer.message).arg(answer.code);
    const MonotonicTime now = m_clock->now();
    for (const StreamId id : refused) {
        m_healer.refused(id, now);
        applied(m_table.refused(id, cause, m_clock->utcNow()));
    }
    if (!refused.empty())
        Q_EMIT instrumentsSuspect(QStringLiteral("the exchange refused streams"));
    m_odd.refused(slot.label(), answer, refused.size());
}

void FeedService::takeEvent(const exchange::MarketEvent &event, Slot &slot, Connection &connection, MonotonicTime now,
                            UtcTime utc)
{
    if (std::holds_alternative<exchange::ContractUpdate>(event.payload)) {
        Q_EMIT instrumentsSuspect(QStringLiteral("the exchange announced a change of %1")
                                      .arg(QString::fromUtf8(event.symbol.data(), qsizetype(event.symbol.size()))));
        return;
    }
    const StreamId id = m_symbols.find(event);
    if (id == noStream)
        return; // rows of contracts we do not collect
    StreamEntry &entry = m_table.at(id);
    if (slot.isRotating())
        slot.successorDelivered(connection, id);
    if (slot.awaitsData())
        slot.delivered(id);
    if (const auto transition = m_table.data(id, dataOf(event, m_facts), now, utc))
        applied(transition);
    m_eventClock.frame(event.event_time, utc);
    m_records.event(id, entry, event, utc, m_exchangeAhead, m_outbox.batch());
    m_latest.event(id, event);
}

void FeedService::flushRecords()
{
    m_flush.stop();
    m_outbox.flush(m_clock->utcNow());
}

// --- supervision -----------------------------------------------------------------------------------------------------

void FeedService::applied(const std::optional<StreamTransition> &transition)
{
    if (!transition)
        return;
    const StreamEntry &entry = m_table.at(transition->id);
    const bool trouble = isSick(transition->to);
    if (trouble)
        m_gaps.open(transition->id, entry, transition->cause, m_clock->utcNow());
    else if (transition->to == StreamState::Live || transition->to == StreamState::Quiet)
        m_gaps.end(transition->id, entry);
    m_transitions.push_back(*transition);
}

void FeedService::tick()
{
    m_beat();
    const MonotonicTime now = m_clock->now();
    const UtcTime utc = m_clock->utcNow();
    if (const auto jump = m_clockWatch.jump(utc, now, clockTolerance)) {
        const QString what =
            QStringLiteral("the clock jumped by %1%2 (suspended, or set)")
                .arg(jump->count() < 0 ? QStringLiteral("-") : QString(), ageText(std::chrono::abs(*jump)));
        qCWarning(lcFeed).noquote() << what << "- reconnecting and repairing";
        m_slots.replaceAll(what);
    }
    // What came while this thread was held up is handled after us: its silence is no evidence against anybody.
    if (m_tickedAt != never && now - m_tickedAt > tickEvery + held)
        m_table.wasDeaf(std::chrono::duration_cast<milliseconds>(now - m_tickedAt) - tickEvery);
    m_tickedAt = now;
    m_slots.tick(now);
    if (now >= m_judgeAt) {
        m_judgeAt = now + judgeEvery;
        judge(now, utc);
    }
    if (now >= m_heartbeatAt) {
        m_heartbeatAt = now + m_settings.heartbeat;
        m_majors.tellHeartbeat(m_table, m_records.counts().final_candles, m_records.fundedPairs(), m_reconnects);
    }
    flushNotes();
    if (now >= m_snapshotAt) {
        m_snapshotAt = now + snapshotEvery;
        sendSnapshot(utc);
    }
}

void FeedService::judge(MonotonicTime now, UtcTime utc)
{
    StreamTable::Judgement judgement = m_table.judge(now, utc);
    bool silent = false;
    for (const StreamTransition &transition : judgement.transitions) {
        silent |= transition.to == StreamState::Silent;
        applied(transition);
    }
    if (silent)
        Q_EMIT instrumentsSuspect(QStringLiteral("streams are silent"));
    if (!judgement.probes.empty())
        Q_EMIT probesWanted(judgement.probes);
    m_slots.apply(m_healer.checkQuorum(m_majors, m_settings.major_quorum, m_slots.patients(), now));
    m_slots.apply(m_healer.heal(m_slots.patients(), now));
    compareClocks(now, utc);
    const auto overdue = m_records.overdue(utc, closeGrace);
    for (const SeriesSpan &late : overdue) {
        const SeriesKey &series = late.series;
        if (const auto id = m_table.find({series.exchange, series.pair, StreamKind::Candles, series.timeframe}))
            m_table.closeMissed(*id, late.span);
    }
    if (!overdue.empty())
        Q_EMIT candlesOverdue(overdue);
}

// Told by the snapshot; whoever reads the log alone hears it once, and that it is over.
void FeedService::compareClocks(MonotonicTime now, UtcTime utc)
{
    if (m_eventClock.judge(utc, now)) {
        const milliseconds offset = m_eventClock.offset();
        if (offset.count() != 0)
            qCWarning(lcFeed).noquote() << "the event times of all frames differ from our clock; check NTP"
                                        << logField(u"exchange", m_adapter->name())
                                        << logField(u"offset_ms", QString::number(offset.count()));
        else
            qCInfo(lcFeed).noquote() << "the event times of frames agree with our clock again"
                                     << logField(u"exchange", m_adapter->name());
    }
    m_exchangeAhead = m_eventClock.lastingOffset(now);
}

void FeedService::flushNotes()
{
    const UtcTime utc = m_clock->utcNow();
    if (!m_transitions.empty())
        logTransitions(m_table, std::exchange(m_transitions, {}));
    for (const RecordBuilder::Break &lost : m_records.takeBreaks())
        m_gaps.add(
            {.stream = lost.stream, .from = lost.span.from, .to = lost.span.to, .cause = lost.cause, .opened = utc});
    if (auto opened = m_gaps.takeOpened(); !opened.empty())
        Q_EMIT gapsOpened(opened);
    if (auto ended = m_gaps.takeEnded(); !ended.empty())
        Q_EMIT gapsEnded(ended, utc);
    if (auto closed = m_records.takeClosed(); !closed.empty())
        Q_EMIT candlesClosed(closed);
    if (auto settled = m_records.takeSettled(); !settled.empty())
        Q_EMIT fundingSettled(settled);
}

void FeedService::probeAnswered(const ProbeAnswer &answer)
{
    m_table.probeAnswered(answer, m_clock->now());
}

void FeedService::sendSnapshot(UtcTime utc)
{
    auto snapshot = std::make_shared<FeedSnapshot>();
    const MonotonicTime now = m_clock->now();
    snapshot->exchange = m_adapter->name();
    snapshot->at = utc;
    snapshot->streams.reserve(m_table.size());
    for (StreamId id = 0; id < m_table.size(); ++id) {
        const StreamEntry &entry = m_table.at(id);
        if (entry.removed || entry.spec.key.pair.isEmpty())
            continue;
        const StreamState told = entry.told();
        ++snapshot->streams_by_state[size_t(told)];
        snapshot->streams.push_back({entry.spec.key, told, entry.toldSince(), entry.last_event, entry.frames,
                                     entry.toldCause(), m_latest.of(id), entry.heal_attempts,
                                     entry.spec.contract.stale.count() == 0, entry.isUnclosed()});
    }
    snapshot->connections = m_slots.rows(now);
    snapshot->clock_offset = m_eventClock.offset();
    snapshot->clock_since = m_eventClock.since();
    snapshot->waiting_since = snapshot->streams.empty() ? m_emptySince : UtcTime{};
    snapshot->stale_majors = m_majors.stale(m_table);
    snapshot->waiting_majors = m_majors.waiting(m_table);
    snapshot->majors = m_majors.count();
    snapshot->frames = m_frames;
    snapshot->bytes = m_bytes;
    snapshot->broken_frames = m_odd.brokenCount();
    snapshot->unhandled_events = m_odd.unhandledCount();
    snapshot->final_candles = m_records.counts().final_candles;
    snapshot->repeated_finals = m_records.counts().repeated_finals;
    snapshot->refused_records = m_outbox.refused();
    snapshot->reconnects = m_reconnects;
    Q_EMIT snapshotReady(std::move(snapshot));
}

void FeedService::watchSeries(const std::vector<SeriesKey> &series)
{
    m_watched = series;
    findWatched();
}

void FeedService::findWatched()
{
    std::vector<StreamId> streams;
    for (const SeriesKey &series : m_watched) {
        const auto id = m_table.find({series.exchange, series.pair, StreamKind::Candles, series.timeframe});
        if (id && !m_table.at(*id).removed)
            streams.push_back(*id);
    }
    m_latest.watch(streams);
    if (m_latest.isWatching())
        m_lookTimer.start(lookEvery);
    else
        m_lookTimer.stop();
}

void FeedService::tellWatched()
{
    std::vector<LiveCandles> moved;
    for (auto &[id, candles] : m_latest.takeLive()) {
        const StreamKey &key = m_table.at(id).spec.key;
        candles.series = {key.exchange, key.pair, key.timeframe};
        moved.push_back(std::move(candles));
    }
    if (!moved.empty())
        Q_EMIT candlesMoved(moved);
}

} // namespace tk::feed
