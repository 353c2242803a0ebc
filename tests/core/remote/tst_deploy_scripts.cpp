// The words of a deployment, and its scripts in a shell of this machine, as far as they need no systemd.
#include "remote/deploy_scripts.h"
#include "support/test_registry.h"

#include <QCryptographicHash>
#include <QDir>
#include <QProcess>
#include <QTemporaryDir>

using namespace tk;
using namespace tk::remote;

namespace {

const QString id = QStringLiteral("0123456789ab");

} // namespace

class DeployScriptsTest : public QObject
{
    Q_OBJECT

    QTemporaryDir m_folder;
    DeployPlan m_plan;

    static QByteArray shell(const QString &script, const QByteArray &input = {}, int *code = nullptr)
    {
        QProcess process;
        process.start(QStringLiteral("sh"), {QStringLiteral("-c"), script});
        process.write(input);
        process.closeWriteChannel();
        process.waitForFinished();
        if (code)
            *code = process.exitCode();
        return process.readAllStandardOutput();
    }
    static std::vector<DeployLine> lines(const Script &script, const QString &part)
    {
        const auto answer = script.answer(shell(script.text()));
        return answer ? parseDeployLines(answer->value(part).out) : std::vector<DeployLine>{};
    }
    QString fresh() const { return m_plan.folder + QStringLiteral("/releases/.new-") + id; }
    static DeployFile file(const QString &name, const QByteArray &content)
    {
        return {name, content.size(), QCryptographicHash::hash(content, QCryptographicHash::Sha256).toHex()};
    }
    bool send(const DeployFile &file, const QByteArray &content) const
    {
        int code = 0;
        shell(deployUpload(m_plan, id, file), content, &code);
        return code == 0;
    }

private Q_SLOTS:
    void init()
    {
        // A name that a shell would take apart.
        m_plan.folder = m_folder.filePath(QStringLiteral("a b'c/$d"));
        m_plan.unit = QStringLiteral("no-such.service");
        m_plan.heartbeat = QStringLiteral("it's (well|fine)");
        QVERIFY(QDir().mkpath(m_plan.folder + QStringLiteral("/releases")));
    }

    void wordsBetweenTabs()
    {
        const auto found =
            parseDeployLines("begin\tabc\nstep\tswitch\tok\tx y\nfact\tcurrent\t\nrefuse\tno\nrefuse\tcheck\t"
                             "bad\njournal\tline\nend\trolled-back\twhy\nstep\thal");
        QCOMPARE(found.size(), size_t(7)); // the last is not whole
        QVERIFY(found[0].kind == QLatin1String("begin") && found[0].text == QLatin1String("abc"));
        QVERIFY(found[1].name == QLatin1String("switch") && found[1].state == QLatin1String("ok") &&
                found[1].text == QLatin1String("x y"));
        QVERIFY(found[2].name == QLatin1String("current") && found[2].text.isEmpty());
        QVERIFY(found[3].name.isEmpty() && found[3].text == QLatin1String("no"));
        QVERIFY(found[4].name == QLatin1String("check") && found[4].text == QLatin1String("bad"));
        QCOMPARE(found[6].name, QStringLiteral("rolled-back"));
        QVERIFY(parseDeployLines("").empty());
    }

    void scriptsAreShell_data()
    {
        QTest::addColumn<QString>("script");
        const DeployFile program = file(QStringLiteral("tapekeeper"), "x");
        QTest::newRow("look") << deployLook(m_plan).text();
        QTest::newRow("verify") << deployVerify(m_plan, id, {program}).text();
        QTest::newRow("launch") << deployLaunch(m_plan, id, program).text();
        QTest::newRow("follow") << deployFollow(m_plan).text();
    }
    void scriptsAreShell()
    {
        QFETCH(QString, script);
        QProcess process;
        process.start(QStringLiteral("sh"), {QStringLiteral("-n"), QStringLiteral("-c"), script});
        QVERIFY(process.waitForFinished());
        QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
    }

