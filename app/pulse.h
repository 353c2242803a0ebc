// The engine's vital signs, a sample every ten seconds, the last hour of them: what small curves in a window are drawn
// from. Main thread.
#pragma once

#include "app/host_line.h"
#include "app/metrics_bridge.h"
#include "base/clock.h"
#include "link/live_state.h"

#include <QElapsedTimer>
#include <QJsonArray>
#include <QTimer>

#include <deque>

namespace tk::app {

class Pulse final : public QObject
{
    Q_OBJECT
public:
    Pulse(const MetricsBridge &bridge, const HostLine &hosts, std::shared_ptr<const Clock> clock);

    QJsonArray lastHour() const;
    void show(link::LiveState &state) const; // the topic "pulse": the newest sample

private:
    void sample();

    const MetricsBridge &m_bridge;
    const HostLine &m_hosts;
    std::shared_ptr<const Clock> m_clock;
    std::deque<QJsonObject> m_samples;
    QElapsedTimer m_since; // the last sample, in real time
    double m_frames = 0;   // totals then
    double m_records = 0;
    double m_cpuSeconds = 0;
    QTimer m_timer;
};

} // namespace tk::app
