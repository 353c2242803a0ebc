// From events to records: finals once, marks at their cadence, ticks verbatim, breaks found.
#include "feed_samples.h"

#include "feed/record_builder.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::feed;
using namespace tk::exchange;
using namespace tk::test;
using namespace std::chrono_literals;

class RecordBuilderTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_table = std::make_unique<StreamTable>(StreamTable::Thresholds{}, exchange::CandleFacts{.trade_counts = true});
        m_builder = std::make_unique<RecordBuilder>(RecordBuilder::Settings{});
        m_batch = {};
    }

    void finalCandlesOnce()
    {
        const StreamId id = track(StreamKind::Candles);
        const UtcTime open = candleOpen(Timeframe::M1, m_clock.utcNow());
        CandleUpdate update;
        update.timeframe = Timeframe::M1;
        update.candle.open_time = open;
        update.candle.open = update.candle.high = update.candle.low = update.candle.close = dec("1.50");
        update.candle.source = CandleSource::Repair;
        event(id, update); // an open candle is no record
        QVERIFY(m_batch.isEmpty());
        update.final = true;
        event(id, update);
        event(id, update);
        QCOMPARE(m_batch.candles.size(), size_t(1));
        QCOMPARE(m_batch.candles[0].series.pair, QStringLiteral("BTC/USDT:USDT"));
        QCOMPARE(m_batch.candles[0].candles.at(0).close.view(), std::string_view("1.50"));
        QCOMPARE(m_batch.candles[0].candles.at(0).source, CandleSource::Live);
        QCOMPARE(m_builder->counts().final_candles, quint64(1));
        QCOMPARE(m_builder->counts().repeated_finals, quint64(1));
        const auto closed = m_builder->takeClosed();
        QCOMPARE(closed.size(), size_t(1));
        QVERIFY((closed[0].span == TimeSpan{open, open + 1min}));
        QVERIFY(m_builder->takeClosed().empty());
        // What follows the closed one, and the one that closed just before the watch began: it may be in no fill.
        const auto overdue = m_builder->overdue(open + 10min, 30s);
        QCOMPARE(overdue.size(), size_t(2));
        QVERIFY((overdue[0].span == TimeSpan{open - 1min, open}));
        QCOMPARE(overdue[1].span.from, open + 1min);
        m_builder->forget(id);
        QVERIFY(m_builder->overdue(open + 20min, 30s).empty());
        event(id, update);
        QCOMPARE(m_batch.candles.size(), size_t(1));
    }

    void candlesThatCannotBe()
    {
        const StreamId id = track(StreamKind::Candles);
        const UtcTime open = candleOpen(Timeframe::M1, m_clock.utcNow());
        CandleUpdate update{.candle = {}, .timeframe = Timeframe::M1, .final = true};
        update.candle.open_time = open + 494ms; // beside the grid
        update.candle.open = update.candle.high = update.candle.low = update.candle.close = dec("1.50");
        event(id, update);
        update.candle.open_time = open;
        update.candle.high = dec("1.40"); // below its own close
        event(id, update);
        update.candle.high = dec("1.60");
        update.close_time = open + 3min - 1ms; // of another timeframe
        event(id, update);
        QVERIFY(m_batch.candles.empty());
        QVERIFY(m_builder->takeClosed().empty());
        const auto breaks = m_builder->takeBreaks();
        QCOMPARE(breaks.size(), size_t(3));
        QVERIFY2(breaks[2].cause.contains(QLatin1String("closes at")), qPrintable(breaks[2].cause));
        for (const RecordBuilder::Break &lost : breaks) {
            QVERIFY((lost.span == TimeSpan{open, open + 1min}));
            QVERIFY2(lost.cause.startsWith(QLatin1String("the exchange told a candle that cannot be")),
                     qPrintable(lost.cause));
        }
        // A sound one in its place is taken, and without it the candle would be asked for.
        update.close_time = open + 1min - 1ms;
        event(id, update);
        QCOMPARE(m_batch.candles.size(), size_t(1));
    }

    void marksAtTheirCadence()
    {
        const StreamId id = track(StreamKind::MarkPrice);
        MarkUpdate update{.mark_price = dec("10"),
                          .index_price = {},
                          .funding_rate = dec("0.0001"),
                          .next_funding = m_clock.utcNow() + 2h};
        for (int second = 0; second < 180; ++second) {
            event(id, update);
            event(id, update); // two connections at once
            m_clock.advance(1s);
        }
        QCOMPARE(m_batch.marks.size(), size_t(3)); // one a minute
        QCOMPARE(m_batch.funding.size(), size_t(3));
        QCOMPARE(m_batch.funding[0].predicted_rate.view(), std::string_view("0.0001"));
        QVERIFY(m_batch.funding[0].rate.isEmpty());
        QCOMPARE(m_builder->counts().mark_points, quint64(3));
        QCOMPARE(m_builder->fundedPairs(), quint64(1));

        m_builder = std::make_unique<RecordBuilder>(RecordBuilder::Settings{.mark_price_every = 0ms});
        m_batch = {};
        m_builder->track(id, m_table->at(id), m_clock.utcNow());
        update.funding_rate = {};
        for (int second = 0; second < 10; ++second) {
            event(id, update);
            event(id, update);
            m_clock.advance(1s);
        }
        QCOMPARE(m_batch.marks.size(), size_t(10)); // each event, but none twice
        QVERIFY(m_batch.funding.empty());           // a contract without funding
    }

    // The exchange's clock is ahead for half a minute: its marks are of minutes that have not begun. Their own samples
    // come in time, and no minute gets a price from before it.
    void marksOfMinutesThatHaveNotBegunAreHeld()
    {
        const StreamId id = track(StreamKind::MarkPrice);
        const UtcTime begin = middleOfAMinute();
        for (int second = 0; second < 120; ++second) {
            const bool off = second >= 10 && second < 34;
            mark(id, second, off ? 70s : 0s);
        }
        QCOMPARE(m_batch.marks.size(), size_t(3));
        QCOMPARE(m_batch.marks[1].time, begin + 64s); // the first of its minute after the clock was right again
        QCOMPARE(m_batch.marks[1].price, dec("34"));
        QCOMPARE(m_batch.marks[2].time, begin + 2min);
        QVERIFY(m_builder->takeBreaks().empty());
    }

    // Off for longer than a minute: that minute has no sample of its own, and is named.
    void aMinuteWithoutASampleOfItsOwnIsNamed()
    {
        const StreamId id = track(StreamKind::MarkPrice);
        const UtcTime begin = middleOfAMinute();
        for (int second = 0; second < 150; ++second)
            mark(id, second, second >= 10 && second < 100 ? 70s : 0s);
        QCOMPARE(m_batch.marks.size(), size_t(2));
        QCOMPARE(m_batch.marks[1].time, begin + 130s);
        const auto breaks = m_builder->takeBreaks();
        QCOMPARE(breaks.size(), size_t(1));
        QVERIFY((breaks[0].span == TimeSpan{begin + 1min, begin + 2min}));
        QVERIFY(breaks[0].cause.contains(QLatin1String("clock that was off")));
    }

    // It is ours that is slow: known after two minutes, and nothing is missing then.
    void marksAreStoredByTheExchangesClockWhenOursIsWrong()
    {
        const StreamId id = track(StreamKind::MarkPrice);
        const UtcTime begin = middleOfAMinute() + 1min; // the minute of the first event
        for (int second = 0; second < 300; ++second) {
            m_ahead = second < 120 ? 0s : 70s;
            mark(id, second, 70s);
        }
        QVERIFY(m_builder->takeBreaks().empty());
        QCOMPARE(m_batch.marks.size(), size_t(6));
        for (size_t i = 0; i < m_batch.marks.size(); ++i)
            QCOMPARE(candleOpen(Timeframe::M1, m_batch.marks[i].time), begin + qint64(i) * 1min);
    }

    void fundingSettledIsNoticed()
    {
        const StreamId id = track(StreamKind::MarkPrice);
        const UtcTime next = m_clock.utcNow() + 1h;
        const auto say = [&](UtcTime funding) {
            event(id,
                  MarkUpdate{
                      .mark_price = dec("1"), .index_price = {}, .funding_rate = dec("0"), .next_funding = funding});
            return m_builder->takeSettled();
        };
        QVERIFY(say(next).empty());
        QVERIFY(say(next).empty());
        QVERIFY(say({}).empty()); // unknown for a moment
        QCOMPARE(say(next + 8h), std::vector<QString>{QStringLiteral("BTC/USDT:USDT")});
        QVERIFY(say(next).empty()); // a late frame of the other connection
        QVERIFY(say(next + 8h).empty());
        QCOMPARE(say(next + 12h).size(), size_t(1)); // the interval changed
    }

    void lostTradesAreBreaks()
    {
        const StreamId id = track(StreamKind::Trades);
        const auto trade = [&](qint64 number) {
            m_clock.advance(100ms);
            event(id,
                  TradeUpdate{.price = dec("1"),
                              .quantity = dec("1"),
                              .id = number,
                              .last_trade_id = number,
                              .buyer_is_maker = false,
                              .traded = {}},
                  "{\"a\":1}");
        };
        trade(1000);
        trade(1001);
        const UtcTime before = m_clock.utcNow();
        trade(1005);
        trade(1005);
        trade(1003); // an overlap tells it later: too late to be in order
        trade(1006);
        QCOMPARE(m_batch.ticks.size(), size_t(4));
        QCOMPARE(m_batch.ticks[2].id, qint64(1005));
        QCOMPARE(m_batch.ticks[2].payload, QByteArray("{\"a\":1}"));
        QCOMPARE(m_batch.ticks[2].kind, QStringLiteral("trades"));
        const auto breaks = m_builder->takeBreaks();
        QCOMPARE(breaks.size(), size_t(1));
        QCOMPARE(breaks[0].span.from, before);
        QCOMPARE(breaks[0].span.to, before + 100ms);
        QVERIFY(breaks[0].cause.startsWith(QLatin1String("3 trades lost")));
        QVERIFY(m_builder->takeBreaks().empty());
    }

    void bookChain()
    {
        const StreamId id = track(StreamKind::Depth);
        const auto depth = [&](qint64 first, qint64 last, qint64 previous) {
            event(id, DepthUpdate{.first_id = first, .last_id = last, .previous_id = previous, .bids = 1, .asks = 1});
        };
        depth(600'859'599'090, 600'859'600'917, 600'859'598'061);
        depth(600'859'600'950, 600'859'601'000, 600'859'600'917); // U is not u + 1, and that is no gap
        QVERIFY(m_builder->takeBreaks().empty());
        depth(600'859'601'050, 600'859'601'100, 600'859'601'020);
        const auto breaks = m_builder->takeBreaks();
        QCOMPARE(breaks.size(), size_t(1));
        QVERIFY(breaks[0].cause.contains(QLatin1String("600859601000")));
        depth(600'859'601'050, 600'859'601'100, 600'859'601'020); // again, from the other connection
        QCOMPARE(m_batch.ticks.size(), size_t(3));
        QVERIFY(m_builder->takeBreaks().empty());
    }

    void otherTicks()
    {
        const StreamId liquidations = track(StreamKind::Liquidations);
        event(liquidations, LiquidationUpdate{.sell = true, .average_price = dec("1"), .filled = dec("2")},
              "{\"o\":{}}");
        QCOMPARE(m_batch.ticks.size(), size_t(1));
        QCOMPARE(m_batch.ticks[0].kind, QStringLiteral("liquidations"));
        QCOMPARE(m_batch.ticks[0].time, m_clock.utcNow());
        const StreamId ticker = track(StreamKind::Ticker);
        event(ticker, TickerUpdate{.last = dec("1"), .volume = dec("2"), .last_trade_id = 5}, "{}");
        QCOMPARE(m_batch.ticks.size(), size_t(2));
        QCOMPARE(m_batch.newest_event, m_clock.utcNow());
    }

private:
    StreamId track(StreamKind kind)
    {
        const StreamId id = m_table->add(spec(QStringLiteral("BTC"), kind), m_clock.now(), m_clock.utcNow());
        m_builder->track(id, m_table->at(id), m_clock.utcNow());
        return id;
    }
    void event(StreamId id, Payload payload, std::string_view raw = "{}")
    {
        const MarketEvent event{
            .symbol = "BTCUSDT", .event_time = m_clock.utcNow(), .raw = raw, .payload = std::move(payload)};
        m_builder->event(id, m_table->at(id), event, m_clock.utcNow(), m_ahead, m_batch);
    }

    UtcTime middleOfAMinute() // its begin
    {
        const UtcTime next = nextCandleOpen(Timeframe::M1, candleOpen(Timeframe::M1, m_clock.utcNow()));
        m_clock.advance(next + 30s - m_clock.utcNow());
        return next;
    }
    // One a second, dated by a clock that is so far ahead of ours.
    void mark(StreamId id, int second, milliseconds ahead)
    {
        const MarketEvent told{
            .symbol = "BTCUSDT",
            .event_time = m_clock.utcNow() + ahead,
            .raw = "{}",
            .payload = MarkUpdate{
                .mark_price = dec(std::to_string(second)), .index_price = {}, .funding_rate = {}, .next_funding = {}}};
        m_builder->event(id, m_table->at(id), told, m_clock.utcNow(), m_ahead, m_batch);
        m_clock.advance(1s);
    }

    ManualClock m_clock;
    milliseconds m_ahead{0};
    std::unique_ptr<StreamTable> m_table;
    std::unique_ptr<RecordBuilder> m_builder;
    RecordBatch m_batch;
};

TK_TEST(RecordBuilderTest, record_builder);
#include "tst_record_builder.moc"
