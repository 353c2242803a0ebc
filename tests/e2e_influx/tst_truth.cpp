// A database that is not what it was, or does not take what it is given: nothing is called well over the hole, every
// measurement comes back or is named, and what the database refuses is our trouble, not the exchange's.
#include "engine_rig.h"
#include "support/influx/influx_server.h"
#include "support/test_registry.h"
#include "telling.h"

#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTemporaryDir>
#include <QTest>

#include <set>

namespace tk::test {

using namespace std::chrono_literals;

namespace {

const QStringList databaseFaces{QStringLiteral("status"), QStringLiteral("ready"), QStringLiteral("event"),
                                QStringLiteral("window")};
const QString away = QStringLiteral("the database does not take records");
const QString counting = QStringLiteral("the database is being counted from end to end");
const QString lostIt = QStringLiteral("The database lost what it had acknowledged");

} // namespace

class TestTruth : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();

    void databaseIsDropped();
    void everyMeasurementIsCounted();
    void whatTheDatabaseRefusesIsOursToTell();
    void aShortRetentionIsKeptTo();
    void repairAsksTheDatabase();
    void dataFolderRemoved();
    void filesOfTheSpoolRemoved();
    void candlesThatCannotBe();
    void aFailedCountIsForgottenWhenItWorks();

private:
    RigOptions options() const
    {
        RigOptions options;
        options.factor = 60;
        options.pairs = 6;
        options.truth = m_server->settings();
        options.adjust = [this](config::Settings &settings) {
            settings.store.kind = QStringLiteral("influx");
            settings.store.influx = m_server->settings();
            settings.store.influx.timeout = 2s;
        };
        return options;
    }
    qint64 count(const QByteArray &field, const QByteArray &measurement, const QByteArray &where = {}) const
    {
        const QByteArray answer =
            m_server->query("SELECT COUNT(\"" + field + "\") FROM \"" + measurement + '"' + where);
        const QJsonValue values = QJsonDocument::fromJson(
            answer)[QLatin1String("results")][0][QLatin1String("series")][0][QLatin1String("values")][0][1];
        return values.toInteger(0);
    }
    // Collecting, filled, and its database counted once.
    bool startCounted(EngineRig &rig)
    {
        return rig.start() && rig.waitLive() &&
               rig.waitUntil([&] { return rig.history()->fill.done && rig.audit() && rig.audit()->passes > 0; }) &&
               waitWell(rig);
    }
    bool waitWell(EngineRig &rig)
    {
        return rig.waitHealthy() && rig.waitUntil([&] { return rig.isReady() && rig.reasons().isEmpty(); }, 90s);
    }

    std::unique_ptr<InfluxServer> m_server;
};

void TestTruth::initTestCase()
{
    if (!InfluxServer::isInstalled())
        QSKIP("no influxd on this machine");
}

void TestTruth::init()
{
    m_server = std::make_unique<InfluxServer>();
    QVERIFY(m_server->start());
}

void TestTruth::cleanup()
{
    m_server.reset();
}

void TestTruth::databaseIsDropped()
{
    RigOptions given = options();
    given.history = 4000; // beyond two days of the longer timeframe: what the hourly count would never see
    given.pairs = 3;
    EngineRig rig(given);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitUntil([&] { return rig.history()->fill.done && rig.audit() && rig.audit()->passes > 0; }, 120s));
    QVERIFY(waitWell(rig));
    const qint64 before = count("close", "ohlcv_3m");
    QVERIFY(before >= 3 * 4000);
    auto said = Telling::trouble(rig, databaseFaces, 60s, {counting});
    // The exchange does not answer, and the spool has forgotten: so that what is said meanwhile can be looked at.
    rig.sim().addFault(
        {.fault = QStringLiteral("F15"), .duration = 2h, .parameters = {{QStringLiteral("status"), 503}}});
    m_server->query("DROP DATABASE \"market_data\"");
    QVERIFY(rig.waitUntil([&] { return !rig.isReady() && !rig.reasons().isEmpty(); }, 60s));
    QVERIFY(rig.waitUntil([&] { return rig.hasEvent(QStringLiteral("Database counted from end to end")); }, 60s));
    QVERIFY(rig.waitUntil([&] { return rig.audit()->doubt.isEmpty() && rig.audit()->lost > 0; }, 90s));
    // From the spool came what it had; all else is a gap, and counted everywhere.
    if (count("close", "ohlcv_3m") < before) {
        QVERIFY(rig.waitUntil([&] { return rig.gapsOpenMetric() > 0 || count("close", "ohlcv_3m") >= before; }));
    }
    rig.sim().clearFaults();
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(waitWell(rig));
    QVERIFY(count("close", "ohlcv_3m") >= before);
    QVERIFY(count("rate", "funding_rate") > 0);
    QVERIFY(count("close", "mark_ohlcv_1h") > 0);
    QCOMPARE(said.verdict(), QString());
}

