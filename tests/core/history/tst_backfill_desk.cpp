// The operator's backfills, and the jobs that they become. 10:00 is now; 09:57 is not final yet.
#include "history/backfill_desk.h"

#include "history/job_desk.h"
#include "search_rig.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;

class BackfillDeskTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_settings = {};
        m_queue = JobQueue(499);
        m_rig = std::make_unique<SearchRig>(m_settings);
        m_planner = std::make_unique<JobPlanner>(
            JobPlanner::Sources{m_rig->adapter(), m_rig->book(), m_settings, m_rig->time(), m_rig->clock});
        m_desk = std::make_unique<BackfillDesk>(
            BackfillDesk::Sources{m_rig->adapter(), m_rig->book(), m_rig->holes(), m_queue, m_settings, m_rig->time()});
        m_jobs = std::make_unique<JobDesk>(venue, JobDesk::Sources{*m_planner, m_rig->book(), m_settings, m_queue,
                                                                   m_rig->keeper(), m_desk->book(), m_rig->index()});
        m_rig->book().adopt({KeeperRig::instrument(btc)}, m_settings, KeeperRig::start);
    }

    void fetchesWhatIsMissing()
    {
        QVERIFY(m_rig->put(Timeframe::M3, end - 30min, 4));
        begin({.id = 7, .pairs = {}, .timeframes = {Timeframe::M3}, .span = {end - 60min, end + 24h}});
        const BackfillProgress *progress = m_desk->book().find(7);
        QCOMPARE(progress->present, 4);
        QCOMPARE(progress->wanted, 16); // what has not closed is nobody's
        QCOMPARE(progress->jobs_left, 2);
        QVERIFY(progress->problems.isEmpty());
        // And the whole of it again, where that is wished.
        begin({.id = 8, .pairs = {}, .timeframes = {Timeframe::M3}, .span = {end - 60min, end}, .only_missing = false});
        QCOMPARE(m_desk->book().find(8)->wanted, 20);
    }

    void saysWhatCannotBeFetched()
    {
        m_settings.retention = 27min; // 09:33
        begin({.id = 7,
               .pairs = {btc, QStringLiteral("XRP/USDT:USDT")},
               .timeframes = {Timeframe::M3, Timeframe::M1},
               .span = {end - 60min, end}});
        const BackfillProgress *progress = m_desk->book().find(7);
        QCOMPARE(progress->problems.size(), 2); // the retention once, though it cuts two series
        QVERIFY(
            progress->problems.join(u'\n').contains(QStringLiteral("XRP/USDT:USDT: the exchange lists no such pair")));
        QVERIFY(progress->problems.join(u'\n').contains(QStringLiteral("what is older is not fetched")));
        InstrumentBook unknown(m_rig->adapter(), QString());
        BackfillDesk early({m_rig->adapter(), unknown, m_rig->holes(), m_queue, m_settings, m_rig->time()});
        early.start({.id = 9, .pairs = {}, .timeframes = {}}, QStringLiteral("no answer"));
        QCOMPARE(early.book().find(9)->problems,
                 QStringList{QStringLiteral("the exchange's instrument list is not known yet: no answer")});
    }

    void aPlanFetchesNothing()
    {
        const auto plan =
            m_desk->plan({.id = 7, .pairs = {}, .timeframes = {Timeframe::M3}, .span = {end - 600 * 3min, end}}, {},
                         RequestBudget(m_rig->adapter().restLimits().requests, 0.025), MonotonicTime{});
        QCOMPARE(plan.wanted, 600);
        QCOMPARE(plan.requests, 2);
        QCOMPARE(plan.weight, 4);
        QCOMPARE(plan.estimate, 4s); // of sixty per minute
        QVERIFY(m_queue.size() == 0 && !m_desk->book().contains(7));
    }

    void pausedItsJobsWaitAside()
    {
        begin({.id = 7, .pairs = {}, .timeframes = {Timeframe::M3}, .span = {end - 600 * 3min, end}});
        Job underWay = m_queue.take(false);
        QVERIFY(m_desk->pause(7, true));
        QVERIFY(!m_desk->pause(7, true) && !m_desk->pause(99, true));
        QCOMPARE(m_queue.size(), size_t(0));
        m_desk->putBack(underWay); // refused meanwhile
        QCOMPARE(m_queue.size(), size_t(0));
        QVERIFY(m_desk->pause(7, false));
        QCOMPARE(m_queue.size(), size_t(2));
        QCOMPARE(m_desk->book().find(7)->jobs_left, 2);
    }

    void cancelledNothingOfItIsAskedAgain()
    {
        begin({.id = 7, .pairs = {}, .timeframes = {Timeframe::M3}, .span = {end - 600 * 3min, end}});
        Job underWay = m_queue.take(false);
        m_desk->cancel(7);
        QCOMPARE(m_queue.size(), size_t(0));
        const auto finished = m_desk->book().takeFinished();
        QVERIFY(finished.size() == 1 && finished[0].cancelled);
        QVERIFY(!m_desk->isWanted(underWay));
        m_desk->putBack(underWay);
        QCOMPARE(m_queue.size(), size_t(0));
        underWay.backfill = 0;
        QVERIFY(m_desk->isWanted(underWay)); // one of no backfill is wanted always
        m_desk->putBack(underWay);
        QCOMPARE(m_queue.size(), size_t(1));
    }

    // --- jobs: what they are wanted for is known to the ledger and to the book ---

    void beforeAListingNobodyAsks()
    {
        const auto instrument = KeeperRig::instrument(btc, end - 30min);
        m_jobs->candles(instrument, Timeframe::M3, {{end - 60min, end - 15min}}, {});
        QCOMPARE(m_queue.peek(false, m_rig->clock.now())->span.from, end - 30min);
        QVERIFY((m_rig->keeper().knownAbsent({venue, btc, StreamKind::Candles, Timeframe::M3}) ==
                 std::vector{TimeSpan{end - 60min, end - 30min}}));
    }

    void whatIsWantedAlreadyIsNoJobMore()
    {
        const JobPlanner::Purpose purpose{.urgency = Urgency::Operator, .backfill = 7};
        m_desk->start({.id = 7, .pairs = {}, .timeframes = {}}, {});
        for (int i = 0; i < 2; ++i)
            m_jobs->candles(KeeperRig::instrument(btc), Timeframe::M3, {{end - 60min, end}}, purpose);
        QCOMPARE(m_desk->book().find(7)->jobs_left, 1);
    }

    // Not asked before the exchange's own list of this run says that the pair is gone.
    void aPairThatIsGoneCannotBeRepaired()
    {
        Gap gap;
        gap.stream = {venue, QStringLiteral("OLD/USDT:USDT"), StreamKind::Candles, Timeframe::M3};
        gap.from = end - 30min;
        gap.to = end;
        m_rig->keeper().opened({gap});
        m_jobs->repair(m_rig->keeper().reviewAll());
        QCOMPARE(m_rig->keeper().openCount(), size_t(1));
        m_jobs->listIsNew();
        m_jobs->repair(m_rig->keeper().reviewAll());
        QCOMPARE(m_rig->keeper().openCount(), size_t(0));
        QCOMPARE(m_rig->keeper().counts().unfillable, quint64(1));
    }

    // A corrected candle is there, with its old values: it is wanted all the same.
    void aCorrectedCandleIsWantedForItsValues()
    {
        Gap gap;
        gap.stream = {venue, btc, StreamKind::Candles, Timeframe::M3};
        gap.cause = QStringLiteral("connection lost");
        m_jobs->repair({{gap, {{end - 30min, end - 27min}}}});
        QVERIFY(!m_queue.take(false).values);
        gap.cause = QStringLiteral("the exchange corrected a candle after its own closed mark");
        m_jobs->repair({{gap, {{end - 30min, end - 27min}}}});
        const Job job = m_queue.take(false);
        QVERIFY(job.values);
        QCOMPARE(job.urgency, Urgency::Repair);
        QCOMPARE(job.source, CandleSource::Repair);
    }

private:
    void begin(const BackfillRequest &request)
    {
        for (const BackfillDesk::Missing &series : m_desk->start(request, {}))
            m_jobs->candles(*series.instrument, series.timeframe, series.holes,
                            {.urgency = Urgency::Operator, .backfill = request.id});
    }

    const UtcTime end = KeeperRig::start - 3min;
    HistorySettings m_settings;
    JobQueue m_queue{499};
    std::unique_ptr<SearchRig> m_rig;
    std::unique_ptr<JobPlanner> m_planner;
    std::unique_ptr<BackfillDesk> m_desk;
    std::unique_ptr<JobDesk> m_jobs;
};

TK_TEST(BackfillDeskTest, backfill_desk);

#include "tst_backfill_desk.moc"
