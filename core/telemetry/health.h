// Who is well: parts with a state (is the store accepting?), and loops that must turn (is the thread alive?).
// Thread-safe.
#pragma once

#include "base/clock.h"

#include <QJsonObject>
#include <QMutex>
#include <QString>
#include <QStringList>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace tk::telemetry {

enum class PartState : quint8 {
    Starting,
    Ok,
    Degraded, // works, with something the operator should know
    Failed,
};

inline constexpr std::array<std::string_view, 4> partStateNames{"starting", "ok", "degraded", "failed"};

struct HealthReport
{
    bool good = false;
    QJsonObject body;
};

class HealthBoard
{
public:
    // A loop's sign of life, from its own thread. The loop is watched until its Heartbeat goes.
    class Heartbeat
    {
    public:
        Heartbeat() = default; // beats nobody
        Heartbeat(Heartbeat &&) = default;
        Heartbeat &operator=(Heartbeat &&other) noexcept;
        ~Heartbeat();
        void beat();

    private:
        friend class HealthBoard;
        struct Loop;
        explicit Heartbeat(std::shared_ptr<Loop> loop);
        std::shared_ptr<Loop> m_loop;
    };

    // The parts that must be ok or degraded before the engine counts as ready; each starts as "starting".
    HealthBoard(const Clock &clock, const QStringList &required);
    ~HealthBoard();

    // From now on readiness() waits for it, too; it starts as "starting".
    void require(const QString &part);

    void set(const QString &part, PartState state, const QString &detail = {});
    void remove(const QString &part); // also where it was required

    // The loop `name` promises to beat at least every `maxSilence` of the monotonic clock, beginning now.
    Heartbeat heartbeat(const QString &name, milliseconds maxSilence);

    HealthReport liveness() const;  // every loop turns
    HealthReport readiness() const; // and every required part accepts work

    // Why readiness() is not good, a sentence each; empty where it is.
    QStringList complaints() const;

    // What a watchdog of the service manager hangs on.
    bool isAlive() const { return liveness().good; }

private:
    struct Part
    {
        PartState state = PartState::Starting;
        UtcTime since;
        QString detail;
        bool required = false;

        bool works() const { return state == PartState::Ok || state == PartState::Degraded; }
    };

    HealthReport report(bool withParts) const;

    const Clock &m_clock;
    mutable QMutex m_mutex;
    std::map<QString, Part> m_parts;
    mutable std::vector<std::shared_ptr<Heartbeat::Loop>> m_loops;
};

} // namespace tk::telemetry
