// What silence of a stream that moves with trades means: by its own pace, by the proof of history, by its siblings, by
// the whole venue; and what everybody is told meanwhile. On a clock that moves only when told to.
#include "feed_samples.h"

#include "support/manual_clock.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::feed;
using namespace tk::test;
using namespace std::chrono_literals;

class SilenceTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { renew(); }

    // A frame a second, then none: named within fifteen seconds, though history cannot be asked and no id ever grows.
    void busyIsNamedWithoutAnyHelp()
    {
        const StreamId id = add("BTC");
        busy({id}, 60);
        const UtcTime stopped = utc();
        const auto change = firstChange(30s);
        QVERIFY(change);
        QCOMPARE(change->to, StreamState::Stale);
        QVERIFY2(utc() - stopped <= 14s, qPrintable(ageText(utc() - stopped)));
        QVERIFY2(change->cause.contains(QLatin1String("where it came every")), qPrintable(change->cause));
        // Since the first frame that was due and did not come.
        QVERIFY(m_table->at(id).toldSince() > stopped && m_table->at(id).toldSince() <= stopped + 2s);
    }

    // Muted soon after a start: its pace is known from the quarter of a minute that it has lived.
    void aYoungBusyStreamIsNamedAsSoon()
    {
        for (const int lived : {16, 20, 25, 30}) {
            renew();
            const StreamId id = add("BTC");
            busy({id}, lived);
            const UtcTime stopped = utc();
            const auto change = firstChange(60s);
            QVERIFY(change);
            QCOMPARE(change->to, StreamState::Stale);
            QVERIFY2(utc() - stopped <= 14s, qPrintable(ageText(utc() - stopped)));
            QVERIFY2(change->cause.contains(QLatin1String("where it came every 1.")), qPrintable(change->cause));
        }
    }

    // A thin pair whose first trades came in a burst: asked about, and proven quiet; with its next frame it is thin.
    void aBurstAtTheStartMakesNoBusyPair()
    {
        const StreamId id = add("ZEN");
        busy({id}, 16);
        QVERIFY(firstProbe(20s));
        answer("ZEN", m_open, double(m_trades));
        for (int second = 0; second < 120; ++second) {
            pass(1s);
            const auto judged = m_table->judge(now(), utc());
            for (const StreamTransition &change : judged.transitions)
                QVERIFY2(change.to == StreamState::Quiet, qPrintable(change.cause));
            if (!judged.probes.empty())
                answer("ZEN", m_open, double(m_trades));
        }
        candle(id);
        QVERIFY(!firstChange(179s)); // nobody answers: its silence tells nothing by itself any more
        QCOMPARE(state(id), StreamState::Live);
    }

    // A second burst is none of its first seconds: a few frames are no pace.
    void shortBurstsMakeNoBusyPair()
    {
        const StreamId id = add("ZEN");
        busy({id}, 9);
        QVERIFY(!firstChange(170s));
        busy({id}, 25);
        QVERIFY(!firstChange(170s));
        QCOMPARE(state(id), StreamState::Live);
    }

    void busyIsAskedAboutFirst()
    {
        const StreamId id = add("BTC");
        busy({id}, 60);
        const UtcTime stopped = utc();
        const auto probe = firstProbe(20s);
        QVERIFY(probe);
        QVERIFY2(utc() - stopped <= 9s, qPrintable(ageText(utc() - stopped)));
        answer("BTC", m_open, double(m_trades)); // nothing was traded: no alarm, however long it lasts
        for (int second = 0; second < 600; ++second) {
            pass(1s);
            const auto judged = m_table->judge(now(), utc());
            for (const StreamTransition &change : judged.transitions)
                QVERIFY2(change.to == StreamState::Quiet, qPrintable(change.cause));
            if (!judged.probes.empty())
                answer("BTC", m_open, double(m_trades));
        }
        QCOMPARE(state(id), StreamState::Quiet);
    }

    // History knows trades that the stream does not show: named, with that as its cause.
    void busyIsConvictedByHistory()
    {
        const StreamId id = add("BTC");
        busy({id}, 60);
        const UtcTime stopped = utc();
        QVERIFY(firstProbe(20s));
        answer("BTC", m_open, double(m_trades + 5));
        const auto change = firstChange(30s);
        QVERIFY(change);
        QCOMPARE(change->to, StreamState::Stale);
        QVERIFY(utc() - stopped <= 14s);
        QVERIFY2(change->cause.contains(QLatin1String("history")), qPrintable(change->cause));
        QCOMPARE(state(id), StreamState::Stale);
    }

    // Now and then a trade: named within ninety seconds.
    void liquidIsNamedWithinNinetySeconds()
    {
        const StreamId id = add("LTC");
        for (int i = 0; i < 40; ++i) {
            pass(10s);
            candle(id);
            QVERIFY(m_table->judge(now(), utc()).transitions.empty());
        }
        const UtcTime stopped = utc();
        const auto change = firstChange(120s);
        QVERIFY(change);
        QCOMPARE(change->to, StreamState::Stale);
        QVERIFY(utc() - stopped > 60s);
        QVERIFY2(utc() - stopped <= 90s, qPrintable(ageText(utc() - stopped)));
    }

    // A thin pair has long pauses, and no pace that could accuse it.
    void thinIsNotAccused()
    {
        const StreamId id = add("ZEN");
        for (int i = 0; i < 30; ++i) {
            pass(i % 2 == 0 ? 10s : 170s);
            candle(id);
            QVERIFY(m_table->judge(now(), utc()).transitions.empty());
        }
        QVERIFY(!firstChange(179s));
        QCOMPARE(state(id), StreamState::Live);
    }

    // All candles of a venue stop while mark prices go on: all are named at once, with that as the cause.
    void aVenueWithoutCandlesIsSilent()
    {
        std::vector<StreamId> candles;
        std::vector<StreamId> marks;
        for (const char *base : {"BTC", "ETH", "SOL", "XRP", "ZEN"}) {
            candles.push_back(add(base));
            marks.push_back(m_table->add(spec(QString::fromLatin1(base), StreamKind::MarkPrice), now(), utc()));
        }
        for (int second = 0; second < 120;
             ++second) { // the last one moves every half minute: too thin to be missed alone
            pass(1s);
            for (size_t i = 0; i + 1 < candles.size() || (i < candles.size() && second % 30 == 0); ++i)
                candle(candles[i]);
            for (const StreamId mark : marks)
                m_table->data(mark, {.event = utc()}, now(), utc());
            QVERIFY(m_table->judge(now(), utc()).transitions.empty());
        }
        const UtcTime stopped = utc();
        for (int second = 1; second <= 15; ++second) {
            pass(1s);
            for (const StreamId mark : marks)
                m_table->data(mark, {.event = utc()}, now(), utc());
            m_table->judge(now(), utc());
        }
        for (const StreamId id : candles) {
            QCOMPARE(m_table->at(id).told(), StreamState::Stale);
            QVERIFY(m_table->at(id).toldSince() >= stopped - 1s);
        }
        for (const StreamId mark : marks)
            QCOMPARE(state(mark), StreamState::Live);
    }

    // Asked for again, acknowledged, and still without data: it is as sick as before, for everybody.
    void troubleLastsUntilDataComes()
    {
        const StreamId id = add("BTC");
        busy({id}, 60);
        QVERIFY(firstChange(30s));
        const UtcTime since = m_table->at(id).toldSince();
        m_table->subscribed(id, now(), utc());
        m_table->acknowledged(id, utc());
        QCOMPARE(state(id), StreamState::Acknowledged);
        QCOMPARE(m_table->at(id).told(), StreamState::Stale);
        QCOMPARE(m_table->at(id).toldSince(), since);
        QVERIFY(firstChange(20s)); // silent again: by name, so that it is healed again
        QCOMPARE(m_table->at(id).told(), StreamState::Silent);
        QCOMPARE(m_table->at(id).toldSince(), since);
        candle(id);
        QCOMPARE(m_table->at(id).told(), StreamState::Live);
    }

    // After a lost connection a pair without trades is well again when history knows no more than had been shown.
    void aThinPairIsProvenSoonAfterAReconnect()
    {
        const StreamId id = add("ZEN");
        candle(id);
        pass(60s);
        m_table->lost(id, QStringLiteral("cut"), utc());
        const UtcTime lostAt = utc();
        m_table->subscribed(id, now(), utc());
        QCOMPARE(m_table->at(id).told(), StreamState::Stale);
        QCOMPARE(m_table->at(id).toldSince(), lostAt); // and not since its last trade
        QVERIFY(firstProbe(15s));
        answer("ZEN", m_open, double(m_trades));
        QVERIFY(firstChange(2s));
        QCOMPARE(m_table->at(id).told(), StreamState::Quiet);
    }

    // It did not show trades that there were, and was asked for again. That nothing is traded now does not mend it.
    void quietnessDoesNotMendWhatMissedTrades()
    {
        const StreamId id = add("ZEN");
        candle(id);
        QVERIFY(firstProbe(200s));
        answer("ZEN", m_open, double(m_trades + 3));
        const auto change = firstChange(30s);
        QVERIFY(change);
        QCOMPARE(change->to, StreamState::Stale);
        m_table->subscribed(id, now(), utc());
        m_table->acknowledged(id, utc());
        for (int questions = 0; questions < 3; ++questions) {
            QVERIFY(firstProbe(400s));
            answer("ZEN", m_open, double(m_trades + 3)); // no trade since
            QVERIFY(!firstChange(5s));
            QCOMPARE(m_table->at(id).told(), StreamState::Stale);
        }
        candle(id);
        QCOMPARE(m_table->at(id).told(), StreamState::Live);
        QVERIFY(firstProbe(200s)); // from now on its silence counts again
        answer("ZEN", m_open, double(m_trades));
        QVERIFY(firstChange(2s));
        QCOMPARE(m_table->at(id).told(), StreamState::Quiet);
    }

    // Silent on a connection that was there, named by somebody else (the venue's silence) before history was asked.
    // Healed, and silent still: history knows of trades that it did not show, whenever they were.
    void whatWasTradedBeforeTheHealingCountsToo()
    {
        std::vector<StreamId> ids;
        for (const char *base : {"BTC", "ETH", "SOL", "ZEN"})
            ids.push_back(add(base));
        busy({ids[0], ids[1], ids[2]}, 60);
        candle(ids[3]); // thin
        const UtcTime shown = m_open;
        const qint64 trades = m_trades;
        for (int second = 0; second < 15; ++second) {
            pass(1s);
            m_table->judge(now(), utc());
        }
        const StreamId zen = ids[3];
        QVERIFY(m_table->at(zen).isSick());
        m_table->subscribed(zen, now(), utc());
        m_table->acknowledged(zen, utc());
        answer("ZEN", shown, double(trades + 7));
        for (int questions = 0; questions < 6; ++questions) {
            pass(6s);
            answer("ZEN", shown, double(trades + 7)); // nothing was traded in between
            m_table->judge(now(), utc());
            QCOMPARE(m_table->at(zen).told(), StreamState::Stale);
        }
        candle(zen);
        QCOMPARE(m_table->at(zen).told(), StreamState::Live);
    }

    // A pair with a pace shows soon whether it is well: only its data says so.
    void aLiquidPairIsWellWithDataAlone()
    {
        const StreamId id = add("LINK");
        for (int i = 0; i < 40; ++i) {
            pass(5s);
            candle(id);
        }
        m_table->lost(id, QStringLiteral("cut"), utc());
        m_table->subscribed(id, now(), utc());
        m_table->acknowledged(id, utc());
        QVERIFY(firstProbe(15s));
        answer("LINK", m_open, double(m_trades));
        QVERIFY(!firstChange(3s));
        QCOMPARE(m_table->at(id).told(), StreamState::Stale);
        candle(id);
        QCOMPARE(m_table->at(id).told(), StreamState::Live);
    }

    // Where candles tell no number of trades, their volume is the measure; nothing is quiet for free.
    void volumeIsTheMeasureWithoutTradeCounts()
    {
        renew({.trade_counts = false});
        const StreamId id = add("BTC");
        busy({id}, 60); // volume grows by 0.5 a frame
        QVERIFY(firstProbe(20s));
        answer("BTC", m_open, 0, m_volume); // as shown: nothing was traded
        pass(75s);
        m_table->judge(now(), utc());
        QCOMPARE(state(id), StreamState::Quiet);
        candle(id);
        busy({id}, 60);
        QVERIFY(firstProbe(20s));
        answer("BTC", m_open, 0, m_volume + 0.25);
        const auto change = firstChange(30s);
        QVERIFY(change);
        QCOMPARE(change->to, StreamState::Stale);
    }

    // Frames on the pair's other candles are evidence, too, where trade ids say nothing.
    void siblingsWithoutIdsAreEvidence()
    {
        const StreamId fast = add("BTC", Timeframe::M1);
        const StreamId slow = add("BTC", Timeframe::H1);
        for (int i = 0; i < 40; ++i) {
            pass(8s);
            candle(fast);
            candle(slow);
            QVERIFY(m_table->judge(now(), utc()).transitions.empty());
        }
        std::optional<StreamTransition> change;
        int seconds = 0;
        for (; seconds < 60 && !change; seconds += 4) {
            pass(4s);
            candle(fast);
            for (const StreamTransition &found : m_table->judge(now(), utc()).transitions)
                change = found;
        }
        QVERIFY(change);
        QCOMPARE(change->id, slow);
        QVERIFY2(seconds <= 30, qPrintable(QString::number(seconds)));
        QCOMPARE(state(fast), StreamState::Live);
    }

    // While our own thread was held up nobody listened: that is no silence of the exchange.
    void deafnessIsNoEvidence()
    {
        const StreamId id = add("BTC");
        const StreamId mark = m_table->add(spec(QStringLiteral("BTC"), StreamKind::MarkPrice), now(), utc());
        busy({id}, 60, {mark});
        pass(45s);
        m_table->wasDeaf(45s);
        QVERIFY(m_table->judge(now(), utc()).transitions.empty());
        pass(14s);
        QCOMPARE(m_table->judge(now(), utc()).transitions.size(), size_t(2)); // what is silent from then on is found
    }

    // A fast clock runs on while the machine pauses a thread: its silence counts for less.
    void slackIsAdded()
    {
        StreamTable::Thresholds thresholds;
        thresholds.slack = 10s;
        m_table = std::make_unique<StreamTable>(thresholds, exchange::CandleFacts{.trade_counts = true});
        add("BTC");
        busy({0}, 60);
        const UtcTime stopped = utc();
        QVERIFY(firstChange(60s));
        QVERIFY(utc() - stopped > 22s);
    }

    // The exchange names a stream and says why it does not serve it: that is the cause, and no reconnect cures it.
    void aRefusalIsTheCause()
    {
        const StreamId id = add("BTC");
        const QString cause = QStringLiteral("refused by the exchange: Invalid symbol (code 2)");
        m_table->subscribed(id, now(), utc());
        const auto change = m_table->refused(id, cause, utc());
        QVERIFY(change);
        QCOMPARE(m_table->at(id).told(), StreamState::Silent);
        QCOMPARE(m_table->at(id).toldCause(), cause);
        QVERIFY(!firstChange(600s));
        QCOMPARE(m_table->at(id).toldCause(), cause);
        candle(id);
        QCOMPARE(m_table->at(id).told(), StreamState::Live);
    }

    // A candle that was shown and is never closed makes its stream late until the next one is closed.
    void anUnclosedCandleIsLate()
    {
        const StreamId id = add("BTC");
        candle(id);
        const UtcTime open = m_open;
        pass(80s);
        candle(id);
        m_table->closeMissed(id, {open - 5min, open - 1min}); // never shown: it may have had no trades
        QCOMPARE(m_table->at(id).told(), StreamState::Live);
        m_table->closeMissed(id, {open, open + 1min});
        QCOMPARE(m_table->at(id).told(), StreamState::Late);
        QVERIFY2(m_table->at(id).toldCause().contains(QLatin1String("did not close")),
                 qPrintable(m_table->at(id).cause));
        QCOMPARE(m_table->at(id).toldSince(), open + 1min);
        candle(id);
        QCOMPARE(m_table->at(id).told(), StreamState::Late);
        m_table->data(id, {.event = utc(), .last_trade_id = 1, .proves_trade = false, .candle_open = m_open}, now(),
                      utc());
        QCOMPARE(m_table->at(id).told(), StreamState::Live);
    }

    // A major is expected to move from the first second on.
    void majorsAreAskedAboutAtOnce()
    {
        m_table->expect({QStringLiteral("BTC/USDT:USDT")});
        const StreamId id = add("BTC");
        m_table->acknowledged(id, utc());
        const UtcTime begin = utc();
        QVERIFY(firstProbe(12s));
        answer("BTC", candleOpen(Timeframe::M1, utc()), 50);
        QVERIFY(firstProbe(12s));
        answer("BTC", candleOpen(Timeframe::M1, utc()), 90);
        const auto change = firstChange(10s);
        QVERIFY(change);
        QCOMPARE(change->to, StreamState::Silent);
        QVERIFY2(utc() - begin <= 35s, qPrintable(ageText(utc() - begin)));
        QCOMPARE(state(id), StreamState::Silent);
    }

