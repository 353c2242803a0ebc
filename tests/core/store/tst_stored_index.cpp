#include "store/index_file.h"
#include "store/line_protocol.h"
#include "store/stored_index.h"
#include "support/test_registry.h"

#include <QTemporaryDir>
#include <QTest>

namespace tk::store {

using namespace std::chrono_literals;

namespace {

constexpr UtcTime t0 = fromMs(1'795'132'800'000);
const QString exchange = QStringLiteral("binance-usdm");
const QString pair = QStringLiteral("BTC/USDT:USDT");
const SeriesKey series{exchange, pair, Timeframe::M3};
const StreamKey candles{exchange, pair, StreamKind::Candles, Timeframe::M3};
const StreamKey marks{exchange, pair, StreamKind::MarkPrice, Timeframe::M1};

Candle candle(int n, const char *close = "1.5")
{
    Candle candle;
    candle.open_time = t0 + n * 3min;
    candle.open = candle.high = candle.low = candle.close = *DecimalText::from(close);
    candle.volume = *DecimalText::from("1");
    return candle;
}

QByteArray candleLines(int from, int to)
{
    CandleBatch batch{series, {}};
    for (int i = from; i < to; ++i)
        batch.candles.push_back(candle(i));
    QByteArray lines;
    appendLines(batch, lines);
    return lines;
}

TimeSpan opens(int from, int to)
{
    return {t0 + from * 3min, t0 + to * 3min};
}

} // namespace

class TestStoredIndex : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readsItsOwnLines();
    void coversSpans();
    void takenIsNotConfirmed();
    void whatIsGoneIsAHole();
    void followsMarksByTheMinute();
    void knowsTheNewestSettledFunding();
    void remembersTheNewestCandles();
    void survivesARestart();
    void learnsAndForgets();
};

void TestStoredIndex::readsItsOwnLines()
{
    const QByteArray candle_line = candleLines(0, 1).chopped(1);
    const auto point = readPointLine(candle_line);
    QVERIFY(point);
    QCOMPARE(point->measurement, QByteArrayView("ohlcv_3m"));
    QCOMPARE(point->timeframe(), std::optional(Timeframe::M3));
    QCOMPARE(point->stream(), std::optional(candles));
    QCOMPARE(point->stamp, toMs(t0));
    QVERIFY(point->hasField("close"));
    QVERIFY(!point->hasField("rate"));
    QVERIFY(!point->hasField("clos"));

    // Names with everything in them that has to be escaped come back as they were.
    for (const QString &name : {QStringLiteral("a,b=c d"), QStringLiteral("牛/USDT:USDT"), QStringLiteral("x\\y")}) {
        QByteArray line;
        appendLine(MarkPoint{exchange, name, t0, *DecimalText::from("1"), {}}, line);
        const auto read = readPointLine(QByteArrayView(line).chopped(1));
        QVERIFY(read);
        QCOMPARE(tagText(read->pair), name);
        QCOMPARE(tagText(read->exchange), exchange);
    }

    // A payload may look like anything.
    QByteArray tick;
    appendLine(TickPoint{exchange, pair, QStringLiteral("trades"), t0, 12, "{\"a\":\"x,rate=1 \\\\\",\n\"b\": 1 }"},
               tick);
    QCOMPARE(tick.count('\n'), 1);
    const auto trade = readPointLine(QByteArrayView(tick).chopped(1));
    QVERIFY(trade);
    QCOMPARE(trade->measurement, QByteArrayView("trades"));
    QCOMPARE(stampTime(Lane::Ticks, trade->stamp), t0);
    QVERIFY(!trade->hasField("rate"));
    QVERIFY(trade->hasField("payload"));

    for (const char *bad : {"", "x", "x y", "x,a=b", "x,a c=1 1", "x,a=b c=1 z", " ", "x,a=b  1", "x,=b c=1 1x"})
        QVERIFY2(!readPointLine(bad), bad);
}

void TestStoredIndex::coversSpans()
{
    const auto spans = coveredSpans(Lane::Candles, candleLines(0, 3) + candleLines(5, 6));
    QCOMPARE(spans.size(), 2u);
    QCOMPARE(spans[0].span, opens(0, 3));
    QCOMPARE(spans[1].span, opens(5, 6));
    QByteArray ticks;
    appendLine(TickPoint{exchange, pair, QStringLiteral("trades"), t0, 12, "{}"}, ticks);
    appendLine(TickPoint{exchange, pair, QStringLiteral("trades"), t0 + 5s, 13, "{}"}, ticks);
    const auto lost = coveredSpans(Lane::Ticks, ticks);
    QCOMPARE(lost.size(), 1u);
    QCOMPARE(lost[0].stream.kind, StreamKind::Trades);
    QCOMPARE(lost[0].span, (TimeSpan{t0, t0 + 5001ms}));
}

void TestStoredIndex::takenIsNotConfirmed()
{
    StoredIndex index;
    QVERIFY(!index.firstTime(series)->has_value());
    QCOMPARE(index.holes(series, opens(0, 5)).value(), std::vector{opens(0, 5)});
    index.taken(Lane::Candles, candleLines(1, 4));
    QCOMPARE(index.firstTime(series).value(), std::optional<UtcTime>(t0 + 3min));
    QCOMPARE(index.holes(series, opens(0, 5)).value(), (std::vector{opens(0, 1), opens(4, 5)})); // not fetched again
    QCOMPARE(index.isConfirmed(candles, opens(1, 4)).value(), false);                            // but no gap closes
    index.confirmed(Lane::Candles, candleLines(1, 3));
    QCOMPARE(index.isConfirmed(candles, opens(1, 3)).value(), true);
    QCOMPARE(index.isConfirmed(candles, opens(1, 4)).value(), false);
    index.confirmed(Lane::Candles, candleLines(3, 4));
    QCOMPARE(index.isConfirmed(candles, opens(0, 5)).value(), true);
    const auto all = index.candleSeries();
    QCOMPARE(all->size(), 1u);
    QCOMPARE(all->front().count, 3);
}

