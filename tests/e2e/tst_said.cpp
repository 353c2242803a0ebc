// What the product says in the faults that fooled it: how soon each of its faces tells of a trouble, that it keeps
// telling until the trouble is over, and that all of them agree. On a clock that runs slowly enough for seconds to mean
// something.
#include "engine_rig.h"

#include "support/test_registry.h"

#include <QJsonObject>

namespace tk::test {

using namespace std::chrono_literals;

namespace {

const QString btc = QStringLiteral("BTC/USDT:USDT");
const QString eth = QStringLiteral("ETH/USDT:USDT");
const QStringList allFaces{QStringLiteral("status"),    QStringLiteral("metrics"), QStringLiteral("event"),
                           QStringLiteral("heartbeat"), QStringLiteral("window"),  QStringLiteral("ready")};

sim::FaultSpec mute(const char *stream, milliseconds duration)
{
    return {.fault = QStringLiteral("F5"), .stream = QString::fromLatin1(stream), .duration = duration};
}

// A busy market, ten times as fast as ours.
RigOptions busyMarket()
{
    RigOptions options{.pairs = 12, .factor = 10, .timeframes = {Timeframe::M1, Timeframe::M3}};
    options.sim.activity = 60;
    options.sim.activity_since = SystemClock().utcNow();
    options.adjust = [](config::Settings &settings) { settings.supervision.heartbeat = 5s; };
    return options;
}

} // namespace

class TestSaid : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void allCandlesOfTheVenueStop();
    void aBusyPairsCandlesStop();
    void aRefusedSubscriptionIsNamed();
    void nothingIsCollected();
    void reconnectedMeansData();

private:
    static QString tellingOf(const std::map<QString, milliseconds> &told)
    {
        QStringList list;
        for (const auto &[face, after] : told)
            list.append(QStringLiteral("%1 %2").arg(face, ageText(after)));
        return list.join(QStringLiteral(", "));
    }
    // Enough frames for every stream to have a pace: half a minute of windows, and the one that runs.
    static bool settle(EngineRig &rig) { return rig.waitLive() && rig.waitSimulated(50s) && rig.waitHealthy(); }
};

void TestSaid::allCandlesOfTheVenueStop()
{
    EngineRig rig(busyMarket());
    QVERIFY(rig.start());
    QVERIFY(settle(rig));
    rig.witness().expectTrouble();
    const UtcTime begin = rig.clock().utcNow();
    rig.sim().addFault(mute("*@kline_*", 150s));
    QVERIFY2(rig.waitUntil([&] { return rig.witness().allTold(allFaces); }),
             qPrintable(tellingOf(rig.witness().told())));
    for (const auto &[face, after] : rig.witness().told()) {
        // The heartbeat line comes every five seconds; a fast clock adds the pauses of the machine.
        // events are looked for once a second of real time.
        const milliseconds extra = face == QLatin1String("heartbeat") ? 5s : face == QLatin1String("event") ? 12s : 3s;
        const milliseconds limit = 15s + extra + 2 * rig.clock().pauseOfMachine();
        QVERIFY2(after <= limit, qPrintable(tellingOf(rig.witness().told())));
    }
    // And nothing is well again before the candles are, however often they are asked for.
    while (rig.clock().utcNow() < begin + 140s) {
        QVERIFY(rig.waitSimulated(2s));
        const Testimony &said = rig.witness().last();
        QVERIFY2(!said.status_ok && said.sick > 0 && said.incident, qPrintable(isoText(said.at)));
        QVERIFY2(said.window.verdict == monitor::Verdict::Trouble, qPrintable(said.window.text));
        QVERIFY(!rig.feed()->stale_majors.empty());
        for (const feed::StreamRow &row : rig.feed()->streams) {
            if (row.key.kind == StreamKind::MarkPrice)
                QVERIFY2(row.state == StreamState::Live, qPrintable(row.key.pair));
        }
        // Since the candles stopped, and not since some pair's last trade.
        for (const feed::StreamRow &row : rig.feed()->streams) {
            if (row.state == StreamState::Stale && row.key.kind == StreamKind::Candles)
                QVERIFY2(row.since > begin - 5s, qPrintable(row.key.pair + isoText(row.since)));
        }
    }
    QVERIFY(rig.waitSimulated(20s));
    QVERIFY(rig.waitHealthy());
    QVERIFY(rig.waitUntil([&] { return rig.witness().last().status_ok && !rig.witness().last().incident; }));
    QCOMPARE(rig.verdict(), QString());
    // The marks were well, and no remedy for the candles took them away: neither the quorum's nor that of a connection.
    for (const Gap &gap : rig.gaps()) {
        if (gap.from >= begin)
            QVERIFY2(gap.stream.kind != StreamKind::MarkPrice, qPrintable(gap.stream.pair + gap.cause));
    }
}

void TestSaid::aBusyPairsCandlesStop()
{
    EngineRig rig(busyMarket());
    QVERIFY(rig.start());
    QVERIFY(settle(rig));
    rig.witness().expectTrouble();
    rig.sim().addFault(mute("btcusdt@kline_*", 90s));
    const QStringList faces{QStringLiteral("status"), QStringLiteral("metrics"), QStringLiteral("event"),
                            QStringLiteral("window"), QStringLiteral("heartbeat")};
    QVERIFY2(rig.waitUntil([&] { return rig.witness().allTold(faces); }), qPrintable(tellingOf(rig.witness().told())));
    for (const auto &[face, after] : rig.witness().told())
        QVERIFY2(after <= 27s + 2 * rig.clock().pauseOfMachine(), qPrintable(tellingOf(rig.witness().told())));
    for (const Timeframe timeframe : {Timeframe::M1, Timeframe::M3}) {
        const auto row = rig.stream(btc, StreamKind::Candles, timeframe);
        QVERIFY(row && (row->state == StreamState::Stale || row->state == StreamState::Silent));
    }
    QCOMPARE(rig.stream(btc, StreamKind::MarkPrice, Timeframe::M1)->state, StreamState::Live);
    QCOMPARE(rig.stream(eth, StreamKind::Candles, Timeframe::M1)->state, StreamState::Live);
    QVERIFY(rig.waitSimulated(100s));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
}

