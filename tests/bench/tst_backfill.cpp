// The first fill against the best that the exchange's budget allows, in real time.
#include "engine_rig.h"
#include "measure.h"
#include "support/test_registry.h"

#include <cmath>

namespace tk::bench {

using namespace std::chrono_literals;

class BenchBackfill : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void asFastAsTheBudgetAllows()
    {
        if (!qEnvironmentVariableIsSet("TAPEKEEPER_LONG"))
            QSKIP("a benchmark: scripts/test --long");
        constexpr int pairs = 164;
        constexpr int candles = 1500;
        test::EngineRig rig(test::RigOptions{.pairs = pairs,
                                             .factor = 1,
                                             .timeframes = {Timeframe::M3, Timeframe::M15, Timeframe::H1},
                                             .history = candles});
        // Early in a minute: then most of the time that the budget asks for is there to be measured.
        QVERIFY(rig.waitUntil([&] { return toMs(rig.clock().utcNow()) % 60'000 < 3'000; }, 70s));
        const UtcTime started = rig.clock().utcNow();
        const MonotonicTime began = rig.clock().now();
        QVERIFY(rig.start());
        QVERIFY(rig.waitUntil([&] { return rig.history() && rig.history()->fill.done; }, 300s));
        const double took = std::chrono::duration<double>(rig.clock().now() - began).count();

        // What the simulator charges (it follows the exchange): 2 for up to 500 candles, the cheapest there is.
        constexpr double cheapest = candles / 500 * 2;
        constexpr double perMinute = 2400 * 0.9;
        const double weight = cheapest * double(rig.instruments().size()) * 3 + 1; // and the instrument list
        const double minutes = std::ceil(weight / perMinute);                      // the first one is this one
        const double least = minutes <= 1 ? 1 : (minutes - 1) * 60 - double(toMs(started) % 60'000) / 1000;
        const sim::SimStats stats = rig.sim().stats();
        judge({QStringLiteral("backfill-seconds"), Demand::Bound::AtMost, 120, QStringLiteral(" s")}, {took});
        judge({QStringLiteral("backfill-weight-in-a-minute"), Demand::Bound::ReportOnly, 0, {}},
              {double(stats.maxWeightInMinute)});
        judge({QStringLiteral("backfill-budget-seconds"), Demand::Bound::ReportOnly, 0, QStringLiteral(" s")}, {least});
        const bool fast = judge({QStringLiteral("backfill-vs-budget"), Demand::Bound::AtMost, 1.1, QStringLiteral("x")},
                                {took / least});
        const bool refused =
            !judge({QStringLiteral("backfill-429"), Demand::Bound::AtMost, 0, {}}, {double(stats.rest429)});
        QVERIFY(!refused);
        QVERIFY(took <= 120);
        QVERIFY(fast);
    }
};

} // namespace tk::bench

using tk::bench::BenchBackfill;
TK_TEST(BenchBackfill, backfill);
#include "tst_backfill.moc"
