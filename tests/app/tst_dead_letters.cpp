// Refused lines listed and sent once more, against a real InfluxDB.
#include "cli_fixture.h"
#include "store/influx/dead_letters.h"
#include "store/influx/influx_store.h"
#include "support/influx/influx_server.h"
#include "support/test_registry.h"

#include <QDir>
#include <QFile>

using namespace tk;
using namespace tk::test;
using namespace std::chrono_literals;

#define COMPARE_CODE(result, expected) QVERIFY2((result).code == (expected), ((result).out + (result).err).constData())

class DeadLettersTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_cli = std::make_unique<CliFixture>(); }
    void cleanup()
    {
        m_cli.reset();
        m_server.reset();
    }

    void lists()
    {
        const RunResult none = m_cli->run({QStringLiteral("dead-letters")});
        COMPARE_CODE(none, 0);
        QVERIFY(none.out.isEmpty());
        QVERIFY(none.err.contains("refused nothing"));
        write({"mark_price,exchange=x,pair=y price=1 1795168800000",
               "mark_price,exchange=x,pair=y price=2 1795168860000"});
        const RunResult all =
            m_cli->run({QStringLiteral("dead-letters"), QStringLiteral("--format"), QStringLiteral("json")});
        COMPARE_CODE(all, 0);
        QCOMPARE(all.array().size(), 2);
        QCOMPARE(all.array()[1][QLatin1String("line")].toString(),
                 QStringLiteral("mark_price,exchange=x,pair=y price=2 1795168860000"));
        QCOMPARE(all.array()[0][QLatin1String("status")].toInteger(), 400);
        QCOMPARE(all.array()[0][QLatin1String("reason")].toString(), QStringLiteral("field type conflict"));
        const RunResult csv = m_cli->run({QStringLiteral("dead-letters"), file()});
        COMPARE_CODE(csv, 0);
        QVERIFY(csv.out.startsWith("time,status,reason,line\n"));
        QCOMPARE(csv.out.count('\n'), 3);
        const RunResult gone = m_cli->run({QStringLiteral("dead-letters"), file() + u'x'});
        COMPARE_CODE(gone, 3);
        // What is torn is told, and does not hide the rest.
        QFile torn(file());
        QVERIFY(torn.open(QIODevice::Append));
        torn.write("{\"time\":");
        torn.close();
        const RunResult damaged = m_cli->run({QStringLiteral("dead-letters")});
        COMPARE_CODE(damaged, 1);
        QVERIFY(damaged.err.contains("line 3: torn"));
        QCOMPARE(damaged.out.count('\n'), 3);
    }

    void sendsOnceMore()
    {
        if (!InfluxServer::isInstalled())
            QSKIP("no influxd on this machine");
        m_server = std::make_unique<InfluxServer>();
        QVERIFY(m_server->start());
        m_cli->writeConfig(QStringLiteral("[store.influx]\nurl = \"%1\"").arg(m_server->settings().url.toString()));
        // Two precisions in one file. The first line makes the field's type; the second is refused for it.
        const QByteArray now = QByteArray::number(toMs(m_now));
        write({"mark_price,exchange=x,pair=a price=\"text\" " + now});
        const QStringList replay{QStringLiteral("dead-letters"), QStringLiteral("--replay"), file(),
                                 QStringLiteral("--format"), QStringLiteral("json")};
        COMPARE_CODE(m_cli->run(replay), 0);
        QVERIFY(QFile::remove(file()));
        const QByteArray wrong = "mark_price,exchange=x,pair=b price=2 " + now;
        write({wrong, "funding_rate,exchange=x,pair=b rate=3 " + now});
        write({"trades,exchange=x,pair=b payload=\"{}\" " + now + "000001"}, QStringLiteral("ns"));

        const RunResult refused = m_cli->run(replay);
        COMPARE_CODE(refused, 1);
        QCOMPARE(refused.array().size(), 1);
        QCOMPARE(refused.array()[0][QLatin1String("line")].toString().toUtf8(), wrong);
        QVERIFY(refused.array()[0][QLatin1String("reason")].toString().contains(QStringLiteral("field type conflict")));
        QVERIFY2(refused.err.contains("2 of 3 lines are in the database now, 1 are still refused"),
                 refused.err.constData());
        QVERIFY(m_server->points().contains(QStringLiteral("trades,exchange=x,pair=b|") + QString::fromLatin1(now) +
                                            QStringLiteral("000001")));

        m_server->query("DROP MEASUREMENT \"mark_price\""); // and with it the field's type
        const RunResult taken = m_cli->run(replay);
        COMPARE_CODE(taken, 0);
        QVERIFY(taken.array().isEmpty());
        const PointMap points = m_server->points();
        const auto point = points.find(QStringLiteral("mark_price,exchange=x,pair=b|") + QString::fromLatin1(now) +
                                       QStringLiteral("000000"));
        QVERIFY(point != points.end());
        QCOMPARE(point->second.at(QStringLiteral("price")), QStringLiteral("2"));

        m_server->kill();
        COMPARE_CODE(m_cli->run(replay), 3);
    }

private:
    QString folder() const { return store::influx::InfluxStore::deadLettersIn(m_cli->dataDir()); }
    QString file() const { return folder() + u'/' + isoText(m_now).left(10) + QStringLiteral(".jsonl"); }

    void write(const QList<QByteArray> &lines, const QString &precision = QStringLiteral("ms"))
    {
        QVERIFY(QDir().mkpath(m_cli->dataDir()));
        store::DeadLetters letters({.folder = folder()});
        for (const QByteArray &line : lines)
            QVERIFY(letters.write({{.time = m_now,
                                    .sink = QStringLiteral("http://localhost"),
                                    .database = QStringLiteral("market_data"),
                                    .precision = precision,
                                    .status = 400,
                                    .reason = QStringLiteral("field type conflict"),
                                    .attempts = 1,
                                    .line = line}}));
    }

    const UtcTime m_now = SystemClock().utcNow();
    std::unique_ptr<CliFixture> m_cli;
    std::unique_ptr<InfluxServer> m_server;
};

TK_TEST(DeadLettersTest, dead_letters);

#include "tst_dead_letters.moc"
