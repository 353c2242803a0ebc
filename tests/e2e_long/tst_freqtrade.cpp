// A futures backtest of freqtrade's own over the files of a fresh engine counts the funding that the exchange says was
// due: rate x mark x amount. Without mark candles from before the start it counts none, and says nothing.
#include "process_rig.h"

#include "support/test_registry.h"

#include <QDir>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

#include <cmath>
#include <csignal>

namespace tk::test {

using namespace std::chrono_literals;

namespace {

const QStringList pairs{QStringLiteral("BTC/USDT:USDT"), QStringLiteral("ETH/USDT:USDT")};

// A sync of all files; how many rows the named one has then.
qint64 rowsAfterSync(const ProcessRig &rig, const QString &name)
{
    const auto answer =
        rig.ask({QStringLiteral("sync"), QStringLiteral("--once"), QStringLiteral("--format"), QStringLiteral("json")});
    const QJsonArray rows = QJsonDocument::fromJson(answer.out).array();
    for (const auto &row : rows) {
        if (row[QLatin1String("file")].toString() == name)
            return answer.code == 0 ? row[QLatin1String("rows")].toInteger() : 0;
    }
    return 0;
}

} // namespace

class TestFreqtrade : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void fundingIsCounted();
};

void TestFreqtrade::fundingIsCounted()
{
    const QString python = qEnvironmentVariable("TAPEKEEPER_FREQTRADE_PYTHON");
    if (python.isEmpty())
        QSKIP("no TAPEKEEPER_FREQTRADE_PYTHON: scripts/test --long makes one");
    constexpr int history = 500; // hours: nearly three weeks, of which the engine has seen minutes
    const QTemporaryDir dir;
    ProcessRig rig({.pairs = 6, .timeframes = {Timeframe::H1}, .history = history});
    const QString datadir = dir.filePath(QStringLiteral("data"));
    QVERIFY(QDir().mkpath(datadir) && QDir().mkpath(dir.filePath(QStringLiteral("freqtrade"))));
    rig.configure(QStringLiteral("[sync]\ndatadir = \"%1\"\n").arg(datadir).toUtf8());
    QVERIFY(rig.start());
    QVERIFY(rig.waitLog("first fill done"));
    for (const QString &name : {QStringLiteral("BTC_USDT_USDT"), QStringLiteral("ETH_USDT_USDT")}) {
        for (const QString &kind : {QStringLiteral("futures"), QStringLiteral("mark")}) {
            const QString file = QStringLiteral("%1-1h-%2.feather").arg(name, kind);
            QTRY_VERIFY2_WITH_TIMEOUT(rowsAfterSync(rig, QStringLiteral("binance/futures/") + file) >= history,
                                      qPrintable(file), 60'000);
        }
    }
    QProcess process;
    process.start(python, QStringList{QStringLiteral(TAPEKEEPER_SOURCE_DIR "/tests/python/funding_backtest.py"),
                                      datadir + QStringLiteral("/binance"), rig.sim().restUrl().toString(),
                                      dir.filePath(QStringLiteral("freqtrade"))} +
                              pairs);
    QVERIFY(QTest::qWaitFor([&] { return process.state() == QProcess::NotRunning; }, 300'000));
    QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());

    int trades = 0;
    int longs = 0;
    int settlements = 0;
    QSet<QString> traded;
    for (const QByteArray &line : process.readAllStandardOutput().split('\n')) {
        const QJsonObject trade = QJsonDocument::fromJson(line).object();
        if (trade.isEmpty())
            continue;
        const double funding = trade[QLatin1String("funding")].toDouble();
        const double due = trade[QLatin1String("due")].toDouble();
        QVERIFY2(due != 0 && std::abs(funding - due) <= 1e-9 * std::abs(due), line.constData());
        ++trades;
        longs += trade[QLatin1String("short")].toBool() ? 0 : 1;
        settlements += trade[QLatin1String("settlements")].toInt();
        traded.insert(trade[QLatin1String("pair")].toString());
    }
    QCOMPARE(traded.size(), pairs.size());
    QVERIFY(longs >= 4 && trades - longs >= 4);
    QVERIFY2(settlements >= 4 * trades, qPrintable(QString::number(settlements))); // held over several, each
    rig.signal(SIGTERM);
    QVERIFY(rig.waitEnd(10s));
    QCOMPARE(rig.exitCode(), 0);
}

} // namespace tk::test

using tk::test::TestFreqtrade;
TK_TEST(TestFreqtrade, freqtrade);
#include "tst_freqtrade.moc"
