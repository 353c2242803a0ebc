// Two exchanges in one engine, with the same symbols: nothing of one reaches the other but by name.
#include "engine_rig.h"

#include "support/test_registry.h"
#include "testex.h"

#include <QJsonArray>

namespace tk::test {

namespace {

const QString binance = QStringLiteral("binance-usdm");

QJsonObject exchangeOf(const QJsonObject &status, const QString &name)
{
    for (const QJsonValue &one : status.value(QLatin1String("exchanges")).toArray()) {
        if (one[QLatin1String("name")].toString() == name)
            return one.toObject();
    }
    return {};
}

double metric(EngineRig &rig, const QString &series)
{
    const QString text = QString::fromStdString(rig.engine().metrics().text());
    const qsizetype at = text.indexOf(u'\n' + series + u' ');
    return at < 0 ? -1 : text.mid(at + 2 + series.size()).section(u'\n', 0, 0).toDouble();
}

} // namespace

class TestLanes : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void bothAgreeWithTheirTruth();
    void aDeadOneLeavesTheOtherAlone();
    void aBannedOneDelaysNoRepairOfTheOther();
    void backfillsNameTheirExchange();
    void comeAndGoWithTheirTables();
};

void TestLanes::bothAgreeWithTheirTruth()
{
    EngineRig rig({.second = true});
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitSimulated(std::chrono::minutes(5)));
    QCOMPARE(rig.verdict(), QString());
    for (const QString &name : {binance, testex}) {
        QVERIFY(rig.feed(name)->final_candles > 0);
        QCOMPARE(metric(rig, QStringLiteral("tapekeeper_gaps_open{exchange=\"%1\"}").arg(name)), 0.0);
        QVERIFY(metric(rig, QStringLiteral("tapekeeper_frames_total{exchange=\"%1\",route=\"all\"}").arg(name)) > 0);
        QCOMPARE(exchangeOf(rig.status(), name).value(QLatin1String("streams")).toInt(),
                 int(rig.feed(name)->streams.size()));
    }
    QCOMPARE(rig.gapsOpenMetric(), -1); // without a label it would stand for whom?
    QVERIFY(rig.feed(testex)->connections.size() > rig.feed(binance)->connections.size()); // by limits of its own
    // After a restart each finds its own gaps in the ledger, and repairs them.
    rig.stop();
    QVERIFY(rig.waitSimulated(std::chrono::minutes(4)));
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    for (const QString &name : {binance, testex}) {
        QVERIFY(std::ranges::any_of(rig.gaps(), [&](const Gap &gap) {
            return gap.stream.exchange == name && gap.cause.startsWith(QLatin1String("engine stopped at")) &&
                   gap.state == GapState::Closed;
        }));
    }
    const sim::SimStats second = rig.secondSim().stats();
    QCOMPARE(second.ruleViolations, quint64(0));
    QCOMPARE(second.rest429, quint64(0)); // its limits are kept, which are of another kind
    QVERIFY(second.keepAlives > 0);
    QVERIFY(second.instrumentPages >= 6); // three for each start
    QCOMPARE(rig.sim().stats().keepAlives, quint64(0));
}

// All connections of one go and cannot come back: its gaps are its own, and the other has none.
void TestLanes::aDeadOneLeavesTheOtherAlone()
{
    EngineRig rig({.second = true});
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    rig.secondSim().stopListening();
    QVERIFY(rig.waitUntil([&] { return rig.feed(testex)->count(StreamState::Stale) > 0; }));
    QVERIFY(rig.waitSimulated(std::chrono::minutes(4)));
    const QJsonObject status = rig.status();
    QVERIFY(!status.value(QLatin1String("ok")).toBool());
    for (const QJsonValue &reason : status.value(QLatin1String("reasons")).toArray())
        QVERIFY2(!reason.toString().contains(binance), qPrintable(reason.toString()));
    QVERIFY(exchangeOf(status, binance).value(QLatin1String("sick_streams")).toArray().isEmpty());
    QVERIFY(!exchangeOf(status, testex).value(QLatin1String("sick_streams")).toArray().isEmpty());
    QCOMPARE(metric(rig, QStringLiteral("tapekeeper_gaps_open{exchange=\"%1\"}").arg(binance)), 0.0);
    QVERIFY(metric(rig, QStringLiteral("tapekeeper_gaps_open{exchange=\"%1\"}").arg(testex)) > 0);
    QCOMPARE(rig.feed(binance)->reconnects, quint64(0));
    rig.secondSim().resumeListening();
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    for (const Gap &gap : rig.gaps()) {
        if (gap.stream.exchange == binance)
            QVERIFY2(!gap.cause.contains(QLatin1String("connection")), qPrintable(gap.cause));
    }
}

