// The small pure parts of the feed: who shares a connection, budgets, clocks, majors, notes of gaps, backoff.
#include "feed_samples.h"

#include "base/backoff.h"
#include "base/clock_watch.h"
#include "feed/attempt_budget.h"
#include "feed/connection_plan.h"
#include "feed/feed_snapshot.h"
#include "feed/gap_notes.h"
#include "feed/majors.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <set>

using namespace tk;
using namespace tk::feed;
using namespace tk::test;
using namespace std::chrono_literals;

class PlanningTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_table = std::make_unique<StreamTable>(StreamTable::Thresholds{}, exchange::CandleFacts{.trade_counts = true});
    }

    void pairsStayTogetherAndRoutesApart()
    {
        std::vector<StreamId> all;
        for (int i = 0; i < 50; ++i) {
            const QString base = QStringLiteral("P%1").arg(i);
            for (const Timeframe timeframe : {Timeframe::M3, Timeframe::M15, Timeframe::H1})
                all.push_back(add(base, StreamKind::Candles, timeframe));
            all.push_back(add(base, StreamKind::MarkPrice));
            all.push_back(add(base, StreamKind::Depth));
        }
        const auto plan = planConnections(*m_table, all, 22);
        std::set<StreamId> seen;
        for (const PlannedConnection &connection : plan) {
            QVERIFY(connection.streams.size() <= 22);
            for (const StreamId id : connection.streams) {
                QVERIFY(seen.insert(id).second);
                QCOMPARE(m_table->at(id).spec.route, connection.route);
                for (const PlannedConnection &other :
                     plan) { // its pair's streams of this route are here and nowhere else
                    if (&other == &connection || other.route != connection.route)
                        continue;
                    for (const StreamId stranger : other.streams)
                        QVERIFY(m_table->at(stranger).pair != m_table->at(id).pair);
                }
            }
        }
        QCOMPARE(seen.size(), all.size());
        QCOMPARE(plan.size(), size_t(10 + 3)); // 5 pairs of 4 on each of 10, 50 books on 3
    }

    void aPairLargerThanAConnectionIsSplit()
    {
        std::vector<StreamId> all;
        for (const Timeframe timeframe : allTimeframes)
            all.push_back(add(QStringLiteral("BTC"), StreamKind::Candles, timeframe));
        const auto plan = planConnections(*m_table, all, 4);
        QCOMPARE(plan.size(), size_t(4));
        QCOMPARE(plan[0].streams.size(), size_t(4));
        QCOMPARE(plan[3].streams.size(), size_t(3));
        QVERIFY(planConnections(*m_table, {}, 4).empty());
    }

    void healing()
    {
        QCOMPARE(chooseHealing(0, 0), Healing::None);
        QCOMPARE(chooseHealing(100, 0), Healing::None);
        QCOMPARE(chooseHealing(100, 1), Healing::MoveSick);
        QCOMPARE(chooseHealing(100, 50), Healing::MoveSick);
        QCOMPARE(chooseHealing(100, 99), Healing::MoveSick); // the one that is well goes on
        QCOMPARE(chooseHealing(100, 100), Healing::ReplaceConnection);
        QCOMPARE(chooseHealing(1, 1), Healing::ReplaceConnection);
    }

    void aQuietPairDoesNotSpeakForTheOthers()
    {
        FeedSnapshot snapshot;
        const auto put = [&](StreamKind kind, StreamState state) {
            snapshot.streams.push_back({});
            snapshot.streams.back().key.kind = kind;
            snapshot.streams.back().state = state;
        };
        put(StreamKind::MarkPrice, StreamState::Live);
        put(StreamKind::Candles, StreamState::Quiet);
        QVERIFY(snapshot.kindsWithoutData().isEmpty()); // nothing is traded at all
        put(StreamKind::Candles, StreamState::Stale);
        QCOMPARE(snapshot.kindsWithoutData(), QStringList{QStringLiteral("candles")});
        put(StreamKind::Candles, StreamState::Late);
        QVERIFY(snapshot.kindsWithoutData().isEmpty());
        snapshot.streams.clear();
        put(StreamKind::Candles, StreamState::Acknowledged);
        QCOMPARE(snapshot.kindsWithoutData().size(), 1); // acknowledged is not alive
    }

    void attemptsAreBounded()
    {
        ManualClock clock;
        AttemptBudget budget(3, 5min);
        for (int i = 0; i < 3; ++i) {
            QCOMPARE(budget.take(clock.now()).count(), qint64(0));
            clock.advance(1min);
        }
        QCOMPARE(budget.take(clock.now()), milliseconds(2min));
        clock.advance(2min - 1ms);
        QCOMPARE(budget.take(clock.now()), 1ms);
        clock.advance(1ms);
        QCOMPARE(budget.take(clock.now()).count(), qint64(0));
        QVERIFY(budget.take(clock.now()).count() > 0);
        // Whoever obeys never exceeds the limit in any window.
        std::vector<MonotonicTime> taken;
        for (int i = 0; i < 2000; ++i) {
            const milliseconds wait = budget.take(clock.now());
            if (wait.count() > 0) {
                clock.advance(wait);
                continue;
            }
            taken.push_back(clock.now());
            if (taken.size() > 3)
                QVERIFY(taken.back() - taken[taken.size() - 4] >= 5min);
        }
        QVERIFY(taken.size() > 500);
    }

    void clockJumps()
    {
        ManualClock clock;
        ClockWatch watch(clock.utcNow(), clock.now());
        const auto jump = [&] { return watch.jump(clock.utcNow(), clock.now(), 5s); };
        clock.advance(1h);
        QVERIFY(!jump());
        clock.jumpUtc(5s);
        QVERIFY(!jump());
        clock.advance(250ms);
        clock.jumpUtc(10min);
        QCOMPARE(jump().value_or(0ms), milliseconds(10min));
        QVERIFY(!jump()); // told once
        clock.jumpUtc(-6s);
        QCOMPARE(jump().value_or(0ms), milliseconds(-6s));
    }

    // Operators grep for these.
    void heartbeatLines()
    {
        QCOMPARE(
            Majors::okLine(1500, 163, 0),
            QStringLiteral(
                "✓ Heartbeat OK - All major pairs receiving data. Stats: Candles=1500, Funding=163, Reconnects=0"));
        QCOMPARE(Majors::staleLine({QStringLiteral("BTC-USDT-PERP"), QStringLiteral("ETH-USDT-PERP"),
                                    QStringLiteral("SOL-USDT-PERP")}),
                 QStringLiteral(
                     "⚠️ 3 major pairs have stale data: ['BTC-USDT-PERP', 'ETH-USDT-PERP', 'SOL-USDT-PERP']"));
        QCOMPARE(Majors::quorumLine(6, 10), QStringLiteral("❌ 6/10 major pairs stale - triggering reconnect!"));
    }

    void majors()
    {
        std::vector<StreamId> streams;
        for (const char *base : {"XRP", "ETH", "BTC"}) {
            streams.push_back(add(QLatin1String(base), StreamKind::MarkPrice));
            streams.push_back(add(QLatin1String(base), StreamKind::Candles));
        }
        Majors majors({QStringLiteral("BTC"), QStringLiteral("ETH"), QStringLiteral("SOL")});
        majors.choose(*m_table, streams);
        QCOMPARE(majors.count(), 2); // SOL is not collected
        QVERIFY(majors.stale(*m_table).empty());
        lose(streams[0]); // XRP is no major
        QVERIFY(majors.stale(*m_table).empty());
        lose(streams[5]); // BTC's candles
        lose(streams[2]); // ETH's mark price
        QCOMPARE(majors.stale(*m_table),
                 (std::vector<QString>{QStringLiteral("BTC-USDT-PERP"), QStringLiteral("ETH-USDT-PERP")}));
        // Both lost their connection, which is being replaced: no reason to replace the healthy ones too.
        QCOMPARE(majors.staleWhileConnected(*m_table), 0);
        m_table->subscribed(streams[2], m_clock.now(), m_clock.utcNow());
        m_clock.advance(9s); // ETH's and BTC's mark prices are connected, and silent beyond their first-data deadline
        m_table->judge(m_clock.now(), m_clock.utcNow());
        QCOMPARE(majors.staleWhileConnected(*m_table), 2);
    }

    void standIns()
    {
        std::vector<StreamId> streams;
        for (int i = 0; i < 15; ++i)
            streams.push_back(add(QStringLiteral("P%1").arg(i), StreamKind::MarkPrice));
        streams.push_back(add(QStringLiteral("RARE"), StreamKind::Liquidations));
        Majors majors({QStringLiteral("BTC")});
        majors.choose(*m_table, streams);
        QCOMPARE(majors.count(), 10);
        for (const StreamId id : streams)
            lose(id);
        QCOMPARE(majors.stale(*m_table).size(), size_t(10));
        QCOMPARE(majors.stale(*m_table).front(), QStringLiteral("P0-USDT-PERP"));
        majors.choose(*m_table, {});
        QCOMPARE(majors.count(), 0);
    }

    void gapNotes()
    {
        const StreamId id = add(QStringLiteral("BTC"), StreamKind::Candles);
        const StreamId other = add(QStringLiteral("ETH"), StreamKind::Candles);
        GapNotes notes;
        const UtcTime now = m_clock.utcNow();
        notes.open(id, m_table->at(id), QStringLiteral("first"), now);
        notes.open(id, m_table->at(id), QStringLiteral("second"), now + 1s); // the same trouble
        notes.end(other, m_table->at(other));                                // has none
        auto opened = notes.takeOpened();
        QCOMPARE(opened.size(), size_t(1));
        QCOMPARE(opened[0].cause, QStringLiteral("first"));
        QCOMPARE(opened[0].from, now); // no data yet: since it was asked for
        notes.open(other, m_table->at(other), QStringLiteral("silent"), now + 30s);
        QCOMPARE(notes.takeOpened().at(0).from, now);
        notes.end(other, m_table->at(other));
        QCOMPARE(notes.takeEnded().size(), size_t(1));
        QCOMPARE(toMs(opened[0].to), qint64(0));
        QVERIFY(notes.takeOpened().empty());
        QVERIFY(notes.takeEnded().empty());
        notes.end(id, m_table->at(id));
        notes.end(id, m_table->at(id));
        QCOMPARE(notes.takeEnded().size(), size_t(1));
        m_table->data(id, {.event = now - 7s}, m_clock.now(), now);
        notes.open(id, m_table->at(id), QStringLiteral("third"), now);
        opened = notes.takeOpened();
        QCOMPARE(opened.at(0).from, now - 7s); // from the last data on
    }

    // Full jitter that grows to the cap: never none at all, never more than the ceiling, and spread.
    void backoff()
    {
        for (quint64 seed = 0; seed < 200; ++seed) {
            Backoff backoff(1s, 60s, seed);
            for (int attempt = 0; attempt < 100; ++attempt) {
                const milliseconds ceiling = std::min<milliseconds>(60s, 1s * (1 << std::min(attempt, 10)));
                const milliseconds wait = backoff.next();
                QVERIFY(wait <= ceiling && wait >= ceiling / 10);
                QCOMPARE(backoff.failures(), attempt + 1);
            }
            backoff.reset();
            QVERIFY(backoff.next() <= 1s);
        }
        std::set<qint64> first;
        for (quint64 seed = 0; seed < 200; ++seed)
            first.insert(Backoff(1s, 60s, seed).next().count());
        QVERIFY(first.size() > 100); // many connections that fall together do not return together
    }

private:
    StreamId add(const QString &base, StreamKind kind, Timeframe timeframe = Timeframe::M1)
    {
        return m_table->add(spec(base, kind, timeframe), m_clock.now(), m_clock.utcNow());
    }
    void lose(StreamId id) { m_table->lost(id, QStringLiteral("lost"), m_clock.utcNow()); }

    ManualClock m_clock;
    std::unique_ptr<StreamTable> m_table;
};

TK_TEST(PlanningTest, planning);
#include "tst_planning.moc"
