#include "../core/store/samples.h"
#include "app/gap_finder.h"
#include "history/reach_note.h"
#include "store/embedded/embedded_store.h"
#include "store/gap_ledger.h"
#include "support/test_registry.h"

#include <QJsonObject>
#include <QTemporaryDir>

using namespace tk;
using namespace tk::app;
using namespace std::chrono_literals;
using namespace tk::test;

namespace {

constexpr milliseconds step{180'000}; // 3m

UtcTime at(int candle)
{
    return sampleStart + candle * step;
}

} // namespace

class GapFinderTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_search = {};
        m_search.settings.engine.data_dir = m_folder->path();
        m_search.settings.store.retention = milliseconds(0);
        m_search.now = at(100);
        m_store = std::make_unique<store::EmbeddedStore>(store::EmbeddedStore::fileIn(m_folder->path()));
        auto ledger = store::openGapLedger(m_folder->filePath(QStringLiteral("ledger.sqlite")));
        QVERIFY(ledger);
        m_ledger = std::move(ledger).value();
    }
    void cleanup()
    {
        m_ledger.reset();
        m_store.reset();
    }

    void needsAStore()
    {
        const auto rows = findGaps(m_search);
        QVERIFY(!rows);
        QVERIFY(rows.error().message.contains(QStringLiteral("no store")));
    }

    void findsNothingInAWholeSeries()
    {
        store(0, 20);
        const auto rows = findGaps(m_search);
        QVERIFY(rows);
        QVERIFY(rows->empty());
    }

    void namesHolesThatTheLedgerDoesNotKnow()
    {
        store(0, 5);
        store(8, 2);
        const auto rows = findGaps(m_search);
        QCOMPARE(rows->size(), size_t(1));
        const GapRow &row = rows->front();
        QCOMPARE(row.span, (TimeSpan{at(5), at(8)}));
        QCOMPARE(*row.missing, 3);
        QCOMPARE(row.state, GapRow::State::Open);
        QVERIFY(!row.never_fetched);
    }

    void cutsAHoleByWhatTheLedgerKnows()
    {
        store(0, 5);
        store(15, 1);
        const StreamKey stream{series().exchange, series().pair, StreamKind::Candles, Timeframe::M3};
        QVERIFY(m_ledger->record({.stream = stream,
                                  .from = at(6),
                                  .to = at(8),
                                  .cause = QStringLiteral("not there"),
                                  .state = GapState::Unfillable,
                                  .reason = QStringLiteral("asked twice"),
                                  .settled = at(20)}));
        const auto id = m_ledger->open({.stream = stream,
                                        .from = at(10) + milliseconds(5),
                                        .to = at(12) + milliseconds(5),
                                        .cause = QStringLiteral("connection lost")});
        QVERIFY(m_ledger->setState(*id, GapState::Repairing, {}, at(20)));
        const auto rows = findGaps(m_search);
        QVERIFY(rows);
        QStringList text;
        for (const GapRow &row : *rows)
            text.append(QStringLiteral("%1-%2 %3")
                            .arg((row.span.from - sampleStart) / step)
                            .arg((row.span.to - sampleStart) / step)
                            .arg(int(row.state)));
        QCOMPARE(text.join(u'|'), QStringLiteral("5-6 0|6-8 2|8-10 0|10-12 1|12-15 0"));
        QCOMPARE((*rows)[1].cause, QStringLiteral("not there: asked twice"));
        QCOMPARE((*rows)[3].cause, QStringLiteral("connection lost"));
        qint64 missing = 0;
        for (const GapRow &row : *rows)
            missing += *row.missing;
        QCOMPARE(missing, 10); // no candle counts twice
    }

    void aStreamThatIsDownIsShownWithoutAHoleToo()
    {
        store(0, 5);
        QVERIFY(m_ledger->open({.stream = {series().exchange, series().pair, StreamKind::Candles, Timeframe::M3},
                                .from = at(5),
                                .cause = QStringLiteral("connection lost")}));
        m_search.now = at(5) + 30s;
        auto rows = findGaps(m_search); // its engine was killed: what it knew is true all the same
        QCOMPARE(rows->size(), size_t(1));
        QCOMPARE(rows->front().state, GapRow::State::Open);
        QCOMPARE(*rows->front().missing, 0);
        QCOMPARE(toMs(rows->front().span.to), 0);
        m_search.live = true;
        rows = findGaps(m_search);
        QCOMPARE(rows->size(), size_t(1));
        QCOMPARE(rows->front().state, GapRow::State::Down);
    }

    // Killed while a stream was down: candles that were due by then are missing behind the newest that is stored.
    void whatAKilledEngineKnewIsMissing()
    {
        store(0, 5);
        QVERIFY(m_ledger->open({.stream = {series().exchange, series().pair, StreamKind::Candles, Timeframe::M3},
                                .from = at(5) + 10s,
                                .cause = QStringLiteral("silent")}));
        m_search.now = at(8) + 2min;
        const auto rows = findGaps(m_search);
        QCOMPARE(rows->size(), size_t(1));
        QCOMPARE(*rows->front().missing, 3);
        QCOMPARE(rows->front().cause, QStringLiteral("silent"));
        QVERIFY(rows->front().span == (TimeSpan{at(5), at(8)}));
    }

    // The store began anew and has nothing of the series, nor is there a list of instruments.
    void whatAnEmptiedStoreHadIsMissing()
    {
        QVERIFY(m_store->prepare());
        const SeriesKey of = series();
        QVERIFY(m_ledger->open({.stream = {of.exchange, of.pair, StreamKind::Candles, Timeframe::M3},
                                .from = at(2),
                                .to = at(9),
                                .cause = QStringLiteral("the store began anew")}));
        const auto rows = findGaps(m_search);
        QVERIFY(rows);
        QCOMPARE(rows->size(), size_t(1));
        QCOMPARE(*rows->front().missing, 7);
    }

    // The ledger's disk takes nothing: what the engine knows is told all the same.
    void whatIsWrittenNowhereIsShown()
    {
        store(0, 5);
        m_search.live = true;
        m_search.now = at(5) + 30s;
        const SeriesKey of = series();
        m_search.unwritten = {{.stream = {of.exchange, of.pair, StreamKind::Candles, Timeframe::M3},
                               .from = at(5),
                               .cause = QStringLiteral("silent")},
                              {.stream = {of.exchange, of.pair, StreamKind::MarkPrice, Timeframe::M1},
                               .from = at(4),
                               .to = at(5),
                               .cause = QStringLiteral("connection lost")}};
        const auto rows = findGaps(m_search);
        QCOMPARE(rows->size(), size_t(2));
        QCOMPARE(rows->at(0).state, GapRow::State::Down);
        QCOMPARE(*rows->at(1).missing, 3);
    }

    // It delivers again, and its ledger could not be told.
    void whatDeliversAgainIsNotDown()
    {
        store(0, 5);
        store(8, 1);
        m_search.live = true;
        m_search.now = at(9) + 30s;
        const SeriesKey of = series();
        const StreamKey stream{of.exchange, of.pair, StreamKind::Candles, Timeframe::M3};
        const auto id = m_ledger->open({.stream = stream, .from = at(5), .cause = QStringLiteral("silent")});
        QVERIFY(id);
        QCOMPARE(findGaps(m_search)->at(0).state, GapRow::State::Down);
        m_search.unwritten = {
            {.id = *id, .stream = stream, .from = at(5), .to = at(8), .cause = QStringLiteral("silent")}};
        const auto rows = findGaps(m_search);
        QCOMPARE(rows->size(), size_t(1));
        QCOMPARE(rows->front().state, GapRow::State::Open);
        QCOMPARE(rows->front().span, (TimeSpan{at(5), at(8)}));
    }

    // Nobody repairs while the exchange refuses everything.
    void whatCannotBeRepairedWaits()
    {
        store(0, 5);
        store(8, 1);
        const SeriesKey of = series();
        const auto id = m_ledger->open({.stream = {of.exchange, of.pair, StreamKind::Candles, Timeframe::M3},
                                        .from = at(5),
                                        .to = at(8),
                                        .cause = QStringLiteral("silent")});
        QVERIFY(m_ledger->setState(*id, GapState::Repairing, {}, at(9)));
        QCOMPARE(findGaps(m_search)->at(0).state, GapRow::State::Repairing);
        m_search.waits.insert(of.exchange, QStringLiteral("the exchange refuses requests until 10:05:30"));
        const auto rows = findGaps(m_search);
        QCOMPARE(rows->size(), size_t(1));
        QCOMPARE(toJson(rows->front())[QLatin1String("state")].toString(), QStringLiteral("waiting"));
        QCOMPARE(rows->front().cause, QStringLiteral("silent; waits: the exchange refuses requests until 10:05:30"));
    }

    // One gap is one, also where some of its candles are there: it is counted as the engine counts it.
    void aGapInPiecesIsOneGap()
    {
        store(0, 5);
        store(6, 1);
        store(8, 1);
        const SeriesKey of = series();
        const auto id = m_ledger->open({.stream = {of.exchange, of.pair, StreamKind::Candles, Timeframe::M3},
                                        .from = at(5),
                                        .to = at(8),
                                        .cause = QStringLiteral("refused")});
        const auto rows = findGaps(m_search);
        QCOMPARE(rows->size(), size_t(2));
        for (const GapRow &row : *rows)
            QCOMPARE(toJson(row)[QLatin1String("gap")].toInteger(), *id);
    }

    // The store was emptied: what it had held was lost, and not "never fetched", as the ledger knows how far it
    // reached.
    void whatAnEmptiedStoreHadIsALoss()
    {
        store(50, 45);
        const SeriesKey of = series();
        QVERIFY(findGaps(m_search)->empty());
        QVERIFY(m_ledger->setNote(history::reachKey(of.exchange), history::reachText({{of, at(20)}})));
        const auto rows = findGaps(m_search);
        QCOMPARE(rows->size(), size_t(1));
        QCOMPARE(rows->front().span, (TimeSpan{at(20), at(50)}));
        QVERIFY(!rows->front().never_fetched);
        // Nothing of another series is there at all, nor the exchange's list.
        SeriesKey gone = of;
        gone.pair = QStringLiteral("GONE/USDT:USDT");
        QVERIFY(m_ledger->setNote(history::reachKey(of.exchange), history::reachText({{gone, at(90)}})));
        m_search.now = at(95) + 90s;
        const auto others = findGaps(m_search);
        QCOMPARE(others->size(), size_t(1));
        QCOMPARE(others->front().stream.pair, gone.pair);
        QCOMPARE(others->front().span, (TimeSpan{at(90), at(95)}));
        QVERIFY(!others->front().never_fetched);
    }

    // Nothing was ever collected, and nobody knows what should be: that is no store without gaps.
    void nothingKnownIsNotNothingMissing()
    {
        store(0, 0); // the file is there, and empty
        auto rows = findGaps(m_search);
        QVERIFY(rows);
        QCOMPARE(rows->size(), size_t(1));
        QVERIFY(rows->front().state == GapRow::State::NotCollected);
        QCOMPARE(rows->front().stream.pair, everyPair);
        m_search.settings.exchanges.front().pairs = QStringList{series().pair};
        rows = findGaps(m_search);
        QCOMPARE(rows->size(), size_t(1));
        QCOMPARE(rows->front().stream.pair, series().pair);
        QVERIFY(rows->front().cause.contains(QLatin1String("list of instruments")));
        store(0, 10); // there is something: it has no holes
        QVERIFY(findGaps(m_search)->empty());
    }

    // An engine counts what it has not looked at again; nobody says "no gaps" beside it.
    void whatTheLedgerCallsOpenIsShownWithoutAHole()
    {
        store(0, 10);
        const SeriesKey of = series();
        QVERIFY(m_ledger->open({.stream = {of.exchange, of.pair, StreamKind::Candles, Timeframe::M3},
                                .from = at(3),
                                .to = at(4),
                                .cause = QStringLiteral("lost")}));
        QVERIFY(m_ledger->open({.stream = {of.exchange, of.pair, StreamKind::MarkPrice, Timeframe::M1},
                                .from = at(3) + 20s,
                                .to = at(3) + 21s,
                                .cause = QStringLiteral("lost")}));
        const auto rows = findGaps(m_search);
        QCOMPARE(rows->size(), size_t(2));
        for (const GapRow &row : *rows)
            QCOMPARE(*row.missing, 0);
    }

    // Killed, and started again a moment ago: the candle that closed between them is missing at once, not in a minute.
    void whatClosedAMomentAgoInAGapIsMissing()
    {
        store(0, 20);
        const StreamKey stream{series().exchange, series().pair, StreamKind::Candles, Timeframe::M3};
        QVERIFY(m_ledger->open({.stream = stream,
                                .from = at(20) + milliseconds(5),
                                .to = at(21),
                                .cause = QStringLiteral("engine ended without a clean stop")}));
        const auto missingAt = [&](UtcTime now) {
            m_search.now = now;
            const auto rows = findGaps(m_search);
            return rows && rows->size() == 1 ? rows->front().missing.value_or(-1) : qint64(-2);
        };
        QCOMPARE(missingAt(at(21) - milliseconds(1'000)), 0); // it runs still
        QCOMPARE(missingAt(at(21) + milliseconds(20'000)), 1);
        QCOMPARE(missingAt(at(21) + milliseconds(90'000)), 1);
        store(20, 1); // repaired, and the ledger does not say so yet
        QCOMPARE(missingAt(at(21) + milliseconds(20'000)), 0);
    }

    void marksAreCountedInMinutes()
    {
        store(0, 5);
        const StreamKey stream{series().exchange, series().pair, StreamKind::MarkPrice, Timeframe::M1};
        QVERIFY(m_ledger->open({.stream = stream, .from = at(0), .to = at(1), .cause = QStringLiteral("mute")}));
        const auto rows = findGaps(m_search);
        QCOMPARE(rows->size(), size_t(1));
        QCOMPARE(*rows->front().missing, 3);
        QCOMPARE(toJson(rows->front())[QLatin1String("stream")].toString(), QStringLiteral("mark_price"));
    }

private:
    void store(int first, int count)
    {
        const auto writer = m_store->openWriter();
        QVERIFY(writer);
        QVERIFY(writer.value()->write({batch(series(), candles(Timeframe::M3, at(first), count))}));
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<store::EmbeddedStore> m_store;
    std::unique_ptr<store::GapLedger> m_ledger;
    GapSearch m_search;
};

TK_TEST(GapFinderTest, gap_finder);

#include "tst_gap_finder.moc"
