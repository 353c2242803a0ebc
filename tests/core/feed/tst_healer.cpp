// Which streams are asked for again, when and how.
#include "feed_samples.h"

#include "feed/healer.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <algorithm>

using namespace tk;
using namespace tk::feed;
using namespace tk::test;
using namespace std::chrono_literals;

class HealerTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_clock = std::make_unique<ManualClock>();
        m_table = std::make_unique<StreamTable>(StreamTable::Thresholds{}, exchange::CandleFacts{.trade_counts = true});
        m_healer = std::make_unique<Healer>(*m_table, 7);
        m_streams.clear();
        for (const char *base : {"BTC", "ETH", "SOL"})
            m_streams.push_back(add(QLatin1String(base)));
    }

    void whatIsWellIsLeftAlone()
    {
        QVERIFY(heal({.up = true, .streams = m_streams}).empty());
        m_table->at(m_streams[0]).state = StreamState::Quiet;
        m_table->at(m_streams[1]).state = StreamState::Ended;
        QVERIFY(heal({.up = true, .streams = m_streams}).empty());
    }

    // What is healthy is never cut for what is sick.
    void theSickOnesAloneAreMoved()
    {
        fall(m_streams[1], QStringLiteral("no data for 14s"));
        const auto cures = heal({.up = true, .streams = m_streams});
        QCOMPARE(cures.size(), size_t(1));
        QCOMPARE(cures[0].kind, Cure::Kind::Move);
        QCOMPARE(cures[0].streams, std::vector{m_streams[1]});
        QCOMPARE(cures[0].cause, QStringLiteral("no data for 14s"));
    }

    void aConnectionThatBringsNothingIsReplaced()
    {
        for (const StreamId id : m_streams)
            fall(id, QStringLiteral("silent"));
        const auto cures = heal({.up = true, .streams = m_streams});
        QCOMPARE(cures.size(), size_t(1));
        QCOMPARE(cures[0].kind, Cure::Kind::Replace);
        QCOMPARE(cures[0].cause, QStringLiteral("3 of 3 streams have no data: silent"));
        // Quiet and ended ones do not hold it.
        init();
        fall(m_streams[0], QStringLiteral("silent"));
        m_table->at(m_streams[1]).state = StreamState::Quiet;
        m_table->at(m_streams[2]).state = StreamState::Ended;
        QCOMPARE(heal({.up = true, .streams = m_streams})[0].kind, Cure::Kind::Replace);
    }

    void notWhileItIsDownOrRotates()
    {
        fall(m_streams[0], QStringLiteral("silent"));
        QVERIFY(heal({.up = false, .streams = m_streams}).empty());
        QVERIFY(heal({.up = true, .rotating = true, .streams = m_streams}).empty());
    }

    // A healed stream gets its time to bring data, longer each time, a minute at most beside that.
    void patienceGrows()
    {
        fall(m_streams[0], QStringLiteral("silent"));
        const milliseconds first = m_table->at(m_streams[0]).spec.contract.first_data;
        for (const milliseconds wait : {10s, 20s, 40s, 60s, 60s, 60s}) {
            QCOMPARE(heal({.up = true, .streams = m_streams}).size(), size_t(1));
            m_clock->advance(first + wait - 1ms);
            QVERIFY(heal({.up = true, .streams = m_streams}).empty());
            m_clock->advance(1ms);
        }
        QCOMPARE(m_table->at(m_streams[0]).heal_attempts, 6);
    }

    // One that was moved a moment ago is not moved again with the next; where all are sick, all go.
    void whoWasMovedIsGivenItsTime()
    {
        fall(m_streams[0], QStringLiteral("silent"));
        QCOMPARE(heal({.up = true, .streams = m_streams}).size(), size_t(1));
        m_clock->advance(1s);
        fall(m_streams[1], QStringLiteral("silent"));
        QCOMPARE(heal({.up = true, .streams = m_streams})[0].streams, std::vector{m_streams[1]});
        m_clock->advance(1s);
        fall(m_streams[2], QStringLiteral("silent"));
        QCOMPARE(heal({.up = true, .streams = m_streams})[0].kind, Cure::Kind::Replace);
    }

    // A name that the exchange does not take is asked for where it is, and seldom; it makes no connection sick.
    void refusedOnesAreAskedForSeldom()
    {
        StreamEntry &entry = m_table->at(m_streams[0]);
        fall(m_streams[0], QStringLiteral("refused"));
        entry.refused = true;
        m_healer->refused(m_streams[0], m_clock->now());
        QVERIFY(heal({.up = true, .streams = {m_streams[0]}}).empty());
        m_clock->advance(10min);
        const auto cures = heal({.up = true, .streams = {m_streams[0]}});
        QCOMPARE(cures.size(), size_t(1));
        QCOMPARE(cures[0].kind, Cure::Kind::AskAgain);
        QVERIFY(heal({.up = true, .streams = {m_streams[0]}}).empty());
    }

    // Due or not, everything sick is cured at once, and then not again for a while.
    void theQuorum()
    {
        Majors majors({QStringLiteral("BTC"), QStringLiteral("ETH"), QStringLiteral("SOL")});
        majors.choose(*m_table, m_streams);
        const auto check = [&](const Patient &patient) {
            return m_healer->checkQuorum(majors, 2, std::vector{patient}, m_clock->now());
        };
        const Patient all{.up = true, .streams = m_streams};
        fall(m_streams[0], QStringLiteral("silent"));
        QVERIFY(check(all).empty()); // one is no quorum
        QCOMPARE(heal(all).size(), size_t(1));
        fall(m_streams[1], QStringLiteral("silent"));
        const auto cures = check(all);
        QCOMPARE(cures.size(), size_t(1));
        QCOMPARE(cures[0].kind, Cure::Kind::Move);
        QCOMPARE(cures[0].streams, (std::vector{m_streams[0], m_streams[1]}));
        QCOMPARE(cures[0].cause, QStringLiteral("2 of 3 major pairs stale"));
        m_clock->advance(20s);
        QVERIFY(check(all).empty()); // twenty seconds, and the backoff
        m_clock->advance(20s);
        QVERIFY(check({.up = false, .streams = m_streams}).empty()); // it is being replaced already
    }

private:
    StreamId add(const QString &base)
    {
        const StreamId id = m_table->add(spec(base, StreamKind::MarkPrice), m_clock->now(), m_clock->utcNow());
        m_table->at(id).state = StreamState::Live;
        return id;
    }
    void fall(StreamId id, const QString &cause)
    {
        m_table->at(id).state = StreamState::Stale;
        m_table->at(id).cause = cause;
    }
    std::vector<Cure> heal(const Patient &patient) { return m_healer->heal(std::vector{patient}, m_clock->now()); }

    std::unique_ptr<ManualClock> m_clock;
    std::unique_ptr<StreamTable> m_table;
    std::unique_ptr<Healer> m_healer;
    std::vector<StreamId> m_streams;
};

TK_TEST(HealerTest, healer);
#include "tst_healer.moc"