void TestSaid::aRefusedSubscriptionIsNamed()
{
    EngineRig rig({.pairs = 12, .factor = 10});
    rig.sim().addFault(
        {.fault = QStringLiteral("F3"),
         .stream = QStringLiteral("ethusdt@kline_1m"),
         .parameters = {{QStringLiteral("code"), 2},
                        {QStringLiteral("message"), QStringLiteral("Invalid request: no such symbol")}}});
    QVERIFY(rig.start());
    QVERIFY(rig.waitUntil([&] {
        const auto row = rig.stream(eth, StreamKind::Candles, Timeframe::M1);
        return row && row->state == StreamState::Silent;
    }));
    const auto refused = *rig.stream(eth, StreamKind::Candles, Timeframe::M1);
    QVERIFY2(refused.cause.contains(QLatin1String("refused by the exchange: Invalid request: no such symbol (code 2)")),
             qPrintable(refused.cause));
    // All the others of that message are served, on the same connection.
    QVERIFY(rig.waitUntil([&] {
        return std::ranges::all_of(rig.feed()->streams, [](const feed::StreamRow &row) {
            return row.state == StreamState::Live || row.state == StreamState::Quiet ||
                   row.cause.contains(QLatin1String("refused"));
        });
    }));
    QVERIFY(rig.waitSimulated(90s));
    QCOMPARE(rig.feed()->count(StreamState::Silent), 1);
    QCOMPARE(rig.feed()->reconnects, quint64(0));
    QCOMPARE(rig.sim().stats().connectionsOpened, quint64(rig.feed()->connections.size()));
    QVERIFY(!rig.witness().last().status_ok);
    QCOMPARE(rig.contradictions(), QStringList());
}

void TestSaid::nothingIsCollected()
{
    EngineRig rig({.pairs = 12, .factor = 10});
    rig.sim().addFault({.fault = QStringLiteral("F15"),
                        .duration = 60s,
                        .parameters = {{QStringLiteral("status"), 503},
                                       {QStringLiteral("path"), QStringLiteral("/fapi/v1/exchangeInfo")}}});
    QVERIFY(rig.start());
    const UtcTime begin = rig.startedAt();
    QVERIFY(rig.waitUntil([&] { return rig.history() && !rig.history()->trouble.isEmpty() && rig.feed(); }));
    QVERIFY(rig.waitSimulated(5s));
    const Testimony &said = rig.witness().last();
    QVERIFY(!said.status_ok);
    QVERIFY(!said.ready);
    QVERIFY2(std::ranges::any_of(said.reasons,
                                 [](const QString &reason) {
                                     return reason.contains(QLatin1String("nothing is collected since")) &&
                                            reason.contains(QLatin1String("the instrument list"));
                                 }),
             qPrintable(said.reasons.join(u'\n')));
    QVERIFY(rig.feed()->waiting_since >= begin - 1s && rig.feed()->waiting_since <= begin + 10s);
    QVERIFY(said.window.verdict != monitor::Verdict::Well);
    QVERIFY(rig.waitSimulated(70s));
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitUntil([&] { return rig.witness().last().status_ok; }));
    QCOMPARE(toMs(rig.feed()->waiting_since), qint64(0));
    QCOMPARE(rig.contradictions(), QStringList());
}

// The connection is open again and acknowledged, and brings nothing: neither up, nor reconnected, nor well.
void TestSaid::reconnectedMeansData()
{
    EngineRig rig(busyMarket());
    QVERIFY(rig.start());
    QVERIFY(settle(rig));
    QCOMPARE(std::string(rig.feed()->connections.front().state()), std::string("up"));
    rig.sim().addFault({.fault = QStringLiteral("F4"), .duration = 60s});
    rig.sim().addFault(
        {.fault = QStringLiteral("F7"), .duration = 1s, .parameters = {{QStringLiteral("abrupt"), true}}});
    const quint64 opened = rig.sim().stats().connectionsOpened;
    QVERIFY(rig.waitUntil(
        [&] { return rig.sim().stats().connectionsOpened > opened && rig.feed()->connections.front().up; }));
    QVERIFY(rig.waitSimulated(5s));
    for (const feed::ConnectionRow &row : rig.feed()->connections) {
        QVERIFY2(row.state() != "up", row.state().data());
        QCOMPARE(row.delivering, 0);
        QVERIFY(toMs(row.down_since) != 0 || !row.up);
    }
    QCOMPARE(rig.feed()->reconnects, quint64(0));
    const auto reconnectedEvent = [&] {
        return std::ranges::any_of(rig.witness().events(), [](const alert::Event &event) {
            return event.title == QLatin1String("Reconnected");
        });
    };
    QVERIFY(!reconnectedEvent());
    QVERIFY(rig.waitSimulated(60s));
    QVERIFY(rig.waitHealthy());
    QVERIFY(rig.feed()->reconnects > 0);
    QVERIFY(rig.waitUntil(reconnectedEvent));
    QCOMPARE(rig.verdict(), QString());
}

} // namespace tk::test

using tk::test::TestSaid;
TK_TEST(TestSaid, said);
#include "tst_said.moc"
