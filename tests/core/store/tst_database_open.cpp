// What opening a database must not do.
#include "store/embedded/sqlite.h"
#include "support/test_registry.h"

#include <QFile>
#include <QTemporaryDir>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace tk;
using namespace tk::store;
using namespace std::chrono_literals;

class DatabaseOpenTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // Closing a file ends all locks that the process has on it: one careless look would leave a store without its lock.
    void anotherConnectionKeepsItsLocks()
    {
        const QTemporaryDir dir;
        const QString file = dir.filePath(QStringLiteral("a.sqlite"));
        auto first = Database::open(file, Database::Mode::ReadWrite, 0ms);
        QVERIFY(first);
        QVERIFY(first.value().execute("PRAGMA journal_mode=WAL;CREATE TABLE t (x);INSERT INTO t VALUES (1);"));
        QVERIFY(isLocked(file));
        const auto second = Database::open(file, Database::Mode::ReadOnly, 0ms);
        QVERIFY(second);
        QVERIFY(isLocked(file));
    }

    void aPipeIsRefusedAtOnce()
    {
        const QTemporaryDir dir;
        const QString pipe = dir.filePath(QStringLiteral("pipe"));
        QCOMPARE(::mkfifo(QFile::encodeName(pipe).constData(), 0600), 0);
        const auto opened = Database::open(pipe, Database::Mode::ReadWrite, 0ms);
        QVERIFY(!opened && opened.error().message.contains(QStringLiteral("pipe")));
    }

private:
    // Asked by another process, which alone can tell.
    static bool isLocked(const QString &file)
    {
        const QByteArray name = QFile::encodeName(file);
        const pid_t child = ::fork();
        if (child == 0) {
            struct flock lock = {};
            lock.l_type = F_WRLCK;
            lock.l_whence = SEEK_SET;
            const int descriptor = ::open(name.constData(), O_RDWR);
            ::_exit(::fcntl(descriptor, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? 0 : 1);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        return status == 0;
    }
};

TK_TEST(DatabaseOpenTest, database_open);
#include "tst_database_open.moc"