void TestTruth::everyMeasurementIsCounted()
{
    RigOptions given = options();
    given.auditEvery = 2min;
    given.adjust = [adjust = given.adjust](config::Settings &settings) {
        adjust(settings);
        settings.spool.keep_acknowledged = 0ms; // the spool helps with nothing
    };
    EngineRig rig(given);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitSimulated(3min));
    QVERIFY(waitWell(rig));
    const qint64 settled = count("rate", "funding_rate");
    const qint64 marks = count("close", "mark_ohlcv_1h");
    QVERIFY(settled > 0);
    QVERIFY(marks > 0);
    rig.stop();
    m_server->query("DROP MEASUREMENT \"funding_rate\"");
    m_server->query("DROP MEASUREMENT \"mark_ohlcv_1h\"");
    QVERIFY(rig.start()); // the spool of the last run is gone: only the index knows
    auto said = Telling::troubleNow(rig, databaseFaces, 3min, {QStringLiteral("database lost"), lostIt});
    QVERIFY(rig.waitUntil([&] { return count("rate", "funding_rate") >= settled; }, 120s));
    QVERIFY(rig.waitUntil([&] { return count("close", "mark_ohlcv_1h") >= marks; }, 120s));
    QVERIFY(waitWell(rig));
    const std::vector<Gap> gaps = rig.gaps();
    const auto lost = [&](StreamKind kind, GapState state) {
        return std::ranges::any_of(gaps, [&](const Gap &gap) {
            return gap.stream.kind == kind && gap.state == state && gap.cause.contains(QLatin1String("database lost"));
        });
    };
    QVERIFY(lost(StreamKind::FundingRate, GapState::Closed));     // settled ones came back
    QVERIFY(lost(StreamKind::FundingRate, GapState::Unfillable)); // predicted ones have no history, and are named
    QVERIFY(lost(StreamKind::MarkCandles, GapState::Closed));
    QCOMPARE(said.verdict(), QString());
    // What has no history is lost, and stays told.
    const QString sentence = rig.status()[QLatin1String("verdict")][QLatin1String("text")].toString();
    QVERIFY2(sentence.contains(QLatin1String("unfillable")), qPrintable(sentence));
    QCOMPARE(rig.contradictions(), QStringList());
}

void TestTruth::whatTheDatabaseRefusesIsOursToTell()
{
    // Another tool wrote a field of another type: every candle of the week is refused.
    m_server->query("CREATE DATABASE \"market_data\"");
    EngineRig rig(options());
    const QByteArray line =
        "ohlcv_3m,exchange=binance-usdm,pair=BTC/USDT:USDT volume=5i " +
        QByteArray::number(toMs(candleOpen(Timeframe::M3, rig.clock().utcNow() - 10min)) * 1'000'000);
    QVERIFY(m_server->write(line));
    QVERIFY(rig.start());
    auto said = Telling::troubleNow(
        rig,
        {QStringLiteral("status"), QStringLiteral("ready"), QStringLiteral("gaps"), QStringLiteral("event"),
         QStringLiteral("window")},
        6min, // from the start, which takes longest on a busy machine
        {QStringLiteral("the database refuses ohlcv_3m for good"), QStringLiteral("The database refused lines")});
    QVERIFY(rig.waitUntil([&] { return rig.sender() && !rig.sender()->refusals.empty(); }));
    QVERIFY(rig.waitUntil([&] { return rig.history() && rig.history()->refused_gaps > 0; }));
    QVERIFY(!rig.isReady());
    QVERIFY(rig.gapsOpenMetric() > 0);
    const QString reasons = rig.reasons().join(u'\n');
    QVERIFY2(reasons.contains(QLatin1String("the database refuses ohlcv_3m for good")), qPrintable(reasons));
    QVERIFY2(reasons.contains(QLatin1String("dead-letters --replay")), qPrintable(reasons));
    for (const QJsonValue &row : rig.gapRows()) {
        if (row[QLatin1String("stream")].toString() == QLatin1String("3m candles"))
            QVERIFY2(row[QLatin1String("state")].toString() != QLatin1String("unfillable"),
                     qPrintable(row[QLatin1String("cause")].toString()));
    }
    QVERIFY(std::ranges::any_of(rig.gaps(), [](const Gap &gap) {
        return gap.state == GapState::Refused && gap.cause.contains(QLatin1String("database refused")) &&
               gap.reason.contains(QLatin1String("conflict"));
    }));
    // `gaps` counts as `status` does, whatever the other tool left in our measurement.
    const auto gapsCounted = [&rig] {
        std::set<qint64> gaps;
        qint64 others = 0;
        for (const QJsonValue &row : rig.gapRows()) {
            if (row[QLatin1String("state")].toString() == QLatin1String("unfillable") ||
                row[QLatin1String("never_fetched")].toBool())
                continue;
            if (const qint64 gap = row[QLatin1String("gap")].toInteger(); gap != 0)
                gaps.insert(gap);
            else
                ++others;
        }
        return others + qint64(gaps.size());
    };
    QVERIFY(rig.waitUntil([&] { return gapsCounted() == rig.status().value(QLatin1String("gaps_open")).toInteger(); },
                          10s));
    // The conflict goes, and nobody does anything else.
    m_server->query("DROP MEASUREMENT \"ohlcv_3m\"");
    QVERIFY(rig.waitUntil([&] { return rig.sender()->refusals.empty(); }, 60s));
    QVERIFY(rig.hasEvent(QStringLiteral("takes again what it refused")));
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(waitWell(rig));
    QCOMPARE(rig.history()->refused_gaps, size_t(0));
    QCOMPARE(said.verdict(), QString());
}

