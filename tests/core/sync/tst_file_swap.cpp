// Replacing files: whole or not at all, never over what somebody else wrote.
#include "support/test_registry.h"
#include "sync/file_swap.h"
#include "sync/naming.h"
#include "sync/receipts.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>

#include <sys/stat.h>

using namespace tk;
using namespace tk::sync;
using namespace std::chrono_literals;

class FileSwapTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }

    void newFiles()
    {
        FileSwap swap(m_dir->path());
        for (const char *name : {"a.feather", "b.feather"})
            QVERIFY(swap.stage(QLatin1StringView(name), QByteArray(name), FileStamp{}));
        QCOMPARE(swap.count(), size_t(2));
        QVERIFY(!QFile::exists(path("a.feather")));
        const auto outcomes = swap.commit();
        QCOMPARE(outcomes.size(), size_t(2));
        QVERIFY(!outcomes[0].error && !outcomes[0].overtaken);
        QCOMPARE(content("a.feather"), QByteArray("a.feather"));
        QVERIFY(stampOf(path("a.feather"))->sameFile(outcomes[0].stamp));
        QCOMPARE(files(), (QStringList{QStringLiteral("a.feather"), QStringLiteral("b.feather")}));
        QCOMPARE(swap.count(), size_t(0));
        QVERIFY(swap.commit().empty());
    }

    void modeIsKept()
    {
        write("a.feather", "old");
        QCOMPARE(::chmod(QFile::encodeName(path("a.feather")).constData(), 0604), 0);
        FileSwap swap(m_dir->path());
        QVERIFY(swap.stage(QStringLiteral("a.feather"), "new", *stampOf(path("a.feather"))));
        QVERIFY(!swap.commit()[0].error);
        QCOMPARE(content("a.feather"), QByteArray("new"));
        QCOMPARE(stampOf(path("a.feather"))->mode, quint32(0604));
    }

    void aReaderKeepsItsFile()
    {
        write("a.feather", "old");
        QFile reader(path("a.feather"));
        QVERIFY(reader.open(QIODevice::ReadOnly));
        FileSwap swap(m_dir->path());
        QVERIFY(swap.stage(QStringLiteral("a.feather"), "newer", *stampOf(path("a.feather"))));
        QVERIFY(!swap.commit()[0].error);
        QCOMPARE(reader.readAll(), QByteArray("old"));
        QCOMPARE(content("a.feather"), QByteArray("newer"));
    }

    void whatSomebodyElseWroteStays_data()
    {
        QTest::addColumn<int>("how");
        QTest::newRow("in place") << 0;
        QTest::newRow("renamed over it") << 1;
        QTest::newRow("removed") << 2;
        QTest::newRow("appeared") << 3;
    }

    void whatSomebodyElseWroteStays()
    {
        QFETCH(int, how);
        if (how != 3)
            write("a.feather", "old");
        FileSwap swap(m_dir->path());
        QVERIFY(swap.stage(QStringLiteral("a.feather"), "ours", *stampOf(path("a.feather"))));
        if (how == 0 || how == 3) {
            write("a.feather", "theirs");
        } else if (how == 1) {
            write("b", "old");
            QCOMPARE(
                ::rename(QFile::encodeName(path("b")).constData(), QFile::encodeName(path("a.feather")).constData()),
                0);
        } else {
            QVERIFY(QFile::remove(path("a.feather")));
        }
        const QByteArray theirs = content("a.feather");
        const auto outcomes = swap.commit();
        QVERIFY(outcomes[0].overtaken && !outcomes[0].error);
        QCOMPARE(content("a.feather"), theirs);
        QVERIFY(!files().contains(partName(QStringLiteral("a.feather"))));
    }

    void aFolderThatIsGone()
    {
        FileSwap swap(path("nowhere"));
        const Status staged = swap.stage(QStringLiteral("a.feather"), "x", FileStamp{});
        QVERIFY(!staged);
        QVERIFY(staged.error().message.contains(QStringLiteral("nowhere")));
    }

    void whatIsNotCommittedGoes()
    {
        {
            FileSwap swap(m_dir->path());
            QVERIFY(swap.stage(QStringLiteral("a.feather"), "x", FileStamp{}));
            QCOMPARE(files(), QStringList{partName(QStringLiteral("a.feather"))});
        }
        QCOMPARE(files(), QStringList());
        write(".b.feather.tk-part", "left by a crash");
        write("c.feather", "x");
        removeParts(m_dir->path());
        QCOMPARE(files(), QStringList{QStringLiteral("c.feather")});
    }

    void oneAtATime()
    {
        const std::atomic<bool> stop{false};
        {
            const auto first = FolderLock::acquire(m_dir->path(), 0ms, stop);
            QVERIFY(first);
            const auto second = FolderLock::acquire(m_dir->path(), 120ms, stop);
            QVERIFY(!second);
            QVERIFY(second.error().message.contains(QStringLiteral(".tapekeeper-sync.lock")));
        }
        QVERIFY(FolderLock::acquire(m_dir->path(), 0ms, stop));
    }

    void receiptsComeBack()
    {
        Receipt receipt{.name = QStringLiteral("币安人生_USDT_USDT-3m-futures.feather"),
                        .rows = 7,
                        .first = fromMs(-5),
                        .last = fromMs(6),
                        .sha256 = QByteArray(64, 'a'),
                        .stamp = {.inode = ~quint64(0) >> 1, .size = 10, .mtime = 1'795'168'800'123'456'789},
                        .store_first = fromMs(1),
                        .store_last = fromMs(2),
                        .reread_from = fromMs(3),
                        .compared = fromMs(4)};
        Receipts receipts;
        receipts.put(receipt);
        QVERIFY(receipts.save(m_dir->path()));
        QVERIFY(receipts.save(m_dir->path())); // over the first
        const Receipts back = Receipts::load(m_dir->path());
        const Receipt *found = back.find(receipt.name);
        QVERIFY(found);
        QCOMPARE(Receipts::encode({*found}), Receipts::encode({receipt}));
        QVERIFY(found->stamp.sameFile(receipt.stamp));
        QCOMPARE(found->first, fromMs(-5));
        QVERIFY(!back.find(QStringLiteral("other")));
        QVERIFY(Receipts::load(path("nowhere")).sorted().empty());
    }

    void damagedReceiptsAreLeftOut()
    {
        Receipt receipt{.name = QStringLiteral("a"), .sha256 = QByteArray(64, 'a'), .stamp = {}};
        const QByteArray one = Receipts::encode({receipt});
        QCOMPARE(Receipts::decode(one).size(), size_t(1));
        QCOMPARE(Receipts::decode(one + "torn\t1\t2").size(), size_t(1));
        QCOMPARE(Receipts::decode(QByteArray(one).replace("aaaa", "")).size(), size_t(0));
        QCOMPARE(Receipts::decode("# tapekeeper sync receipts 2\n" + one).size(), size_t(0));
        QCOMPARE(Receipts::decode({}).size(), size_t(0));
    }

private:
    QString path(const char *name) const { return m_dir->filePath(QLatin1StringView(name)); }
    QByteArray content(const char *name) const
    {
        QFile file(path(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    void write(const char *name, const QByteArray &bytes) const
    {
        QFile file(path(name));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(bytes);
    }
    QStringList files() const { return QDir(m_dir->path()).entryList(QDir::Files | QDir::Hidden, QDir::Name); }

    std::unique_ptr<QTemporaryDir> m_dir;
};

TK_TEST(FileSwapTest, file_swap);
#include "tst_file_swap.moc"
