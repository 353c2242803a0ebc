// Command lines of ssh: nothing from outside becomes an option or a shell's word.
#include "remote/ssh_command.h"

#include "support/test_registry.h"

#include <QProcess>

using namespace tk::remote;

class SshCommandTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void readsTargets_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("target"); // empty: refused
        QTest::addColumn<int>("port");
        QTest::addColumn<QString>("path");
        const auto row = [](const char *text, const char *target, int port = 0, const char *path = "") {
            QTest::newRow(text) << QString::fromLatin1(text) << QString::fromLatin1(target) << port
                                << QString::fromLatin1(path);
        };
        row("ssh://collector", "collector");
        row("ssh://ops@collector:2222/var/lib/tapekeeper/engine.sock", "ops@collector", 2222,
            "/var/lib/tapekeeper/engine.sock");
        row("ops@collector", "ops@collector");
        row("ssh://collector/", "collector");
        row("ssh://ops:secret@collector", "");
        row("http://collector", "");
        row("ssh://-oProxyCommand=x", "");
        row("ssh://-l@host", "");
        row("ssh://host name", "");
        row("", "");
    }
    void readsTargets()
    {
        QFETCH(QString, text);
        QFETCH(QString, target);
        QFETCH(int, port);
        QFETCH(QString, path);
        const auto parsed = SshTarget::parse(text);
        QCOMPARE(bool(parsed), !target.isEmpty());
        if (!parsed) {
            QVERIFY(parsed.error().message.contains(QStringLiteral("no ssh target")));
            return;
        }
        QCOMPARE(parsed->text(), target);
        QCOMPARE(int(parsed->port), port);
        QCOMPARE(parsed->path, path);
    }

    // Through a real shell: what goes in comes out, whatever it holds.
    void quotesForAShell_data()
    {
        QTest::addColumn<QString>("word");
        for (const char *word : {"plain", "", "two words", "it's", "$HOME", "`id`", "a\"b", "back\\slash", "-n", "*",
                                 "line\nbreak", "a;b|c&d", "'; rm -rf /; '"})
            QTest::newRow(word) << QString::fromLatin1(word);
    }
    void quotesForAShell()
    {
        QFETCH(QString, word);
        QProcess shell;
        shell.start(QStringLiteral("sh"), {QStringLiteral("-c"), QStringLiteral("printf %s ") + shellQuoted(word)});
        QVERIFY(shell.waitForFinished());
        QCOMPARE(QString::fromUtf8(shell.readAllStandardOutput()), word);
    }

    void alwaysStrictAndNeverAsking()
    {
        const SshTarget target{QStringLiteral("ops"), QStringLiteral("collector"), 2222, {}};
        for (const QStringList &arguments : {sshRun(target, {QStringLiteral("true")}),
                                             sshForward(target, QStringLiteral("/tmp/a"), QStringLiteral("/tmp/b"))}) {
            const QString all = arguments.join(u' ');
            for (const char *option : {"BatchMode=yes", "StrictHostKeyChecking=yes", "ForwardAgent=no", "-p 2222",
                                       "-l ops", "ConnectTimeout=10", "ServerAliveInterval=5"})
                QVERIFY2(all.contains(QLatin1String(option)), option);
            // What follows the host is no option any more.
            QCOMPARE(arguments[arguments.indexOf(QStringLiteral("collector")) - 1], QStringLiteral("--"));
        }
        QVERIFY(sshForward(target, QStringLiteral("/tmp/a"), QStringLiteral("/tmp/b"))
                    .contains(QStringLiteral("ExitOnForwardFailure=yes")));
    }

    void sharesOneConnection()
    {
        SshTarget target{QStringLiteral("ops"), QStringLiteral("feeder"), 0, {}};
        target.identity = QStringLiteral("/k/my key");
        target.known_hosts = QStringLiteral("/k/known 100%");
        target.jump = QStringLiteral("ops@bastion:2200");
        const QStringList master = sshMaster(target, QStringLiteral("/run/c"));
        const QStringList client = sshOverMaster(target, QStringLiteral("/run/c"), {QStringLiteral("id")});
        const QStringList probe = sshKeyProbe(target, QStringLiteral("/tmp/new"));
        for (const QStringList &arguments : {master, client}) {
            QVERIFY(arguments.contains(QStringLiteral("StrictHostKeyChecking=yes")));
            QVERIFY(arguments.contains(QStringLiteral("PasswordAuthentication=no")));
            QVERIFY(arguments.contains(QStringLiteral("IdentitiesOnly=yes")));
            QVERIFY(arguments.contains(QStringLiteral("UserKnownHostsFile=\"/k/known 100%%\"")));
            QCOMPARE(arguments[arguments.indexOf(QStringLiteral("-S")) + 1], QStringLiteral("/run/c"));
        }
        // The way in between is as strict, and asks as little.
        const QStringList proxy = master.filter(QStringLiteral("ProxyCommand="));
        QCOMPARE(proxy.size(), 1);
        for (const char *part : {"BatchMode=yes", "StrictHostKeyChecking=yes", "-p 2200", "-l ops", "'/k/my key'",
                                 "-W '[%h]:%p' -- bastion"})
            QVERIFY2(proxy[0].contains(QLatin1String(part)), qPrintable(proxy[0]));
        // Without its master a command fails; it does not connect on its own.
        QCOMPARE(client.filter(QStringLiteral("ProxyCommand=")), QStringList{QStringLiteral("ProxyCommand=false")});
        QVERIFY(client.contains(QStringLiteral("ControlMaster=no")));
        // Learning a key touches no file but its own.
        QVERIFY(probe.contains(QStringLiteral("UserKnownHostsFile=/tmp/new")));
        QVERIFY(probe.contains(QStringLiteral("PreferredAuthentications=none")));
        QVERIFY(!probe.join(u' ').contains(QStringLiteral("known 100")) ||
                probe.filter(QStringLiteral("known 100")) == probe.filter(QStringLiteral("ProxyCommand=")));
    }

    void saysWhatToDo_data()
    {
        QTest::addColumn<QByteArray>("said");
        QTest::addColumn<QString>("advice");
        QTest::newRow("unknown") << QByteArray("No ED25519 host key is known for x\nHost key verification failed.\n")
                                 << QStringLiteral("compare the fingerprint");
        QTest::newRow("changed") << QByteArray("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key "
                                               "verification failed.\n")
                                 << QStringLiteral("ssh-keygen -R");
        QTest::newRow("login") << QByteArray("ops@x: Permission denied (publickey).\n") << QStringLiteral("agent");
        QTest::newRow("other") << QByteArray("ssh: connect to host x port 22: Connection refused\n")
                               << QStringLiteral("Connection refused");
        QTest::newRow("silent") << QByteArray() << QStringLiteral("without a word");
    }
    void saysWhatToDo()
    {
        QFETCH(QByteArray, said);
        QFETCH(QString, advice);
        const tk::Error error = sshError({{}, QStringLiteral("x"), 0, {}}, said);
        QVERIFY2(error.message.contains(advice), qPrintable(error.message));
        QVERIFY(error.message.startsWith(QStringLiteral("x: ")));
    }
};

TK_TEST(SshCommandTest, ssh_command);
#include "tst_ssh_command.moc"
