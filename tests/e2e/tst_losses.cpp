// What was stored goes away under a running engine, or comes another way than it should have: everything is named
// before it is repaired, nothing is called well before it is whole, and in the end the set is the exchange's truth.
#include "engine_rig.h"
#include "store/embedded/embedded_store.h"
#include "support/test_registry.h"
#include "telling.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

namespace tk::test {

using namespace std::chrono_literals;

class TestLosses : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void storeFilesRemoved();
    void ledgerRemoved();
    void storeDamagedWhileRunning();
    void candlesInTheStoreThatCannotBe();
    void storeLogRemoved();
    void dataFolderRemoved();
    void storeGoneAtTheStart();
    void closedMarksNeverCame();
    void correctedCandlesAreNamed();
    void restartWhileRestRefuses();
    void rowsThatCannotBe();
    void relistedSymbol();

private:
    static QString storeFile(const EngineRig &rig) { return store::EmbeddedStore::fileIn(rig.dataDir()); }
    // From the fault to the end: not well and counted at once, then whole again.
    static void expectRefilled(EngineRig &rig, Telling &said, const QString &cause);
};

namespace {

// REST refuses meanwhile, and no stream is sick.
const QStringList lossFaces{QStringLiteral("status"), QStringLiteral("ready"), QStringLiteral("gaps"),
                            QStringLiteral("event"), QStringLiteral("window")};

bool hasGap(const EngineRig &rig, StreamKind kind, const QString &cause, GapState state)
{
    return std::ranges::any_of(rig.gaps(), [&](const Gap &gap) {
        return gap.stream.kind == kind && gap.cause.contains(cause) && gap.state == state;
    });
}

QString gapsText(const EngineRig &rig)
{
    QStringList texts;
    for (const Gap &gap : rig.gaps())
        texts.append(QStringLiteral("%1 %2 %3..%4 %5 %6")
                         .arg(gap.stream.pair, gap.stream.kindText(), isoText(gap.from), isoText(gap.to),
                              QString::fromLatin1(gapStateName(gap.state).data()), gap.cause));
    return texts.join(u'\n');
}

// What `status` and the window say first.
QString sentenceOf(const EngineRig &rig)
{
    return rig.status()[QLatin1String("verdict")][QLatin1String("text")].toString();
}

sim::FaultSpec fault(const char *id, milliseconds duration, QJsonObject parameters = {}, const char *stream = "")
{
    return {.fault = QString::fromLatin1(id),
            .stream = QString::fromLatin1(stream),
            .connection = 0,
            .duration = duration,
            .parameters = std::move(parameters)};
}

// The first whole minute of the span for which a pair has no mark price; empty: each has all.
QString markHole(EngineRig &rig, TimeSpan span)
{
    const auto reader = store::EmbeddedStore(store::EmbeddedStore::fileIn(rig.dataDir())).openReader();
    if (!reader)
        return reader.error().message;
    for (const exchange::Instrument &instrument : rig.instruments()) {
        const auto holes = (*reader)->markHoles(QStringLiteral("binance-usdm"), instrument.unified, span);
        if (!holes)
            return holes.error().message;
        if (!holes->empty())
            return instrument.unified + u' ' + isoText(holes->front().from);
    }
    return {};
}

} // namespace

void TestLosses::expectRefilled(EngineRig &rig, Telling &said, const QString &cause)
{
    // REST refuses from here on, so that what is said while candles are missing can be looked at in peace.
    QVERIFY(rig.waitUntil([&] { return !rig.isReady() && !rig.reasons().isEmpty(); }, 20s));
    QVERIFY(rig.waitUntil([&] { return rig.gapsOpenMetric() > 0; }, 20s));
    QVERIFY(rig.status().value(QLatin1String("gaps_open")).toInteger() > 0);
    QVERIFY2(rig.waitUntil(
                 [&] { return rig.reasons().join(u' ').contains(QLatin1String("stored is not there any more")); }, 20s),
             qPrintable(rig.reasons().join(u' ')));
    QVERIFY(rig.hasEvent(QStringLiteral("Store began anew")));
    QVERIFY(!rig.gapRows().isEmpty());
    rig.sim().clearFaults();
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
    QVERIFY(rig.waitUntil([&] { return rig.isReady() && rig.reasons().isEmpty(); }, 60s));
    QCOMPARE(rig.gapsOpenMetric(), 0);
    QVERIFY2(hasGap(rig, StreamKind::Candles, cause, GapState::Closed), qPrintable(gapsText(rig)));
    QVERIFY(hasGap(rig, StreamKind::MarkPrice, cause, GapState::Closed));
    QVERIFY(hasGap(rig, StreamKind::FundingRate, cause, GapState::Closed));
    QCOMPARE(said.verdict(), QString());
}