void TestTruth::aShortRetentionIsKeptTo()
{
    m_server->query("CREATE DATABASE \"market_data\" WITH DURATION 7d NAME \"week\"");
    RigOptions given = options();
    given.timeframes = {Timeframe::M1, Timeframe::H1};
    given.history = 400; // 16 days of hours, where the database keeps seven
    EngineRig rig(given);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::calm(rig); // what it would not keep is missed by nobody
    QVERIFY(rig.waitSimulated(2min));
    QVERIFY(waitWell(rig));
    QVERIFY(rig.sender()->retention.has_value());
    QCOMPARE(*rig.sender()->retention, milliseconds(7 * 24h));
    QCOMPARE(rig.sender()->refused_lines, quint64(0));
    QVERIFY(!QDir(rig.dataDir() + QStringLiteral("/dead-letters")).exists() ||
            QDir(rig.dataDir() + QStringLiteral("/dead-letters")).entryList({QStringLiteral("*.jsonl")}).isEmpty());
    const qint64 hours = count("close", "ohlcv_1h", " WHERE \"pair\" = 'BTC/USDT:USDT'");
    QVERIFY2(hours > 6 * 24 && hours <= 7 * 24, qPrintable(QString::number(hours)));
    QCOMPARE(rig.gapsOpenMetric(), 0);
    for (const QJsonValue &row : rig.gapRows())
        QVERIFY2(false, qPrintable(row[QLatin1String("pair")].toString() + row[QLatin1String("cause")].toString()));
    QCOMPARE(said.verdict(), QString());
    QCOMPARE(rig.contradictions(), QStringList());
}

void TestTruth::repairAsksTheDatabase()
{
    RigOptions given = options();
    given.auditEvery = 24h; // no count of its own comes in the way
    given.adjust = [adjust = given.adjust](config::Settings &settings) {
        adjust(settings);
        settings.spool.keep_acknowledged = 0ms;
    };
    EngineRig rig(given);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitUntil([&] { return rig.audit() && rig.audit()->passes > 0; }));
    QVERIFY(waitWell(rig));
    const qint64 before = count("close", "ohlcv_1m");
    auto said = Telling::trouble(rig, {QStringLiteral("event")}, 60s, {lostIt}); // from when the repair has counted
    m_server->query("DELETE FROM \"ohlcv_1m\" WHERE \"pair\" = 'BTC/USDT:USDT'");
    QVERIFY(count("close", "ohlcv_1m") < before);
    QJsonArray left;
    bool done = false;
    rig.engine().commands().run(QStringLiteral("gaps-repair"), {},
                                link::Reply(link::Reply::Sink{[](const QJsonObject &) {},
                                                              [&](const QJsonValue &rows) {
                                                                  left = rows.toArray();
                                                                  done = true;
                                                              },
                                                              [&](const Error &error) {
                                                                  qWarning("%s", qUtf8Printable(error.message));
                                                                  done = true;
                                                              },
                                                              [] { return true; }}));
    QVERIFY(rig.waitUntil([&] { return done; }, 120s));
    QVERIFY2(left.isEmpty(), qPrintable(QString::number(left.size())));
    QVERIFY(count("close", "ohlcv_1m") >= before);
    QCOMPARE(said.verdict(), QString());
    QCOMPARE(rig.contradictions(), QStringList());
}

