// A store's files that somebody removes, replaces, cuts or damages under a running engine: noticed without a write,
// told, and begun anew or mended.
#include "samples.h"
#include "store/embedded/embedded_store.h"
#include "store/embedded/sqlite.h"
#include "store/gap_ledger.h"
#include "support/manual_clock.h"
#include "support/test_registry.h"

#include <QFile>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

using namespace tk;
using namespace tk::test;

class StoreWatchTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_file = store::EmbeddedStore::fileIn(m_dir->path());
        m_anew.clear();
        m_mended.clear();
        store::EmbeddedOptions options;
        options.onBegunAnew = [this](const QString &why) { m_anew.append(why); };
        options.onMended = [this](const QString &what) { m_mended.append(what); };
        m_store = std::make_unique<store::EmbeddedStore>(m_file, options);
        m_writer = m_store->openWriter().value();
        m_reader = m_store->openReader().value();
        QVERIFY(m_writer->write({batch(series(), candles(Timeframe::M3, sampleStart, 3000))}));
        QVERIFY(m_writer->lookAfter());
        QVERIFY(m_anew.isEmpty());
    }
    void cleanup()
    {
        m_reader.reset();
        m_writer.reset();
        m_store.reset();
    }

    void removed()
    {
        QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("was moved or removed")));
        for (const char *suffix : {"", "-wal", "-shm"})
            QFile::remove(m_file + QLatin1String(suffix));
        expectAnew(QStringLiteral("moved or removed"));
    }

    void replacedByAnother()
    {
        QTemporaryDir elsewhere;
        const QString other = elsewhere.filePath(QStringLiteral("other.sqlite"));
        {
            store::EmbeddedStore made(other);
            QVERIFY(made.openWriter().value()->write({batch(series(), {candle(sampleStart)})}));
        }
        QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("another file has its name")));
        QVERIFY(QFile::remove(m_file));
        QVERIFY(QFile::copy(other, m_file)); // the log of the old file lies beside it still
        QVERIFY(m_writer->lookAfter());
        QCOMPARE(m_anew.size(), 1);
        QCOMPARE(count(), size_t(1)); // what the other one holds, and nothing of the old log
        QVERIFY(m_writer->write({batch(series(), {candle(sampleStart + std::chrono::minutes(3))})}));
        QCOMPARE(count(), size_t(2));
    }

    void theFolderIsRemoved()
    {
        QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("was moved or removed")));
        QVERIFY(QDir(m_dir->path()).removeRecursively());
        expectAnew(QStringLiteral("moved or removed"));
    }

    void cut()
    {
        QVERIFY(store::Database::open(m_file, store::Database::Mode::ReadWrite, std::chrono::seconds(1))
                    .value()
                    .execute("PRAGMA wal_checkpoint(PASSIVE)"));
        QVERIFY(m_writer->lookAfter()); // it has seen how long the file is
        QFile file(m_file);
        QVERIFY(file.resize(file.size() / 2));
        QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("is damaged: it was cut from")));
        expectAnew(QStringLiteral("was damaged"));
    }

    void logRemoved()
    {
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("nothing is lost")));
        QVERIFY(QFile::remove(m_file + QStringLiteral("-wal")));
        QVERIFY(m_writer->lookAfter());
        QVERIFY(m_anew.isEmpty());
        QCOMPARE(m_mended.size(), 1);
        QCOMPARE(count(), size_t(3000)); // what only the log held is in the file
        QVERIFY(m_writer->write({batch(series(), {candle(sampleStart - std::chrono::minutes(3))})}));
        QCOMPARE(count(), size_t(3001));
        // Another process sees the same.
        store::EmbeddedStore other(m_file);
        QCOMPARE(other.openReader().value()->candles(series(), always, {})->size(), size_t(3001));
    }

    void damageIsFoundWithoutAQuestion()
    {
        QVERIFY(store::Database::open(m_file, store::Database::Mode::ReadWrite, std::chrono::seconds(1))
                    .value()
                    .execute("PRAGMA wal_checkpoint(PASSIVE)"));
        QFile file(m_file);
        QVERIFY(file.open(QIODevice::ReadWrite));
        for (qint64 at = 10 * 4096; at + 4096 <= file.size(); at += 4096) {
            file.seek(at);
            file.write(QByteArray(64, '\x11'));
        }
        file.close();
        const auto inspection = m_store->makeInspection(std::make_shared<SystemClock>(), std::chrono::milliseconds(1));
        QVERIFY(inspection->start());
        QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("set aside as")));
        QVERIFY(QTest::qWaitFor([this] { return m_writer->lookAfter() && !m_anew.isEmpty(); }, 20'000));
        QCOMPARE(m_store->timesSetAside(), 1);
        QCOMPARE(count(), size_t(0));
        inspection->stop();
        // The new file is sound, and stays.
        QVERIFY(m_writer->lookAfter());
        QCOMPARE(m_anew.size(), 1);
    }

    void theLedgerIsRemoved()
    {
        const QString file = m_dir->filePath(QStringLiteral("ledger.sqlite"));
        auto ledger = store::openGapLedger(file).value();
        QVERIFY(ledger->setNote(QStringLiteral("a"), QStringLiteral("b")));
        QCOMPARE(ledger->timesBegunAnew(), 0);
        for (const char *suffix : {"", "-wal", "-shm"})
            QFile::remove(file + QLatin1String(suffix));
        QTest::ignoreMessage(QtCriticalMsg, QRegularExpression(QStringLiteral("The gap ledger: .*removed")));
        QVERIFY(ledger->unsettled()->empty());
        QCOMPARE(ledger->timesBegunAnew(), 1);
        QVERIFY(QFile::exists(file));
        QVERIFY(ledger->setNote(QStringLiteral("a"), QStringLiteral("c")));
        QCOMPARE(ledger->note(QStringLiteral("a")).value(), std::optional(QStringLiteral("c")));
    }

    void theLedgersLogStaysSmall()
    {
        const QString file = m_dir->filePath(QStringLiteral("ledger.sqlite"));
        auto ledger = store::openGapLedger(file).value();
        for (int i = 0; i < 2000; ++i)
            QVERIFY(ledger->setNote(QStringLiteral("alive:binance-usdm"), QString::number(i)));
        QVERIFY2(QFileInfo(file + QStringLiteral("-wal")).size() < 2'000'000,
                 qPrintable(QString::number(QFileInfo(file + QStringLiteral("-wal")).size())));
    }

private:
    size_t count() { return m_reader->candles(series(), always, {})->size(); }
    void expectAnew(const QString &why)
    {
        QVERIFY(m_writer->lookAfter()); // no write was needed
        QCOMPARE(m_anew.size(), 1);
        QVERIFY2(m_anew.front().contains(why), qPrintable(m_anew.front()));
        QCOMPARE(count(), size_t(0));
        QVERIFY(m_writer->write({batch(series(), {candle(sampleStart)})}));
        QCOMPARE(count(), size_t(1));
        QCOMPARE(m_anew.size(), 1);
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_file;
    QStringList m_anew;
    QStringList m_mended;
    std::unique_ptr<store::EmbeddedStore> m_store;
    std::unique_ptr<store::StoreWriter> m_writer;
    std::unique_ptr<store::StoreReader> m_reader;
};

TK_TEST(StoreWatchTest, store_watch);
#include "tst_store_watch.moc"
