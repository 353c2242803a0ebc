// What is kept of other hosts' files: taken up, replaced, forgotten, and never half written.
#include "remote/data_files.h"
#include "remote/freshness.h"
#include "remote/host_receipts.h"
#include "support/test_registry.h"
#include "sync/receipts.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>

#include <thread>

using namespace tk;
using namespace tk::remote;

namespace {

const QString host = QStringLiteral("feeder-1");
const QString folder = QStringLiteral("/srv/data");

HostReceipt receipt(const char *file, qint64 rows, UtcTime received = fromMs(1000),
                    HostReceipt::Way way = HostReceipt::Way::Push)
{
    return {.folder = folder,
            .file = QLatin1StringView(file),
            .rows = rows,
            .first = fromMs(5),
            .last = fromMs(6),
            .bytes = 7,
            .sha256 = QByteArray(64, 'a'),
            .received = received,
            .way = way};
}

} // namespace

class HostReceiptsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void changesAndWhole()
    {
        const QTemporaryDir dir;
        QVERIFY(HostReceipts::keep(dir.path(), host, folder, {receipt("a", 1), receipt("b", 2)}, true));
        QVERIFY(HostReceipts::keep(dir.path(), host, QStringLiteral("/other"), {receipt("c", 3)}, true));
        QVERIFY(HostReceipts::keep(dir.path(), host, folder, {receipt("b", 4)}, false));
        HostReceipts kept = HostReceipts::load(dir.path(), host);
        QCOMPARE(kept.all().size(), size_t(3));
        QCOMPARE(kept.in(folder)[0].rows, 1);
        QCOMPARE(kept.in(folder)[1].rows, 4);
        QVERIFY(HostReceipts::keep(dir.path(), host, folder, {receipt("b", 4)}, true));
        kept = HostReceipts::load(dir.path(), host);
        QCOMPARE(kept.in(folder).size(), size_t(1)); // "a" is gone over there
        QCOMPARE(kept.in(QStringLiteral("/other")).size(), size_t(1));
        QCOMPARE(HostReceipts::hosts(dir.path()), QStringList{host});
        QVERIFY(HostReceipts::load(dir.path(), QStringLiteral("nobody")).all().empty());
    }

    // Looking at what a push has left makes no other receipt of it.
    void theFirstToTellIsKept()
    {
        HostReceipts kept;
        QVERIFY(kept.merge(folder, {receipt("a", 1)}, true));
        QVERIFY(!kept.merge(folder, {receipt("a", 1, fromMs(2000), HostReceipt::Way::Pull)}, true));
        QVERIFY(kept.all()[0].way == HostReceipt::Way::Push && kept.all()[0].received == fromMs(1000));
        QVERIFY(kept.merge(folder, {receipt("a", 2, fromMs(2000), HostReceipt::Way::Pull)}, true));
        QVERIFY(kept.all()[0].way == HostReceipt::Way::Pull && kept.all()[0].received == fromMs(2000));
    }

    void linesThatDoNotHold()
    {
        HostReceipts kept;
        HostReceipt odd = receipt("a\tb", 1);
        QVERIFY(!kept.merge(folder, {odd}, true));
        odd = receipt("a", 1);
        odd.sha256 = "short";
        QVERIFY(!kept.merge(folder, {odd}, true));
        QVERIFY(kept.merge(folder, {receipt("币安人生-3m.feather", 1), receipt("b", 2)}, true));
        const QByteArray text = HostReceipts::encode(kept);
        QVERIFY(HostReceipts::decode(text).all() == kept.all());
        QByteArray broken = text;
        broken.replace("\t2\t", "\tx\t");
        QCOMPARE(HostReceipts::decode(broken).all().size(), size_t(1));
        QVERIFY(HostReceipts::decode("# another file\n" + text).all().empty());
    }

    void aFolderThatIsAwayLosesNothing()
    {
        const QTemporaryDir dir;
        FreshnessReport look;
        look.folders.push_back({.folder = folder, .receipts = {receipt("a", 1)}});
        QVERIFY(HostReceipts::keep(dir.path(), host, look));
        look.folders[0].receipts.clear();
        look.folders[0].trouble = QStringLiteral("not mounted");
        QVERIFY(HostReceipts::keep(dir.path(), host, look));
        QCOMPARE(HostReceipts::load(dir.path(), host).all().size(), size_t(1));
        look.folders[0].trouble.clear();
        QVERIFY(HostReceipts::keep(dir.path(), host, look));
        QVERIFY(HostReceipts::load(dir.path(), host).all().empty());
    }

    void twoWritersLoseNothing()
    {
        const QTemporaryDir dir;
        const auto write = [&](const char *prefix) {
            for (int i = 0; i < 50; ++i)
                if (!HostReceipts::keep(dir.path(), host, folder,
                                        {receipt((QByteArray(prefix) + QByteArray::number(i)).constData(), i)}, false))
                    qFatal("not kept");
        };
        std::thread other(write, "x");
        write("y");
        other.join();
        QCOMPARE(HostReceipts::load(dir.path(), host).all().size(), size_t(100));
    }

    void whatCannotBeKeptIsTold()
    {
        const QTemporaryDir dir;
        QFile file(dir.filePath(QStringLiteral("hosts"))); // in the way of the folder
        QVERIFY(file.open(QIODevice::WriteOnly));
        const Status kept = HostReceipts::keep(dir.path(), host, folder, {receipt("a", 1)}, false);
        QVERIFY(!kept && kept.error().message.contains(dir.path()));
    }

    void theReceiptsOfASync()
    {
        const QByteArray text = "# tapekeeper sync receipts 1: whatever\nx.feather\t3\t10\t20\t" + QByteArray(64, 'b') +
                                "\t99\t5\t7000\t1\t2\t3\t4\n";
        const auto lines = parseReceipts(text);
        QCOMPARE(lines.size(), size_t(1));
        QCOMPARE(lines[0].rows, 3);
        QCOMPARE(toMs(lines[0].first), 10);
        QCOMPARE(toMs(lines[0].last), 20);
        QCOMPARE(lines[0].sha256, QByteArray(64, 'b'));
        QCOMPARE(lines[0].file.size, 99);
        QCOMPARE(lines[0].file.inode, quint64(5));
        QCOMPARE(lines[0].file.mtime, 7000);
    }

    // Whatever version of them this program writes, it reads of another host.
    void theReceiptsThatOurOwnSyncWrites()
    {
        const sync::Receipt own{.name = QStringLiteral("x.feather"),
                                .rows = 3,
                                .first = fromMs(10),
                                .last = fromMs(20),
                                .sha256 = QByteArray(64, 'b'),
                                .stamp = {.inode = 5, .size = 99, .mtime = 7000}};
        const auto lines = parseReceipts(sync::Receipts::encode({own}));
        QCOMPARE(lines.size(), size_t(1));
        QCOMPARE(lines[0].file.path, own.name);
        QCOMPARE(lines[0].rows, 3);
        QCOMPARE(toMs(lines[0].last), 20);
        QCOMPARE(lines[0].sha256, own.sha256);
        QCOMPARE(lines[0].file.size, 99);
        QCOMPARE(lines[0].file.inode, quint64(5));
        QCOMPARE(lines[0].file.mtime, 7000);
        QCOMPARE(
            parseReceipts("# tapekeeper sync receipts 3: whatever\n" + QByteArray("x\t1\t1\t1\ty\t1\t1\t1\n")).size(),
            size_t(0));
    }
};

TK_TEST(HostReceiptsTest, host_receipts);
#include "tst_host_receipts.moc"
