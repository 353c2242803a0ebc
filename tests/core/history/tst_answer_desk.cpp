// What is done with an answer: in which order, and what follows. The store is a list of what it was given.
#include "history/answer_desk.h"

#include "exchange/binance_usdm/adapter.h"
#include "keeper_rig.h"
#include "market/gap_cause.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;

class AnswerDeskTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_bench = std::make_unique<Bench>(); }

    // And nothing more is asked for meanwhile.
    void whatTheStoreDoesNotTakeIsAskedForAgain()
    {
        m_bench->takes = false;
        m_bench->answer(m_bench->job(2, 1), "[" + row(2) + "]");
        QVERIFY(m_bench->pump.trouble().isHeld(m_bench->rig.clock.now()));
        QCOMPARE(m_bench->queue.size(), size_t(1));
        QCOMPARE(*m_bench->queue.nextDue() - m_bench->rig.clock.now(), 1s);
        QVERIFY(m_bench->tickets.isEmpty());
    }

    void whatWasTradedAndNeverClosedIsNamedBeforeItIsStored()
    {
        Job late = m_bench->job(2, 1);
        late.urgency = Urgency::Overdue;
        m_bench->overdue.asked(m_bench->stream, {late.span}, m_bench->rig.clock.now());
        m_bench->answer(late, "[" + row(2) + "]");
        QCOMPARE(m_bench->given.size(), size_t(1));
        QCOMPARE(m_bench->openWhenGiven, size_t(1));
        const Gap gap = m_bench->rig.keeper().unsettled().at(0);
        QCOMPARE(gap.cause, QString(gapcause::closeMissed));
        QCOMPARE(gap.state, GapState::Repairing);
        QVERIFY(m_bench->overdue.takeUnanswered(m_bench->rig.clock.now() + 1min).empty());
        QCOMPARE(m_bench->notes.take(m_bench->rig.clock.now()).at(0).kind, HistoryNote::Kind::ClosesMissed);
        QCOMPARE(m_bench->queue.size(), size_t(0)); // what has just come mends it: it is not asked for once more
    }

    // A gap of values closes when just these are stored: the ticket has their span.
    void aCorrectedCandleIsNamedBeforeItIsStored()
    {
        QVERIFY(m_bench->rig.put(Timeframe::M3, at(2), 1));
        Job reread = m_bench->job(2, 1);
        reread.kind = Job::Kind::Reread;
        m_bench->answer(reread, "[" + row(2) + "]");
        QCOMPARE(m_bench->openWhenGiven, size_t(1));
        QVERIFY(m_bench->rig.keeper().unsettled().at(0).cause.startsWith(gapcause::corrected));
        QCOMPARE(m_bench->notes.take(m_bench->rig.clock.now()).at(0).kind, HistoryNote::Kind::Corrected);
        const auto pending = m_bench->tickets.stored(m_bench->given.at(0).ticket);
        QVERIFY((pending->fetched == TimeSpan{at(2), at(1)}));
    }

    void aBackfillEndsWithWhatTheExchangeDoesNotHave()
    {
        m_bench->backfills.start({.id = 7, .pairs = {}, .timeframes = {}}, {});
        Job asked = m_bench->job(4, 2);
        asked.backfill = 7;
        m_bench->jobs.add({asked});
        m_bench->queue.take(false);
        m_bench->answer(asked, "[]");
        QCOMPARE(m_bench->backfills.book().find(7)->jobs_left, 1); // one ended, one asks once more
        QCOMPARE(m_bench->ended, 1);
        const Job twice = m_bench->queue.take(false);
        m_bench->answer(twice, "[" + row(3, "8") + "]");
        const BackfillProgress *progress = m_bench->backfills.book().find(7);
        QCOMPARE(progress->jobs_left, 0);
        QCOMPARE(progress->unfillable, 2);
        QCOMPARE(m_bench->ended, 2);
        QVERIFY(m_bench->given.empty());
        // One of them was told and cannot be: people hear of it.
        const auto told = m_bench->notes.take(m_bench->rig.clock.now());
        QCOMPARE(told.size(), size_t(1));
        QCOMPARE(told[0].kind, HistoryNote::Kind::Impossible);
        QCOMPARE(told[0].from, at(3));
        QCOMPARE(m_bench->rig.keeper().counts().unfillable, quint64(2));
    }

    void aCancelledBackfillAsksNoMore()
    {
        Job asked = m_bench->job(4, 2);
        asked.backfill = 7; // not under way any more
        m_bench->answer(asked, "[" + row(4) + "]");
        QCOMPARE(m_bench->queue.size(), size_t(0));
        QCOMPARE(m_bench->given.size(), size_t(1)); // what came is taken all the same
    }

    void aProbeIsAnsweredAndStoresNothing()
    {
        Job probe = m_bench->job(4, 2);
        probe.kind = Job::Kind::Probe;
        m_bench->answer(probe, "[" + row(4) + "," + row(3) + "]");
        QCOMPARE(m_bench->probed.size(), size_t(1));
        QCOMPARE(m_bench->probed[0].open, at(3));
        QVERIFY(m_bench->given.empty());
        m_bench->answer(probe, "<html>"); // a stranger's page is no answer: it is asked again
        QCOMPARE(m_bench->probed.size(), size_t(1));
        QCOMPARE(m_bench->queue.size(), size_t(1));
    }

    // The rates of a span are judged by being fetched: that there were none is an answer.
    void noRatesAreAnAnswer()
    {
        Gap gap;
        gap.stream = {venue, btc, StreamKind::FundingRate, Timeframe::M1};
        gap.from = at(40);
        gap.to = at(20);
        m_bench->rig.keeper().opened({gap});
        Job funding = m_bench->job(40, 20);
        funding.kind = Job::Kind::Funding;
        m_bench->answer(funding, "[]");
        QCOMPARE(m_bench->rig.keeper().openCount(), size_t(0));
        QCOMPARE(m_bench->rig.keeper().counts().closed, quint64(1));
    }