private:
    void renew(exchange::CandleFacts facts = {.trade_counts = true})
    {
        m_table = std::make_unique<StreamTable>(StreamTable::Thresholds{}, facts);
        m_trades = 0;
        m_volume = 0;
    }
    MonotonicTime now() const { return m_clock.now(); }
    UtcTime utc() const { return m_clock.utcNow(); }
    void pass(milliseconds span) { m_clock.advance(span); }
    StreamState state(StreamId id) const { return m_table->at(id).state; }
    StreamId add(const char *base, Timeframe timeframe = Timeframe::M1)
    {
        return m_table->add(spec(QString::fromLatin1(base), StreamKind::Candles, timeframe), now(), utc());
    }
    // An open frame; its trade id never grows, as on an exchange that gives none.
    void candle(StreamId id)
    {
        m_open = candleOpen(Timeframe::M1, utc());
        ++m_trades;
        m_volume += 0.5;
        m_table->data(id,
                      {.event = utc(),
                       .last_trade_id = 1,
                       .proves_trade = true,
                       .candle_open = m_open,
                       .candle_trades = m_trades,
                       .candle_volume = m_volume},
                      now(), utc());
    }
    void busy(const std::vector<StreamId> &ids, int seconds, const std::vector<StreamId> &marks = {})
    {
        for (int second = 0; second < seconds; ++second) {
            pass(1s);
            for (const StreamId id : ids)
                candle(id);
            for (const StreamId mark : marks)
                m_table->data(mark, {.event = utc()}, now(), utc());
            QVERIFY(m_table->judge(now(), utc()).transitions.empty());
        }
    }
    void answer(const char *base, UtcTime open, double trades, double volume = 0)
    {
        m_table->probeAnswered({.pair = QString::fromLatin1(base) + QStringLiteral("/USDT:USDT"),
                                .timeframe = Timeframe::M1,
                                .known = true,
                                .open = open,
                                .trades = qint64(trades),
                                .volume = volume},
                               now());
    }
    std::optional<StreamTransition> firstChange(milliseconds within)
    {
        for (milliseconds waited{0}; waited < within; waited += 1s) {
            pass(1s);
            const auto changes = m_table->judge(now(), utc()).transitions;
            if (!changes.empty())
                return changes.front();
        }
        return {};
    }
    std::optional<QuietProbe> firstProbe(milliseconds within)
    {
        for (milliseconds waited{0}; waited < within; waited += 1s) {
            pass(1s);
            const auto probes = m_table->judge(now(), utc()).probes;
            if (!probes.empty())
                return probes.front();
        }
        return {};
    }

    ManualClock m_clock;
    std::unique_ptr<StreamTable> m_table;
    UtcTime m_open{};
    qint64 m_trades = 0;
    double m_volume = 0;
};

TK_TEST(SilenceTest, silence);
#include "tst_silence.moc"
