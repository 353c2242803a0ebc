// What the store lacks, and why. With a real store and a real ledger; 10:00 is now, and the candle of 09:57 is not
// final over REST yet.
#include "history/hole_search.h"

#include "market/gap_cause.h"
#include "search_rig.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;

class HoleSearchTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_rig = std::make_unique<SearchRig>(m_settings);
        m_settings = {};
        m_settings.timeframes = {Timeframe::M3};
        m_settings.history = 20;
        open();
    }

    void anEmptySeriesWasNeverCollected()
    {
        const auto holes = m_rig->holes().holesOf(KeeperRig::instrument(btc), Timeframe::M3);
        QVERIFY(holes->missed.empty());
        QVERIFY((holes->never_collected == std::vector{TimeSpan{end - 60min, end}}));
    }

    // What lies before the first candle is the fill's; what lies behind it was missed.
    void whatLiesBehindTheFirstCandleWasMissed()
    {
        QVERIFY(m_rig->put(Timeframe::M3, end - 30min, 3)); // to -21
        QVERIFY(m_rig->put(Timeframe::M3, end - 15min, 3)); // to -6
        m_rig->runs().stopped(end - 6min);
        const auto holes = m_rig->holes().holesOf(KeeperRig::instrument(btc), Timeframe::M3);
        QVERIFY((holes->never_collected == std::vector{TimeSpan{end - 60min, end - 30min}}));
        QCOMPARE(holes->missed.size(), size_t(2));
        QCOMPARE(holes->missed[0].from, end - 21min);
        QCOMPARE(holes->missed[0].to, end - 15min);
        QCOMPARE(holes->missed[0].cause, QStringLiteral("hole found in the store at start"));
        QCOMPARE(holes->missed[1].from, end - 6min);
        QCOMPARE(holes->missed[1].to, end);
        QCOMPARE(holes->missed[1].cause, QStringLiteral("engine stopped at %1").arg(isoText(end - 6min)));
    }

    // Farther back than a fill would go, too.
    void whatWasHeldOnceWasLost()
    {
        m_rig->reach().stored({venue, btc, Timeframe::M3}, end - 120min);
        QVERIFY(m_rig->put(Timeframe::M3, end - 30min, 10));
        auto holes = m_rig->holes().holesOf(KeeperRig::instrument(btc), Timeframe::M3);
        QVERIFY(holes->never_collected.empty());
        QCOMPARE(holes->missed.size(), size_t(1));
        QCOMPARE(holes->missed[0].from, end - 120min);
        QVERIFY(gapcause::isLoss(holes->missed[0].cause));
        holes =
            m_rig->holes().holesOf(KeeperRig::instrument(btc), Timeframe::M3, QStringLiteral("the file was removed"));
        QCOMPARE(holes->missed[0].cause, QStringLiteral("the store began anew: the file was removed"));
        // An index that is not the store itself may merely not know.
        m_settings.store_at_hand = false;
        holes = m_rig->holes().holesOf(KeeperRig::instrument(btc), Timeframe::M3);
        QVERIFY(holes->missed.empty());
        QVERIFY((holes->never_collected == std::vector{TimeSpan{end - 60min, end - 30min}}));
    }

    void listedWhileWeRunItIsWantedFromItsFirstCandle()
    {
        m_settings.history = 2;
        m_rig->runs().begin(end - 30min);
        auto holes = m_rig->holes().holesOf(KeeperRig::instrument(btc, end - 20min), Timeframe::M3);
        QCOMPARE(holes->never_collected.at(0).from, end - 21min); // 20 minutes ago, on the grid
        holes = m_rig->holes().holesOf(KeeperRig::instrument(btc, end - 40min), Timeframe::M3);
        QCOMPARE(holes->never_collected.at(0).from, end - 6min);
        m_settings.history = 20; // never from before the listing
        holes = m_rig->holes().holesOf(KeeperRig::instrument(btc, end - 40min), Timeframe::M3);
        QCOMPARE(holes->never_collected.at(0).from, end - 42min);
    }

    void neitherWhatIsRemovedSoonNorWhatNobodyHas()
    {
        m_settings.retention = 30min; // from 09:30: the candle of 09:30 goes next
        m_rig->keeper().absent({venue, btc, StreamKind::Candles, Timeframe::M3}, {end - 12min, end - 6min}, {});
        const auto holes = m_rig->holes().holesOf(KeeperRig::instrument(btc), Timeframe::M3);
        const UtcTime kept = KeeperRig::start - 27min;
        QVERIFY((holes->never_collected == std::vector{TimeSpan{kept, end - 12min}, TimeSpan{end - 6min, end}}));
    }

    void theWholeStoreIsSearched()
    {
        QVERIFY(m_rig->put(Timeframe::M3, end - 30min, 3)); // to -21
        QVERIFY(m_rig->put(Timeframe::M3, end - 15min, 3)); // to -6
        auto audit = m_rig->holes().searchAll();
        QCOMPARE(audit->series, size_t(1));
        QVERIFY(audit->gaps.empty()); // the exchange lists no such pair: nobody can ask for it
        // Listed, and not collected: nothing is due behind its last candle.
        m_settings.wanted.exclude = {QStringLiteral("BTC/USDT:USDT")};
        m_rig->book().adopt({KeeperRig::instrument(btc)}, m_settings, KeeperRig::start);
        QVERIFY(!m_rig->book().collects(btc));
        audit = m_rig->holes().searchAll();
        QCOMPARE(audit->gaps.size(), size_t(1));
        QCOMPARE(audit->gaps[0].from, end - 21min);
        QCOMPARE(audit->gaps[0].to, end - 15min);
        QCOMPARE(audit->holed, 1);
        QCOMPARE(audit->missing, 2);
        m_settings.wanted = {};
        m_rig->book().reselect(m_settings, KeeperRig::start);
        audit = m_rig->holes().searchAll();
        QCOMPARE(audit->missing, 4);
        // It was held further back than it begins now: what lay there was lost.
        m_rig->reach().stored({venue, btc, Timeframe::M3}, end - 36min);
        audit = m_rig->holes().searchAll();
        QCOMPARE(audit->gaps.at(0).from, end - 36min);
        QCOMPARE(audit->missing, 6);
        m_settings.retention = 20min;
        QCOMPARE(m_rig->holes().searchAll()->gaps.at(0).from, end - 6min);
    }

    // As far back as any candles of the pair go, by the hour.
    void markCandlesReachAsFarAsCandles()
    {
        const auto instrument = KeeperRig::instrument(btc);
        m_settings.history = 40; // two hours of three minutes
        m_settings.timeframes = {Timeframe::M1, Timeframe::M3};
        QVERIFY(
            (m_rig->holes().markCandleHoles(instrument) ==
             std::vector{TimeSpan{KeeperRig::start - 3h, KeeperRig::start - 1h}})); // that of 09:00 is not final yet
        m_rig->reach().stored({venue, btc, Timeframe::M1}, KeeperRig::start - 270min);
        QCOMPARE(m_rig->holes().markCandleHoles(instrument).at(0).from, KeeperRig::start - 5h);
        m_settings.mark_candles = false;
        QVERIFY(m_rig->holes().markCandleHoles(instrument).empty());
    }

private:
    void open()
    {
        m_rig->join();
        m_rig->runs().begin(KeeperRig::start);
    }

    const UtcTime end = KeeperRig::start - 3min; // of what is final
    HistorySettings m_settings;
    std::unique_ptr<SearchRig> m_rig;
};

TK_TEST(HoleSearchTest, hole_search);

#include "tst_hole_search.moc"
