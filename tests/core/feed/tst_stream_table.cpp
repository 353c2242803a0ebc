// The rules by which silence is judged, one test each, on a clock that moves only when told to.
#include "feed_samples.h"

#include "support/manual_clock.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::feed;
using namespace tk::test;
using namespace std::chrono_literals;

class StreamTableTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { renew(); }

    void aLifeInOrder()
    {
        const StreamId id = add(StreamKind::MarkPrice);
        QCOMPARE(state(id), StreamState::Requested);
        QVERIFY(m_table->acknowledged(id, utc()));
        QCOMPARE(state(id), StreamState::Acknowledged); // that is not data
        QVERIFY(data(id));
        QCOMPARE(state(id), StreamState::Live);
        QVERIFY(!m_table->acknowledged(id, utc())); // late answers change nothing
        QVERIFY(!data(id));
        QVERIFY(m_table->lost(id, QStringLiteral("cut"), utc()));
        QCOMPARE(state(id), StreamState::Stale);
        QCOMPARE(m_table->at(id).cause, QStringLiteral("cut"));
        QVERIFY(m_table->subscribed(id, now(), utc()));
        QCOMPARE(state(id), StreamState::Requested);
        QCOMPARE(m_table->at(id).cause, QStringLiteral("cut")); // why it is asked for again
        QVERIFY(data(id));
        QVERIFY(m_table->at(id).cause.isEmpty());
        QCOMPARE(m_table->at(id).frames, quint64(3));
    }

    void silentAfterItsFirstDataDeadline()
    {
        const StreamId id = add(StreamKind::MarkPrice);
        m_table->acknowledged(id, utc());
        QVERIFY(after(8s).empty()); // exactly the contract is still in time
        const auto changes = after(1ms);
        QCOMPARE(changes.size(), size_t(1));
        QCOMPARE(changes[0].to, StreamState::Silent);
        QCOMPARE(changes[0].from, StreamState::Acknowledged);
        QVERIFY(after(1h).empty()); // told once
        data(id);
        QCOMPARE(state(id), StreamState::Live);
    }

    void lateThenStale()
    {
        const StreamId id = add(StreamKind::MarkPrice);
        data(id);
        QVERIFY(after(3s).empty());
        auto changes = after(1ms);
        QCOMPARE(changes.at(0).to, StreamState::Late);
        const UtcTime since = m_table->at(id).since;
        QVERIFY(after(4s).empty());
        changes = after(1s);
        QCOMPARE(changes.at(0).to, StreamState::Stale);
        QCOMPARE(m_table->at(id).since, since); // in trouble since it was late
        data(id);
        QCOMPARE(state(id), StreamState::Live);
        QVERIFY(m_table->at(id).since > since);
    }

    void configuredBoundIsUpper()
    {
        StreamTable::Thresholds thresholds;
        thresholds.stale_after = 5s;
        renew(thresholds);
        const StreamId id = add(StreamKind::MarkPrice);
        data(id);
        const auto changes = after(5001ms);
        QCOMPARE(changes.at(0).to, StreamState::Stale);
        QCOMPARE(state(id), StreamState::Stale);
    }

    void rareStreamsAreNeverJudged()
    {
        const StreamId id = add(StreamKind::Liquidations);
        QVERIFY(after(48h).empty());
        data(id);
        QVERIFY(after(48h).empty());
        QCOMPARE(state(id), StreamState::Live);
    }

    void endedStaysEnded()
    {
        const StreamId id = add(StreamKind::MarkPrice);
        data(id);
        QVERIFY(m_table->ended(id, QStringLiteral("delisted"), utc()));
        QVERIFY(after(1h).empty());
        QVERIFY(!data(id));
        QVERIFY(!m_table->lost(id, QStringLiteral("cut"), utc()));
        QVERIFY(!m_table->subscribed(id, now(), utc()));
        QCOMPARE(state(id), StreamState::Ended);
        QCOMPARE(m_table->at(id).cause, QStringLiteral("delisted"));
    }

    void removedIsForgotten()
    {
        const StreamId id = add(StreamKind::MarkPrice);
        const StreamKey key = m_table->at(id).spec.key;
        QCOMPARE(m_table->find(key).value_or(noStream), id);
        m_table->remove(id);
        QVERIFY(!m_table->find(key));
        QVERIFY(after(1h).empty());
    }

    // Trades told by one stream must show up on its siblings within the grace.
    void siblingEvidence()
    {
        const StreamId candles = add(StreamKind::Candles);
        const StreamId trades = add(StreamKind::Trades);
        trade(candles, 100);
        trade(trades, 100);
        pass(10s);
        trade(trades, 101); // the candle stream does not show it
        QVERIFY(after(1s).empty());
        QVERIFY(after(20s).empty());
        pass(1ms);
        trade(trades, 102);
        const auto changes = after(0ms);
        QCOMPARE(changes.size(), size_t(1));
        QCOMPARE(changes[0].id, candles);
        QCOMPARE(changes[0].to, StreamState::Stale);
        QCOMPARE(state(trades), StreamState::Live);
        trade(candles, 102);
        QCOMPARE(state(candles), StreamState::Live);
        QVERIFY(after(1s).empty());
    }

    // The last trade of a candle may be told by its closed frame alone, which may come late or never: the close watch
    // asks for that candle. A stream that is dead misses the next trade too.
    void tradesOfAClosedCandleAreTheCloseWatchsBusiness()
    {
        const StreamId fast = add(StreamKind::Candles, Timeframe::M1);
        const StreamId slow = add(StreamKind::Candles, Timeframe::H1);
        trade(fast, 100);
        trade(slow, 100);
        pass(nextCandleOpen(Timeframe::M1, candleOpen(Timeframe::M1, utc())) + 1min - 1s - utc());
        trade(slow, 101); // a second before the minute's end
        QVERIFY(judge().transitions.empty());
        for (int second = 0; second < 45; ++second)
            QVERIFY(after(1s).empty());
        QCOMPARE(state(fast), StreamState::Live);
        trade(slow, 102);
        QVERIFY(after(0s).empty());
        const auto changes = after(20s + 1ms);
        QVERIFY(changes.empty()); // it ended in the next minute: its closed frame may still tell
        pass(10s);
        trade(slow, 103);
        QVERIFY(judge().transitions.empty());
        QCOMPARE(after(20s + 1ms).size(), size_t(1));
        QCOMPARE(state(fast), StreamState::Stale);
    }

    void caughtUpWithinTheGrace()
    {
        const StreamId candles = add(StreamKind::Candles);
        const StreamId trades = add(StreamKind::Trades);
        trade(candles, 100);
        trade(trades, 100);
        for (int i = 1; i < 50; ++i) {
            pass(5s);
            trade(trades, 100 + i);
            QVERIFY(after(15s).empty());
            trade(candles, 100 + i);
        }
    }

    // Of a busy pair one stream is nearly always a trade ahead of the other: that is no trouble.
    void busyPairsAreNotAlarmed()
    {
        const StreamId candles = add(StreamKind::Candles, Timeframe::H1);
        const StreamId trades = add(StreamKind::Trades);
        qint64 number = 100;
        trade(candles, number);
        trade(trades, number);
        for (int i = 0; i < 300; ++i) {
            pass(500ms);
            trade(candles, number);
            pass(500ms);
            trade(trades, ++number);
            QVERIFY(judge().transitions.empty());
        }
        std::vector<StreamTransition> changes;
        int seconds = 0;
        while (changes.empty() && seconds < 30) {
            pass(1s);
            trade(trades, ++number);
            changes = judge().transitions;
            ++seconds;
        }
        QCOMPARE(changes.size(), size_t(1)); // and yet a real one is found in time
        QCOMPARE(changes[0].id, candles);
        QVERIFY2(seconds >= 10 && seconds <= 14, qPrintable(QString::number(seconds)));
    }

    // The first number seen may be as old as the candle: it is no trade of now.
    void theFirstNumberIsNoTrade()
    {
        const StreamId fast = add(StreamKind::Candles, Timeframe::M15);
        const StreamId slow = add(StreamKind::Candles, Timeframe::H1);
        pass(6s);
        trade(slow, 500); // an open hour that traded before we came
        QVERIFY(after(30s).empty());
        QCOMPARE(state(fast), StreamState::Requested);
        trade(slow, 501); // growth: this one went by the minute's stream
        QVERIFY(after(0s).empty());
        const auto changes = after(21s);
        QCOMPARE(changes.size(), size_t(1));
        QCOMPARE(changes[0].id, fast);
        QCOMPARE(changes[0].to, StreamState::Silent); // it never showed any
    }

    // What was traded while the subscription settled may not be told by the new stream at all.
    void settlingAfterASubscription()
    {
        const StreamId candles = add(StreamKind::Candles);
        const StreamId trades = add(StreamKind::Trades);
        trade(trades, 100);
        trade(candles, 100);
        pass(60s);
        m_table->subscribed(candles, now(), utc());
        pass(3s);
        trade(trades, 101); // within 5 s of the subscription
        QVERIFY(after(60s).empty());
        QCOMPARE(state(candles), StreamState::Requested);
        trade(trades, 102);
        QVERIFY(after(0s).empty());
        QCOMPARE(after(21s).at(0).to, StreamState::Silent);
    }

    // A closed candle may tell of trades from before we listened.
    void aClosedCandleProvesNoTrade()
    {
        const StreamId candles = add(StreamKind::Candles);
        const StreamId trades = add(StreamKind::Trades);
        trade(trades, 100);
        trade(candles, 100);
        pass(60s);
        m_table->data(
            candles,
            {.event = utc(), .last_trade_id = 150, .proves_trade = false, .candle_open = utc(), .candle_trades = 50},
            now(), utc());
        QVERIFY(after(60s).empty());
        QCOMPARE(state(trades), StreamState::Live);
        trade(candles, 151); // an open one does
        QVERIFY(after(0s).empty());
        QCOMPARE(after(21s).at(0).id, trades);
    }

    // Streams without trade ids are judged by the clock of the pair's trades.
    void booksAreJudgedByTheirContract()
    {
        const StreamId book = add(StreamKind::Depth);
        const StreamId trades = add(StreamKind::Trades);
        data(book);
        trade(trades, 1);
        pass(50s);
        trade(trades, 2);
        QVERIFY(after(25s).empty());
        trade(trades, 3); // 75 s after the last book event: beyond its 60 s
        QVERIFY(after(0s).empty());
        QCOMPARE(after(21s).at(0).id, book);
        // A pair without trades may have a still book.
        renew();
        const StreamId still = add(StreamKind::Depth);
        data(still);
        QVERIFY(after(2h).empty());
    }

    void aQuietPairIsAskedAboutAndProven()
    {
        const StreamId candles = add(StreamKind::Candles);
        add(StreamKind::Candles, Timeframe::H1);
        const UtcTime open = candleOpen(Timeframe::M1, utc());
        candle(candles, open, 7, 100);
        pass(180s);
        QVERIFY(judge().probes.empty());
        pass(1ms);
        auto judged = judge();
        QCOMPARE(judged.probes.size(), size_t(1));
        QCOMPARE(judged.probes[0].pair, pair());
        QCOMPARE(judged.probes[0].timeframe, Timeframe::M1);
        QCOMPARE(judged.probes[0].known_open, open);
        QVERIFY(judge().probes.empty()); // one question at a time
        answer(open, 7);
        const auto changes = after(1s);
        QVERIFY(!changes.empty());
        QCOMPARE(state(candles), StreamState::Quiet);
        QVERIFY(after(170s).empty());
        pass(20s);
        QCOMPARE(judge().probes.size(), size_t(1)); // asked again after a while
        answer(open, 7);
        trade(candles, 101);
        QCOMPARE(state(candles), StreamState::Live);
        QVERIFY(judge().transitions.empty());
    }

    void restAheadMeansStaleUnlessCaughtUp()
    {
        for (const bool caughtUp : {true, false}) {
            renew();
            const StreamId candles = add(StreamKind::Candles);
            const UtcTime open = candleOpen(Timeframe::M1, utc());
            candle(candles, open, 7, 100);
            pass(181s);
            QCOMPARE(judge().probes.size(), size_t(1));
            answer(open + 2min, 3);
            QVERIFY(judge().transitions.empty()); // our frame may be on its way
            if (caughtUp) {
                pass(5s);
                candle(candles, open + 2min, 3, 103);
                QVERIFY(after(60s).empty());
                QCOMPARE(state(candles), StreamState::Live);
            } else {
                QVERIFY(after(20s).empty());
                const auto changes = after(1ms);
                QCOMPARE(changes.size(), size_t(1));
                QCOMPARE(changes[0].to, StreamState::Stale);
                QVERIFY(changes[0].cause.contains(QLatin1String("history")));
            }
        }
    }

    // More trades in the same candle count as ahead, fewer do not (REST lags).
    void restComparesTradesOfTheSameCandle()
    {
        const StreamId candles = add(StreamKind::Candles);
        const UtcTime open = candleOpen(Timeframe::M1, utc());
        candle(candles, open, 7, 100);
        pass(181s);
        QCOMPARE(judge().probes.size(), size_t(1));
        answer(open, 6); // older than what the stream showed: proves nothing
        QVERIFY(!after(30s).empty());
        QCOMPARE(state(candles), StreamState::Late);
        pass(40s);
        QCOMPARE(judge().probes.size(), size_t(1)); // so it is asked again soon
        answer(open, 7);
        QVERIFY(!after(1s).empty());
        QCOMPARE(state(candles), StreamState::Quiet);
        renew();
        const StreamId other = add(StreamKind::Candles);
        const UtcTime open2 = candleOpen(Timeframe::M1, utc());
        candle(other, open2, 7, 100);
        pass(181s);
        QCOMPARE(judge().probes.size(), size_t(1));
        answer(open2, 8);
        QVERIFY(after(1s).empty());
        QVERIFY(!after(21s).empty());
        QCOMPARE(state(other), StreamState::Stale);
    }

    // A stream that never showed anything is compared with what REST said when it was first asked.
    void theFirstAnswerIsTheBaseline()
    {
        const StreamId candles = add(StreamKind::Candles);
        m_table->acknowledged(candles, utc());
        const UtcTime open = candleOpen(Timeframe::M1, utc()) - 10min;
        pass(70s);
        QVERIFY(judge().probes.empty());
        pass(1ms);
        auto judged = judge();
        QCOMPARE(judged.probes.size(), size_t(1));
        QCOMPARE(toMs(judged.probes[0].known_open), qint64(0));
        answer(open, 5);
        QVERIFY(after(69s).empty() || state(candles) == StreamState::Quiet);
        QCOMPARE(state(candles), StreamState::Quiet);
        pass(2s);
        QCOMPARE(judge().probes.size(), size_t(1)); // soon again
        answer(open + 11min, 1);                    // a trade that never came to us
        QVERIFY(after(1s).empty());
        const auto changes = after(21s);
        QCOMPARE(changes.size(), size_t(1));
        QCOMPARE(changes[0].to, StreamState::Silent);
    }

    void unprovenIsLate()
    {
        const StreamId candles = add(StreamKind::Candles);
        candle(candles, candleOpen(Timeframe::M1, utc()), 7, 100);
        pass(181s);
        QCOMPARE(judge().probes.size(), size_t(1));
        m_table->probeAnswered({.pair = pair(), .timeframe = Timeframe::M1, .known = false, .open = {}, .trades = 0},
                               now());
        QCOMPARE(after(1s).at(0).to, StreamState::Late);
        QVERIFY(judge().probes.empty());
        pass(70s);
        QCOMPARE(judge().probes.size(), size_t(1)); // asked again sooner
        trade(candles, 101);
        QCOMPARE(state(candles), StreamState::Live);
        QVERIFY(after(1s).empty());
    }

    void answersToNobodyAreIgnored()
    {
        add(StreamKind::MarkPrice); // a pair without candles is not asked about
        QVERIFY(judge().probes.empty());
        answer(utc(), 1);
        m_table->probeAnswered({.pair = QStringLiteral("NO/USDT:USDT"),
                                .timeframe = Timeframe::M1,
                                .known = true,
                                .open = utc(),
                                .trades = 9},
                               now());
        QVERIFY(judge().probes.empty());
    }

    // Pairs do not judge each other.
    void pairsAreApart()
    {
        const StreamId btc = add(StreamKind::Candles);
        const StreamId eth = m_table->add(spec(QStringLiteral("ETH"), StreamKind::Trades), now(), utc());
        trade(btc, 1);
        trade(eth, 1);
        for (int i = 2; i < 10; ++i) {
            trade(eth, i * 1000);
            QVERIFY(after(15s).empty());
        }
        QCOMPARE(state(btc), StreamState::Live);
    }

