// From what is wanted to jobs. 10:00 is now, at the exchange and here.
#include "history/job_planner.h"

#include "exchange/binance_usdm/adapter.h"
#include "keeper_rig.h"
#include "support/test_registry.h"

#include <QUrlQuery>

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;

class JobPlannerTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_settings = {};
        m_settings.timeframes = {Timeframe::M3};
        m_book.adopt({KeeperRig::instrument(QStringLiteral("AAVE/USDT:USDT")), KeeperRig::instrument(btc)}, m_settings,
                     start);
    }

    void candlesComeNewestFirst()
    {
        const auto jobs =
            m_planner.candles(KeeperRig::instrument(btc), Timeframe::M3, {{start - 1500 * 3min, start - 1h}},
                              {.urgency = Urgency::Operator, .backfill = 7, .values = true});
        QCOMPARE(jobs.size(), size_t(3)); // of 499 at most
        QCOMPARE(jobs[0].span.to, start - 1h);
        QCOMPARE(jobs[0].window, 0);
        QCOMPARE(jobs[2].window, 2);
        QCOMPARE(jobs[2].span.from, start - 1500 * 3min);
        QCOMPARE(jobs[1].urgency, Urgency::Operator);
        QCOMPARE(jobs[1].backfill, quint64(7));
        QCOMPARE(jobs[1].rank, 1); // of the pair
        QVERIFY(jobs[1].values);
        QVERIFY(jobs[1].not_before == MonotonicTime{});
    }

    // Neither of another contract nor of what the store removes.
    void nothingFromBeforeAListingOrOutOfKeeping()
    {
        const auto instrument = KeeperRig::instrument(btc, start - 31min); // within the candle of 09:27
        const auto wanted = [&](TimeSpan hole) { return m_planner.candles(instrument, Timeframe::M3, {hole}, {}); };
        QVERIFY(wanted({start - 2h, start - 33min}).empty());
        QCOMPARE(wanted({start - 2h, start - 6min}).at(0).span.from, start - 33min); // the first, though not whole
        m_settings.retention = 20min; // it goes on within the candle of 09:39
        QCOMPARE(wanted({start - 2h, start - 6min}).at(0).span.from, start - 18min);
        QVERIFY(wanted({start - 2h, start - 18min}).empty());
    }

    // REST calls a candle final some seconds after its close.
    void whatHasJustClosedWaits()
    {
        const auto jobs = m_planner.candles(KeeperRig::instrument(btc), Timeframe::M3, {{start - 9min, start}}, {});
        QCOMPARE(jobs.at(0).not_before - m_clock.now(), 5'250ms);
        Gap gap;
        gap.stream = {venue, btc, StreamKind::MarkPrice, Timeframe::M1};
        const auto minutes = m_planner.repair({gap, {{start - 3min, start + 1min}}}, KeeperRig::instrument(btc));
        QCOMPARE(minutes.size(), size_t(1));
        QCOMPARE(minutes[0].kind, Job::Kind::Marks);
        QCOMPARE(minutes[0].not_before - m_clock.now(), 65s); // its last minute runs still
    }

    void eachStreamIsRepairedInItsWay()
    {
        Gap gap;
        gap.stream = {venue, btc, StreamKind::FundingRate, Timeframe::M1};
        const auto instrument = KeeperRig::instrument(btc);
        const TimeSpan year{start - 8760h, start};
        const auto rates = m_planner.repair({gap, {year}}, instrument);
        QCOMPARE(rates.size(), size_t(1)); // by their number, not by any grid
        QCOMPARE(rates[0].kind, Job::Kind::Funding);
        QVERIFY(rates[0].span == year);
        gap.stream = {venue, btc, StreamKind::MarkCandles, Timeframe::H1};
        const auto candles = m_planner.repair({gap, {year}}, instrument);
        QCOMPARE(candles.size(), size_t(18)); // 8,760 hours
        QCOMPARE(candles[0].kind, Job::Kind::MarkCandles);
        QCOMPARE(candles[0].urgency, Urgency::Repair);
        // The same without a gap goes behind everything else.
        QCOMPARE(m_planner.markCandles(instrument, {year}).at(0).urgency, Urgency::Reread);
    }

    void ratesGoOnWhereTheyEnded()
    {
        const auto instrument = KeeperRig::instrument(btc);
        QCOMPARE(m_planner.funding(instrument, {})->span.from, start - 8000h); // as far as one request brings
        QCOMPARE(m_planner.funding(instrument, start - 2h)->span.from, start - 2h + 1min);
        QVERIFY(!m_planner.funding(instrument, start));
        QCOMPARE(m_planner.funding(KeeperRig::instrument(btc, start - 24h), {})->span.from, start - 24h);
        const Job settled = m_planner.justSettled(instrument);
        QCOMPARE(settled.not_before - m_clock.now(), 60s);
        QVERIFY(settled.span.to > start); // also one whose time is a few milliseconds off
    }

    void aProbeBeginsAtTheCandleLastSeen()
    {
        QuietProbe probe{.pair = btc, .timeframe = Timeframe::M3, .known_open = start - 30min};
        QVERIFY((m_planner.probe(KeeperRig::instrument(btc), probe).span == TimeSpan{start - 30min, start + 3min}));
        probe.known_open = {};
        QCOMPARE(m_planner.probe(KeeperRig::instrument(btc), probe).span.from, start - 90 * 3min);
    }

    // A re-reading that waited reads what closed meanwhile, and two before that which asked for it.
    void aRereadReadsTheNewest()
    {
        const SeriesSpan closed{{venue, btc, Timeframe::M3}, {start - 12min, start - 9min}};
        Job job = m_planner.reread(KeeperRig::instrument(btc), closed);
        QCOMPARE(job.not_before - m_clock.now(), 60s);
        QVERIFY((asked(job) == TimeSpan{start - 18min, start - 3min}));
        job.span = {start - 24h, start - 24h + 3min}; // it waited for a day
        QVERIFY((asked(job) == TimeSpan{start - 3min - 90 * 3min, start - 3min}));
    }

    // What a request weighs is learned of a contract that is old enough for a whole one.
    void learnsOfAnOldContract()
    {
        const auto young = KeeperRig::instrument(QStringLiteral("NEW/USDT:USDT"), start - 30min);
        auto job = m_planner.learning({young, KeeperRig::instrument(btc)});
        QCOMPARE(job->instrument.unified, btc);
        QVERIFY((job->span == TimeSpan{start - 3min - 500 * 3min, start - 3min}));
        QCOMPARE(job->urgency, Urgency::Overdue);
        job = m_planner.learning({young});
        QVERIFY((job->span == TimeSpan{start - 30min, start - 3min})); // of a young one what there is
        QVERIFY(!m_planner.learning({KeeperRig::instrument(btc, start)}));
    }

private:
    TimeSpan asked(const Job &job) const
    {
        const QUrlQuery query = m_planner.requestFor(job).query;
        const qint64 from = query.queryItemValue(QStringLiteral("startTime")).toLongLong();
        const qint64 last = query.queryItemValue(QStringLiteral("endTime")).toLongLong();
        return {fromMs(from), nextCandleOpen(job.timeframe, candleOpen(job.timeframe, fromMs(last)))};
    }

    static constexpr UtcTime start = KeeperRig::start;
    ManualClock m_clock;
    std::unique_ptr<exchange::ExchangeAdapter> m_adapter = exchange::binance::makeAdapter();
    HistorySettings m_settings;
    InstrumentBook m_book{*m_adapter, QString()};
    ExchangeClock m_time{m_clock, venue, 5s};
    JobPlanner m_planner{{*m_adapter, m_book, m_settings, m_time, m_clock}};
};

TK_TEST(JobPlannerTest, job_planner);

#include "tst_job_planner.moc"
