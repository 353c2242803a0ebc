// The engine's one sentence: verdict, since when, what is done, what is lost; never longer than a line, and never calm
// while status is not.
#include "app/verdict.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::app;
using namespace std::chrono_literals;

class VerdictTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_feed = {};
        m_feed.exchange = QStringLiteral("x");
        m_history = {};
        m_history.exchange = m_feed.exchange;
        m_history.instruments_known = true;
        m_history.repairing = true;
        m_history.at = m_now;
        m_facts = {};
        m_facts.exchanges = {m_feed.exchange};
        m_facts.now = m_now;
        m_snapshots = {};
        for (const char *pair : {"BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "XRP/USDT:USDT"}) {
            add(pair, StreamKind::Candles);
            add(pair, StreamKind::MarkPrice);
        }
    }

    void calm()
    {
        QCOMPARE(verdict().level, Verdict::Level::Well);
        QCOMPARE(verdict().text, QStringLiteral("all 4 pairs live · nothing lost so far"));
        m_feed.streams[0].state = StreamState::Quiet;
        QCOMPARE(verdict().text, QStringLiteral("3 pairs live, 1 without trades now · nothing lost so far"));
        m_history.gaps_unfillable = 2;
        QCOMPARE(verdict().text, QStringLiteral("3 pairs live, 1 without trades now · 2 gaps unfillable"));
    }

    // Acknowledged is not alive: who has shown nothing yet is not counted among the living.
    void whoWaitsIsNotLive()
    {
        m_feed.streams[2].state = StreamState::Acknowledged;
        QCOMPARE(verdict().level, Verdict::Level::Waiting);
        QCOMPARE(verdict().text, QStringLiteral("1 of 4 pairs wait for data · nothing lost so far"));
        m_feed.streams[2].rare = true; // its silence proves nothing
        QCOMPARE(verdict().text, QStringLiteral("all 4 pairs live · nothing lost so far"));
        m_feed.streams[2].rare = false;
        m_history.open_gaps.resize(1);
        QCOMPARE(verdict().level, Verdict::Level::Warning);
        QCOMPARE(verdict().text, QStringLiteral("1 of 4 pairs wait for data · repairing 1 gap · nothing lost so far"));
    }

    void candlesStopped()
    {
        for (feed::StreamRow &row : m_feed.streams) {
            if (row.key.kind == StreamKind::Candles) {
                row.state = StreamState::Stale;
                row.since = m_now - 3min;
            }
        }
        QCOMPARE(verdict().level, Verdict::Level::Trouble);
        QCOMPARE(verdict().text,
                 QStringLiteral("4 of 4 pairs without candles since 10:02 · asking again · nothing lost so far"));
        QCOMPARE(verdict().since, m_now - 3min);
        m_history.open_gaps.resize(4);
        for (Gap &gap : m_history.open_gaps)
            gap.opened = m_now;
        QCOMPARE(verdict().text, // no room for the gaps; what is lost always has some
                 QStringLiteral("4 of 4 pairs without candles since 10:02 · asking again · nothing lost so far"));
    }

    // "Repairing" only while something can move.
    void gapsWaitWhileHistoryIsRefused()
    {
        m_history.open_gaps.resize(17);
        for (Gap &gap : m_history.open_gaps)
            gap.opened = m_now;
        QCOMPARE(verdict().level, Verdict::Level::Warning);
        QCOMPARE(verdict().text, QStringLiteral("repairing 17 gaps · nothing lost so far"));
        m_history.trouble = QStringLiteral("<html>raw text of an exchange</html>");
        m_history.trouble_since = m_now - 1min;
        m_history.repairing = false;
        QCOMPARE(verdict().level, Verdict::Level::Trouble);
        QCOMPARE(
            verdict().text,
            QStringLiteral("history does not work since 10:04 · trying again · 17 gaps wait · nothing lost so far"));
        QVERIFY(verdict().parts.join(u' ').contains(QLatin1String("raw text"))); // there, and not in the line
    }

    void manyAtOnceStayOneLine()
    {
        for (feed::StreamRow &row : m_feed.streams) {
            row.state = StreamState::Stale;
            row.since = m_now - 3min;
        }
        auto sender = std::make_shared<store::influx::SenderSnapshot>();
        sender->trouble = QString(500, u'x');
        sender->trouble_since = m_now - 9min;
        m_snapshots.sender = sender;
        m_history.trouble = QString(500, u'y');
        m_history.clock_offset = 12s;
        m_history.open_gaps.resize(1000);
        m_history.repairing = false;
        m_facts.backfill = BackfillFacts{.wanted = 1000, .settled = 450, .left = 12min};
        const Verdict all = verdict();
        QVERIFY2(all.text.size() <= Verdict::longest, qPrintable(all.text));
        QVERIFY2(all.text.startsWith(QStringLiteral("4 of 4 pairs stale since 10:02 · 3 more")), qPrintable(all.text));
        QVERIFY2(all.text.endsWith(QLatin1String("nothing lost so far")), qPrintable(all.text));
        QVERIFY(all.parts.size() >= 4);
    }

    // One pair that is mute must not hide that nothing is stored, or that what was stored is gone.
    void theWorstComesFirst()
    {
        m_feed.streams[0].state = StreamState::Stale;
        m_feed.streams[0].since = m_now - 3min;
        auto store = std::make_shared<store::StoreSnapshot>();
        store->trouble = QStringLiteral("disk is full");
        store->trouble_since = m_now - 2min;
        m_snapshots.store = store;
        QVERIFY2(verdict().text.startsWith(QLatin1String("the store takes no records since 10:03")),
                 qPrintable(verdict().text));
        m_snapshots.store = nullptr;
        m_history.loss_gaps = 27;
        QVERIFY2(verdict().text.startsWith(QLatin1String("stored data is gone, 27 gaps left")),
                 qPrintable(verdict().text));
        for (feed::StreamRow &row : m_feed.streams)
            row.state = StreamState::Stale;
        QVERIFY2(verdict().text.startsWith(QLatin1String("4 of 4 pairs stale")), qPrintable(verdict().text));
    }

    void whatAnEarlierRunLostIsTold()
    {
        m_history.unfillable_before = 5;
        QCOMPARE(verdict().text, QStringLiteral("all 4 pairs live · 5 gaps unfillable"));
    }

    // What the database refuses waits for it: nothing of that moves.
    void refusedGapsAreNotBeingRepaired()
    {
        Gap gap;
        gap.stream = m_feed.streams[0].key;
        m_history.open_gaps = {gap, gap, gap};
        m_history.refused_gaps = 3;
        QVERIFY2(!verdict().text.contains(QLatin1String("repairing")), qPrintable(verdict().text));
        m_history.refused_gaps = 2;
        QVERIFY2(verdict().text.contains(QLatin1String("repairing 1 gap")), qPrintable(verdict().text));
    }

    // As the heartbeat has it: data comes, and a candle was not closed by the exchange.
    void whoseCandleWasNotClosedWaits()
    {
        m_feed.streams[0].state = StreamState::Late;
        QCOMPARE(verdict().level, Verdict::Level::Well);
        m_feed.streams[0].unclosed = true;
        QCOMPARE(verdict().level, Verdict::Level::Waiting);
        QCOMPARE(verdict().text, QStringLiteral("1 of 4 pairs wait for data · nothing lost so far"));
    }

    void theFirstFillIsToldBeforeItBeginsAndUntilItIsDone()
    {
        m_history.fill.planned = true;
        QCOMPARE(verdict().text, QStringLiteral("what history lacks is looked for soon · nothing lost so far"));
        m_history.fill = {.wanted = 1'000, .fetched = 1'000, .active = true};
        QCOMPARE(verdict().text, QStringLiteral("filling history, 99 % · nothing lost so far"));
    }

    void backfillIsTold()
    {
        m_facts.backfill = BackfillFacts{.wanted = 1000, .settled = 450, .left = 12min};
        QCOMPARE(verdict().level, Verdict::Level::Warning);
        QVERIFY2(verdict().text.startsWith(QLatin1String("backfill 45 %, ")), qPrintable(verdict().text));
    }

    void nothingCollected()
    {
        m_feed.streams.clear();
        m_feed.waiting_since = m_now - 5min;
        m_history.instruments_known = false;
        QCOMPARE(verdict().level, Verdict::Level::Trouble);
        QCOMPARE(verdict().text, QStringLiteral("nothing collected since 10:00 · waiting for the instrument list · "
                                                "nothing lost so far"));
    }

    // A kind of data that never came, and a feed that says nothing any more: neither is well.
    void neverCalmWhileStatusIsNot()
    {
        for (feed::StreamRow &row : m_feed.streams) {
            if (row.key.kind == StreamKind::Candles)
                row.state = StreamState::Acknowledged;
        }
        QCOMPARE(verdict().level, Verdict::Level::Trouble);
        QVERIFY(verdict().text.contains(QLatin1String("no candles have come yet")));
        for (feed::StreamRow &row : m_feed.streams)
            row.state = StreamState::Live;
        m_facts.now = m_now + 5s;
        QCOMPARE(verdict().level, Verdict::Level::Trouble);
        QVERIFY2(verdict().text.contains(QLatin1String("does not answer since 10:05:00")), qPrintable(verdict().text));
        m_facts.now = m_now;
        m_facts.not_ready = {QStringLiteral("data folder: gone")};
        QCOMPARE(verdict().level, Verdict::Level::Trouble);
        QVERIFY(verdict().text.contains(QLatin1String("data folder")));
    }

private:
    void add(const char *pair, StreamKind kind)
    {
        feed::StreamRow row;
        row.key = {m_feed.exchange, QString::fromLatin1(pair), kind, Timeframe::M1};
        row.state = StreamState::Live;
        row.since = m_now - 1h;
        m_feed.streams.push_back(row);
    }
    Verdict verdict()
    {
        m_feed.at = m_now;
        m_feed.streams_by_state = {};
        for (const feed::StreamRow &row : m_feed.streams)
            ++m_feed.streams_by_state[size_t(row.state)];
        m_snapshots.feeds.insert(m_feed.exchange, std::make_shared<const feed::FeedSnapshot>(m_feed));
        m_snapshots.histories.insert(m_feed.exchange, std::make_shared<const history::HistorySnapshot>(m_history));
        return verdictOf(m_facts, m_snapshots, statusReasons(m_facts, m_snapshots));
    }

    const UtcTime m_now = *parseUtcTime(u"2026-11-20T10:05:00Z");
    feed::FeedSnapshot m_feed;
    history::HistorySnapshot m_history;
    EngineFacts m_facts;
    Snapshots m_snapshots;
};

TK_TEST(VerdictTest, verdict);
#include "tst_verdict.moc"
