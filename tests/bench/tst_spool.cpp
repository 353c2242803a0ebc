// What durability costs: groups of lines appended to the spool, against a bare write and fdatasync of the same bytes.
#include "load_rig.h"
#include "measure.h"
#include "store/posix_file.h"
#include "store/spool/spool.h"
#include "support/test_registry.h"

#include <QTemporaryDir>

#include <algorithm>
#include <chrono>
#include <fcntl.h>

namespace tk::bench {

using namespace store;

namespace {

constexpr int groups = 2000;
constexpr int linesInGroup = 100;

QByteArray group(int number)
{
    QByteArray lines;
    for (int i = 0; i < linesInGroup; ++i)
        lines += "candle,ex=binance,mkt=usdm,sym=SYM" + QByteArray::number(i) +
                 "USDT,tf=1m open=97123.4,high=97200.1,low=97001.2,close=97100.5,volume=123.456,trades=" +
                 QByteArray::number(number) + " 1795000000000\n";
    return lines;
}

double milliseconds(std::chrono::steady_clock::duration span)
{
    return std::chrono::duration<double, std::milli>(span).count();
}

struct Run
{
    std::vector<double> each; // ms
    double total = 0;         // ms

    double quantile(double q)
    {
        std::ranges::sort(each);
        return each[size_t(double(each.size() - 1) * q)];
    }
    double megabytesPerSecond(qint64 bytes) const { return double(bytes) / 1e3 / total; }
};

template <typename F>
Run timed(F &&append)
{
    Run run;
    for (int i = 0; i < groups; ++i) {
        const QByteArray lines = group(i);
        const auto before = std::chrono::steady_clock::now();
        append(lines);
        run.each.push_back(milliseconds(std::chrono::steady_clock::now() - before));
        run.total += run.each.back();
    }
    return run;
}

} // namespace

class BenchSpool : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void appends()
    {
        if (!qEnvironmentVariableIsSet("TAPEKEEPER_LONG"))
            QSKIP("a benchmark: scripts/test --long");
        const QTemporaryDir dir(benchFolder() + QStringLiteral("/bench-spool-XXXXXX"));
        QVERIFY(dir.isValid());
        qint64 bytes = 0;
        for (int i = 0; i < groups; ++i)
            bytes += group(i).size();

        std::vector<double> middle, slowest, rate, bareRate, bareSlowest, reading;
        for (int round = 0; round < 3; ++round) {
            PosixFile bare;
            const QString name = dir.filePath(QStringLiteral("bare%1").arg(round));
            QCOMPARE(bare.open(name, O_RDWR | O_CREAT), 0);
            qint64 end = 0;
            bool sound = true;
            Run bareRun = timed([&](const QByteArray &lines) {
                sound = bare.write(lines.constData(), lines.size(), end) == 0 && bare.sync() == 0 && sound;
                end += lines.size();
            });
            bareRate.push_back(bareRun.megabytesPerSecond(bytes));
            bareSlowest.push_back(bareRun.quantile(0.99));

            const auto spool = openSpool({.folder = dir.filePath(QStringLiteral("spool%1").arg(round))}).value();
            Run run = timed([&](const QByteArray &lines) {
                PerLane<QByteArray> all;
                all[size_t(Lane::Candles)] = lines;
                sound = spool->append(all, fromMs(1'795'000'000'000)).has_value() && sound;
            });
            QVERIFY(sound);
            rate.push_back(run.megabytesPerSecond(bytes));
            middle.push_back(run.quantile(0.5));
            slowest.push_back(run.quantile(0.99));

            const auto before = std::chrono::steady_clock::now();
            qint64 got = 0;
            for (quint64 after = 0; true;) {
                const auto some = spool->read(Lane::Candles, after, 1 << 20);
                QVERIFY(some);
                if (some->empty())
                    break;
                for (const SpoolEntry &entry : *some)
                    got += entry.lines.size();
                after = some->back().seq;
                spool->acknowledge(Lane::Candles, after);
            }
            QCOMPARE(got, bytes);
            reading.push_back(double(got) / 1e3 / milliseconds(std::chrono::steady_clock::now() - before));
        }
        const auto report = [](const char *what, const QString &unit, const std::vector<double> &rounds) {
            judge({QString::fromLatin1(what), Demand::Bound::ReportOnly, 0, unit}, rounds);
        };
        report("spool-append-p50", QStringLiteral(" ms"), middle);
        report("spool-append-rate", QStringLiteral(" MB/s"), rate);
        report("bare-append-p99", QStringLiteral(" ms"), bareSlowest);
        report("bare-append-rate", QStringLiteral(" MB/s"), bareRate);
        report("spool-read-rate", QStringLiteral(" MB/s"), reading);
        QVERIFY(judge({QStringLiteral("spool-append-p99"), Demand::Bound::AtMost, 1, QStringLiteral(" ms")}, slowest));
    }
};

} // namespace tk::bench

using tk::bench::BenchSpool;
TK_TEST(BenchSpool, spool);
#include "tst_spool.moc"
