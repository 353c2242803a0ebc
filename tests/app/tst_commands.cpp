// The commands as users run them: the built program against a simulated exchange, with and without a running engine.
#include "cli_fixture.h"
#include "link/link_client.h"
#include "monitor/engine_view.h"
#include "monitor/status_sentence.h"
#include "support/test_registry.h"

#include <QDir>
#include <QFile>
#include <QTcpServer>

#include <csignal>

using namespace tk;
using namespace tk::test;

namespace {

QStringList words(const QString &text)
{
    return text.split(u' ');
}

const QString btc = QStringLiteral("BTC/USDT:USDT");
const QString chinese = QStringLiteral("币安人生/USDT:USDT");
const QString m3 = QStringLiteral("ohlcv_3m");

} // namespace

#define COMPARE_CODE(result, expected) QVERIFY2((result).code == (expected), ((result).out + (result).err).constData())

class CommandsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_cli = std::make_unique<CliFixture>(); }
    void cleanup() { m_cli.reset(); }

    void withoutAStore()
    {
        for (const char *command : {"query ohlcv BTC/USDT:USDT 3m", "query mark-price", "gaps", "gaps --repair"}) {
            const RunResult result = run(QString::fromLatin1(command));
            COMPARE_CODE(result, 3);
            QVERIFY(result.out.isEmpty());
            QVERIFY(result.err.contains("no store"));
        }
        const RunResult status = run(QStringLiteral("status"));
        COMPARE_CODE(status, 3);
        QVERIFY(status.err.contains("no engine runs on"));
        QVERIFY(!QFile::exists(m_cli->dataDir())); // looking changes nothing
    }

    void aBrokenConfigurationIsWrongUsage()
    {
        m_cli->writeConfig(QStringLiteral("histroy = 5"));
        for (const char *command : {"status", "gaps", "query mark-price", "check",
                                    "backfill --pairs all --timeframes 3m --from 2026-01-01"}) {
            const RunResult result = run(QString::fromLatin1(command));
            COMPARE_CODE(result, 2);
            QVERIFY(result.err.contains("histroy"));
        }
    }

    void queries()
    {
        QVERIFY(m_cli->startEngine());
        for (const char *live : {"query mark-price --format json", "query funding-rate --format json"})
            QTRY_COMPARE_WITH_TIMEOUT(run(QString::fromLatin1(live)).array().size(), 2, 30'000);
        checkQueries(); // beside the engine
        QVERIFY(m_cli->stopEngine());
        checkQueries();
    }

    void statusOfARunningEngine()
    {
        QVERIFY(m_cli->startEngine());
        RunResult result;
        const auto stored = [&] { // snapshots follow once a second
            result = run(QStringLiteral("status --format json"));
            return result.object()[QLatin1String("store")][QLatin1String("stored_candles")].toInteger();
        };
        QTRY_VERIFY_WITH_TIMEOUT(stored() >= 200 && result.code == 0, 30'000);
        const QJsonObject status = result.object();
        QVERIFY(status[QLatin1String("ok")].toBool());
        QCOMPARE(status[QLatin1String("engine")][QLatin1String("data_dir")].toString(), m_cli->dataDir());
        const QJsonValue exchange = status[QLatin1String("exchanges")][0];
        QCOMPARE(exchange[QLatin1String("streams")].toInteger(), 6); // two pairs: 3m, 1h, mark price
        QVERIFY(!exchange[QLatin1String("connections")].toArray().isEmpty());
        QVERIFY(exchange[QLatin1String("history")][QLatin1String("instruments_known")].toBool());
        const RunResult table = run(QStringLiteral("status --format table"));
        COMPARE_CODE(table, 0);
        QVERIFY(table.out.startsWith("part "));
        QVERIFY(table.out.contains("feed binance-usdm"));
    }

    // Stopped in its tracks: its socket still takes what is sent. A window says so within seconds and keeps what it
    // showed as of then; status ends with the exit code of what cannot be reached; and both see it come back.
    void anEngineThatHangsIsKnownAsThat()
    {
        QVERIFY(m_cli->startEngine());
        QTRY_VERIFY_WITH_TIMEOUT(run(QStringLiteral("status")).code == 0, 30'000);
        const qint64 pid = run(QStringLiteral("status --format json"))
                               .object()[QLatin1String("engine")][QLatin1String("pid")]
                               .toInteger();
        QVERIFY(pid > 0);
        auto link = std::make_unique<link::LinkClient>();
        auto *client = link.get();
        monitor::EngineView window({.link = std::move(link),
                                    .open = [client, file = m_cli->socketFile()] { client->connectTo(file); },
                                    .name = QStringLiteral("window")});
        window.start();
        using State = monitor::EngineConnection::State;
        QTRY_COMPARE_WITH_TIMEOUT(window.connection().state(), State::Connected, 10'000);
        QTRY_VERIFY_WITH_TIMEOUT(toMs(window.now()) != 0, 10'000);
        QCOMPARE(::kill(pid_t(pid), SIGSTOP), 0);
        QElapsedTimer since;
        since.start();
        QTRY_COMPARE_WITH_TIMEOUT(window.connection().state(), State::Silent, 10'000);
        QVERIFY2(since.elapsed() < 4'500, qPrintable(QString::number(since.elapsed())));
        const UtcTime stoodAt = window.now();
        const auto line = monitor::statusLine({.connection = window.connection().state(),
                                               .last_seen = window.connection().lastSeen(),
                                               .connection_trouble = {},
                                               .health = window.health()});
        QCOMPARE(line.verdict, monitor::Verdict::Away);
        QVERIFY2(line.text.contains(QLatin1String("does not answer since")), qPrintable(line.text));
        since.restart();
        const RunResult hung = run(QStringLiteral("status"));
        COMPARE_CODE(hung, 3);
        QVERIFY2(hung.err.contains("does not answer"), hung.err.constData());
        QVERIFY2(since.elapsed() < 8'000, qPrintable(QString::number(since.elapsed())));
        QCOMPARE(window.now(), stoodAt); // its clock stands still
        QCOMPARE(::kill(pid_t(pid), SIGCONT), 0);
        QTRY_COMPARE_WITH_TIMEOUT(window.connection().state(), State::Connected, 10'000);
        QTRY_COMPARE_WITH_TIMEOUT(run(QStringLiteral("status")).code, 0, 30'000);
    }

    void anUnhealthyEngineExitsWithOne()
    {
        QVERIFY(m_cli->startEngine());
        QTRY_VERIFY_WITH_TIMEOUT(run(QStringLiteral("status")).code == 0, 30'000);
        m_cli->exchange().stopListening();
        for (const QJsonValue &connection : m_cli->exchange().connections())
            m_cli->exchange().closeConnection(connection[QLatin1String("id")].toInt(), 1001);
        RunResult result;
        QTRY_VERIFY_WITH_TIMEOUT((result = run(QStringLiteral("status"))).code == 1, 30'000);
        QVERIFY2(result.err.contains("is down"), result.err.constData());
    }

    void gapsAreFoundAndRepairedByARunningEngine()
    {
        QVERIFY(m_cli->startEngine());
        checkGaps();
        QVERIFY(m_cli->stopEngine());
        COMPARE_CODE(run(QStringLiteral("gaps")), 0);
    }

    void gapsAreFoundAndRepairedWithoutAnEngine()
    {
        QVERIFY(m_cli->startEngine());
        QVERIFY(m_cli->stopEngine());
        checkGaps();
    }

    void aSeriesThatIsWhollyMissingIsAGap()
    {
        QVERIFY(m_cli->startEngine());
        QVERIFY(m_cli->stopEngine());
        m_cli->setPairs({btc, chinese, QStringLiteral("ETH/USDT:USDT")});
        m_cli->writeConfig();
        const RunResult found = run(QStringLiteral("gaps --format json"));
        COMPARE_CODE(found, 1);
        QCOMPARE(found.array().size(), 2); // 3m and 1h
        QCOMPARE(found.array()[0][QLatin1String("pair")].toString(), QStringLiteral("ETH/USDT:USDT"));
        QCOMPARE(found.array()[0][QLatin1String("missing")].toInteger(), 50);
        QVERIFY2(found.err.contains("2 stretches of history were never fetched so far, 100 candles"),
                 found.err.constData());
        QVERIFY2(!found.err.contains(" open"), found.err.constData()); // status says the same: no gap
        COMPARE_CODE(run(QStringLiteral("gaps --repair")), 0);
        const RunResult rows = run(QStringLiteral("query ohlcv ETH/USDT:USDT 3m --format json"));
        QVERIFY(rows.array().size() >= 50);
    }

    void backfillThroughARunningEngine()
    {
        QVERIFY(m_cli->startEngine());
        checkBackfill();
    }

    void backfillWithoutAnEngine() { checkBackfill(); }

    void backfillTellsWhatItCouldNot()
    {
        const RunResult unknown =
            run(QStringLiteral("backfill --pairs NOPE/USDT:USDT --timeframes 1h --from 2026-11-01"));
        COMPARE_CODE(unknown, 1);
        QVERIFY(unknown.err.contains("lists no such pair"));
        for (const char *wrong : {"backfill --pairs BTCUSDT --timeframes 1h --from 2026-11-01",
                                  "backfill --pairs BTC/USDT:USDT --timeframes 7m --from 2026-11-01"})
            COMPARE_CODE(run(QString::fromLatin1(wrong)), 2);
    }

    void anInterruptedBackfillGoesOnLater()
    {
        QVERIFY(m_cli->startEngine());
        QVERIFY(m_cli->stopEngine()); // the instrument list is kept from here on
        // Refuses every candle request, so that the backfill is under way for as long as it takes.
        m_cli->exchange().addFault({.fault = QStringLiteral("rest-refuse"),
                                    .parameters = {{QStringLiteral("status"), 503},
                                                   {QStringLiteral("path"), QStringLiteral("/fapi/v1/klines")}}});
        const QStringList command =
            words(QStringLiteral("backfill --pairs ETH/USDT:USDT --timeframes 1h --from %1").arg(daysAgo(3)));
        QProcess *process = m_cli->start(command);
        QByteArray told;
        QTRY_VERIFY_WITH_TIMEOUT((told += process->readAllStandardError()).contains("requests left"), 30'000);
        process->terminate();
        QVERIFY(process->waitForFinished(30'000));
        QCOMPARE(process->exitStatus(), QProcess::NormalExit);
        QCOMPARE(process->exitCode(), 1);
        QVERIFY(process->readAllStandardError().contains("the same command goes on from here"));
        m_cli->exchange().clearFaults();
        COMPARE_CODE(m_cli->run(command), 0);
    }

    void anUnreachableExchangeEndsABackfill()
    {
        QTcpServer closed; // a port where nobody listens
        QVERIFY(closed.listen(QHostAddress::LocalHost));
        m_cli->setRestUrl(QUrl(QStringLiteral("http://127.0.0.1:%1").arg(closed.serverPort())));
        closed.close();
        m_cli->writeConfig();
        // A fast clock makes the half minute of patience short.
        const RunResult result =
            run(QStringLiteral("--speed 30 backfill --pairs BTC/USDT:USDT --timeframes 1h --from %1").arg(daysAgo(3)));
        COMPARE_CODE(result, 3);
        QVERIFY(result.out.isEmpty());
        QVERIFY(result.err.contains("gives no answer"));
    }

    void theDemoHasAFolderOfItsOwn()
    {
        const RunResult result = run(QStringLiteral("--demo query mark-price"));
        COMPARE_CODE(result, 3);
        QVERIFY(result.err.contains("/data/demo/"));
    }

private:
    RunResult run(const QString &command) { return m_cli->run(words(command)); }

    static QString daysAgo(int days)
    {
        return isoText(SystemClock().utcNow() - std::chrono::hours(24 * days)).left(10);
    }

    void checkQueries()
    {
        const RunResult json = run(QStringLiteral("query ohlcv %1 3m --format json").arg(btc));
        COMPARE_CODE(json, 0);
        const QJsonArray rows = json.array();
        QVERIFY(rows.size() >= 50);
        const UtcTime first = *parseUtcTime(rows.first()[QLatin1String("open_time")].toString());
        const UtcTime last = *parseUtcTime(rows.last()[QLatin1String("open_time")].toString());
        QVERIFY(first < last); // oldest first
        const auto truth =
            m_cli->exchange().truth(QStringLiteral("BTCUSDT"), Timeframe::M3, {first, first + std::chrono::minutes(3)});
        QCOMPARE(truth.size(), size_t(1));
        QCOMPARE(rows.first()[QLatin1String("close")].toString().toStdString(), std::string(truth[0].close.view()));
        const RunResult two = run(QStringLiteral("query ohlcv BTC-USDT-PERP 3m --limit 2 --to %1").arg(toMs(last)));
        COMPARE_CODE(two, 0);
        QVERIFY(two.out.startsWith("open_time,open,high,low,close,volume,quote_volume,trades,source\n"));
        QCOMPARE(two.out.count('\n'), 3);
        QVERIFY(two.out.contains((isoText(last - std::chrono::minutes(3)) + u',').toUtf8()));
        const RunResult empty = run(QStringLiteral("query ohlcv %1 3m --from 2001-01-01 --to 2001-01-02").arg(btc));
        COMPARE_CODE(empty, 0);
        QVERIFY(empty.out.isEmpty());
        const RunResult unknown = run(QStringLiteral("query ohlcv LTC/USDT:USDT 3m"));
        COMPARE_CODE(unknown, 1);
        QVERIFY(unknown.out.isEmpty());
        QVERIFY(unknown.err.contains("nothing is stored for LTC/USDT:USDT 3m"));
        COMPARE_CODE(run(QStringLiteral("query ohlcv BTCUSDT 3m")), 2);
        COMPARE_CODE(run(QStringLiteral("query ohlcv BTC/USDT:USDT 3x")), 2);
        const RunResult funding = run(QStringLiteral("query funding-rate --format json"));
        COMPARE_CODE(funding, 0);
        QCOMPARE(funding.array().size(), 2);
        const RunResult mark = run(QStringLiteral("query mark-price %1 --format json").arg(chinese));
        COMPARE_CODE(mark, 0);
        QCOMPARE(mark.array().size(), 1);
        QCOMPARE(mark.array()[0][QLatin1String("pair")].toString(), chinese);
    }

    void checkGaps()
    {
        const RunResult none = run(QStringLiteral("gaps --format json"));
        COMPARE_CODE(none, 0);
        QVERIFY(none.array().isEmpty());
        QCOMPARE(m_cli->makeHole(chinese, m3, 20, 5), 5);
        QCOMPARE(m_cli->cutStart(chinese, QStringLiteral("ohlcv_1h"), 3), 3);
        const RunResult found = run(QStringLiteral("gaps --format json"));
        COMPARE_CODE(found, 1);
        QCOMPARE(found.array().size(), 2);
        qint64 missing = 0;
        for (const QJsonValue &row : found.array()) {
            QCOMPARE(row[QLatin1String("pair")].toString(), chinese);
            QCOMPARE(row[QLatin1String("state")].toString(), QStringLiteral("open"));
            missing += row[QLatin1String("missing")].toInteger();
        }
        QCOMPARE(missing, 8);
        const RunResult repaired = run(QStringLiteral("gaps --repair --format json"));
        COMPARE_CODE(repaired, 0);
        QVERIFY(repaired.array().isEmpty());
        COMPARE_CODE(run(QStringLiteral("gaps")), 0);
        const auto whole = run(QStringLiteral("query ohlcv %1 3m --format json").arg(chinese)).array();
        qint64 repairs = 0;
        for (const QJsonValue &row : whole)
            repairs += row[QLatin1String("source")].toString() == QLatin1String("repair") ? 1 : 0;
        QVERIFY(repairs >= 5);
    }

    void checkBackfill()
    {
        const QString command =
            QStringLiteral("backfill --pairs ETH-USDT-PERP,%1 --timeframes 1h --from %2 --to %3 --format json")
                .arg(chinese, daysAgo(5), daysAgo(3));
        const RunResult first = run(command);
        COMPARE_CODE(first, 0);
        const QJsonValue counts = first.array()[0];
        QCOMPARE(counts[QLatin1String("wanted")].toInteger() + counts[QLatin1String("present")].toInteger(), 96);
        QCOMPARE(counts[QLatin1String("fetched")].toInteger(), counts[QLatin1String("wanted")].toInteger());
        const RunResult again = run(command); // resumable: nothing is fetched twice
        COMPARE_CODE(again, 0);
        QCOMPARE(again.array()[0][QLatin1String("present")].toInteger(), 96);
        QCOMPARE(again.array()[0][QLatin1String("fetched")].toInteger(), 0);
        const RunResult rows = run(
            QStringLiteral("query ohlcv ETH/USDT:USDT 1h --from %1 --to %2 --format json").arg(daysAgo(5), daysAgo(3)));
        QCOMPARE(rows.array().size(), 48);
    }

    std::unique_ptr<CliFixture> m_cli;
};

TK_TEST(CommandsTest, commands);

#include "tst_commands.moc"
