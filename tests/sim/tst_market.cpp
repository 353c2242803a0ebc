// The market is a function of time: the same from wherever it is looked at.
#include "support/exchange/book.h"
#include "support/exchange/tape.h"
#include "support/exchange/universe.h"
#include "support/test_registry.h"

#include <QTest>

namespace tk::sim {

namespace {

constexpr qint64 now = 1'795'168'800'000;

bool same(const Aggregate &a, const Aggregate &b)
{
    return a.open == b.open && a.high == b.high && a.low == b.low && a.close == b.close && a.volume == b.volume &&
           a.quote == b.quote && a.takerVolume == b.takerVolume && a.takerQuote == b.takerQuote && a.fills == b.fills &&
           a.firstFill == b.firstFill && a.lastFill == b.lastFill;
}

} // namespace

class TestMarket : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void hasTheNamesThatBreakParsers();
    void findsTradesByTime();
    void numbersTradesWithoutHoles();
    void sumsSmallCandlesToLargeOnes();
    void keepsHistoryWhenActivityRises();
    void leavesOutQuietSpansButNoIds();
    void changesBooksByTheirDifferences();
};

void TestMarket::hasTheNamesThatBreakParsers()
{
    const Universe universe({.seed = 1, .pairs = 164, .nowMs = now});
    int trading = 0;
    int recent = 0;
    int quiet = 0;
    for (const auto &c : universe.contracts()) {
        const bool perpetual = c->contractType == "PERPETUAL" && c->quote == "USDT" && c->family == 1;
        trading += perpetual && c->status(now) == "TRADING" && c->underlyingType == "COIN";
        recent += perpetual && now - c->onboardMs < 60 * 86'400'000LL;
        quiet += c->blockMs > 3'600'000;
    }
    QCOMPARE(trading, 164);
    QVERIFY(recent >= 5 && recent <= 20);
    QVERIFY(quiet >= 10 && quiet <= 25);
    for (const char *name :
         {"BTCUSDT", "1INCHUSDT", "0GUSDT", "4USDT", "1000PEPEUSDT", "1000000MOGUSDT", "币安人生USDT", "龙虾USDT",
          "BTCUSDC", "USDCUSDT", "BTCUSDT_261225", "BTCDOMUSDT", "XAUUSDT"})
        QVERIFY2(universe.find(name), name);
    QCOMPARE(universe.find("OMGUSDT")->status(now), QByteArray("SETTLING"));
    QCOMPARE(universe.find("币安人生usdt"), universe.find("币安人生USDT"));
    const Universe few({.seed = 1, .pairs = 3});
    QVERIFY(few.find("SOLUSDT") && !few.find("XRPUSDT"));
}

void TestMarket::findsTradesByTime()
{
    const Universe universe({.pairs = 40, .activity = 3, .activeFromMs = now - 86'400'000, .nowMs = now});
    for (const char *name : {"BTCUSDT", "BNBUSDT", "1000PEPEUSDT", "ETCUSDT"}) {
        const Contract &c = *universe.find(name);
        for (qint64 ms = now - 172'800'000; ms < now; ms += 977'777) {
            const qint64 index = tradeIndexAt(c, ms);
            QVERIFY(tradeTime(c, index) >= ms);
            QVERIFY(tradeTime(c, index - 1) < ms);
            QVERIFY(tradeTime(c, index + 1) >= tradeTime(c, index));
        }
    }
}

void TestMarket::numbersTradesWithoutHoles()
{
    const Universe universe({.pairs = 40, .activity = 2.5, .activeFromMs = now - 3'600'000, .nowMs = now});
    const Contract &c = *universe.find("SOLUSDT");
    PathCursor cursor;
    const qint64 first = tradeIndexAt(c, now - 7'200'000);
    Trade last = tradeAt(c, first, cursor);
    for (qint64 index = first + 1; last.time < now; ++index) {
        const Trade trade = tradeAt(c, index, cursor);
        QCOMPARE(trade.id, last.id + 1);
        QCOMPARE(trade.firstFill, last.lastFill + 1);
        QVERIFY(trade.lastFill >= trade.firstFill);
        QVERIFY(trade.quantity > 0 && trade.price > 0 && trade.price % c.tick == 0);
        last = trade;
        PathCursor fresh; // random access tells the same
        QCOMPARE(tradeAt(c, index, fresh).price, trade.price);
    }
}

