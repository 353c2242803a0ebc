#include "app/engine_link.h"

#include "app/live_topics.h"
#include "app/verdict.h"

namespace tk::app {

namespace {

constexpr milliseconds showEvery{250}; // of real time: people look at it
constexpr milliseconds lastStoredEvery{15'000};

} // namespace

EngineLink::EngineLink(Sources sources)
    : m_from(std::move(sources))
    , m_server(m_from.commands)
{
    m_showSoon.setSingleShot(true);
    m_server.setStateSource([this] { show(); });
    connect(&m_showSoon, &QTimer::timeout, this, &EngineLink::show);
    connect(&m_from.bridge, &MetricsBridge::updated, this, [this] {
        m_from.hosts.setLooked(m_server.isWatched());
        showSoon();
    });
    connect(&m_from.hosts, &HostLine::changed, this, &EngineLink::showSoon);
    showLookedAt();
}

void EngineLink::show()
{
    lookUpLastStored();
    showTopics(m_from.bridge.latest(), m_lastStored, shownEngine(), m_server.state());
    m_from.journal.show(m_server.state());
    m_from.pulse.show(m_server.state());
    m_from.backfills.show(m_server.state());
    m_from.hosts.show(m_server.state());
}

void EngineLink::showSoon()
{
    if (m_server.isWatched() && !m_showSoon.isActive())
        m_showSoon.start(showEvery);
}

// With the verdict: a window shows the engine's own sentence, as status does.
QJsonObject EngineLink::shownEngine() const
{
    const EngineFacts facts = m_from.commands.facts();
    QJsonObject engine = engineObject(facts);
    const Snapshots &latest = m_from.bridge.latest();
    engine.insert(QStringLiteral("verdict"), verdictObject(verdictOf(facts, latest, statusReasons(facts, latest))));
    return engine;
}

// The forming candles of the series that somebody looks at.
void EngineLink::showLookedAt()
{
    connect(&m_server, &link::LinkServer::watchedSeriesChanged, this, [this](const QStringList &watched) {
        std::vector<SeriesKey> series;
        for (const QString &text : watched) {
            if (const auto key = seriesFromText(text))
                series.push_back(*key);
        }
        forgetCandles(watched, m_server.state());
        Q_EMIT m_from.board.seriesWatched(series);
    });
    connect(&m_from.board, &Switchboard::candlesMoved, this, [this](const std::vector<feed::LiveCandles> &candles) {
        std::vector<feed::LiveCandles> wanted = candles;
        std::erase_if(wanted, [&](const feed::LiveCandles &live) {
            return !m_server.watchedSeries().contains(seriesText(live.series));
        });
        showCandles(wanted, m_server.state());
    });
    connect(&m_from.commands.views(), &StoreViews::lastStoredFound, this,
            [this](const LastStored &stored) { m_lastStored = stored; });
}

// What history has filled is known to the store alone: looked up when it has stored something since.
void EngineLink::lookUpLastStored()
{
    quint64 filled = 0; // by a first fill or a repair, or of a pair without trades, whose candles no stream shows
    for (const auto &history : m_from.bridge.latest().histories)
        filled += history->batches_stored;
    const MonotonicTime now = m_from.clock->now();
    if (m_lastStoredAt != MonotonicTime{} && (filled == m_candlesFilled || now - m_lastStoredAt < lastStoredEvery))
        return;
    m_lastStoredAt = now;
    m_candlesFilled = filled;
    m_from.commands.views().findLastStored(m_from.store);
}

} // namespace tk::app
