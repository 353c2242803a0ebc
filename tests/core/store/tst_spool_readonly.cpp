// A disk that becomes read-only and is mended: nothing that was refused is promised, and a reader goes on at what came
// after it.
#include "readonly_disk.h"
#include "spool_rig.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::test;

class SpoolReadOnlyTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (!ReadOnlyDisk::isPossible())
            QSKIP("a sanitizer stands between the program and the system here");
    }

    void readersGoOnWhenItIsMended()
    {
        SpoolRig rig;
        QVERIFY(rig.open());
        ReadOnlyDisk disk(rig.options.folder);
        rig.fill(Lane::Marks, 1, 3);
        QCOMPARE(rig.numbers(Lane::Marks), countUp(1, 3)); // a reader stands at the end of the first segment
        disk.set(true);
        for (int i = 0; i < 5; ++i) { // the writer begins another segment each time, and has no file for it
            const auto refused = rig.tryAppend(Lane::Marks, spoolLine(Lane::Marks, 4));
            QVERIFY(!refused);
            QVERIFY2(refused.error().message.contains(QLatin1String("Read-only file system")),
                     qPrintable(refused.error().message));
            QVERIFY2(refused.error().message.contains(QLatin1String("mount its disk writable")),
                     qPrintable(refused.error().message));
        }
        QCOMPARE(rig.figures(Lane::Marks).waiting_entries, 3);
        disk.set(false);
        rig.fill(Lane::Marks, 4, 6);
        QCOMPARE(rig.numbers(Lane::Marks, 3).size(), size_t(3));
        QCOMPARE(rig.numbers(Lane::Marks), countUp(1, 6));
        rig.spool->acknowledge(Lane::Marks, rig.readAll(Lane::Marks).back().seq);
        QCOMPARE(rig.figures(Lane::Marks).waiting_entries, 0);
        QVERIFY(rig.open()); // and from the disk
        QCOMPARE(rig.numbers(Lane::Marks), countUp(1, 6));
    }
};

TK_TEST(SpoolReadOnlyTest, spool_readonly);
#include "tst_spool_readonly.moc"
