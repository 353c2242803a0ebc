#include "samples.h"
#include "store/embedded/database_file.h"
#include "store/embedded/embedded_store.h"
#include "support/test_registry.h"

#include <QCoreApplication>
#include <QProcess>
#include <QTemporaryDir>

#include <cstdio>

using namespace tk;
using namespace tk::test;

// kill -9 of a process that writes: what it was told is stored is there, and the file is whole.
class StoreCrashTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // The other process: this very test, told so by the environment.
    void writesUntilKilled()
    {
        const QString folder = qEnvironmentVariable("TAPEKEEPER_TEST_CRASH_FOLDER");
        if (folder.isEmpty())
            QSKIP("the child's part");
        store::EmbeddedStore store(store::EmbeddedStore::fileIn(folder));
        const auto writer = store.openWriter().value();
        for (int i = 0;; ++i) {
            const auto some = candles(Timeframe::M1, sampleStart + std::chrono::minutes(20 * i), 20);
            QVERIFY(writer->write({batch(series(Timeframe::M1), some)}));
            QVERIFY(writer->sync());
            std::fprintf(stdout, "SYNCED %d\n", i);
            std::fflush(stdout);
        }
    }

    void keepsWhatWasSynced_data()
    {
        QTest::addColumn<int>("after");
        for (const int after : {1, 7, 60, 200})
            QTest::addRow("after %d writes", after) << after;
    }
    void keepsWhatWasSynced()
    {
        QFETCH(int, after);
        if (!qEnvironmentVariableIsEmpty("TAPEKEEPER_TEST_CRASH_FOLDER"))
            QSKIP("the parent's part");
        const QTemporaryDir dir;
        QProcess child;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("TAPEKEEPER_TEST_CRASH_FOLDER"), dir.path());
        child.setProcessEnvironment(environment);
        child.start(QCoreApplication::applicationFilePath(),
                    {QStringLiteral("store_crash"), QStringLiteral("writesUntilKilled")});
        int synced = -1;
        while (synced + 1 < after) {
            QVERIFY2(child.waitForReadyRead(20'000), "the child went quiet");
            synced = std::max(synced, newest(child));
        }
        { // a reader of another process, beside the one that writes
            store::EmbeddedStore beside(store::EmbeddedStore::fileIn(dir.path()));
            const auto reader = beside.openReader();
            QVERIFY2(reader, reader ? "" : qPrintable(reader.error().message));
            QVERIFY(reader.value()->candles(series(Timeframe::M1), always, {})->size() >= size_t(20 * (synced + 1)));
        }
        child.kill();
        QVERIFY(child.waitForFinished());
        synced = std::max(synced, newest(child));

        const QString file = store::EmbeddedStore::fileIn(dir.path());
        {
            auto database =
                store::Database::open(file, store::Database::Mode::ReadWrite, std::chrono::seconds(5)).value();
            QCOMPARE(store::quickCheck(database).value(), QStringLiteral("ok"));
        }
        store::EmbeddedStore store(file);
        const auto writer = store.openWriter();
        QVERIFY(writer);
        QCOMPARE(store.timesSetAside(), 0);
        const UtcTime end = sampleStart + std::chrono::minutes(20 * (synced + 1));
        QVERIFY(store.openReader().value()->holes(series(Timeframe::M1), {sampleStart, end}).value().empty());
    }

private:
    static int newest(QProcess &child)
    {
        int number = -1;
        for (const QByteArray &line : child.readAllStandardOutput().split('\n')) {
            if (line.startsWith("SYNCED "))
                number = std::max(number, line.mid(7).toInt());
        }
        return number;
    }
};

TK_TEST(StoreCrashTest, store_crash);
#include "tst_store_crash.moc"
