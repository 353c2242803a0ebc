// Deployments to real hosts: good ones, and all that can be wrong with a version, a disk and a connection. A version is
// a small script here; after each failure the version before runs with its own configuration.
#include "lab_rig.h"
#include "remote/deploy.h"
#include "support/test_registry.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QSignalSpy>

#include <csignal>

#include <fcntl.h>
#include <unistd.h>

using namespace tk;
using namespace tk::remote;
using namespace std::chrono_literals;

namespace {

const QStringList names{QStringLiteral("tk-dep1"), QStringLiteral("tk-dep2")};
const QString &host = names[0];
const QString folder = QStringLiteral("/opt/tk");

// What a version does when it is started.
QByteArray version(const QByteArray &name, const QByteArray &work)
{
    return "#!/bin/sh\ncase $1 in --version) echo tapekeeper " + name +
           "; exit;; check) ! grep -n bad $3; exit;; esac\necho " + name + " starts with $(cat $3)\n" + work +
           "\nexec sleep infinity\n";
}
const QByteArray beats = "sleep 0.2; echo Heartbeat OK";

} // namespace

class DeployLabTest : public QObject
{
    Q_OBJECT

    test::LabRig m_lab;
    QTemporaryDir m_files;
    int m_number = 0;

    QString said(const QString &command, const QString &on = host)
    {
        return QString::fromUtf8(m_lab.asRoot(on, command)).trimmed();
    }
    QString write(const QByteArray &content)
    {
        QFile file(m_files.filePath(QString::number(++m_number)));
        return file.open(QIODevice::WriteOnly) && file.write(content) == content.size() ? file.fileName() : QString();
    }
    static DeployPlan plan()
    {
        return {.folder = folder,
                .unit = QStringLiteral("tapekeeper.service"),
                .heartbeat = QStringLiteral("^Heartbeat OK"),
                .within = 5s,
                .hold = 2s};
    }
    std::unique_ptr<Deployment> make(const DeployPlan &how = plan())
    {
        const config::HostSettings settings = m_lab.settings(host);
        return std::make_unique<Deployment>(how, *SshTarget::of(settings), m_lab.socket(host));
    }
    // To its end; `onStep` is called with each step's name.
    std::unique_ptr<Deployment> deploy(const QByteArray &program, const QByteArray &configuration = {},
                                       const std::function<void(const QString &)> &onStep = {},
                                       const DeployPlan &how = plan())
    {
        auto deployment = make(how);
        if (onStep)
            connect(deployment.get(), &Deployment::stepped, this, [&](const CheckStep &step) { onStep(step.name); });
        QSignalSpy finished(deployment.get(), &Deployment::finished);
        deployment->start(write(program), configuration.isEmpty() ? QString() : write(configuration));
        return QTest::qWaitFor([&] { return finished.count() == 1; }, 90'000) ? std::move(deployment) : nullptr;
    }

    QString invocation() { return said(QStringLiteral("systemctl show -P InvocationID tapekeeper")); }
    QString lastStart() // of what runs now
    {
        return said(QStringLiteral("journalctl -q -o cat _SYSTEMD_INVOCATION_ID=%1 | grep starts").arg(invocation()));
    }
    // Nothing half done is left, and the unit stands.
    QString leftovers()
    {
        return said(
            QStringLiteral("cd /opt/tk; ls -d releases/.new-* .current-new packages/new.deb 2>/dev/null; flock -n "
                           ".lock true || echo locked; systemctl is-active tapekeeper | grep -v '^active'"));
    }
    // As a network that goes away; the next attempt finds it again.
    void loseConnection()
    {
        for (const QString &pid : QDir(QStringLiteral("/proc")).entryList({QStringLiteral("[0-9]*")}, QDir::Dirs)) {
            QFile file(QStringLiteral("/proc/%1/cmdline").arg(pid));
            if (!file.open(QIODevice::ReadOnly))
                continue;
            const QByteArray line = file.readAll();
            if (line.contains("ControlMaster=yes") && line.contains(m_lab.sockets().toUtf8()))
                ::kill(pid_t(pid.toInt()), SIGKILL);
        }
    }
    QProcessEnvironment environment() const
    {
        QProcessEnvironment all = QProcessEnvironment::systemEnvironment();
        all.insert(QStringLiteral("TMPDIR"), m_files.path()); // of its sockets
        return all;
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (const QString why = m_lab.start(names); !why.isEmpty())
            QSKIP(qPrintable(why));
        for (const QString &name : names) {
            m_lab.write(
                name, QStringLiteral("/etc/systemd/system/tapekeeper.service"),
                "[Unit]\nStartLimitIntervalSec=0\n[Service]\nUser=freqai\nExecStart=/opt/tk/current/tapekeeper "
                "--no-gui --config /opt/tk/current/tapekeeper.toml\nRestart=always\nRestartSec=300ms\n[Install]\n"
                "WantedBy=multi-user.target\n");
            said(QStringLiteral("systemctl daemon-reload"), name);
        }
    }
    void cleanup()
    {
        QTRY_COMPARE(m_lab.leftProcesses(), QStringList());
        QCOMPARE(QDir(m_lab.sockets()).entryList(QDir::AllEntries | QDir::System | QDir::NoDotAndDotDot),
                 QStringList());
    }
    void cleanupTestCase() { m_lab.stop(); }

    void whatCannotGoWellIsRefusedAtOnce()
    {
        const auto refused = [this](const DeployPlan &how) {
            const auto done = deploy(version("v0", beats), {}, {}, how);
            return done && done->end() == DeployEnd::Unchanged ? done->verdict() : QStringLiteral("not refused");
        };
        QVERIFY2(refused(plan()).contains(QStringLiteral("cannot be made or written by freqai")),
                 qPrintable(refused(plan())));
        for (const QString &name : names)
            said(QStringLiteral(
                     "mkdir -p /opt/tk && mount -t tmpfs -o size=24m,mode=755,uid=$(id -u freqai) none /opt/tk"),
                 name);
        DeployPlan other = plan();
        other.unit = QStringLiteral("no-such.service");
        QVERIFY2(refused(other).contains(QStringLiteral("there is no unit no-such.service")),
                 qPrintable(refused(other)));
        other.unit = QStringLiteral("ssh.service");
        QVERIFY2(refused(other).contains(QStringLiteral("does not start /opt/tk/current/tapekeeper")),
                 qPrintable(refused(other)));
        const QString rule = m_lab.root(host) + QStringLiteral("/etc/sudoers.d/freqai");
        QVERIFY(QFile::rename(rule, rule + QStringLiteral(".off")));
        const QString without = refused(plan());
        QVERIFY(QFile::rename(rule + QStringLiteral(".off"), rule));
        QVERIFY2(without.contains(QStringLiteral("NOPASSWD: /usr/bin/systemctl restart tapekeeper.service")),
                 qPrintable(without));
    }

    void theFirstVersion()
    {
        // Nothing was there to go back to: it is stopped, and nothing of it stays.
        auto done = deploy(version("v0", "exit 1"), "answer = 0\n");
        QVERIFY(done && done->end() == DeployEnd::RolledBack);
        QVERIFY2(done->verdict().contains(QStringLiteral("no version before")), qPrintable(done->verdict()));
        QCOMPARE(said(QStringLiteral("systemctl is-active tapekeeper; ls /opt/tk/current /opt/tk/releases")),
                 QStringLiteral("inactive\nls: cannot access '/opt/tk/current': No such file or directory\n"
                                "/opt/tk/releases:"));

        done = deploy(version("v1", beats), "answer = 1\n");
        QVERIFY(done);
        QVERIFY2(done->end() == DeployEnd::Done, qPrintable(done->verdict()));
        QStringList steps;
        for (const CheckStep &step : done->steps()) {
            steps.append(step.name);
            QVERIFY(step.state == CheckStep::State::Good);
        }
        QCOMPARE(steps.join(u' '), QStringLiteral("look space upload checksum check switch heartbeat hold"));
        QCOMPARE(lastStart(), QStringLiteral("v1 starts with answer = 1"));
        QCOMPARE(leftovers(), QString());
    }

    void theNextVersionTakesTheConfigurationOver()
    {
        const auto done = deploy(version("v2", beats));
        QVERIFY2(done && done->end() == DeployEnd::Done, done ? qPrintable(done->verdict()) : "");
        QCOMPARE(lastStart(), QStringLiteral("v2 starts with answer = 1"));
        QCOMPARE(said(QStringLiteral("ls /opt/tk/releases | wc -l")), QStringLiteral("2"));
    }

    void aVersionThatIsNotWellGoesBack_data()
    {
        QTest::addColumn<QByteArray>("work");
        QTest::addColumn<QString>("step");
        QTest::addColumn<QString>("why");
        QTest::newRow("does not start") << QByteArray("echo cannot open the spool >&2; exit 3")
                                        << QStringLiteral("heartbeat") << QStringLiteral("it ended");
        QTest::newRow("never says a word")
            << QByteArray(":") << QStringLiteral("heartbeat") << QStringLiteral("no heartbeat within 5 s");
        QTest::newRow("crashes after the heartbeat")
            << QByteArray(beats + "; sleep 1; kill -SEGV $$") << QStringLiteral("hold") << QStringLiteral("it ended");
    }
    void aVersionThatIsNotWellGoesBack()
    {
        QFETCH(QByteArray, work);
        QFETCH(QString, step);
        QFETCH(QString, why);
        const QString current = said(QStringLiteral("readlink /opt/tk/current"));
        const auto done = deploy(version("v3", work), "answer = 3\n");
        QVERIFY(done);
        QVERIFY2(done->end() == DeployEnd::RolledBack, qPrintable(done->verdict()));
        QVERIFY2(done->verdict().contains(why), qPrintable(done->verdict()));
        const auto failed = std::ranges::find(done->steps(), CheckStep::State::Bad, &CheckStep::state);
        QVERIFY(failed != done->steps().end() && failed->name == step);
        QVERIFY2(done->verdict().contains(current.section(u'/', 1) + QStringLiteral(" runs again")),
                 qPrintable(done->verdict()));
        QVERIFY2(done->journal().join(u'\n').contains(QStringLiteral("v3 starts with answer = 3")),
                 qPrintable(done->journal().join(u'\n')));
        QCOMPARE(said(QStringLiteral("readlink /opt/tk/current")), current);
        QCOMPARE(lastStart(), QStringLiteral("v2 starts with answer = 1"));
        QCOMPARE(leftovers(), QString());
        QCOMPARE(said(QStringLiteral("ls /opt/tk/releases | wc -l")), QStringLiteral("2"));
    }

    void whatArrivesDamagedIsNotTaken()
    {
        const QString before = invocation();
        const auto done = deploy(version("v4", beats), "answer = 4\n", [this](const QString &step) {
            if (step == QLatin1String("upload"))
                said(QStringLiteral("sed -i s/Heartbeat/Heartache/ /opt/tk/releases/.new-*/tapekeeper"));
        });
        QVERIFY(done && done->end() == DeployEnd::Unchanged);
        QVERIFY2(done->verdict().contains(QStringLiteral("not what was sent")), qPrintable(done->verdict()));
        QCOMPARE(leftovers(), QString());
        QCOMPARE(invocation(), before); // it was not even restarted
    }

    void aConfigurationThatTheNewVersionDoesNotTake()
    {
        const QString before = invocation();
        const auto done = deploy(version("v5", beats), "fine = 1\nbad = 2\n");
        QVERIFY(done && done->end() == DeployEnd::Unchanged);
        QVERIFY2(done->verdict().contains(QStringLiteral("2:bad = 2")), qPrintable(done->verdict()));
        QCOMPARE(leftovers(), QString());
        QCOMPARE(invocation(), before);
    }

    void aFullDiskChangesNothing_data()
    {
        QTest::addColumn<QString>("fillAt");
        QTest::addColumn<QString>("why");
        QTest::newRow("before") << QStringLiteral("start") << QStringLiteral("are needed");
        QTest::newRow("in the midst of it") << QStringLiteral("space") << QStringLiteral("No space left on device");
        QTest::newRow("when everything is there") << QStringLiteral("check") << QStringLiteral("did not begin");
    }
    void aFullDiskChangesNothing()
    {
        QFETCH(QString, fillAt);
        QFETCH(QString, why);
        const QString before = invocation();
        const auto fill = [&](const QString &step) {
            // The log of before would make room for the next one.
            if (step == fillAt)
                said(QStringLiteral("rm -f /opt/tk/deploy.log; cat /dev/zero >/opt/tk/full"));
        };
        fill(QStringLiteral("start"));
        const auto done = deploy(version("v6", beats) + QByteArray(4 << 20, '#') + '\n', "answer = 6\n", fill);
        said(QStringLiteral("rm -f /opt/tk/full"));
        QVERIFY(done);
        QVERIFY2(done->end() == DeployEnd::Unchanged, qPrintable(done->verdict()));
        QVERIFY2(done->verdict().contains(why), qPrintable(done->verdict()));
        QCOMPARE(leftovers(), QString());
        QCOMPARE(invocation(), before);
        QCOMPARE(said(QStringLiteral("ls /opt/tk/releases | wc -l")), QStringLiteral("2"));
    }

    void aConnectionThatIsLostWhileFilesAreSent()
    {
        const QString before = invocation();
        auto deployment = make();
        bool lost = false;
        connect(deployment.get(), &Deployment::progressed, this, [&] {
            if (!std::exchange(lost, true))
                loseConnection();
        });
        QSignalSpy finished(deployment.get(), &Deployment::finished);
        deployment->start(write(version("v7", beats) + QByteArray(8 << 20, '#') + '\n'));
        QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, 60'000);
        QVERIFY(lost);
        QVERIFY2(deployment->end() == DeployEnd::Unchanged, qPrintable(deployment->verdict()));
        QTRY_COMPARE_WITH_TIMEOUT(leftovers(), QString(), 15'000);
        QCOMPARE(invocation(), before);
    }

    // The host decides alone: it goes back although nobody is there to tell it, and says so to who asks again.
    void aConnectionThatIsLostAfterTheSwitch()
    {
        int losses = 0;
        const auto done = deploy(version("v8", ":"), "answer = 8\n", [&](const QString &step) {
            if (step == QLatin1String("switch") && ++losses == 1)
                loseConnection();
        });
        QVERIFY(done && losses == 1);
        QVERIFY2(done->end() == DeployEnd::RolledBack, qPrintable(done->verdict()));
        QCOMPARE(lastStart(), QStringLiteral("v2 starts with answer = 1"));
        QCOMPARE(leftovers(), QString());
    }

    void aProgramThatIsGoneAfterTheSwitch()
    {
        const QString before = invocation();
        {
            auto deployment = make();
            QSignalSpy stepped(deployment.get(), &Deployment::stepped);
            deployment->start(write(version("v9", ":")), write("answer = 9\n"));
            QTRY_COMPARE_WITH_TIMEOUT(stepped.count(), 6, 30'000); // the switch
        }
        QTRY_VERIFY_WITH_TIMEOUT(said(QStringLiteral("tail -n 1 /opt/tk/deploy.log")).startsWith(QLatin1String("end")),
                                 60'000);
        QVERIFY(said(QStringLiteral("tail -n 1 /opt/tk/deploy.log")).contains(QStringLiteral("rolled-back")));
        QCOMPARE(lastStart(), QStringLiteral("v2 starts with answer = 1"));
        QTRY_COMPARE_WITH_TIMEOUT(leftovers(), QString(), 10'000);
        QVERIFY(invocation() != before);
    }

    void twoAtOnceTakeTurns()
    {
        auto first = make();
        QSignalSpy stepped(first.get(), &Deployment::stepped);
        QSignalSpy finished(first.get(), &Deployment::finished);
        first->start(write(version("v10", beats)));
        QTRY_COMPARE_WITH_TIMEOUT(stepped.count(), 6, 30'000);
        Deployment second(plan(), *SshTarget::of(m_lab.settings(host)), m_lab.socket(QStringLiteral("second")));
        QSignalSpy refused(&second, &Deployment::finished);
        second.start(write(version("v11", beats)));
        QTRY_COMPARE_WITH_TIMEOUT(refused.count(), 1, 30'000);
        QVERIFY2(second.verdict().contains(QStringLiteral("another deployment")), qPrintable(second.verdict()));
        QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, 30'000);
        QVERIFY2(first->end() == DeployEnd::Done, qPrintable(first->verdict()));
    }

    void threeReleasesAreKept()
    {
        for (const char *name : {"v12", "v13"}) {
            const auto done = deploy(version(name, beats));
            QVERIFY2(done && done->end() == DeployEnd::Done, done ? qPrintable(done->verdict()) : "");
        }
        QCOMPARE(said(QStringLiteral("cat /opt/tk/releases/*/tapekeeper | grep -o 'tapekeeper v[0-9]*'")),
                 QStringLiteral("tapekeeper v10\ntapekeeper v12\ntapekeeper v13"));
        QCOMPARE(said(QStringLiteral("cat /opt/tk/current/tapekeeper | grep -o 'tapekeeper v[0-9]*'")),
                 QStringLiteral("tapekeeper v13"));
    }

    void whenTheVersionBeforeIsNotWellEither()
    {
        said(QStringLiteral("sed -i 's/^echo v13.*/exit 1/' /opt/tk/current/tapekeeper"));
        const auto done = deploy(version("v14", "exit 1"));
        QVERIFY(done);
        QVERIFY2(done->end() == DeployEnd::Broken, qPrintable(done->verdict()));
        QVERIFY2(done->verdict().contains(QStringLiteral("does not come up either")), qPrintable(done->verdict()));
        // And a good one mends it.
        const auto mended = deploy(version("v15", beats));
        QVERIFY2(mended && mended->end() == DeployEnd::Done, mended ? qPrintable(mended->verdict()) : "");
        QCOMPARE(leftovers(), QString());
    }

    // As operators do it: the second host is left alone when the first has gone back.
    void theCommand()
    {
        QFile config(m_files.filePath(QStringLiteral("hosts.toml")));
        QVERIFY(config.open(QIODevice::WriteOnly));
        for (const QString &name : names)
            config.write(m_lab.table(name, "deploy = \"/opt/tk\"\ndeploy_within = \"5s\"\ndeploy_hold = \"1s\"\n"));
        config.close();
        const auto run = [&](const QByteArray &program, QJsonArray *rows) {
            QProcess process;
            process.setProcessEnvironment(environment());
            process.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper-server"),
                          {QStringLiteral("hosts"), QStringLiteral("deploy"), QStringLiteral("--binary"),
                           write(program), QStringLiteral("--config-file"), write("answer = 16\n"),
                           QStringLiteral("--config"), config.fileName(), QStringLiteral("--format"),
                           QStringLiteral("json")});
            if (!process.waitForFinished(120'000))
                return -1;
            *rows = QJsonDocument::fromJson(process.readAllStandardOutput()).array();
            return process.exitCode();
        };
        const auto ends = [](const QJsonArray &rows) {
            QStringList all;
            for (const QJsonValue &row : rows) {
                if (row[QLatin1String("step")].toString() == QLatin1String("end"))
                    all.append(row[QLatin1String("result")].toString());
            }
            return all.join(u' ');
        };
        QJsonArray rows;
        QCOMPARE(run(version("v16", ":"), &rows), 1);
        QCOMPARE(ends(rows), QStringLiteral("rolled back not tried"));
        QCOMPARE(said(QStringLiteral("ls /opt/tk"), names[1]), QString());
        QCOMPARE(run(version("v17", beats), &rows), 0);
        QCOMPARE(ends(rows), QStringLiteral("deployed deployed"));
        QCOMPARE(lastStart(), QStringLiteral("v17 starts with answer = 16"));
    }

    void packages()
    {
        const auto package = [this](const QByteArray &number, const QByteArray &work) {
            const QString tree = m_files.filePath(QStringLiteral("deb-") + QString::fromLatin1(number));
            const auto put = [&](const QString &name, const QByteArray &content) {
                QDir().mkpath(QFileInfo(tree + name).path());
                QFile file(tree + name);
                if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size() ||
                    !file.setPermissions(QFile::Permissions(0x7755)))
                    qFatal("%s cannot be written", qPrintable(file.fileName()));
            };
            put(QStringLiteral("/DEBIAN/control"),
                "Package: tk-lab\nVersion: " + number +
                    "\nArchitecture: all\nMaintainer: Nobody <nobody@tapekeeper.example>\nDescription: of a test\n");
            put(QStringLiteral("/DEBIAN/postinst"), "#!/bin/sh\nsystemctl daemon-reload\n[ -z \"$2\" ] || systemctl "
                                                    "try-restart tk-lab.service || true\n");
            put(QStringLiteral("/usr/lib/tk-lab"), version("p" + number, work));
            put(QStringLiteral("/usr/lib/systemd/system/tk-lab.service"),
                "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/usr/lib/tk-lab --no-gui --config "
                "/etc/hostname\nRestart=always\nRestartSec=300ms\n");
            QProcess build;
            build.start(QStringLiteral("dpkg-deb"), {QStringLiteral("--build"), QStringLiteral("-Znone"), tree});
            build.waitForFinished();
            return tree + QStringLiteral(".deb");
        };
        const QString first = package("1", beats);
        const QString second = package("2", "exit 1");
        const QString third = package("3", beats);
        DeployPlan how = plan();
        how.unit = QStringLiteral("tk-lab.service");
        how.is_package = true;
        const auto install = [&](const QString &file) {
            auto deployment = make(how);
            QSignalSpy finished(deployment.get(), &Deployment::finished);
            deployment->start(file);
            return QTest::qWaitFor([&] { return finished.count() == 1; }, 90'000) ? std::move(deployment) : nullptr;
        };
        const auto installed = [this] {
            return said(
                QStringLiteral("dpkg-query -W -f '${Version} ${Status}\\n' tk-lab; systemctl is-active tk-lab"));
        };
        auto done = install(first);
        QVERIFY(done && done->end() == DeployEnd::Unchanged);
        QVERIFY2(done->verdict().contains(
                     QStringLiteral("NOPASSWD: /usr/bin/dpkg --force-confold -i /opt/tk/packages/new.deb")),
                 qPrintable(done->verdict()));
        m_lab.write(
            host, QStringLiteral("/etc/sudoers.d/packages"),
            "freqai ALL=(root) NOPASSWD: /usr/bin/dpkg --force-confold -i /opt/tk/packages/new.deb, /usr/bin/dpkg "
            "--force-confold -i /opt/tk/packages/installed.deb\n");
        done = install(first);
        QVERIFY2(done && done->end() == DeployEnd::Done, done ? qPrintable(done->verdict()) : "");
        QCOMPARE(installed(), QStringLiteral("1 install ok installed\nactive"));

        // Somebody else is at work with packages there: nothing is changed, and nothing is put back either.
        const QString before = said(QStringLiteral("systemctl show -P InvocationID tk-lab"));
        const int dpkg = ::open(qPrintable(m_lab.root(host) + QStringLiteral("/var/lib/dpkg/lock-frontend")), O_RDWR);
        struct flock lock = {};
        lock.l_type = F_WRLCK;
        QVERIFY(dpkg >= 0 && ::fcntl(dpkg, F_SETLK, &lock) == 0);
        done = install(third);
        ::close(dpkg);
        QVERIFY2(done && done->end() == DeployEnd::Unchanged, done ? qPrintable(done->verdict()) : "");
        QVERIFY2(done->verdict().contains(QStringLiteral("lock")), qPrintable(done->verdict()));
        QCOMPARE(said(QStringLiteral("systemctl show -P InvocationID tk-lab")), before);
        QCOMPARE(leftovers(), QString());

        done = install(second);
        QVERIFY2(done && done->end() == DeployEnd::RolledBack, done ? qPrintable(done->verdict()) : "");
        QVERIFY2(done->verdict().contains(QStringLiteral("1 runs again")), qPrintable(done->verdict()));
        QCOMPARE(installed(), QStringLiteral("1 install ok installed\nactive"));
        QCOMPARE(leftovers(), QString());

        // Somebody has installed another one by hand: its file is needed first.
        said(QStringLiteral("mv /opt/tk/packages/installed.deb /opt/tk/away"));
        done = install(third);
        QVERIFY(done && done->end() == DeployEnd::Unchanged);
        QVERIFY2(done->verdict().contains(QStringLiteral("no way back")), qPrintable(done->verdict()));
        said(QStringLiteral("mv /opt/tk/away /opt/tk/packages/installed.deb"));

        done = install(third);
        QVERIFY2(done && done->end() == DeployEnd::Done, done ? qPrintable(done->verdict()) : "");
        QCOMPARE(installed(), QStringLiteral("3 install ok installed\nactive"));
        QCOMPARE(leftovers(), QString());
    }
};

TK_TEST(DeployLabTest, deploy_lab);
#include "tst_deploy_lab.moc"