void TestLosses::storeFilesRemoved()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    QVERIFY(rig.waitUntil([&] { return rig.isReady() && rig.reasons().isEmpty() && rig.history()->fill.done; }));
    // In the middle of a minute: its mark prices were stored already. Well before, or the wait for that would move it.
    QVERIFY(rig.waitUntil([&] {
        const milliseconds into = rig.clock().utcNow() - candleOpen(Timeframe::M1, rig.clock().utcNow());
        const bool later = rig.clock().utcNow() > candleOpen(Timeframe::M1, rig.startedAt()) + 2min;
        return later && into > 20s && into < 40s && rig.reasons().isEmpty();
    }));
    auto said = Telling::trouble(rig, lossFaces, 5s,
                                 {QStringLiteral("stored is not there any more"), QStringLiteral("Store began anew")});
    rig.sim().addFault(fault("F15", 30min, {{QStringLiteral("status"), 503}}));
    const UtcTime removed = rig.clock().utcNow();
    for (const char *suffix : {"", "-wal", "-shm"})
        QFile::remove(storeFile(rig) + QLatin1String(suffix));
    expectRefilled(rig, said, QStringLiteral("the store began anew"));
    // Mark prices too, the minute that ran then and the first of the run among them.
    QVERIFY(rig.waitSimulated(3min));
    const TimeSpan run{candleOpen(Timeframe::M1, rig.startedAt()) + 1min,
                       candleOpen(Timeframe::M1, rig.clock().utcNow()) - 1min};
    QVERIFY(removed > run.from && removed + 1min < run.to);
    QCOMPARE(markHole(rig, run), QString());
}

// A ledger that goes is an event, what is open in it is written again, and nothing was lost by it.
void TestLosses::ledgerRemoved()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    auto said = Telling::calm(rig, {QStringLiteral("Gap ledger began anew")});
    for (const char *suffix : {"", "-wal", "-shm"})
        QFile::remove(rig.dataDir() + QStringLiteral("/ledger.sqlite") + QLatin1String(suffix));
    QVERIFY(rig.waitUntil([&] { return rig.hasEvent(QStringLiteral("Gap ledger began anew")); }, 20s));
    QVERIFY(QFile::exists(rig.dataDir() + QStringLiteral("/ledger.sqlite")));
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
    // Nor was what only the ledger knew: how far back mark prices go. The store is lost in the next run.
    const UtcTime first = candleOpen(Timeframe::M1, rig.startedAt()) + 1min;
    rig.stop();
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    for (const char *suffix : {"", "-wal", "-shm"})
        QFile::remove(storeFile(rig) + QLatin1String(suffix));
    QVERIFY(rig.waitUntil([&] { return rig.hasEvent(QStringLiteral("Store began anew")); }, 20s));
    QVERIFY(rig.waitSimulated(2min));
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
    QCOMPARE(markHole(rig, {first, candleOpen(Timeframe::M1, rig.clock().utcNow()) - 1min}), QString());
}

void TestLosses::storeDamagedWhileRunning()
{
    RigOptions options;
    options.inspectEvery = 20s;
    EngineRig rig(options);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    auto said = Telling::trouble(
        rig, lossFaces, 25s,
        {QStringLiteral("stored is not there any more"), QStringLiteral("Store began anew")}); // inspected every 20 s
    rig.sim().addFault(fault("F15", 30min, {{QStringLiteral("status"), 503}}));
    {
        // The pages reach the file with a checkpoint: another program's is as good as ours.
        auto other = store::Database::open(storeFile(rig), store::Database::Mode::ReadWrite, 5s).value();
        QVERIFY(other.execute("PRAGMA wal_checkpoint(PASSIVE)"));
    }
    QFile file(storeFile(rig));
    QVERIFY(file.open(QIODevice::ReadWrite));
    for (qint64 at = 3 * 4096; at + 4096 <= file.size(); at += 2 * 4096) {
        file.seek(at);
        file.write(QByteArray(512, '\x5a'));
    }
    file.close();
    expectRefilled(rig, said, QStringLiteral("the store began anew"));
    QCOMPARE(QDir(rig.dataDir()).entryList({QStringLiteral("market_data.sqlite.corrupt-*Z")}).size(), 1);
}

