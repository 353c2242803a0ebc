// What a running engine says and takes over its link.
#include "cli_fixture.h"
#include "link/link_client.h"
#include "link/live_state.h"
#include "support/test_registry.h"

#include <QFileInfo>
#include <QSignalSpy>

using namespace tk;
using namespace tk::test;
using link::LinkClient;

class LinkCommandsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_cli = std::make_unique<CliFixture>();
        QVERIFY(m_cli->startEngine());
    }
    void cleanupTestCase()
    {
        QVERIFY(m_cli->stopEngine());
        QVERIFY(!QFileInfo::exists(m_cli->socketFile())); // an orderly end leaves no socket behind
        m_cli.reset();
    }
    void init()
    {
        m_client = std::make_unique<LinkClient>();
        m_client->connectTo(m_cli->socketFile());
        QTRY_VERIFY_WITH_TIMEOUT(m_client->isConnected(), 30'000);
    }
    void cleanup() { m_client.reset(); }

    void refusesWhatItDoesNotKnow()
    {
        QSignalSpy refused(m_client.get(), &LinkClient::refused);
        m_client->request(QStringLiteral("dance"));
        m_client->request(QStringLiteral("backfill"), {});
        m_client->request(QStringLiteral("cancel-backfill"), {});
        m_client->request(QStringLiteral("resubscribe"), {{QStringLiteral("pair"), QStringLiteral("x")}});
        QTRY_COMPARE_WITH_TIMEOUT(refused.size(), 4, 30'000);
        QVERIFY(refused[0][1].value<Error>().message.contains(QStringLiteral("there is no command \"dance\"")));
    }

    void showsEveryTopic()
    {
        QSignalSpy snapshots(m_client.get(), &LinkClient::snapshot);
        QSignalSpy changes(m_client.get(), &LinkClient::changes);
        m_client->watch();
        QJsonObject state;
        QTRY_VERIFY_WITH_TIMEOUT(
            [&] {
                while (!snapshots.isEmpty())
                    state = snapshots.takeFirst()[0].toJsonObject();
                while (!changes.isEmpty())
                    link::apply(changes.takeFirst()[0].toJsonObject(), state);
                return state[QLatin1String("pairs")].toObject().size() == 2 &&
                       state[QLatin1String("connections")].toObject().size() == 1 &&
                       state[QLatin1String("history")].toObject().contains(QStringLiteral("binance-usdm")) &&
                       state.contains(QStringLiteral("store")) && state.contains(QStringLiteral("engine"));
            }(),
            30'000);
        const QJsonValue pair = state[QLatin1String("pairs")][QLatin1String("binance-usdm BTC/USDT:USDT")];
        QCOMPARE(pair[QLatin1String("pair")].toString(), QStringLiteral("BTC/USDT:USDT"));
        QCOMPARE(pair[QLatin1String("streams")].toArray().size(), 3); // 3m, 1h, mark price
        QVERIFY(pair[QLatin1String("finals")].toObject().contains(QStringLiteral("3m")));
    }

    void resubscribesAPair()
    {
        QTRY_VERIFY_WITH_TIMEOUT(m_cli->exchange().stats().connectionsOpen >= 1, 30'000);
        const quint64 before = m_cli->exchange().stats().connectionsOpened;
        QSignalSpy finished(m_client.get(), &LinkClient::finished);
        m_client->request(QStringLiteral("resubscribe"), {{QStringLiteral("pair"), QStringLiteral("BTC-USDT-PERP")}});
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 1, 30'000);
        QTRY_VERIFY_WITH_TIMEOUT(m_cli->exchange().stats().connectionsOpened > before, 30'000);
    }

    void aBackfillGoesOnWithoutItsAsker()
    {
        QSignalSpy progressed(m_client.get(), &LinkClient::progressed);
        m_client->request(QStringLiteral("backfill"),
                          {{QStringLiteral("pairs"), QJsonArray{QStringLiteral("SOL/USDT:USDT")}},
                           {QStringLiteral("timeframes"), QJsonArray{QStringLiteral("1h")}},
                           {QStringLiteral("from"), toMs(SystemClock().utcNow() - std::chrono::hours(48))}});
        QTRY_VERIFY_WITH_TIMEOUT(!progressed.isEmpty(), 30'000);
        QVERIFY(progressed[0][1].toJsonObject()[QLatin1String("id")].toInteger() > 0);
        m_client->close();
        QTRY_COMPARE_WITH_TIMEOUT(m_cli
                                      ->run({QStringLiteral("query"), QStringLiteral("ohlcv"),
                                             QStringLiteral("SOL/USDT:USDT"), QStringLiteral("1h")})
                                      .code,
                                  0, 30'000);
    }

private:
    std::unique_ptr<CliFixture> m_cli;
    std::unique_ptr<LinkClient> m_client;
};

TK_TEST(LinkCommandsTest, link_commands);

#include "tst_link_commands.moc"
