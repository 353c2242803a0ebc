// Sends what the queue holds, as fast as the budget, the exchange's refusals and the store allow; learns what a
// request really costs; knows whether REST works. What an answer means is not its business. History thread.
#pragma once

#include "history/job_planner.h"
#include "history/request_budget.h"
#include "history/rest_trouble.h"
#include "store/store.h"

#include <QTimer>

#include <functional>

namespace tk::history {

class RequestPump
{
public:
    using Done = std::function<void(const exchange::RestReply &reply)>;

    struct Sources // they outlive it
    {
        exchange::ExchangeAdapter &adapter;
        const JobPlanner &planner;
        const InstrumentBook &instruments;
        const HistorySettings &settings;
        const ExchangeClock &time;
        const Clock &clock;
        JobQueue &queue;
        store::StoreIndex &index;
    };

    struct Ways // in and out; all called in this thread
    {
        std::function<void(const exchange::RestRequest &, Done)> send; // over the network; answers later, never at once
        std::function<size_t()> backlog{};                             // records that wait for the store; may be none
        std::function<void(int status)> done;                          // of every answer, refused or not
        std::function<void(const Job &, const exchange::RestReply &)> answered; // not after stop()
        std::function<void()> costLearned; // once; the answer of that request has not been told yet
    };

    RequestPump(Sources sources, Ways ways);

    void pump(); // whenever there may be something to send
    void stop();
    bool isStopping() const { return m_stopping; }

    // A request that is no job, alone and now. False: the budget does not allow it. `done` comes also after stop().
    bool ask(const exchange::RestRequest &request, Done done);

    void setRoomScarce(bool scarce) { m_roomScarce = scarce; } // repairs, fills and backfills wait
    bool isRoomScarce() const { return m_roomScarce; }
    void setShare(double share) { m_budget.setShare(share); }

    // What the first request for candles costs tells how to ask for the rest: it goes alone.
    bool isCostLearned() const { return m_costLearned; }
    void needNotLearn() { m_costLearned = true; }

    // Waits as a refusal asks for, and tells of it. True: what was asked for will never be answered. `whom`: the pair,
    // or what else was asked about.
    bool heed(const exchange::Refusal &refusal, const QString &whom);
    // An answer that nobody can read: the same is asked again, and others may be answered meanwhile.
    void unreadable(Job job, const Error &error);
    void holdFor(milliseconds pause) { m_trouble.holdFor(pause); }
    void hold() { m_trouble.hold(); }
    void fell(const QString &what); // why something does not work
    // An answer came that says what was asked for. A page that somebody else put in its place, with status 200, does
    // not.
    void works();
    void tellWorking() { m_trouble.tellWorking(); }

    const RestTrouble &trouble() const { return m_trouble; }
    const RequestBudget &budget() const { return m_budget; }
    int inFlight() const { return m_inFlight; } // jobs

private:
    bool send(bool funding);
    bool isNeedless(const Job &job, bool learning);
    void waitAtMost(milliseconds span);
    void dispatch(Job job, const exchange::RestRequest &request);
    void learnCost(const Job &job, const exchange::RestRequest &request, int usedBefore,
                   const exchange::RestReply &reply);
    Moment moment() const { return {m_from.clock.now(), m_from.time.now()}; }

    Sources m_from;
    Ways m_ways;
    RequestBudget m_budget;
    RestTrouble m_trouble;
    int m_inFlight = 0;
    bool m_stopping = false;
    bool m_costLearned = false;
    bool m_roomScarce = false;
    QTimer m_wait; // until the budget or the store allows the next request
};

} // namespace tk::history
