// The engine's own sync and its push to another host, on a fast clock: freqtrade's files follow the exchange while it
// collects.
#include "../e2e_window/ssh_host.h"
#include "feather/reader.h"
#include "process_rig.h"
#include "remote/host_receipts.h"
#include "support/test_registry.h"
#include "sync/file_swap.h"
#include "sync/naming.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>

#include <csignal>

namespace tk::test {

using namespace std::chrono_literals;

class TestSync : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void theFilesFollowTheExchange_data();
    void theFilesFollowTheExchange();
};

namespace {

QString text(const DecimalText &value)
{
    return QString::fromLatin1(value.view().data(), qsizetype(value.view().size()));
}

// What the files of one folder lack or have wrong of what the exchange says happened before `until`.
QStringList differences(const sim::SimulatorThread &exchange, const QString &dataDir, const QString &folder,
                        const std::vector<Timeframe> &timeframes, UtcTime until)
{
    QStringList found;
    const auto instruments = collectedInstruments(dataDir);
    if (instruments.empty())
        return {QStringLiteral("the engine knows no instruments")};
    for (const exchange::Instrument &instrument : instruments) {
        for (const Timeframe timeframe : timeframes) {
            const QString name =
                sync::fileName({QStringLiteral("binance-usdm"), instrument.unified, sync::Content::Candles, timeframe})
                    .value();
            const auto file = sync::loadFile(folder + u'/' + name);
            const auto table = file ? feather::Reader().read(file->bytes) : file.error();
            if (!table || table->rows == 0) {
                found.append(name + u' ' + (table ? QStringLiteral("is empty") : table.error().message));
                continue;
            }
            const auto &dates = table->columns[0].integers;
            const auto truth =
                exchange.truth(instrument.symbol, timeframe, {fromMs(dates.front()), candleOpen(timeframe, until)});
            if (truth.size() > dates.size()) {
                found.append(name + QStringLiteral(": %1 of %2 candles").arg(dates.size()).arg(truth.size()));
                continue;
            }
            for (size_t i = 0; i < truth.size(); ++i) {
                const DecimalText *texts[]{&truth[i].open, &truth[i].high, &truth[i].low, &truth[i].close,
                                           &truth[i].volume};
                bool same = dates[i] == toMs(truth[i].open_time);
                for (size_t column = 0; column < 5; ++column)
                    same &= table->columns[column + 1].doubles[i] == text(*texts[column]).toDouble();
                if (!same)
                    found.append(name + u' ' + isoText(truth[i].open_time) + QStringLiteral(" is wrong"));
            }
        }
    }
    return found;
}

} // namespace

void TestSync::theFilesFollowTheExchange_data()
{
    QTest::addColumn<bool>("pushed");
    QTest::newRow("sync") << false;
    QTest::newRow("push over ssh") << true;
}

void TestSync::theFilesFollowTheExchange()
{
    QFETCH(bool, pushed);
    SshHost host;
    if (pushed && !host.start())
        QSKIP(qPrintable(host.problem()));
    const std::vector<Timeframe> timeframes{Timeframe::M1, Timeframe::M3};
    const QTemporaryDir dir;
    ProcessRig rig({.timeframes = timeframes});
    const QString settings =
        pushed ? QStringLiteral("[[host]]\nname = \"feeder\"\ntarget = \"%2:%3\"\npush = \"%1\"\npush_every = "
                                "\"1m\"\npush_program = \"%4\"\n")
                     .arg(dir.path(), host.target().text())
                     .arg(host.target().port)
                     .arg(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper-server"))
               : QStringLiteral("[sync]\nenabled = true\ninterval = \"1m\"\ndatadir = \"%1\"\n").arg(dir.path());
    rig.configure(settings.toUtf8());
    const QString folder = dir.filePath(QStringLiteral("binance/futures"));
    QVERIFY(rig.start());
    QVERIFY(rig.waitLog("first fill done"));
    // Killed in between, and begun again.
    for (const bool killed : {true, false}) {
        QVERIFY(rig.waitSimulated(10min));
        const UtcTime until = rig.clock().utcNow() - 1min;
        QStringList found;
        (void)QTest::qWaitFor(
            [&] { return (found = differences(rig.sim(), rig.dataDir(), folder, timeframes, until)).isEmpty(); },
            60'000);
        QCOMPARE(verdictOf(found), QString());
        if (killed) {
            rig.kill();
            QVERIFY(rig.start());
        }
    }
    if (pushed) {
        const auto receipts = remote::HostReceipts::load(rig.dataDir(), QStringLiteral("feeder")).in(dir.path());
        QVERIFY(receipts.size() >= 24);
        for (const remote::HostReceipt &receipt : receipts)
            QVERIFY(QFile::exists(dir.filePath(receipt.file)) && receipt.rows > 0);
    }
    rig.signal(SIGTERM);
    QVERIFY(rig.waitEnd(10s));
    QVERIFY2(rig.endedNormally(), rig.log().constData());
    QCOMPARE(rig.exitCode(), 0);
}

} // namespace tk::test

using tk::test::TestSync;
TK_TEST(TestSync, sync);
#include "tst_sync.moc"
