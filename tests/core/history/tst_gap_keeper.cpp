// Gaps from their opening to their end, with a real store and a real ledger.
#include "history/gap_keeper.h"
#include "store/embedded/embedded_store.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <QFile>
#include <QTemporaryDir>

using namespace tk;
using namespace tk::history;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

const UtcTime start = fromMs(1'795'168'800'000); // 10:00

StreamKey candles()
{
    return {QStringLiteral("binance-usdm"), QStringLiteral("BTC/USDT:USDT"), StreamKind::Candles, Timeframe::M3};
}
StreamKey marks()
{
    return {QStringLiteral("binance-usdm"), QStringLiteral("BTC/USDT:USDT"), StreamKind::MarkPrice, Timeframe::M1};
}
StreamKey trades()
{
    return {QStringLiteral("binance-usdm"), QStringLiteral("BTC/USDT:USDT"), StreamKind::Trades, Timeframe::M1};
}

Gap gap(const StreamKey &stream, UtcTime from, UtcTime to = {})
{
    Gap made;
    made.stream = stream;
    made.from = from;
    made.to = to;
    made.cause = QStringLiteral("connection lost");
    made.opened = from;
    return made;
}

} // namespace

class GapKeeperTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_store = std::make_unique<store::EmbeddedStore>(store::EmbeddedStore::fileIn(m_dir->path()));
        QVERIFY(m_store->prepare());
        m_writer = m_store->openWriter().value();
        m_reader = m_store->openReader().value();
        reopen();
    }
    void cleanup()
    {
        m_keeper.reset();
        m_reader.reset();
        m_writer.reset();
        m_store.reset();
    }

    // Rates come in pages. What the store has confirmed is not asked for again, and the last page closes the gap.
    void onlyTheRestOfTheRatesIsAskedFor()
    {
        const StreamKey rates{candles().exchange, candles().pair, StreamKind::FundingRate, Timeframe::M1};
        m_keeper->opened({gap(rates, start, start + 800h)});
        QVERIFY((m_keeper->review(rates).at(0).missing == std::vector{TimeSpan{start, start + 800h}}));
        QVERIFY(m_keeper->isBeingRepaired(rates, {start + 1s, start + 800h}));
        QVERIFY(!m_keeper->isBeingRepaired(rates, {start, start + 801h}));
        m_keeper->fetched(rates, {start, start + 600h});
        QVERIFY((m_keeper->review(rates).at(0).missing == std::vector{TimeSpan{start + 600h, start + 800h}}));
        m_keeper->fetched(rates, {start + 600h, start + 800h});
        QVERIFY(m_keeper->review(rates).empty());
        QCOMPARE(m_keeper->openCount(), size_t(0));
        QCOMPARE(m_keeper->counts().closed, quint64(1));
    }

    void repairedAndClosed()
    {
        put(0, 2); // 10:00 and 10:03 are there
        m_keeper->opened({gap(candles(), start + 5min)});
        QCOMPARE(m_keeper->openCount(), size_t(1));
        const auto needs = m_keeper->ended({candles()}, start + 20min);
        QCOMPARE(needs.size(), size_t(1));
        // 10:03 forms at 10:05 and is stored all the same; 10:18 has not closed at 10:20 and will come on the stream.
        QVERIFY((needs[0].missing == std::vector{TimeSpan{start + 6min, start + 18min}}));
        QCOMPARE(m_keeper->unsettled().at(0).state, GapState::Repairing);
        put(2, 2);
        const auto rest = m_keeper->review(candles());
        QVERIFY((rest.at(0).missing == std::vector{TimeSpan{start + 12min, start + 18min}}));
        put(4, 2);
        QVERIFY(m_keeper->review(candles()).empty());
        QCOMPARE(m_keeper->openCount(), size_t(0));
        QCOMPARE(m_keeper->counts().opened, quint64(1));
        QCOMPARE(m_keeper->counts().closed, quint64(1));
        QVERIFY(m_keeper->ledger()
                    .list({start - 24h, start + 24h}, 10)
                    ->at(0)
                    .reason.startsWith(QLatin1String("repaired")));
    }

    void nothingWasMissing()
    {
        put(0, 10);
        m_keeper->opened({gap(candles(), start + 5min)});
        QVERIFY(m_keeper->ended({candles()}, start + 8min).empty());
        QCOMPARE(m_keeper->openCount(), size_t(0));
        QVERIFY(
            m_keeper->ledger().list({start - 24h, start + 24h}, 10)->at(0).reason.startsWith(QLatin1String("nothing")));
    }

    void downIsLeftAlone()
    {
        m_keeper->opened({gap(candles(), start)});
        QVERIFY(m_keeper->reviewAll().empty());
        QCOMPARE(m_keeper->openCount(), size_t(1));
        QVERIFY(m_keeper->ended({marks()}, start + 1h).empty()); // another stream's end
        QCOMPARE(m_keeper->openCount(), size_t(1));
    }

    void whatOurDatabaseRefusesStaysOpen()
    {
        put(0, 2);
        const TimeSpan span{start + 6min, start + 12min};
        m_keeper->refused(candles(), span, QStringLiteral("field type conflict"));
        QCOMPARE(m_keeper->openCount(), size_t(1));
        QCOMPARE(m_keeper->counts().unfillable, quint64(0)); // the exchange has it
        QCOMPARE(m_keeper->unsettled().at(0).state, GapState::Refused);
        QVERIFY(m_keeper->reviewAll().empty()); // asked for again when the database has changed its mind
        // It refuses the next ones, too, and the gap says so in the ledger.
        m_keeper->refused(candles(), {start + 12min, start + 15min}, QStringLiteral("field type conflict"));
        QCOMPARE(m_keeper->openCount(), size_t(1));
        QCOMPARE(m_keeper->unsettled().at(0).state, GapState::Refused);
        QCOMPARE(m_keeper->unsettled().at(0).reason, QStringLiteral("field type conflict"));
        // A new run asks once: somebody may have mended it in between.
        reopen();
        QCOMPARE(m_keeper->reviewAll().size(), size_t(1));
        QVERIFY(m_keeper->reviewAll().empty());
        QCOMPARE(m_keeper->unsettled().at(0).state, GapState::Refused);
        m_keeper->takenAgain(QStringLiteral("ohlcv_1m"), false); // another one
        QVERIFY(m_keeper->reviewAll().empty());
        m_keeper->takenAgain(QStringLiteral("ohlcv_3m"), false);
        const auto needs = m_keeper->reviewAll();
        QCOMPARE(needs.size(), size_t(1));
        QVERIFY((needs[0].missing == std::vector{TimeSpan{start + 6min, start + 15min}}));
        put(2, 3);
        QVERIFY(m_keeper->reviewAll().empty());
        QCOMPARE(m_keeper->openCount(), size_t(0));
        QCOMPARE(m_keeper->counts().closed, quint64(1));
    }

    void refusedTicksWaitForTheirLetters()
    {
        m_keeper->refused(trades(), {start, start + 1min}, QStringLiteral("conflict"));
        QVERIFY(m_keeper->reviewAll().empty());
        QCOMPARE(m_keeper->openCount(), size_t(1)); // without history, and not lost yet
        m_keeper->takenAgain(QStringLiteral("trades"), false);
        QCOMPARE(m_keeper->openCount(), size_t(1));
        m_keeper->takenAgain(QStringLiteral("trades"), true);
        QCOMPARE(m_keeper->openCount(), size_t(0));
        QCOMPARE(m_keeper->counts().unfillable, quint64(0));
    }

    void ratesAreJudgedByWhatWasFetched()
    {
        const StreamKey rates{candles().exchange, candles().pair, StreamKind::FundingRate, Timeframe::M1};
        Gap lost = gap(rates, start, start + 24h);
        lost.cause = QStringLiteral("the database lost what it had acknowledged");
        m_keeper->opened({lost});
        QCOMPARE(m_keeper->lossCount(), size_t(1));
        QCOMPARE(m_keeper->reviewAll().size(), size_t(1));
        m_keeper->fetched(rates, {start, start + 8h});
        QCOMPARE(m_keeper->review(rates).size(), size_t(1)); // not all of it yet
        m_keeper->fetched(rates, {start + 8h, start + 24h});
        QVERIFY(m_keeper->review(rates).empty());
        QCOMPARE(m_keeper->openCount(), size_t(0));
        QCOMPARE(m_keeper->lossCount(), size_t(0));
    }

    void correctedCandlesCloseWithTheirNewValues()
    {
        put(0, 4);
        Gap corrected = gap(candles(), start + 3min, start + 6min);
        corrected.cause = QStringLiteral("the exchange corrected a candle after its own closed mark");
        m_keeper->opened({corrected});
        QCOMPARE(m_keeper->review(candles()).size(), size_t(1)); // it is there, with the old values
        m_keeper->fetched(candles(), {start + 3min, start + 6min});
        QVERIFY(m_keeper->review(candles()).empty());
        QCOMPARE(m_keeper->openCount(), size_t(0));
        QCOMPARE(m_keeper->ledger().list({start - 24h, start + 24h}, 10)->at(0).reason,
                 QStringLiteral("the value of the exchange's history is kept"));
    }

    void whatIsTooOldIsNotRepaired()
    {
        m_keeper->opened({gap(candles(), start, start + 30min)});
        m_keeper->setOldestKept(start + 20min);
        const auto needs = m_keeper->reviewAll();
        QCOMPARE(needs.size(), size_t(1));
        QVERIFY((needs[0].missing == std::vector{TimeSpan{start + 21min, start + 30min}}));
        m_keeper->setOldestKept(start + 40min);
        QVERIFY(m_keeper->reviewAll().empty());
        QCOMPARE(m_keeper->openCount(), size_t(0));
    }

    void aLedgerRemovedInUseIsWrittenAgain()
    {
        m_keeper->opened({gap(candles(), start + 6min, start + 12min), gap(marks(), start, start + 10min)});
        QCOMPARE(m_keeper->openCount(), size_t(2));
        for (const char *suffix : {"", "-wal", "-shm"})
            QFile::remove(m_dir->filePath(QStringLiteral("ledger.sqlite")) + QLatin1String(suffix));
        QCOMPARE(m_keeper->reviewAll().size(), size_t(2));
        QCOMPARE(m_keeper->openCount(), size_t(2));
        reopen(); // from the file
        QCOMPARE(m_keeper->openCount(), size_t(2));
    }

    // What the exchange does not have is neither asked for again nor counted twice.
    void aLedgerRemovedInUseKeepsWhatIsUnfillable()
    {
        m_keeper->opened({gap(candles(), start, start + 9min)});
        m_keeper->absent(candles(), {start, start + 9min}, QStringLiteral("no such candle"));
        QVERIFY(m_keeper->reviewAll().empty());
        QCOMPARE(m_keeper->counts().unfillable, quint64(1));
        for (const char *suffix : {"", "-wal", "-shm"})
            QFile::remove(m_dir->filePath(QStringLiteral("ledger.sqlite")) + QLatin1String(suffix));
        QVERIFY(m_keeper->ledger().setNote(QStringLiteral("a"), QStringLiteral("b"))); // finds it out
        m_keeper->lookAfterLedger();
        QCOMPARE(m_keeper->ledgersBegun(), 1);
        QCOMPARE(m_keeper->counts().unfillable, quint64(1));
        m_keeper->opened({gap(candles(), start, start + 9min)});
        QVERIFY(m_keeper->reviewAll().empty());
        const auto listed = m_keeper->ledger().list({start - 24h, start + 24h}, 10);
        QVERIFY(std::ranges::any_of(*listed, [](const Gap &one) { return one.state == GapState::Unfillable; }));
    }

    void aPairThatIsListedNoMore()
    {
        m_keeper->opened({gap(candles(), start, start + 30min)});
        m_keeper->unlisted(m_keeper->unsettled().at(0).id);
        QCOMPARE(m_keeper->openCount(), size_t(0));
        QCOMPARE(m_keeper->counts().unfillable, quint64(1));
    }

    void whatTheExchangeDoesNotHave()
    {
        m_keeper->opened({gap(candles(), start, start + 9min)});
        QCOMPARE(m_keeper->reviewAll().at(0).missing.size(), size_t(1));
        m_keeper->absent(candles(), {start, start + 3min}, QStringLiteral("no such candle"));
        auto needs = m_keeper->reviewAll();
        QVERIFY((needs.at(0).missing == std::vector{TimeSpan{start + 3min, start + 9min}}));
        m_keeper->absent(candles(), {start + 3min, start + 9min}, QStringLiteral("no such candle"));
        QVERIFY(m_keeper->reviewAll().empty());
        QCOMPARE(m_keeper->openCount(), size_t(0));
        QCOMPARE(m_keeper->counts().unfillable, quint64(2));
        reopen(); // known for ever
        m_keeper->opened({gap(candles(), start, start + 9min)});
        QVERIFY(m_keeper->reviewAll().empty());
    }

    // "Nothing lost" would be untrue after a restart, too.
    void whatAnEarlierRunLostStaysLost()
    {
        QCOMPARE(m_keeper->unfillableBefore(), quint64(0));
        m_keeper->opened({gap(trades(), start)});
        m_keeper->ended({trades()}, start + 5s);
        QCOMPARE(m_keeper->counts().unfillable, quint64(1));
        QCOMPARE(m_keeper->unfillableBefore(), quint64(0));
        reopen();
        QCOMPARE(m_keeper->counts().unfillable, quint64(0));
        QCOMPARE(m_keeper->unfillableBefore(), quint64(1));
        m_keeper->setOldestKept(start + 1h);
        QCOMPARE(m_keeper->unfillableBefore(), quint64(0));
    }

    void streamsWithoutHistory()
    {
        m_keeper->opened({gap(trades(), start)});
        QVERIFY(m_keeper->ended({trades()}, start + 5s).empty());
        const auto all = m_keeper->ledger().list({start - 24h, start + 24h}, 10);
        QCOMPARE(all->at(0).state, GapState::Unfillable);
        QVERIFY(!all->at(0).reason.isEmpty());
    }

    void marksByTheMinute()
    {
        m_keeper->opened({gap(marks(), start + 30s)});
        auto needs = m_keeper->ended({marks()}, start + 4min + 10s);
        // Also the minute in which it began: it has no point.
        QVERIFY((needs.at(0).missing == std::vector{TimeSpan{start, start + 4min}}));
        RecordBatch batch;
        for (const milliseconds at : {10'000ms, 60'000ms, 150'000ms}) // a point anywhere in the minute stands for it
            batch.marks.push_back({.exchange = marks().exchange,
                                   .pair = marks().pair,
                                   .time = start + at,
                                   .price = *DecimalText::from("1"),
                                   .index_price = {}});
        QVERIFY(m_writer->write({batch}));
        needs = m_keeper->review(marks());
        QVERIFY((needs.at(0).missing == std::vector{TimeSpan{start + 3min, start + 4min}}));
    }

    void ofARestart()
    {
        m_clock.advance(0ms);
        m_keeper->opened(
            {gap(candles(), m_clock.utcNow() - 1h), gap(marks(), m_clock.utcNow() - 1h, m_clock.utcNow() - 30min)});
        m_clock.advance(10min);
        reopen();
        QCOMPARE(m_keeper->openCount(), size_t(2));
        for (const Gap &left : m_keeper->unsettled()) {
            const UtcTime end = left.stream == candles() ? m_clock.utcNow() : m_clock.utcNow() - 40min;
            QCOMPARE(left.to, end); // nobody watched since
        }
        QCOMPARE(m_keeper->reviewAll().size(), size_t(2));
    }

    void senselessGapsAreNotKept()
    {
        StreamKey service = candles();
        service.pair.clear();
        m_keeper->opened({gap(candles(), start, start), gap(candles(), start + 1min, start), gap(service, start)});
        QCOMPARE(m_keeper->openCount(), size_t(0));
    }

    void atRisk()
    {
        const auto risk = [](const StreamKey &stream, milliseconds from, milliseconds to) {
            const TimeSpan span = GapKeeper::atRisk(stream, {start + from, start + to});
            return std::pair((span.from - start) / 1s, (span.to - start) / 1s);
        };
        QCOMPARE(risk(candles(), 0ms, 3min), std::pair(0L, 180L));
        QCOMPARE(risk(candles(), 179'999ms, 180'001ms), std::pair(0L, 180L)); // its close was in the gap
        QCOMPARE(risk(candles(), 181s, 182s), std::pair(180L, 180L));         // nothing closed
        QCOMPARE(risk(marks(), 0ms, 2min), std::pair(0L, 120L));
        QCOMPARE(risk(marks(), 1ms, 119s), std::pair(0L, 60L)); // the minute that it began in may have none
        QCOMPARE(risk(marks(), 61s, 62s), std::pair(60L, 60L)); // a minute goes on after it
    }

private:
    void put(int first, int count)
    {
        RecordBatch batch;
        CandleBatch series{{candles().exchange, candles().pair, Timeframe::M3}, {}};
        for (int i = first; i < first + count; ++i) {
            Candle candle;
            candle.open_time = start + i * 3min;
            for (DecimalText *value :
                 {&candle.open, &candle.high, &candle.low, &candle.close, &candle.volume, &candle.quote_volume})
                *value = *DecimalText::from("1");
            series.candles.push_back(candle);
        }
        batch.candles.push_back(series);
        QVERIFY(m_writer->write({batch}));
    }
    void reopen()
    {
        m_keeper.reset();
        auto ledger = store::openGapLedger(m_dir->filePath(QStringLiteral("ledger.sqlite")));
        QVERIFY(ledger);
        m_keeper = std::make_unique<GapKeeper>(std::move(ledger).value(), *m_reader, m_clock);
        QVERIFY(m_keeper->load());
    }

    ManualClock m_clock;
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<store::EmbeddedStore> m_store;
    std::unique_ptr<store::StoreWriter> m_writer;
    std::unique_ptr<store::StoreReader> m_reader;
    std::unique_ptr<GapKeeper> m_keeper;
};

TK_TEST(GapKeeperTest, gap_keeper);
#include "tst_gap_keeper.moc"