// With everything that was on its way: told, begun anew, fetched again, and as good as before, also for the next start.
void TestTruth::dataFolderRemoved()
{
    EngineRig rig(options());
    QVERIFY(startCounted(rig));
    auto said = Telling::trouble(rig, databaseFaces, 30s,
                                 {away, QStringLiteral("Spool began anew"), QStringLiteral("Data folder taken again"),
                                  QStringLiteral("stored is not there any more")});
    m_server->kill(); // so that records wait
    QVERIFY(rig.waitUntil([&] { return rig.sender()->spool.waitingBytes() > 0 && !rig.isReady(); }));
    QVERIFY(rig.waitSimulated(3min));
    rig.sim().addFault(
        {.fault = QStringLiteral("F15"), .duration = 2h, .parameters = {{QStringLiteral("status"), 503}}});
    QTemporaryDir away;
    QVERIFY(QDir().rename(rig.dataDir(), away.filePath(QStringLiteral("gone"))));
    QVERIFY(rig.waitUntil([&] { return rig.hasEvent(QStringLiteral("Data folder taken again")); }, 20s));
    QVERIFY(rig.waitUntil([&] { return rig.hasEvent(QStringLiteral("Spool began anew")); }, 20s));
    for (const char *file : {"/spool/positions", "/spool/candles", "/spool/marks", "/lock"})
        QVERIFY2(QFile::exists(rig.dataDir() + QLatin1String(file)), file);
    QVERIFY(rig.waitUntil([&] { return QFile::exists(rig.dataDir() + QStringLiteral("/stored.sqlite")); }, 20s));
    // What was on its way is named, and nothing is well before it is back.
    const auto named = [&](StreamKind kind, GapState state) {
        return std::ranges::any_of(rig.gaps(), [&](const Gap &gap) {
            return gap.stream.kind == kind && gap.state == state &&
                   gap.cause.startsWith(QLatin1String("the store began anew: ")) &&
                   (gap.cause.contains(QLatin1String("data folder")) || // whichever was looked at first
                    gap.cause.contains(QLatin1String("files of the spool")));
        });
    };
    QVERIFY(rig.waitUntil([&] { return rig.gapsOpenMetric() > 0 && rig.history()->loss_gaps > 0; }, 30s));
    QVERIFY(m_server->start());
    QVERIFY(
        rig.waitUntil([&] { return rig.sender()->state == store::influx::SenderSnapshot::State::Delivering; }, 60s));
    QVERIFY(!rig.isReady());
    QVERIFY2(rig.reasons().join(u' ').contains(QLatin1String("stored is not there any more")),
             qPrintable(rig.reasons().join(u' ')));
    rig.sim().clearFaults();
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(waitWell(rig));
    QVERIFY(named(StreamKind::Candles, GapState::Closed));
    QCOMPARE(rig.gapsOpenMetric(), 0);
    QCOMPARE(said.verdict(), QString());
    // The next start finds spool and index as they were left.
    rig.stop();
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitUntil([&] { return rig.audit() && rig.audit()->passes > 0; }));
    QVERIFY(waitWell(rig));
    QCOMPARE(rig.audit()->lost, quint64(0));
    QCOMPARE(rig.verdict(), QString());
}

// The folder stays, and files in it go.
void TestTruth::filesOfTheSpoolRemoved()
{
    EngineRig rig(options());
    QVERIFY(startCounted(rig));
    auto said = Telling::trouble(rig, databaseFaces, 30s,
                                 {away, QStringLiteral("Spool began anew"), QStringLiteral("files of the spool")});
    m_server->kill();
    QVERIFY(rig.waitSimulated(3min));
    QVERIFY(rig.waitUntil([&] { return rig.sender()->spool.waitingBytes() > 0; }));
    QVERIFY(QDir(rig.dataDir() + QStringLiteral("/spool/candles")).removeRecursively());
    for (const char *suffix : {"", "-wal", "-shm"})
        QFile::remove(rig.dataDir() + QStringLiteral("/stored.sqlite") + QLatin1String(suffix));
    QVERIFY(rig.waitUntil([&] { return rig.hasEvent(QStringLiteral("Spool began anew")); }, 20s));
    QVERIFY(rig.waitUntil([&] { return QFile::exists(rig.dataDir() + QStringLiteral("/stored.sqlite")); }, 20s));
    QVERIFY(m_server->start());
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(waitWell(rig));
    QVERIFY(std::ranges::any_of(rig.gaps(), [](const Gap &gap) {
        return gap.stream.kind == StreamKind::Candles && gap.state == GapState::Closed &&
               gap.cause.contains(QLatin1String("files of the spool"));
    }));
    // Marks had their own files, which nobody touched.
    QVERIFY(std::ranges::none_of(rig.gaps(), [](const Gap &gap) {
        return gap.stream.kind == StreamKind::MarkPrice && gap.cause.contains(QLatin1String("files of the spool"));
    }));
    QCOMPARE(said.verdict(), QString());
}

