// Full is refused and counted; between threads nothing is lost, doubled or reordered, and no wake-up is missed.
#include "base/bounded_queue.h"
#include "support/test_registry.h"

#include <QSemaphore>

#include <memory>
#include <thread>

using namespace tk;

class BoundedQueueTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void bounds()
    {
        BoundedQueue<std::unique_ptr<int>> queue(3);
        int wakeUps = 0;
        queue.setWakeUp([&wakeUps] { ++wakeUps; });
        for (int i = 0; i < 3; ++i)
            QVERIFY(queue.push(std::make_unique<int>(i)));
        QCOMPARE(wakeUps, 1); // one per drain
        auto fourth = std::make_unique<int>(4);
        QVERIFY(!queue.push(std::move(fourth)));
        QVERIFY(fourth); // still the caller's
        QCOMPARE(queue.counts().refused, quint64(1));
        QCOMPARE(queue.counts().highWater, size_t(3));
        const auto items = queue.takeAll();
        QCOMPARE(items.size(), size_t(3));
        QCOMPARE(*items[2], 2);
        QCOMPARE(queue.counts().waiting, size_t(0));
        QVERIFY(queue.push(std::move(fourth)));
        QCOMPARE(wakeUps, 2);
        QCOMPARE(queue.counts().accepted, quint64(4));
    }

    void weighsWhatWaits()
    {
        BoundedQueue<int> queue(3);
        QVERIFY(queue.push(1, 1'000));
        QVERIFY(queue.push(2, 500));
        QVERIFY(queue.push(3));
        QVERIFY(!queue.push(4, 70)); // refused: it is not here
        QCOMPARE(queue.counts().weight, size_t(1'501));
        (void)queue.takeAll();
        QCOMPARE(queue.counts().weight, size_t(0));
    }

    // Who floods it takes no room from another.
    void boundsEachSource()
    {
        BoundedQueue<int> queue(2);
        QVERIFY(queue.push(1, 10, 0));
        QVERIFY(queue.push(2, 10, 0));
        QVERIFY(!queue.push(3, 10, 0));
        QVERIFY(queue.push(4, 7, 1));
        QCOMPARE(queue.weightOf(0), size_t(20));
        QCOMPARE(queue.weightOf(1), size_t(7));
        QCOMPARE(queue.weightOf(2), size_t(0)); // one that has not pushed yet
        QCOMPARE(queue.counts().waiting, size_t(3));
        QCOMPARE(queue.takeAll(), (std::vector{1, 2, 4}));
        QCOMPARE(queue.weightOf(0), size_t(0));
        QVERIFY(queue.push(3, 10, 0));
    }

    void acrossThreads()
    {
        constexpr int producers = 3;
        constexpr int each = 20'000;
        BoundedQueue<std::pair<int, int>> queue(64);
        QSemaphore wake;
        queue.setWakeUp([&wake] { wake.release(); });
        std::vector<std::thread> threads;
        for (int p = 0; p < producers; ++p) {
            threads.emplace_back([&queue, p] {
                for (int i = 0; i < each; ++i) {
                    while (!queue.push({p, i}))
                        std::this_thread::yield();
                }
            });
        }
        std::array<int, producers> next{};
        int seen = 0;
        bool inOrder = true;
        while (seen < producers * each) {
            if (!wake.tryAcquire(1, 10'000))
                break; // a lost wake-up
            for (const auto &[producer, number] : queue.takeAll()) {
                inOrder &= next[size_t(producer)]++ == number;
                ++seen;
            }
        }
        for (std::thread &thread : threads)
            thread.join();
        QCOMPARE(seen, producers * each);
        QVERIFY(inOrder);
        QCOMPARE(queue.counts().accepted, quint64(producers * each));
        QVERIFY(queue.counts().highWater <= 64);
    }
};

TK_TEST(BoundedQueueTest, bounded_queue);
#include "tst_bounded_queue.moc"