// Somebody wrote values that no candle can have over ours: the search for gaps finds them, and they are fetched again.
void TestLosses::candlesInTheStoreThatCannotBe()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitUntil([&] { return rig.history()->fill.done; }));
    QVERIFY(rig.waitHealthy());
    {
        auto other = store::Database::open(storeFile(rig), store::Database::Mode::ReadWrite, 5s).value();
        QVERIFY(other.execute(
            "UPDATE ohlcv SET high='0.001' WHERE t IN (SELECT t FROM ohlcv ORDER BY t LIMIT 1 OFFSET 20)"));
    }
    const auto left = rig.gapRows();
    QVERIFY(!left.isEmpty()); // nobody knows of them yet, and whoever asks is told
    bool done = false;
    QJsonArray after;
    rig.engine().commands().run(QStringLiteral("gaps-repair"), {},
                                link::Reply(link::Reply::Sink{[](const QJsonObject &) {},
                                                              [&](const QJsonValue &rows) {
                                                                  after = rows.toArray();
                                                                  done = true;
                                                              },
                                                              [&](const Error &error) {
                                                                  qWarning("%s", qUtf8Printable(error.message));
                                                                  done = true;
                                                              },
                                                              [] { return true; }}));
    QVERIFY(rig.waitUntil([&] { return done; }));
    QVERIFY2(after.isEmpty(), qPrintable(QString::number(after.size())));
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.gapRows().isEmpty());
}

void TestLosses::storeLogRemoved()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    auto said = Telling::calm(rig, {QStringLiteral("Store mended")}); // nothing is missing
    QVERIFY(QFile::remove(storeFile(rig) + QStringLiteral("-wal")));
    QVERIFY(QFile::remove(storeFile(rig) + QStringLiteral("-shm")));
    QVERIFY(rig.waitUntil([&] { return rig.hasEvent(QStringLiteral("Store mended")); }, 20s));
    QVERIFY(QFile::exists(storeFile(rig) + QStringLiteral("-wal")));
    QVERIFY(rig.waitSimulated(3min));
    QCOMPARE(rig.verdict(), QString()); // nothing was lost, so nothing had to be fetched
    QVERIFY(!hasGap(rig, StreamKind::Candles, QStringLiteral("the store began anew"), GapState::Closed));
    QCOMPARE(said.verdict(), QString());
}

void TestLosses::dataFolderRemoved()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    const QString socket = link::LinkServer::fileIn(rig.dataDir());
    QVERIFY(QFile::exists(socket));
    auto said = Telling::trouble(rig, lossFaces, 5s,
                                 {QStringLiteral("stored is not there any more"), QStringLiteral("Store began anew")});
    rig.sim().addFault(fault("F15", 30min, {{QStringLiteral("status"), 503}}));
    QTemporaryDir away; // at once: file by file, the engine would put some of them back meanwhile
    QVERIFY(QDir().rename(rig.dataDir(), away.filePath(QStringLiteral("gone"))));
    QVERIFY(rig.waitUntil([&] { return !rig.isReady(); }, 20s));
    QVERIFY(rig.waitUntil([&] { return QFile::exists(socket); }, 20s)); // socket, lock and events are back
    QVERIFY(QFile::exists(rig.dataDir() + QStringLiteral("/lock")));
    QVERIFY(rig.waitUntil([&] { return QFile::exists(rig.dataDir() + QStringLiteral("/events.jsonl")); }, 20s));
    expectRefilled(rig, said, QStringLiteral("the store began anew"));
    QVERIFY(rig.hasEvent(QStringLiteral("Data folder taken again")));
    QVERIFY(QFile::exists(rig.dataDir() + QStringLiteral("/ledger.sqlite")));
}