// A ban of one stops its own requests alone: the other is filled and repaired meanwhile.
void TestLanes::aBannedOneDelaysNoRepairOfTheOther()
{
    EngineRig rig({.second = true});
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    rig.secondSim().addFault({.fault = QStringLiteral("rest-refuse"),
                              .parameters = {{QStringLiteral("status"), 418}, {QStringLiteral("retryAfter"), 600}}});
    QVERIFY(rig.waitUntil([&] { return rig.history(testex)->paused_for.count() > 0; }));
    rig.sim().addFault({.fault = QStringLiteral("close"), .duration = std::chrono::seconds(1)});
    QVERIFY(rig.waitUntil([&] { return rig.history(binance)->gaps_opened > 0; }));
    QVERIFY(rig.waitUntil(
        [&] { return rig.history(binance)->open_gaps.empty() && rig.feed(binance)->count(StreamState::Stale) == 0; }));
    QVERIFY(rig.history(testex)->paused_for.count() > 0); // and it is still banned
    QCOMPARE(rig.history(binance)->paused_for.count(), 0);
    rig.secondSim().clearFaults();
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
}

void TestLanes::backfillsNameTheirExchange()
{
    EngineRig rig({.second = true});
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    const QString pair = rig.instruments().front().unified;
    QJsonObject args{{QStringLiteral("pairs"), QJsonArray{pair}},
                     {QStringLiteral("timeframes"), QJsonArray{QStringLiteral("3m")}},
                     {QStringLiteral("from"), toMs(rig.startedAt() - std::chrono::hours(12))},
                     {QStringLiteral("to"), toMs(rig.startedAt() - std::chrono::hours(6))}};
    const auto wanted = [&](const QString &name, const QString &command) {
        QJsonObject of = args;
        if (!name.isEmpty())
            of.insert(QStringLiteral("exchange"), name);
        return rig.answer(command, of).toObject().value(QLatin1String("wanted")).toInteger(-1);
    };
    const QString plan = QStringLiteral("backfill-plan");
    QCOMPARE(wanted({}, plan), 240); // of both
    QCOMPARE(wanted(binance, plan), 120);
    QCOMPARE(wanted(testex, QStringLiteral("backfill")), 120);
    QCOMPARE(wanted(testex, plan), 0);    // it is there now
    QCOMPARE(wanted(binance, plan), 120); // and nothing came into the other's series
    QCOMPARE(wanted({}, QStringLiteral("backfill")), 120);
    QCOMPARE(wanted({}, plan), 0);
    QCOMPARE(wanted(QStringLiteral("nobody"), plan), -1);
    QCOMPARE(rig.verdict(), QString());
}

// A table that is added is collected, one that is removed is not any more; the other hears nothing of it.
void TestLanes::comeAndGoWithTheirTables()
{
    EngineRig rig({.second = true});
    const config::ExchangeSettings second = rig.settings().exchanges.back();
    rig.settings().exchanges.pop_back();
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QCOMPARE(rig.gapsOpenMetric(), 0);
    QVERIFY(metric(rig, QStringLiteral("tapekeeper_frames_total{exchange=\"testex\",route=\"all\"}")) < 0);

    config::Settings settings = rig.engine().settings();
    settings.exchanges.push_back(second);
    QVERIFY(rig.engine().reload(settings));
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitSimulated(std::chrono::minutes(3)));
    QVERIFY(rig.feed(testex)->final_candles > 0);
    QVERIFY(rig.isReady());
    QCOMPARE(metric(rig, QStringLiteral("tapekeeper_gaps_open{exchange=\"testex\"}")), 0.0);
    QCOMPARE(rig.gapsOpenMetric(), -1);
    QCOMPARE(rig.verdict(), QString());

    const quint64 frames = rig.feed(binance)->frames;
    settings.exchanges.pop_back();
    QVERIFY(rig.engine().reload(settings));
    QVERIFY(rig.waitUntil([&] { return !rig.feed(testex) && !rig.history(testex); }));
    QVERIFY(metric(rig, QStringLiteral("tapekeeper_frames_total{exchange=\"testex\",route=\"all\"}")) < 0);
    QCOMPARE(rig.gapsOpenMetric(), 0);
    QVERIFY(rig.waitSimulated(std::chrono::minutes(3)));
    QVERIFY(rig.feed(binance)->frames > frames);
    QCOMPARE(rig.feed(binance)->reconnects, quint64(0));
    QCOMPARE(exchangeOf(rig.status(), testex), QJsonObject());
    QVERIFY(rig.isReady());

    // And back again: what was missed meanwhile is a gap, and repaired.
    settings.exchanges.push_back(second);
    QVERIFY(rig.engine().reload(settings));
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
}

} // namespace tk::test

using tk::test::TestLanes;
TK_TEST(TestLanes, lanes);
#include "tst_lanes.moc"
