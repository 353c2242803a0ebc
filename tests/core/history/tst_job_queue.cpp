// Which request is the next, and which are the same.
#include "history/job_queue.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

Job job(const QString &base, Urgency urgency, int minute = 0)
{
    Job made;
    made.urgency = urgency;
    made.instrument.symbol = base + QStringLiteral("USDT");
    made.instrument.unified = base + QStringLiteral("/USDT:USDT");
    made.span = {fromMs(minute * 60'000LL), fromMs((minute + 1) * 60'000LL)};
    return made;
}

const QString btc = QStringLiteral("BTC");
const QString eth = QStringLiteral("ETH");

} // namespace

class JobQueueTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void byWorth()
    {
        JobQueue queue{499};
        Job old = job(btc, Urgency::Fill, 1);
        old.window = 1;
        Job minor = job(eth, Urgency::Fill, 2);
        minor.rank = 1;
        Job slow = job(btc, Urgency::Fill, 3);
        slow.timeframe = Timeframe::H1;
        QVERIFY(queue.add(job(btc, Urgency::Reread, 4)));
        QVERIFY(queue.add(old));
        QVERIFY(queue.add(minor));
        QVERIFY(queue.add(slow));
        QVERIFY(queue.add(job(btc, Urgency::Fill, 5)));
        QVERIFY(queue.add(job(btc, Urgency::Fill, 6)));
        QVERIFY(queue.add(job(btc, Urgency::Operator, 7)));
        QVERIFY(queue.add(job(btc, Urgency::Repair, 8)));
        QVERIFY(queue.add(job(btc, Urgency::Probe, 9)));
        QVERIFY(queue.add(job(btc, Urgency::Overdue, 10)));
        QCOMPARE(queue.waiting(Urgency::Fill), size_t(5));
        std::vector<int> order;
        while (queue.peek(false, now())) {
            const UtcTime shown = queue.peek(false, now())->span.from;
            const Job taken = queue.take(false);
            QCOMPARE(taken.span.from, shown);
            order.push_back(int(toMs(taken.span.from) / 60'000));
        }
        // Newest windows before older ones, majors before others, fast candles before slow ones, then as they came.
        QCOMPARE(order, (std::vector{10, 9, 8, 7, 5, 6, 3, 2, 1, 4}));
        QCOMPARE(queue.size(), size_t(0));
    }

    void identity()
    {
        JobQueue queue{499};
        QVERIFY(queue.add(job(btc, Urgency::Fill)));
        QVERIFY(!queue.add(job(btc, Urgency::Overdue))); // the same request, whoever wants it
        QVERIFY(queue.add(job(btc, Urgency::Fill, 1)));
        QVERIFY(queue.add(job(eth, Urgency::Fill)));
        Job other = job(btc, Urgency::Fill);
        other.timeframe = Timeframe::M3;
        QVERIFY(queue.add(other));
        other = job(btc, Urgency::Fill);
        other.confirming = true;
        QVERIFY(queue.add(other));
        other = job(btc, Urgency::Operator);
        other.backfill = 5;
        QVERIFY(queue.add(other));
        other.backfill = 6;
        QVERIFY(queue.add(other));
        for (const Job::Kind kind : {Job::Kind::Reread, Job::Kind::Probe}) { // one per series, whatever the span
            Job first = job(btc, Urgency::Reread, 20);
            first.kind = kind;
            Job second = job(btc, Urgency::Reread, 21);
            second.kind = kind;
            QVERIFY(queue.add(first));
            QVERIFY(!queue.add(second));
        }
        static_cast<void>(queue.peek(false, now()));
        while (queue.peek(false, now()))
            queue.take(false);
        QVERIFY(queue.add(job(btc, Urgency::Fill))); // taken, so it may come again
    }

    // Who wants sooner what waits already gets it sooner, wherever it waits; it stays what it was.
    void theMoreUrgentRaises()
    {
        JobQueue queue{499};
        Job funding = job(btc, Urgency::Fill, 9);
        funding.kind = Job::Kind::Funding;
        Job otherFunding = job(eth, Urgency::Repair, 8);
        otherFunding.kind = Job::Kind::Funding;
        Job later = job(eth, Urgency::Fill, 3);
        later.not_before = now() + 10s;
        for (const Job &waiting : {job(btc, Urgency::Repair), job(btc, Urgency::Fill, 1), job(btc, Urgency::Fill, 2),
                                   later, funding, otherFunding})
            QVERIFY(queue.add(waiting));
        QVERIFY(!queue.add(job(btc, Urgency::Overdue, 2)));
        QVERIFY(!queue.add(job(btc, Urgency::Reread, 2))); // a less urgent wish lowers nothing
        QVERIFY(!queue.add(job(eth, Urgency::Probe, 3)));  // and may go now
        funding.urgency = Urgency::Overdue;
        QVERIFY(!queue.add(funding));
        QCOMPARE(queue.size(), size_t(6));
        QCOMPARE(queue.waiting(Urgency::Fill), size_t(3));
        QVERIFY(!queue.nextDue());
        QVERIFY(queue.peek(true, now()));
        QCOMPARE(queue.take(true).span.from, funding.span.from);
        QVERIFY(queue.peek(false, now()));
        const Job first = queue.take(false);
        QCOMPARE(toMs(first.span.from), 2 * 60'000);
        QCOMPARE(first.urgency, Urgency::Fill);
        QVERIFY(queue.add(first)); // asked again after a refusal: still as urgent
        std::vector<int> order;
        while (queue.peek(false, now()))
            order.push_back(int(toMs(queue.take(false).span.from) / 60'000));
        QCOMPARE(order, (std::vector{2, 3, 0, 1}));
    }

    // Days without the exchange: candles become overdue one by one, and are asked for together.
    void overdueCandlesOfASeriesGather()
    {
        JobQueue queue{499};
        constexpr int minutes = 5'000;
        for (int minute = 0; minute < minutes; ++minute) {
            for (const QString &base : {btc, eth})
                QVERIFY(queue.add(job(base, Urgency::Overdue, minute)));
        }
        QVERIFY2(queue.size() <= 2 * 11, qPrintable(QString::number(queue.size())));
        QVERIFY(!queue.add(job(btc, Urgency::Repair, 7'000)) || queue.size() <= 2 * 11 + 1); // others stay apart
        QHash<QString, QSet<qint64>> asked;
        while (const Job *next = queue.peek(false, now())) {
            QVERIFY(candlesBetween(Timeframe::M1, next->span.from, next->span.to) < 500);
            const Job taken = queue.take(false);
            if (taken.urgency != Urgency::Overdue)
                continue;
            for (UtcTime open = taken.span.from; open < taken.span.to; open += 1min) {
                QVERIFY(!asked[taken.instrument.symbol].contains(toMs(open))); // once
                asked[taken.instrument.symbol].insert(toMs(open));
            }
        }
        QCOMPARE(asked[btc + QStringLiteral("USDT")].size(), minutes);
        QCOMPARE(asked[eth + QStringLiteral("USDT")].size(), minutes);
        // What was taken is extended no more, and what leaves a hole begins anew.
        QVERIFY(queue.add(job(btc, Urgency::Overdue, 5'000)));
        QVERIFY(queue.add(job(btc, Urgency::Overdue, 5'002)));
        QCOMPARE(queue.size(), size_t(2));
        // The same candle again is the same job, also within a gathered one.
        QVERIFY(queue.add(job(btc, Urgency::Overdue, 5'003)));
        QCOMPARE(queue.size(), size_t(2));
    }

    void fundingHasItsOwnLane()
    {
        JobQueue queue{499};
        Job funding = job(btc, Urgency::Fill);
        funding.kind = Job::Kind::Funding;
        QVERIFY(queue.add(funding));
        QVERIFY(!queue.peek(false, now()));
        QVERIFY(queue.peek(true, now()));
        QCOMPARE(queue.take(true).kind, Job::Kind::Funding);
        QVERIFY(!queue.peek(true, now()));
    }

    void delayed()
    {
        JobQueue queue{499};
        Job later = job(btc, Urgency::Overdue);
        later.not_before = now() + 10s;
        QVERIFY(queue.add(later));
        QVERIFY(!queue.add(later));
        QCOMPARE(queue.size(), size_t(1));
        QCOMPARE(queue.waiting(Urgency::Overdue), size_t(1));
        QVERIFY(queue.nextDue() == now() + 10s);
        m_clock.advance(10s - 1ms);
        QVERIFY(!queue.peek(false, now()));
        m_clock.advance(1ms);
        QVERIFY(queue.peek(false, now()));
        QVERIFY(!queue.nextDue());
        queue.take(false);
        QVERIFY(queue.add(later));
    }

    void removal()
    {
        JobQueue queue{499};
        for (int i = 0; i < 10; ++i) {
            Job one = job(i % 2 ? btc : eth, Urgency::Operator, i);
            one.backfill = quint64(i % 3);
            one.kind = i % 4 == 0 ? Job::Kind::Funding : Job::Kind::Candles;
            if (i % 5 == 0)
                one.not_before = now() + 1h;
            QVERIFY(queue.add(one));
        }
        QCOMPARE(queue.takeBackfill(2).size(), size_t(3)); // 2, 5, 8
        QCOMPARE(queue.size(), size_t(7));
        queue.removePair(QStringLiteral("ETH/USDT:USDT")); // 0, 4, 6
        QCOMPARE(queue.size(), size_t(4));
        Job again = job(eth, Urgency::Operator, 8);
        again.backfill = 2;
        again.kind = Job::Kind::Funding;
        QVERIFY(queue.add(again)); // what was removed may come again
    }

private:
    MonotonicTime now() const { return m_clock.now(); }
    ManualClock m_clock;
};

TK_TEST(JobQueueTest, job_queue);
#include "tst_job_queue.moc"
