#include "spool_rig.h"
#include "store/spool/record_format.h"
#include "support/test_registry.h"

#include <cerrno>
#include <random>

using namespace tk;
using namespace tk::test;
using namespace tk::store;

namespace {

// Bytes of which the disk refuses some.
class BadDisk final : public record::ByteSource
{
public:
    qint64 read(char *to, qint64 size, qint64 offset) override
    {
        size = std::min(size, bytes.size() - offset);
        if (offset < badEnd && offset + size > badBegin)
            return -EIO;
        memcpy(to, bytes.constData() + offset, size_t(size));
        return size;
    }

    QByteArray bytes;
    qint64 badBegin = 0;
    qint64 badEnd = 0;
};

std::vector<quint64> scan(BadDisk &disk, std::vector<record::Damage> &damage)
{
    record::Scanner scanner(&disk, {0, disk.bytes.size()});
    std::vector<quint64> seqs;
    while (const auto found = scanner.next())
        seqs.push_back(found->header.seq);
    damage = scanner.takeDamage();
    return seqs;
}

} // namespace

// Whatever happened to the bytes, everything else is delivered, and the harm is named.
class SpoolDamageTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cutsATornTailAtEveryByte()
    {
        SpoolRig rig;
        QVERIFY(rig.open());
        rig.fill(Lane::Ticks, 1, 3, 80);
        QVERIFY(rig.spool->closeCleanly(spoolStart));
        const QString file = rig.segments(Lane::Ticks).value(0);
        const QByteArray whole = contentOf(file);
        const qsizetype record = qsizetype(record::sizeOf(80));
        QCOMPARE(whole.size(), 3 * record);
        for (const qsizetype reserved : {0, 10'000}) {
            for (qsizetype size = 2 * record; size <= 3 * record; ++size) {
                rig.damage.clear();
                rig.spool.reset();
                QVERIFY(setContent(file, whole.first(size) + QByteArray(reserved, '\0')));
                QVERIFY(rig.open());
                const int last = size == 3 * record ? 3 : 2;
                const bool torn = last == 2 && size > 2 * record;
                QCOMPARE(rig.damage.size(), size_t(torn));
                if (torn) {
                    QCOMPARE(rig.damage[0].what, QStringLiteral("torn tail"));
                    QCOMPARE(rig.damage[0].file, file);
                    QCOMPARE(rig.damage[0].offset, qint64(2 * record));
                    QVERIFY(rig.damage[0].bytes <= size - 2 * record); // less where the tail's own bytes are zeros
                    QVERIFY(rig.damage[0].bytes > 0);
                    QCOMPARE(rig.spool->figures().damaged_bytes, quint64(rig.damage[0].bytes));
                }
                QCOMPARE(QFileInfo(file).size(), qint64(last * record));
                QCOMPARE(rig.append(Lane::Ticks, spoolLine(Lane::Ticks, 9)), quint64(4)); // 3 was given away
                std::vector<int> expected = countUp(1, last);
                expected.push_back(9);
                QCOMPARE(rig.numbers(Lane::Ticks), expected);
            }
        }
    }

    void passesOverAFlippedBitAnywhere()
    {
        BadDisk disk;
        std::vector<qint64> ends;
        for (quint64 seq = 1; seq <= 5; ++seq) {
            record::encode(disk.bytes, seq, spoolStart, spoolLine(Lane::Ticks, int(seq), 60).toStdString());
            ends.push_back(disk.bytes.size());
        }
        const QByteArray sound = disk.bytes;
        for (qsizetype at = 0; at < sound.size(); ++at) {
            for (int bit = 0; bit < 8; ++bit) {
                disk.bytes = sound;
                disk.bytes[at] = char(disk.bytes[at] ^ (1 << bit));
                std::vector<record::Damage> damage;
                const auto seqs = scan(disk, damage);
                const quint64 hit = quint64(std::ranges::upper_bound(ends, at) - ends.begin()) + 1;
                std::vector<quint64> expected{1, 2, 3, 4, 5};
                std::erase(expected, hit);
                QCOMPARE(seqs, expected);
                QCOMPARE(damage.size(), size_t(1));
                QCOMPARE(damage[0].offset, ends[hit - 1] - record::sizeOf(60));
                QCOMPARE(damage[0].bytes, record::sizeOf(60));
                QCOMPARE(damage[0].at_end, hit == 5);
            }
        }
    }

    void passesOverWhatTheDiskRefuses()
    {
        BadDisk disk;
        for (quint64 seq = 1; seq <= 1000; ++seq)
            record::encode(disk.bytes, seq, spoolStart, spoolLine(Lane::Ticks, int(seq), 1000).toStdString());
        disk.badBegin = 100'000;
        disk.badEnd = 100'100; // within one sector, 98304 to 102400
        std::vector<record::Damage> damage;
        const auto seqs = scan(disk, damage);
        QCOMPARE(seqs.size(), size_t(995));
        QCOMPARE(damage.size(), size_t(1));
        QCOMPARE(damage[0].what, qt_error_string(EIO));
        QCOMPARE(damage[0].bytes, 5 * record::sizeOf(1000));
    }

    void doesNotTrustANumberOutOfOrder()
    {
        BadDisk disk;
        for (const quint64 seq : {3, 4, 2, 4, 7, 5, 8})
            record::encode(disk.bytes, seq, spoolStart, "line\n");
        std::vector<record::Damage> damage;
        QCOMPARE(scan(disk, damage), (std::vector<quint64>{3, 4, 7, 8}));
        QCOMPARE(damage.size(), size_t(2));
        record::Scanner bounded(&disk, {0, disk.bytes.size(), 3, 8});
        QCOMPARE(bounded.next()->header.seq, quint64(4));
        QCOMPARE(bounded.next()->header.seq, quint64(7));
        QVERIFY(!bounded.next());
    }

    void passesOverAZeroedSectorOrGarbage_data()
    {
        QTest::addColumn<int>("kind");
        QTest::addRow("zeros") << 0;
        QTest::addRow("garbage") << 1;
        QTest::addRow("bits") << 2;
    }
    void passesOverAZeroedSectorOrGarbage()
    {
        QFETCH(int, kind);
        SpoolRig rig;
        rig.options.segment_size = 128 * 1024;
        QVERIFY(rig.open());
        rig.fill(Lane::Marks, 1, 400, 600);
        QVERIFY(rig.spool->closeCleanly(spoolStart));
        const QStringList files = rig.segments(Lane::Marks);
        QVERIFY(files.size() > 1);
        std::mt19937 random(4711);
        for (const QString &file : {files.first(), files.last()}) {
            QByteArray bytes = contentOf(file);
            QVERIFY(bytes.size() > 20'000);
            if (kind == 2) {
                bytes[9'000] = char(bytes[9'000] ^ 1);
                bytes[12'000] = char(bytes[12'000] ^ 128);
            } else {
                for (qsizetype i = 8192; i < 12'288; ++i)
                    bytes[i] = kind == 0 ? '\0' : char(random());
            }
            QVERIFY(setContent(file, bytes));
        }
        QVERIFY(rig.open());
        const size_t lostEach = kind == 2 ? 2 : 8;
        QCOMPARE(rig.damage.size(), size_t(kind == 2 ? 4 : 2));
        const auto numbers = rig.numbers(Lane::Marks);
        QCOMPARE(numbers.size(), 400 - 2 * lostEach);
        QVERIFY(std::ranges::is_sorted(numbers));
        QCOMPARE(numbers.back(), 400);
        QCOMPARE(rig.figures(Lane::Marks).waiting_entries, qint64(numbers.size()));
        QCOMPARE(rig.damage.size(), size_t(kind == 2 ? 4 : 2)); // reading tells nothing twice
        QVERIFY(rig.spool->figures().damaged_bytes >= 2 * lostEach * 632);
        QCOMPARE(rig.append(Lane::Marks, spoolLine(Lane::Marks, 401)), quint64(401));
        rig.spool->acknowledge(Lane::Marks, 400);
        QCOMPARE(rig.figures(Lane::Marks).waiting_entries, qint64(1));
    }

    void findsDamageThatCameWhileItWasOpen()
    {
        SpoolRig rig;
        QVERIFY(rig.open());
        rig.fill(Lane::Ticks, 1, 20, 100);
        const QString file = rig.segments(Lane::Ticks).value(0);
        QFile hole(file);
        QVERIFY(hole.open(QIODevice::ReadWrite));
        QVERIFY(hole.seek(10 * 132 + 50));
        QCOMPARE(hole.write("?"), qint64(1));
        hole.close();
        QCOMPARE(rig.numbers(Lane::Ticks).size(), size_t(19));
        QCOMPARE(rig.damage.size(), size_t(1));
        QCOMPARE(rig.damage[0].what, QStringLiteral("checksum"));
        QCOMPARE(rig.spool->figures().damaged_bytes, quint64(132));
        rig.spool->acknowledge(Lane::Ticks, 20);
        QCOMPARE(rig.figures(Lane::Ticks).waiting_entries, qint64(0));
        QVERIFY(QFile::remove(file)); // by a stranger
        QVERIFY(rig.spool->read(Lane::Ticks, 0, 1000)->empty());
        QCOMPARE(rig.append(Lane::Ticks, spoolLine(Lane::Ticks, 21)), quint64(21));
    }

    void deliversAgainWithoutItsPositions_data()
    {
        QTest::addColumn<QByteArray>("content");
        QTest::addRow("removed") << QByteArray("remove");
        QTest::addRow("empty") << QByteArray();
        QTest::addRow("garbage") << QByteArray("tapekeeper-spool-1 9 candles 9 9\n").repeated(300);
        QTest::addRow("zeros") << QByteArray(8192, '\0');
    }
    void deliversAgainWithoutItsPositions()
    {
        QFETCH(QByteArray, content);
        SpoolRig rig;
        QVERIFY(rig.open());
        rig.fill(Lane::Candles, 1, 20);
        rig.spool->acknowledge(Lane::Candles, 15);
        QVERIFY(rig.spool->closeCleanly(spoolStart));
        if (content == "remove")
            QVERIFY(QFile::remove(rig.positionFile()));
        else
            QVERIFY(setContent(rig.positionFile(), content));
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("positions in .* cannot be read")));
        QVERIFY(rig.open());
        QVERIFY(!rig.spool->wasClosedCleanly());
        QCOMPARE(rig.figures(Lane::Candles).acknowledged_seq, quint64(0));
        QCOMPARE(rig.figures(Lane::Candles).waiting_entries, qint64(20));
        QCOMPARE(rig.numbers(Lane::Candles), countUp(1, 20));
        QCOMPARE(rig.append(Lane::Candles, spoolLine(Lane::Candles, 21)), quint64(21));
        QVERIFY(rig.open()); // and from now on they are known again
        QCOMPARE(rig.figures(Lane::Candles).last_seq, quint64(21));
    }

    void livesWithOneTornPosition()
    {
        SpoolRig rig;
        QVERIFY(rig.open());
        rig.fill(Lane::Candles, 1, 20);
        rig.spool->acknowledge(Lane::Candles, 10);
        QVERIFY(rig.spool->maintain(spoolStart));
        rig.spool->acknowledge(Lane::Candles, 15);
        QVERIFY(rig.spool->maintain(spoolStart));
        rig.spool.reset();
        const QByteArray sound = contentOf(rig.positionFile());
        for (const qsizetype at : {5, 4096 + 5}) {
            QByteArray torn = sound;
            torn[at] = '?';
            QVERIFY(setContent(rig.positionFile(), torn));
            QVERIFY(rig.open());
            const quint64 acknowledged = rig.figures(Lane::Candles).acknowledged_seq;
            QVERIFY(acknowledged == 10 || acknowledged == 15);
            QCOMPARE(rig.figures(Lane::Candles).waiting_entries, qint64(20 - acknowledged));
        }
    }

    void letsStrangersFilesLie()
    {
        SpoolRig rig;
        QVERIFY(rig.open());
        rig.fill(Lane::Ticks, 1, 5);
        const QString stranger = rig.laneFolder(Lane::Ticks) + QStringLiteral("/notes.txt");
        QVERIFY(setContent(stranger, "mine"));
        QVERIFY(rig.open());
        QCOMPARE(rig.numbers(Lane::Ticks), countUp(1, 5));
        QCOMPARE(contentOf(stranger), QByteArray("mine"));
    }

    void startsBehindAFileThatIsAllGarbage()
    {
        SpoolRig rig;
        QVERIFY(rig.open());
        rig.fill(Lane::Ticks, 1, 5);
        const QString file = rig.segments(Lane::Ticks).value(0);
        rig.spool.reset();
        QVERIFY(setContent(file, QByteArray("garbage ").repeated(1000)));
        QVERIFY(QFile::remove(rig.positionFile()));
        QVERIFY(rig.open());
        QCOMPARE(rig.damage.size(), size_t(1));
        QVERIFY(rig.readAll(Lane::Ticks).empty());
        QCOMPARE(rig.append(Lane::Ticks, spoolLine(Lane::Ticks, 1)), quint64(1));
        QCOMPARE(rig.numbers(Lane::Ticks), countUp(1, 1));
    }
};

TK_TEST(SpoolDamageTest, spool_damage);
#include "tst_spool_damage.moc"
