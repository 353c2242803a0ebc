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

#include <QHash>
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
    quint64 impossible = 0;  // candles that cannot be, found there and fetched again
    QString doubt{};         // why nothing of the database is believed before all of it is counted; empty else
    UtcTime doubt_since{};
    QString trouble{}; // why the database cannot be counted; empty when it can
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
    void passWanted();                             // the last two days, soon: the database was away
    void everythingWanted(const QString &why);     // all of it, at once: it may be another one than it was
    void countEverything();                        // the same because somebody asks, without a doubt
    void setRetention(tk::milliseconds retention); // as the database has it; 0: for ever

Q_SIGNALS:
    void gapsFound(const std::vector<tk::Gap> &gaps); // lost, and not in the spool any more; some for good
    void passDone(quint64 lost);
    // Points that it had acknowledged are not there; so many of them are on their way again from the spool.
    void lossFound(qint64 points, qint64 resent);
    void snapshotReady(std::shared_ptr<const tk::store::influx::AuditSnapshot> snapshot);

private:
    struct Aspect // what is counted: the points of a measurement that have a field
    {
        QString measurement;
        QByteArray field;
        bool isPredicted() const { return field == "predicted_rate"; }
        bool isTicks() const { return field == "payload"; }
        bool isCandles() const { return field == "close"; }
    };
    struct Window
    {
        Aspect aspect;
        TimeSpan span;
    };
    struct Lost
    {
        StreamKey stream;
        RunSet opens;
        bool predicted = false;  // of the predicted rates
        bool impossible = false; // they are there, and cannot be: fetched from the exchange, and never sent again
    };
    using Days = std::map<UtcTime, qint64>;

    void tick();
    void begin(bool everything);
    std::vector<Aspect> aspects() const;
    bool isKnown(const Aspect &aspect, TimeSpan span) const;
    milliseconds wholeReach() const;
    void step();
    std::vector<TimeSpan> confirmedOf(const Aspect &aspect, const StreamKey &stream, TimeSpan span) const;
    Status compare(const Window &window);
    Status findImpossible(const Window &window);
    RunSet soundOnly(const StreamKey &stream, RunSet present) const;
    Status compareTicks(const Window &window);
    Status missing(const Aspect &aspect, const StreamKey &stream, TimeSpan span, qint64 there);
    void noteLost(const Aspect &aspect, Lost lost);
    Status learnMore(const Aspect &aspect, const StreamKey &stream, const Days &there, const Days *expected);
    Status learn(const Aspect &aspect, const StreamKey &stream, TimeSpan span);
    std::vector<Gap> gapsOf(const Lost &lost) const;
    void finishPass();
    void doubtFor(const QString &why);
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
    QHash<StreamKey, RunSet> m_impossible; // of the window that is being compared
    MonotonicTime m_recentAt{};
    MonotonicTime m_everythingAt{};
    MonotonicTime m_snapshotAt{};
    std::optional<milliseconds> m_retention; // as the database has it
    bool m_whole = false;                    // the pass that is under way counts everything
    bool m_stopping = false;
    AuditSnapshot m_state;
};

} // namespace tk::store::influx
