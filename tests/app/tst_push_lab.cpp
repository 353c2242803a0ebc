// Pushes to real hosts over their own sshd: two at once, one that hangs, one that is off and comes back, one whose key
// has changed; and what the engine keeps of it all.
#include "app/push_service.h"
#include "cli_fixture.h"
#include "core/remote/lab_rig.h"
#include "core/store/samples.h"
#include "feather/reader.h"
#include "remote/host_desk.h"
#include "remote/host_receipts.h"
#include "store/embedded/embedded_store.h"
#include "support/test_registry.h"
#include "sync/sync_run.h"

#include <QCryptographicHash>
#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QProcess>

using namespace tk;
using namespace tk::app;
using namespace tk::test;
using namespace std::chrono_literals;

namespace {

const QStringList names{QStringLiteral("tk-1"), QStringLiteral("tk-2")};
constexpr int pairs = 30;

} // namespace

class PushLabTest : public QObject
{
    Q_OBJECT

    LabRig m_lab;
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<store::EmbeddedStore> m_store;
    std::unique_ptr<store::StoreWriter> m_writer;
    UtcTime m_end = sampleStart;
    std::vector<PushOutcome> m_outcomes;

    // Our program with the libraries it needs, in a host's own tree.
    void install(const QString &host)
    {
        const QString folder = m_lab.root(host) + QStringLiteral("/opt/tk");
        QVERIFY(QDir().mkpath(folder));
        const QString program = QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper-server");
        QProcess ldd;
        ldd.start(QStringLiteral("ldd"), {program});
        QVERIFY(ldd.waitForFinished());
        for (const QByteArray &line : ldd.readAllStandardOutput().split('\n')) {
            const qsizetype arrow = line.indexOf("=> /");
            if (arrow < 0)
                continue;
            const QString library = QString::fromUtf8(line.mid(arrow + 3, line.indexOf(" (") - arrow - 3));
            QFile::copy(library, folder + library.mid(library.lastIndexOf(u'/')));
        }
        QFile::copy(program, folder + QStringLiteral("/tapekeeper-server"));
        const QString starter = QStringLiteral("/opt/tk/tapekeeper");
        m_lab.write(host, starter, "#!/bin/sh\nLD_LIBRARY_PATH=/opt/tk exec /opt/tk/tapekeeper-server \"$@\"\n");
        QFile::setPermissions(m_lab.root(host) + starter, QFile::Permissions(0x7755));
        m_lab.ssh(host, QStringLiteral("mkdir -p data"));
    }

    config::HostSettings settings(const QString &host) const
    {
        config::HostSettings settings = m_lab.settings(host);
        settings.push = QStringLiteral("~/data");
        settings.push_program = QStringLiteral("/opt/tk/tapekeeper");
        settings.push_every = 10s;
        settings.data = {QStringLiteral("/home/freqai/data")};
        settings.units.clear();
        return settings;
    }
    QString folder(const QString &host) const
    {
        return m_lab.root(host) + QStringLiteral("/home/freqai/data/binance/futures");
    }

    std::unique_ptr<PushService> service(const std::vector<config::HostSettings> &hosts, bool once)
    {
        std::vector<HostPusher::Options> options;
        for (const config::HostSettings &host : hosts)
            options.push_back({.host = host,
                               .sync = {},
                               .data_dir = m_dir->path(),
                               .open = [this] { return m_store->openReader(); },
                               .clock = std::make_shared<SystemClock>(),
                               .once = once});
        auto service = std::make_unique<PushService>(options, std::make_shared<std::atomic<bool>>(false));
        m_outcomes.clear();
        connect(service.get(), &PushService::pushed, this,
                [this](const PushOutcome &outcome) { m_outcomes.push_back(outcome); });
        if (!service->start())
            return nullptr;
        return service;
    }
    const PushOutcome *outcomeOf(const QString &host) const
    {
        const auto found = std::ranges::find(m_outcomes, host, &PushOutcome::host);
        return found == m_outcomes.end() ? nullptr : &*found;
    }

    void grow(int count)
    {
        std::vector<RecordBatch> batches;
        for (int i = 0; i < pairs; ++i)
            batches.push_back(batch(series(Timeframe::M3, QStringLiteral("P%1/USDT:USDT").arg(i)),
                                    candles(Timeframe::M3, m_end, count)));
        m_end += count * 3min;
        QVERIFY(m_writer->write(batches));
    }

