#include "monitor/engine_view.h"

#include <QJsonArray>

namespace tk::monitor {

EngineView::EngineView(EngineConnection::Way way, QObject *parent)
    : QObject(parent)
    , m_connection(std::move(way))
    , m_candles(m_connection)
{
    connect(&m_connection, &EngineConnection::snapshot, this, [this](const QJsonObject &state) { take(state, true); });
    connect(&m_connection, &EngineConnection::changes, this, [this](const QJsonObject &part) { take(part, false); });
    connect(&m_connection, &EngineConnection::stateChanged, this, [this] {
        if (!m_connection.isConnected()) {
            m_clock.stop();
            return;
        }
        // What came to pass before we looked.
        m_connection.ask(QStringLiteral("events"), {}, this, [this](const Result<QJsonValue> &events) {
            if (events)
                m_events.reset(events->toArray());
        });
        m_connection.ask(QStringLiteral("pulse"), {}, this, [this](const Result<QJsonValue> &samples) {
            if (samples)
                m_pulse.reset(samples->toArray());
        });
    });
    connect(&m_gaps, &GapBook::changed, this, [this] { m_pairs.setGaps(m_gaps.openByPair()); });
}

void EngineView::start()
{
    m_connection.start();
}

void EngineView::take(const QJsonObject &topics, bool whole)
{
    const QJsonObject engine = topics.value(QLatin1String("engine"))[QLatin1String("engine")].toObject();
    if (const auto now = parseUtcTime(engine.value(QLatin1String("now")).toString()); now && !engine.isEmpty())
        m_clock.set(*now);
    m_health.apply(topics, whole);
    if (m_health.engine())
        m_pairs.setMajors(m_health.engine()->majors);
    const QJsonObject pairs = topics.value(QLatin1String("pairs")).toObject();
    if (whole)
        m_pairs.reset(pairs);
    else
        m_pairs.apply(pairs);
    m_gaps.apply(topics.value(QLatin1String("gaps")).toObject(), whole);
    m_candles.apply(topics.value(QLatin1String("candles")).toObject());
    if (!whole)
        m_events.apply(topics.value(QLatin1String("events")).toObject());
    m_backfills.apply(topics.value(QLatin1String("backfills")).toObject(), whole);
    m_hosts.apply(topics.value(QLatin1String("hosts")).toObject(), whole);
    m_pulse.apply(topics.value(QLatin1String("pulse")).toObject());
}

} // namespace tk::monitor
