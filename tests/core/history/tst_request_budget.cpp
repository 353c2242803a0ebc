// The one budget of requests: shares of every kind of limit, the exchange's own count, pauses and bans.
#include "history/request_budget.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <deque>

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;
using exchange::LimitUse;
using exchange::RequestLimit;
using exchange::RestRequest;
using Window = RequestLimit::Window;

namespace {

exchange::RestRequest weighing(int weight)
{
    return {.path = "/x", .query = {}, .costs = {{"weight", weight}}};
}

exchange::RestRequest funding()
{
    return {.path = "/funding", .query = {}, .costs = {{"funding", 1}}};
}

} // namespace

class RequestBudgetTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_clock = std::make_unique<ManualClock>(fromMs(1'795'168'810'000)); // ten seconds into a minute
        m_budget = std::make_unique<RequestBudget>(
            std::vector<RequestLimit>{{.name = "weight", .amount = 2400, .window = 1min, .kind = Window::Aligned},
                                      {.name = "funding", .amount = 500, .window = 5min, .kind = Window::Sliding}},
            0.5);
    }

    void shareOfTheMinute()
    {
        for (int i = 0; i < 120; ++i)
            QCOMPARE(reserve(10).count(), qint64(0));
        QCOMPARE(used(), 1200);
        QCOMPARE(reserve(1), milliseconds(50'400)); // the next minute, and a moment for the clocks to agree
        QCOMPARE(m_budget->inFlight(), 120);
        m_budget->setShare(0.9);
        QCOMPARE(m_budget->allowed(m_clock->now()), 2160);
        QCOMPARE(reserve(960).count(), qint64(0));
        QVERIFY(reserve(1).count() > 0);
    }

    // A request heavier than the whole share would wait for ever: it goes when nothing else has, and nothing follows.
    void tooHeavyGoesAlone()
    {
        m_budget->setShare(0.001);
        QCOMPARE(m_budget->allowed(m_clock->now()), 2);
        QCOMPARE(reserve(1).count(), qint64(0));
        const milliseconds wait = reserve(10);
        QCOMPARE(wait, milliseconds(50'400));
        settle(1, 1);
        QCOMPARE(reserve(10), wait); // this minute has been used
        m_clock->advance(wait);
        QCOMPARE(reserve(10).count(), qint64(0));
        QVERIFY(reserve(1).count() > 0);
        settle(10, 10);
        QVERIFY(reserve(1).count() > 0);
        QVERIFY(reserve(10).count() > 0);
    }

    void theMinuteTurns()
    {
        QCOMPARE(reserve(1200).count(), qint64(0));
        settle(1200, 1200);
        QCOMPARE(used(), 1200);
        const milliseconds wait = reserve(1);
        m_clock->advance(wait - 1ms);
        QVERIFY(reserve(1).count() > 0);
        m_clock->advance(1ms);
        QCOMPARE(reserve(1).count(), qint64(0));
        QCOMPARE(used(), 1);
    }

    // Others on this address count too: the header is the truth, and what is under way comes on top.
    void theHeaderCounts()
    {
        QCOMPARE(reserve(10).count(), qint64(0));
        QCOMPARE(reserve(20).count(), qint64(0));
        settle(10, 910); // 900 of it is not ours
        QCOMPARE(used(), 930);
        settle(20, 905); // an answer that overtook another: the count does not fall
        QCOMPARE(used(), 910);
        QCOMPARE(reserve(290).count(), qint64(0));
        QVERIFY(reserve(1).count() > 0);
    }

    void answersWithoutTheHeader()
    {
        QCOMPARE(reserve(10).count(), qint64(0));
        settle(10, std::nullopt);
        QCOMPARE(used(), 10);
        QCOMPARE(m_budget->inFlight(), 0);
    }

    void repliesOfTheOldMinute()
    {
        QCOMPARE(reserve(100).count(), qint64(0));
        const UtcTime sent = m_clock->utcNow();
        m_clock->advance(52s);
        QCOMPARE(reserve(10).count(), qint64(0));
        m_budget->settle(weighing(100), {{"weight", 1100}}, sent,
                         moment()); // may be the old minute's count, or the new one's
        QVERIFY(used() >= 110);
        QVERIFY(used() <= 210);
    }

    // Our clock is ahead: the exchange still counts in the old minute.
    void theirMinuteHasNotTurned()
    {
        QCOMPARE(reserve(1000).count(), qint64(0));
        settle(1000, 1000);
        m_clock->advance(51s);
        QCOMPARE(reserve(10).count(), qint64(0));
        settle(10, 1010);
        const milliseconds wait = reserve(10);
        QVERIFY(wait.count() > 0 && wait <= 1s);
        m_clock->advance(wait);
        QCOMPARE(reserve(10).count(), qint64(0));
        settle(10, 10);
        QCOMPARE(used(), 10);
    }

    void aPauseHoldsEverything()
    {
        m_budget->pause(90s, m_clock->now());
        QCOMPARE(reserve(1), milliseconds(90s));
        QCOMPARE(m_budget->reserve(funding(), moment()), milliseconds(90s));
        m_budget->pause(10s, m_clock->now()); // a shorter one shortens nothing
        QCOMPARE(m_budget->pausedFor(m_clock->now()), milliseconds(90s));
        m_clock->advance(90s);
        QCOMPARE(m_budget->pausedFor(m_clock->now()).count(), qint64(0));
        QCOMPARE(reserve(1).count(), qint64(0));
    }

    void aBanHalvesTheNextHour()
    {
        m_budget->banned(130s, m_clock->now());
        QCOMPARE(reserve(1), milliseconds(130s));
        m_clock->advance(130s);
        QCOMPARE(m_budget->allowed(m_clock->now()), 600);
        QCOMPARE(reserve(600).count(), qint64(0));
        QVERIFY(reserve(1).count() > 0);
        m_clock->advance(1h - 1ms);
        QCOMPARE(m_budget->allowed(m_clock->now()), 600);
        m_clock->advance(1ms);
        QCOMPARE(m_budget->allowed(m_clock->now()), 1200);
    }

    void theSecondLimitSlides()
    {
        for (int i = 0; i < 250; ++i) {
            QCOMPARE(m_budget->reserve(funding(), moment()).count(), qint64(0));
            m_budget->settle(funding(), {}, m_clock->utcNow(), moment());
            m_clock->advance(100ms);
        }
        QCOMPARE(m_budget->reserve(funding(), moment()), milliseconds(5min - 25s));
        QCOMPARE(reserve(1).count(), qint64(0)); // the weight is another account
        m_clock->advance(5min - 25s);
        QCOMPARE(m_budget->reserve(funding(), moment()).count(), qint64(0));
        QVERIFY(m_budget->reserve(funding(), moment()).count() > 0);
    }

    // Requests count from when they reach the exchange, at the latest with their answers: a slow one holds its place.
    void aSlowRequestHoldsItsPlace()
    {
        RequestBudget budget({{.name = "requests", .amount = 2, .window = 5s}}, 1);
        const RestRequest any{.path = "/a", .query = {}, .costs = {{"requests", 1}}};
        QCOMPARE(budget.reserve(any, moment()).count(), qint64(0));
        QCOMPARE(budget.reserve(any, moment()).count(), qint64(0));
        m_clock->advance(4s);
        QVERIFY(budget.reserve(any, moment()).count() > 0); // both are under way
        budget.settle(any, {}, m_clock->utcNow() - 4s, moment());
        m_clock->advance(2s); // six seconds after it was sent, and two after its answer
        QCOMPARE(budget.used(moment()), 2);
        QCOMPARE(budget.reserve(any, moment()), milliseconds(3s));
        budget.settle(any, {}, m_clock->utcNow() - 6s, moment());
        m_clock->advance(3s);
        QCOMPARE(budget.reserve(any, moment()).count(), qint64(0));
        QCOMPARE(budget.reserve(any, moment()), milliseconds(2s));
    }

    // Others behind the same address are seen in what the answers tell.
    void othersCountInASlidingWindow()
    {
        RequestBudget budget({{.name = "requests", .amount = 10, .window = 5s}}, 1);
        const RestRequest any{.path = "/a", .query = {}, .costs = {{"requests", 1}}};
        QCOMPARE(budget.reserve(any, moment()).count(), qint64(0));
        budget.settle(any, {{"requests", 9}}, m_clock->utcNow(), moment());
        QCOMPARE(budget.used(moment()), 9);
        QCOMPARE(budget.reserve(any, moment()).count(), qint64(0));
        QCOMPARE(budget.reserve(any, moment()), milliseconds(5s));
    }

    // Each path has the whole of such a limit; what costs two limits waits for both, and takes of neither until then.
    void limitsOfPathsAndSeveralAtOnce()
    {
        RequestBudget budget({{.name = "all", .amount = 3, .window = 10s},
                              {.name = "each", .amount = 1, .window = 2s, .scope = RequestLimit::Scope::Path}},
                             1);
        const auto of = [](const char *path) {
            return RestRequest{.path = path, .query = {}, .costs = {{"all", 1}, {"each", 1}}};
        };
        QCOMPARE(budget.reserve(of("/a"), moment()).count(), qint64(0));
        budget.settle(of("/a"), {}, m_clock->utcNow(), moment());
        QCOMPARE(budget.reserve(of("/a"), moment()), milliseconds(2s));
        QCOMPARE(budget.used(moment()), 1);
        QCOMPARE(budget.reserve(of("/b"), moment()).count(), qint64(0));
        budget.settle(of("/b"), {}, m_clock->utcNow(), moment());
        m_clock->advance(2s);
        QCOMPARE(budget.reserve(of("/a"), moment()).count(), qint64(0));
        budget.settle(of("/a"), {}, m_clock->utcNow(), moment());
        QCOMPARE(budget.reserve(of("/c"), moment()), milliseconds(8s)); // of all, and not of its path
    }

    void estimatesByTheTightestLimit()
    {
        QCOMPARE(m_budget->estimate({{"weight", 2400}}, m_clock->now()), milliseconds(2min));
        QCOMPARE(m_budget->estimate({{"weight", 2400}, {"funding", 500}}, m_clock->now()), milliseconds(10min));
        QCOMPARE(m_budget->mainCost(weighing(7)), 7);
        QCOMPARE(m_budget->mainCost(funding()), 0);
    }

    // An obedient caller never has more in any window than it may, wherever in it an exchange counts a request: between
    // its sending and its answer.
    void neverBeyondASlidingWindow()
    {
        quint64 random = 11;
        const auto next = [&random](int below) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            return int((random >> 33) % quint64(below));
        };
        RequestBudget budget({{.name = "requests", .amount = 40, .window = 5s}}, 0.5);
        const RestRequest any{.path = "/a", .query = {}, .costs = {{"requests", 1}}};
        std::vector<std::pair<MonotonicTime, UtcTime>> flying; // counted, sent
        std::deque<MonotonicTime> counted;
        int sent = 0;
        for (int i = 0; i < 50'000; ++i) {
            const milliseconds wait = budget.reserve(any, moment());
            if (wait.count() > 0) {
                m_clock->advance(std::min<milliseconds>(wait, 100ms));
            } else {
                flying.emplace_back(m_clock->now(), m_clock->utcNow());
                ++sent;
            }
            m_clock->advance(milliseconds(next(20)));
            if (!flying.empty() && next(3) == 0) {
                counted.push_back(next(2) ? m_clock->now() : flying.front().first);
                std::ranges::sort(counted);
                budget.settle(any, {}, flying.front().second, moment());
                flying.erase(flying.begin());
                while (m_clock->now() - counted.front() > 20s)
                    counted.pop_front();
                for (size_t at = 0; at + 20 < counted.size(); ++at)
                    QVERIFY(counted[at + 20] - counted[at] >= 5s);
            }
        }
        QVERIFY(sent > 1000);
    }

    // Whatever happens, an obedient caller never exceeds the share in any of the exchange's minutes.
    void neverBeyondTheShare()
    {
        quint64 random = 7;
        const auto next = [&random](int below) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            return int((random >> 33) % quint64(below));
        };
        struct Sent
        {
            int weight;
            UtcTime at;
            int reported;
        };
        std::vector<Sent> flying;
        std::map<qint64, int> spent; // by the exchange's minute
        for (int i = 0; i < 50'000; ++i) {
            const int weight = std::array{1, 2, 5, 10}[size_t(next(4))];
            const milliseconds wait = reserve(weight);
            if (wait.count() > 0) {
                m_clock->advance(std::min<milliseconds>(wait, 200ms));
            } else {
                int &minute = spent[toMs(m_clock->utcNow()) / 60'000];
                minute += weight;
                flying.push_back({weight, m_clock->utcNow(), minute});
                QVERIFY(minute <= 1200);
            }
            if (!flying.empty() && next(3) == 0) {
                const Sent done = flying.front();
                flying.erase(flying.begin());
                m_clock->advance(milliseconds(next(30)));
                m_budget->settle(weighing(done.weight), {{"weight", done.reported}}, done.at, moment());
            }
        }
        QVERIFY(spent.size() > 5);
    }

private:
    Moment moment() const { return {m_clock->now(), m_clock->utcNow()}; }
    milliseconds reserve(int weight) { return m_budget->reserve(weighing(weight), moment()); }
    void settle(int weight, std::optional<int> count)
    {
        const std::vector<LimitUse> told = count ? std::vector<LimitUse>{{"weight", *count}} : std::vector<LimitUse>{};
        m_budget->settle(weighing(weight), told, m_clock->utcNow(), moment());
    }
    int used() const { return m_budget->used(moment()); }

    std::unique_ptr<ManualClock> m_clock;
    std::unique_ptr<RequestBudget> m_budget;
};

TK_TEST(RequestBudgetTest, request_budget);
#include "tst_request_budget.moc"
