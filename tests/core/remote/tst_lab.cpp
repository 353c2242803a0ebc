// Four real hosts at once: every action, and everything that goes wrong with hosts.
#include "lab_rig.h"
#include "remote/host_check.h"
#include "remote/host_watch.h"
#include "remote/journal_follow.h"
#include "support/test_registry.h"

#include <QElapsedTimer>
#include <QFile>
#include <QProcess>
#include <QSignalSpy>

#include <csignal>

using namespace tk;
using namespace tk::remote;
using namespace std::chrono_literals;

namespace {

const QStringList names{QStringLiteral("tk-1"), QStringLiteral("tk-2"), QStringLiteral("tk-3"), QStringLiteral("tk-4")};
const QString feeder = QStringLiteral("freqtrade-feeder1.service");

} // namespace

class LabTest : public QObject
{
    Q_OBJECT

    test::LabRig m_lab;

    std::unique_ptr<HostWatch> watch(const QString &host, config::HostSettings settings)
    {
        return std::make_unique<HostWatch>(settings, *SshTarget::of(settings), m_lab.socket(host),
                                           std::make_shared<SystemClock>());
    }
    std::unique_ptr<HostWatch> watch(const QString &host) { return watch(host, m_lab.settings(host)); }

    static const UnitState *unitOf(const HostWatch &host, const QString &name)
    {
        const auto &units = host.report().units;
        const auto found = std::ranges::find(units, name, &UnitState::name);
        return found == units.end() ? nullptr : &*found;
    }

