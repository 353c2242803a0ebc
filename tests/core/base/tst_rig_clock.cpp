// The clock of the rigs, which everything timed in the tests relies on.
#include "support/rig_clock.h"
#include "support/test_registry.h"

#include <QTest>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace tk::test {

using namespace std::chrono_literals;

class TestRigClock : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    // It runs as fast as it says, and never back.
    void runs()
    {
        const RigClock clock(20);
        const UtcTime utc = clock.utcNow();
        const MonotonicTime begin = clock.now();
        QVERIFY(abs(utc - SystemClock().utcNow()) < 10s);
        QVERIFY(QTest::qWaitFor([&] { return clock.now() - begin >= 10s; }, 20'000));
        const milliseconds lead = (clock.utcNow() - utc) - std::chrono::floor<milliseconds>(clock.now() - begin);
        QVERIFY2(abs(lead) < 5s, qPrintable(QString::number(lead.count())));
        QCOMPARE(clock.timerDelay(20s), milliseconds(1s));
    }

    // A process that is halted finds its clock where it was.
    void standsStillWithTheProcess()
    {
        const RigClock clock(20);
        const pid_t tested = getpid();
        const MonotonicTime begin = clock.now();
        const pid_t waker = fork();
        QVERIFY(waker >= 0);
        if (waker == 0) {
            usleep(1'500'000);
            kill(tested, SIGCONT);
            _exit(0);
        }
        raise(SIGSTOP);
        const auto passed = clock.now() - begin;
        QCOMPARE(waitpid(waker, nullptr, 0), waker);
        QVERIFY2(clock.stood() > 1s, qPrintable(QString::number(clock.stood().count())));
        QVERIFY(passed < 10s); // of the thirty
    }
};

} // namespace tk::test

using tk::test::TestRigClock;
TK_TEST(TestRigClock, rig_clock);
#include "tst_rig_clock.moc"
