// Copying between the stores, as users do it: the built program, a real SQLite file and a real InfluxDB.
#include "cli_fixture.h"
#include "core/store/samples.h"
#include "net/http_client.h"
#include "runtime/data_dir_lock.h"
#include "store/embedded/embedded_store.h"
#include "store/influx/dialect.h"
#include "support/influx/influx_server.h"
#include "support/test_registry.h"

#include "base/gzip.h"

#include <QDir>
#include <QTcpServer>

#include <set>

using namespace tk;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

const QString btc = QStringLiteral("BTC/USDT:USDT");
const QString chinese = QStringLiteral("币安人生/USDT:USDT");
const QString exchangeName = QStringLiteral("binance-usdm");

QStringList words(const QString &text)
{
    return text.split(u' ');
}

QString number(const DecimalText &text)
{
    return text.isEmpty() ? QString() : numberText(QByteArray::fromStdString(std::string(text.view())).toDouble());
}

QString join(const QStringList &parts)
{
    return parts.join(u'|');
}

// Everything that copy takes, values as numbers.
std::set<QString> contents(const QString &dataDir)
{
    std::set<QString> all;
    const auto reader = store::EmbeddedStore(store::EmbeddedStore::fileIn(dataDir)).openReader();
    if (!reader)
        return all;
    store::StoreReader &store = *reader.value();
    const auto summaries = store.candleSeries();
    for (const store::SeriesSummary &summary : *summaries) {
        const auto found = store.candles(summary.series, always, {});
        for (const Candle &one : *found)
            all.insert(join({summary.series.exchange, summary.series.pair, timeframeText(summary.series.timeframe),
                             isoText(one.open_time), number(one.open), number(one.high), number(one.low),
                             number(one.close), number(one.volume), number(one.quote_volume),
                             QString::number(one.trades), QString::number(int(one.source))}));
    }
    const auto edges = store.markCandleEdges();
    for (const store::SeriesEdge &edge : *edges) {
        const auto found = store.markCandles(edge.series, always);
        for (const Candle &one : *found)
            all.insert(
                join({QStringLiteral("mark candle"), edge.series.pair, timeframeText(edge.series.timeframe),
                      isoText(one.open_time), number(one.open), number(one.high), number(one.low), number(one.close)}));
    }
    for (const QString &pair : {btc, chinese}) {
        const auto funding = store.fundingHistory(exchangeName, pair, always);
        for (const FundingPoint &point : *funding)
            all.insert(join({QStringLiteral("funding"), point.pair, isoText(point.time), number(point.rate),
                             QString::number(point.special)}));
        const auto marks = store.markHistory(exchangeName, pair, always);
        for (const MarkPoint &point : *marks)
            all.insert(join({QStringLiteral("mark"), point.pair, isoText(point.time, true), number(point.price),
                             number(point.index_price)}));
    }
    return all;
}

} // namespace

#define COMPARE_CODE(result, expected) QVERIFY2((result).code == (expected), ((result).out + (result).err).constData())

class CopyTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_cli = std::make_unique<CliFixture>();
        m_server = std::make_unique<InfluxServer>();
        if (!InfluxServer::isInstalled())
            QSKIP("no influxd on this machine");
        QVERIFY(m_server->start());
        useServer(*m_cli);
    }
    void cleanup()
    {
        m_cli.reset();
        m_server.reset();
    }

    void thereAndBack()
    {
        fill();
        const std::set<QString> before = contents(m_cli->dataDir());
        QCOMPARE(before.size(), size_t(2 * 10'000 + 700 + 500 + 91 + 3'000));
        const RunResult there = run(*m_cli, QStringLiteral("copy embedded influx --format json"));
        COMPARE_CODE(there, 0);
        const QJsonArray rows = there.array();
        QCOMPARE(rows.size(), 5);
        QCOMPARE(rows[1][QLatin1String("measurement")].toString(), QStringLiteral("mark_ohlcv_1h"));
        QCOMPARE(rows[1][QLatin1String("points")].toInteger(), 500);
        QCOMPARE(rows[3][QLatin1String("measurement")].toString(), QStringLiteral("ohlcv_1h"));
        QCOMPARE(rows[4][QLatin1String("points")].toInteger(), 20'000);
        QCOMPARE(rows[4][QLatin1String("series")].toInteger(), 2);
        QVERIFY2(there.err.contains("1 ticks stay where they are"), there.err.constData());

        CliFixture other;
        useServer(other);
        COMPARE_CODE(run(other, QStringLiteral("copy influx embedded")), 0);
        QVERIFY(contents(other.dataDir()) == before);
        // And once more, both ways: nothing changes.
        const PointMap points = m_server->points();
        COMPARE_CODE(run(*m_cli, QStringLiteral("copy embedded influx")), 0);
        COMPARE_CODE(run(other, QStringLiteral("copy influx embedded")), 0);
        QCOMPARE(difference(points, m_server->points()), QString());
        QVERIFY(contents(other.dataDir()) == before);
    }

    void takesWhatWasAskedFor()
    {
        fill();
        const QString command = QStringLiteral("copy embedded influx --pairs BTC-USDT-PERP --timeframes 3m --from %1 "
                                               "--to %2 --format json");
        const RunResult result = run(*m_cli, command.arg(toMs(m_start + 24h)).arg(toMs(m_start + 48h)));
        COMPARE_CODE(result, 0);
        for (const QJsonValue &row : result.array()) {
            const QString measurement = row[QLatin1String("measurement")].toString();
            QCOMPARE(row[QLatin1String("points")].toInteger(), measurement == QLatin1String("ohlcv_3m")        ? 480
                                                               : measurement == QLatin1String("mark_price")    ? 1440
                                                               : measurement == QLatin1String("mark_ohlcv_1h") ? 24
                                                                                                               : 3);
        }
        QCOMPARE(result.array().size(), 4);
        const RunResult nothing = run(*m_cli, QStringLiteral("copy embedded influx --pairs LTC/USDT:USDT"));
        COMPARE_CODE(nothing, 1);
        QVERIFY(nothing.err.contains("nothing to copy"));
        COMPARE_CODE(run(*m_cli, QStringLiteral("copy embedded influx --pairs BTCUSDT")), 2);
        COMPARE_CODE(run(*m_cli, QStringLiteral("copy embedded influx --timeframes 7m")), 2);
    }

    // Rows that cannot be are taken nowhere, in either direction, and named.
    void whatCannotBeStaysBehind()
    {
        fill();
        {
            store::EmbeddedStore store(store::EmbeddedStore::fileIn(m_cli->dataDir()));
            auto bad = candles(Timeframe::H1, m_start + 5h, 2);
            bad[0].high = dec("1");
            bad[1].volume = dec("-0.5");
            for (Candle &one : bad)
                one.source = CandleSource::Repair;
            QVERIFY(store.openWriter().value()->write({batch(series(Timeframe::H1, btc), bad)}));
        }
        RunResult result = run(*m_cli, QStringLiteral("copy embedded influx --timeframes 1h --format json"));
        COMPARE_CODE(result, 1);
        QCOMPARE(result.array()[3][QLatin1String("points")].toInteger(), 698);
        QCOMPARE(result.array()[3][QLatin1String("missing")].toInteger(), 0);
        QVERIFY2(result.err.contains("BTC/USDT:USDT 1h candles: 2 rows in the store cannot be"),
                 result.err.constData());
        QVERIFY2(result.err.contains(isoText(m_start + 5h).toLatin1()), result.err.constData());
        result = run(*m_cli, QStringLiteral("query ohlcv BTC/USDT:USDT 1h --limit 10000 --format json"));
        COMPARE_CODE(result, 1);
        QCOMPARE(result.array().size(), 698);
        QVERIFY2(result.err.contains("2 rows in the store cannot be"), result.err.constData());
        // And back, out of a database that somebody else has written to.
        m_server->write("ohlcv_1h,exchange=binance-usdm,pair=BTC/USDT:USDT high=1 " +
                        QByteArray::number(toMs(m_start) * 1'000'000));
        CliFixture other;
        useServer(other);
        result = run(other, QStringLiteral("copy influx embedded --timeframes 1h --format json"));
        COMPARE_CODE(result, 1);
        QVERIFY2(result.err.contains("1 row in the store cannot be"), result.err.constData());
    }

    void whatIsRefusedIsNamed()
    {
        fill();
        // In the first week's shard the field is a text: there, numbers are refused.
        m_server->query("CREATE DATABASE \"market_data\"");
        GzipCompressor gzip;
        net::BlockingHttpClient http({});
        const QByteArray line = "ohlcv_1h,exchange=x,pair=y open=\"text\" " + QByteArray::number(toMs(m_start)) + '\n';
        const auto call =
            store::influx::writeCall(store::influx::Api::V1, m_server->settings(), false, gzip.compress(line));
        QCOMPARE(http.send(call).status, 204);
        const RunResult result = run(*m_cli, QStringLiteral("copy embedded influx --timeframes 1h --format json"));
        COMPARE_CODE(result, 1);
        const QJsonValue candles = result.array()[3];
        QCOMPARE(candles[QLatin1String("points")].toInteger(), 700);
        const qint64 refused = candles[QLatin1String("refused")].toInteger();
        QVERIFY(refused > 0 && refused <= 168);
        QCOMPARE(candles[QLatin1String("missing")].toInteger(), refused);
        QCOMPARE(result.array()[1][QLatin1String("missing")].toInteger(), 0);
        QVERIFY2(result.err.contains("field type conflict"), result.err.constData());
        QVERIFY2(result.err.contains("ohlcv_1h of BTC/USDT:USDT"), result.err.constData());
    }

    void withoutADatabase()
    {
        fill();
        QTcpServer closed; // a port where nobody listens
        QVERIFY(closed.listen(QHostAddress::LocalHost));
        const quint16 port = closed.serverPort();
        closed.close();
        m_cli->writeConfig(QStringLiteral("[store.influx]\nurl = \"http://127.0.0.1:%1\"").arg(port));
        for (const char *command : {"copy embedded influx", "copy influx embedded"}) {
            const RunResult result = run(*m_cli, QString::fromLatin1(command));
            COMPARE_CODE(result, 3);
            QVERIFY(result.out.isEmpty());
            QVERIFY2(result.err.contains("the database at http://127.0.0.1"), result.err.constData());
        }
    }

    void endsWhenItIsInterrupted()
    {
        fill();
        QTcpServer silent; // takes the connection and never says a word
        QVERIFY(silent.listen(QHostAddress::LocalHost));
        m_cli->writeConfig(QStringLiteral("[store.influx]\nurl = \"http://127.0.0.1:%1\"").arg(silent.serverPort()));
        QProcess *process = m_cli->start(words(QStringLiteral("copy embedded influx")));
        QTRY_VERIFY_WITH_TIMEOUT(silent.hasPendingConnections(), 30'000);
        process->terminate();
        QVERIFY(process->waitForFinished(30'000));
        QCOMPARE(process->exitStatus(), QProcess::NormalExit);
        QCOMPARE(process->exitCode(), 1);
        QVERIFY(process->readAllStandardError().contains("the same command goes on from here"));
    }

    void withoutAnything()
    {
        const RunResult none = run(*m_cli, QStringLiteral("copy embedded influx"));
        COMPARE_CODE(none, 3);
        QVERIFY(none.err.contains("no store"));
        QVERIFY(QDir().mkpath(m_cli->dataDir()));
        QVERIFY(store::EmbeddedStore(store::EmbeddedStore::fileIn(m_cli->dataDir())).prepare());
        for (const char *command : {"copy embedded influx", "copy influx embedded"}) {
            const RunResult empty = run(*m_cli, QString::fromLatin1(command));
            COMPARE_CODE(empty, 0);
            QVERIFY(empty.err.contains("nothing to copy"));
        }
    }

    void aRunningEngineKeepsItsStore()
    {
        const auto lock = runtime::DataDirLock::acquire(m_cli->dataDir());
        QVERIFY(lock);
        const RunResult result = run(*m_cli, QStringLiteral("copy influx embedded"));
        COMPARE_CODE(result, 3);
        QVERIFY2(result.err.contains("already works in"), result.err.constData());
        QVERIFY(!QFile::exists(store::EmbeddedStore::fileIn(m_cli->dataDir())));
    }

private:
    RunResult run(CliFixture &cli, const QString &command) { return cli.run(words(command)); }

    void useServer(CliFixture &cli) const
    {
        cli.writeConfig(QStringLiteral("[store.influx]\nurl = \"%1\"").arg(m_server->settings().url.toString()));
    }

    // Five weeks, so that bodies touch several shards; within any retention.
    void fill()
    {
        m_start = candleOpen(Timeframe::D1, SystemClock().utcNow() - 24h * 30);
        store::EmbeddedStore store(store::EmbeddedStore::fileIn(m_cli->dataDir()));
        QVERIFY(QDir().mkpath(m_cli->dataDir()));
        const auto writer = store.openWriter();
        QVERIFY(writer);
        RecordBatch batch;
        for (const QString &pair : {btc, chinese})
            batch.candles.push_back({series(Timeframe::M3, pair), candles(Timeframe::M3, m_start, 10'000)});
        batch.candles.push_back(
            {series(Timeframe::H1, btc), candles(Timeframe::H1, m_start, 700, CandleSource::Repair)});
        std::vector<Candle> marks = candles(Timeframe::H1, m_start, 500);
        for (Candle &one : marks) // prices alone
            one.volume = one.quote_volume = DecimalText();
        batch.mark_candles.push_back({series(Timeframe::H1, btc), std::move(marks)});
        for (int i = 0; i < 90; ++i) {
            FundingPoint point{.exchange = exchangeName,
                               .pair = btc,
                               .time = m_start + i * 8h,
                               .rate = dec("0.00010000"),
                               .predicted_rate = {}};
            batch.funding.push_back(point);
            if (i == 7) { // stands beside the regular one
                point.special = true;
                point.rate = dec("-0.00031");
                batch.funding.push_back(point);
            }
        }
        for (int i = 0; i < 3'000; ++i)
            batch.marks.push_back({exchangeName, btc, m_start + i * 1min + 17ms, dec("77772.33237474"),
                                   i % 10 == 0 ? DecimalText() : dec("77806.34288532")});
        batch.ticks.push_back({exchangeName, btc, QStringLiteral("trades"), m_start, 1, "{}"});
        QVERIFY(writer.value()->write({batch}));
    }

    std::unique_ptr<CliFixture> m_cli;
    std::unique_ptr<InfluxServer> m_server;
    UtcTime m_start{};
};

TK_TEST(CopyTest, copy);

#include "tst_copy.moc"
