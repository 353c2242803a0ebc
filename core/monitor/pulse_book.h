// The last hour of the engine's vital signs, sample by sample, for small curves. Main thread.
#pragma once

#include "base/time.h"

#include <QJsonObject>
#include <QObject>

#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace tk::monitor {

// The names and their order are the engine's (app/pulse.h).
enum class Sign : quint8 {
    FramesPerSecond,
    SickStreams,
    ConnectionsUp,
    WeightUsed,
    RecordsPerSecond,
    SpoolBytes,
    ClockOffsetMs,
    OpenGaps,
    CpuPercent,
    ResidentBytes,
    HostsBehindSeconds, // of the files on hosts, the worst of them
};

inline constexpr std::array<std::string_view, 11> signNames{
    "frames_per_second", "sick_streams", "connections_up", "weight_used",    "records_per_second",  "spool_bytes",
    "clock_offset_ms",   "open_gaps",    "cpu_percent",    "resident_bytes", "hosts_behind_seconds"};

struct PulseSample
{
    UtcTime at{};
    std::array<std::optional<double>, signNames.size()> values{}; // nothing: not known then

    std::optional<double> value(Sign sign) const { return values[size_t(sign)]; }
};

class PulseBook final : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    const std::vector<PulseSample> &samples() const { return m_samples; } // oldest first, an hour at most

    void reset(const QJsonArray &samples);
    void apply(const QJsonObject &latest); // the topic: {"latest": {…}}

Q_SIGNALS:
    void changed();

private:
    void put(const QJsonObject &sample);

    std::vector<PulseSample> m_samples;
};

} // namespace tk::monitor
