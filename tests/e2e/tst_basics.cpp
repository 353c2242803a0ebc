#include "engine_rig.h"

#include "support/test_registry.h"

namespace tk::test {

class TestBasics : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void collectsAndAgreesWithTheTruth();
    void aRestartFillsWhatWasMissed();
    void aSecondEngineIsRefused();
    void quietPairsAreNeverAlarmed();
};

void TestBasics::collectsAndAgreesWithTheTruth()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitSimulated(std::chrono::minutes(8)));
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.feed()->final_candles > 0);
    QCOMPARE(rig.sim().stats().rest429, quint64(0));
    QCOMPARE(rig.sim().stats().ruleViolations, quint64(0));
    QCOMPARE(rig.alarms(), QStringList());
}

void TestBasics::aRestartFillsWhatWasMissed()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitSimulated(std::chrono::minutes(2)));
    rig.stop();
    QVERIFY(rig.waitSimulated(std::chrono::minutes(10)));
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    const auto gaps = rig.gaps();
    QVERIFY(std::ranges::any_of(gaps, [](const Gap &gap) {
        return gap.cause.startsWith(QLatin1String("engine stopped at")) && gap.state == GapState::Closed;
    }));
}

void TestBasics::aSecondEngineIsRefused()
{
    EngineRig rig({.pairs = 10});
    QVERIFY(rig.start());
    const auto second = app::Engine::create(rig.settings(), std::make_shared<SystemClock>(), {});
    QVERIFY(!second);
    QVERIFY2(second.error().message.contains(rig.dataDir()), qPrintable(second.error().message));
}

void TestBasics::quietPairsAreNeverAlarmed()
{
    // Many quiet pairs for an hour and a half: nothing may be called stale or silent, and quietness is proven.
    EngineRig rig({.pairs = 40, .factor = 120});
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitSimulated(std::chrono::minutes(45)));
    QVERIFY(rig.seen(StreamState::Quiet) > 0);
    QCOMPARE(rig.alarms(), QStringList());
    QCOMPARE(rig.verdict(), QString());
}

} // namespace tk::test

using tk::test::TestBasics;
TK_TEST(TestBasics, basics);
#include "tst_basics.moc"
