// One engine as a window holds it: the connection, and the books that it fills. Main thread.
#pragma once

#include "monitor/backfill_list.h"
#include "monitor/engine_clock.h"
#include "monitor/engine_connection.h"
#include "monitor/event_book.h"
#include "monitor/gap_book.h"
#include "monitor/health_book.h"
#include "monitor/host_list.h"
#include "monitor/live_candles.h"
#include "monitor/pair_book.h"
#include "monitor/pulse_book.h"

namespace tk::monitor {

class EngineView final : public QObject
{
    Q_OBJECT
public:
    explicit EngineView(EngineConnection::Way way, QObject *parent = nullptr);

    void start();

    EngineConnection &connection() { return m_connection; }
    const EngineConnection &connection() const { return m_connection; }
    PairBook &pairs() { return m_pairs; }
    HealthBook &health() { return m_health; }
    GapBook &gaps() { return m_gaps; }
    EventBook &events() { return m_events; }
    LiveCandles &candles() { return m_candles; }
    PulseBook &pulse() { return m_pulse; }
    BackfillList &backfills() { return m_backfills; }
    HostList &hosts() { return m_hosts; }

    // By the engine's clock; 0 until it has told. It stands still while the engine is away.
    UtcTime now() const { return m_clock.now(); }

private:
    void take(const QJsonObject &topics, bool whole);

    EngineClock m_clock;
    EngineConnection m_connection;
    PairBook m_pairs;
    HealthBook m_health;
    GapBook m_gaps;
    EventBook m_events;
    LiveCandles m_candles;
    PulseBook m_pulse;
    BackfillList m_backfills;
    HostList m_hosts;
};

} // namespace tk::monitor