void TestStoredIndex::whatIsGoneIsAHole()
{
    StoredIndex index;
    index.taken(Lane::Candles, candleLines(0, 10));
    index.confirmed(Lane::Candles, candleLines(0, 5));
    index.gone(Lane::Candles, candleLines(4, 6));
    QCOMPARE(index.holes(series, opens(0, 10)).value(), std::vector{opens(4, 6)});
    QCOMPARE(index.confirmedCount(candles, opens(0, 10)), 4);
}

void TestStoredIndex::followsMarksByTheMinute()
{
    StoredIndex index;
    QByteArray lines;
    for (const int second : {5, 70, 200})
        appendLine(MarkPoint{exchange, pair, t0 + second * 1s, *DecimalText::from("1"), {}}, lines);
    index.taken(Lane::Marks, lines);
    QCOMPARE(index.markHoles(exchange, pair, {t0, t0 + 4min}).value(), (std::vector<TimeSpan>{{t0 + 2min, t0 + 3min}}));
    QCOMPARE(index.isConfirmed(marks, {t0, t0 + 4min}).value(), false);
    index.confirmed(Lane::Marks, lines);
    QCOMPARE(index.isConfirmed(marks, {t0, t0 + 4min}).value(), true);
}

void TestStoredIndex::knowsTheNewestSettledFunding()
{
    StoredIndex index;
    QByteArray lines;
    appendLine(FundingPoint{exchange, pair, t0, *DecimalText::from("0.1"), {}}, lines);
    appendLine(FundingPoint{exchange, pair, t0 + 8h, {}, *DecimalText::from("0.2")}, lines);
    index.taken(Lane::Candles, lines);
    QVERIFY(!index.newestSettledFunding(exchange, pair)->has_value());
    index.confirmed(Lane::Candles, lines);
    QCOMPARE(index.newestSettledFunding(exchange, pair).value(), std::optional(t0)); // a prediction settles nothing
}

void TestStoredIndex::remembersTheNewestCandles()
{
    StoredIndex index;
    for (const int n : {5, 1, 2, 9, 3, 7, 8})
        index.remember(series, candle(n));
    QVERIFY(!index.remembered(series, t0 + 3 * 3min));
    QVERIFY(index.remembered(series, t0 + 9 * 3min));
    index.remember(series, candle(9, "2.5"));
    QVERIFY(sameValue(index.remembered(series, t0 + 9 * 3min)->close, *DecimalText::from("2.5")));
    QCOMPARE(index.knownCandles(series, opens(8, 10))->size(), 2u);
    QVERIFY(index.knownCandles({exchange, pair, Timeframe::H1}, opens(0, 10))->empty());
}

void TestStoredIndex::survivesARestart()
{
    QTemporaryDir folder;
    const QString name = IndexFile::fileIn(folder.path());
    StoredIndex index;
    index.taken(Lane::Candles, candleLines(0, 10));
    index.confirmed(Lane::Candles, candleLines(0, 3) + candleLines(5, 7));
    QByteArray more;
    appendLine(FundingPoint{exchange, pair, t0, *DecimalText::from("0.1"), {}}, more);
    appendLine(MarkPoint{exchange, pair, t0, *DecimalText::from("1"), {}}, more);
    index.confirmed(Lane::Marks, more);
    {
        auto file = IndexFile::open(name);
        QVERIFY(file);
        QVERIFY(file->write(index.takeChanges()));
        QVERIFY(index.takeChanges().empty());
        index.confirmed(Lane::Candles, candleLines(3, 4));
        QCOMPARE(index.takeChanges().size(), 1u); // written down no more: the process died
    }
    auto file = IndexFile::open(name);
    QVERIFY(file);
    const auto known = file->read();
    QVERIFY2(known, known ? "" : qPrintable(known.error().message));
    StoredIndex again;
    again.load(*known);
    QCOMPARE(again.confirmedWithin(candles, opens(0, 10)), (std::vector{opens(0, 3), opens(5, 7)}));
    QCOMPARE(again.holes(series, opens(0, 7)).value(), std::vector{opens(3, 5)});
    QCOMPARE(again.newestSettledFunding(exchange, pair).value(), std::optional(t0));
    QVERIFY(again.markHoles(exchange, pair, {t0, t0 + 1min})->empty());
    QVERIFY(again.takeChanges().empty());
}

void TestStoredIndex::learnsAndForgets()
{
    StoredIndex index;
    index.learned(candles, {opens(0, 480)});
    QVERIFY(index.holes(series, opens(0, 480))->empty());
    index.lost(candles, opens(100, 200));
    QCOMPARE(index.holes(series, opens(0, 480)).value(), std::vector{opens(100, 200)});
    QCOMPARE(index.takeChanges().size(), 1u);
    QCOMPARE(index.streams(), std::vector{candles});
}

TK_TEST(TestStoredIndex, stored_index);

} // namespace tk::store

#include "tst_stored_index.moc"
