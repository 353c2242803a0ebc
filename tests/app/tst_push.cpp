// hosts push as users run it, the real program at both ends: what arrives, what is told, what is left after kill -9 and
// on a full disk.
#include "app/host_push.h"
#include "cli_fixture.h"
#include "core/store/samples.h"
#include "feather/reader.h"
#include "local_ssh.h"
#include "store/embedded/embedded_store.h"
#include "support/influx/influx_server.h"
#include "support/python.h"
#include "support/test_registry.h"
#include "sync/file_swap.h"
#include "sync/naming.h"

#include <QCryptographicHash>
#include <QDir>
#include <QElapsedTimer>
#include <QFile>

#include <csignal>
#include <map>
#include <random>
#include <sys/mount.h>
#include <unistd.h>

using namespace tk;
using namespace tk::test;
using namespace std::chrono_literals;

#define COMPARE_CODE(result, expected) QVERIFY2((result).code == (expected), ((result).out + (result).err).constData())

namespace {

constexpr int history = 1500;

QString pairNumber(int number)
{
    return QStringLiteral("P%1/USDT:USDT").arg(number);
}

} // namespace

class PushProgramTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_ssh.reset(); // PATH is as it was, before it changes again
        m_ssh = std::make_unique<LocalSsh>();
        m_cli = std::make_unique<CliFixture>();
        m_dir = std::make_unique<QTemporaryDir>();
        for (const char *name : {"one", "two", "local"})
            QVERIFY(QDir(m_dir->path()).mkpath(QLatin1StringView(name)));
        m_end = sampleStart;
        configure(pushTable(QStringLiteral("one"), m_dir->filePath(QStringLiteral("one")), m_ssh->receiver()));
    }

    void wrongUsage()
    {
        COMPARE_CODE(run(QStringLiteral("sync --receive")), 2);
        COMPARE_CODE(run(QStringLiteral("sync --receive --once --datadir /tmp")), 2);
        COMPARE_CODE(run(QStringLiteral("hosts push nobody")), 2);
        configure(QStringLiteral("[[host]]\nname = \"one\"\n"));
        const RunResult none = run(QStringLiteral("hosts push"));
        COMPARE_CODE(none, 2);
        QVERIFY2(none.err.contains("no host takes files"), none.err.constData());
        for (const char *line : {"push = \"data\"", "push_program = \"rm -rf\"", "push_every = \"1s\""}) {
            configure(QStringLiteral("[[host]]\nname = \"one\"\n") + QLatin1StringView(line));
            COMPARE_CODE(run(QStringLiteral("check")), 2);
        }
    }

    void twoHostsGetWhatASyncWrites()
    {
        const RunResult noStore = run(QStringLiteral("hosts push"));
        COMPARE_CODE(noStore, 3);
        configure(pushTable(QStringLiteral("one"), m_dir->filePath(QStringLiteral("one")), m_ssh->receiver()) +
                  pushTable(QStringLiteral("two"), m_dir->filePath(QStringLiteral("two")),
                            m_ssh->receiver("echo Welcome to this host"))); // what some login shells do
        grow(100, 20);
        const RunResult pushed = run(QStringLiteral("hosts push --format json"));
        COMPARE_CODE(pushed, 0);
        QCOMPARE(pushed.array().size(), 40);
        QCOMPARE(pushed.array()[0][QLatin1String("state")].toString(), QStringLiteral("written"));
        QCOMPARE(pushed.array()[0][QLatin1String("added")].toInteger(), 100);
        COMPARE_CODE(run(QStringLiteral("sync --once")), 0);
        const QStringList names = filesIn(QStringLiteral("local"));
        QCOMPARE(names.size(), 20);
        for (const char *host : {"one", "two"}) {
            QCOMPARE(filesIn(QLatin1StringView(host)), names);
            for (const QString &name : names)
                QVERIFY2(bytesOf(QLatin1StringView(host), name) == bytesOf(QStringLiteral("local"), name),
                         qPrintable(name));
        }
        const RunResult again = run(QStringLiteral("hosts push one --format json"));
        COMPARE_CODE(again, 0);
        QVERIFY(again.array().isEmpty());
        QVERIFY2(again.err.contains("20 unchanged"), again.err.constData());
        grow(1, 1);
        COMPARE_CODE(run(QStringLiteral("hosts push")), 0);

        // The receipts say what the files are, and are asked of nobody.
        const RunResult receipts = run(QStringLiteral("hosts receipts one --format json"));
        COMPARE_CODE(receipts, 0);
        QCOMPARE(receipts.array().size(), 20);
        for (const QJsonValue &receipt : receipts.array()) {
            QCOMPARE(receipt[QLatin1String("way")].toString(), QStringLiteral("push"));
            const QString name = receipt[QLatin1String("file")].toString().section(u'/', -1);
            const QByteArray bytes = bytesOf(QStringLiteral("one"), name);
            const auto table = feather::Reader().read(bytes).value();
            QCOMPARE(receipt[QLatin1String("rows")].toInteger(), table.rows);
            QCOMPARE(receipt[QLatin1String("bytes")].toInteger(), bytes.size());
            QCOMPARE(receipt[QLatin1String("last")].toString(), isoText(fromMs(table.columns[0].integers.back())));
            QCOMPARE(receipt[QLatin1String("sha256")].toString().toLatin1(),
                     QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex());
        }
        QCOMPARE(run(QStringLiteral("hosts receipts --format json")).array().size(), 40);
    }

    void outOfInflux()
    {
        if (!InfluxServer::isInstalled())
            QSKIP("no influxd on this machine");
        InfluxServer server;
        QVERIFY(server.start());
        m_end = sampleStart - 24h * 30; // a database has no future
        grow(3000, 2);
        COMPARE_CODE(run(QStringLiteral("sync --once")), 0); // out of the embedded store
        configure(QStringLiteral("freqtrade = \"auto\"\n[store]\nkind = \"influx\"\n[store.influx]\nurl = \"%1\"\n")
                      .arg(server.settings().url.toString()) +
                  pushTable(QStringLiteral("one"), m_dir->filePath(QStringLiteral("one")), m_ssh->receiver()));
        COMPARE_CODE(run(QStringLiteral("copy embedded influx")), 0);
        COMPARE_CODE(run(QStringLiteral("hosts push")), 0);
        QCOMPARE(filesIn(QStringLiteral("one")).size(), 2);
        for (const QString &name : filesIn(QStringLiteral("one")))
            QVERIFY2(bytesOf(QStringLiteral("one"), name) == bytesOf(QStringLiteral("local"), name), qPrintable(name));
        server.kill();
        COMPARE_CODE(run(QStringLiteral("hosts push")), 3);
    }

    void hostsThatCannotReceive()
    {
        grow(10, 2);
        const QString datadir = m_dir->filePath(QStringLiteral("two"));
        const auto host = [&](const char *name, const QString &program, const QString &folder) {
            return pushTable(QLatin1StringView(name), folder, program);
        };
        configure(host("one", m_ssh->receiver(), m_dir->filePath(QStringLiteral("one"))) +
                  host("absent", QStringLiteral("no-such-program"), datadir) +
                  host("old", m_ssh->script("echo 'tapekeeper: Unknown option receive' >&2; exit 2\n"), datadir) +
                  host("other", m_ssh->script("echo TAPEKEEPER-PUSH 9 4.5.6; cat >/dev/null\n"), datadir) +
                  host("odd", m_ssh->script("yes\n"), datadir) +
                  host("nowhere", m_ssh->receiver(), QStringLiteral("/no/such/folder")));
        const RunResult result = run(QStringLiteral("hosts push --format json"));
        COMPARE_CODE(result, 1);
        const auto told = [&](const char *name) {
            for (const QJsonValue &row : result.array()) {
                if (row[QLatin1String("host")].toString() == QLatin1StringView(name) &&
                    row[QLatin1String("state")].toString() == QLatin1String("failed"))
                    return row[QLatin1String("note")].toString();
            }
            return QString();
        };
        QVERIFY2(told("absent").contains(QStringLiteral("install the package")), qPrintable(told("absent")));
        QVERIFY2(told("old").contains(QStringLiteral("Unknown option receive")), qPrintable(told("old")));
        QVERIFY2(told("other").contains(QStringLiteral("4.5.6")), qPrintable(told("other")));
        QVERIFY2(told("odd").contains(QStringLiteral("y y y")), qPrintable(told("odd")));
        QVERIFY2(told("nowhere").contains(QStringLiteral("/no/such/folder")), qPrintable(told("nowhere")));
        QCOMPARE(told("one"), QString());
        QCOMPARE(filesIn(QStringLiteral("one")).size(), 2);
        QCOMPARE(filesIn(QStringLiteral("two")).size(), 0);
        const QStringList left = QDir(m_dir->path()).entryList(QDir::Dirs | QDir::NoDotAndDotDot);
        QCOMPARE(left.size(), 3);
    }

    // It greets, takes what it is given, and says nothing more.
    void aHostThatFallsSilentIsGivenUp()
    {
        grow(10, 2);
        config::HostSettings host;
        host.name = host.target = QStringLiteral("one");
        host.push = m_dir->filePath(QStringLiteral("one"));
        host.push_program = m_ssh->script("echo TAPEKEEPER-PUSH 2 0.1.0\nexec sleep 1000\n");
        const auto reader = store::EmbeddedStore(store::EmbeddedStore::fileIn(m_cli->dataDir())).openReader();
        QVERIFY(reader);
        const std::atomic<bool> stop{false};
        app::HostPush push({.host = host, .sync = {}, .now = [this] { return m_end; }, .silence = 300ms},
                           *reader.value(), stop);
        std::optional<Result<sync::PushReport>> told;
        connect(&push, &app::HostPush::ended, this, [&](const Result<sync::PushReport> &result) { told = result; });
        push.start();
        QTRY_VERIFY_WITH_TIMEOUT(told.has_value(), 20'000);
        QVERIFY(!*told);
        QVERIFY2(told->error().message.contains(QStringLiteral("not a word within 0.3 s")),
                 qPrintable(told->error().message));
        QVERIFY(push.sentBytes() > 0);
    }

    // The receiver is killed at any moment: every file is whole, none gets shorter, and the next push goes on.
    void killedAtRandomMoments()
    {
        constexpr int pairs = 80; // more than lie staged at once
        const int kills = qEnvironmentVariableIsSet("TAPEKEEPER_LONG") ? 100 : 30;
        grow(history, pairs);
        const QStringList push{QStringLiteral("hosts"), QStringLiteral("push")};
        COMPARE_CODE(m_cli->run(push), 0);
        grow(1, pairs);
        QElapsedTimer timer;
        m_ssh->takePid();
        QProcess *measured = m_cli->start(push);
        QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(m_ssh->pidFile()), 30'000);
        timer.start();
        QVERIFY(measured->waitForFinished(60'000));
        const int whole = int(timer.elapsed());

        std::map<QString, qint64> known; // rows by file
        std::mt19937 random(20'261'121);
        int cut = 0;
        for (int i = 0; i < kills; ++i) {
            grow(1, pairs);
            m_ssh->takePid();
            QProcess *process = m_cli->start(push);
            QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(m_ssh->pidFile()), 30'000);
            const qint64 pid = m_ssh->takePid();
            if (!process->waitForFinished(int(random() % uint32_t(std::max(whole, 2))))) {
                ::kill(pid_t(pid), SIGKILL);
                QVERIFY(process->waitForFinished(60'000));
                cut += process->exitCode() == 1 ? 1 : 0;
            }
            QCOMPARE(filesIn(QStringLiteral("one")).size(), pairs);
            for (const QString &name : filesIn(QStringLiteral("one"))) {
                const auto table = feather::Reader().read(bytesOf(QStringLiteral("one"), name));
                QVERIFY2(table, qPrintable(name));
                QVERIFY(table->rows >= known[name] && table->rows >= history);
                known[name] = table->rows;
                for (size_t row = 0; row < size_t(table->rows); ++row)
                    QCOMPARE(table->columns[0].integers[row], toMs(sampleStart) + qint64(row) * 180'000);
            }
        }
        qInfo("%d of %d kills cut a push of %d ms", cut, kills, whole);
        QVERIFY(cut >= kills / 3);
        COMPARE_CODE(m_cli->run(push), 0);
        COMPARE_CODE(run(QStringLiteral("sync --once")), 0);
        for (const QString &name : filesIn(QStringLiteral("one")))
            QVERIFY2(bytesOf(QStringLiteral("one"), name) == bytesOf(QStringLiteral("local"), name), qPrintable(name));
        QCOMPARE(partsIn(QStringLiteral("one")), QStringList());
    }

    // No room for the new files: it is told, they stay as they are, and nothing else is left there. The same for a sync
    // on the spot.
    void aFullDisk_data()
    {
        QTest::addColumn<bool>("pushed");
        QTest::newRow("hosts push") << true;
        QTest::newRow("sync") << false;
    }
    void aFullDisk()
    {
        QFETCH(bool, pushed);
        const QString disk = m_dir->filePath(QStringLiteral("disk"));
        QVERIFY(QDir().mkpath(disk));
        if (::mount("none", QFile::encodeName(disk).constData(), "tmpfs", 0, "size=4m") != 0)
            QSKIP("a small disk can only be had by root");
        const auto unmount = qScopeGuard([&] { ::umount2(QFile::encodeName(disk).constData(), MNT_DETACH); });
        configure(pushTable(QStringLiteral("one"), disk, m_ssh->receiver()));
        const QString command = pushed ? QStringLiteral("hosts push --format json")
                                       : QStringLiteral("sync --once --format json --datadir ") + disk;
        grow(200, 20);
        COMPARE_CODE(run(command), 0);
        std::map<QString, QByteArray> before;
        for (const QString &name : filesIn(QStringLiteral("disk")))
            before[name] = bytesOf(QStringLiteral("disk"), name);
        QCOMPARE(before.size(), size_t(20));
        {
            QFile filler(disk + QStringLiteral("/filler"));
            QVERIFY(filler.open(QIODevice::WriteOnly | QIODevice::Unbuffered));
            while (filler.write(QByteArray(4096, 'x')) == 4096) {
            }
        }
        grow(1500, 20);
        const RunResult full = run(command);
        QVERIFY2(full.code == 1 || full.code == 3, (full.out + full.err).constData());
        QVERIFY2((full.out + full.err).contains("No space left on device"), (full.out + full.err).constData());
        for (const auto &[name, bytes] : before)
            QVERIFY2(bytesOf(QStringLiteral("disk"), name) == bytes, qPrintable(name));
        QCOMPARE(filesIn(QStringLiteral("disk")).size(), 20);
        QCOMPARE(partsIn(QStringLiteral("disk")), QStringList());
        // And room again.
        QVERIFY(QFile::remove(disk + QStringLiteral("/filler")));
        COMPARE_CODE(run(command), 0);
        for (const QString &name : filesIn(QStringLiteral("disk")))
            QCOMPARE(feather::Reader().read(bytesOf(QStringLiteral("disk"), name)).value().rows, 1700);
    }

    // The reader that freqtrade uses never sees half a file.
    void aReaderMeanwhile()
    {
        SKIP_WITHOUT_PANDAS();
        grow(history, 3);
        COMPARE_CODE(run(QStringLiteral("hosts push")), 0);
        QProcess reader;
        reader.start(pythonWithPandas(),
                     featherCheck({QStringLiteral("loop"), folder(QStringLiteral("one")) +
                                                               QStringLiteral("/P0_USDT_USDT-3m-futures.feather")}));
        QVERIFY(reader.waitForReadyRead(60'000));
        reader.readAllStandardOutput();
        for (int i = 0; i < 20; ++i) {
            grow(1, 3);
            COMPARE_CODE(run(QStringLiteral("hosts push")), 0);
        }
        reader.write("enough\n");
        QVERIFY(reader.waitForFinished(60'000));
        const QJsonObject seen = QJsonDocument::fromJson(reader.readAllStandardOutput()).object();
        QCOMPARE(seen[QLatin1String("failed")].toInteger(-1), 0);
        QCOMPARE(seen[QLatin1String("shrunk")].toInteger(-1), 0);
        QCOMPARE(seen[QLatin1String("last")].toInteger(-1), history + 20);
    }

private:
    void configure(const QString &hosts)
    {
        m_cli->writeConfig(QStringLiteral("[sync]\ndatadir = \"%1\"\n").arg(m_dir->filePath(QStringLiteral("local"))) +
                           hosts);
    }
    RunResult run(const QString &words) { return m_cli->run(words.split(u' ')); }
    QString folder(const QString &host) const { return m_dir->filePath(host + QStringLiteral("/binance/futures")); }
    QStringList filesIn(const QString &host) const
    {
        return QDir(folder(host)).entryList({QStringLiteral("*.feather")}, QDir::Files);
    }
    QStringList partsIn(const QString &host) const
    {
        QStringList parts = QDir(folder(host)).entryList(QDir::Files | QDir::Hidden);
        parts.removeIf(
            [](const QString &name) { return !sync::isPartName(name) && !name.contains(QLatin1StringView("broken")); });
        return parts;
    }
    QByteArray bytesOf(const QString &host, const QString &name) const
    {
        QFile file(folder(host) + u'/' + name);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    // So many candles more for so many pairs.
    void grow(int count, int pairs)
    {
        QVERIFY(QDir().mkpath(m_cli->dataDir()));
        store::EmbeddedStore store(store::EmbeddedStore::fileIn(m_cli->dataDir()));
        auto writer = store.openWriter();
        QVERIFY(writer);
        std::vector<RecordBatch> batches;
        for (int i = 0; i < pairs; ++i)
            batches.push_back(batch(series(Timeframe::M3, pairNumber(i)), candles(Timeframe::M3, m_end, count)));
        m_end += count * 3min;
        QVERIFY(writer.value()->write(batches));
    }

    std::unique_ptr<LocalSsh> m_ssh;
    std::unique_ptr<CliFixture> m_cli;
    std::unique_ptr<QTemporaryDir> m_dir;
    UtcTime m_end{};
};

TK_TEST(PushProgramTest, push);
#include "tst_push.moc"
