// What is sent, when, and what is not. The network is a list: the test answers what was sent.
#include "history/request_pump.h"

#include "exchange/binance_usdm/adapter.h"
#include "keeper_rig.h"
#include "support/test_registry.h"

#include <QTest>

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;
using exchange::Refusal;

class RequestPumpTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_settings = {};
        m_settings.keep_filled = false; // nothing is learned
        m_queue = JobQueue(499);
        m_sent.clear();
        m_answered.clear();
        m_statuses.clear();
        m_learned = 0;
        m_backlog = 0;
        m_adapter = exchange::binance::makeAdapter();
        m_rig = std::make_unique<KeeperRig>();
        m_rig->clock.advance(10s); // at the turn of a minute nothing is sent: the two clocks may differ
        m_book = std::make_unique<InstrumentBook>(*m_adapter, QString());
        m_time = std::make_unique<ExchangeClock>(m_rig->clock, venue, 5s);
        m_planner =
            std::make_unique<JobPlanner>(JobPlanner::Sources{*m_adapter, *m_book, m_settings, *m_time, m_rig->clock});
        m_pump = std::make_unique<RequestPump>(
            RequestPump::Sources{*m_adapter, *m_planner, *m_book, m_settings, *m_time, m_rig->clock, m_queue,
                                 m_rig->index()},
            RequestPump::Ways{.send =
                                  [this](const exchange::RestRequest &request, RequestPump::Done done) {
                                      m_sent.push_back({request, std::move(done)});
                                  },
                              .backlog = [this] { return m_backlog; },
                              .done = [this](int status) { m_statuses.push_back(status); },
                              .answered = [this](const Job &answered,
                                                 const exchange::RestReply &) { m_answered.push_back(answered); },
                              .costLearned = [this] { ++m_learned; }});
    }

    void noMoreThanSixAtOnce()
    {
        for (int i = 0; i < 9; ++i)
            m_queue.add(job(Urgency::Fill, i));
        m_pump->pump();
        QCOMPARE(m_sent.size(), size_t(6));
        QCOMPARE(m_pump->inFlight(), 6);
        answer(0);
        QCOMPARE(m_sent.size(), size_t(7)); // one more by itself
        QCOMPARE(m_answered.size(), size_t(1));
        QCOMPARE(m_statuses, std::vector{200});
    }

    // What the first request costs is read from the exchange's counter: nothing runs beside it.
    void theFirstGoesAlone()
    {
        m_settings.keep_filled = true;
        QCOMPARE(m_adapter->bestCandlesPerRequest(1000), 499);
        Job whole = job(Urgency::Overdue, 0);
        whole.span = {start - 500 * 3min, start};
        m_queue.add(whole);
        m_queue.add(job(Urgency::Fill, 600));
        m_pump->pump();
        m_pump->pump(); // whoever wakes it meanwhile
        QCOMPARE(m_sent.size(), size_t(1));
        QVERIFY(!m_pump->isCostLearned());
        answer(0, 200, {{"x-mbx-used-weight-1m", "2"}});
        QVERIFY(m_pump->isCostLearned());
        QCOMPARE(m_learned, 1);
        QCOMPARE(m_adapter->bestCandlesPerRequest(1000), 500);
        QCOMPARE(m_sent.size(), size_t(2));
        answer(1, 200, {{"x-mbx-used-weight-1m", "3"}});
        QCOMPARE(m_learned, 1);
    }

    // Nor does it begin beside another one.
    void theFirstWaitsForWhatIsUnderWay()
    {
        m_settings.keep_filled = true;
        Job probe = job(Urgency::Overdue, 0);
        probe.kind = Job::Kind::Probe;
        m_queue.add(probe);
        m_pump->pump();
        m_queue.add(job(Urgency::Overdue, 0));
        m_pump->pump();
        QCOMPARE(m_sent.size(), size_t(1));
        answer(0);
        QCOMPARE(m_sent.size(), size_t(2));
    }

    void aFailureTeachesNothing()
    {
        m_settings.keep_filled = true;
        m_queue.add(job(Urgency::Overdue, 0));
        m_pump->pump();
        answer(0, 503);
        QVERIFY(!m_pump->isCostLearned() && m_learned == 0);
        QCOMPARE(m_answered.size(), size_t(1)); // told all the same: somebody has to ask again
    }

    void whatSomebodyElseBroughtIsNotAskedFor()
    {
        QVERIFY(m_rig->put(Timeframe::M3, start - 3min, 1));
        Job here = job(Urgency::Repair, 0);
        m_queue.add(here);
        m_pump->pump();
        QVERIFY(m_sent.empty() && m_queue.size() == 0);
        // For its values, once more as a proof, or because an operator wants it, it is.
        here.values = true;
        m_queue.add(here);
        m_pump->pump();
        QCOMPARE(m_sent.size(), size_t(1));
        here.values = false;
        here.confirming = true;
        m_queue.add(here);
        m_pump->pump();
        QCOMPARE(m_sent.size(), size_t(2));
        here.confirming = false;
        here.backfill = 7;
        m_queue.add(here);
        m_pump->pump();
        QCOMPARE(m_sent.size(), size_t(3));
        m_queue.add(job(Urgency::Repair, 1)); // that one is not there
        m_pump->pump();
        QCOMPARE(m_sent.size(), size_t(4));
    }

    void whatTheStoreRemovesIsNotAskedFor()
    {
        m_settings.retention = 30min;
        m_queue.add(job(Urgency::Fill, 10));
        m_queue.add(job(Urgency::Fill, 8));
        m_pump->pump();
        QCOMPARE(m_sent.size(), size_t(1));
        QCOMPARE(m_queue.size(), size_t(0));
    }

    void whileRoomIsScarceOnlyWhatCannotWait()
    {
        m_pump->setRoomScarce(true);
        for (const Urgency urgency : {Urgency::Overdue, Urgency::Repair, Urgency::Operator})
            m_queue.add(job(urgency, int(urgency)));
        m_pump->pump();
        QCOMPARE(m_sent.size(), size_t(1));
        m_pump->setRoomScarce(false);
        m_pump->pump();
        QCOMPARE(m_sent.size(), size_t(3));
    }

    // And goes on by itself when the store has caught up.
    void whileTheStoreIsBehindNothingIsFetchedThatCanWait()
    {
        m_backlog = 10'000;
        m_queue.add(job(Urgency::Overdue, 0));
        m_queue.add(job(Urgency::Repair, 1));
        m_pump->pump();
        QCOMPARE(m_sent.size(), size_t(1));
        m_backlog = 9'999;
        QVERIFY(QTest::qWaitFor([this] { return m_sent.size() == 2; }));
    }

    void aRefusalStopsEverything()
    {
        QVERIFY(!m_pump->heed(
            {.kind = Refusal::Kind::RateLimited, .pause = 20s, .message = QStringLiteral("slow down")}, btc));
        QCOMPARE(m_pump->trouble().text(), QStringLiteral("slow down; next request in 20s"));
        m_queue.add(job(Urgency::Overdue, 0));
        m_pump->pump();
        QVERIFY(m_sent.empty());
        QVERIFY(!m_pump->ask(m_adapter->timeRequest(), {}));
        m_pump->works(); // an answer to what was sent before says nothing
        QVERIFY(!m_pump->trouble().text().isEmpty());
        m_rig->clock.advance(21s);
        m_pump->pump();
        QCOMPARE(m_sent.size(), size_t(1));
        m_pump->works();
        QVERIFY(m_pump->trouble().text().isEmpty());
        const int before = m_pump->budget().allowed(m_rig->clock.now());
        QVERIFY(!m_pump->heed({.kind = Refusal::Kind::Banned, .pause = 2min, .message = {}}, {}));
        QCOMPARE(m_pump->budget().allowed(m_rig->clock.now()), before / 2);
    }

    // An answer without the exchange's own code may be a stranger's page.
    void onlyTheExchangesOwnWordIsForGood()
    {
        QVERIFY(m_pump->heed({.kind = Refusal::Kind::BadRequest, .code = -1121, .message = {}}, btc));
        QVERIFY(!m_pump->trouble().isHeld(m_rig->clock.now())); // one bad request keeps nobody else
        QVERIFY(!m_pump->heed({.kind = Refusal::Kind::BadRequest, .message = QStringLiteral("HTTP 400")}, btc));
        QVERIFY(m_pump->trouble().isHeld(m_rig->clock.now()));
        QCOMPARE(m_pump->trouble().text(), QStringLiteral("HTTP 400 (BTC/USDT:USDT)"));
    }

    void whatCannotBeReadIsAskedAgainLater()
    {
        m_pump->unreadable(job(Urgency::Fill, 0), {Error::Kind::Network, QStringLiteral("no klines")});
        QCOMPARE(m_pump->trouble().text(), QStringLiteral("no klines (BTC/USDT:USDT 3m)"));
        m_pump->pump();
        QVERIFY(m_sent.empty());
        m_rig->clock.advance(5min);
        m_pump->pump();
        QCOMPARE(m_sent.size(), size_t(1));
    }

    void afterTheStopNothingIsSentOrTold()
    {
        m_queue.add(job(Urgency::Fill, 0));
        m_pump->pump();
        m_queue.add(job(Urgency::Fill, 1));
        m_pump->stop();
        answer(0);
        QVERIFY(m_answered.empty());
        QCOMPARE(m_statuses.size(), size_t(1)); // counted all the same
        m_pump->pump();
        QCOMPARE(m_sent.size(), size_t(1));
    }

