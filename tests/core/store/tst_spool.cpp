#include "spool_rig.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::test;
using namespace std::chrono_literals;

// What the spool promises in ordinary days.
class SpoolTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void givesBackWhatItGot()
    {
        SpoolRig rig;
        rig.options.segment_size = 64 * 1024;
        QVERIFY(rig.open());
        store::PerLane<QByteArray> lines;
        for (const Lane lane : store::allLanes)
            lines[size_t(lane)] = spoolLine(lane, 1) + spoolLine(lane, 2);
        const auto seqs = rig.spool->append(lines, spoolStart);
        QVERIFY(seqs);
        for (const Lane lane : store::allLanes) {
            QCOMPARE((*seqs)[size_t(lane)], quint64(1));
            const auto entries = rig.readAll(lane);
            QCOMPARE(entries.size(), size_t(1));
            QCOMPARE(entries[0].lane, lane);
            QCOMPARE(entries[0].seq, quint64(1));
            QCOMPARE(entries[0].taken, spoolStart);
            QCOMPARE(entries[0].lines, lines[size_t(lane)]);
        }
        lines = {};
        lines[size_t(Lane::Marks)] = spoolLine(Lane::Marks, 3);
        const auto more = rig.spool->append(lines, spoolStart + 1s);
        QCOMPARE((*more)[size_t(Lane::Marks)], quint64(2));
        QCOMPARE((*more)[size_t(Lane::Ticks)], quint64(0));
        const auto nothing = rig.spool->append({}, spoolStart);
        QVERIFY(nothing);
        QCOMPARE((*nothing)[0], quint64(0));
    }

    void keepsOrderOverManySegmentsAndAReopening()
    {
        SpoolRig rig;
        rig.options.segment_size = 16 * 1024;
        QVERIFY(rig.open());
        rig.fill(Lane::Ticks, 1, 400, 500);
        QVERIFY(rig.segments(Lane::Ticks).size() > 10);
        QCOMPARE(rig.numbers(Lane::Ticks), countUp(1, 400));
        // Reading on, by whatever portion, from whatever place, and beside appending.
        QCOMPARE(numbersIn(rig.readAll(Lane::Ticks, 17, 1)), countUp(18, 400));
        QCOMPARE(numbersIn(rig.readAll(Lane::Ticks, 390, 1700)), countUp(391, 400));
        QCOMPARE(numbersIn(rig.spool->read(Lane::Ticks, 10, 1500).value()), countUp(11, 13));
        QVERIFY(rig.spool->read(Lane::Ticks, 400, 1000)->empty());
        rig.fill(Lane::Ticks, 401, 405);
        QCOMPARE(numbersIn(rig.spool->read(Lane::Ticks, 400, 10'000).value()), countUp(401, 405));

        for (int i = 0; i < 3; ++i) {
            QVERIFY(rig.open());
            QCOMPARE(rig.numbers(Lane::Ticks), countUp(1, 405 + i));
            QCOMPARE(rig.append(Lane::Ticks, spoolLine(Lane::Ticks, 406 + i)), quint64(406 + i));
        }
        QVERIFY(rig.damage.empty());
    }

    void splitsAtLineEnds()
    {
        SpoolRig rig;
        QVERIFY(rig.open());
        QByteArray lines;
        for (int i = 1; i <= 3000; ++i)
            lines += spoolLine(Lane::Candles, i, 301);
        QCOMPARE(rig.append(Lane::Candles, lines), quint64(4));
        const auto entries = rig.readAll(Lane::Candles);
        QCOMPARE(entries.size(), size_t(4));
        QByteArray together;
        for (const auto &entry : entries) {
            QVERIFY(entry.lines.size() <= 256 * 1024);
            QVERIFY(entry.lines.endsWith('\n'));
            together += entry.lines;
        }
        QCOMPARE(together, lines);

        const auto tooLong = rig.tryAppend(Lane::Candles, QByteArray(300'000, 'x') + '\n');
        QVERIFY(!tooLong);
        QVERIFY(!tooLong.error().retryable);
        QCOMPARE(rig.append(Lane::Candles, "no line feed"), quint64(5));
        QCOMPARE(rig.readAll(Lane::Candles, 4)[0].lines, QByteArray("no line feed\n"));
    }

    void countsWhatWaits()
    {
        SpoolRig rig;
        rig.options.segment_size = 16 * 1024;
        QVERIFY(rig.open());
        QCOMPARE(rig.spool->figures().oldestWaiting(), UtcTime{});
        for (int i = 1; i <= 100; ++i)
            rig.append(Lane::Marks, spoolLine(Lane::Marks, i, 1000), spoolStart + i * 1s);
        const auto check = [&rig](quint64 acknowledged) {
            const auto of = rig.figures(Lane::Marks);
            QCOMPARE(of.last_seq, quint64(100));
            QCOMPARE(of.acknowledged_seq, acknowledged);
            QCOMPARE(of.waiting_entries, qint64(100 - acknowledged));
            QCOMPARE(of.waiting_bytes, qint64(100 - acknowledged) * 1000);
            QCOMPARE(rig.spool->figures().waitingBytes(), of.waiting_bytes);
            const UtcTime oldest =
                acknowledged == 100 ? UtcTime{} : UtcTime(spoolStart + qint64(acknowledged + 1) * 1s);
            QCOMPARE(of.oldest_waiting, oldest);
            QCOMPARE(rig.spool->figures().oldestWaiting(), oldest);
        };
        check(0);
        for (const quint64 seq : {1, 2, 5, 16, 17, 40, 41, 99}) {
            rig.spool->acknowledge(Lane::Marks, seq);
            check(seq);
        }
        rig.spool->acknowledge(Lane::Marks, 50); // never back
        check(99);
        QVERIFY(rig.spool->maintain(spoolStart));
        QVERIFY(rig.open());
        check(99);
        rig.spool->acknowledge(Lane::Marks, 1000); // nor beyond the end
        check(100);
        QCOMPARE(rig.append(Lane::Marks, spoolLine(Lane::Marks, 101)), quint64(101));
        QCOMPARE(rig.figures(Lane::Marks).waiting_entries, qint64(1));
    }

    void countsOnWhenAllWasConfirmedInBetween()
    {
        SpoolRig rig;
        QVERIFY(rig.open());
        rig.fill(Lane::Ticks, 1, 10);
        rig.spool->acknowledge(Lane::Ticks, 5);
        rig.spool->acknowledge(Lane::Ticks, 10);
        rig.fill(Lane::Ticks, 11, 20);
        rig.spool->acknowledge(Lane::Ticks, 15);
        QCOMPARE(rig.figures(Lane::Ticks).waiting_entries, qint64(5));
        QCOMPARE(rig.figures(Lane::Ticks).waiting_bytes, qint64(500));
    }

    void keepsWhatIsConfirmedForAWhile()
    {
        SpoolRig rig;
        rig.options.segment_size = 16 * 1024;
        rig.options.keep_acknowledged = 60s;
        QVERIFY(rig.open());
        for (int i = 1; i <= 100; ++i)
            rig.append(Lane::Candles, spoolLine(Lane::Candles, i, 1000), spoolStart + i * 1s);
        const qsizetype all = rig.segments(Lane::Candles).size();
        QVERIFY(rig.spool->maintain(spoolStart + 1000s));
        QCOMPARE(rig.segments(Lane::Candles).size(), all); // old, and not confirmed
        rig.spool->acknowledge(Lane::Candles, 100);
        QVERIFY(rig.spool->maintain(spoolStart + 60s));
        QCOMPARE(rig.segments(Lane::Candles).size(), all); // confirmed, and not old
        QVERIFY(rig.spool->maintain(spoolStart + 111s));
        QVERIFY(rig.segments(Lane::Candles).size() < all);
        const auto kept = rig.numbers(Lane::Candles);
        QVERIFY(!kept.empty() && kept.front() > 10 && kept.front() <= 52);
        QCOMPARE(kept, countUp(kept.front(), 100));
        // The same with times that are only known from the files.
        QVERIFY(rig.open());
        QVERIFY(rig.spool->maintain(spoolStart + 111s));
        QCOMPARE(rig.numbers(Lane::Candles), kept);
        QVERIFY(rig.spool->maintain(spoolStart + 1000s));
        QCOMPARE(rig.segments(Lane::Candles).size(), 1); // the one that is appended to
        QCOMPARE(rig.append(Lane::Candles, spoolLine(Lane::Candles, 101)), quint64(101));
    }

    void findsByTime()
    {
        SpoolRig rig;
        rig.options.segment_size = 16 * 1024;
        QVERIFY(rig.open());
        QCOMPARE(rig.spool->before(Lane::Ticks, spoolStart), quint64(0));
        for (int i = 1; i <= 100; ++i)
            rig.append(Lane::Ticks, spoolLine(Lane::Ticks, i, 1000), spoolStart + i * 10s);
        const auto check = [&rig] {
            for (int i = 1; i <= 100; ++i) {
                QCOMPARE(rig.spool->before(Lane::Ticks, spoolStart + i * 10s), quint64(i - 1));
                QCOMPARE(rig.spool->before(Lane::Ticks, spoolStart + i * 10s - 1ms), quint64(i - 1));
                QCOMPARE(rig.spool->before(Lane::Ticks, spoolStart + i * 10s + 1ms), quint64(i));
            }
            QCOMPARE(rig.spool->before(Lane::Ticks, UtcTime{}), quint64(0));
        };
        check();
        rig.spool->acknowledge(Lane::Ticks, 90);
        QVERIFY(rig.spool->maintain(spoolStart));
        QVERIFY(rig.open()); // most times only from the files now
        check();
    }

    void neverUsesANumberTwice()
    {
        SpoolRig rig;
        rig.options.keep_acknowledged = 0s;
        rig.options.segment_size = 16 * 1024;
        QVERIFY(rig.open());
        rig.fill(Lane::Ticks, 1, 7);
        rig.spool->acknowledge(Lane::Ticks, 7);
        QVERIFY(rig.spool->closeCleanly(spoolStart + 48h));
        QCOMPARE(rig.segments(Lane::Ticks), QStringList());
        QVERIFY(rig.open());
        QCOMPARE(rig.figures(Lane::Ticks).last_seq, quint64(7));
        QCOMPARE(rig.figures(Lane::Ticks).acknowledged_seq, quint64(7));
        QCOMPARE(rig.append(Lane::Ticks, spoolLine(Lane::Ticks, 8)), quint64(8));
        QCOMPARE(rig.numbers(Lane::Ticks), countUp(8, 8));
        QCOMPARE(rig.numbers(Lane::Ticks, 7), countUp(8, 8));
        QCOMPARE(rig.figures(Lane::Ticks).waiting_entries, qint64(1));
    }

    void knowsHowItWasClosed()
    {
        SpoolRig rig;
        QVERIFY(rig.open());
        QVERIFY(rig.spool->wasClosedCleanly()); // nothing was ever open
        rig.fill(Lane::Ticks, 1, 3);
        QVERIFY(rig.open());
        QVERIFY(!rig.spool->wasClosedCleanly());
        QVERIFY(rig.spool->closeCleanly(spoolStart));
        QVERIFY(rig.spool->maintain(spoolStart));
        for (const QString &file : rig.segments(Lane::Ticks))
            QVERIFY(QFileInfo(file).size() < 4096); // nothing reserved is left
        QVERIFY(rig.open());
        QVERIFY(rig.spool->wasClosedCleanly());
        QVERIFY(rig.open()); // this run did not end in order
        QVERIFY(!rig.spool->wasClosedCleanly());
        QVERIFY(rig.spool->closeCleanly(spoolStart));
        rig.fill(Lane::Ticks, 4, 4); // after all
        QVERIFY(rig.open());
        QVERIFY(!rig.spool->wasClosedCleanly());
        QCOMPARE(rig.numbers(Lane::Ticks), countUp(1, 4));
    }

    void belongsToItsOwner()
    {
        SpoolRig rig;
        QVERIFY(rig.open());
        rig.fill(Lane::Candles, 1, 1);
        const auto others = QFileDevice::ReadGroup | QFileDevice::WriteGroup | QFileDevice::ReadOther |
                            QFileDevice::WriteOther | QFileDevice::ExeGroup | QFileDevice::ExeOther;
        for (const QString &name : {rig.options.folder, rig.positionFile(), rig.segments(Lane::Candles).first()})
            QVERIFY(!(QFile::permissions(name) & others));
    }

    void saysWhyAFolderCannotBeUsed()
    {
        SpoolRig rig;
        QVERIFY(setContent(rig.options.folder, "a file in its place"));
        const auto opened = store::openSpool(rig.options);
        QVERIFY(!opened);
        QCOMPARE(opened.error().kind, Error::Kind::Storage);
        QVERIFY(opened.error().message.contains(rig.options.folder));
    }
};

TK_TEST(SpoolTest, spool);
#include "tst_spool.moc"