    // The host's files are what a sync from the same store writes here, byte for byte, and the receipts say so.
    void verify(const QString &host)
    {
        const QTemporaryDir local;
        config::SyncSettings sync;
        sync.datadir = local.path();
        const std::atomic<bool> stop{false};
        const auto reader = m_store->openReader().value();
        const auto report =
            sync::SyncRun(
                {.settings = sync}, *reader, [this] { return m_end; }, stop, [](qint64, qint64, const QString &) {})
                .run();
        QVERIFY(report && report->isGood());
        const auto receipts = remote::HostReceipts::load(m_dir->path(), host).in(QStringLiteral("~/data"));
        QCOMPARE(receipts.size(), size_t(pairs));
        for (const remote::HostReceipt &receipt : receipts) {
            const QString name = receipt.file.section(u'/', -1);
            const auto there = sync::loadFile(folder(host) + u'/' + name);
            const auto here = sync::loadFile(local.path() + u'/' + receipt.file);
            QVERIFY2(there && here && there->bytes == here->bytes, qPrintable(name));
            const auto table = feather::Reader().read(there->bytes).value();
            QCOMPARE(receipt.rows, table.rows);
            QCOMPARE(toMs(receipt.first), table.columns[0].integers.front());
            QCOMPARE(toMs(receipt.last), table.columns[0].integers.back());
            QCOMPARE(receipt.bytes, qint64(there->bytes.size()));
            QCOMPARE(receipt.sha256, QCryptographicHash::hash(there->bytes, QCryptographicHash::Sha256).toHex());
            QVERIFY(there->stamp.user != 0); // the feeder's own, not root's
        }
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (const QString why = m_lab.start(names); !why.isEmpty())
            QSKIP(qPrintable(why));
        for (const QString &host : names)
            install(host);
        m_dir = std::make_unique<QTemporaryDir>();
        m_store = std::make_unique<store::EmbeddedStore>(store::EmbeddedStore::fileIn(m_dir->path()));
        m_writer = m_store->openWriter().value();
        grow(500);
    }
    void cleanupTestCase() { m_lab.stop(); }

