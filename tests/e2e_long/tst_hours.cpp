// The program for hours of simulated time at the real size, while random faults come every few minutes. At the end
// nothing may be missing or wrong, nobody may have been called sick without a cause, and memory has to be flat.
#include "asked_outside.h"
#include "host_watch.h"

#include "store/gap_ledger.h"
#include "support/test_registry.h"

#include <QDir>
#include <QFile>
#include <QTest>

#include <csignal>

namespace tk::test {

using namespace std::chrono_literals;

namespace {

struct Length
{
    int pairs;
    double factor;
    milliseconds span;
    int history;
};

Length length()
{
    if (!qEnvironmentVariableIsSet("TAPEKEEPER_LONG"))
        return {.pairs = 40, .factor = 60, .span = 25min, .history = 100};
    const double factor = qEnvironmentVariable("TAPEKEEPER_SOAK_FACTOR", QStringLiteral("90")).toDouble();
    const int hours = qEnvironmentVariable("TAPEKEEPER_SOAK_HOURS", QStringLiteral("30")).toInt();
    return {.pairs = 164, .factor = factor, .span = std::chrono::hours(hours), .history = 200};
}

struct Memory
{
    UtcTime at;
    qint64 bytes;
};

qint64 peak(const std::vector<Memory> &samples, UtcTime from, UtcTime to)
{
    qint64 most = 0;
    for (const Memory &sample : samples)
        most = sample.at >= from && sample.at < to ? std::max(most, sample.bytes) : most;
    return most;
}

bool saysSick(const Gap &gap)
{
    return gap.cause.contains(QLatin1String("no data")) || gap.cause.contains(QLatin1String("unseen")) ||
           gap.cause.contains(QLatin1String("no stream showed")) || gap.cause.contains(QLatin1String("lost:"));
}

} // namespace

class TestHours : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void faultsAllTheTime();
};

