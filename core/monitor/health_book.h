// The parts of the engine as they stand: connections, feeds, history, store, database, the process itself. Main thread.
#pragma once

#include "market/stream.h"

#include <QElapsedTimer>
#include <QHash>
#include <QJsonObject>
#include <QObject>
#include <QStringList>

#include <array>
#include <optional>
#include <vector>

namespace tk::monitor {

struct ConnectionView
{
    QString key{};
    QString exchange{};
    QString route{};
    QString label{};
    QString state{}; // "up", "rotating", "partly", "silent", "waiting", "down": see feed::ConnectionRow
    QString cause{}; // of not being well
    UtcTime since{}; // not well; 0: it is, or began to wait
    int streams = 0;
    int judged = 0; // of which data is due
    int delivering = 0;
    int sick = 0;
    std::optional<milliseconds> age{};
    std::optional<milliseconds> next_rotation{};
    qint64 frames = 0;
    double frames_per_second = 0;
    qint64 reconnects = 0;
    int failures_in_row = 0;

    bool isOpen() const { return state != QLatin1String("down"); }
    bool isWell() const { return state == QLatin1String("up") || state == QLatin1String("rotating"); }
};

struct FeedView
{
    QString exchange{};
    int streams = 0;
    std::array<int, streamStateNames.size()> by_state{};
    int majors = 0;
    QStringList stale_majors{};
    qint64 frames = 0;
    double frames_per_second = 0;
    qint64 broken_frames = 0;
    qint64 final_candles = 0;
    qint64 refused_records = 0;
    qint64 reconnects = 0;

    int count(StreamState state) const { return by_state[size_t(state)]; }
};

struct HistoryView
{
    QString exchange{};
    bool instruments_known = false;
    int pairs = 0;
    QString trouble{};
    UtcTime trouble_since{};
    QString limit_name{}; // of the exchange's main limit on requests: "weight"
    int limit_used = 0;
    int limit_allowed = 0;
    milliseconds limit_window{0};
    milliseconds paused{0};
    bool filling = false;
    qint64 fill_wanted = 0;
    qint64 fill_fetched = 0;
    qint64 jobs_waiting = 0;
    milliseconds clock_offset{0};
    bool repairing = false; // gaps can be repaired now
    qint64 gaps_open = 0;
    qint64 gaps_closed = 0;
    qint64 gaps_unfillable = 0;
};

// All of them as one line shows it: what they have to do adds up, of what differs the worst counts, and a trouble names
// its exchange where there are several.
HistoryView togetherOf(const std::vector<HistoryView> &histories);

struct StoreView
{
    qint64 candles = 0;
    qint64 funding = 0;
    qint64 marks = 0;
    qint64 ticks = 0;
    qint64 errors = 0;
    QString trouble{};
    UtcTime trouble_since{};
    QStringList losses{}; // what was stored and is not there any more, a sentence each
    qint64 waiting = 0;
    milliseconds last_write{0};
    UtcTime last_stored{};

    qint64 records() const { return candles + funding + marks + ticks; }
};

struct DatabaseView
{
    QString state{};
    QString api{};
    QString trouble{};
    QString advice{};
    UtcTime trouble_since{};
    UtcTime last_delivered{};
    double points_per_second = 0;
    milliseconds latency{0};
    qint64 refused_lines = 0;
    qint64 failures = 0; // requests that failed, of all kinds
    qint64 spool_bytes = 0;
    qint64 spool_max = 0;
    qint64 waiting_bytes = 0;
    UtcTime oldest_waiting{};
};

// The engine's own sentence about itself: the one that `status` prints.
struct VerdictView
{
    QString level{}; // "well", "waiting", "warning", "trouble"; empty: an older engine, which tells none
    QString text{};
    QStringList parts{};
    UtcTime since{};
};

struct EngineInfo
{
    QString version{};
    qint64 pid = 0;
    UtcTime started{};
    QString data_dir{};
    QString config_file{}; // empty: none, or an older engine
    QStringList exchanges{};
    QStringList majors{};
    VerdictView verdict{};
};

struct ProcessView
{
    qint64 resident_bytes = 0;
    double cpu_percent = 0; // of a core, lately
};

class HealthBook final : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    // Takes the topics it knows from a snapshot, or from changes.
    void apply(const QJsonObject &topics, bool whole);

    const std::vector<ConnectionView> &connections() const { return m_connections; } // sorted by label
    const std::vector<FeedView> &feeds() const { return m_feeds; }
    const std::vector<HistoryView> &histories() const { return m_histories; }
    const std::optional<StoreView> &store() const { return m_store; }
    const std::optional<DatabaseView> &database() const { return m_database; }
    const std::optional<EngineInfo> &engine() const { return m_engine; }
    const std::optional<ProcessView> &process() const { return m_process; }

Q_SIGNALS:
    void updated();

private:
    void readConnections(double seconds);
    void readFeeds(double seconds);
    void readProcess(double seconds);

    QJsonObject m_topics; // as last told
    std::vector<ConnectionView> m_connections;
    std::vector<FeedView> m_feeds;
    std::vector<HistoryView> m_histories;
    std::optional<StoreView> m_store;
    std::optional<DatabaseView> m_database;
    std::optional<EngineInfo> m_engine;
    std::optional<ProcessView> m_process;
    QHash<QString, QElapsedTimer> m_told; // topic: since when its figures hold
    double m_cpuSeconds = -1;
};

} // namespace tk::monitor
