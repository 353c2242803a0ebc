// Secrets through a real keyring of the desktop: a private message bus with gnome-keyring on it.
#include "ui/support/keyring.h"

#include "support/test_registry.h"

#include <QFile>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>

using namespace tk;
using namespace tk::ui;

class KeyringTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (!Keyring::isBuiltIn())
            QSKIP("built without QtKeychain");
        for (const char *program : {"dbus-daemon", "gnome-keyring-daemon"}) {
            if (QStandardPaths::findExecutable(QLatin1String(program)).isEmpty())
                QSKIP(program);
        }
    }

    void withoutABusItSaysSo()
    {
        qputenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/at/all");
        const auto status = write(QStringLiteral("token"), QStringLiteral("lost"));
        QVERIFY(!status);
        QVERIFY(status.error().message.contains(QStringLiteral("keyring")));
    }

    void startsAKeyring()
    {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        for (const char *name : {"HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME"})
            environment.insert(QLatin1String(name), m_folder.path());
        m_bus.setProcessEnvironment(environment);
        m_bus.start(QStringLiteral("dbus-daemon"), {QStringLiteral("--config-file=") + busConfiguration(),
                                                    QStringLiteral("--nofork"), QStringLiteral("--print-address")});
        QVERIFY(QTest::qWaitFor([this] { return m_bus.canReadLine(); }, 10'000));
        const QByteArray address = m_bus.readLine().trimmed();
        qputenv("DBUS_SESSION_BUS_ADDRESS", address);
        environment.insert(QStringLiteral("DBUS_SESSION_BUS_ADDRESS"), QString::fromLatin1(address));
        m_keyring.setProcessEnvironment(environment);
        m_keyring.start(
            QStringLiteral("gnome-keyring-daemon"),
            {QStringLiteral("--foreground"), QStringLiteral("--unlock"), QStringLiteral("--components=secrets")});
        QVERIFY(m_keyring.waitForStarted());
        m_keyring.write("only for this test\n");
        m_keyring.closeWriteChannel();
        // It is there when it takes something.
        QVERIFY2(QTest::qWaitFor(
                     [this] {
                         if (m_keyring.state() == QProcess::NotRunning)
                             return true;
                         return bool(write(QStringLiteral("token"), QStringLiteral("first")));
                     },
                     20'000),
                 m_keyring.readAllStandardError().constData());
        if (m_keyring.state() == QProcess::NotRunning)
            QSKIP("gnome-keyring does not run here");
    }
    void cleanupTestCase()
    {
        for (QProcess *process : {&m_keyring, &m_bus}) {
            process->terminate();
            if (process->state() != QProcess::NotRunning && !process->waitForFinished(5'000))
                process->kill();
            process->waitForFinished(5'000);
        }
    }

    void keepsSecretsApart()
    {
        if (m_keyring.state() != QProcess::Running)
            QSKIP("there is no keyring");
        QVERIFY(write(QStringLiteral("token"), QStringLiteral("s3cret \"quoted\" ü")));
        QVERIFY(write(QStringLiteral("password"), QStringLiteral("other")));
        QCOMPARE(read(QStringLiteral("token")), QStringLiteral("s3cret \"quoted\" ü"));
        QCOMPARE(read(QStringLiteral("password")), QStringLiteral("other"));
        m_place = QStringLiteral("/another/folder");
        QCOMPARE(read(QStringLiteral("token")), QString()); // another engine's is not ours
    }

private:
    /** A bus that starts nobody: the desktop's own configuration starts a second keyring, a locked one, for whoever
       asks before ours has its name, and then ours goes away ("another secret service is running"). */
    QString busConfiguration() const
    {
        QFile file(m_folder.filePath(QStringLiteral("bus.conf")));
        if (!file.open(QIODevice::WriteOnly))
            return {};
        file.write("<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
                   " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
                   "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>\n"
                   "<policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\n"
                   "<allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>\n");
        return file.fileName();
    }

    Status write(const QString &name, const QString &value)
    {
        std::optional<Status> told;
        Keyring(m_place).write(name, value, this, [&](const Status &status) { told = status; });
        if (!QTest::qWaitFor([&] { return told.has_value(); }, 20'000))
            return Error{Error::Kind::Timeout, QStringLiteral("the keyring does not answer")};
        return *told;
    }
    QString read(const QString &name)
    {
        std::optional<Result<QString>> told;
        Keyring(m_place).read(name, this, [&](const Result<QString> &secret) { told = secret; });
        if (!QTest::qWaitFor([&] { return told.has_value(); }, 20'000) || !*told)
            return QStringLiteral("no answer");
        return told->value();
    }

    QString m_place = QStringLiteral("/data/tapekeeper");
    QTemporaryDir m_folder;
    QProcess m_bus;
    QProcess m_keyring;
};

TK_TEST(KeyringTest, keyring);
#include "tst_keyring.moc"
