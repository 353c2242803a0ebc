#include "samples.h"
#include "store/embedded/embedded_store.h"
#include "store/embedded/sqlite.h"
#include "support/test_registry.h"

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>

#include <sys/mount.h>
#include <unistd.h>

using namespace tk;
using namespace tk::test;

class StoreDamageTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_file = store::EmbeddedStore::fileIn(m_dir->path());
    }

    void damagedFilesAreSetAside_data()
    {
        QTest::addColumn<QString>("damage");
        for (const char *damage : {"garbage", "short garbage", "truncated", "wrong magic", "torn page"})
            QTest::newRow(damage) << QString::fromLatin1(damage);
    }
    void damagedFilesAreSetAside()
    {
        QFETCH(QString, damage);
        fill(3000);
        QFile file(m_file);
        QVERIFY(file.open(QIODevice::ReadWrite));
        if (damage == QLatin1String("garbage")) {
            file.resize(0);
            file.write(QByteArray(100'000, '\xa5'));
        } else if (damage == QLatin1String("short garbage")) {
            file.resize(0);
            file.write("this is not a database at all");
        } else if (damage == QLatin1String("truncated")) {
            file.resize(file.size() / 2 + 100);
        } else if (damage == QLatin1String("wrong magic")) {
            file.write("NotSQLite format");
        } else {
            file.seek(file.size() / 2);
            file.write(QByteArray(6000, '\x11'));
        }
        file.close();
        if (damage == QLatin1String("torn page"))
            markUnclean(); // a page in the middle is found by the check after a power cut

        QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("is damaged: .* set aside as")));
        QString told;
        store::EmbeddedStore store(m_file, {std::chrono::seconds(1), 0, [&](const QString &aside) { told = aside; }});
        auto writer = store.openWriter();
        QVERIFY2(writer, writer ? "" : qPrintable(writer.error().message));
        QCOMPARE(store.timesSetAside(), 1);
        QVERIFY(QFile::exists(told));
        QVERIFY(
            QRegularExpression(QStringLiteral("market_data\\.sqlite\\.corrupt-\\d{8}T\\d{6}Z")).match(told).hasMatch());
        QVERIFY(writer.value()->write({batch(series(), {candle(sampleStart)})}));
        QCOMPARE(store.openReader().value()->candles(series(), always, {})->size(), size_t(1));
    }

    void damageFoundByAReaderIsHealedByTheWriter()
    {
        fill(5000);
        QFile file(m_file);
        QVERIFY(file.open(QIODevice::ReadWrite));
        const qint64 size = file.size();
        for (qint64 at = 10 * 4096; at + 4096 <= size; at += 4096) { // the schema's pages stay whole
            file.seek(at);
            file.write(QByteArray(64, '\x11'));
        }
        file.close();
        store::EmbeddedStore store(m_file);
        const auto writer = store.openWriter().value(); // the stop was clean: opening does not look at every page
        const auto reader = store.openReader().value();
        const auto broken = reader->candles(series(), always, {});
        QVERIFY(!broken);
        QVERIFY(broken.error().message.contains(QStringLiteral("damaged")));
        QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("set aside as")));
        QVERIFY(writer->write({batch(series(), {candle(sampleStart)})}));
        QCOMPARE(store.timesSetAside(), 1);
        QCOMPARE(reader->candles(series(), always, {})->size(), size_t(1)); // follows to the new file
    }

    void aFileRemovedInUseIsBegunAnew()
    {
        store::EmbeddedStore store(m_file);
        const auto writer = store.openWriter().value();
        const auto reader = store.openReader().value();
        QVERIFY(writer->write({batch(series(), candles(Timeframe::M3, sampleStart, 10))}));
        for (const char *suffix : {"", "-wal", "-shm"})
            QFile::remove(m_file + QLatin1String(suffix));
        QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("was moved or removed")));
        QVERIFY(writer->write({batch(series(), {candle(sampleStart)})}));
        QCOMPARE(reader->candles(series(), always, {})->size(), size_t(1));
    }

    void newerVersionsAreRefusedAndLeftAlone()
    {
        fill(1);
        {
            auto database =
                store::Database::open(m_file, store::Database::Mode::ReadWrite, std::chrono::seconds(1)).value();
            QVERIFY(database.execute("PRAGMA user_version=7"));
        }
        store::EmbeddedStore store(m_file);
        const auto writer = store.openWriter();
        QVERIFY(!writer);
        QVERIFY(writer.error().kind == Error::Kind::Config);
        QVERIFY2(writer.error().message.contains(QStringLiteral("version 7")), qPrintable(writer.error().message));
        QVERIFY(!store.openReader());
        QCOMPARE(QDir(m_dir->path()).entryList({QStringLiteral("*corrupt*")}).size(), 0);
    }

    void foreignDatabasesAreRefused()
    {
        {
            auto database =
                store::Database::open(m_file, store::Database::Mode::ReadWrite, std::chrono::seconds(1)).value();
            QVERIFY(database.execute("CREATE TABLE theirs(x)"));
        }
        store::EmbeddedStore store(m_file);
        const auto writer = store.openWriter();
        QVERIFY(!writer);
        QVERIFY(writer.error().message.contains(QStringLiteral("another program")));
    }

    void aFullFileKeepsWhatItHas()
    {
        store::EmbeddedStore store(m_file, {std::chrono::seconds(1), 256 * 1024, {}});
        const auto writer = store.openWriter().value();
        fillUntilFull(*writer, store, [&] {
            while (*writer->removeBefore(sampleStart + std::chrono::hours(24 * 300)) > 0) {
            }
        });
    }

    void aFullDiskKeepsWhatItHas()
    {
        if (::geteuid() != 0)
            QSKIP("mounting a small file system needs root");
        const QByteArray place = QFile::encodeName(m_dir->filePath(QStringLiteral("small")));
        QVERIFY(QDir().mkpath(QFile::decodeName(place)));
        if (::mount("tmpfs", place.constData(), "tmpfs", 0, "size=1m") != 0)
            QSKIP("this machine lets nobody mount a small file system");
        {
            store::EmbeddedStore store(store::EmbeddedStore::fileIn(QFile::decodeName(place)));
            const auto writer = store.openWriter().value();
            QFile ballast(QFile::decodeName(place) + QStringLiteral("/ballast"));
            QVERIFY(ballast.open(QIODevice::WriteOnly) && ballast.write(QByteArray(200'000, 'x')) > 0);
            ballast.close();
            fillUntilFull(*writer, store, [&] { QVERIFY(ballast.remove()); });
        }
        QCOMPARE(::umount(place.constData()), 0);
    }

    void aLockedFileIsRetryable()
    {
        store::EmbeddedStore store(m_file, {std::chrono::milliseconds(20), 0, {}});
        const auto writer = store.openWriter().value();
        auto other = store::Database::open(m_file, store::Database::Mode::ReadWrite, std::chrono::seconds(1)).value();
        QVERIFY(other.execute("BEGIN IMMEDIATE"));
        const auto outcome = writer->write({batch(series(), {candle(sampleStart)})});
        QVERIFY(!outcome);
        QVERIFY(outcome.error().retryable);
        QVERIFY(other.execute("ROLLBACK"));
        QVERIFY(writer->write({batch(series(), {candle(sampleStart)})}));
    }

private:
    void fill(int count)
    {
        store::EmbeddedStore store(m_file);
        const auto writer = store.openWriter().value();
        QVERIFY(writer->write({batch(series(), candles(Timeframe::M3, sampleStart, count))}));
    }
    void markUnclean()
    {
        auto database =
            store::Database::open(m_file, store::Database::Mode::ReadWrite, std::chrono::seconds(1)).value();
        QVERIFY(database.execute("UPDATE meta SET value='a former boot' WHERE key='clean'"));
    }
    template <typename F>
    void fillUntilFull(store::StoreWriter &writer, store::EmbeddedStore &store, F &&makeRoom)
    {
        const auto reader = store.openReader().value();
        size_t stored = 0;
        for (int i = 0; i < 1000; ++i) {
            const auto some = candles(Timeframe::M3, sampleStart + std::chrono::minutes(3) * 200 * i, 200);
            const auto outcome = writer.write({batch(series(), some)});
            if (!outcome) {
                QVERIFY2(outcome.error().retryable, qPrintable(outcome.error().message));
                QVERIFY2(outcome.error().message.contains(QStringLiteral("full")), qPrintable(outcome.error().message));
                break;
            }
            stored += 200;
        }
        QVERIFY(stored > 0 && stored < 200'000);
        QCOMPARE(reader->candles(series(), always, {})->size(), stored); // all of a write, or none of it
        QCOMPARE(store.timesSetAside(), 0);
        // Room made, the same writer goes on.
        makeRoom();
        QVERIFY(writer.sync());
        const auto again = writer.write({batch(series(), {candle(sampleStart)})});
        QVERIFY2(again, again ? "" : qPrintable(again.error().message));
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_file;
};

TK_TEST(StoreDamageTest, store_damage);
#include "tst_store_damage.moc"
