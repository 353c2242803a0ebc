// The first fill and its word in the log.
#include "history/first_fill.h"

#include "support/test_registry.h"

using namespace tk;
using namespace tk::history;
using namespace std::chrono_literals;

class FirstFillTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void runsUntilTheLastOfItIsStored()
    {
        FirstFill fill;
        fill.planLater(now);
        QVERIFY(fill.progress().planned && !fill.progress().active);
        fill.plan(now + 5s);
        QVERIFY(!fill.progress().planned);
        QVERIFY(fill.progress().started == now); // people have waited since then
        fill.wants(100);
        fill.wants(50);
        QVERIFY(fill.begin(2));
        QCOMPARE(fill.progress().wanted, 150);
        QCOMPARE(fill.progress().series, 2);
        QVERIFY(!fill.tell(now + 6s, 1, true, {}));
        fill.fetched(120);
        fill.lacks(30);                              // the exchange does not have them: nobody waits for them
        QVERIFY(!fill.tell(now + 7s, 0, false, {})); // the last of it is not stored
        QVERIFY(fill.progress().active);
        QVERIFY(fill.tell(now + 8s, 0, true, {}));
        QVERIFY(fill.progress().done && !fill.progress().active);
        QCOMPARE(fill.progress().fetched, fill.progress().wanted);
        QVERIFY(!fill.tell(now + 9s, 0, true, {})); // said once
        QVERIFY(!fill.begin(2));                    // a series more is no first fill
        fill.beginAnew();
        fill.plan(now + 60s);
        fill.wants(10);
        QVERIFY(fill.begin(1)); // of a store that began anew there is another
        QVERIFY(fill.progress().started == now + 60s);
    }

    void nothingToFetchIsNoFill()
    {
        FirstFill fill;
        fill.plan(now);
        QVERIFY(!fill.begin(0));
        QVERIFY(!fill.tell(now, 0, true, {}));
        QVERIFY(!fill.progress().done);
    }

private:
    const MonotonicTime now{1h};
};

TK_TEST(FirstFillTest, first_fill);

#include "tst_first_fill.moc"