    static std::optional<Result<ActionResult>> act(HostWatch &host, UnitAction action, const QString &unit)
    {
        std::optional<Result<ActionResult>> result;
        host.act(action, unit, &host, [&](const Result<ActionResult> &answer) { result.emplace(answer); });
        return QTest::qWaitFor([&] { return result.has_value(); }, 30'000) ? result : std::nullopt;
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (const QString why = m_lab.start(names); !why.isEmpty())
            QSKIP(qPrintable(why));
        QFile candles(QStringLiteral(TAPEKEEPER_SOURCE_DIR "/tests/data/feather/pandas-batches.feather"));
        QVERIFY(candles.open(QIODevice::ReadOnly));
        const QByteArray file = candles.readAll();
        for (const QString &host : names) {
            m_lab.write(host, QStringLiteral("/etc/systemd/system/") + feeder,
                        "[Service]\nExecStart=/bin/sh -c 'echo hello; exec sleep infinity'\n[Install]\n"
                        "WantedBy=multi-user.target\n");
            m_lab.write(host, QStringLiteral("/etc/systemd/system/broken.service"),
                        "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo no configuration >&2; exit 3'\n");
            m_lab.write(host, QStringLiteral("/etc/systemd/system/influxdb-data-sync.service"),
                        "[Service]\nType=oneshot\nExecStart=/bin/echo synced\n");
            m_lab.write(host, QStringLiteral("/etc/systemd/system/influxdb-data-sync.timer"),
                        "[Timer]\nOnCalendar=hourly\n[Install]\nWantedBy=timers.target\n");
            m_lab.write(host, QStringLiteral("/etc/systemd/system/flood.service"),
                        "[Unit]\nStartLimitIntervalSec=0\n[Service]\nLogRateLimitIntervalSec=0\nExecStart=/bin/sh -c "
                        "'i=0; while [ "
                        "$$i -lt 20000 ]; do i=$$((i+1)); echo line $$i; done; echo the end'\n");
            m_lab.write(host, QStringLiteral("/srv/data/binance/futures/BTC_USDT_USDT-3m-futures.feather"), file);
            m_lab.write(host, QStringLiteral("/srv/data/binance/futures/ETH_USDT_USDT-3m-futures.feather"), file);
            m_lab.write(host, QStringLiteral("/srv/data/binance/futures/BAD_USDT_USDT-1h-futures.feather"),
                        "no feather");
            m_lab.ssh(host,
                      QStringLiteral("sudo systemctl daemon-reload; sudo systemctl start influxdb-data-sync.timer"));
        }
    }
    void cleanup()
    {
        // Whatever a test did: no process and no socket is left when its objects are gone.
        QTRY_COMPARE(m_lab.leftProcesses(), QStringList());
        QCOMPARE(QDir(m_lab.sockets()).entryList(QDir::AllEntries | QDir::System | QDir::NoDotAndDotDot),
                 QStringList());
    }
    void cleanupTestCase() { m_lab.stop(); }

    void everyActionOnFourHostsAtOnce()
    {
        std::vector<std::unique_ptr<HostWatch>> hosts;
        for (const QString &name : names)
            hosts.push_back(watch(name));
        struct Step
        {
            UnitAction action;
            QString unit;
            std::function<bool(const ActionResult &)> expected;
        };
        const auto isOn = [](const ActionResult &result) { return result.after.isRunning(); };
        const auto isOff = [](const ActionResult &result) { return result.after.active == QLatin1String("inactive"); };
        QString invocation;
        const std::vector<Step> steps{
            {UnitAction::Start, feeder, isOn},
            {UnitAction::Restart, feeder, isOn},
            {UnitAction::Enable, feeder,
             [](const ActionResult &result) { return result.after.enabled == QLatin1String("enabled"); }},
            {UnitAction::Disable, feeder,
             [](const ActionResult &result) { return result.after.enabled == QLatin1String("disabled"); }},
            {UnitAction::Stop, feeder, isOff},
            {UnitAction::Run, QStringLiteral("influxdb-data-sync.timer"),
             [](const ActionResult &result) {
                 return result.after.name == QLatin1String("influxdb-data-sync.service") &&
                        result.after.result == QLatin1String("success") && !result.after.invocation.isEmpty();
             }},
        };
        for (const Step &step : steps) {
            int good = 0;
            int answers = 0;
            QString trouble;
            for (const auto &host : hosts)
                host->act(step.action, step.unit, host.get(), [&](const Result<ActionResult> &result) {
                    ++answers;
                    good += result && result->done && step.expected(*result) ? 1 : 0;
                    trouble += result ? result->trouble + result->journal.join(u' ') : result.error().message;
                });
            QTRY_COMPARE_WITH_TIMEOUT(answers, 4, 30'000);
            QVERIFY2(good == 4, qPrintable(actionName(step.action) + u' ' + trouble));
        }
        // And the hosts say the same of themselves.
        for (const auto &host : hosts)
            host->lookAtUnits();
        for (const auto &host : hosts) {
            QTRY_VERIFY_WITH_TIMEOUT(host->report().state == HostReport::State::Up, 15'000);
            QVERIFY(unitOf(*host, feeder) && unitOf(*host, feeder)->active == QLatin1String("inactive"));
            const UnitState *timer = unitOf(*host, QStringLiteral("influxdb-data-sync.timer"));
            QVERIFY(timer && toMs(timer->next_run) > toMs(SystemClock().utcNow()));
            QCOMPARE(timer->result, QStringLiteral("success"));
        }
        QVERIFY(m_lab.ssh(names[0], QStringLiteral("systemctl is-active ") + feeder).startsWith("inactive"));
    }

    void aUnitThatFailsAtStart()
    {
        auto host = watch(names[0]);
        const auto result = act(*host, UnitAction::Start, QStringLiteral("broken.service"));
        QVERIFY(result && *result && !(*result)->done);
        QCOMPARE(stateText((*result)->after), QStringLiteral("failed (exit-code 3)"));
        QVERIFY2((*result)->trouble.contains(QStringLiteral("failed")), qPrintable((*result)->trouble));
        QVERIFY((*result)->journal.join(u' ').contains(QStringLiteral("no configuration")));
        host->lookAtUnits();
        QTRY_VERIFY_WITH_TIMEOUT(host->report().state == HostReport::State::Up, 15'000);
        QVERIFY(host->report().light() == Light::Bad);
        m_lab.ssh(names[0], QStringLiteral("sudo systemctl reset-failed broken.service"));
    }

    void theFilesThemselvesTellHowFreshTheyAre()
    {
        auto host = watch(names[1]);
        host->lookAtData();
        QTRY_VERIFY_WITH_TIMEOUT(host->report().has_data, 20'000);
        const FreshnessReport first = host->report().data;
        QCOMPARE(first.folders.size(), size_t(1));
        QCOMPARE(first.folders[0].files, 3);
        QCOMPARE(first.files_read, 2);
        QCOMPARE(first.folders[0].groups.size(), size_t(2));
        const FreshGroup &group = first.folders[0].groups[0];
        QVERIFY(group.timeframe == Timeframe::M3 && group.files == 2 && group.unread == 0 && group.stale);
        QCOMPARE(isoText(group.oldest).left(4), QStringLiteral("2023"));
        QCOMPARE(first.folders[0].groups[1].unread, 1); // damaged, and said so
        QCOMPARE(first.folders[0].troubles.size(), 1);
        QVERIFY(first.folders[0].disk_free > 0);
        QVERIFY(first.clock_offset && std::abs(*first.clock_offset) < 2'000); // one kernel, one clock
        // A running service with a stale file is red.
        const auto started = act(*host, UnitAction::Start, feeder);
        QVERIFY(started && *started);
        QVERIFY2((*started)->done, qPrintable((*started)->trouble));
        QTRY_VERIFY2_WITH_TIMEOUT((host->lookAtUnits(), unitOf(*host, feeder) && unitOf(*host, feeder)->isRunning()),
                                  qPrintable(host->report().reasons().join(u' ')), 15'000);
        QVERIFY(host->report().light() == Light::Bad);
        QVERIFY(host->report().reasons().join(u' ').contains(QStringLiteral("behind")));
        // What has not changed is not read again.
        QSignalSpy looked(host.get(), &HostWatch::dataLooked);
        host->lookAtData();
        QTRY_COMPARE_WITH_TIMEOUT(looked.count(), 1, 20'000);
        QCOMPARE(host->report().data.files_read, 0);
        QCOMPARE(host->report().data.bytes_read, qint64(0));
    }

    void aFrozenHostDelaysNobodyAndComesBack()
    {
        std::vector<std::unique_ptr<HostWatch>> hosts;
        for (const QString &name : names) {
            hosts.push_back(watch(name));
            hosts.back()->lookAtUnits();
        }
        for (const auto &host : hosts)
            QTRY_VERIFY_WITH_TIMEOUT(host->report().state == HostReport::State::Up, 15'000);
        QVERIFY(m_lab.lab({QStringLiteral("freeze"), names[1]}));
        QElapsedTimer timer;
        timer.start();
        int done = 0;
        qint64 slowest = 0;
        qint64 frozen = 0;
        for (size_t i = 0; i < hosts.size(); ++i)
            connect(hosts[i].get(), &HostWatch::unitsLooked, this, [&, i] {
                ++done;
                (i == 1 ? frozen : slowest) = std::max(i == 1 ? frozen : slowest, timer.elapsed());
            });
        for (const auto &host : hosts)
            host->lookAtUnits();
        QTRY_COMPARE_WITH_TIMEOUT(done, 4, 30'000);
        qInfo("others after %lld ms, the frozen one given up after %lld ms", slowest, frozen);
        QVERIFY(slowest < 4'000);
        QVERIFY(frozen >= 4'000 && frozen < 15'000);
        QVERIFY(hosts[1]->report().state == HostReport::State::Unreachable);
        // Also from the start: no connection yet, and the handshake hangs.
        auto fresh = watch(QStringLiteral("x"), m_lab.settings(names[1]));
        fresh->lookAtUnits();
        QTRY_VERIFY_WITH_TIMEOUT(fresh->report().state == HostReport::State::Unreachable, 20'000);
        QVERIFY(m_lab.lab({QStringLiteral("thaw"), names[1]}));
        QTRY_VERIFY_WITH_TIMEOUT((hosts[1]->lookAtUnits(), hosts[1]->report().state == HostReport::State::Up), 30'000);
    }

    void aPoweredOffHostIsRefusedAtOnce()
    {
        auto host = watch(names[3]);
        host->lookAtUnits();
        QTRY_VERIFY_WITH_TIMEOUT(host->report().state == HostReport::State::Up, 15'000);
        QVERIFY(m_lab.lab({QStringLiteral("off"), names[3]}));
        QElapsedTimer timer;
        timer.start();
        host->lookAtUnits();
        QTRY_VERIFY_WITH_TIMEOUT(host->report().state == HostReport::State::Unreachable, 15'000);
        auto again = watch(QStringLiteral("y"), m_lab.settings(names[3]));
        timer.restart();
        again->lookAtUnits();
        QTRY_VERIFY_WITH_TIMEOUT(again->report().state == HostReport::State::Unreachable, 15'000);
        qInfo("refused after %lld ms", timer.elapsed());
        QVERIFY(timer.elapsed() < 3'000);
        QVERIFY2(again->report().error->message.contains(QStringLiteral("refused")),
                 qPrintable(again->report().error->message));
        QVERIFY(m_lab.lab({QStringLiteral("up"), names[3]}));
        QTRY_VERIFY_WITH_TIMEOUT((host->lookAtUnits(), host->report().state == HostReport::State::Up), 30'000);
    }

    // The same identity logs in at the host in between, whose key is checked as strictly.
    void throughAHostInBetween()
    {
        config::HostSettings settings = m_lab.settings(names[1]);
        settings.jump = m_lab.settings(names[0]).target;
        {
            auto host = watch(QStringLiteral("j"), settings);
            host->lookAtUnits();
            QTRY_VERIFY2_WITH_TIMEOUT(host->report().state == HostReport::State::Up,
                                      host->report().error ? qPrintable(host->report().error->message) : "", 20'000);
            const auto stopped = act(*host, UnitAction::Stop, feeder);
            QVERIFY(stopped && *stopped && (*stopped)->done);
        }
        // It was asked: with its key unknown nothing goes through.
        QFile known(m_lab.knownHosts());
        QVERIFY(known.open(QIODevice::ReadOnly));
        QByteArray lines;
        const QByteArray jumpAddress = m_lab.settings(names[0]).target.section(u'@', 1).section(u':', 0, 0).toUtf8();
        for (const QByteArray &line : known.readAll().split('\n')) {
            if (!line.contains(jumpAddress + ']'))
                lines += line + '\n';
        }
        known.close();
        QVERIFY(known.open(QIODevice::WriteOnly | QIODevice::Truncate));
        known.write(lines);
        known.close();
        const auto back = qScopeGuard([this] { m_lab.resetKnownHosts(); });
        auto host = watch(QStringLiteral("k"), settings);
        host->lookAtUnits();
        QTRY_VERIFY_WITH_TIMEOUT(host->report().state == HostReport::State::Unreachable, 20'000);
        QVERIFY2(host->report().error->message.contains(QStringLiteral("key")),
                 qPrintable(host->report().error->message));
    }

    void aFullDiskIsRed()
    {
        auto host = watch(names[2]);
        int mounted = -1;
        m_lab.asRoot(names[2], QStringLiteral("mount -t tmpfs -o size=1m tmpfs /srv/data"), &mounted);
        QCOMPARE(mounted, 0);
        const auto back = qScopeGuard([this] { m_lab.asRoot(names[2], QStringLiteral("umount /srv/data")); });
        host->lookAtUnits();
        QTRY_VERIFY_WITH_TIMEOUT(host->report().state == HostReport::State::Up, 15'000);
        host->lookAtData();
        QTRY_VERIFY_WITH_TIMEOUT(host->report().has_data, 20'000);
        const auto troubles = host->report().troubles();
        const auto full = std::ranges::find(troubles, QStringLiteral("Disk full"), &Trouble::title);
        QVERIFY(full != troubles.end() && full->light == Light::Bad);
        QVERIFY(host->report().light() == Light::Bad);
    }

    void aChangedHostKeyIsAcceptedByOrderAlone()
    {
        // Another host's key under this host's name.
        QFile known(m_lab.knownHosts());
        QVERIFY(known.open(QIODevice::ReadOnly));
        const QByteArray before = known.readAll();
        known.close();
        const auto keys = parseKnownHosts(before);
        QVERIFY(keys.size() >= 3);
        QByteArray changed = before;
        changed.replace(keys[2].blob.toBase64(), keys[0].blob.toBase64());
        QVERIFY(known.open(QIODevice::WriteOnly) && known.write(changed) == changed.size());
        known.close();
        const auto target = *SshTarget::of(m_lab.settings(names[2]));

        auto host = watch(names[2]);
        host->lookAtUnits();
        QTRY_VERIFY_WITH_TIMEOUT(host->report().state == HostReport::State::Unreachable, 15'000);
        QVERIFY2(host->report().error->message.contains(QStringLiteral("changed")),
                 qPrintable(host->report().error->message));

        HostCheck check(m_lab.settings(names[2]), target, m_lab.socket(QStringLiteral("k")));
        QSignalSpy finished(&check, &HostCheck::finished);
        check.start();
        QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, 20'000);
        QVERIFY(!check.isGood());
        QVERIFY(check.steps()[2].text.contains(keys[2].fingerprint()));
        QVERIFY(check.steps()[2].text.contains(keys[0].fingerprint()));

        HostKeyCheck key(target);
        QSignalSpy failed(&key, &HostKeyCheck::failed);
        QSignalSpy trusted(&key, &HostKeyCheck::trusted);
        key.trust(keys[0].fingerprint());
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, 20'000);
        QVERIFY(known.open(QIODevice::ReadOnly));
        QCOMPARE(known.readAll(), changed); // refused: not a byte is another one
        known.close();

        key.trust(keys[2].fingerprint());
        QTRY_COMPARE_WITH_TIMEOUT(trusted.count(), 1, 20'000);
        QTRY_VERIFY_WITH_TIMEOUT((host->lookAtUnits(), host->report().state == HostReport::State::Up), 15'000);
        QVERIFY(known.open(QIODevice::ReadOnly));
        const auto now = parseKnownHosts(known.readAll());
        QCOMPARE(now.size(), keys.size()); // in place of the wrong one
        m_lab.resetKnownHosts();
    }

    void anUnknownHostKeyIsNeverTakenSilently()
    {
        QFile known(m_lab.knownHosts());
        QVERIFY(known.open(QIODevice::WriteOnly));
        known.close();
        auto host = watch(names[0]);
        host->lookAtUnits();
        QTRY_VERIFY_WITH_TIMEOUT(host->report().state == HostReport::State::Unreachable, 15'000);
        QCOMPARE(known.size(), qint64(0));
        HostKeyCheck key(*SshTarget::of(m_lab.settings(names[0])));
        KeyReport report;
        connect(&key, &HostKeyCheck::looked, this, [&](const KeyReport &found) { report = found; });
        key.look();
        QTRY_VERIFY_WITH_TIMEOUT(!report.shown.blob.isEmpty(), 15'000);
        QVERIFY(report.state == KeyState::Unknown);
        QCOMPARE(known.size(), qint64(0));
        m_lab.resetKnownHosts();
    }

    void aMissingSudoRuleIsNamed()
    {
        const QString rule = m_lab.root(names[0]) + QStringLiteral("/etc/sudoers.d/freqai");
        QVERIFY(QFile::rename(rule, rule + QStringLiteral(".off")));
        {
            auto host = watch(names[0]);
            const auto result = act(*host, UnitAction::Restart, feeder);
            QVERIFY(result && *result && !(*result)->done);
            QVERIFY2((*result)->trouble.contains(QStringLiteral("/usr/bin/systemctl restart ") + feeder),
                     qPrintable((*result)->trouble));
            HostCheck check(m_lab.settings(names[0]), host->channel().target(), m_lab.socket(QStringLiteral("k")));
            QSignalSpy finished(&check, &HostCheck::finished);
            check.start();
            QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, 20'000);
            QCOMPARE(check.steps().size(), size_t(7));
            for (const CheckStep &step : check.steps())
                QVERIFY2((step.state == CheckStep::State::Good) == (step.name != QLatin1String("sudo")),
                         qPrintable(step.name + step.text));
        }
        QVERIFY(QFile::rename(rule + QStringLiteral(".off"), rule));
        HostCheck check(m_lab.settings(names[0]), *SshTarget::of(m_lab.settings(names[0])),
                        m_lab.socket(QStringLiteral("k")));
        QSignalSpy finished(&check, &HostCheck::finished);
        check.start();
        QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, 20'000);
        QVERIFY(check.isGood());
    }

    void aJournalThatFloodsDelaysNobody()
    {
        auto host = watch(names[0]);
        {
            JournalFollow journal(host->channel(),
                                  {QStringLiteral("flood.service"), QStringLiteral("influxdb-data-sync.service")},
                                  {QStringLiteral("the end")}, 0, true);
            QStringList wanted;
            connect(&journal, &JournalFollow::entries, this, [&](const std::vector<JournalEntry> &entries) {
                for (const JournalEntry &entry : entries)
                    wanted.append(entry.message);
            });
            journal.start();
            QTRY_VERIFY_WITH_TIMEOUT(host->channel().isOpen(), 15'000);
            m_lab.ssh(names[0], QStringLiteral("sudo systemctl start flood.service"));
            QElapsedTimer timer;
            timer.start();
            QSignalSpy looked(host.get(), &HostWatch::unitsLooked);
            host->lookAtUnits();
            QTRY_COMPARE_WITH_TIMEOUT(looked.count(), 1, 15'000);
            qInfo("units in the midst of the flood after %lld ms", timer.elapsed());
            QVERIFY(timer.elapsed() < 5'000);
            QTRY_VERIFY_WITH_TIMEOUT(wanted.contains(QStringLiteral("the end")), 60'000);
            qInfo("%lld entries in %lld ms", journal.received(), timer.elapsed());
            QVERIFY(journal.received() >= 20'000);
            QCOMPARE(wanted.filter(QStringLiteral("the end")).size(), wanted.size());
        }
        // Nor does one stay behind over there.
        QTRY_VERIFY_WITH_TIMEOUT(
            !m_lab.ssh(names[0], QStringLiteral("cat /proc/*/comm 2>/dev/null")).contains("journalctl"), 15'000);
    }

    // A watch that goes on all day.
    void aLookCostsNextToNothing()
    {
        auto host = watch(names[0]);
        QSignalSpy looked(host.get(), &HostWatch::unitsLooked);
        QElapsedTimer timer;
        timer.start();
        for (int i = 1; i <= 20; ++i) {
            host->lookAtUnits();
            QTRY_COMPARE_WITH_TIMEOUT(looked.count(), i, 15'000);
            QVERIFY(host->report().state == HostReport::State::Up);
        }
        qInfo("%lld ms for a look, connecting included", timer.elapsed() / 20);
        QVERIFY(timer.elapsed() / 20 < 1'000);
        QCOMPARE(m_lab.leftProcesses().size(), 1); // the one connection
    }

    // Not even when the program is killed, which tells it nothing.
    void nothingIsLeftOfAKilledProgram()
    {
        QTemporaryDir folder;
        QFile config(folder.filePath(QStringLiteral("c.toml")));
        QVERIFY(config.open(QIODevice::WriteOnly));
        for (const QString &name : names)
            config.write(m_lab.table(name, "units = [\"" + feeder.toUtf8() + "\"]\n"));
        config.close();
        QProcess program;
        program.start(QStringLiteral(TAPEKEEPER_BIN_DIR "/tapekeeper-server"),
                      {QStringLiteral("--config"), config.fileName(), QStringLiteral("hosts"), QStringLiteral("logs"),
                       QStringLiteral("--follow")});
        QTRY_COMPARE_WITH_TIMEOUT(m_lab.leftProcesses().size(), 8, 20'000); // a connection and a journal for each
        ::kill(pid_t(program.processId()), SIGKILL);
        QVERIFY(program.waitForFinished());
        QTRY_COMPARE_WITH_TIMEOUT(m_lab.leftProcesses(), QStringList(), 10'000);
    }
};

TK_TEST(LabTest, lab);
#include "tst_lab.moc"
