// What the whole program costs under the load it was made for: processes, real time, the real exchange's way of sending
// every frame in a TCP segment of its own.
#include "load_rig.h"
#include "measure.h"
#include "support/test_registry.h"

#include <QTest>

namespace tk::bench {

class BenchLoad : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void aTwentiethOfACore_data()
    {
        QTest::addColumn<int>("pairs");
        QTest::addColumn<QByteArray>("timeframes");
        QTest::addColumn<bool>("demanded");
        QTest::newRow("164-pairs") << 164 << realLoad().timeframes << true;
        QTest::newRow("1000-pairs") << 1000 << QByteArray("\"3m\", \"15m\", \"1h\"") << false;
    }
    void aTwentiethOfACore()
    {
        if (!qEnvironmentVariableIsSet("TAPEKEEPER_LONG"))
            QSKIP("a benchmark: scripts/test --long");
        QFETCH(int, pairs);
        QFETCH(QByteArray, timeframes);
        QFETCH(bool, demanded);
        LoadRig rig({.pairs = pairs, .activity = 300, .timeframes = timeframes});
        QVERIFY2(rig.start(), rig.log().right(4000).constData());
        const Figures figures = rig.measure();
        const QString name = QString::fromLatin1(QTest::currentDataTag());
        const auto bound = demanded ? Demand::Bound::AtMost : Demand::Bound::ReportOnly;
        judge({name + QStringLiteral("-frames"), Demand::Bound::ReportOnly, 0, QStringLiteral("/s")},
              figures.framesPerSecond);
        const bool cpu = judge({name + QStringLiteral("-cpu"), bound, 5, QStringLiteral(" %")}, figures.cpuPercent);
        const bool memory =
            judge({name + QStringLiteral("-resident"), bound, 55, QStringLiteral(" MB")}, {figures.residentMb});
        const bool peak = judge({name + QStringLiteral("-peak"), bound, 60, QStringLiteral(" MB")}, {figures.peakMb});
        QVERIFY2(!demanded || median(figures.framesPerSecond) >= 6'000, "the load was not the one that is asked for");
        QVERIFY2(!rig.log().contains("CRITICAL"), rig.log().right(4000).constData());
        QVERIFY(cpu);
        QVERIFY(memory && peak);
    }
};

} // namespace tk::bench

using tk::bench::BenchLoad;
TK_TEST(BenchLoad, load);
#include "tst_load.moc"
