#include "app/pulse.h"

#include "telemetry/process_stats.h"

namespace tk::app {

namespace {

constexpr milliseconds sampleEvery{10'000};
constexpr size_t kept = 360; // an hour

} // namespace

Pulse::Pulse(const MetricsBridge &bridge, const HostLine &hosts, std::shared_ptr<const Clock> clock)
    : m_bridge(bridge)
    , m_hosts(hosts)
    , m_clock(std::move(clock))
{
    m_since.start();
    connect(&m_timer, &QTimer::timeout, this, &Pulse::sample);
    m_timer.start(sampleEvery);
    m_cpuSeconds = telemetry::ProcessStats::read().cpuSeconds;
}

void Pulse::sample()
{
    const double seconds = double(m_since.restart()) / 1000.0;
    if (seconds <= 0)
        return;
    const Snapshots &latest = m_bridge.latest();
    QJsonObject sample{{QStringLiteral("at"), toMs(m_clock->utcNow())}};
    const auto rate = [&](const QString &name, double &before, double now) {
        if (now >= before)
            sample.insert(name, (now - before) / seconds);
        before = now;
    };
    double frames = 0;
    int sick = 0;
    int up = 0;
    for (const auto &feed : latest.feeds) {
        frames += double(feed->frames);
        sick += feed->count(StreamState::Stale) + feed->count(StreamState::Silent);
        for (const feed::ConnectionRow &connection : feed->connections)
            up += connection.delivers() ? 1 : 0;
    }
    rate(QStringLiteral("frames_per_second"), m_frames, frames);
    sample.insert(QStringLiteral("sick_streams"), sick);
    sample.insert(QStringLiteral("connections_up"), up);
    int weight = 0;
    qint64 gaps = 0;
    for (const auto &history : latest.histories) {
        weight += history->limit_used;
        gaps += qint64(history->open_gaps.size());
        sample.insert(QStringLiteral("clock_offset_ms"), qint64(history->clock_offset.count()));
    }
    sample.insert(QStringLiteral("weight_used"), weight);
    sample.insert(QStringLiteral("open_gaps"), gaps);
    if (latest.store)
        rate(QStringLiteral("records_per_second"), m_records,
             double(latest.store->stored_candles + latest.store->stored_funding + latest.store->stored_marks +
                    latest.store->stored_ticks));
    if (latest.sender)
        sample.insert(QStringLiteral("spool_bytes"), latest.sender->spool.waitingBytes());
    std::optional<milliseconds> behind;
    for (const remote::HostSnapshot &host : m_hosts.latest())
        behind = std::max(behind, host.report.behind());
    if (behind)
        sample.insert(QStringLiteral("hosts_behind_seconds"), double(behind->count()) / 1000.0);
    const auto process = telemetry::ProcessStats::read();
    if (process.cpuSeconds >= m_cpuSeconds)
        sample.insert(QStringLiteral("cpu_percent"), 100.0 * (process.cpuSeconds - m_cpuSeconds) / seconds);
    m_cpuSeconds = process.cpuSeconds;
    sample.insert(QStringLiteral("resident_bytes"), process.residentBytes);
    m_samples.push_back(sample);
    if (m_samples.size() > kept)
        m_samples.pop_front();
}

QJsonArray Pulse::lastHour() const
{
    QJsonArray samples;
    for (const QJsonObject &sample : m_samples)
        samples.append(sample);
    return samples;
}

void Pulse::show(link::LiveState &state) const
{
    if (!m_samples.empty())
        state.set(QStringLiteral("pulse"), QStringLiteral("latest"), m_samples.back());
}

} // namespace tk::app
