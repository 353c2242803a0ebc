#include "support/manual_clock.h"
#include "support/test_registry.h"
#include "telemetry/health.h"

using namespace tk;
using namespace tk::telemetry;
using namespace std::chrono_literals;

class HealthTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void readyOnceEveryRequiredPartWorks()
    {
        const test::ManualClock clock;
        HealthBoard board(clock, {QStringLiteral("streams"), QStringLiteral("store")});
        QVERIFY(board.liveness().good);
        QVERIFY(!board.readiness().good);
        board.set(QStringLiteral("streams"), PartState::Ok);
        QVERIFY(!board.readiness().good);
        board.set(QStringLiteral("store"), PartState::Degraded, QStringLiteral("spooling"));
        QVERIFY(board.readiness().good);
        board.set(QStringLiteral("history"), PartState::Failed); // nice to have
        QVERIFY(board.readiness().good);
        board.set(QStringLiteral("store"), PartState::Failed);
        QVERIFY(!board.readiness().good);
        QVERIFY(board.liveness().good);
    }

    void sinceIsTheLastChange()
    {
        test::ManualClock clock;
        HealthBoard board(clock, {QStringLiteral("store")});
        clock.advance(10s);
        board.set(QStringLiteral("store"), PartState::Ok);
        clock.advance(10s);
        board.set(QStringLiteral("store"), PartState::Ok, QStringLiteral("still"));
        const QJsonObject part =
            board.readiness().body[QLatin1String("parts")].toObject()[QLatin1String("store")].toObject();
        QCOMPARE(part[QLatin1String("since")].toString(), QStringLiteral("2026-11-20T10:00:10.000Z"));
        QCOMPARE(part[QLatin1String("state")].toString(), QStringLiteral("ok"));
        QCOMPARE(part[QLatin1String("detail")].toString(), QStringLiteral("still"));
    }

    // A sentence for each reason why it is not ready, and none where it is: status says what /readyz says.
    void complaintsAreWhyItIsNotReady()
    {
        test::ManualClock clock;
        HealthBoard board(clock, {QStringLiteral("store")});
        HealthBoard::Heartbeat feed = board.heartbeat(QStringLiteral("feed"), 5s);
        QCOMPARE(board.complaints(), QStringList{QStringLiteral("store: not ready yet")});
        board.set(QStringLiteral("history"), PartState::Failed, QStringLiteral("nice to have"));
        board.set(QStringLiteral("store"), PartState::Degraded, QStringLiteral("spooling"));
        QVERIFY(board.readiness().good);
        QCOMPARE(board.complaints(), QStringList());
        board.set(QStringLiteral("store"), PartState::Failed, QStringLiteral("the disk is full"));
        clock.advance(6s);
        QCOMPARE(board.complaints(), (QStringList{QStringLiteral("feed does not answer since 10:00:00"),
                                                  QStringLiteral("store: the disk is full")}));
        feed = {}; // a loop that ended is not watched any more
        QCOMPARE(board.complaints(), QStringList{QStringLiteral("store: the disk is full")});
    }

    void aSilentLoopIsNotAlive()
    {
        test::ManualClock clock;
        HealthBoard board(clock, {});
        HealthBoard::Heartbeat feed = board.heartbeat(QStringLiteral("feed"), 5s);
        HealthBoard::Heartbeat store = board.heartbeat(QStringLiteral("store"), 60s);
        clock.advance(5s);
        QVERIFY(board.isAlive());
        clock.advance(1s);
        const HealthReport report = board.liveness();
        QVERIFY(!report.good);
        QVERIFY(!board.readiness().good);
        const QJsonObject loops = report.body[QLatin1String("loops")].toObject();
        QCOMPARE(loops[QLatin1String("feed")].toObject()[QLatin1String("state")].toString(), QStringLiteral("silent"));
        QCOMPARE(loops[QLatin1String("feed")].toObject()[QLatin1String("silent_seconds")].toDouble(), 6.0);
        QCOMPARE(loops[QLatin1String("store")].toObject()[QLatin1String("state")].toString(), QStringLiteral("ok"));
        feed.beat();
        QVERIFY(board.isAlive());
        clock.jumpUtc(24h); // somebody set the clock: no reason to be dead
        QVERIFY(board.isAlive());
        clock.advance(6s);
        feed = HealthBoard::Heartbeat(); // the loop ended as it should
        QVERIFY(board.isAlive());
    }
};

TK_TEST(HealthTest, health);
#include "tst_health.moc"
