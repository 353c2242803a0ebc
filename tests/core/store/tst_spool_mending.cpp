// A spool whose files are removed or replaced while it is in use.
#include "core/store/samples.h"
#include "spool_rig.h"
#include "store/line_protocol.h"
#include "store/stored_index.h"
#include "support/test_registry.h"

using namespace tk;
using namespace tk::test;
using namespace std::chrono_literals;

class SpoolMendingTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_folder = m_dir->filePath(QStringLiteral("data/spool"));
        open();
    }

    void aSoundOneIsLeftAlone()
    {
        append(Lane::Candles, 1, 3);
        QVERIFY(m_spool->isWhole());
        const auto losses = m_spool->mend();
        QVERIFY(losses && losses->empty());
        QCOMPARE(numbersIn(*m_spool->read(Lane::Candles, 0, 1 << 20)), countUp(1, 3));
    }

    void theFolderIsRemoved()
    {
        append(Lane::Candles, 1, 5);
        append(Lane::Marks, 1, 2);
        m_spool->acknowledge(Lane::Candles, 3);
        m_spool->acknowledge(Lane::Marks, 2);
        QVERIFY(QDir().rename(m_dir->filePath(QStringLiteral("data")), m_dir->filePath(QStringLiteral("away"))));
        QVERIFY(!m_spool->isWhole());
        const auto losses = m_spool->mend();
        QVERIFY2(losses, qPrintable(losses ? QString() : losses.error().message));
        QCOMPARE(losses->size(), size_t(3));
        QCOMPARE((*losses)[0].waiting_entries, 2);
        QCOMPARE((*losses)[0].oldest_waiting, spoolStart + 4s);
        QCOMPARE((*losses)[1].waiting_entries, 0);
        QVERIFY(m_spool->isWhole());
        QCOMPARE(m_spool->figures().waitingBytes(), 0);
        // Numbers go on: who holds an old one does not confirm a new entry by it.
        append(Lane::Candles, 6, 8);
        m_spool->acknowledge(Lane::Candles, 5);
        QCOMPARE(m_spool->figures().lanes[size_t(Lane::Candles)].waiting_entries, 3);
        const auto entries = m_spool->read(Lane::Candles, 3, 1 << 20);
        QCOMPARE(numbersIn(*entries), countUp(6, 8));
        QCOMPARE(entries->front().seq, quint64(6));
        // And it is on the disk: the next one finds it.
        m_spool.reset();
        open();
        QCOMPARE(numbersIn(*m_spool->read(Lane::Candles, 0, 1 << 20)), countUp(6, 8));
        QCOMPARE(m_spool->figures().lanes[size_t(Lane::Candles)].acknowledged_seq, quint64(5));
    }

    void oneLaneIsRemoved()
    {
        append(Lane::Candles, 1, 2);
        append(Lane::Marks, 1, 2);
        QVERIFY(QDir(m_folder + QStringLiteral("/candles")).removeRecursively());
        QVERIFY(!m_spool->isWhole());
        const auto losses = m_spool->mend();
        QVERIFY(losses && losses->size() == 1 && losses->front().lane == Lane::Candles);
        QCOMPARE(numbersIn(*m_spool->read(Lane::Marks, 0, 1 << 20)), countUp(1, 2)); // nobody touched these
        append(Lane::Candles, 3, 3);
        QCOMPARE(numbersIn(*m_spool->read(Lane::Candles, 0, 1 << 20)), countUp(3, 3));
    }

    // Another spool in its place: its records are not ours, and are not lost either.
    void anotherOneIsPutInItsPlace()
    {
        append(Lane::Candles, 1, 2);
        QVERIFY(QDir().rename(m_folder, m_dir->filePath(QStringLiteral("ours"))));
        {
            const auto other = store::openSpool({.folder = m_folder}).value();
            PerLane lines{};
            lines[0] = spoolLine(Lane::Candles, 77);
            QVERIFY(other->append(lines, spoolStart));
        }
        QVERIFY(!m_spool->isWhole());
        QVERIFY(m_spool->mend());
        append(Lane::Candles, 3, 4);
        QCOMPARE(numbersIn(*m_spool->read(Lane::Candles, 0, 1 << 20)), countUp(3, 4));
        const QStringList aside = QDir(m_folder).entryList({QStringLiteral("candles.aside-*")}, QDir::Dirs);
        QCOMPARE(aside.size(), 1);
        QVERIFY(!QDir(m_folder + u'/' + aside.front()).isEmpty());
    }

    void withoutAPlaceItSaysSo()
    {
        append(Lane::Candles, 1, 1);
        QVERIFY(QDir().rename(m_dir->filePath(QStringLiteral("data")), m_dir->filePath(QStringLiteral("away"))));
        QFile file(m_dir->filePath(QStringLiteral("data"))); // where the folder was
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.close();
        QVERIFY(!m_spool->mend());
        QVERIFY(file.remove());
        QVERIFY(m_spool->mend());
    }

    // What was taken and never confirmed is given, and is missing from then on.
    void theIndexForgetsWhatWasOnItsWay()
    {
        store::StoredIndex index;
        QByteArray first;
        QByteArray second;
        store::appendLines({series(), candles(Timeframe::M3, sampleStart, 4)}, first);
        store::appendLines({series(), candles(Timeframe::M3, sampleStart + 12min, 3)}, second);
        QByteArray mark;
        store::appendLine(MarkPoint{series().exchange, series().pair, sampleStart, dec("1"), {}}, mark);
        for (const QByteArray &lines : {first, second})
            index.taken(Lane::Candles, lines);
        index.taken(Lane::Marks, mark);
        index.confirmed(Lane::Candles, first);
        (void)index.takeChanges();
        const auto dropped = index.dropUnconfirmed(Lane::Candles);
        QCOMPARE(dropped.size(), size_t(1));
        QVERIFY((dropped[0].span == TimeSpan{sampleStart + 12min, sampleStart + 21min}));
        QVERIFY((index.holes(series(), {sampleStart, sampleStart + 21min}).value() ==
                 std::vector<TimeSpan>{{sampleStart + 12min, sampleStart + 21min}}));
        QCOMPARE(index.dropUnconfirmed(Lane::Marks).size(), size_t(1));
        QVERIFY(index.dropUnconfirmed(Lane::Candles).empty());
        index.confirmed(Lane::Candles, second); // it was under way after all
        QVERIFY(index.holes(series(), {sampleStart, sampleStart + 21min})->empty());
        (void)index.takeChanges();
        QVERIFY(index.takeChanges().empty());
        index.changeAll();
        QCOMPARE(index.takeChanges().size(), size_t(2));
    }

private:
    using PerLane = store::PerLane<QByteArray>;

    void open()
    {
        m_spool.reset();
        m_spool = store::openSpool({.folder = m_folder}).value();
    }
    void append(Lane lane, int first, int last)
    {
        for (int number = first; number <= last; ++number) {
            PerLane lines{};
            lines[size_t(lane)] = spoolLine(lane, number);
            const auto appended = m_spool->append(lines, spoolStart + number * 1s);
            QVERIFY2(appended, qPrintable(appended ? QString() : appended.error().message));
        }
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_folder;
    std::unique_ptr<store::Spool> m_spool;
};

TK_TEST(SpoolMendingTest, spool_mending);
#include "tst_spool_mending.moc"