    void whatArrivesWholeIsKept()
    {
        const QByteArray program = "#!/bin/sh\necho version 7\n";
        QVERIFY(send(file(QStringLiteral("tapekeeper"), program), program));
        const auto told =
            lines(deployVerify(m_plan, id, {file(QStringLiteral("tapekeeper"), program)}), QStringLiteral("verify"));
        QCOMPARE(told.size(), size_t(2));
        QVERIFY(told[0].name == QLatin1String("checksum") && told[0].state == QLatin1String("ok"));
        QVERIFY(told[1].name == QLatin1String("check") && told[1].text == QLatin1String("version 7"));
        QVERIFY(QFileInfo(fresh() + QStringLiteral("/tapekeeper")).isExecutable());
        const Script forget = deployForget(m_plan, id);
        QVERIFY(forget.answer(shell(forget.text())).has_value());
        QVERIFY(!QFileInfo::exists(fresh()));
    }

    void whatIsCutOffGoes()
    {
        QVERIFY(!send(file(QStringLiteral("tapekeeper"), "all of it"), "all of"));
        QVERIFY(!QFileInfo::exists(fresh()));
    }

    void whatIsNotWellIsRefused_data()
    {
        QTest::addColumn<QByteArray>("program");
        QTest::addColumn<QByteArray>("configuration");
        QTest::addColumn<bool>("damaged");
        QTest::addColumn<QString>("step");
        QTest::addColumn<QString>("text");
        QTest::newRow("damaged") << QByteArray("#!/bin/sh\n") << QByteArray() << true << QStringLiteral("checksum")
                                 << QStringLiteral("not what was sent");
        QTest::newRow("no program") << QByteArray("nonsense") << QByteArray() << false << QStringLiteral("check")
                                    << QStringLiteral("does not run there");
        QTest::newRow("configuration") << QByteArray("#!/bin/sh\n[ $1 = --version ] || { echo line 3: $2; exit 2; }\n")
                                       << QByteArray("bad = 1\n") << false << QStringLiteral("check")
                                       << QStringLiteral("line 3: --config");
    }
    void whatIsNotWellIsRefused()
    {
        QFETCH(QByteArray, program);
        QFETCH(QByteArray, configuration);
        QFETCH(bool, damaged);
        QFETCH(QString, step);
        QFETCH(QString, text);
        std::vector<DeployFile> files{file(QStringLiteral("tapekeeper"), program)};
        QVERIFY(send(files[0], program));
        if (!configuration.isEmpty()) {
            files.push_back(file(QStringLiteral("tapekeeper.toml"), configuration));
            QVERIFY(send(files[1], configuration));
        }
        if (damaged)
            files[0].sha256.replace(0, 2, "00");
        const auto told = lines(deployVerify(m_plan, id, files), QStringLiteral("verify"));
        QVERIFY(!told.empty());
        QCOMPARE(told.back().kind, QStringLiteral("refuse"));
        QCOMPARE(told.back().name, step);
        QVERIFY2(told.back().text.contains(text), qPrintable(told.back().text));
        QVERIFY(!QFileInfo::exists(fresh())); // and nothing of it stays
    }

    // The configuration of the version before goes on with the new program, and is read by it first.
    void theConfigurationIsTakenOver()
    {
        const QString before = m_plan.folder + QStringLiteral("/releases/before");
        QVERIFY(QDir().mkpath(before));
        QFile old(before + QStringLiteral("/tapekeeper.toml"));
        QVERIFY(old.open(QIODevice::WriteOnly) && old.write("old = 1\n") > 0);
        old.close();
        QVERIFY(QFile::link(QStringLiteral("releases/before"), m_plan.folder + QStringLiteral("/current")));
        const QByteArray program = "#!/bin/sh\n[ $1 = --version ] || grep -q old $3\n";
        QVERIFY(send(file(QStringLiteral("tapekeeper"), program), program));
        const auto told =
            lines(deployVerify(m_plan, id, {file(QStringLiteral("tapekeeper"), program)}), QStringLiteral("verify"));
        QVERIFY(!told.empty());
        QVERIFY2(told.back().kind == QLatin1String("step"), qPrintable(told.back().text));
        QVERIFY(QFileInfo::exists(fresh() + QStringLiteral("/tapekeeper.toml")));
    }
};

TK_TEST(DeployScriptsTest, deploy_scripts);
#include "tst_deploy_scripts.moc"
