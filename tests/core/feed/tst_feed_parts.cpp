// The small parts of the feed service: what is collected, what the log says of streams and odd frames, and what becomes
// of records that the store's queue does not take.
#include "feed_samples.h"

#include "feed/odd_frames.h"
#include "feed/record_outbox.h"
#include "feed/transition_log.h"
#include "feed/wanted_streams.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <algorithm>

using namespace tk;
using namespace tk::feed;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

QStringList namesOf(const std::vector<exchange::StreamSpec> &specs)
{
    QStringList names;
    for (const exchange::StreamSpec &spec : specs)
        names.append(QString::fromLatin1(spec.wire_name));
    return names;
}

} // namespace

class FeedPartsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // Every pair has its canary, asked for or not, and once.
    void wantedStreamsOfAPair()
    {
        const auto adapter = exchange::binance::makeAdapter();
        FeedSettings settings;
        settings.kinds = {StreamKind::Candles, StreamKind::Trades};
        settings.timeframes = {Timeframe::M1, Timeframe::H1};
        const QStringList candlesAndTrades{QStringLiteral("btcusdt@kline_1m"), QStringLiteral("btcusdt@kline_1h"),
                                           QStringLiteral("btcusdt@aggTrade")};
        const QString canary = QStringLiteral("btcusdt@markPrice@1s");
        QCOMPARE(namesOf(wantedStreams(instrument(QStringLiteral("BTC")), settings, *adapter)),
                 candlesAndTrades + QStringList{canary});
        settings.kinds = {StreamKind::MarkPrice};
        QCOMPARE(namesOf(wantedStreams(instrument(QStringLiteral("BTC")), settings, *adapter)), QStringList{canary});
        // What the exchange has no stream for is left out, and the others are not.
        settings.kinds = {StreamKind::FundingRate, StreamKind::Trades};
        QCOMPARE(namesOf(wantedStreams(instrument(QStringLiteral("BTC")), settings, *adapter)),
                 (QStringList{QStringLiteral("btcusdt@aggTrade"), canary}));
    }

    void whatNewSettingsLeaveOut()
    {
        FeedSettings settings;
        settings.kinds = {StreamKind::Candles};
        settings.timeframes = {Timeframe::M1};
        const auto key = [](StreamKind kind, Timeframe timeframe) {
            return StreamKey{QStringLiteral("x"), QStringLiteral("BTC/USDT:USDT"), kind, timeframe};
        };
        QVERIFY(isWanted(key(StreamKind::Candles, Timeframe::M1), settings));
        QVERIFY(!isWanted(key(StreamKind::Candles, Timeframe::M3), settings));
        QVERIFY(!isWanted(key(StreamKind::Trades, Timeframe::M1), settings));
        QVERIFY(isWanted(key(StreamKind::MarkPrice, Timeframe::M1), settings)); // the canary stays
    }

    // One line per kind of change, the first five by name; what is no news is not told.
    void transitionsInLines()
    {
        StreamTable table({}, {.trade_counts = true});
        std::vector<StreamTransition> all;
        for (int i = 0; i < 7; ++i)
            all.push_back({table.add(spec(QStringLiteral("P%1").arg(i), StreamKind::MarkPrice), {}, {}),
                           StreamState::Live, StreamState::Stale, i == 0 ? QStringLiteral("cut") : QString()});
        const StreamId other = table.add(spec(QStringLiteral("Q"), StreamKind::Candles, Timeframe::M3), {}, {});
        all.push_back({other, StreamState::Silent, StreamState::Live, {}});
        all.push_back({other, StreamState::Quiet, StreamState::Live, {}});
        all.push_back({other, StreamState::Requested, StreamState::Acknowledged, {}});
        all.push_back({other, StreamState::Live, StreamState::Ended, QStringLiteral("delisted")});
        const auto lines = transitionLines(table, all);
        QCOMPARE(lines.size(), size_t(3));
        QCOMPARE(lines[0].text,
                 QStringLiteral("7 streams stale: P0/USDT:USDT mark_price, P1/USDT:USDT mark_price, P2/USDT:USDT "
                                "mark_price, P3/USDT:USDT mark_price, P4/USDT:USDT mark_price and 2 more"));
        QCOMPARE(lines[0].cause, QStringLiteral("cut"));
        QVERIFY(!lines[0].isGood());
        QCOMPARE(lines[1].text, QStringLiteral("1 streams live again: Q/USDT:USDT 3m candles"));
        QCOMPARE(lines[2].text, QStringLiteral("1 streams ended: Q/USDT:USDT 3m candles"));
        QVERIFY(lines[1].isGood() && lines[2].isGood());
    }

    void oddFramesAreCountedAndToldOnce()
    {
        OddFrames odd;
        for (int i = 0; i < 9; ++i)
            odd.broken("{", Error{Error::Kind::Parse, QStringLiteral("no JSON")});
        QCOMPARE(odd.brokenCount(), quint64(9));
        for (const char *kind : {"listing", "listing", "maintenance"})
            odd.unhandled(kind);
        QCOMPARE(odd.unhandledCount(), quint64(3));
        const exchange::Rejected rejected{.id = 1, .code = 2, .message = QStringLiteral("no such symbol")};
        QVERIFY(odd.refused(QStringLiteral("market#1"), rejected, 1));
        QVERIFY(!odd.refused(QStringLiteral("market#1"), rejected, 1));
        QVERIFY(odd.refused(QStringLiteral("market#2"), rejected, 1));
    }

    // Nothing that the queue does not take goes unnamed.
    void refusedRecordsAreGaps()
    {
        const UtcTime at = fromMs(1'795'168'800'000);
        bool takes = true;
        size_t taken = 0;
        GapNotes notes;
        RecordOutbox outbox(
            [&](RecordBatch &&batch) {
                if (takes)
                    taken += batch.recordCount();
                return takes;
            },
            notes);
        outbox.flush(at);
        QCOMPARE(taken, size_t(0));
        fill(outbox.batch(), at);
        outbox.flush(at);
        QCOMPARE(taken, size_t(3));
        QVERIFY(outbox.isEmpty() && notes.takeOpened().empty());

        takes = false;
        fill(outbox.batch(), at);
        outbox.flush(at + 1s);
        QVERIFY(outbox.isEmpty());
        QCOMPARE(outbox.refused(), quint64(3));
        const std::vector<Gap> gaps = notes.takeOpened();
        QCOMPARE(gaps.size(), size_t(2));
        QCOMPARE(gaps[0].stream.kind, StreamKind::Candles);
        QCOMPARE(gaps[0].from, at);
        QCOMPARE(gaps[0].to, at + 6min); // two candles of three minutes
        QCOMPARE(gaps[1].stream.kind, StreamKind::Trades);
        QVERIFY(gaps[1].from == at && gaps[1].to > at);
        for (const Gap &gap : gaps)
            QCOMPARE(gap.cause, QStringLiteral("the store's queue was full"));
    }

private:
    static void fill(RecordBatch &batch, UtcTime at)
    {
        const QString pair = QStringLiteral("BTC/USDT:USDT");
        CandleBatch candles{.series = {QStringLiteral("x"), pair, Timeframe::M3}, .candles = {}};
        for (const milliseconds offset : {0min, 3min}) {
            Candle candle;
            candle.open_time = at + offset;
            candles.candles.push_back(candle);
        }
        batch.candles.push_back(candles);
        TickPoint tick;
        tick.exchange = QStringLiteral("x");
        tick.pair = pair;
        tick.kind = QStringLiteral("trades");
        tick.time = at;
        batch.ticks.push_back(tick);
    }
};

TK_TEST(FeedPartsTest, feed_parts);
#include "tst_feed_parts.moc"
