#include "spool_rig.h"
#include "support/test_registry.h"

#include <QCoreApplication>
#include <QProcess>
#include <QSet>

#include <cstdio>
#include <random>

using namespace tk;
using namespace tk::test;
using namespace std::chrono_literals;

// kill -9 at any moment: what append() said is stored is there, unless somebody confirmed it.
class SpoolCrashTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // The other process: this very test, told so by the environment. Says what it was promised, and what it has
    // confirmed.
    void appendsUntilKilled()
    {
        const QString folder = qEnvironmentVariable("TAPEKEEPER_TEST_SPOOL_FOLDER");
        if (folder.isEmpty())
            QSKIP("the child's part");
        SpoolRig rig;
        rig.options.folder = folder;
        rig.options.segment_size = 16 * 1024;
        rig.options.keep_acknowledged = 0s;
        QVERIFY(rig.open());
        const int first = qEnvironmentVariableIntValue("TAPEKEEPER_TEST_SPOOL_FIRST");
        std::mt19937 random(uint32_t(first) + 1);
        for (int i = first;; ++i) {
            store::PerLane<QByteArray> lines;
            for (const Lane lane : store::allLanes) {
                if (lane == Lane::Ticks || random() % 4 == 0)
                    lines[size_t(lane)] = spoolLine(lane, i, int(40 + random() % 4000));
            }
            const auto seqs = rig.spool->append(lines, spoolStart + i * 1ms);
            QVERIFY(seqs);
            for (const Lane lane : store::allLanes) {
                if (!lines[size_t(lane)].isEmpty())
                    std::fprintf(stdout, "PROMISED %d %d\n", int(lane), i);
            }
            std::fflush(stdout);
            if (random() % 8 == 0) {
                // All but the newest is confirmed: said before, because then it may be gone.
                const auto entries = rig.readAll(Lane::Ticks, rig.figures(Lane::Ticks).acknowledged_seq);
                if (entries.size() > 20) {
                    const store::SpoolEntry &upTo = entries[entries.size() - 20];
                    std::fprintf(stdout, "CONFIRMED %d\n", numbersIn(upTo.lines).front());
                    std::fflush(stdout);
                    rig.spool->acknowledge(Lane::Ticks, upTo.seq);
                    QVERIFY(rig.spool->maintain(spoolStart + i * 1ms));
                }
            }
        }
    }

    void keepsWhatWasPromised()
    {
        if (!qEnvironmentVariableIsEmpty("TAPEKEEPER_TEST_SPOOL_FOLDER"))
            QSKIP("the parent's part");
        SpoolRig rig;
        rig.options.segment_size = 16 * 1024;
        std::mt19937 random(20'261'121);
        store::PerLane<QSet<int>> promised;
        int confirmed = 0;
        int next = 1;
        for (int round = 0; round < 25; ++round) {
            QProcess child;
            QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
            environment.insert(QStringLiteral("TAPEKEEPER_TEST_SPOOL_FOLDER"), rig.options.folder);
            environment.insert(QStringLiteral("TAPEKEEPER_TEST_SPOOL_FIRST"), QString::number(next));
            child.setProcessEnvironment(environment);
            child.start(QCoreApplication::applicationFilePath(),
                        {QStringLiteral("spool_crash"), QStringLiteral("appendsUntilKilled")});
            QByteArray output;
            const qsizetype wanted = 1 + qsizetype(random() % 4000);
            while (output.size() < wanted) {
                QVERIFY2(child.waitForReadyRead(20'000), "the child went quiet");
                output += child.readAllStandardOutput();
            }
            child.kill();
            QVERIFY(child.waitForFinished());
            output += child.readAllStandardOutput();
            for (const QByteArray &line : output.split('\n')) {
                const QList<QByteArray> words = line.split(' ');
                if (words[0] == "PROMISED" && words.size() == 3 && output.contains(line + '\n')) {
                    promised[size_t(words[1].toInt())].insert(words[2].toInt());
                    next = std::max(next, words[2].toInt() + 2); // one more may be there without a word of it
                } else if (words[0] == "CONFIRMED" && words.size() == 2) {
                    confirmed = std::max(confirmed, words[1].toInt());
                }
            }
            QVERIFY(rig.open());
            QVERIFY(!rig.spool->wasClosedCleanly());
            for (const Lane lane : store::allLanes) {
                quint64 seq = 0;
                for (const store::SpoolEntry &entry : rig.readAll(lane)) {
                    QVERIFY(entry.seq > seq);
                    seq = entry.seq;
                }
                const auto numbers = rig.numbers(lane);
                QVERIFY(std::ranges::is_sorted(numbers));
                const QSet<int> there(numbers.begin(), numbers.end());
                for (const int number : promised[size_t(lane)]) {
                    if (!there.contains(number) && !(lane == Lane::Ticks && number <= confirmed))
                        QFAIL(qPrintable(QStringLiteral("lane %1 lost %2").arg(int(lane)).arg(number)));
                }
            }
            rig.spool.reset();
        }
        QVERIFY(!promised[0].isEmpty());
        QVERIFY(confirmed > 0);
    }
};

TK_TEST(SpoolCrashTest, spool_crash);
#include "tst_spool_crash.moc"
