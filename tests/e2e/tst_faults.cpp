// One test per fault of the catalogue (reference §6) that concerns what this engine collects. Each ends with the same
// question: does the store hold exactly what the exchange says happened?
#include "engine_rig.h"
#include "telling.h"

#include "support/test_registry.h"

#include <QJsonObject>
#include <QSslSocket>

namespace tk::test {

using namespace std::chrono_literals;

class TestFaults : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void f4_allDataStops();
    void f5_oneCandleStreamStops();
    void f5_oneMarkPriceStops();
    void f6_halfOpen();
    void f7_closed_data();
    void f7_closed();
    void f8_cutAfterItsLife();
    void f9_lateClose_data();
    void f9_lateClose();
    void f10_theCloseTellsMore();
    void f11_outOfOrderAndRepeated();
    void f12_aPairGoesQuiet();
    void f15_restRefuses_data();
    void f15_restRefuses();
    void f17_oddFields();
    void f20_framing_data();
    void f20_framing();
    void f21_answersLateOrLost_data();
    void f21_answersLateOrLost();
    void f22_handshakeRefused_data();
    void f22_handshakeRefused();
    void f23_theExchangeClockIsOff_data();
    void f23_theExchangeClockIsOff();
    void f23_theClockIsOffForAMoment();
    void f24_stallThenBurst();
    void correctedCandlesAreRepaired();
    void brokenFramesAreCounted();
    void lostFramesLoseNoCandle();
    void theExchangeIsGoneForAWhile();
};

namespace {

sim::FaultSpec fault(const char *id, milliseconds duration, QJsonObject parameters = {}, const char *stream = "")
{
    return {.fault = QString::fromLatin1(id),
            .stream = QString::fromLatin1(stream),
            .connection = 0,
            .duration = duration,
            .parameters = std::move(parameters)};
}

const QString btc = QStringLiteral("BTC/USDT:USDT");
// Over within a second or two: who looks meanwhile is told, and the ledger has it.
const QStringList brief{QStringLiteral("status"), QStringLiteral("metrics"), QStringLiteral("gaps")};

bool hasGap(const EngineRig &rig, const QString &pair, StreamKind kind, GapState state)
{
    return std::ranges::any_of(rig.gaps(), [&](const Gap &gap) {
        return gap.stream.pair == pair && gap.stream.kind == kind && gap.state == state;
    });
}

} // namespace