void TestMarket::sumsSmallCandlesToLargeOnes()
{
    const Universe universe({.pairs = 20, .nowMs = now});
    Tape tape;
    Tape other;
    for (const char *name : {"BTCUSDT", "龙虾USDT", "LINKUSDT"}) {
        const Contract &c = *universe.find(name);
        const qint64 day = now - now % 86'400'000 - 86'400'000;
        Aggregate sum;
        for (qint64 ms = day; ms < day + 86'400'000; ms += 180'000)
            sum.merge(tape.aggregate(c, ms, ms + 180'000));
        QVERIFY(same(sum, other.aggregate(c, day, day + 86'400'000)));
        QCOMPARE(sum.fills, sum.lastFill - sum.firstFill + 1);
        RunningCandle running = tape.start(c, Timeframe::D1, day);
        for (qint64 ms = day; ms <= day + 86'400'000; ms += 777'777)
            tape.extend(c, running, ms);
        tape.extend(c, running, day + 86'400'000);
        QVERIFY(same(sum, running.sum));
    }
}

void TestMarket::keepsHistoryWhenActivityRises()
{
    const Universe calm({.pairs = 20, .nowMs = now});
    const Universe busy({.pairs = 20, .activity = 20, .activeFromMs = now - now % 3'600'000, .nowMs = now});
    Tape tape;
    const Contract &a = *calm.find("ETHUSDT");
    const Contract &b = *busy.find("ETHUSDT");
    const qint64 border = now - now % 3'600'000;
    Tape other;
    QVERIFY(same(tape.aggregate(a, border - 7'200'000, border), other.aggregate(b, border - 7'200'000, border)));
    const qint64 calmTrades = tradeIndexAt(a, border + 3'600'000) - tradeIndexAt(a, border);
    QCOMPARE(tradeIndexAt(b, border + 3'600'000) - tradeIndexAt(b, border), 20 * calmTrades);
}

void TestMarket::leavesOutQuietSpansButNoIds()
{
    Universe universe({.pairs = 20, .nowMs = now});
    Contract &c = *universe.find("BTCUSDT");
    Tape tape;
    const Aggregate before = tape.aggregate(c, now - 600'000, now);
    addQuietSpan(c, now, now + 300'000);
    addQuietSpan(c, now + 100'000, now + 400'000); // overlaps
    tape.forget(c);
    QVERIFY(same(before, tape.aggregate(c, now - 600'000, now)));
    QCOMPARE(tape.aggregate(c, now, now + 400'000).fills, 0);
    const Aggregate after = tape.aggregate(c, now + 400'000, now + 600'000);
    QCOMPARE(after.firstFill, before.lastFill + 1);
    const auto flat = tape.candle(c, Timeframe::M1, now + 60'000, now + 600'000);
    QVERIFY(flat);
    QCOMPARE(flat->close, before.close);
    QCOMPARE(flat->fills, 0);
}

void TestMarket::changesBooksByTheirDifferences()
{
    const Universe universe({.pairs = 20, .nowMs = now});
    const Contract &c = *universe.find("XRPUSDT");
    PathCursor cursor;
    std::map<qint64, qint64> bids;
    qint64 step = bookStep(now);
    for (const Level &level : bookLevels(c, step, 1000, cursor).bids)
        bids[level.price] = level.size;
    for (int i = 0; i < 200; ++i) {
        const qint64 next = step + 2 + i % 9;
        for (const Level &level : bookDifference(c, step, next, cursor).bids) {
            if (level.size == 0)
                bids.erase(level.price);
            else
                bids[level.price] = level.size;
        }
        step = next;
        QVERIFY(bookId(c, step) > bookId(c, step - 1) + 50);
    }
    const BookSides sides = bookLevels(c, step, 1000, cursor);
    QCOMPARE(bids.size(), sides.bids.size());
    for (const Level &level : sides.bids)
        QCOMPARE(bids[level.price], level.size);
    QVERIFY(sides.bids.front().price < sides.asks.front().price);
}

TK_TEST(TestMarket, market);

} // namespace tk::sim

#include "tst_market.moc"
