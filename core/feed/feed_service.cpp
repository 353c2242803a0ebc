#include "feed/feed_service.h"

#include "base/logging.h"
#include "feed/connection_plan.h"
#include "feed/wakeup_coalescer.h"

#include <QRandomGenerator>

#include <algorithm>
#include <functional>
#include <ranges>

namespace tk::feed {

namespace {

constexpr MonotonicTime never{};
constexpr milliseconds tickEvery{250};
constexpr milliseconds judgeEvery{1'000};
constexpr milliseconds snapshotEvery{1'000};
constexpr milliseconds lookEvery{250}; // of real time: people look at forming candles
constexpr milliseconds batchAge{50};
constexpr size_t batchRecords = 512;
constexpr milliseconds closeGrace{30'000};    // reference §2.5: beyond it a closed mark is repaired over REST
constexpr milliseconds clockTolerance{5'000}; // UTC against the monotonic clock between two ticks
constexpr milliseconds healFirst{10'000};     // a healed stream that stays silent is healed again after ...
constexpr milliseconds healMax{60'000};       // ... at most this
constexpr quint64 brokenSamples = 5;          // broken frames that are shown in the log, per run
constexpr milliseconds refusedAgain{600'000}; // a stream that the exchange refused is asked for again after
constexpr qsizetype refusalsTold = 64;        // different ones, per run
constexpr milliseconds held{1'000};           // a loop that is late by more did not listen meanwhile
constexpr size_t spareConnections = 8;        // fresh ones beyond twice the plan, before healing uses the others

StreamTable::Thresholds thresholdsOf(const FeedSettings &settings, const Clock &clock)
{
    StreamTable::Thresholds thresholds;
    thresholds.stale_after = settings.stale_after;
    thresholds.slack = clock.pauseOfMachine();
    return thresholds;
}

StreamTable::Data describe(const exchange::MarketEvent &event, const exchange::CandleFacts &facts)
{
    StreamTable::Data data{.event = event.event_time};
    if (const auto *candle = std::get_if<exchange::CandleUpdate>(&event.payload)) {
        data.last_trade_id = candle->last_trade_id;
        data.proves_trade = !candle->final;
        data.candle_open = candle->candle.open_time;
        data.candle_trades = candle->candle.trades;
        if (!facts.trade_counts)
            data.candle_volume = candle->candle.volume.toDouble();
    } else if (const auto *trade = std::get_if<exchange::TradeUpdate>(&event.payload)) {
        data.last_trade_id = trade->last_trade_id;
    } else if (const auto *ticker = std::get_if<exchange::TickerUpdate>(&event.payload)) {
        data.last_trade_id = ticker->last_trade_id;
    }
    return data;
}

} // namespace

FeedService::FeedService(FeedSettings settings, std::unique_ptr<exchange::ExchangeAdapter> adapter,
                         std::shared_ptr<const Clock> clock, RecordSink sink, std::function<void()> beat)
    : m_settings(std::move(settings))
    , m_adapter(std::move(adapter))
    , m_clock(std::move(clock))
    , m_sink(std::move(sink))
    , m_beat(std::move(beat))
    , m_limits(m_adapter->connectionLimits())
    , m_facts(m_adapter->candleFacts())
    , m_table(thresholdsOf(m_settings, *m_clock), m_facts)
    , m_records({.mark_price_every = m_settings.mark_price_every})
    , m_majors(m_settings.major_bases)
    , m_attempts(m_limits.attempts, m_limits.attempts_window)
    , m_clockWatch(m_clock->utcNow(), m_clock->now())
    , m_eventClock(m_clock->pauseOfMachine())
    , m_quorumBackoff(milliseconds(10'000), milliseconds(120'000), QRandomGenerator::global()->generate64())
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
    for (const auto &slot : m_slots)
        slot->stop();
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
        for (const auto &slot : m_slots) {
            if (std::ranges::find(slot->streams(), id) != slot->streams().end())
                slot->remove({id});
        }
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
        const auto want = [&](StreamKind kind, Timeframe timeframe) {
            auto spec = m_adapter->streamFor(instrument, kind, timeframe);
            if (!spec) {
                qCWarning(lcFeed).noquote() << spec.error().message << logField(u"pair", instrument.unified);
                return;
            }
            if (streams.slot(spec->key) == noStream)
                fresh.push_back(addStream(std::move(spec).value(), instrument.symbol));
        };
        for (const StreamKind kind : m_settings.kinds) {
            if (kind == StreamKind::Candles) {
                for (const Timeframe timeframe : m_settings.timeframes)
                    want(kind, timeframe);
            } else {
                want(kind, Timeframe::M1);
            }
        }
        // Every pair has one stream that ticks whatever the market does: the canary that its others are judged by.
        if (std::ranges::find(m_settings.kinds, StreamKind::MarkPrice) == m_settings.kinds.end())
            want(StreamKind::MarkPrice, Timeframe::M1);
    }
    if (m_slots.empty()) {
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
        place(fresh);
    }
    dropEmptySlots();
    findWatched();
}

void FeedService::setSettings(const FeedSettings &settings)
{
    m_settings.heartbeat = settings.heartbeat;
    m_settings.major_quorum = settings.major_quorum;
    m_settings.major_bases = settings.major_bases;
    m_majors = Majors(settings.major_bases); // chosen with the next setInstruments()
    // Streams of kinds and timeframes that are no longer wanted go; new ones come with the next setInstruments().
    const auto unwanted = [&settings](const StreamKey &key) {
        if (key.kind == StreamKind::MarkPrice)
            return false; // the canary of its pair
        const bool kindWanted = std::ranges::find(settings.kinds, key.kind) != settings.kinds.end();
        const bool frameWanted = key.kind != StreamKind::Candles ||
                                 std::ranges::find(settings.timeframes, key.timeframe) != settings.timeframes.end();
        return !kindWanted || !frameWanted;
    };
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

Slot &FeedService::makeSlot(const QByteArray &route)
{
    SlotSettings settings;
    settings.exchange = m_adapter->name();
    settings.route = route;
    settings.number = ++m_lastSlotNumber;
    settings.url = m_settings.ws_url;
    settings.tls = m_settings.tls;
    // Spread over the direct way and the proxies in turn.
    const size_t way = size_t(settings.number - 1) % (m_settings.proxies.size() + 1);
    if (way > 0)
        settings.proxy = m_settings.proxies[way - 1];
    settings.reconnect_first = m_settings.reconnect_first;
    settings.reconnect_max = m_settings.reconnect_max;
    settings.seed = QRandomGenerator::global()->generate64();
    // Up to a twentieth earlier than planned, so that connections opened together do not rotate together.
    const milliseconds rotate = m_settings.rotate_after.count() > 0 ? m_settings.rotate_after : m_limits.rotate_after;
    settings.rotate_after = rotate - milliseconds(QRandomGenerator::global()->bounded(qint64(rotate.count()) / 20 + 1));
    settings.transport_silence = m_limits.transport_silence;
    settings.ping_silence = m_limits.ping_silence;
    m_slots.push_back(
        std::make_unique<Slot>(std::move(settings), *m_adapter, *m_clock, static_cast<Slot::Host &>(*this)));
    return *m_slots.back();
}

void FeedService::place(const std::vector<StreamId> &streams)
{
    const int capacity = m_limits.planned_streams;
    for (const PlannedConnection &planned : planConnections(m_table, streams, capacity)) {
        const auto room = std::ranges::find_if(m_slots, [&](const auto &slot) {
            return slot->route() == planned.route &&
                   slot->streams().size() + planned.streams.size() <= size_t(capacity);
        });
        if (room != m_slots.end()) {
            (*room)->add(planned.streams);
            continue;
        }
        Slot &slot = makeSlot(planned.route);
        slot.add(planned.streams);
        slot.connectNow();
    }
}

// A stream that always ticks, for a connection whose own streams move only with trades.
QByteArray FeedService::canaryFor(const QByteArray &route) const
{
    for (StreamId id = 0; id < m_table.size(); ++id) {
        const StreamEntry &entry = m_table.at(id);
        if (entry.ticks() && entry.spec.route == route && entry.state == StreamState::Live && !entry.removed)
            return entry.spec.wire_name;
    }
    return {};
}

void FeedService::moveToFreshSlot(Slot &from, const std::vector<StreamId> &streams, const QString &why)
{
    qCWarning(lcFeed).noquote() << "resubscribing on a fresh connection" << logField(u"connection", from.label())
                                << logField(u"streams", QString::number(streams.size())) << logField(u"cause", why);
    from.remove(streams);
    Slot &fresh = makeSlot(from.route());
    fresh.add(streams);
    fresh.connectNow();
}

// To a fresh connection; once there are twice as many as the plan has, to the smallest of the others: the number of
// connections stays bounded, and the healthy streams of this one go on either way.
void FeedService::moveAway(Slot &from, const std::vector<StreamId> &streams, const QString &why)
{
    const size_t planned = m_table.size() / size_t(m_limits.planned_streams) + 1;
    if (m_slots.size() < 2 * planned + spareConnections) {
        moveToFreshSlot(from, streams, why);
        return;
    }
    Slot *smallest = nullptr;
    for (const auto &slot : m_slots) {
        const bool isFull = slot->streams().size() >= size_t(m_limits.planned_streams);
        if (slot.get() == &from || slot->route() != from.route() || !slot->isUp() || slot->isRotating() || isFull)
            continue;
        if (!smallest || slot->streams().size() < smallest->streams().size())
            smallest = slot.get();
    }
    if (!smallest)
        return; // asked again when it is due
    // Those for which there is no room are asked for again when they are due.
    const size_t room = size_t(m_limits.planned_streams) - smallest->streams().size();
    const std::vector<StreamId> moved(streams.begin(), streams.begin() + qsizetype(std::min(room, streams.size())));
    qCWarning(lcFeed).noquote() << "resubscribing on another connection" << logField(u"connection", from.label())
                                << logField(u"to", smallest->label())
                                << logField(u"streams", QString::number(moved.size())) << logField(u"cause", why);
    from.remove(moved);
    smallest->add(moved);
}

void FeedService::dropEmptySlots()
{
    std::erase_if(m_slots, [](const std::unique_ptr<Slot> &slot) {
        if (!slot->streams().empty())
            return false;
        slot->stop();
        return true;
    });
}

void FeedService::replaceAll(const QString &reason)
{
    for (const auto &slot : m_slots)
        slot->replace(reason);
}

void FeedService::resubscribe(const QString &pair)
{
    for (size_t i = 0; i < m_slots.size(); ++i) { // by index: fresh slots are appended while we look
        Slot &slot = *m_slots[i];
        std::vector<StreamId> chosen;
        for (const StreamId id : slot.streams()) {
            const StreamEntry &entry = m_table.at(id);
            if (pair.isEmpty() ? entry.isSick() : entry.spec.key.pair == pair)
                chosen.push_back(id);
        }
        if (!chosen.empty() && chosen.size() < slot.streams().size())
            moveToFreshSlot(slot, chosen, QStringLiteral("asked for by the operator"));
        else if (!chosen.empty())
            slot.replace(QStringLiteral("asked for by the operator"));
        if (!pair.isEmpty() && !chosen.empty())
            break;
    }
    dropEmptySlots();
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
        sampleBroken(frame, status.error());
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
    for (const exchange::Unhandled &unhandled : m_parsed.unhandled) {
        ++m_unhandled;
        if (m_unhandledKinds.size() < 64 && m_unhandledKinds[unhandled.kind]++ == 0)
            qCInfo(lcFeed).noquote() << "an event we do not know; counted and left alone"
                                     << logField(u"kind", QString::fromUtf8(unhandled.kind));
    }
    if (m_batch.recordCount() >= batchRecords)
        flushRecords();
    else if (!m_batch.isEmpty() && !m_flush.isActive())
        m_flush.start(m_clock->timerDelay(batchAge));
}

// One name that the exchange does not take spoils the whole message: the others are asked for again without it.
void FeedService::takeRefusal(const exchange::Rejected &answer, Slot &slot, Connection &connection)
{
    const std::vector<StreamId> refused = connection.refused(answer.id);
    const QString cause = QStringLiteral("refused by the exchange: %1 (code %2)").arg(answer.message).arg(answer.code);
    const MonotonicTime now = m_clock->now();
    for (const StreamId id : refused) {
        StreamEntry &entry = m_table.at(id);
        entry.heal_at = now + refusedAgain;
        applied(m_table.refused(id, cause, m_clock->utcNow()));
    }
    if (!refused.empty())
        Q_EMIT instrumentsSuspect(QStringLiteral("the exchange refused streams"));
    const QString line = QStringLiteral("%1 %2 %3").arg(slot.label(), answer.message).arg(answer.code);
    if (m_refusals.contains(line) || m_refusals.size() >= refusalsTold)
        return; // asked again and again, told once
    m_refusals.insert(line);
    qCWarning(lcFeed).noquote() << "the exchange refused a request" << logField(u"connection", slot.label())
                                << logField(u"code", QString::number(answer.code))
                                << logField(u"message", answer.message)
                                << logField(u"streams", QString::number(refused.size()));
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
    if (const auto transition = m_table.data(id, describe(event, m_facts), now, utc))
        applied(transition);
    m_eventClock.frame(event.event_time, utc);
    m_records.event(id, entry, event, utc, m_exchangeAhead, m_batch);
    m_latest.event(id, event);
}

void FeedService::sampleBroken(std::string_view frame, const Error &error)
{
    if (++m_broken > brokenSamples)
        return;
    const QString sample = QString::fromUtf8(frame.data(), qsizetype(std::min<size_t>(frame.size(), 200)));
    qCWarning(lcFeed).noquote() << "a frame that does not parse; counted" << logField(u"error", error.message)
                                << logField(u"bytes", QString::number(frame.size())) << logField(u"begins", sample);
}

void FeedService::flushRecords()
{
    m_flush.stop();
    if (m_batch.isEmpty())
        return;
    const size_t count = m_batch.recordCount();
    if (m_sink(std::move(m_batch))) {
        m_batch = {};
        return;
    }
    // The store's queue is full. Candles and funding have history and are found missing there; ticks have none.
    m_refusedRecords += count;
    const UtcTime utc = m_clock->utcNow();
    const QString cause = QStringLiteral("the store's queue was full");
    for (const CandleBatch &batch : m_batch.candles)
        m_gaps.add({.stream = {batch.series.exchange, batch.series.pair, StreamKind::Candles, batch.series.timeframe},
                    .from = batch.candles.front().open_time,
                    .to = nextCandleOpen(batch.series.timeframe, batch.candles.back().open_time),
                    .cause = cause,
                    .opened = utc});
    for (const TickPoint &tick : m_batch.ticks) {
        const auto kind = std::ranges::find(streamKindNames, tick.kind.toStdString());
        m_gaps.add({.stream = {tick.exchange, tick.pair, StreamKind(kind - streamKindNames.begin()), Timeframe::M1},
                    .from = tick.time,
                    .to = tick.time + milliseconds(1),
                    .cause = cause,
                    .opened = utc});
    }
    qCCritical(lcFeed).noquote() << "the store's queue is full; records not taken"
                                 << logField(u"records", QString::number(count));
    m_batch = {};
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
        replaceAll(what);
    }
    // What came while this thread was held up is handled after us: its silence is no evidence against anybody.
    if (m_tickedAt != never && now - m_tickedAt > tickEvery + held)
        m_table.wasDeaf(std::chrono::duration_cast<milliseconds>(now - m_tickedAt) - tickEvery);
    m_tickedAt = now;
    for (size_t i = 0; i < m_slots.size(); ++i)
        m_slots[i]->tick(now);
    if (now >= m_judgeAt) {
        m_judgeAt = now + judgeEvery;
        judge(now, utc);
    }
    if (now >= m_heartbeatAt) {
        m_heartbeatAt = now + m_settings.heartbeat;
        heartbeatLine();
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
    checkQuorum(now);
    heal(now);
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

FeedService::SlotHealth FeedService::healthOf(const Slot &slot) const
{
    SlotHealth health;
    for (const StreamId id : slot.streams()) {
        const StreamEntry &entry = m_table.at(id);
        if (entry.spec.contract.stale.count() == 0 || entry.state == StreamState::Ended ||
            entry.state == StreamState::Quiet)
            continue;
        if (entry.refused) { // by name: a fresh connection is no cure
            health.refused.push_back(id);
            continue;
        }
        ++health.due;
        if (entry.isSick())
            health.sick.push_back(id);
    }
    return health;
}

void FeedService::heal(MonotonicTime now)
{
    const auto isDue = [&](StreamId id) { return now >= m_table.at(id).heal_at; };
    const size_t slots = m_slots.size(); // fresh ones are appended
    for (size_t i = 0; i < slots; ++i) {
        Slot &slot = *m_slots[i];
        if (!slot.isUp() || slot.isRotating())
            continue;
        SlotHealth health = healthOf(slot);
        std::erase_if(health.refused, std::not_fn(isDue));
        for (const StreamId id : health.refused)
            m_table.at(id).heal_at = now + refusedAgain;
        if (!health.refused.empty())
            slot.askAgain(health.refused);
        if (std::ranges::none_of(health.sick, isDue))
            continue;
        // Those that were moved or asked for a moment ago are given their time, unless all that is here is sick.
        if (chooseHealing(health.due, int(health.sick.size())) == Healing::MoveSick)
            std::erase_if(health.sick, std::not_fn(isDue));
        const QString cause = m_table.at(health.sick.front()).cause;
        renew(slot, health, cause, now);
    }
    dropEmptySlots();
}

// The sick streams get a fresh connection: their own, while the others go on, or this one made anew where it carries
// nothing else.
void FeedService::renew(Slot &slot, const SlotHealth &health, const QString &cause, MonotonicTime now)
{
    for (const StreamId id : health.sick) {
        StreamEntry &entry = m_table.at(id);
        const milliseconds wait = std::min(healMax, healFirst * (1 << std::min(entry.heal_attempts, 4)));
        entry.heal_at = now + entry.spec.contract.first_data + wait;
        ++entry.heal_attempts;
    }
    switch (chooseHealing(health.due, int(health.sick.size()))) {
    case Healing::None:
        return;
    case Healing::MoveSick:
        moveAway(slot, health.sick, cause);
        return;
    case Healing::ReplaceConnection:
        slot.replace(QStringLiteral("%1 of %2 streams have no data: %3").arg(health.due).arg(health.due).arg(cause));
        return;
    }
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

void FeedService::checkQuorum(MonotonicTime now)
{
    const int stale = m_majors.staleWhileConnected(m_table);
    if (stale < m_settings.major_quorum) {
        if (stale == 0)
            m_quorumBackoff.reset();
        return;
    }
    if (now < m_quorumAt)
        return; // reconnecting already
    m_quorumAt = now + milliseconds(20'000) + m_quorumBackoff.next();
    qCCritical(lcFeed).noquote() << Majors::quorumLine(size_t(stale), m_majors.count());
    const QString cause = QStringLiteral("%1 of %2 major pairs stale").arg(stale).arg(m_majors.count());
    const size_t slots = m_slots.size(); // fresh ones are appended
    for (size_t i = 0; i < slots; ++i) {
        if (const SlotHealth health = healthOf(*m_slots[i]); m_slots[i]->isUp() && !health.sick.empty())
            renew(*m_slots[i], health, cause, now);
    }
    dropEmptySlots();
}

void FeedService::heartbeatLine()
{
    const auto stale = m_majors.stale(m_table);
    const auto waiting = m_majors.waiting(m_table);
    if (m_majors.count() == 0)
        qCWarning(lcFeed).noquote() << "⚠️ no pairs to watch yet: the instrument list has not come";
    else if (!stale.empty())
        qCWarning(lcFeed).noquote() << Majors::staleLine(stale);
    else if (!waiting.empty())
        qCWarning(lcFeed).noquote() << Majors::waitingLine(waiting);
    else
        qCInfo(lcFeed).noquote() << Majors::okLine(m_records.counts().final_candles, m_records.fundedPairs(),
                                                   m_reconnects);
}

void FeedService::logTransitions(const std::vector<StreamTransition> &transitions)
{
    // One line per kind of change, however many streams it concerns; the first few are named.
    struct Group
    {
        StreamState to;
        QString cause;
        QStringList names;
        int count = 0;
    };
    std::vector<Group> groups;
    for (const StreamTransition &transition : transitions) {
        const bool recovered = transition.to == StreamState::Live && isSick(transition.from);
        const bool told = isSick(transition.to) || transition.to == StreamState::Ended || recovered;
        if (!told)
            continue;
        auto group = std::ranges::find_if(groups, [&](const Group &g) { return g.to == transition.to; });
        if (group == groups.end())
            group = groups.insert(groups.end(), {transition.to, transition.cause, {}, 0});
        const StreamKey &key = m_table.at(transition.id).spec.key;
        if (++group->count <= 5)
            group->names.append(key.pair + u' ' + key.kindText());
    }
    for (const Group &group : groups) {
        const std::string_view state = streamStateName(group.to);
        const QString names = group.names.join(QStringLiteral(", ")) +
                              (group.count > 5 ? QStringLiteral(" and %1 more").arg(group.count - 5) : QString());
        const QString line =
            QStringLiteral("%1 %2: %3")
                .arg(group.count)
                .arg(group.to == StreamState::Live
                         ? QStringLiteral("streams live again")
                         : QStringLiteral("streams %1").arg(QLatin1String(state.data(), qsizetype(state.size()))),
                     names);
        if (group.to == StreamState::Live || group.to == StreamState::Ended)
            qCInfo(lcFeed).noquote() << line;
        else
            qCWarning(lcFeed).noquote() << line << logField(u"cause", group.cause);
    }
}

void FeedService::flushNotes()
{
    const UtcTime utc = m_clock->utcNow();
    if (!m_transitions.empty())
        logTransitions(std::exchange(m_transitions, {}));
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

// A connection is what its streams are: open alone is neither up nor well.
ConnectionRow FeedService::connectionRow(const Slot &slot, MonotonicTime now) const
{
    ConnectionRow row;
    row.label = slot.label();
    row.up = slot.isUp();
    row.rotating = slot.isRotating();
    row.down_since = slot.downSince();
    row.down_cause = row.up && toMs(row.down_since) == 0 ? QString() : slot.downCause();
    row.streams = int(slot.streams().size());
    for (const StreamId id : slot.streams()) {
        const StreamEntry &entry = m_table.at(id);
        if (entry.spec.contract.stale.count() == 0 || entry.state == StreamState::Ended)
            continue; // silence proves nothing of these
        ++row.judged;
        const StreamState told = entry.told();
        row.delivering += delivers(told) ? 1 : 0;
        if (!entry.isToldSick())
            continue;
        ++row.sick;
        if (toMs(row.sick_since) == 0 || entry.toldSince() < row.sick_since) {
            row.sick_since = entry.toldSince();
            row.sick_cause = entry.toldCause();
        }
    }
    if (row.up) {
        row.age = std::chrono::duration_cast<milliseconds>(now - slot.connection()->openedAt());
        row.next_rotation = std::chrono::duration_cast<milliseconds>(slot.rotateAt() - now);
        row.frames = slot.connection()->frames();
    }
    row.reconnects = slot.reconnects();
    row.failures_in_row = slot.failuresInRow();
    return row;
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
    for (const auto &slot : m_slots)
        snapshot->connections.push_back(connectionRow(*slot, now));
    snapshot->clock_offset = m_eventClock.offset();
    snapshot->clock_since = m_eventClock.since();
    snapshot->waiting_since = snapshot->streams.empty() ? m_emptySince : UtcTime{};
    snapshot->stale_majors = m_majors.stale(m_table);
    snapshot->waiting_majors = m_majors.waiting(m_table);
    snapshot->majors = m_majors.count();
    snapshot->frames = m_frames;
    snapshot->bytes = m_bytes;
    snapshot->broken_frames = m_broken;
    snapshot->unhandled_events = m_unhandled;
    snapshot->final_candles = m_records.counts().final_candles;
    snapshot->repeated_finals = m_records.counts().repeated_finals;
    snapshot->refused_records = m_refusedRecords;
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