void TestFaults::f4_allDataStops()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    const UtcTime muted = rig.clock().utcNow();
    auto said = Telling::trouble(rig, everyFace, 15s, {QStringLiteral("no data")});
    rig.sim().addFault(fault("F4", 3min));
    QVERIFY(rig.waitStream(btc, StreamKind::MarkPrice, Timeframe::M1, StreamState::Stale));
    // 10 s by contract; the rest is the machine's, at 80 times its speed.
    QVERIFY(rig.clock().utcNow() - muted < 60s + 2 * rig.clock().pauseOfMachine());
    QVERIFY(rig.waitSimulated(4min));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(hasGap(rig, btc, StreamKind::Candles, GapState::Closed));
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f5_oneCandleStreamStops()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    const quint64 opened = rig.sim().stats().connectionsOpened;
    auto said = Telling::trouble(rig, everyFaceButReady, 90s, {QStringLiteral("BTC/USDT:USDT 1m candles")});
    rig.sim().addFault(fault("F5", 4min, {}, "btcusdt@kline_1m"));
    QVERIFY(rig.waitUntil([&] {
        const auto row = rig.stream(btc, StreamKind::Candles, Timeframe::M1);
        return row && (row->state == StreamState::Stale || row->state == StreamState::Silent);
    }));
    // Named alone: its siblings on the same connection stay live, and the connection is kept.
    QCOMPARE(rig.stream(btc, StreamKind::MarkPrice, Timeframe::M1)->state, StreamState::Live);
    QVERIFY(rig.stream(QStringLiteral("ETH/USDT:USDT"), StreamKind::Candles, Timeframe::M1)->state ==
            StreamState::Live);
    QVERIFY(rig.waitUntil([&] { return rig.sim().stats().connectionsOpened > opened; })); // a fresh one for the sick
    QVERIFY(rig.waitSimulated(5min));
    QVERIFY(rig.waitStream(btc, StreamKind::Candles, Timeframe::M1, StreamState::Live));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(hasGap(rig, btc, StreamKind::Candles, GapState::Closed));
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f5_oneMarkPriceStops()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::trouble(rig, everyFaceButReady, 15s, {QStringLiteral("ETH/USDT:USDT mark_price")});
    rig.sim().addFault(fault("F5", 3min, {}, "ethusdt@markPrice@1s"));
    const QString eth = QStringLiteral("ETH/USDT:USDT");
    QVERIFY(rig.waitStream(eth, StreamKind::MarkPrice, Timeframe::M1, StreamState::Stale));
    QVERIFY(rig.waitSimulated(4min));
    QVERIFY(rig.waitStream(eth, StreamKind::MarkPrice, Timeframe::M1, StreamState::Live));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(hasGap(rig, eth, StreamKind::MarkPrice, GapState::Closed)); // refilled by the minute from REST
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f6_halfOpen()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    const quint64 opened = rig.sim().stats().connectionsOpened;
    auto said = Telling::trouble(rig, everyFace, 15s, {QStringLiteral("no data")});
    rig.sim().addFault(fault("F6", 2min));
    QVERIFY(rig.waitUntil(
        [&] { return rig.sim().stats().connectionsOpened > opened || !rig.feed()->connections.front().up; }));
    QVERIFY(rig.waitSimulated(3min));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f7_closed_data()
{
    QTest::addColumn<QJsonObject>("parameters");
    QTest::newRow("1000") << QJsonObject{{QStringLiteral("code"), 1000}};
    QTest::newRow("1001") << QJsonObject{{QStringLiteral("code"), 1001}};
    QTest::newRow("1008") << QJsonObject{{QStringLiteral("code"), 1008},
                                         {QStringLiteral("reason"), QStringLiteral("Too many requests")}};
    QTest::newRow("reset") << QJsonObject{{QStringLiteral("abrupt"), true}};
}