void TestLosses::storeGoneAtTheStart()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitUntil([&] { return rig.history()->fill.done; }));
    rig.stop();
    for (const char *suffix : {"", "-wal", "-shm"})
        QFile::remove(storeFile(rig) + QLatin1String(suffix));
    rig.sim().addFault(fault("F15", 30min, {{QStringLiteral("status"), 503}}));
    QVERIFY(rig.start());
    auto said =
        Telling::troubleNow(rig, lossFaces, 60s, {QStringLiteral("stored is not there any more")}); // from the start
    QVERIFY(rig.waitUntil([&] { return rig.gapsOpenMetric() > 0 && !rig.reasons().isEmpty(); }, 30s));
    QVERIFY(!rig.isReady());
    rig.sim().clearFaults();
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
    QVERIFY(hasGap(rig, StreamKind::Candles, QStringLiteral("the store began anew"), GapState::Closed));
    QCOMPARE(said.verdict(), QString());
}

void TestLosses::closedMarksNeverCame()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitHealthy());
    auto said =
        Telling::calm(rig, {QStringLiteral("closed mark did not come"), QStringLiteral("Closed marks did not come")});
    rig.sim().addFault(fault("F9", 4min, {{QStringLiteral("never"), true}}));
    QVERIFY(rig.waitUntil([&] { return rig.hasEvent(QStringLiteral("Closed marks did not come")); }));
    QVERIFY(rig.waitSimulated(5min));
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
    const std::vector<Gap> gaps = rig.gaps();
    const auto named = std::ranges::find_if(gaps, [](const Gap &gap) {
        return gap.stream.kind == StreamKind::Candles && gap.cause.contains(QLatin1String("closed mark did not come"));
    });
    QVERIFY(named != gaps.end());
    QCOMPARE(named->state, GapState::Closed);
    QVERIFY2(named->reason.contains(QLatin1String("repaired")), qPrintable(named->reason));
    QVERIFY(named->opened <= named->settled); // before the repair
    QCOMPARE(said.verdict(), QString());
}

void TestLosses::correctedCandlesAreNamed()
{
    EngineRig rig;
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    auto said = Telling::calm(
        rig, {QStringLiteral("Candles corrected by the exchange"), QStringLiteral("the exchange corrected a candle")});
    rig.sim().addFault(
        fault("correction", 4min,
              {{QStringLiteral("side"), QStringLiteral("both")}, {QStringLiteral("age"), QStringLiteral("30s")}}));
    QVERIFY(rig.waitUntil([&] { return rig.hasEvent(QStringLiteral("Candles corrected by the exchange")); }));
    QVERIFY(rig.waitSimulated(5min));
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
    const std::vector<Gap> gaps = rig.gaps();
    const auto named = std::ranges::find_if(
        gaps, [](const Gap &gap) { return gap.cause.startsWith(QLatin1String("the exchange corrected a candle")); });
    QVERIFY(named != gaps.end());
    QCOMPARE(named->state, GapState::Closed);
    QCOMPARE(named->reason, QStringLiteral("the value of the exchange's history is kept"));
    QCOMPARE(said.verdict(), QString());
}

void TestLosses::restartWhileRestRefuses()
{
    RigOptions options;
    options.factor = 40; // the start must not take a minute of it
    EngineRig rig(options);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitUntil([&] { return rig.history()->fill.done; }));
    rig.stop();
    QVERIFY(rig.waitSimulated(10min));
    rig.sim().addFault(fault("F15", 30min, {{QStringLiteral("status"), 503}}));
    QVERIFY(rig.start());
    auto said =
        Telling::troubleNow(rig, {QStringLiteral("status"), QStringLiteral("gaps"), QStringLiteral("window")}, 60s,
                            {QStringLiteral("history does not work"), QStringLiteral("History does not work: "),
                             QStringLiteral("engine stopped at")});
    QVERIFY(rig.waitUntil([&] { return rig.history() && !rig.history()->trouble.isEmpty(); }));
    QVERIFY(rig.waitSimulated(2min));
    // One truth: the search of the store finds nothing that the ledger does not know of, and every count agrees.
    const QJsonArray rows = rig.gapRows();
    QVERIFY(!rows.isEmpty());
    for (const QJsonValue &row : rows)
        QVERIFY2(!row[QLatin1String("cause")].toString().contains(QLatin1String("ledger does not know")),
                 qPrintable(row[QLatin1String("pair")].toString() + row[QLatin1String("from")].toString()));
    QVERIFY(rig.gapsOpenMetric() > 0);
    QCOMPARE(rig.status().value(QLatin1String("gaps_open")).toInteger(), rig.gapsOpenMetric());
    QVERIFY(!rig.reasons().isEmpty());
    QVERIFY(!rig.history()->repairing); // nothing can move
    rig.sim().clearFaults();
    QCOMPARE(rig.verdict(), QString());
    QVERIFY(rig.waitHealthy());
    QCOMPARE(said.verdict(), QString());
}

