// What a database refuses for good, by measurement: remembered over restarts by the dead letters, asked about again at
// a bounded pace with one line, and sent again when the database has changed its mind. One thread, which never waits.
#pragma once

#include "base/clock.h"
#include "store/influx/dead_letters.h"
#include "store/spool/spool.h"

#include <QFile>
#include <QHash>
#include <QStringList>

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace tk::store::influx {

struct Refusal
{
    QString measurement{};
    QString reason{}; // the database's words
    QString advice{}; // what to change, and what happens then
    UtcTime since{};
    quint64 lines = 0; // since the start
    bool operator==(const Refusal &) const = default;
};

class Refusals
{
public:
    struct Options
    {
        QString folder; // of the dead letters
        QString database;
        milliseconds first_retry{60'000};
        milliseconds last_retry{600'000};
    };
    explicit Refusals(Options options)
        : m_options(std::move(options))
    {}

    // The newest letters of an earlier run that nobody has sent again.
    void load(UtcTime now, MonotonicTime at);
    void refused(const std::vector<DeadLetter> &letters, MonotonicTime now);

    // One line to try now, of a measurement that is due; nothing while another one is under way.
    struct Probe
    {
        QString measurement;
        QByteArray line;
        bool nanoseconds = false;
    };
    std::optional<Probe> probe(MonotonicTime now);
    // What the database said to it. Accepted: the measurement is refused no more, and its letters are to be sent again.
    void probed(const QString &measurement, bool accepted, MonotonicTime now);
    void unanswered() { m_probing = false; }

    // Lines of letters to be sent again, a megabyte at most; what history has is left to history. Empty at the end.
    PerLane<QByteArray> takeAgain();
    // Measurements whose letters are all sent again.
    QStringList takeFinished(UtcTime now);

    std::vector<Refusal> all() const;
    bool isEmpty() const { return m_known.empty(); }

private:
    struct Known
    {
        Refusal refusal;
        QByteArray sample;
        bool nanoseconds = false;
        MonotonicTime retry_at{};
        milliseconds wait{0};
    };
    struct Replay
    {
        QString measurement;
        QStringList files; // still to be read, the oldest first
        std::unique_ptr<QFile> file{};
        UtcTime after{}; // letters up to here were sent again before
        bool done = false;
    };
    Known &of(const DeadLetter &letter, const QString &measurement, MonotonicTime now);
    QStringList files() const;
    QHash<QString, UtcTime> marks() const;
    void mark(const QString &measurement, UtcTime at) const;

    Options m_options;
    std::map<QString, Known> m_known;
    std::vector<Replay> m_replays;
    bool m_probing = false;
};

} // namespace tk::store::influx
