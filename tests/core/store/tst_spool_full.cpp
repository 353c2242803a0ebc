#include "spool_rig.h"
#include "support/test_registry.h"

#include <csignal>
#include <sys/mount.h>
#include <sys/resource.h>

using namespace tk;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

// A file system of 4 MiB, as long as this lives.
class SmallDisk
{
public:
    explicit SmallDisk(const QString &folder)
        : m_folder(QFile::encodeName(folder))
    {
        QDir().mkpath(folder);
        m_mounted = ::mount("tmpfs", m_folder.constData(), "tmpfs", MS_NOSUID | MS_NODEV, "size=4m,mode=0700") == 0;
    }
    ~SmallDisk()
    {
        if (m_mounted)
            ::umount2(m_folder.constData(), MNT_DETACH);
    }
    bool mounted() const { return m_mounted; }

private:
    QByteArray m_folder;
    bool m_mounted = false;
};

// No file of this process grows beyond `bytes`, as long as this lives: writes end half way.
class FileLimit
{
public:
    explicit FileLimit(rlim_t bytes)
        : m_handler(std::signal(SIGXFSZ, SIG_IGN))
    {
        ::getrlimit(RLIMIT_FSIZE, &m_before);
        const rlimit limit{bytes, m_before.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileLimit()
    {
        ::setrlimit(RLIMIT_FSIZE, &m_before);
        std::signal(SIGXFSZ, m_handler);
    }

private:
    rlimit m_before{};
    void (*m_handler)(int);
};

// What was appended is there, or was handed over before it went; `numbers` of both together.
std::vector<int> keptAndEvicted(SpoolRig &rig, Lane lane)
{
    std::vector<store::SpoolEntry> ofLane;
    std::ranges::copy_if(rig.evicted, std::back_inserter(ofLane),
                         [lane](const store::SpoolEntry &entry) { return entry.lane == lane; });
    std::vector<int> numbers = numbersIn(ofLane);
    for (const int number : rig.numbers(lane))
        numbers.push_back(number);
    return numbers;
}

} // namespace

// Room is bounded: by the setting, and by the disk. What has to go, goes in the order that was promised.
class SpoolFullTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral("damaged"))); }

    void holdsItsSize()
    {
        SpoolRig rig;
        rig.options.max_size = 512 * 1024;
        QVERIFY(rig.open());
        for (int i = 1; i <= 1200; ++i) {
            rig.append(Lane::Ticks, spoolLine(Lane::Ticks, i, 1000), spoolStart + i * 1s);
            if (i % 10 == 0)
                QVERIFY(rig.sizeOfFiles() <= rig.options.max_size);
            QVERIFY(rig.spool->figures().bytes_on_disk <= rig.options.max_size);
        }
        QCOMPARE(keptAndEvicted(rig, Lane::Ticks), countUp(1, 1200));
        const auto kept = rig.numbers(Lane::Ticks);
        QVERIFY(kept.size() > 400); // of 512 that would fit
        QCOMPARE(rig.spool->figures().evicted_entries, quint64(1200 - kept.size()));
        QCOMPARE(rig.figures(Lane::Ticks).waiting_entries, qint64(kept.size()));
        for (const store::SpoolEntry &entry : rig.evicted)
            QCOMPARE(entry.taken, spoolStart + numbersIn(entry.lines).front() * 1s);
        QVERIFY(rig.open());
        QCOMPARE(rig.numbers(Lane::Ticks), kept);
    }

    void removesInOrder()
    {
        SpoolRig rig;
        rig.options.max_size = 1 << 20;
        QVERIFY(rig.open());
        rig.fill(Lane::Ticks, 1, 200, 1000);
        rig.fill(Lane::Candles, 1, 200, 1000, spoolStart + 1s);
        rig.fill(Lane::Marks, 1, 200, 1000, spoolStart + 2s);
        rig.spool->acknowledge(Lane::Ticks, 100);
        rig.spool->acknowledge(Lane::Marks, 100);
        QVERIFY(rig.evicted.empty());

        // First what is confirmed, oldest first: of the ticks before the marks.
        int next = 201;
        const auto addTicks = [&](int count) {
            rig.fill(Lane::Ticks, next, next + count - 1, 1000, spoolStart + 10s);
            next += count;
        };
        while (rig.numbers(Lane::Ticks).front() == 1)
            addTicks(1);
        QCOMPARE(rig.numbers(Lane::Marks).front(), 1);
        QVERIFY(rig.evicted.empty());
        while (rig.numbers(Lane::Marks).front() == 1)
            addTicks(1);
        QVERIFY(rig.numbers(Lane::Ticks).front() > 50);
        QVERIFY(rig.evicted.empty());
        // Then waiting candles.
        while (rig.evicted.empty())
            addTicks(1);
        QVERIFY(rig.numbers(Lane::Marks).front() > 50);
        while (!rig.numbers(Lane::Candles).empty())
            addTicks(1);
        for (const store::SpoolEntry &entry : rig.evicted)
            QCOMPARE(entry.lane, Lane::Candles);
        QCOMPARE(numbersIn(rig.evicted), countUp(1, 200));
        // Then marks, and only those that nobody has confirmed are told of.
        rig.evicted.clear();
        while (!rig.numbers(Lane::Marks).empty())
            addTicks(1);
        for (const store::SpoolEntry &entry : rig.evicted)
            QCOMPARE(entry.lane, Lane::Marks);
        QCOMPARE(numbersIn(rig.evicted), countUp(101, 200));
        // Then ticks themselves.
        rig.evicted.clear();
        while (rig.evicted.empty())
            addTicks(1);
        QCOMPARE(numbersIn(rig.evicted).front(), 101);
        QCOMPARE(rig.evicted.front().lane, Lane::Ticks);
        QCOMPARE(rig.numbers(Lane::Ticks).back(), next - 1);
        // And no number is used again.
        QCOMPARE(rig.append(Lane::Candles, spoolLine(Lane::Candles, 201)), quint64(201));
        QVERIFY(rig.open());
        QCOMPARE(rig.append(Lane::Marks, spoolLine(Lane::Marks, 201)), quint64(201));
    }

    void tellsOnceForAnIncident()
    {
        SpoolRig rig;
        rig.options.max_size = 256 * 1024;
        QVERIFY(rig.open());
        static int loud;
        loud = 0;
        const QtMessageHandler before = qInstallMessageHandler(
            [](QtMsgType type, const QMessageLogContext &, const QString &) { loud += type == QtCriticalMsg ? 1 : 0; });
        rig.fill(Lane::Ticks, 1, 400, 1000);
        const int first = loud;
        rig.fill(Lane::Ticks, 401, 800, 1000, spoolStart + 11min);
        qInstallMessageHandler(before);
        QCOMPARE(first, 1);
        QCOMPARE(loud, 2);
    }

    void mayBeAskedWhileItHandsOver()
    {
        SpoolRig rig;
        rig.options.max_size = 256 * 1024;
        QVERIFY(rig.open());
        size_t seen = 0;
        rig.spool.reset();
        rig.options.onEvicted = [&](const std::vector<store::SpoolEntry> &entries) {
            seen += entries.size();
            // No lock is held, and what goes is still there.
            QVERIFY(rig.spool->figures().waitingBytes() > 0);
            QCOMPARE(rig.spool->read(Lane::Ticks, entries.front().seq - 1, 1)->front().seq, entries.front().seq);
            rig.spool->acknowledge(Lane::Ticks, entries.back().seq);
        };
        rig.spool = store::openSpool(rig.options).value();
        rig.fill(Lane::Ticks, 1, 400, 1000);
        QVERIFY(seen > 0);
        QVERIFY(rig.spool->figures().evicted_entries == seen);
    }

    void refusesWhatCanNeverFit()
    {
        SpoolRig rig;
        rig.options.max_size = 128 * 1024;
        QVERIFY(rig.open());
        rig.fill(Lane::Ticks, 1, 10);
        const auto done = rig.tryAppend(Lane::Candles, spoolLine(Lane::Candles, 1, 1000).repeated(400));
        QVERIFY(!done);
        QCOMPARE(done.error().kind, Error::Kind::Storage);
        QVERIFY(done.error().message.contains(QStringLiteral("max_size")));
        QCOMPARE(rig.append(Lane::Ticks, spoolLine(Lane::Ticks, 11)), quint64(11));
    }

    void cutsOffWhatWasHalfWritten()
    {
        SpoolRig rig;
        QVERIFY(rig.open());
        rig.fill(Lane::Ticks, 1, 10, 1000);
        const QString file = rig.segments(Lane::Ticks).value(0);
        for (const rlim_t more : {1, 31, 32, 33, 500, 1031}) {
            Result<quint64> done = quint64(0);
            qint64 size = 0;
            {
                const FileLimit limit(10 * 1032 + more);
                done = rig.tryAppend(Lane::Ticks, spoolLine(Lane::Ticks, 11, 1000));
                size = QFileInfo(file).size();
            }
            QVERIFY(!done);
            QCOMPARE(done.error().kind, Error::Kind::Storage);
            QVERIFY(done.error().retryable);
            QCOMPARE(size, qint64(10 * 1032));
            QCOMPARE(rig.numbers(Lane::Ticks), countUp(1, 10));
            QCOMPARE(rig.figures(Lane::Ticks).waiting_entries, qint64(10));
        }
        // All lanes or none: what the first lane got is taken back too.
        store::PerLane<QByteArray> lines;
        lines[size_t(Lane::Candles)] = spoolLine(Lane::Candles, 1);
        lines[size_t(Lane::Ticks)] = spoolLine(Lane::Ticks, 11, 1000);
        {
            const FileLimit limit(10 * 1032 + 500);
            QVERIFY(!rig.spool->append(lines, spoolStart));
        }
        QVERIFY(rig.numbers(Lane::Candles).empty());
        QVERIFY(rig.spool->append(lines, spoolStart));
        QCOMPARE(rig.numbers(Lane::Ticks), countUp(1, 11));
        QVERIFY(rig.open());
        QCOMPARE(rig.numbers(Lane::Ticks), countUp(1, 11));
        QCOMPARE(rig.numbers(Lane::Candles), countUp(1, 1));
        QVERIFY(rig.damage.empty());
        QVERIFY(rig.evicted.empty());
    }

    void makesRoomOnAFullDisk()
    {
        SpoolRig rig;
        const SmallDisk disk(rig.options.folder);
        if (!disk.mounted())
            QSKIP("cannot mount a small file system here: needs root");
        rig.options.segment_size = 128 * 1024;
        rig.options.max_size = qint64(1) << 30; // the disk is smaller
        QVERIFY(rig.open());
        for (int i = 1; i <= 6000; ++i)
            QCOMPARE(rig.append(Lane::Ticks, spoolLine(Lane::Ticks, i, 1000), spoolStart + i * 1s), quint64(i));
        QVERIFY(!rig.evicted.empty());
        QCOMPARE(keptAndEvicted(rig, Lane::Ticks), countUp(1, 6000));
        const auto kept = rig.numbers(Lane::Ticks);
        QVERIFY(kept.size() > 3000);
        QVERIFY(rig.open());
        QCOMPARE(rig.numbers(Lane::Ticks), kept);
        rig.spool.reset();
    }

    void staysUsableWhenNoRoomCanBeMade()
    {
        SpoolRig rig;
        const SmallDisk disk(rig.options.folder);
        if (!disk.mounted())
            QSKIP("cannot mount a small file system here: needs root");
        rig.options.segment_size = 128 * 1024;
        QVERIFY(rig.open());
        rig.fill(Lane::Marks, 1, 20, 1000);
        rig.spool->acknowledge(Lane::Marks, 20);
        // Somebody else takes all there is.
        QFile hog(rig.options.folder + QStringLiteral("/hog"));
        QVERIFY(hog.open(QIODevice::WriteOnly | QIODevice::Unbuffered));
        while (hog.write(QByteArray(4096, 'x')) == 4096) {
        }
        int done = 0;
        Result<quint64> last = quint64(0);
        while ((last = rig.tryAppend(Lane::Ticks, spoolLine(Lane::Ticks, done + 1, 100'000)))) {
            ++done;
            while (hog.write(QByteArray(4096, 'x')) == 4096) {
            }
            QVERIFY(done < 1000);
        }
        QCOMPARE(last.error().kind, Error::Kind::Storage);
        QVERIFY(last.error().retryable);
        QVERIFY2(last.error().message.contains(QStringLiteral("make room on the disk")),
                 qPrintable(last.error().message));
        QVERIFY(!rig.tryAppend(Lane::Ticks, spoolLine(Lane::Ticks, done + 1, 100'000)));
        QVERIFY(rig.spool->maintain(spoolStart)); // positions ask for no room

        QVERIFY(hog.remove());
        const quint64 again = rig.append(Lane::Ticks, spoolLine(Lane::Ticks, done + 1, 100'000));
        QVERIFY(again > quint64(done));
        QCOMPARE(keptAndEvicted(rig, Lane::Ticks), countUp(1, done + 1));
        QVERIFY(rig.open());
        QCOMPARE(keptAndEvicted(rig, Lane::Ticks), countUp(1, done + 1));
        QVERIFY(rig.damage.empty());
        rig.spool.reset();
    }
};

TK_TEST(SpoolFullTest, spool_full);
#include "tst_spool_full.moc"
