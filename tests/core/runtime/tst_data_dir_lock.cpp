#include "runtime/data_dir_lock.h"
#include "support/test_registry.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>

#include <cstdio>
#include <optional>

using namespace tk;
using namespace tk::runtime;

class DataDirLockTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // The other process: this very test, told so by the environment.
    void holdsUntilKilled()
    {
        const QString folder = qEnvironmentVariable("TAPEKEEPER_TEST_LOCK_FOLDER");
        if (folder.isEmpty())
            QSKIP("the child's part");
        const auto lock = DataDirLock::acquire(folder);
        QVERIFY(lock);
        std::fputs("LOCKED\n", stdout);
        std::fflush(stdout);
        QTest::qWait(60'000);
    }

    void oneAtATime()
    {
        const QTemporaryDir dir;
        const QString folder = dir.filePath(QStringLiteral("new/folder"));
        {
            const auto first = DataDirLock::acquire(folder);
            QVERIFY(first);
            const auto second = DataDirLock::acquire(folder);
            QVERIFY(!second);
            QVERIFY2(
                second.error().message.contains(QStringLiteral("process %1").arg(QCoreApplication::applicationPid())),
                qPrintable(second.error().message));
            QVERIFY(second.error().message.contains(QStringLiteral("data_dir")));
        }
        QVERIFY(DataDirLock::acquire(folder));
    }

    void theFolderIsNobodyElsesBusiness()
    {
        const QTemporaryDir dir;
        const auto others = [](const QString &name) { return QFile::permissions(name) & QFile::Permissions(0x0077); };
        const QString made = dir.filePath(QStringLiteral("new/folder"));
        QVERIFY(DataDirLock::acquire(made));
        QVERIFY(!others(made) && !others(made + QStringLiteral("/lock")));
        // One of an earlier version was open to everybody; the group may be somebody's wish.
        QVERIFY(QFile::setPermissions(made, QFile::Permissions(0x7755)));
        QVERIFY(DataDirLock::acquire(made));
        QCOMPARE(QFile::permissions(made) & QFile::Permissions(0x0077), QFile::Permissions(0x0050));
        // One that holds other things is not ours to close.
        const QString shared = dir.filePath(QStringLiteral("shared"));
        QVERIFY(QDir().mkpath(shared + QStringLiteral("/website")));
        QVERIFY(QFile::setPermissions(shared, QFile::Permissions(0x7755)));
        QVERIFY(DataDirLock::acquire(shared));
        QVERIFY(others(shared) == QFile::Permissions(0x0055));
    }

    void aPlantedLinkIsRefused()
    {
        const QTemporaryDir dir;
        const QString target = dir.filePath(QStringLiteral("target"));
        QVERIFY(QFile::link(target, dir.filePath(QStringLiteral("lock"))));
        QVERIFY(!DataDirLock::acquire(dir.path()));
        QVERIFY(!QFile::exists(target));
    }

    void movingKeepsIt()
    {
        const QTemporaryDir dir;
        std::optional<DataDirLock> kept;
        {
            auto lock = DataDirLock::acquire(dir.path());
            QVERIFY(lock);
            kept.emplace(std::move(lock).value());
        }
        QVERIFY(!DataDirLock::acquire(dir.path()));
        kept.reset();
        QVERIFY(DataDirLock::acquire(dir.path()));
    }

    void aKilledOwnerLeavesItFree()
    {
        if (!qEnvironmentVariableIsEmpty("TAPEKEEPER_TEST_LOCK_FOLDER"))
            QSKIP("the parent's part");
        const QTemporaryDir dir;
        QProcess child;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("TAPEKEEPER_TEST_LOCK_FOLDER"), dir.path());
        child.setProcessEnvironment(environment);
        child.start(QCoreApplication::applicationFilePath(),
                    {QStringLiteral("data_dir_lock"), QStringLiteral("holdsUntilKilled")});
        QByteArray said;
        while (!said.contains("LOCKED")) {
            QVERIFY(child.waitForReadyRead(20'000));
            said += child.readAllStandardOutput();
        }
        const auto refused = DataDirLock::acquire(dir.path());
        QVERIFY(!refused);
        QVERIFY(refused.error().message.contains(QStringLiteral("process %1").arg(child.processId())));
        child.kill();
        QVERIFY(child.waitForFinished());
        QVERIFY(DataDirLock::acquire(dir.path()));
    }

    void anImpossibleFolderIsExplained()
    {
        const QTemporaryDir dir;
        QFile file(dir.filePath(QStringLiteral("file")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        const auto lock = DataDirLock::acquire(dir.filePath(QStringLiteral("file/folder")));
        QVERIFY(!lock);
        QVERIFY(lock.error().kind == Error::Kind::Storage);
    }
};

TK_TEST(DataDirLockTest, data_dir_lock);
#include "tst_data_dir_lock.moc"
