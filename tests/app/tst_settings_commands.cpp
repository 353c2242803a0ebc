// The configuration file over the link, with a real engine and real files.
#include "cli_fixture.h"
#include "link/link_client.h"
#include "support/influx/fake_influx.h"
#include "support/test_registry.h"

#include <QFileInfo>
#include <QSignalSpy>

using namespace tk;
using namespace tk::test;
using link::LinkClient;

class SettingsCommandsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_cli = std::make_unique<CliFixture>();
        m_cli->writeConfig(QStringLiteral("# the end\n"));
        QVERIFY(m_cli->startEngine());
        m_original = onDisk();
    }
    void cleanupTestCase()
    {
        QVERIFY(m_cli->stopEngine());
        m_cli.reset();
    }
    void init()
    {
        m_client = std::make_unique<LinkClient>();
        m_client->connectTo(m_cli->socketFile());
        QTRY_VERIFY_WITH_TIMEOUT(m_client->isConnected(), 30'000);
    }
    void cleanup()
    {
        m_client.reset();
        QFile file(m_cli->configFile());
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(m_original.toUtf8());
    }

    void showsTheFile()
    {
        const QJsonObject shown = ask(QStringLiteral("settings")).toObject();
        QCOMPARE(shown[QLatin1String("file")].toString(), m_cli->configFile());
        QCOMPARE(shown[QLatin1String("text")].toString(), m_original);
        QVERIFY(shown[QLatin1String("exists")].toBool());
        QVERIFY(shown[QLatin1String("writable")].toBool());
        QVERIFY(!shown[QLatin1String("demo")].toBool());
        QVERIFY(shown[QLatin1String("problems")].toArray().isEmpty());
        QCOMPARE(shown[QLatin1String("values")][QLatin1String("store")].toString(), QStringLiteral("embedded"));
        const QJsonObject status = ask(QStringLiteral("status")).toObject();
        QCOMPARE(status[QLatin1String("engine")][QLatin1String("config_file")].toString(), m_cli->configFile());
    }

    void checksAsTheLoaderDoes()
    {
        const QJsonArray problems =
            ask(QStringLiteral("settings-check"),
                {{QStringLiteral("text"), QStringLiteral("[supervision]\nheartbeat = \"soon\"\nmajor_quorum = 99\n")}})
                .toObject()[QLatin1String("problems")]
                .toArray();
        QCOMPARE(problems.size(), 2);
        QCOMPARE(problems[0][QLatin1String("line")].toInt(), 2);
        QCOMPARE(problems[0][QLatin1String("key")].toString(), QStringLiteral("supervision.heartbeat"));
        QVERIFY(problems[0][QLatin1String("found")].toString().contains(QStringLiteral("soon")));
        QVERIFY(!problems[0][QLatin1String("allowed")].toString().isEmpty());
    }

    void writesAndTakesOver()
    {
        QFile::setPermissions(m_cli->configFile(), QFile::ReadOwner | QFile::WriteOwner | QFile::ReadGroup);
        const auto before = QFileInfo(m_cli->configFile()).permissions();
        QString text = m_original;
        text.replace(QStringLiteral("history = 50"),
                     QStringLiteral("history = 60 # more\nexclude = [\"币安人生/USDT:USDT\"]"));
        const QJsonObject told = write(text, m_original).toObject();
        QVERIFY2(told[QLatin1String("applied")].toBool(), qPrintable(m_refusal));
        QCOMPARE(onDisk(), text);
        QCOMPARE(QFileInfo(m_cli->configFile()).permissions(), before);
        const QJsonObject shown = ask(QStringLiteral("settings")).toObject();
        QCOMPARE(
            shown[QLatin1String("values")][QLatin1String("exchanges")][0][QLatin1String("exclude")].toArray().size(),
            1);
        QTRY_VERIFY_WITH_TIMEOUT(!isCollected(QStringLiteral("币安人生/USDT:USDT")), 30'000);
        QVERIFY(isCollected(QStringLiteral("BTC/USDT:USDT")));
        QVERIFY(write(m_original, text).toObject()[QLatin1String("applied")].toBool());
    }

    void saysWhatNeedsARestart()
    {
        QString text = m_original + QStringLiteral("[spool]\nmax_size = \"1GiB\"\n");
        text.replace(QStringLiteral("history = 50"), QStringLiteral("history = 50\nexclude = [\"BTC/USDT:USDT\"]"));
        const QJsonObject told = write(text, m_original).toObject();
        QVERIFY2(told.contains(QStringLiteral("applied")), qPrintable(m_refusal));
        QVERIFY(!told[QLatin1String("applied")].toBool());
        const QString why = told[QLatin1String("restart")].toString();
        QVERIFY2(why.contains(QStringLiteral("restart")) && why.contains(QStringLiteral("spool")), qPrintable(why));
        QVERIFY(!isCollected(QStringLiteral("BTC/USDT:USDT"))); // what can change has
        QCOMPARE(onDisk(), text);
        QVERIFY(write(m_original, text).toObject()[QLatin1String("applied")].toBool());
    }

    void refusesWhatItMustNotWrite()
    {
        QVERIFY(write(m_original + QStringLiteral("[engine]\n"), m_original).isNull()); // twice
        QVERIFY(
            write(m_original + QStringLiteral("[supervision]\nheartbeat = 1\nstale_after = 2\n"), m_original).isNull());
        QVERIFY2(m_refusal.contains(QStringLiteral("heartbeat")) && m_refusal.contains(QStringLiteral("stale_after")),
                 qPrintable(m_refusal));
        QVERIFY(write(m_original + u'\n', m_original + u' ').isNull()); // somebody else was quicker
        QVERIFY2(m_refusal.contains(QStringLiteral("meanwhile")), qPrintable(m_refusal));
        QVERIFY(ask(QStringLiteral("settings-write"), {{QStringLiteral("text"), m_original}}).isNull());
        QCOMPARE(onDisk(), m_original);
    }

    void keepsSecretsForTheirOwner()
    {
        const QJsonObject told =
            ask(QStringLiteral("secret-write"), {{QStringLiteral("name"), QStringLiteral("token")},
                                                 {QStringLiteral("value"), QStringLiteral(" s3cret\n")}})
                .toObject();
        QFile file(told[QLatin1String("file")].toString());
        QVERIFY2(file.open(QIODevice::ReadOnly), qPrintable(m_refusal));
        QCOMPARE(file.readAll(), QByteArray("s3cret\n"));
        QCOMPARE(QFileInfo(file).dir().absolutePath(), QFileInfo(m_cli->configFile()).absolutePath());
        QVERIFY((QFileInfo(file).permissions() & (QFile::ReadGroup | QFile::ReadOther | QFile::WriteGroup |
                                                  QFile::WriteOther)) == QFile::Permissions());
        QVERIFY(ask(QStringLiteral("secret-write"),
                    {{QStringLiteral("name"), QStringLiteral("../x")}, {QStringLiteral("value"), QStringLiteral("y")}})
                    .isNull());
        QVERIFY(ask(QStringLiteral("secret-write"),
                    {{QStringLiteral("name"), QStringLiteral("token")}, {QStringLiteral("value"), QStringLiteral(" ")}})
                    .isNull());
    }

    void listsWhatTheExchangeHas()
    {
        const QJsonArray rows =
            ask(QStringLiteral("instruments"), {{QStringLiteral("exchange"), QStringLiteral("binance-usdm")}})
                .toObject()[QLatin1String("instruments")]
                .toArray();
        QVERIFY2(rows.size() >= 10, qPrintable(m_refusal));
        int collected = 0;
        for (const QJsonValue &row : rows) {
            QVERIFY(row[QLatin1String("pair")].toString().contains(u':'));
            collected += row[QLatin1String("collected")].toBool() ? 1 : 0;
        }
        QCOMPARE(collected, 2);
        QVERIFY(ask(QStringLiteral("instruments"), {{QStringLiteral("exchange"), QStringLiteral("x")}}).isNull());
    }

    void triesADatabase()
    {
        FakeInflux influx(store::influx::Api::V2);
        const auto args = [&](const QString &token) {
            const config::InfluxSettings settings = influx.settings();
            return QJsonObject{{QStringLiteral("url"), settings.url.toString()},
                               {QStringLiteral("api"), QStringLiteral("auto")},
                               {QStringLiteral("org"), settings.org},
                               {QStringLiteral("bucket"), settings.bucket},
                               {QStringLiteral("token"), token}};
        };
        const QJsonObject told = ask(QStringLiteral("test-store"), args(QString::fromUtf8(influx.token()))).toObject();
        QVERIFY2(!told.isEmpty(), qPrintable(m_refusal));
        QCOMPARE(told[QLatin1String("api")].toString(), QStringLiteral("v2"));
        QCOMPARE(told[QLatin1String("database")].toString(), QStringLiteral("absent"));
        QVERIFY(influx.created().isEmpty()); // a test makes nothing
        QVERIFY(ask(QStringLiteral("test-store"), args(QStringLiteral("wrong"))).isNull());
        QVERIFY2(m_refusal.contains(QStringLiteral("401")), qPrintable(m_refusal));
        QVERIFY(!m_refusal.contains(QStringLiteral("wrong")));
        QVERIFY(ask(QStringLiteral("test-store"), {{QStringLiteral("url"), QStringLiteral("http://127.0.0.1:1")}})
                    .isNull());
        QVERIFY(ask(QStringLiteral("test-store"), {{QStringLiteral("url"), QStringLiteral("nowhere")}}).isNull());
    }

    void triesAnExchange()
    {
        const QJsonObject told =
            ask(QStringLiteral("test-exchange"), {{QStringLiteral("exchange"), QStringLiteral("binance-usdm")},
                                                  {QStringLiteral("rest_url"), m_cli->exchange().restUrl().toString()}})
                .toObject();
        QVERIFY2(told.contains(QStringLiteral("offset_ms")), qPrintable(m_refusal));
        QVERIFY(std::abs(told[QLatin1String("offset_ms")].toInteger()) < 5'000);
        QVERIFY(
            ask(QStringLiteral("test-exchange"), {{QStringLiteral("exchange"), QStringLiteral("binance-usdm")},
                                                  {QStringLiteral("rest_url"), QStringLiteral("http://127.0.0.1:1")}})
                .isNull());
    }

    void theDemoIsNotWritten()
    {
        m_client.reset();
        const QString data = m_cli->dataDir() + QStringLiteral("/demo");
        QProcess *demo = m_cli->start({QStringLiteral("--no-gui"), QStringLiteral("--demo"),
                                       QStringLiteral("--demo-pairs"), QStringLiteral("10")});
        m_client = std::make_unique<LinkClient>();
        QTRY_VERIFY_WITH_TIMEOUT(QFileInfo::exists(data + QStringLiteral("/engine.sock")), 30'000);
        m_client->connectTo(data + QStringLiteral("/engine.sock"));
        QTRY_VERIFY_WITH_TIMEOUT(m_client->isConnected(), 30'000);
        QVERIFY(ask(QStringLiteral("settings")).toObject()[QLatin1String("demo")].toBool());
        QVERIFY(write(m_original + u'\n', m_original).isNull());
        QVERIFY2(m_refusal.contains(QStringLiteral("demo")), qPrintable(m_refusal));
        m_client.reset();
        demo->terminate();
        QVERIFY(demo->waitForFinished(30'000));
    }

private:
    QString onDisk() const
    {
        QFile file(m_cli->configFile());
        return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
    }

    // The answer; null, with the reason in m_refusal, when it was refused.
    QJsonValue ask(const QString &command, const QJsonObject &args = {})
    {
        QSignalSpy finished(m_client.get(), &LinkClient::finished);
        QSignalSpy refused(m_client.get(), &LinkClient::refused);
        m_refusal.clear();
        m_client->request(command, args);
        if (!QTest::qWaitFor([&] { return finished.size() + refused.size() > 0; }, 30'000))
            return {};
        if (!refused.isEmpty())
            m_refusal = refused[0][1].value<Error>().message;
        return finished.isEmpty() ? QJsonValue() : finished[0][1].toJsonValue();
    }
    QJsonValue write(const QString &text, const QString &was)
    {
        return ask(QStringLiteral("settings-write"), {{QStringLiteral("text"), text}, {QStringLiteral("was"), was}});
    }
    bool isCollected(const QString &pair)
    {
        const QJsonArray rows =
            ask(QStringLiteral("instruments"), {{QStringLiteral("exchange"), QStringLiteral("binance-usdm")}})
                .toObject()[QLatin1String("instruments")]
                .toArray();
        return std::any_of(rows.begin(), rows.end(), [&](const QJsonValue &row) {
            return row[QLatin1String("pair")].toString() == pair && row[QLatin1String("collected")].toBool();
        });
    }

    std::unique_ptr<CliFixture> m_cli;
    std::unique_ptr<LinkClient> m_client;
    QString m_original;
    QString m_refusal;
};

TK_TEST(SettingsCommandsTest, settings_commands);

#include "tst_settings_commands.moc"
