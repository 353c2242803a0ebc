#include "runtime/sd_notify.h"
#include "support/test_registry.h"

#include <QFile>
#include <QTemporaryDir>

#include <cstddef>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace tk::runtime;

namespace {

// The service manager's end.
class Manager
{
public:
    explicit Manager(const QByteArray &name)
        : m_descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        std::copy(name.begin(), name.end(), address.sun_path);
        if (name.startsWith('@'))
            address.sun_path[0] = '\0';
        m_bound = ::bind(m_descriptor, reinterpret_cast<const sockaddr *>(&address),
                         socklen_t(offsetof(sockaddr_un, sun_path) + size_t(name.size()))) == 0;
    }
    ~Manager() { ::close(m_descriptor); }

    bool isBound() const { return m_bound; }
    QByteArray take()
    {
        QByteArray message(4096, '\0');
        const ssize_t size = ::recv(m_descriptor, message.data(), size_t(message.size()), MSG_DONTWAIT);
        return size < 0 ? QByteArray("nothing") : message.left(qsizetype(size));
    }

private:
    int m_descriptor;
    bool m_bound = false;
};

} // namespace

class SdNotifyTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void tells_data()
    {
        QTest::addColumn<QByteArray>("name");
        QTest::newRow("path") << QFile::encodeName(m_dir.filePath(QStringLiteral("notify")));
        QTest::newRow("abstract") << QByteArray("@tapekeeper-test-" + QByteArray::number(::getpid()));
    }
    void tells()
    {
        QFETCH(QByteArray, name);
        Manager manager(name);
        QVERIFY(manager.isBound());
        SdNotify notify(name, {}, {});
        QVERIFY(notify.isActive());
        notify.ready(QStringLiteral("164 pairs\nREADY=0"));
        QCOMPARE(manager.take(), QByteArray("READY=1\nSTATUS=164 pairs READY=0"));
        notify.status(QStringLiteral("✓"));
        QCOMPARE(manager.take(), QByteArray("STATUS=\xe2\x9c\x93"));
        notify.reloading();
        const QByteArray reloading = manager.take();
        QVERIFY(reloading.startsWith("RELOADING=1\nMONOTONIC_USEC="));
        QVERIFY(reloading.mid(reloading.lastIndexOf('=') + 1).toLongLong() > 0);
        notify.stopping(QStringLiteral("bye"));
        QCOMPARE(manager.take(), QByteArray("STOPPING=1\nSTATUS=bye"));
        notify.watchdog();
        QCOMPARE(manager.take(), QByteArray("WATCHDOG=1"));
        QCOMPARE(manager.take(), QByteArray("nothing"));
    }

    void silentWithoutAManager()
    {
        SdNotify none({}, {}, {});
        QVERIFY(!none.isActive());
        none.ready({});
        none.watchdog();
        SdNotify odd("relative/path", {}, {});
        QVERIFY(!odd.isActive());
        SdNotify gone(QFile::encodeName(m_dir.filePath(QStringLiteral("gone"))), {}, {});
        gone.ready({}); // nobody listens: not our problem
    }

    void watchdogIsForThisProcessOnly()
    {
        const QByteArray name = QFile::encodeName(m_dir.filePath(QStringLiteral("watchdog")));
        QVERIFY(!SdNotify(name, {}, {}).watchdogInterval());
        QCOMPARE(SdNotify(name, "60000000", {}).watchdogInterval(), std::optional(std::chrono::milliseconds(30'000)));
        QVERIFY(SdNotify(name, "60000000", QByteArray::number(::getpid())).watchdogInterval());
        QVERIFY(!SdNotify(name, "60000000", "1").watchdogInterval());
    }

private:
    QTemporaryDir m_dir;
};

TK_TEST(SdNotifyTest, sd_notify);
#include "tst_sd_notify.moc"
