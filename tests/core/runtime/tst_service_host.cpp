#include "runtime/service_host.h"
#include "support/test_registry.h"

#include <QMutex>
#include <QRegularExpression>
#include <QSemaphore>
#include <QSignalSpy>

#include <stdexcept>

using namespace tk;
using namespace tk::runtime;
using namespace std::chrono_literals;

namespace {

// What happened, in order, from all threads.
class Diary
{
public:
    void note(const QString &event)
    {
        const QMutexLocker lock(&m_mutex);
        m_events.append(event);
    }
    QStringList events() const
    {
        const QMutexLocker lock(&m_mutex);
        return m_events;
    }

private:
    mutable QMutex m_mutex;
    QStringList m_events;
};

struct Plan
{
    bool startFails = false;
    bool startThrows = false;
    bool neverStops = false;
    bool stopsUnasked = false;
    bool failsLater = false;
    QSemaphore *gate = nullptr;  // start() waits for it
    QSemaphore *stuck = nullptr; // stop() blocks on it
};

class TestService final : public Service
{
public:
    TestService(const QString &name, Diary &diary, Plan plan)
        : m_name(name)
        , m_diary(diary)
        , m_plan(plan)
        , m_born(QThread::currentThread())
    {}
    ~TestService() override
    {
        m_diary.note(m_name +
                     (QThread::currentThread() == m_born ? QStringLiteral(" dies") : QStringLiteral(" dies astray")));
    }

    Status start() override
    {
        if (m_plan.gate)
            m_plan.gate->acquire();
        if (m_plan.startThrows)
            throw std::runtime_error("oops");
        if (m_plan.startFails)
            return Error{Error::Kind::Storage, QStringLiteral("no disk")};
        const bool home = QThread::currentThread() == thread() && QThread::currentThread() == m_born &&
                          QThread::currentThread()->objectName() == m_name;
        m_diary.note(m_name + (home ? QStringLiteral(" starts") : QStringLiteral(" starts astray")));
        if (m_plan.stopsUnasked)
            Q_EMIT stopped();
        if (m_plan.failsLater)
            QMetaObject::invokeMethod(
                this,
                [this] {
                    Q_EMIT failed(Error{Error::Kind::Network, QStringLiteral("gone")});
                },
                Qt::QueuedConnection);
        return ok();
    }
    void stop() override
    {
        m_diary.note(m_name +
                     (QThread::currentThread() == m_born ? QStringLiteral(" stops") : QStringLiteral(" stops astray")));
        if (m_plan.stuck)
            m_plan.stuck->acquire();
        if (!m_plan.neverStops)
            QMetaObject::invokeMethod(
                this, [this] { Q_EMIT stopped(); }, Qt::QueuedConnection);
    }

private:
    QString m_name;
    Diary &m_diary;
    Plan m_plan;
    QThread *m_born;
};

} // namespace

class ServiceHostTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void startsInOrderAndStopsAgainstIt()
    {
        Diary diary;
        ServiceHost host;
        for (const char *name : {"store", "feed", "history"})
            add(host, diary, name);
        QSignalSpy ready(&host, &ServiceHost::allReady);
        QSignalSpy stopped(&host, &ServiceHost::allStopped);
        host.start();
        QVERIFY(ready.wait());
        host.stop();
        host.stop(); // once is enough
        QVERIFY(stopped.wait());
        QCOMPARE(stopped.size(), 1);
        QVERIFY(stopped[0][0].toBool());
        QCOMPARE(diary.events(), texts({"store starts", "feed starts", "history starts", "history stops",
                                        "history dies", "feed stops", "feed dies", "store stops", "store dies"}));
    }

    // One comes and goes while the others run; ready and stopped are told once.
    void comeAndGoWhileOthersRun()
    {
        Diary diary;
        ServiceHost host;
        add(host, diary, "store");
        add(host, diary, "feed");
        QSignalSpy ready(&host, &ServiceHost::allReady);
        QSignalSpy stopped(&host, &ServiceHost::allStopped);
        host.start();
        QVERIFY(ready.wait());
        add(host, diary, "late");
        QTRY_VERIFY(diary.events().contains(QStringLiteral("late starts")));
        bool gone = false;
        host.remove(QStringLiteral("feed"), [&gone] { gone = true; });
        host.remove(QStringLiteral("nobody"), [] { QFAIL("it was not there"); });
        QTRY_VERIFY(gone);
        QCOMPARE(diary.events(), texts({"store starts", "feed starts", "late starts", "feed stops", "feed dies"}));
        QVERIFY(!host.isStopping());
        add(host, diary, "feed"); // and back again
        QTRY_COMPARE(diary.events().count(QStringLiteral("feed starts")), 2);
        host.stop();
        QVERIFY(stopped.wait());
        QCOMPARE(diary.events().mid(6),
                 texts({"feed stops", "feed dies", "late stops", "late dies", "store stops", "store dies"}));
        QCOMPARE(ready.size(), 1);
        QCOMPARE(stopped.size(), 1);
    }

    // Everything is asked to stop while one is on its way out: it is waited for, too.
    void stopWhileOneLeaves()
    {
        Diary diary;
        QSemaphore stuck;
        ServiceHost host;
        add(host, diary, "store");
        add(host, diary, "feed", {.stuck = &stuck});
        QSignalSpy ready(&host, &ServiceHost::allReady);
        QSignalSpy stopped(&host, &ServiceHost::allStopped);
        host.start();
        QVERIFY(ready.wait());
        host.remove(QStringLiteral("feed"), {});
        QTRY_VERIFY(diary.events().contains(QStringLiteral("feed stops")));
        host.stop();
        QTRY_VERIFY(diary.events().contains(QStringLiteral("store dies")));
        QCOMPARE(stopped.size(), 0);
        stuck.release();
        QVERIFY(stopped.wait());
        QCOMPARE(diary.events().last(), QStringLiteral("feed dies"));
    }

    void withoutServicesAndWithoutAStart()
    {
        Diary diary;
        ServiceHost empty;
        QSignalSpy stopped(&empty, &ServiceHost::allStopped);
        empty.stop();
        QVERIFY(stopped.wait());
        ServiceHost host;
        add(host, diary, "store");
        QSignalSpy idle(&host, &ServiceHost::allStopped);
        host.stop();
        QVERIFY(idle.wait());
        QVERIFY(diary.events().isEmpty());
    }

    void stopBeforeReady()
    {
        Diary diary;
        QSemaphore gate;
        ServiceHost host;
        add(host, diary, "store", {.gate = &gate});
        add(host, diary, "feed");
        QSignalSpy stopped(&host, &ServiceHost::allStopped);
        host.start();
        host.stop();
        gate.release();
        QVERIFY(stopped.wait());
        QVERIFY(stopped[0][0].toBool());
        QCOMPARE(diary.events(), texts({"store starts", "store stops", "store dies"})); // feed never began
    }

    void aDeadlineIsKept()
    {
        Diary diary;
        ServiceHost host;
        add(host, diary, "store");
        add(host, diary, "feed", {.neverStops = true}, 50ms);
        QSignalSpy ready(&host, &ServiceHost::allReady);
        QSignalSpy stopped(&host, &ServiceHost::allStopped);
        host.start();
        QVERIFY(ready.wait());
        QTest::ignoreMessage(QtWarningMsg, "feed did not stop in time: its loop is ended");
        host.stop();
        QVERIFY(stopped.wait());
        QVERIFY(!stopped[0][0].toBool());
        QVERIFY(!host.isHung());
        QCOMPARE(diary.events().mid(2), texts({"feed stops", "feed dies", "store stops", "store dies"}));
    }

    void aHungThreadDoesNotHoldTheOthers()
    {
        Diary diary;
        QSemaphore stuck;
        {
            ServiceHost host;
            add(host, diary, "store");
            add(host, diary, "feed", {.stuck = &stuck}, 50ms);
            QSignalSpy ready(&host, &ServiceHost::allReady);
            QSignalSpy stopped(&host, &ServiceHost::allStopped);
            host.start();
            QVERIFY(ready.wait());
            QTest::ignoreMessage(QtWarningMsg, "feed did not stop in time: its loop is ended");
            QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("feed is hung")));
            host.stop();
            QVERIFY(stopped.wait());
            QVERIFY(host.isHung());
            QVERIFY(diary.events().contains(QStringLiteral("store dies")));
            stuck.release(); // or the destructor would wait for ever
        }
        QVERIFY(diary.events().contains(QStringLiteral("feed dies")));
    }

    void aFailedStartStopsTheOthers_data()
    {
        QTest::addColumn<bool>("throws");
        QTest::newRow("error") << false;
        QTest::newRow("exception") << true;
    }
    void aFailedStartStopsTheOthers()
    {
        QFETCH(bool, throws);
        Diary diary;
        ServiceHost host;
        add(host, diary, "store");
        add(host, diary, "feed", {.startFails = true, .startThrows = throws});
        add(host, diary, "history");
        QSignalSpy failed(&host, &ServiceHost::failed);
        QSignalSpy ready(&host, &ServiceHost::allReady);
        QSignalSpy stopped(&host, &ServiceHost::allStopped);
        QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("feed failed: ")));
        host.start();
        QVERIFY(stopped.wait());
        QVERIFY(!stopped[0][0].toBool());
        QCOMPARE(failed.size(), 1);
        QCOMPARE(failed[0][0].toString(), QStringLiteral("feed"));
        QVERIFY(
            failed[0][1].value<Error>().message.contains(throws ? QStringLiteral("oops") : QStringLiteral("no disk")));
        QVERIFY(ready.isEmpty());
        QCOMPARE(diary.events(), texts({"store starts", "feed dies", "store stops", "store dies"}));
    }

    void stoppingUnaskedIsReported()
    {
        Diary diary;
        ServiceHost host;
        add(host, diary, "feed", {.stopsUnasked = true});
        QSignalSpy failed(&host, &ServiceHost::failed);
        QSignalSpy stopped(&host, &ServiceHost::allStopped);
        QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("feed stopped without being asked")));
        host.start();
        QVERIFY(stopped.wait());
        QCOMPARE(failed.size(), 1);
        QVERIFY(!stopped[0][0].toBool());
    }

    void oneThatWentBeforeIsNotWaitedFor()
    {
        Diary diary;
        ServiceHost host;
        add(host, diary, "store", {.stopsUnasked = true});
        add(host, diary, "feed", {.neverStops = true}, 50ms);
        QSignalSpy stopped(&host, &ServiceHost::allStopped);
        QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("store stopped without being asked")));
        host.start();
        QVERIFY(stopped.wait());
        QVERIFY(!host.isHung());
    }

    void aFailureWhileRunningStopsEverything()
    {
        Diary diary;
        ServiceHost host;
        add(host, diary, "store");
        add(host, diary, "feed", {.failsLater = true});
        QSignalSpy failed(&host, &ServiceHost::failed);
        QSignalSpy stopped(&host, &ServiceHost::allStopped);
        QTest::ignoreMessage(QtCriticalMsg, "feed failed: gone");
        host.start();
        QVERIFY(stopped.wait());
        QCOMPARE(failed.size(), 1);
        QVERIFY(!stopped[0][0].toBool());
        QCOMPARE(diary.events().mid(2), texts({"feed stops", "feed dies", "store stops", "store dies"}));
    }

    void destroyedWhileRunning()
    {
        Diary diary;
        {
            ServiceHost host;
            add(host, diary, "store");
            add(host, diary, "feed");
            QSignalSpy ready(&host, &ServiceHost::allReady);
            host.start();
            QVERIFY(ready.wait());
        }
        QCOMPARE(diary.events().mid(2), texts({"feed dies", "store dies"}));
    }

private:
    static void add(ServiceHost &host, Diary &diary, const char *name, Plan plan = {},
                    std::chrono::milliseconds grace = 10s)
    {
        const QString text = QString::fromLatin1(name);
        host.add(
            text, [text, &diary, plan] { return std::make_unique<TestService>(text, diary, plan); }, grace);
    }
    static QStringList texts(std::initializer_list<const char *> words)
    {
        QStringList list;
        for (const char *word : words)
            list.append(QString::fromLatin1(word));
        return list;
    }
};

TK_TEST(ServiceHostTest, service_host);
#include "tst_service_host.moc"
