// How far back the store has held each series, also when it holds it no more.
#include "history/reach.h"

#include "keeper_rig.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;

class ReachTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void outlivesTheStore()
    {
        KeeperRig rig;
        QVERIFY(rig.put(Timeframe::M3, rig.start - 30min, 10));
        Reach before(rig.keeper(), rig.index(), venue);
        before.load();
        QVERIFY(!before.of(series) && !before.isStoreEmptied()); // nothing is known of an earlier run
        before.save({series, month}, {});
        QCOMPARE(*before.of(series), rig.start - 30min);
        QVERIFY(!before.of(month)); // nothing of it was ever there
        QVERIFY(!before.isStoreEmptied());
        rig.beginStore(QStringLiteral("another"));
        rig.restart();
        Reach after(rig.keeper(), rig.index(), venue);
        after.load();
        QCOMPARE(*after.of(series), rig.start - 30min);
        QVERIFY(after.isStoreEmptied());
        // What is there again does not shorten it, nor does a look at the store.
        QVERIFY(rig.put(Timeframe::M3, rig.start - 9min, 3));
        after.stored(series, rig.start - 9min);
        after.save({series}, {});
        QCOMPARE(*after.of(series), rig.start - 30min);
        QVERIFY(!after.isStoreEmptied());
    }

    void growsWithWhatIsFetched()
    {
        KeeperRig rig;
        Reach reach(rig.keeper(), rig.index(), venue);
        reach.stored(series, rig.start - 30min);
        reach.stored(series, rig.start - 90min);
        reach.stored(series, rig.start - 60min);
        QCOMPARE(*reach.of(series), rig.start - 90min);
    }

    // What was removed for its age was not lost.
    void forgetsWhatTheStoreKeepsNoLonger()
    {
        KeeperRig rig;
        QVERIFY(rig.put(Timeframe::M3, rig.start - 30min, 10));
        Reach reach(rig.keeper(), rig.index(), venue);
        reach.save({series}, rig.start - 12min);
        QCOMPARE(*reach.of(series), rig.start - 12min);
    }

    // A pair that is collected no more has a history all the same; a month is told from a minute.
    void keepsSeriesThatAreNotCollected()
    {
        KeeperRig rig;
        Reach before(rig.keeper(), rig.index(), venue);
        before.stored(month, fromMs(0) + 24h);
        before.stored({venue, btc, Timeframe::M1}, rig.start);
        before.save({}, {});
        Reach after(rig.keeper(), rig.index(), venue);
        after.load();
        QCOMPARE(*after.of(month), fromMs(0) + 24h);
        QCOMPARE(*after.of({venue, btc, Timeframe::M1}), rig.start);
        Reach other(rig.keeper(), rig.index(), QStringLiteral("bybit-linear"));
        other.load();
        QVERIFY(!other.of({QStringLiteral("bybit-linear"), btc, Timeframe::M1}));
    }

private:
    const SeriesKey series{venue, btc, Timeframe::M3};
    const SeriesKey month{venue, btc, Timeframe::Mo1};
};

TK_TEST(ReachTest, reach);

#include "tst_reach.moc"