private:
    void renew(StreamTable::Thresholds thresholds = {})
    {
        m_table = std::make_unique<StreamTable>(thresholds, exchange::CandleFacts{.trade_counts = true});
    }
    static QString pair() { return QStringLiteral("BTC/USDT:USDT"); }
    MonotonicTime now() const { return m_clock.now(); }
    UtcTime utc() const { return m_clock.utcNow(); }
    void pass(milliseconds span) { m_clock.advance(span); }
    StreamState state(StreamId id) const { return m_table->at(id).state; }
    StreamId add(StreamKind kind, Timeframe timeframe = Timeframe::M1)
    {
        return m_table->add(spec(QStringLiteral("BTC"), kind, timeframe), now(), utc());
    }
    bool data(StreamId id) { return m_table->data(id, {.event = utc()}, now(), utc()).has_value(); }
    void trade(StreamId id, qint64 number)
    {
        m_table->data(id, {.event = utc(), .last_trade_id = number}, now(), utc());
    }
    void candle(StreamId id, UtcTime open, qint64 trades, qint64 number)
    {
        m_table->data(id,
                      {.event = utc(),
                       .last_trade_id = number,
                       .proves_trade = true,
                       .candle_open = open,
                       .candle_trades = trades},
                      now(), utc());
    }
    void answer(UtcTime open, qint64 trades)
    {
        m_table->probeAnswered(
            {.pair = pair(), .timeframe = Timeframe::M1, .known = true, .open = open, .trades = trades}, now());
    }
    StreamTable::Judgement judge() { return m_table->judge(now(), utc()); }
    std::vector<StreamTransition> after(milliseconds span)
    {
        pass(span);
        return judge().transitions;
    }

    ManualClock m_clock;
    std::unique_ptr<StreamTable> m_table;
};

TK_TEST(StreamTableTest, stream_table);
#include "tst_stream_table.moc"
