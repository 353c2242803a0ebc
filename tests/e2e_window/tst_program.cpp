// The program itself with a window, on a real X server: it starts, a second start raises the first and ends, SIGTERM
// and closing the window end it in order; a first start without a configuration asks how to begin.
#include "support/test_registry.h"

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>

#include <csignal>

namespace tk::test {

namespace {

// Xvfb on a display number that it chooses itself.
class XServer
{
public:
    bool start()
    {
        if (QStandardPaths::findExecutable(QStringLiteral("Xvfb")).isEmpty())
            return false;
        m_process.start(QStringLiteral("Xvfb"),
                        {QStringLiteral("-displayfd"), QStringLiteral("1"), QStringLiteral("-screen"),
                         QStringLiteral("0"), QStringLiteral("1400x900x24"), QStringLiteral("-nolisten"),
                         QStringLiteral("tcp")});
        if (!m_process.waitForStarted())
            return false;
        if (!QTest::qWaitFor([this] { return m_process.canReadLine(); }, 15'000))
            return false;
        m_display = u':' + QString::fromLatin1(m_process.readLine()).trimmed();
        return true;
    }
    ~XServer()
    {
        m_process.terminate();
        m_process.waitForFinished(5'000);
    }
    const QString &display() const { return m_display; }

private:
    QProcess m_process;
    QString m_display;
};

} // namespace

class ProgramTest : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        if (!m_x.start())
            QSKIP("there is no Xvfb");
    }

    void startsOnceAndEndsInOrder()
    {
        Home home;
        QProcess first;
        launch(first, home, {QStringLiteral("--demo"), QStringLiteral("--demo-pairs"), QStringLiteral("12")});
        QByteArray log;
        QVERIFY2(waitFor(first, log, "engine started"), log.constData());
        QProcess second;
        launch(second, home, {QStringLiteral("--demo"), QStringLiteral("--demo-pairs"), QStringLiteral("12")});
        QVERIFY(second.waitForFinished(20'000));
        QCOMPARE(second.exitStatus(), QProcess::NormalExit);
        QCOMPARE(second.exitCode(), 0);
        QVERIFY(!second.readAllStandardError().contains("engine started"));
        QCOMPARE(first.state(), QProcess::Running);
        ::kill(pid_t(first.processId()), SIGTERM);
        QVERIFY(first.waitForFinished(20'000));
        QCOMPARE(first.exitStatus(), QProcess::NormalExit);
        QCOMPARE(first.exitCode(), 0);
    }

    void attachesWhereAnEngineRuns()
    {
        Home home;
        QProcess engine;
        launch(engine, home,
               {QStringLiteral("--no-gui"), QStringLiteral("--demo"), QStringLiteral("--demo-pairs"),
                QStringLiteral("12")});
        QByteArray log;
        QVERIFY2(waitFor(engine, log, "engine started"), log.constData());
        QProcess window;
        launch(window, home, {QStringLiteral("--demo"), QStringLiteral("--demo-pairs"), QStringLiteral("12")});
        log.clear();
        QVERIFY2(waitFor(window, log, "attaching to it"), log.constData());
        ::kill(pid_t(engine.processId()), SIGTERM);
        QVERIFY(engine.waitForFinished(20'000));
        QCOMPARE(engine.exitCode(), 0);
        QCOMPARE(window.state(), QProcess::Running); // says that it is away
        ::kill(pid_t(window.processId()), SIGTERM);
        QVERIFY(window.waitForFinished(20'000));
    }

    void withoutADisplayItSaysSo()
    {
        Home home;
        QProcess program;
        QProcessEnvironment environment = home.environment({});
        environment.remove(QStringLiteral("DISPLAY"));
        environment.remove(QStringLiteral("WAYLAND_DISPLAY"));
        environment.remove(QStringLiteral("QT_QPA_PLATFORM"));
        program.setProcessEnvironment(environment);
        program.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper"), {QStringLiteral("--demo")});
        QVERIFY(program.waitForFinished(20'000));
        QCOMPARE(program.exitCode(), 2);
        QVERIFY(program.readAllStandardError().contains("--no-gui"));
    }

    void aBadConfigurationIsShown()
    {
        Home home;
        QDir().mkpath(home.config() + QStringLiteral("/tapekeeper"));
        QFile file(home.config() + QStringLiteral("/tapekeeper/tapekeeper.toml"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("version = 1\n[engine]\nhttpp = 1\n");
        file.close();
        QProcess program;
        launch(program, home, {});
        QByteArray log;
        QVERIFY2(waitFor(program, log, "httpp"), log.constData());
        QCOMPARE(program.state(), QProcess::Running); // the box waits for somebody to read it
        ::kill(pid_t(program.processId()), SIGKILL);
        program.waitForFinished(5'000);
    }

private:
    class Home
    {
    public:
        QString config() const { return m_folder.filePath(QStringLiteral("config")); }
        QString data() const { return m_folder.filePath(QStringLiteral("home/.local/share")); }
        QProcessEnvironment environment(const QString &display) const
        {
            for (const char *name : {"config", "home", "run"})
                QDir().mkpath(m_folder.filePath(QLatin1String(name)));
            QFile::setPermissions(m_folder.filePath(QStringLiteral("run")),
                                  QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
            QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
            environment.insert(QStringLiteral("HOME"), m_folder.filePath(QStringLiteral("home")));
            environment.insert(QStringLiteral("XDG_CONFIG_HOME"), config());
            environment.insert(QStringLiteral("XDG_RUNTIME_DIR"), m_folder.filePath(QStringLiteral("run")));
            environment.remove(QStringLiteral("WAYLAND_DISPLAY"));
            environment.remove(QStringLiteral("QT_QPA_PLATFORM"));
            environment.insert(QStringLiteral("DISPLAY"), display);
            return environment;
        }

    private:
        QTemporaryDir m_folder;
    };

    void launch(QProcess &process, const Home &home, const QStringList &arguments)
    {
        process.setProcessEnvironment(home.environment(m_x.display()));
        process.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper"), arguments);
    }

    static bool waitFor(QProcess &process, QByteArray &log, const QByteArray &text)
    {
        return QTest::qWaitFor(
            [&] {
                log += process.readAllStandardError();
                return log.contains(text);
            },
            30'000);
    }

    XServer m_x;
};

} // namespace tk::test

TK_TEST(tk::test::ProgramTest, program);
#include "tst_program.moc"