private:
    static UtcTime at(int before) { return KeeperRig::start - before * 3min; }
    static QByteArray row(int before, const char *high = "11")
    {
        return QStringLiteral("[%1,\"10\",\"%2\",\"9\",\"10\",\"5\",%3,\"5\",5,\"0\",\"0\",\"0\"]")
            .arg(toMs(at(before)))
            .arg(QLatin1String(high))
            .arg(toMs(at(before - 1)) - 1)
            .toUtf8();
    }

    struct Bench
    {
        Bench()
        {
            rig.clock.advance(10s); // the candle of 09:57 is final
            book.adopt({KeeperRig::instrument(btc)}, settings, KeeperRig::start - 24h);
        }

        // Of BTC, in candles before 10:00.
        Job job(int from, int to) const
        {
            Job made;
            made.instrument = KeeperRig::instrument(btc);
            made.timeframe = Timeframe::M3;
            made.span = {at(from), at(to)};
            return made;
        }
        void answer(const Job &to, const QByteArray &body)
        {
            desk.answered(to, {.status = 200, .body = body, .headers = {}});
        }

        const StreamKey stream{venue, btc, StreamKind::Candles, Timeframe::M3};
        bool takes = true;
        std::vector<RecordBatch> given;
        size_t openWhenGiven = 0;
        std::vector<ProbeAnswer> probed;
        int ended = 0; // jobs of backfills

        KeeperRig rig;
        std::unique_ptr<exchange::ExchangeAdapter> adapter = exchange::binance::makeAdapter();
        HistorySettings settings;
        JobQueue queue{499};
        NoteBook notes{venue};
        FirstFill fill;
        OverdueCandles overdue;
        InstrumentBook book{*adapter, QString()};
        ExchangeClock time{rig.clock, venue, 5s};
        RunNotes runs{rig.keeper(), venue};
        Reach reach{rig.keeper(), rig.index(), venue};
        HoleSearch holes{venue, {rig.index(), rig.keeper(), runs, reach, book, settings, time, rig.clock}};
        JobPlanner planner{{*adapter, book, settings, time, rig.clock}};
        BackfillDesk backfills{{*adapter, book, holes, queue, settings, time}};
        JobDesk jobs{venue, {planner, book, settings, queue, rig.keeper(), backfills.book(), rig.index()}};
        HandOver tickets{[this](RecordBatch &&batch) {
            openWhenGiven = rig.keeper().openCount();
            if (takes)
                given.push_back(std::move(batch));
            return takes;
        }};
        RequestPump pump{{*adapter, planner, book, settings, time, rig.clock, queue, rig.index()},
                         {.send = [](const exchange::RestRequest &, const RequestPump::Done &) {},
                          .done = [](int) {},
                          .answered = [](const Job &, const exchange::RestReply &) {},
                          .costLearned = [] {}}};
        AnswerDesk desk{{*adapter, book, time, rig.clock, rig.index(), rig.keeper(), notes, queue, jobs, backfills,
                         fill, overdue, tickets, pump},
                        {.probed = [this](const ProbeAnswer &answer) { probed.push_back(answer); },
                         .jobEnded = [this] { ++ended; }}};
    };

    std::unique_ptr<Bench> m_bench;
};

TK_TEST(AnswerDeskTest, answer_desk);

#include "tst_answer_desk.moc"