    void twoHostsAtOnce()
    {
        for (int round = 0; round < 3; ++round) {
            const auto pushing = service({settings(names[0]), settings(names[1])}, true);
            QVERIFY(pushing);
            QTRY_COMPARE_WITH_TIMEOUT(m_outcomes.size(), size_t(2), 60'000);
            for (const PushOutcome &outcome : m_outcomes) {
                QVERIFY2(outcome.result, outcome.result ? "" : qPrintable(outcome.result.error().message));
                QVERIFY(outcome.result->isGood());
                QCOMPARE(outcome.result->added(), round == 0 ? 500 * pairs : pairs);
            }
            for (const QString &host : names)
                verify(host);
            grow(1);
        }
    }

    void aFrozenHostDelaysNobody()
    {
        grow(1);
        QVERIFY(m_lab.lab({QStringLiteral("freeze"), names[1]}));
        QElapsedTimer timer;
        timer.start();
        const auto pushing = service({settings(names[1]), settings(names[0])}, true);
        QTRY_VERIFY_WITH_TIMEOUT(outcomeOf(names[0]), 60'000);
        const qint64 other = timer.elapsed();
        QVERIFY(outcomeOf(names[0])->result && outcomeOf(names[0])->result->isGood());
        QVERIFY(!outcomeOf(names[1]));
        QTRY_VERIFY_WITH_TIMEOUT(outcomeOf(names[1]), 60'000);
        qInfo("the other after %lld ms, the frozen one given up after %lld ms", other, timer.elapsed());
        QVERIFY(other < 5'000);
        QVERIFY(!outcomeOf(names[1])->result);
        verify(names[0]);
        QVERIFY(m_lab.lab({QStringLiteral("thaw"), names[1]}));
    }

    // Neither does it keep the engine, which goes on collecting, and ends when it is told to.
    void anEngineStopsWhileAHostHangs()
    {
        QVERIFY(m_lab.lab({QStringLiteral("freeze"), names[1]}));
        const auto thaw = qScopeGuard([this] { m_lab.lab({QStringLiteral("thaw"), names[1]}); });
        CliFixture cli;
        QString tables;
        for (const QString &name : names) {
            const config::HostSettings host = settings(name);
            tables += QStringLiteral("[[host]]\nname = \"%1\"\ntarget = \"%2\"\nidentity = \"%3\"\nknown_hosts = "
                                     "\"%4\"\npush = \"~/engine\"\npush_program = \"%5\"\npush_every = \"10s\"\n")
                          .arg(host.name, host.target, host.identity, host.known_hosts, host.push_program);
            if (name == names[0])
                m_lab.ssh(name, QStringLiteral("mkdir -p engine"));
        }
        cli.writeConfig(tables);
        QVERIFY(cli.startEngine());
        const auto kept = [&] { return remote::HostReceipts::load(cli.dataDir(), names[0]).all().size(); };
        QTRY_VERIFY_WITH_TIMEOUT(kept() >= 4, 60'000); // two pairs, two timeframes
        QElapsedTimer timer;
        timer.start();
        QVERIFY(cli.stopEngine());
        qInfo("ended after %lld ms", timer.elapsed());
        QVERIFY(timer.elapsed() < 10'000);
        QVERIFY(remote::HostReceipts::load(cli.dataDir(), names[1]).all().empty());
    }

    void aHostThatWasOffCatchesUpByItself()
    {
        const auto pushing = service({settings(names[0]), settings(names[1])}, false);
        const auto good = [this](const QString &host, qint64 added) {
            return std::ranges::any_of(m_outcomes, [&](const PushOutcome &outcome) {
                return outcome.host == host && outcome.result && outcome.result->isGood() &&
                       outcome.result->added() == added;
            });
        };
        const auto failed = [this](const QString &host) {
            return std::ranges::any_of(
                m_outcomes, [&](const PushOutcome &outcome) { return outcome.host == host && !outcome.result; });
        };
        QTRY_COMPARE_WITH_TIMEOUT(m_outcomes.size() >= 2, true, 30'000);
        QVERIFY(m_lab.lab({QStringLiteral("off"), names[1]}));
        m_outcomes.clear();
        grow(1);
        QTRY_VERIFY_WITH_TIMEOUT(good(names[0], pairs) && failed(names[1]), 40'000);
        grow(4);
        QVERIFY(m_lab.lab({QStringLiteral("up"), names[1]}));
        QTRY_VERIFY_WITH_TIMEOUT(good(names[1], 5 * pairs) && good(names[0], 4 * pairs), 60'000);
        for (const QString &host : names)
            verify(host);
    }

    void aChangedKeyIsRefused()
    {
        QFile known(m_lab.knownHosts());
        QVERIFY(known.open(QIODevice::ReadOnly));
        QByteArrayList lines = known.readAll().trimmed().split('\n');
        known.close();
        QCOMPARE(lines.size(), 2);
        const auto key = [](const QByteArray &line) { return line.mid(line.indexOf(' ')); };
        const QByteArray other = lines[1].left(lines[1].indexOf(' ')) + key(lines[0]);
        QVERIFY(known.open(QIODevice::WriteOnly));
        known.write(lines[0] + '\n' + other + '\n');
        known.close();
        const QByteArray before = m_lab.ssh(names[1], QStringLiteral("sha256sum data/binance/futures/*"));
        grow(1);
        const auto pushing = service({settings(names[0]), settings(names[1])}, true);
        QTRY_COMPARE_WITH_TIMEOUT(m_outcomes.size(), size_t(2), 60'000);
        QVERIFY(outcomeOf(names[0])->result);
        QVERIFY(!outcomeOf(names[1])->result);
        QVERIFY2(outcomeOf(names[1])->result.error().message.contains(QStringLiteral("key has changed")),
                 qPrintable(outcomeOf(names[1])->result.error().message));
        QCOMPARE(m_lab.ssh(names[1], QStringLiteral("sha256sum data/binance/futures/*")), before);
        m_lab.resetKnownHosts();
    }

    // The same by the engine's own look.
    void receiptsThatTheEngineFinds()
    {
        const QTemporaryDir dataDir;
        const config::HostSettings host = settings(names[0]);
        remote::HostDesk desk(std::make_shared<SystemClock>());
        desk.keepReceiptsIn(dataDir.path());
        desk.setCollected({}); // else it waits to be told
        desk.setHosts({host});
        const auto found = [&] { return remote::HostReceipts::load(dataDir.path(), host.name).in(host.data.front()); };
        QTRY_COMPARE_WITH_TIMEOUT(found().size(), size_t(pairs), 30'000);
        const auto pushed = remote::HostReceipts::load(m_dir->path(), host.name).in(host.push);
        for (size_t i = 0; i < pushed.size(); ++i)
            QVERIFY(found()[i].file == pushed[i].file && found()[i].saysTheSame(pushed[i]));
    }

    // What a sync over there has left is seen by who looks at the host, and kept as well.
    void receiptsOfHostsThatPull()
    {
        CliFixture cli;
        const config::HostSettings host = settings(names[0]);
        cli.writeConfig(QStringLiteral("[[host]]\nname = \"%1\"\ntarget = \"%2\"\nidentity = \"%3\"\nknown_hosts = "
                                       "\"%4\"\ndata = [\"%5\"]\n")
                            .arg(host.name, host.target, host.identity, host.known_hosts, host.data.front()));
        const RunResult status = cli.run({QStringLiteral("hosts"), QStringLiteral("status")});
        QVERIFY2(status.code == 0 || status.code == 1, status.err.constData()); // made-up candles are stale
        const RunResult result = cli.run(
            {QStringLiteral("hosts"), QStringLiteral("receipts"), QStringLiteral("--format"), QStringLiteral("json")});
        QCOMPARE(result.code, 0);
        QCOMPARE(result.array().size(), pairs);
        const auto pushed = remote::HostReceipts::load(m_dir->path(), host.name).in(host.push);
        for (const QJsonValue &row : result.array()) {
            const auto same =
                std::ranges::find(pushed, row[QLatin1String("file")].toString(), &remote::HostReceipt::file);
            QVERIFY(same != pushed.end());
            QCOMPARE(row[QLatin1String("way")].toString(), QStringLiteral("pull"));
            QCOMPARE(row[QLatin1String("rows")].toInteger(), same->rows);
            QCOMPARE(row[QLatin1String("sha256")].toString().toLatin1(), same->sha256);
            QCOMPARE(row[QLatin1String("first")].toString(), isoText(same->first));
            QCOMPARE(row[QLatin1String("last")].toString(), isoText(same->last));
        }
    }
};

TK_TEST(PushLabTest, push_lab);
#include "tst_push_lab.moc"