private:
    struct Sent
    {
        exchange::RestRequest request;
        RequestPump::Done done;
    };

    // One candle of BTC, so many before the newest.
    static Job job(Urgency urgency, int before)
    {
        Job made;
        made.urgency = urgency;
        made.instrument = KeeperRig::instrument(btc);
        made.timeframe = Timeframe::M3;
        made.span = {start - (before + 1) * 3min, start - before * 3min};
        return made;
    }

    void answer(size_t which, int status = 200, std::vector<std::pair<QByteArray, QByteArray>> headers = {})
    {
        const RequestPump::Done done = m_sent.at(which).done; // answering sends more
        done({.status = status, .body = {}, .headers = std::move(headers)});
    }

    static constexpr UtcTime start = KeeperRig::start;
    HistorySettings m_settings;
    JobQueue m_queue{499};
    std::vector<Sent> m_sent;
    std::vector<Job> m_answered;
    std::vector<int> m_statuses;
    int m_learned = 0;
    size_t m_backlog = 0;
    std::unique_ptr<exchange::ExchangeAdapter> m_adapter;
    std::unique_ptr<KeeperRig> m_rig;
    std::unique_ptr<InstrumentBook> m_book;
    std::unique_ptr<ExchangeClock> m_time;
    std::unique_ptr<JobPlanner> m_planner;
    std::unique_ptr<RequestPump> m_pump;
};

TK_TEST(RequestPumpTest, request_pump);

#include "tst_request_pump.moc"
