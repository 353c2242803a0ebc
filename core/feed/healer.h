// Which streams without data are asked for again, when, and how: on the connection they have, on a fresh one, or with
// their connection made anew. What is healthy is never cut for what is sick. Pure but for the log; feed thread.
#pragma once

#include "base/backoff.h"
#include "feed/majors.h"
#include "feed/stream_table.h"

#include <span>
#include <vector>

namespace tk::feed {

// How a connection stands, as the healer needs to know it.
struct Patient
{
    bool up = false;
    bool rotating = false;
    std::vector<StreamId> streams;
};

struct Cure
{
    enum class Kind {
        AskAgain, // on the connection that is there: the exchange refused these by name
        Move,     // these, to another connection
        Replace,  // the connection: nothing on it brings data
    };
    size_t patient = 0; // index of it
    Kind kind = Kind::Move;
    std::vector<StreamId> streams{};
    QString cause{};
};

class Healer
{
public:
    // `seed`: of the quorum's backoff.
    Healer(StreamTable &table, quint64 seed);

    // The cures that are due. Each stream that one concerns is not due again before it had the time to bring data.
    std::vector<Cure> heal(std::span<const Patient> patients, MonotonicTime now);

    // Where at least `quorum` majors are stale on open connections, everything sick is cured at once, due or not.
    std::vector<Cure> checkQuorum(const Majors &majors, int quorum, std::span<const Patient> patients,
                                  MonotonicTime now);

    // A stream that the exchange refused by name is asked for again later, and not on a fresh connection.
    void refused(StreamId stream, MonotonicTime now);

private:
    struct Health
    {
        int due = 0;                // streams whose silence means something
        std::vector<StreamId> sick; // those among them without data that was due
        std::vector<StreamId> refused;
    };
    Health healthOf(const Patient &patient) const;
    Cure cureFor(size_t patient, const Health &health, const QString &cause, MonotonicTime now);

    StreamTable &m_table;
    MonotonicTime m_quorumAt{}; // the quorum rule does not fire again before
    Backoff m_quorumBackoff;
};

} // namespace tk::feed
