#include "base/printable.h"
#include "base/regular_file.h"
#include "support/test_registry.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>

#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace tk;

class RegularFileTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // Each of them would hang or do harm when it is opened as a file.
    void whatIsNoFileIsRefusedAtOnce_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<int>("error");
        QTest::newRow("pipe") << make(QStringLiteral("pipe"), S_IFIFO) << notRegularFile;
        QTest::newRow("socket") << socketFile() << notRegularFile;
        QTest::newRow("folder") << m_dir.path() << EISDIR;
        QTest::newRow("zeros for ever") << QStringLiteral("/dev/zero") << notRegularFile;
        QTest::newRow("terminal") << QStringLiteral("/dev/tty") << notRegularFile;
        QTest::newRow("no file") << m_dir.filePath(QStringLiteral("none")) << ENOENT;
        QTest::newRow("zero byte in the name") << m_dir.path() + QChar(0) + QStringLiteral("x") << EINVAL;
    }
    void whatIsNoFileIsRefusedAtOnce()
    {
        QFETCH(QString, name);
        QFETCH(int, error);
        QCOMPARE(openRegular(name, O_RDONLY, Links::Follow), -error);
        QVERIFY(!readSmallFile(name, 100));
        if (error == ENOENT)
            return;
        for (const int flags : {O_WRONLY, O_RDWR, O_RDWR | O_CREAT | O_TRUNC, O_WRONLY | O_CREAT | O_APPEND})
            QCOMPARE(openRegular(name, flags, Links::Refuse), -error);
        QCOMPARE(openOrCreateRegular(name, 0666), -error);
    }

    void linksAreFollowedForReadingAlone()
    {
        const QString target = write(QStringLiteral("target"), "text");
        const QString link = m_dir.filePath(QStringLiteral("link"));
        QVERIFY(QFile::link(target, link));
        QCOMPARE(readSmallFile(link, 100)->bytes, QByteArray("text"));
        QCOMPARE(openRegular(link, O_RDWR, Links::Refuse), -ELOOP);
        QCOMPARE(openOrCreateRegular(link, 0666), -ELOOP);
        const QString dangling = m_dir.filePath(QStringLiteral("dangling"));
        const QString elsewhere = m_dir.filePath(QStringLiteral("elsewhere"));
        QVERIFY(QFile::link(elsewhere, dangling));
        QCOMPARE(openOrCreateRegular(dangling, 0666), -ELOOP);
        QVERIFY(!QFile::exists(elsewhere)); // nothing was made where the link points
    }

    void aModeIsOfNewFilesAlone()
    {
        const QString mine = m_dir.filePath(QStringLiteral("mine"));
        const int made = openOrCreateRegular(mine, 0666);
        QVERIFY(made >= 0);
        ::close(made);
        QCOMPARE(modeOf(mine), 0666U);
        ::chmod(QFile::encodeName(mine).constData(), 0600);
        const int again = openOrCreateRegular(mine, 0666);
        QVERIFY(again >= 0);
        ::close(again);
        QCOMPARE(modeOf(mine), 0600U);
    }

    void nothingIsReadBeyondTheLimit()
    {
        const QString file = write(QStringLiteral("ten"), "0123456789");
        QCOMPARE(readSmallFile(file, 10)->bytes.size(), 10);
        const auto more = readSmallFile(file, 9);
        QVERIFY(!more && more.error().message.contains(QStringLiteral("larger")));
        QVERIFY(!readSmallFileIfAny(m_dir.filePath(QStringLiteral("none")), 9)->has_value());
        QVERIFY(readSmallFile(QStringLiteral("/proc/self/status"), 1 << 16)->bytes.contains("Name:")); // says size 0
        QCOMPARE(readSmallFile(write(QStringLiteral("empty"), ""), 9)->bytes.size(), 0);
    }

    void aTerminalTakesNoOrdersFromText()
    {
        QCOMPARE(printable(QStringLiteral("a\x1b[31mb")), QStringLiteral("a\\u{1b}[31mb"));
        QCOMPARE(printable(QString::fromUtf8("\u202Egnp\u200B")), QStringLiteral("\\u{202e}gnp\\u{200b}"));
        QCOMPARE(printable(QString(QChar(0x9b))), QStringLiteral("\\u{9b}"));
        const QString plain = QString::fromUtf8("币安人生 ✓ 😀 é");
        QCOMPARE(printable(plain), plain);
    }

    void passwordsInUrlsAreNotShown()
    {
        QCOMPARE(withoutPasswords(QStringLiteral("\"socks5://user:p@ss@h:1\" and http://h/x@y")),
                 QStringLiteral("\"socks5://…@h:1\" and http://h/x@y"));
        QCOMPARE(withoutPasswords(QStringLiteral("me@example.org")), QStringLiteral("me@example.org"));
    }

private:
    QString make(const QString &name, mode_t kind)
    {
        const QString file = m_dir.filePath(name);
        if (::mknod(QFile::encodeName(file).constData(), kind | 0600, 0) != 0)
            qFatal("cannot make a pipe");
        return file;
    }
    QString socketFile()
    {
        const QString file = m_dir.filePath(QStringLiteral("socket"));
        const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        qstrncpy(address.sun_path, QFile::encodeName(file).constData(), sizeof(address.sun_path));
        if (::bind(descriptor, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0)
            qFatal("cannot make a socket");
        ::close(descriptor);
        return file;
    }
    QString write(const QString &name, const QByteArray &text)
    {
        QFile file(m_dir.filePath(name));
        if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size())
            qFatal("cannot write the test's file");
        return file.fileName();
    }
    static unsigned modeOf(const QString &file)
    {
        struct stat status
        {};
        ::stat(QFile::encodeName(file).constData(), &status);
        return status.st_mode & 07777;
    }

    QTemporaryDir m_dir;
};

TK_TEST(RegularFileTest, regular_file);
#include "tst_regular_file.moc"
