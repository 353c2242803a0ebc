#include "runtime/signal_watcher.h"
#include "support/test_registry.h"

#include <QSignalSpy>

#include <chrono>
#include <csignal>

using namespace tk::runtime;

class SignalWatcherTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void tellsSignals()
    {
        SignalWatcher watcher(nullptr, std::chrono::milliseconds(0));
        QVERIFY(watcher.start());
        QSignalSpy terminate(&watcher, &SignalWatcher::terminate);
        QSignalSpy reload(&watcher, &SignalWatcher::reload);
        std::raise(SIGHUP);
        QVERIFY(reload.wait());
        std::raise(SIGTERM);
        QVERIFY(terminate.wait());
        QCOMPARE(terminate[0][0].toInt(), 1);
        std::raise(SIGINT);
        QVERIFY(terminate.wait());
        QCOMPARE(terminate[1][0].toInt(), 2);
        QCOMPARE(reload.size(), 1);
    }

    // `timeout` and several process managers send it to the process and to its group.
    void twiceWithinAMomentIsOneWish()
    {
        SignalWatcher watcher(nullptr, std::chrono::hours(1));
        QVERIFY(watcher.start());
        QSignalSpy terminate(&watcher, &SignalWatcher::terminate);
        QSignalSpy reload(&watcher, &SignalWatcher::reload);
        std::raise(SIGTERM);
        std::raise(SIGTERM);
        std::raise(SIGHUP); // behind both
        QTRY_COMPARE(reload.size(), 1);
        QCOMPARE(terminate.size(), 1);
        std::raise(SIGTERM);
        QVERIFY(terminate.wait());
        QCOMPARE(terminate[1][0].toInt(), 2);
    }

    void oneAtATimeAndHandlersComeBack()
    {
        struct sigaction before = {};
        ::sigaction(SIGTERM, nullptr, &before);
        {
            SignalWatcher first;
            QVERIFY(first.start());
            SignalWatcher second;
            QVERIFY(!second.start());
        }
        struct sigaction after = {};
        ::sigaction(SIGTERM, nullptr, &after);
        QCOMPARE(reinterpret_cast<quintptr>(after.sa_handler), reinterpret_cast<quintptr>(before.sa_handler));
        SignalWatcher again;
        QVERIFY(again.start());
    }
};

TK_TEST(SignalWatcherTest, signal_watcher);
#include "tst_signal_watcher.moc"
