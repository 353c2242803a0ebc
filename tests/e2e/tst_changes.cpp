// What changes while the engine runs: listings, delistings, depth chains, planned rotation.
#include "engine_rig.h"
#include "telling.h"

#include "support/test_registry.h"

#include <QJsonObject>

namespace tk::test {

using namespace std::chrono_literals;

class TestChanges : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void f19_delisted();
    void listedWhileRunning();
    void f13_brokenBookChainsAreNamed();
    void rotatesBeforeTheCut();
    void tradesAreKeptWithTheirGaps();
    void downtimeIsNamedForStreamsWithoutHistory();
};

void TestChanges::f19_delisted()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    const QString ada = QStringLiteral("ADA/USDT:USDT");
    auto said = Telling::calm(rig, {QStringLiteral("Delisted")});
    rig.sim().delist(QStringLiteral("ADAUSDT"), rig.clock().utcNow() + 20s);
    QVERIFY(rig.waitStream(ada, StreamKind::Candles, Timeframe::M1, StreamState::Ended));
    QVERIFY(rig.waitStream(ada, StreamKind::MarkPrice, Timeframe::M1, StreamState::Ended));
    QVERIFY(rig.waitSimulated(3min));
    QVERIFY(rig.waitHealthy()); // an ended stream alarms nobody
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
}

void TestChanges::listedWhileRunning()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::calm(rig);
    rig.sim().listInstrument(QStringLiteral("NEWCOINUSDT"), rig.clock().utcNow() + 10s);
    const QString pair = QStringLiteral("NEWCOIN/USDT:USDT");
    QVERIFY(rig.waitStream(pair, StreamKind::MarkPrice, Timeframe::M1, StreamState::Live));
    QVERIFY(rig.waitStream(pair, StreamKind::Candles, Timeframe::M1, StreamState::Live));
    QVERIFY(rig.waitSimulated(3min));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
}

void TestChanges::f13_brokenBookChainsAreNamed()
{
    RigOptions options{.pairs = 10, .factor = 20};
    options.streams.append(QStringLiteral("depth"));
    EngineRig rig(options);
    QVERIFY(rig.start());
    QVERIFY(rig.waitStream(QStringLiteral("BTC/USDT:USDT"), StreamKind::Depth, Timeframe::M1, StreamState::Live));
    auto said = Telling::calm(rig, {QStringLiteral("book chain")}); // lost for good, and told as that
    rig.sim().addFault({.fault = QStringLiteral("F13"),
                        .stream = QStringLiteral("btcusdt@depth"),
                        .connection = 0,
                        .duration = 10s,
                        .parameters = {{QStringLiteral("every"), 20}}});
    QVERIFY(rig.waitUntil([&] {
        return std::ranges::any_of(rig.gaps(), [](const Gap &gap) {
            return gap.stream.kind == StreamKind::Depth && gap.state == GapState::Unfillable &&
                   gap.cause.contains(QLatin1String("book chain"));
        });
    }));
    // No history has it: lost, and counted as that in the sentence of status and window.
    QVERIFY2(rig.waitUntil([&] { return rig.witness().last().window.text.contains(QLatin1String("unfillable")); }, 10s),
             qPrintable(rig.witness().last().window.text));
    QCOMPARE(said.told(), QString());
}

void TestChanges::rotatesBeforeTheCut()
{
    // Connections are replaced every five minutes here: each new one delivers before the old one goes.
    RigOptions options;
    options.rotateAfter = 5min;
    EngineRig rig(options);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::calm(rig);
    QVERIFY(rig.waitUntil([&] { return rig.sim().stats().connectionsOpened >= 4; }));
    QVERIFY(rig.waitUntil([&] { return rig.sim().stats().connectionsOpen == 1; }));
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(rig.feed()->reconnects, quint64(0));
    QVERIFY(rig.gaps().empty()); // a planned rotation loses nothing at all
    QCOMPARE(said.verdict(), QString());
}

void TestChanges::tradesAreKeptWithTheirGaps()
{
    RigOptions options{.pairs = 10, .factor = 20};
    options.streams.append(QStringLiteral("trades"));
    EngineRig rig(options);
    QVERIFY(rig.start());
    QVERIFY(rig.waitStream(QStringLiteral("BTC/USDT:USDT"), StreamKind::Trades, Timeframe::M1, StreamState::Live));
    auto said = Telling::calm(rig, {QStringLiteral("trades lost")});
    rig.sim().addFault({.fault = QStringLiteral("lose"),
                        .stream = QStringLiteral("btcusdt@aggTrade"),
                        .connection = 0,
                        .duration = 60s,
                        .parameters = {{QStringLiteral("every"), 5}}});
    QVERIFY(rig.waitUntil([&] {
        return std::ranges::any_of(rig.gaps(), [](const Gap &gap) {
            return gap.stream.kind == StreamKind::Trades && gap.cause.contains(QLatin1String("trades lost"));
        });
    }));
    QVERIFY(rig.waitUntil([&] { return rig.engine().snapshots().store->stored_ticks > 50; }));
    QCOMPARE(said.told(), QString());
}

void TestChanges::downtimeIsNamedForStreamsWithoutHistory()
{
    RigOptions options{.pairs = 10, .factor = 40};
    options.streams.append(QStringLiteral("trades"));
    EngineRig rig(options);
    const QString btc = QStringLiteral("BTC/USDT:USDT");
    QVERIFY(rig.start());
    QVERIFY(rig.waitStream(btc, StreamKind::Trades, Timeframe::M1, StreamState::Live));
    QVERIFY(rig.waitSimulated(1min));
    rig.stop();
    const UtcTime stopped = rig.clock().utcNow();
    QVERIFY(rig.waitSimulated(5min));
    const UtcTime back = rig.clock().utcNow();
    QVERIFY(rig.start());
    auto said = Telling::troubleNow(rig, {QStringLiteral("gaps")}, 60s, {QStringLiteral("engine stopped at")});
    QVERIFY(rig.waitStream(btc, StreamKind::Trades, Timeframe::M1, StreamState::Live));
    const auto covered = [&](StreamKind kind, GapState state) {
        return std::ranges::any_of(rig.gaps(), [&](const Gap &gap) {
            return gap.stream.pair == btc && gap.stream.kind == kind && gap.state == state && gap.from <= stopped &&
                   gap.to >= back;
        });
    };
    QVERIFY(rig.waitUntil([&] { return covered(StreamKind::Trades, GapState::Unfillable); })); // lost, and said so
    QVERIFY(rig.waitUntil([&] { return covered(StreamKind::MarkPrice, GapState::Closed); }));  // fetched by the minute
    QCOMPARE(said.told(), QString());
}

} // namespace tk::test

using tk::test::TestChanges;
TK_TEST(TestChanges, changes);
#include "tst_changes.moc"
