#include "engine_rig.h"

#include "store/gap_ledger.h"
#include "support/rig_clock.h"
#include "testex.h"

#include <QDir>
#include <QEventLoop>
#include <QTest>

#include <algorithm>

namespace tk::test {

EngineRig::EngineRig(RigOptions options)
    : m_options(std::move(options))
    , m_clock(std::make_shared<RigClock>(m_options.factor))
{
    m_options.sim.pairs = m_options.pairs;
    m_sim = std::make_unique<sim::SimulatorThread>(m_options.sim, m_clock);
    m_settings.engine.data_dir = m_folder.path();
    m_settings.engine.http.reset();
    config::ExchangeSettings &exchange = m_settings.exchanges.front();
    exchange.rest_url = m_sim->restUrl();
    exchange.ws_url = m_sim->wsUrl();
    exchange.tls_ca_file = m_sim->authorityFile();
    exchange.timeframes = m_options.timeframes;
    exchange.history = m_options.history;
    exchange.streams = m_options.streams;
    if (m_options.second) {
        sim::SimSettings other = m_options.sim;
        other.seed += 1; // the same symbols, and other prices
        other.manners = testexManners();
        m_secondSim = std::make_unique<sim::SimulatorThread>(other, m_clock);
        config::ExchangeSettings second = exchange;
        second.name = testex;
        second.rest_url = m_secondSim->restUrl();
        second.ws_url = m_secondSim->wsUrl();
        second.tls_ca_file = m_secondSim->authorityFile();
        m_settings.exchanges.push_back(second);
    }
    if (m_options.adjust)
        m_options.adjust(m_settings);
}

EngineRig::~EngineRig()
{
    stop();
}

bool EngineRig::start()
{
    auto engine = app::Engine::create(m_settings, m_clock,
                                      {.wakeup_pause = std::chrono::microseconds(0),
                                       .rotate_after = m_options.rotateAfter,
                                       .audit_every = m_options.auditEvery,
                                       .inspect_every = m_options.inspectEvery,
                                       .catalog = &catalogWithTestex()});
    if (!engine) {
        qWarning("%s", qUtf8Printable(engine.error().message));
        return false;
    }
    m_engine = std::move(engine).value();
    if (toMs(m_startedAt) == 0)
        m_startedAt = m_clock->utcNow();
    QObject::connect(
        &m_engine->switchboard(), &app::Switchboard::instrumentsReady, m_engine.get(),
        [this](const QString &who, const std::vector<exchange::Instrument> &wanted, const std::vector<QString> &) {
            (who == testex ? m_secondInstruments : m_instruments) = wanted;
        });
    QObject::connect(&m_engine->switchboard(), &app::Switchboard::feedSnapshot, m_engine.get(),
                     [this](const std::shared_ptr<const feed::FeedSnapshot> &snapshot) {
                         for (size_t state = 0; state < m_seen.size(); ++state)
                             m_seen[state] = std::max(m_seen[state], snapshot->streams_by_state[state]);
                         for (const feed::StreamRow &row : snapshot->streams) {
                             const bool sick = row.state == StreamState::Stale || row.state == StreamState::Silent;
                             const QString text =
                                 row.key.pair + u' ' + row.key.kindText() + QStringLiteral(": ") + row.cause;
                             if (sick && row.key.kind == StreamKind::Candles &&
                                 row.cause.contains(QLatin1String("trades")) && !m_alarms.contains(text))
                                 m_alarms.append(text);
                         }
                     });
    QObject::connect(&m_engine->switchboard(), &app::Switchboard::historySnapshot, m_engine.get(),
                     [this](const std::shared_ptr<const history::HistorySnapshot> &snapshot) {
                         UtcTime &began = m_fillBegan[snapshot->exchange];
                         if (toMs(began) == 0 && snapshot->fill.started != MonotonicTime{})
                             began = m_clock->utcNow() -
                                     std::chrono::duration_cast<milliseconds>(m_clock->now() - snapshot->fill.started);
                     });
    if (m_engine->link())
        m_witness = std::make_unique<Witness>(*m_engine, *m_clock);
    m_engine->start();
    return true;
}

void EngineRig::stop()
{
    if (!m_engine)
        return;
    m_contradictions = contradictions();
    m_witness.reset();
    bool ended = false;
    QObject::connect(m_engine.get(), &app::Engine::stopped, m_engine.get(), [&ended] { ended = true; });
    m_engine->stop();
    if (!waitUntil([&] { return ended; }, std::chrono::seconds(20)))
        qFatal("the engine did not stop");
    m_engine.reset();
}

bool EngineRig::waitUntil(const std::function<bool()> &condition, milliseconds patience)
{
    return QTest::qWaitFor(condition, int(patience.count()));
}

std::shared_ptr<const feed::FeedSnapshot> EngineRig::feed(const QString &exchange) const
{
    return m_engine->snapshots().feeds.value(exchange);
}

std::shared_ptr<const history::HistorySnapshot> EngineRig::history(const QString &exchange) const
{
    return m_engine->snapshots().histories.value(exchange);
}

bool EngineRig::waitLive()
{
    const auto isLive = [this](const config::ExchangeSettings &exchange) {
        const auto feed = this->feed(exchange.name);
        const auto history = this->history(exchange.name);
        if (!feed || !history || feed->streams.empty() || !history->instruments_known || history->fill.active ||
            (history->fill.wanted > 0 && !history->fill.done))
            return false;
        // Streams that move only with trades may have none for minutes: they are asked for, and that is all there is.
        return std::ranges::all_of(feed->streams, [](const feed::StreamRow &row) {
            return row.state == StreamState::Live || row.state == StreamState::Quiet ||
                   (row.key.kind != StreamKind::MarkPrice && row.state == StreamState::Acknowledged);
        });
    };
    return waitUntil([&] { return std::ranges::all_of(m_engine->settings().exchanges, isLive); });
}

bool EngineRig::waitSimulated(milliseconds span)
{
    const UtcTime until = m_clock->utcNow() + span;
    return waitUntil([&] { return m_clock->utcNow() >= until; },
                     milliseconds(10'000) + milliseconds(qint64(2.0 * double(span.count()) / m_options.factor)));
}

std::optional<feed::StreamRow> EngineRig::stream(const QString &pair, StreamKind kind, Timeframe timeframe) const
{
    const auto feed = this->feed();
    if (!feed)
        return {};
    for (const feed::StreamRow &row : feed->streams) {
        if (row.key.pair == pair && row.key.kind == kind &&
            (kind != StreamKind::Candles || row.key.timeframe == timeframe))
            return row;
    }
    return {};
}

bool EngineRig::waitStream(const QString &pair, StreamKind kind, Timeframe timeframe, StreamState state)
{
    return waitUntil([&] {
        const auto row = stream(pair, kind, timeframe);
        return row && row->state == state;
    });
}

bool EngineRig::waitHealthy()
{
    const auto isHealthy = [this](const config::ExchangeSettings &exchange) {
        const auto feed = this->feed(exchange.name);
        const auto history = this->history(exchange.name);
        return feed && history && feed->count(StreamState::Stale) == 0 && feed->count(StreamState::Silent) == 0 &&
               std::ranges::all_of(feed->connections, &feed::ConnectionRow::up) && history->open_gaps.empty() &&
               history->trouble.isEmpty();
    };
    return waitUntil([&] { return std::ranges::all_of(m_engine->settings().exchanges, isHealthy); },
                     std::chrono::seconds(90));
}

QStringList EngineRig::contradictions() const
{
    return m_witness ? m_contradictions + m_witness->contradictions() : m_contradictions;
}

std::vector<Gap> EngineRig::gaps() const
{
    auto ledger = store::openGapLedger(QDir(dataDir()).filePath(QStringLiteral("ledger.sqlite")));
    if (!ledger)
        return {};
    auto all = (*ledger)->list({UtcTime{}, m_clock->utcNow() + std::chrono::hours(1)}, 1'000'000);
    return all ? *all : std::vector<Gap>{};
}

namespace {

QJsonValue answerOf(app::Engine &engine, const QString &command,
                    const std::function<bool(const std::function<bool()> &)> &wait, const QJsonObject &args = {})
{
    QJsonValue answer;
    bool told = false;
    engine.commands().run(command, args,
                          link::Reply(link::Reply::Sink{[](const QJsonObject &) {},
                                                        [&](const QJsonValue &value) {
                                                            answer = value;
                                                            told = true;
                                                        },
                                                        [&](const Error &error) {
                                                            qWarning("%s", qUtf8Printable(error.message));
                                                            told = true;
                                                        },
                                                        [] { return true; }}));
    wait([&told] { return told; });
    return answer;
}

} // namespace

QJsonValue EngineRig::answer(const QString &command, const QJsonObject &args) const
{
    return answerOf(
        *m_engine, command, [](const auto &done) { return QTest::qWaitFor(done, 60'000); }, args);
}

QJsonObject EngineRig::status() const
{
    return answerOf(*m_engine, QStringLiteral("status"), [](const auto &done) { return QTest::qWaitFor(done, 5'000); })
        .toObject();
}

QStringList EngineRig::reasons() const
{
    QStringList reasons;
    for (const QJsonValue &reason : status().value(QLatin1String("reasons")).toArray())
        reasons.append(reason.toString());
    return reasons;
}

bool EngineRig::isReady() const
{
    return m_engine->health().readiness().good;
}

qint64 EngineRig::gapsOpenMetric() const
{
    const QString text = QString::fromStdString(m_engine->metrics().text());
    const qsizetype at = text.indexOf(QLatin1String("\ntapekeeper_gaps_open "));
    return at < 0 ? -1 : qint64(text.mid(at + 22).section(u'\n', 0, 0).toDouble());
}

bool EngineRig::hasEvent(const QString &title) const
{
    const QJsonArray events = answerOf(*m_engine, QStringLiteral("events"), [](const auto &done) {
                                  return QTest::qWaitFor(done, 5'000);
                              }).toArray();
    return std::ranges::any_of(
        events, [&](const QJsonValue &event) { return event[QLatin1String("title")].toString().contains(title); });
}

QJsonArray EngineRig::gapRows()
{
    return answerOf(*m_engine, QStringLiteral("gaps"), [](const auto &done) { return QTest::qWaitFor(done, 20'000); })
        .toArray();
}

TruthCheck EngineRig::check() const
{
    return {.sim = m_sim.get(),
            .dataDir = dataDir(),
            .instruments = m_instruments,
            .timeframes = m_settings.exchanges.front().timeframes,
            .since =
                std::max(m_startedAt, m_fillBegan.value(m_settings.exchanges.front().name)) + m_options.exchangeAhead,
            .history = m_settings.exchanges.front().history,
            .influx = m_options.truth                                    ? m_options.truth
                      : m_settings.store.kind == QLatin1String("influx") ? std::optional(m_settings.store.influx)
                                                                         : std::nullopt};
}

TruthCheck EngineRig::secondCheck() const
{
    TruthCheck check = this->check();
    check.sim = m_secondSim.get();
    check.exchange = testex;
    check.trade_counts = false;
    check.instruments = m_secondInstruments;
    check.since = std::max(m_startedAt, m_fillBegan.value(testex)) + m_options.exchangeAhead;
    return check;
}

QStringList EngineRig::differencesNow(UtcTime until) const
{
    QStringList found = check().differences(until);
    if (m_secondSim && !m_secondInstruments.empty()) {
        for (const QString &difference : secondCheck().differences(until))
            found.append(testex + QStringLiteral(": ") + difference);
    }
    return found;
}

QStringList EngineRig::differences()
{
    const UtcTime until = m_clock->utcNow();
    // A closed mark may be 30 s late before it is asked for; the two newest candles are read again a minute later.
    if (!waitSimulated(std::chrono::seconds(100)))
        return {QStringLiteral("the clock did not run")};
    QStringList found;
    waitUntil([&] { return (found = differencesNow(until)).isEmpty(); }, std::chrono::seconds(40));
    return found;
}

QString EngineRig::verdict()
{
    const QString stored = verdictOf(differences());
    const QStringList said = contradictions();
    return said.isEmpty() ? stored : stored + QStringLiteral(" said: ") + said.join(QStringLiteral(" | "));
}

} // namespace tk::test