void TestHours::faultsAllTheTime()
{
    const Length length = tk::test::length();
    sim::SimSettings settings;
    settings.activity = 0.2; // the chatter of open candles proves little here, and costs the machine's time
    ProcessRig rig({.pairs = length.pairs,
                    .factor = length.factor,
                    .timeframes = {Timeframe::M3, Timeframe::M15, Timeframe::H1},
                    .history = length.history,
                    .configuration = {},
                    .sim = settings});
    QVERIFY(rig.start());
    QVERIFY2(rig.waitLog("first fill done", 300s), rig.log().right(4000).constData());
    QVERIFY(rig.waitSimulated(3min));

    const HostWatch host(rig.clock());
    const UtcTime began = rig.clock().utcNow();
    const UtcTime end = began + length.span;
    const FaultSchedule schedule(20'261'120, rig.sim().symbols(), began, end);
    std::vector<Memory> memory;
    AskedOutside users(rig, schedule, length.span > 1h ? 5min : 2min);
    size_t next = 0;
    UtcTime sampleAt = began;
    UtcTime tellAt = began + 1h;
    while (rig.clock().utcNow() < end) {
        const UtcTime now = rig.clock().utcNow();
        for (; next < schedule.faults().size() && schedule.faults()[next].at <= now; ++next)
            QVERIFY(rig.sim().addFault(schedule.faults()[next].spec) != 0);
        if (now >= sampleAt) {
            memory.push_back({now, rig.residentBytes()});
            sampleAt = now + 1min;
        }
        if (now >= tellAt) {
            qInfo("%s: %zu faults, %lld MB", qPrintable(isoText(now)), next, memory.back().bytes >> 20);
            tellAt += 1h;
        }
        QVERIFY2(rig.isRunning(), rig.log().right(4000).constData());
        users.askWhenDue();
        QTest::qWait(20);
    }
    rig.sim().clearFaults();
    QVERIFY(rig.waitSimulated(6min)); // longest backoff, resubscription, repairs

    const QString ill = users.witness().waitWell();
    qInfo("asked %d times, %d times not well; of %d faults that had to be told of, %lld were not", users.asked(),
          users.unwell(), users.tested(), qint64(users.untold().size()));

    QStringList kinds;
    for (const auto &[name, count] : schedule.counts(end))
        kinds.append(QStringLiteral("%1 %2").arg(name).arg(count));
    const sim::SimStats stats = rig.sim().stats();
    qInfo("faults: %zu (%s)", next, qPrintable(kinds.join(QStringLiteral(", "))));
    qInfo("exchange: %llu frames, %llu closed candles, %llu connections, %llu requests, %llu refused 429, weight %d",
          stats.framesSent, stats.closedFrames, stats.connectionsOpened, stats.restRequests, stats.rest429,
          stats.maxWeightInMinute);

    // Every time a stream was called sick stands in the ledger, with its cause.
    auto ledger = store::openGapLedger(QDir(rig.dataDir()).filePath(QStringLiteral("ledger.sqlite")));
    QVERIFY(ledger);
    const auto gaps = (*ledger)->list({began, end + 1h}, 10'000'000);
    QVERIFY(gaps);
    const std::vector<TimeSpan> pauses = host.pauses();
    QStringList unexplained;
    int sick = 0;
    int byTheMachine = 0;
    std::map<QString, int> after; // alarms without a cause, by the fault before them
    for (const Gap &gap : *gaps) {
        if (!saysSick(gap) || gap.opened < began)
            continue;
        ++sick;
        if (schedule.explains(gap.stream, gap.opened))
            continue;
        const bool paused = std::ranges::any_of(
            pauses, [&](const TimeSpan &pause) { return gap.opened >= pause.from && gap.opened < pause.to + 3min; });
        byTheMachine += paused;
        if (paused)
            continue;
        const PlannedFault *before = schedule.newest(gap.opened);
        ++after[before ? before->spec.fault : QStringLiteral("no fault")];
        unexplained.append(QStringLiteral("%1 %2 %3: %4 (%5 after %6)")
                               .arg(isoText(gap.opened), gap.stream.pair, gap.stream.kindText(), gap.cause,
                                    before ? ageText(gap.opened - before->at) : QString(),
                                    before ? before->spec.fault : QString()));
    }
    qInfo("streams called sick: %d, without a fault: %lld, while the machine paused (%zu times): %d", sick,
          qint64(unexplained.size()), pauses.size(), byTheMachine);
    for (const auto &[fault, count] : after)
        qInfo("  %d after %s", count, qPrintable(fault));
    for (const QString &alarm : unexplained.mid(0, 20))
        qInfo("  %s", qPrintable(alarm));

    const qint64 settled = peak(memory, began, began + std::min<milliseconds>(1h, length.span / 3));
    const qint64 last = peak(memory, end - length.span / 3, end);
    qInfo("resident: %lld MB in the first hour, %lld MB in the last third", settled >> 20, last >> 20);

    const QString verdict = rig.verdict();
    if (const QString kept = qEnvironmentVariable("TAPEKEEPER_SOAK_LOG"); !kept.isEmpty()) {
        QFile file(kept);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(rig.log());
    }
    qInfo("verdict: %s", verdict.isEmpty() ? "nothing missing, nothing wrong" : qPrintable(verdict));
    QCOMPARE(verdict, QString());
    QCOMPARE(unexplained.join(u'\n'), QString());
    QVERIFY(users.asked() > 5);
    QCOMPARE(users.untold().join(u'\n'), QString());
    QCOMPARE(ill, QString()); // well in the end, and nothing ever contradicted another
    QCOMPARE(stats.rest429, quint64(0));
    QVERIFY2(double(last) <= 1.2 * double(settled), "memory grows");
    const auto open = (*ledger)->unsettled();
    QVERIFY(open);
    QVERIFY2(open->empty(), qPrintable(open->empty() ? QString() : open->front().cause));
    rig.signal(SIGTERM);
    QVERIFY(rig.waitEnd(30s));
}

} // namespace tk::test

using tk::test::TestHours;
TK_TEST(TestHours, hours);
#include "tst_hours.moc"
