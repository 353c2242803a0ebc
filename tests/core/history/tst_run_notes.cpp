// What one run leaves for the next.
#include "history/run_notes.h"

#include "keeper_rig.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;

class RunNotesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nothingWasMissedBeforeTheFirstRun()
    {
        KeeperRig rig;
        RunNotes runs(rig.keeper(), venue);
        runs.begin(rig.start);
        QVERIFY(!runs.lastRunEnded());
        QCOMPARE(runs.firstRun(), rig.start);
        runs.alive(rig.start + 10s);
        // Each exchange has its own runs.
        QVERIFY(!RunNotes(rig.keeper(), QStringLiteral("bybit-linear")).lastRunEnded());
    }

    void aCleanStopIsExact()
    {
        KeeperRig rig;
        RunNotes first(rig.keeper(), venue);
        first.begin(rig.start);
        first.alive(rig.start + 50s);
        first.stopped(rig.start + 57s);
        rig.restart();
        RunNotes second(rig.keeper(), venue);
        second.begin(rig.start + 10min);
        QCOMPARE(*second.lastRunEnded(), rig.start + 57s);
        QCOMPARE(second.howItEnded(), QStringLiteral("engine stopped at 2026-11-20T10:00:57Z"));
        QCOMPARE(second.startedAt(), rig.start + 10min);
        QCOMPARE(second.firstRun(), rig.start); // since then something may have been collected
    }

    // Killed after a run that had stopped cleanly: the old stop says nothing any more.
    void aKillIsNotTheStopBefore()
    {
        KeeperRig rig;
        RunNotes first(rig.keeper(), venue);
        first.begin(rig.start);
        first.stopped(rig.start + 57s);
        rig.restart();
        RunNotes second(rig.keeper(), venue);
        second.begin(rig.start + 10min);
        second.alive(rig.start + 11min);
        QCOMPARE(*second.lastRunEnded(), rig.start + 57s); // what it missed is not named yet
        second.collecting();
        rig.restart();
        RunNotes third(rig.keeper(), venue);
        third.begin(rig.start + 20min);
        QCOMPARE(*third.lastRunEnded(), rig.start + 11min);
        QCOMPARE(third.howItEnded(), QStringLiteral("engine ended without a clean stop"));
    }

    // Our clock may have been wrong in the run before: nobody collected later than now.
    void noFirstRunLiesAhead()
    {
        KeeperRig rig;
        RunNotes first(rig.keeper(), venue);
        first.begin(rig.start + 24h);
        RunNotes second(rig.keeper(), venue);
        second.begin(rig.start);
        QCOMPARE(second.firstRun(), rig.start);
    }
};

TK_TEST(RunNotesTest, run_notes);

#include "tst_run_notes.moc"