void TestLosses::rowsThatCannotBe()
{
    RigOptions options;
    options.sim.oddRows = QStringLiteral("btcusdt@kline_3m");
    EngineRig rig(options);
    QVERIFY(rig.start());
    const QString cause = QStringLiteral("candle that cannot be");
    auto said = Telling::troubleNow(rig, {}, 0s, {QStringLiteral("Candles that cannot be"), cause});
    QVERIFY(rig.waitLive());
    QVERIFY(rig.waitUntil([&] { return rig.hasEvent(QStringLiteral("Candles that cannot be")); }));
    QVERIFY(rig.waitUntil([&] { return hasGap(rig, StreamKind::Candles, cause, GapState::Unfillable); }));
    QCOMPARE(said.verdict(), QString());
    // The collector is well, and from then on nobody says that nothing is lost.
    auto after = Telling::calm(rig);
    QVERIFY(rig.waitSimulated(2min));
    const QString sentence = sentenceOf(rig);
    QVERIFY2(sentence.contains(QLatin1String("unfillable")), qPrintable(sentence));
    QVERIFY2(!sentence.contains(QLatin1String("nothing lost")), qPrintable(sentence));
    QCOMPARE(after.verdict(), QString());
    QCOMPARE(rig.gapsOpenMetric(), 0);
    QCOMPARE(rig.contradictions(), QStringList());
    const auto rows = rig.gapRows();
    QVERIFY(!rows.isEmpty());
    for (const QJsonValue &row : rows)
        QCOMPARE(row[QLatin1String("state")].toString(), QStringLiteral("unfillable"));
    rig.stop();
    store::EmbeddedStore stored(storeFile(rig));
    const auto reader = stored.openReader().value();
    for (const Gap &gap : rig.gaps()) {
        if (!gap.cause.contains(cause))
            continue;
        QCOMPARE(gap.stream.pair, QStringLiteral("BTC/USDT:USDT"));
        QVERIFY2(!gap.reason.isEmpty(), "why it cannot be");
        const SeriesKey series{gap.stream.exchange, gap.stream.pair, gap.stream.timeframe};
        QCOMPARE(reader->candles(series, {gap.from, gap.to}, std::nullopt)->size(), size_t(0));
    }
}

void TestLosses::relistedSymbol()
{
    RigOptions options;
    options.history = 60; // three hours of the longest timeframe, and the contract is one hour old
    options.sim.relisted = QStringLiteral("ETHUSDT");
    options.sim.relistedFor = 1h;
    EngineRig rig(options);
    QVERIFY(rig.start());
    QVERIFY(rig.waitLive());
    const auto eth =
        std::ranges::find(rig.instruments(), QStringLiteral("ETH/USDT:USDT"), &exchange::Instrument::unified);
    QVERIFY(eth != rig.instruments().end());
    const UtcTime listed = eth->onboard;
    // What the contract of before had is nobody's loss: no gap, no complaint, nothing that waits for it.
    auto said = Telling::calm(rig);
    QVERIFY(rig.waitSimulated(3min));
    QVERIFY(rig.waitHealthy());
    QCOMPARE(rig.verdict(), QString());
    QCOMPARE(said.verdict(), QString());
    QVERIFY2(sentenceOf(rig).contains(QLatin1String("nothing lost so far")), qPrintable(sentenceOf(rig)));
    QVERIFY2(rig.gapRows().isEmpty(), qPrintable(gapsText(rig)));
    QCOMPARE(rig.gapsOpenMetric(), 0);
    rig.stop();
    store::EmbeddedStore stored(storeFile(rig));
    const auto reader = stored.openReader().value();
    for (const Timeframe timeframe : {Timeframe::M1, Timeframe::M3}) {
        const auto first = reader->firstTime({QStringLiteral("binance-usdm"), eth->unified, timeframe}).value();
        QVERIFY(first.has_value());
        QVERIFY2(*first >= candleOpen(timeframe, listed), qPrintable(isoText(*first)));
    }
    const auto rates =
        reader->fundingHistory(QStringLiteral("binance-usdm"), eth->unified, {listed - 24h * 30, listed});
    QCOMPARE(rates->size(), size_t(0));
}

TK_TEST(TestLosses, losses);

} // namespace tk::test

#include "tst_losses.moc"