// Somebody wrote values that no candle can have over ours: named, and fetched again from the exchange.
void TestTruth::candlesThatCannotBe()
{
    RigOptions given = options();
    given.auditEvery = 2min;
    EngineRig rig(given);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitUntil([&] { return rig.history()->fill.done && rig.audit() && rig.audit()->passes > 0; }));
    QVERIFY(waitWell(rig));
    const auto spoil = [&](const QByteArray &measurement, Timeframe timeframe, UtcTime at, const QByteArray &fields) {
        return m_server->write(measurement + ",exchange=binance-usdm,pair=BTC/USDT:USDT " + fields + ' ' +
                               QByteArray::number(toMs(candleOpen(timeframe, at)) * 1'000'000));
    };
    // Mended within a second at this speed, before anybody looks: the ledger below tells of it in any case. The faces
    // agree all the time, and are well in the end.
    auto said = Telling::trouble(rig, {}, 0s, {});
    const UtcTime now = rig.clock().utcNow();
    QVERIFY(spoil("ohlcv_3m", Timeframe::M3, now - 45min, "high=1"));
    QVERIFY(spoil("ohlcv_1m", Timeframe::M1, now - 15min, "volume=-5"));
    QVERIFY(spoil("mark_ohlcv_1h", Timeframe::H1, now - 70min, "low=900000000"));
    QCOMPARE(count("close", "ohlcv_3m", " WHERE \"high\" < \"low\""), 1);
    QCOMPARE(count("close", "ohlcv_1m", " WHERE \"volume\" < 0"), 1);
    QCOMPARE(count("close", "mark_ohlcv_1h", " WHERE \"low\" > \"high\""), 1);
    QVERIFY(rig.waitUntil([&] { return rig.audit()->impossible >= 3; }, 60s));
    const auto closed = [&](StreamKind kind) {
        return std::ranges::any_of(rig.gaps(), [&](const Gap &gap) {
            return gap.stream.kind == kind && gap.state == GapState::Closed &&
                   gap.cause == QLatin1String("the database held a candle that cannot be");
        });
    };
    QVERIFY(rig.waitUntil([&] { return closed(StreamKind::Candles) && closed(StreamKind::MarkCandles); }, 60s));
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(waitWell(rig));
    QCOMPARE(rig.audit()->lost, quint64(0)); // it was there, and wrong
    QCOMPARE(count("close", "ohlcv_3m", " WHERE \"high\" < \"low\""), 0);
    QCOMPARE(count("close", "ohlcv_1m", " WHERE \"volume\" < 0"), 0);
    QCOMPARE(count("close", "mark_ohlcv_1h", " WHERE \"low\" > \"high\""), 0);
    QCOMPARE(said.verdict(), QString());
}

// "It cannot be counted" is said as long as that is so, and no longer.
void TestTruth::aFailedCountIsForgottenWhenItWorks()
{
    RigOptions given = options();
    given.auditEvery = 1min;
    EngineRig rig(given);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitUntil([&] { return rig.audit() && rig.audit()->passes > 0; }));
    QVERIFY(waitWell(rig));
    const auto told = [&] { return rig.status()[QLatin1String("database")][QLatin1String("audit")]; };
    auto said = Telling::trouble(rig, databaseFaces, 30s, {away});
    m_server->kill();
    QVERIFY(rig.waitUntil([&] { return !rig.audit()->trouble.isEmpty(); }, 30s));
    QVERIFY(rig.waitUntil([&] { return !told()[QLatin1String("trouble")].toString().isEmpty(); }));
    QCOMPARE(said.told(), QString());
    QVERIFY(m_server->start());
    QVERIFY(rig.waitUntil([&] { return rig.audit()->trouble.isEmpty(); }, 60s));
    QVERIFY(rig.waitUntil([&] { return told()[QLatin1String("trouble")].toString().isEmpty(); }));
    QVERIFY(waitWell(rig));
    QCOMPARE(said.verdict(), QString());
    QCOMPARE(rig.contradictions(), QStringList());
}

TK_TEST(TestTruth, truth);

} // namespace tk::test

#include "tst_truth.moc"
