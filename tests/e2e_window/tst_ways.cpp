// The same window on an engine in the same process, over its socket and over ssh: what it shows is what the exchange
// knows, a fault is named and its end too, and an engine that goes away is told as that.
#include "window_rig.h"

#include "support/test_registry.h"
#include "ui/models/pair_model.h"

#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QLabel>
#include <QTableView>

Q_DECLARE_METATYPE(tk::test::WindowWay)

namespace tk::test {

using namespace std::chrono_literals;

namespace {

const QString btc = QStringLiteral("BTC/USDT:USDT");

void addWays()
{
    QTest::addColumn<WindowWay>("way");
    QTest::newRow("in the process") << WindowWay::Local;
    QTest::newRow("socket") << WindowWay::Socket;
    QTest::newRow("ssh") << WindowWay::Ssh;
}

#define NEEDS_THE_WAY(rig)                                                                                             \
    if (!(rig).isPossible())                                                                                           \
    QSKIP(qPrintable(QStringLiteral("no sshd here: ") + (rig).ssh().problem()))

} // namespace

class WaysTest : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void showsWhatTheExchangeKnows_data() { addWays(); }
    void showsWhatTheExchangeKnows()
    {
        QFETCH(WindowWay, way);
        WindowRig rig(way);
        NEEDS_THE_WAY(rig);
        QVERIFY(rig.start());
        const QAbstractItemModelTester pairs(&rig.window().pairs().model());
        const QAbstractItemModelTester shown(&rig.window().pairs().shown());
        QVERIFY(rig.rig().waitLive());
        // Every pair that is collected, once, and none else.
        QTRY_COMPARE_WITH_TIMEOUT(rig.view().pairs().rows().size(), rig.rig().instruments().size(), 20'000);
        for (const exchange::Instrument &instrument : rig.rig().instruments())
            QVERIFY2(rig.pair(instrument.unified), qPrintable(instrument.unified));
        QVERIFY(rig.waitUntil([&] { return rig.pair(btc) && !rig.pair(btc)->price.isEmpty(); }));

        // The chart holds what the exchange says happened, digit by digit; and goes on by itself.
        ui::ChartsPanel &charts = rig.window().charts();
        QVERIFY(rig.waitUntil([&] { return charts.current() && charts.current()->series().size() >= 25; }));
        QCOMPARE(charts.current()->pair(), btc);
        const size_t before = charts.current()->series().size();
        QVERIFY(rig.waitUntil([&] { return charts.current()->series().size() >= before + 2; }));
        const ui::CandleSeries &series = charts.current()->series();
        const Timeframe timeframe = charts.current()->timeframe();
        // A candle may come late with its corrected values: those of the last minutes are still on their way.
        const UtcTime settled = rig.rig().clock().utcNow() - 3min;
        const auto truth = rig.rig().sim().truth(QStringLiteral("BTCUSDT"), timeframe,
                                                 {series.oldest().open_time, candleOpen(timeframe, settled)});
        QVERIFY(truth.size() > 20);
        for (const Candle &candle : truth) {
            const auto at = series.indexOf(toMs(candle.open_time));
            QVERIFY2(at, qPrintable(isoText(candle.open_time)));
            QVERIFY2(sameValues(series.candle(*at), candle), qPrintable(isoText(candle.open_time)));
        }
        QVERIFY(rig.waitUntil([&] { return rig.window().status().line().verdict == monitor::Verdict::Well; }));
        QVERIFY(rig.window().status().line().text.contains(QStringLiteral("nothing lost so far")));
    }

    // No stream shows the candles of a pair without trades: history brings them, and the table must not call them
    // missing.
    void aPairWithoutTradesHasItsLastCandle()
    {
        WindowRig rig(WindowWay::Local);
        QVERIFY(rig.start());
        QVERIFY(rig.rig().waitLive());
        QVERIFY(rig.waitUntil([&] { return rig.view().connection().isConnected() && rig.pair(btc); }));
        QVERIFY(rig.rig().sim().addFault({.fault = QStringLiteral("quiet"),
                                          .stream = {},
                                          .connection = 0,
                                          .duration = 30min,
                                          .parameters = {{QStringLiteral("symbol"), QStringLiteral("BTCUSDT")},
                                                         {QStringLiteral("for"), QStringLiteral("30m")}}}) > 0);
        QVERIFY(rig.waitUntil([&] { return rig.pair(btc)->state == StreamState::Quiet; }, 120s));
        QVERIFY(rig.rig().waitSimulated(4min));
        QVERIFY(rig.waitUntil([&] {
            const UtcTime open = candleOpen(Timeframe::M1, rig.rig().clock().utcNow() - 90s);
            return rig.pair(btc)->lastFinal(Timeframe::M1) >= open - 1min;
        }));
        QCOMPARE(rig.pair(btc)->state, StreamState::Quiet);
    }

    void namesAFaultAndItsEnd_data() { addWays(); }
    void namesAFaultAndItsEnd()
    {
        QFETCH(WindowWay, way);
        WindowRig rig(way);
        NEEDS_THE_WAY(rig);
        QVERIFY(rig.start());
        QVERIFY(rig.rig().waitLive());
        QVERIFY(rig.waitUntil([&] { return rig.view().connection().isConnected() && rig.pair(btc); }));
        QVERIFY(rig.rig().sim().addFault({.fault = QStringLiteral("mute-stream"),
                                          .stream = QStringLiteral("btcusdt@*"),
                                          .connection = 0,
                                          .duration = 20min,
                                          .parameters = {}}) > 0);
        QVERIFY(rig.waitUntil([&] { return rig.pair(btc)->isSick(); }));
        // Worst first: the pair stands on top, and the sentence counts it.
        QTableView &table = rig.window().pairs().table();
        QTRY_COMPARE_WITH_TIMEOUT(table.model()->index(0, 0).data().toString(), btc, 10'000);
        QTRY_VERIFY_WITH_TIMEOUT(rig.window().status().line().text.startsWith(
                                     QStringLiteral("1 of %1 pairs stale").arg(rig.view().pairs().rows().size())),
                                 10'000);
        QTRY_COMPARE_WITH_TIMEOUT(rig.window().status().line().verdict, monitor::Verdict::Trouble, 10'000);
        QTRY_COMPARE_WITH_TIMEOUT(rig.window().health().card(ui::HealthPanel::Streams).mood(),
                                  ui::HealthCard::Mood::Trouble, 10'000);
        QTRY_VERIFY_WITH_TIMEOUT(!rig.view().events().lasting().empty(), 10'000);
        QVERIFY(rig.view().events().lasting().front().pairs.contains(btc));
        rig.shoot(rig.window(), QStringLiteral("window-trouble"));

        QVERIFY(rig.waitUntil([&] { return !rig.pair(btc)->isSick(); }, 90s));
        QVERIFY(rig.rig().waitHealthy());
        QTRY_VERIFY_WITH_TIMEOUT(rig.view().events().lasting().empty(), 20'000);
        QTRY_COMPARE_WITH_TIMEOUT(rig.window().status().line().verdict, monitor::Verdict::Well, 20'000);
        QTRY_VERIFY_WITH_TIMEOUT(rig.view().gaps().gaps().isEmpty(), 20'000);
    }

    void saysThatTheEngineIsAway_data()
    {
        QTest::addColumn<WindowWay>("way");
        QTest::newRow("socket") << WindowWay::Socket;
        QTest::newRow("ssh") << WindowWay::Ssh;
    }
    void saysThatTheEngineIsAway()
    {
        QFETCH(WindowWay, way);
        WindowRig rig(way);
        NEEDS_THE_WAY(rig);
        QVERIFY(rig.start());
        QVERIFY(rig.rig().waitLive());
        QVERIFY(rig.waitUntil([&] { return rig.view().connection().isConnected() && rig.pair(btc); }));
        rig.rig().stop();
        using State = monitor::EngineConnection::State;
        QTRY_COMPARE_WITH_TIMEOUT(rig.view().connection().state(), State::Lost, 30'000);
        QTRY_COMPARE_WITH_TIMEOUT(rig.window().status().line().verdict, monitor::Verdict::Away, 10'000);
        QVERIFY(rig.window().status().line().text.contains(QStringLiteral("last seen")));
        QVERIFY(rig.window().findChild<QLabel *>(QStringLiteral("banner"))->isVisible());
        QVERIFY(!rig.window().action(QStringLiteral("backfill"))->isEnabled());
        // Ages stand still: nothing of the past may look fresh.
        const UtcTime stood = rig.view().now();
        QElapsedTimer passed;
        passed.start();
        QVERIFY(rig.waitUntil([&] { return passed.elapsed() > 30; }));
        QCOMPARE(rig.view().now(), stood);
        rig.shoot(rig.window(), QStringLiteral("window-away"));

        QVERIFY(rig.rig().start());
        QTRY_COMPARE_WITH_TIMEOUT(rig.view().connection().state(), State::Connected, 60'000);
        QVERIFY(rig.rig().waitLive());
        QVERIFY(rig.waitUntil([&] { return rig.pair(btc) && rig.pair(btc)->state == StreamState::Live; }));
        QVERIFY(!rig.window().findChild<QLabel *>(QStringLiteral("banner"))->isVisible());
    }

    void aHostThatGoesTakesNoWindowAlong()
    {
        WindowRig rig(WindowWay::Ssh);
        NEEDS_THE_WAY(rig);
        QVERIFY(rig.start());
        QVERIFY(rig.rig().waitLive());
        using State = monitor::EngineConnection::State;
        QTRY_COMPARE_WITH_TIMEOUT(rig.view().connection().state(), State::Connected, 30'000);
        rig.ssh().stop();
        QTRY_COMPARE_WITH_TIMEOUT(rig.view().connection().state(), State::Lost, 30'000);
        QTRY_VERIFY_WITH_TIMEOUT(rig.view().connection().trouble().message.contains(QStringLiteral("refused")), 30'000);
        QVERIFY(rig.ssh().restart());
        QTRY_COMPARE_WITH_TIMEOUT(rig.view().connection().state(), State::Connected, 60'000);
    }

    void anUnknownOrChangedHostKeyIsRefused_data()
    {
        QTest::addColumn<bool>("changed");
        QTest::addColumn<QString>("says");
        QTest::newRow("unknown") << false << QStringLiteral("is not known");
        QTest::newRow("changed") << true << QStringLiteral("has changed");
    }
    void anUnknownOrChangedHostKeyIsRefused()
    {
        QFETCH(bool, changed);
        QFETCH(QString, says);
        WindowRig rig(WindowWay::Ssh);
        NEEDS_THE_WAY(rig);
        changed ? rig.ssh().changeHostKey() : rig.ssh().forgetHostKey();
        QVERIFY(rig.start());
        QTRY_VERIFY_WITH_TIMEOUT(rig.view().connection().trouble().message.contains(says), 30'000);
        QVERIFY(!rig.view().connection().isConnected());
        // The table says why nothing is there.
        QTRY_VERIFY_WITH_TIMEOUT(rig.window().status().line().text.contains(says), 10'000);
    }
};

} // namespace tk::test

TK_TEST(tk::test::WaysTest, ways);
#include "tst_ways.moc"
