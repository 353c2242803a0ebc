// Written is not stored: counts what the database holds, day by day and series by series, against what it has
// confirmed. What it lost is sent again from the spool, or told as gaps for history to fetch; what it has and we did
// not know of is learned. Lives in a thread of its own, which may wait for the database.
#pragma once

#include "base/backoff.h"
#include "base/clock.h"
#include "market/gap.h"
#include "runtime/service.h"
#include "store/influx/influx_reader.h"
#include "store/spool/spool_writer.h"

#include <QTimer>

#include <atomic>
#include <deque>
#include <map>
#include <memory>

namespace tk::store::influx {

struct AuditSnapshot
{
    UtcTime at{};
    UtcTime last_pass{}; // when one ended; 0: none yet
    quint64 passes = 0;
    quint64 series_days = 0; // compared in the last pass
    quint64 lost = 0;        // points that the database had confirmed and does not have, since the start
    quint64 resent = 0;      // of them, from the spool
    quint64 learned = 0;     // points found there that nobody had told us of
    QString trouble{};       // why the database cannot be counted; empty when it can
};

struct AuditOptions
{
    config::InfluxSettings settings;
    milliseconds first_after{5'000};           // after the start: the backlog goes first
    milliseconds recent_every{3'600'000};      // the last two days
    milliseconds everything_every{86'400'000}; // the whole retention
};

class Audit final : public runtime::Service
{
    Q_OBJECT
public:
    // `interrupted` is set by another thread to end a call that waits for the database.
    Audit(AuditOptions options, SpoolParts parts, std::shared_ptr<std::atomic<bool>> interrupted,
          std::function<void()> beat, std::function<void()> appended);
    ~Audit() override;

    Status start() override;
    void stop() override;

public Q_SLOTS:
    void passWanted(); // the last two days, soon: the database was away

Q_SIGNALS:
    void gapsFound(const std::vector<tk::Gap> &gaps); // lost, and not in the spool any more
    void passDone(quint64 lost);
    void snapshotReady(std::shared_ptr<const tk::store::influx::AuditSnapshot> snapshot);

private:
    struct Window
    {
        QString measurement;
        TimeSpan span;
    };
    struct Lost
    {
        StreamKey stream;
        RunSet opens;
    };

    void tick();
    void begin(milliseconds reach);
    void step();
    Status compare(const Window &window);
    Status missing(const StreamKey &stream, TimeSpan span);
    Status learn(const StreamKey &stream, TimeSpan span);
    void finishPass();
    void resend();
    void sendSnapshot();

    AuditOptions m_options;
    SpoolParts m_parts;
    std::shared_ptr<std::atomic<bool>> m_interrupted;
    std::function<void()> m_beat;
    std::function<void()> m_appended;
    std::unique_ptr<InfluxReader> m_reader;
    QTimer m_tick;
    QTimer m_step;
    Backoff m_backoff;
    std::deque<Window> m_windows; // of the pass that is under way
    std::vector<Lost> m_lost;
    MonotonicTime m_recentAt{};
    MonotonicTime m_everythingAt{};
    MonotonicTime m_snapshotAt{};
    bool m_stopping = false;
    AuditSnapshot m_state;
};

} // namespace tk::store::influx