void TestFaults::f7_closed()
{
    QFETCH(QJsonObject, parameters);
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::trouble(rig, brief, 5s, {QStringLiteral("market#1")});
    rig.sim().addFault(fault("F7", 1s, parameters));
    QVERIFY(rig.waitUntil([&] { return rig.feed()->reconnects > 0; }));
    QVERIFY(rig.waitSimulated(3min));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f8_cutAfterItsLife()
{
    // Connections live for 10 minutes here; the engine does not know and is cut, again and again.
    RigOptions options;
    options.sim.life = 4min;
    EngineRig rig(options);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::trouble(rig, brief, 5min);
    QVERIFY(rig.waitUntil([&] { return rig.feed()->reconnects >= 2; }));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f9_lateClose_data()
{
    QTest::addColumn<QJsonObject>("parameters");
    QTest::newRow("2 s") << QJsonObject{{QStringLiteral("delay"), QStringLiteral("2s")}};
    QTest::newRow("24 s") << QJsonObject{{QStringLiteral("delay"), QStringLiteral("24s")}};
    QTest::newRow("never") << QJsonObject{{QStringLiteral("never"), true}};
}

void TestFaults::f9_lateClose()
{
    QFETCH(QJsonObject, parameters);
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    const bool never = parameters.contains(QLatin1String("never"));
    auto said = Telling::calm(rig, never ? QStringList{QStringLiteral("closed mark did not come")} : QStringList());
    rig.sim().addFault(fault("F9", 5min, parameters));
    QVERIFY(rig.waitSimulated(6min));
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f10_theCloseTellsMore()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::calm(rig);
    rig.sim().addFault(fault("F10", 5min));
    QVERIFY(rig.waitSimulated(5min));
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f11_outOfOrderAndRepeated()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::calm(rig);
    rig.sim().addFault(fault("F11", 5min));
    QVERIFY(rig.waitSimulated(5min));
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.feed()->repeated_finals > 0);
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f12_aPairGoesQuiet()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::calm(rig);
    rig.sim().addFault(
        fault("F12", 12min,
              {{QStringLiteral("symbol"), QStringLiteral("BTCUSDT")}, {QStringLiteral("for"), QStringLiteral("12m")}}));
    QVERIFY(rig.waitStream(btc, StreamKind::Candles, Timeframe::M1, StreamState::Quiet));
    QCOMPARE(rig.alarms(), QStringList());
    QVERIFY(rig.waitSimulated(12min));
    QVERIFY(rig.waitStream(btc, StreamKind::Candles, Timeframe::M1, StreamState::Live));
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f15_restRefuses_data()
{
    QTest::addColumn<QJsonObject>("parameters");
    QTest::newRow("429") << QJsonObject{{QStringLiteral("status"), 429},
                                        {QStringLiteral("retryAfter"), QStringLiteral("20s")}};
    QTest::newRow("418") << QJsonObject{{QStringLiteral("status"), 418},
                                        {QStringLiteral("retryAfter"), QStringLiteral("30s")},
                                        {QStringLiteral("count"), 1}};
    QTest::newRow("403") << QJsonObject{{QStringLiteral("status"), 403}, {QStringLiteral("count"), 1}};
    QTest::newRow("451") << QJsonObject{{QStringLiteral("status"), 451}, {QStringLiteral("count"), 1}};
    QTest::newRow("500") << QJsonObject{{QStringLiteral("status"), 500}};
    QTest::newRow("503") << QJsonObject{{QStringLiteral("status"), 503}};
}

void TestFaults::f15_restRefuses()
{
    QFETCH(QJsonObject, parameters);
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::trouble(
        rig, {QStringLiteral("status"), QStringLiteral("metrics"), QStringLiteral("gaps"), QStringLiteral("window")},
        10s, {QStringLiteral("history does not work"), QStringLiteral("History does not work: ")});
    // REST refuses while it is needed: closed marks do not come, and the connection is cut.
    rig.sim().addFault(fault("F9", 3min, {{QStringLiteral("never"), true}}));
    rig.sim().addFault(fault("F15", 2min, parameters));
    rig.sim().addFault(fault("F7", 1s, {{QStringLiteral("abrupt"), true}}));
    QVERIFY(rig.waitUntil([&] { return rig.history() && !rig.history()->trouble.isEmpty(); }));
    QVERIFY(rig.waitSimulated(3min));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    const auto stats = rig.sim().stats();
    QVERIFY(stats.rest418 <= 1); // nothing was sent into a ban
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f17_oddFields()
{
    EngineRig rig;
    rig.sim().addFault(fault("F17", 0s));
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::calm(rig);
    QVERIFY(rig.waitSimulated(4min));
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f20_framing_data()
{
    QTest::addColumn<QJsonObject>("parameters");
    QTest::newRow("fragments") << QJsonObject{{QStringLiteral("mode"), QStringLiteral("fragment")}};
    QTest::newRow("odd segments") << QJsonObject{{QStringLiteral("mode"), QStringLiteral("split")}};
    QTest::newRow("huge") << QJsonObject{{QStringLiteral("mode"), QStringLiteral("huge")}};
}

void TestFaults::f20_framing()
{
    QFETCH(QJsonObject, parameters);
    const bool huge = parameters.value(QLatin1String("mode")) == QLatin1String("huge");
    EngineRig rig(huge ? RigOptions{.pairs = 10, .factor = 10} : RigOptions{});
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::calm(rig);
    rig.sim().addFault(fault("F20", huge ? 20s : milliseconds(3min), parameters));
    QVERIFY(rig.waitSimulated(huge ? 30s : milliseconds(4min)));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(rig.feed()->broken_frames, quint64(0));
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f21_answersLateOrLost_data()
{
    QTest::addColumn<QJsonObject>("parameters");
    QTest::newRow("late") << QJsonObject{{QStringLiteral("delay"), QStringLiteral("5s")}};
    QTest::newRow("lost") << QJsonObject{{QStringLiteral("lost"), true}};
}

void TestFaults::f21_answersLateOrLost()
{
    QFETCH(QJsonObject, parameters);
    EngineRig rig;
    rig.sim().addFault(fault("F21", 0s, parameters));
    QVERIFY(rig.start());
    // Data is what counts: streams are live without any acknowledgement.
    QVERIFY(rig.waitStream(btc, StreamKind::Candles, Timeframe::M1, StreamState::Live));
    auto said = Telling::calm(rig);
    QVERIFY(rig.waitSimulated(3min));
    QCOMPARE(rig.alarms(), QStringList());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f22_handshakeRefused_data()
{
    QTest::addColumn<QJsonObject>("parameters");
    QTest::addColumn<bool>("tls");
    for (const int status : {403, 429, 503})
        QTest::addRow("%d", status) << QJsonObject{{QStringLiteral("status"), status}} << false;
    QTest::newRow("refused") << QJsonObject{{QStringLiteral("refuse"), true}} << false;
    QTest::newRow("expired certificate") << QJsonObject{{QStringLiteral("tls"), QStringLiteral("expired")}} << true;
    QTest::newRow("wrong name") << QJsonObject{{QStringLiteral("tls"), QStringLiteral("wrong-name")}} << true;
}

void TestFaults::f22_handshakeRefused()
{
    QFETCH(QJsonObject, parameters);
    QFETCH(bool, tls);
    RigOptions options;
    options.sim.tls = tls;
    EngineRig rig(options);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::trouble(rig, everyFace, 5s, {QStringLiteral("market#1")});
    rig.sim().addFault(fault("F22", 2min, parameters));
    rig.sim().addFault(fault("F7", 1s, {{QStringLiteral("abrupt"), true}}));
    QVERIFY(rig.waitUntil([&] { return rig.feed()->connections.front().failures_in_row >= 2; }));
    const QString cause = rig.feed()->connections.front().down_cause;
    if (tls)
        QVERIFY2(cause.contains(QLatin1String("TLS")), qPrintable(cause));
    else if (parameters.contains(QLatin1String("status")))
        QVERIFY2(cause.contains(QString::number(parameters.value(QLatin1String("status")).toInt())), qPrintable(cause));
    QVERIFY(rig.waitSimulated(3min));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::f23_theExchangeClockIsOff_data()
{
    QTest::addColumn<QString>("offset");
    QTest::addColumn<int>("ahead"); // seconds
    QTest::newRow("ahead") << QStringLiteral("10s") << 10;
    QTest::newRow("behind") << QStringLiteral("-10s") << 0; // then there is a candle more than asked for, at times
}

void TestFaults::f23_theExchangeClockIsOff()
{
    QFETCH(QString, offset);
    QFETCH(int, ahead);
    EngineRig rig({.exchangeAhead = std::chrono::seconds(ahead)});
    rig.sim().addFault(fault("F23", 0s, {{QStringLiteral("offset"), offset}}));
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said =
        Telling::trouble(rig, {QStringLiteral("status"), QStringLiteral("window")}, 5s, {QStringLiteral("check NTP")});
    QVERIFY(rig.waitSimulated(4min));
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.told(), QString()); // it stays so
}

// For less than half a minute: told at once, by the frames themselves, and no mark price is stored for a minute that
// has not begun.
void TestFaults::f23_theClockIsOffForAMoment()
{
    EngineRig rig({.factor = 10}); // events are looked for once a second of real time
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    const auto reader = rig.engine().store()->openReader();
    QVERIFY(reader);
    const auto newestMark = [&] {
        UtcTime newest{};
        const auto marks = reader.value()->marksNow({});
        for (const MarkPoint &mark : marks ? *marks : std::vector<MarkPoint>{})
            newest = std::max(newest, mark.time);
        return newest;
    };
    const UtcTime began = rig.clock().utcNow();
    rig.sim().addFault(fault("F23", 24s, {{QStringLiteral("offset"), QStringLiteral("70s")}}));
    QVERIFY(rig.waitUntil([&] { return rig.feed()->clock_offset > 60s; }, 10s));
    const milliseconds took = rig.feed()->clock_since - began;
    QVERIFY2(took <= 10s + rig.clock().pauseOfMachine(), qPrintable(ageText(took)));
    QVERIFY2(rig.reasons().join(u'|').contains(QLatin1String("ahead of our clock")),
             qPrintable(rig.reasons().join(u'|')));
    QVERIFY(rig.waitUntil([&] { return rig.hasEvent(QStringLiteral("The clock is off")); }, 10s));
    milliseconds early{0}; // by which a stored price was dated ahead
    const UtcTime until = began + 2min;
    QVERIFY(rig.waitUntil(
        [&] {
            const UtcTime newest = newestMark();
            early = std::max(early, newest - rig.clock().utcNow());
            return rig.clock().utcNow() > until && toMs(rig.feed()->clock_since) == 0;
        },
        30s));
    QVERIFY2(early <= 3s, qPrintable(ageText(early)));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
}

void TestFaults::f24_stallThenBurst()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::calm(rig); // it is held back for five seconds each time: merely late
    rig.sim().addFault(fault("F24", 3min));
    QVERIFY(rig.waitSimulated(4min));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::correctedCandlesAreRepaired()
{
    // For a minute after the close REST and the stream disagree; then history tells the stream's value was corrected.
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::calm(rig, {QStringLiteral("corrected")});
    rig.sim().addFault(
        fault("correction", 4min,
              {{QStringLiteral("side"), QStringLiteral("both")}, {QStringLiteral("age"), QStringLiteral("30s")}}));
    QVERIFY(rig.waitSimulated(6min));
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitUntil([&] { return rig.engine().snapshots().store->corrected > 0; }));
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::brokenFramesAreCounted()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    // Whether a thin pair misses the frame that would have shown its trades is chance; then that is told.
    auto said = Telling::trouble(rig, {}, 0s);
    rig.sim().addFault(fault("broken-json", 3min));
    QVERIFY(rig.waitUntil([&] { return rig.feed()->broken_frames > 10; }));
    QVERIFY(rig.waitSimulated(4min));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
    QVERIFY(rig.engine().metrics().text().find("tapekeeper_frames_broken_total{exchange=\"binance-usdm\"} 0\n") ==
            std::string::npos);
}

void TestFaults::lostFramesLoseNoCandle()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    // Whether a thin pair misses the frame that would have shown its trades is chance; then that is told.
    auto said = Telling::trouble(rig, {}, 0s);
    rig.sim().addFault(fault("lose", 4min, {{QStringLiteral("every"), 3}}));
    QVERIFY(rig.waitSimulated(5min));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
}

void TestFaults::theExchangeIsGoneForAWhile()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::trouble(rig, everyFace, 15s, {QStringLiteral("refused")});
    rig.sim().stopListening();
    QVERIFY(
        rig.waitUntil([&] { return rig.feed()->count(StreamState::Live) == 0 && !rig.history()->trouble.isEmpty(); }));
    QVERIFY(rig.waitSimulated(10min));
    rig.sim().resumeListening();
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
}

} // namespace tk::test

using tk::test::TestFaults;
TK_TEST(TestFaults, faults);
#include "tst_faults.moc"
