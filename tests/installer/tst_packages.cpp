// Both Debian packages in a real host: installed, started, upgraded with the data kept, removed.
#include "lab_rig.h"
#include "support/test_registry.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

namespace {

const QString host = QStringLiteral("tk-pack");
const QString conf = QStringLiteral("/etc/tapekeeper/tapekeeper.toml");
const QString oldVersion = QStringLiteral("0.1.0~lab1");
const QString newVersion = QStringLiteral("0.1.0~lab2");
const QString nextVersion = QStringLiteral("0.1.0~lab3");

} // namespace

class PackagesTest : public QObject
{
    Q_OBJECT

    tk::test::LabRig m_lab;
    QTemporaryDir m_packages;
    QProcess m_exchange;
    QString m_rest;
    QString m_ws;

    // Empty where it was done; else what was said.
    QString run(const QString &command)
    {
        int code = 0;
        const QByteArray said = m_lab.asRoot(host, command, &code);
        return code == 0 ? QString() : QStringLiteral("%1: %2").arg(code).arg(QString::fromUtf8(said.right(3'000)));
    }
    QString said(const QString &command) { return QString::fromUtf8(m_lab.asRoot(host, command)).trimmed(); }
    QString property(const QString &name)
    {
        return said(QStringLiteral("systemctl show -P %1 tapekeeper.service").arg(name));
    }

    // What apt has fetched once serves every later run.
    QString archives() const { return m_lab.labFolder() + QStringLiteral("/archives"); }
    static void copyPackages(const QString &from, const QString &to)
    {
        QDir().mkpath(to);
        for (const QString &name : QDir(from).entryList({QStringLiteral("*.deb")}, QDir::Files))
            QFile::copy(from + u'/' + name, to + u'/' + name);
    }
    QString install(const QString &package, const QString &version)
    {
        const QString problem = run(
            QStringLiteral("apt-get install -y -q --no-install-recommends /root/%1_%2_*.deb").arg(package, version));
        copyPackages(m_lab.root(host) + QStringLiteral("/var/cache/apt/archives"), archives());
        return problem;
    }

    static QString package(const QString &version, const QString &folder)
    {
        QProcess cpack;
        cpack.setProcessChannelMode(QProcess::MergedChannels);
        cpack.start(QStringLiteral(TAPEKEEPER_CPACK),
                    {QStringLiteral("--config"), QStringLiteral(TAPEKEEPER_BUILD_DIR "/CPackConfig.cmake"),
                     QStringLiteral("-B"), folder, QStringLiteral("-D"),
                     QStringLiteral("CPACK_PACKAGE_VERSION=") + version});
        const bool good = cpack.waitForFinished(120'000) && cpack.exitCode() == 0;
        return good ? QString() : QString::fromUtf8(cpack.readAll());
    }

    qint64 candles()
    {
        return said(QStringLiteral("runuser -u tapekeeper -- tapekeeper query ohlcv BTC/USDT:USDT 3m --format csv "
                                   "--config %1 | wc -l")
                        .arg(conf))
            .toLongLong();
    }
    bool isCollecting()
    {
        return property(QStringLiteral("ActiveState")) == QLatin1String("active") &&
               said(QStringLiteral("journalctl --no-pager -q -o cat _SYSTEMD_INVOCATION_ID=%1")
                        .arg(property(QStringLiteral("InvocationID"))))
                   .contains(QStringLiteral("Heartbeat OK"));
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (const QString why = m_lab.start({host}); !why.isEmpty())
            QSKIP(qPrintable(why));
        if (const QString why = run(QStringLiteral("apt-get update -q")); !why.isEmpty())
            QSKIP(qPrintable(QStringLiteral("Debian's packages cannot be had here: ") + why));
        // As a host has it that is no container's image: packages may start and stop what is theirs.
        QFile::remove(m_lab.root(host) + QStringLiteral("/usr/sbin/policy-rc.d"));
        copyPackages(archives(), m_lab.root(host) + QStringLiteral("/var/cache/apt/archives"));
        for (const QString &version : {oldVersion, newVersion, nextVersion}) {
            const QString problem = package(version, m_packages.path());
            QVERIFY2(problem.isEmpty(), qPrintable(problem));
        }
        copyPackages(m_packages.path(), m_lab.root(host) + QStringLiteral("/root"));

        m_exchange.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper-exchange"),
                         {QStringLiteral("--pairs"), QStringLiteral("12"), QStringLiteral("--exit-with-stdin")});
        QTRY_VERIFY_WITH_TIMEOUT(m_exchange.canReadLine(), 30'000);
        const QJsonObject urls = QJsonDocument::fromJson(m_exchange.readLine()).object();
        m_rest = urls.value(QLatin1String("rest")).toString();
        m_ws = urls.value(QLatin1String("ws")).toString();
    }
    void cleanupTestCase()
    {
        if (m_exchange.state() != QProcess::NotRunning) {
            m_exchange.closeWriteChannel();
            QVERIFY(m_exchange.waitForFinished(10'000));
        }
        m_lab.stop();
    }

    void theServerBringsNoLibraryOfTheGui()
    {
        const QString before = said(QStringLiteral("dpkg-query -W -f '${Package}\\n'"));
        const QString problem = install(QStringLiteral("tapekeeper-server"), oldVersion);
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        const QString after = said(QStringLiteral("dpkg-query -W -f '${Package}\\n'"));
        for (const char *name : {"libqt6gui6", "libqt6widgets6", "libx11-6", "libxcb1", "libgl1", "libegl1",
                                 "fontconfig", "libwayland-client0"})
            QVERIFY2(!after.split(u'\n').contains(QLatin1String(name)) || before.contains(QLatin1String(name)), name);
        const QString libraries = said(QStringLiteral("ldd /usr/bin/tapekeeper-server"));
        QVERIFY(libraries.contains(QStringLiteral("libQt6Core")));
        QVERIFY2(!libraries.contains(QStringLiteral("not found")), qPrintable(libraries));
        QVERIFY(!libraries.contains(QStringLiteral("libQt6Gui")));
    }

    void itIsSetUpAndNotStarted()
    {
        QCOMPARE(said(QStringLiteral("getent passwd tapekeeper | cut -d: -f6,7")),
                 QStringLiteral("/var/lib/tapekeeper:/usr/sbin/nologin"));
        QCOMPARE(said(QStringLiteral("stat -c '%a %U %G' /var/lib/tapekeeper")),
                 QStringLiteral("750 tapekeeper tapekeeper"));
        QCOMPARE(said(QStringLiteral("stat -c '%a %U %G' ") + conf), QStringLiteral("640 root tapekeeper"));
        QVERIFY(said(QStringLiteral("dpkg-query -W -f '${Conffiles}' tapekeeper-server")).contains(conf));
        QCOMPARE(property(QStringLiteral("ActiveState")), QStringLiteral("inactive"));
        QCOMPARE(property(QStringLiteral("UnitFileState")), QStringLiteral("disabled"));
        QCOMPARE(said(QStringLiteral("systemctl is-enabled tapekeeper-sync.timer")), QStringLiteral("disabled"));
        // The command, also where there is no window; and the configuration that comes along is a good one.
        QVERIFY2(said(QStringLiteral("tapekeeper --version")).startsWith(QLatin1String("tapekeeper ")),
                 qPrintable(said(QStringLiteral("tapekeeper --version"))));
        const QString checked = run(QStringLiteral("runuser -u tapekeeper -- tapekeeper check --config ") + conf);
        QVERIFY2(checked.isEmpty(), qPrintable(checked));
        const QString verified =
            said(QStringLiteral("systemd-analyze verify tapekeeper.service tapekeeper-sync.timer"));
        QVERIFY2(verified.isEmpty(), qPrintable(verified));
    }

    void itCollectsAsAService()
    {
        const QString exchange = QStringLiteral("rest_url = \"%1\"\nws_url = \"%2\"\nhistory = 20\n").arg(m_rest, m_ws);
        const QString more =
            QStringLiteral("[supervision]\nheartbeat = \"1s\"\n[sync]\ndatadir = \"/srv/freqtrade\"\n");
        QFile file(m_lab.root(host) + conf);
        QVERIFY(file.open(QIODevice::ReadWrite));
        QByteArray text = file.readAll();
        const QByteArray name = "name = \"binance-usdm\"\n";
        QVERIFY(text.contains(name));
        text.replace(name, name + exchange.toUtf8());
        text.replace("[engine]\n", "[engine]\nhttp = \"\"\n"); // this machine's ports are the host's, and may be in use
        QVERIFY(file.seek(0) && file.write(text + more.toUtf8()) > 0); // owner and mode stay
        file.close();

        const QString problem = run(QStringLiteral("systemctl enable --now tapekeeper"));
        QVERIFY2(problem.isEmpty(), qPrintable(problem + said(QStringLiteral("journalctl --no-pager -u tapekeeper"))));
        QTRY_VERIFY_WITH_TIMEOUT(isCollecting(), 60'000);
        // Under the service's own walls: the watchdog is fed, nothing was started twice.
        QCOMPARE(property(QStringLiteral("WatchdogUSec")), QStringLiteral("1min"));
        QVERIFY(property(QStringLiteral("WatchdogTimestampMonotonic")).toLongLong() > 0);
        QCOMPARE(property(QStringLiteral("NRestarts")), QStringLiteral("0"));
        QCOMPARE(said(QStringLiteral("stat -c '%a %U' /var/lib/tapekeeper")), QStringLiteral("750 tapekeeper"));
        QTRY_VERIFY_WITH_TIMEOUT(candles() >= 20, 60'000);
    }

    void theTimerWritesFilesForFreqtrade()
    {
        QCOMPARE(run(QStringLiteral("install -d -o tapekeeper /srv/freqtrade && systemctl enable --now "
                                    "tapekeeper-sync.timer")),
                 QString());
        QCOMPARE(said(QStringLiteral("systemctl is-active tapekeeper-sync.timer")), QStringLiteral("active"));
        const QString problem = run(QStringLiteral("systemctl start tapekeeper-sync.service"));
        QVERIFY2(problem.isEmpty(), qPrintable(problem + said(QStringLiteral("journalctl -u tapekeeper-sync"))));
        QTRY_VERIFY_WITH_TIMEOUT(
            run(QStringLiteral("test -s /srv/freqtrade/binance/futures/BTC_USDT_USDT-3m-futures.feather")).isEmpty(),
            30'000);
    }

    // ssh works behind the service's walls, with keys of its own; a reload brings the host.
    void theServiceReachesHosts()
    {
        const tk::config::HostSettings itself = m_lab.settings(host);
        const auto bring = [this](const QString &from, const QString &to) {
            QFile file(from);
            QVERIFY2(file.open(QIODevice::ReadOnly), qPrintable(from));
            m_lab.write(host, to, file.readAll());
        };
        const QString keys = QStringLiteral("/var/lib/tapekeeper/.ssh");
        bring(itself.identity, keys + QStringLiteral("/id"));
        bring(itself.known_hosts, keys + QStringLiteral("/known_hosts"));
        QCOMPARE(run(QStringLiteral("chown -R tapekeeper: %1 && chmod 700 %1 && chmod 600 %1/*").arg(keys)), QString());
        QFile file(m_lab.root(host) + conf);
        QVERIFY(file.open(QIODevice::Append));
        file.write(QStringLiteral("\n[[host]]\nname = \"itself\"\ntarget = \"%1\"\nidentity = \"%2/id\"\nunits = "
                                  "[\"tapekeeper.service\"]\n")
                       .arg(itself.target, keys)
                       .toUtf8());
        file.close();
        QCOMPARE(run(QStringLiteral("systemctl reload tapekeeper")), QString());
        const QString ask =
            QStringLiteral("runuser -u tapekeeper -- tapekeeper status --format csv --config %1").arg(conf);
        QTRY_VERIFY2_WITH_TIMEOUT(said(ask).contains(QStringLiteral("host itself,ok")),
                                  qPrintable(said(ask) + said(QStringLiteral("journalctl -q -o cat -u tapekeeper"))),
                                  30'000);
    }

    void anUpgradeKeepsWhatThereIs()
    {
        const qint64 before = candles();
        const QString invocation = property(QStringLiteral("InvocationID"));
        const QString sum = said(QStringLiteral("md5sum ") + conf);
        const QString problem = install(QStringLiteral("tapekeeper-server"), newVersion);
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        QCOMPARE(said(QStringLiteral("dpkg-query -W -f '${Version} ${Status}' tapekeeper-server")),
                 newVersion + QStringLiteral(" install ok installed"));
        QCOMPARE(said(QStringLiteral("md5sum ") + conf), sum);
        QCOMPARE(said(QStringLiteral("stat -c '%a %U %G' ") + conf), QStringLiteral("640 root tapekeeper"));
        // Started again, by the upgrade.
        QVERIFY(property(QStringLiteral("InvocationID")) != invocation);
        QTRY_VERIFY_WITH_TIMEOUT(isCollecting(), 60'000);
        QCOMPARE(property(QStringLiteral("NRestarts")), QStringLiteral("0"));
        QVERIFY(candles() >= before);
        QCOMPARE(said(QStringLiteral("systemctl is-enabled tapekeeper")), QStringLiteral("enabled"));
    }

    // The same over ssh, as operators of many hosts do it: watched, and with a way back.
    void aDeploymentUpgradesToo()
    {
        const QString rules = QStringLiteral("/usr/bin/dpkg --force-confold -i /opt/tk/packages/new.deb, /usr/bin/dpkg "
                                             "--force-confold -i /opt/tk/packages/installed.deb");
        m_lab.write(host, QStringLiteral("/etc/sudoers.d/packages"),
                    "freqai ALL=(root) NOPASSWD: " + rules.toUtf8() + '\n');
        QCOMPARE(
            run(QStringLiteral("install -d -o freqai /opt/tk /opt/tk/packages && cp /root/tapekeeper-server_%1_*.deb "
                               "/opt/tk/packages/installed.deb")
                    .arg(newVersion)),
            QString());
        QFile config(m_packages.filePath(QStringLiteral("hosts.toml")));
        QVERIFY(config.open(QIODevice::WriteOnly));
        config.write(m_lab.table(host, "deploy = \"/opt/tk\"\ndeploy_hold = \"2s\"\n"));
        config.close();
        const QString sum = said(QStringLiteral("md5sum ") + conf);
        QProcess deploy;
        deploy.setProcessChannelMode(QProcess::MergedChannels);
        deploy.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper-server"),
                     {QStringLiteral("hosts"), QStringLiteral("deploy"), QStringLiteral("--package"),
                      QDir(m_packages.path())
                          .entryInfoList({QStringLiteral("tapekeeper-server_%1_*.deb").arg(nextVersion)})
                          .value(0)
                          .filePath(),
                      QStringLiteral("--config"), config.fileName()});
        QVERIFY(deploy.waitForFinished(120'000));
        const QByteArray told = deploy.readAll();
        QVERIFY2(deploy.exitCode() == 0, told.constData());
        QVERIFY2(told.contains("deployed") && told.contains("heartbeat"), told.constData());
        QCOMPARE(said(QStringLiteral("dpkg-query -W -f '${Version}' tapekeeper-server")), nextVersion);
        QCOMPARE(said(QStringLiteral("md5sum ") + conf), sum);
        QVERIFY(isCollecting());
    }

    void theWindowTakesTheCommand()
    {
        const QString invocation = property(QStringLiteral("InvocationID"));
        QElapsedTimer timer;
        timer.start();
        const QString problem = install(QStringLiteral("tapekeeper"), nextVersion);
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        qInfo("the window with what it needs: %lld s", timer.elapsed() / 1000);
        QCOMPARE(said(QStringLiteral("readlink -f /usr/bin/tapekeeper")),
                 QStringLiteral("/usr/libexec/tapekeeper/tapekeeper"));
        // It opens, with the engine inside and the simulator that came with the packages, and ends when told to.
        m_lab.write(host, QStringLiteral("/etc/window.toml"), "[engine]\nhttp = \"\"\n");
        const QString shown =
            said(QStringLiteral("cd /; runuser -u freqai -- timeout -s TERM -k 20 8 env HOME=/home/freqai "
                                "QT_QPA_PLATFORM=offscreen tapekeeper --demo --demo-pairs 10 --config "
                                "/etc/window.toml 2>&1; echo code $?"));
        QVERIFY2(shown.contains(QStringLiteral("engine started")), qPrintable(shown));
        QVERIFY2(shown.endsWith(QStringLiteral("code 124")), qPrintable(shown)); // timeout's own: it went at the first
        QVERIFY2(!shown.contains(QStringLiteral("error"), Qt::CaseInsensitive), qPrintable(shown));
        // The service beside it has not noticed.
        QCOMPARE(property(QStringLiteral("InvocationID")), invocation);

        QCOMPARE(run(QStringLiteral("apt-get remove -y -q tapekeeper")), QString());
        QCOMPARE(said(QStringLiteral("readlink -f /usr/bin/tapekeeper")), QStringLiteral("/usr/bin/tapekeeper-server"));
        QVERIFY(said(QStringLiteral("tapekeeper --version")).startsWith(QLatin1String("tapekeeper ")));
        QCOMPARE(property(QStringLiteral("InvocationID")), invocation);
        QVERIFY(isCollecting());
    }

    void removingKeepsConfigurationAndData()
    {
        const QString sum = said(QStringLiteral("md5sum ") + conf);
        const QString files = QStringLiteral("find /var/lib/tapekeeper -type f | wc -l");
        QCOMPARE(run(QStringLiteral("apt-get remove -y -q tapekeeper-server")), QString());
        QCOMPARE(said(QStringLiteral("pgrep -x tapekeeper-serv || echo none")), QStringLiteral("none"));
        QCOMPARE(said(QStringLiteral("ls /usr/bin/tapekeeper* /usr/lib/systemd/system/tapekeeper* 2>/dev/null")),
                 QString());
        QCOMPARE(said(QStringLiteral("md5sum ") + conf), sum);
        QVERIFY(said(files).toInt() > 0);
        // It comes back as it was, and goes on where it stood.
        const QString problem = install(QStringLiteral("tapekeeper-server"), nextVersion);
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        QCOMPARE(said(QStringLiteral("systemctl is-enabled tapekeeper")), QStringLiteral("enabled"));
        QVERIFY(candles() >= 20);

        const QString purged = said(QStringLiteral("apt-get purge -y -q tapekeeper-server"));
        QVERIFY2(purged.contains(QStringLiteral("stays in /var/lib/tapekeeper")), qPrintable(purged));
        QVERIFY(!run(QStringLiteral("test -e ") + conf).isEmpty());
        QVERIFY(said(files).toInt() > 0);
        QCOMPARE(said(QStringLiteral("find /etc/systemd/system -name 'tapekeeper*'")), QString());
        QCOMPARE(said(QStringLiteral("stat -c %U /var/lib/tapekeeper")), QStringLiteral("tapekeeper"));
    }
};

TK_TEST(PackagesTest, packages);
#include "tst_packages.moc"
