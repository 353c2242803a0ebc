// Real hosts in the window: what is seen of them, what is done with them, and what a host that hangs, is off or shows
// another key does to the window: nothing but to be told.
#include "window_rig.h"

#include "lab_rig.h"
#include "stall_watch.h"
#include "support/test_registry.h"
#include "ui/dialogs/host_check_dialog.h"
#include "ui/window/go_to.h"

#include <QComboBox>
#include <QElapsedTimer>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTableWidget>
#include <QTreeView>

namespace tk::test {

using namespace std::chrono_literals;
using monitor::HostLight;
using monitor::HostView;

namespace {

const QStringList names{QStringLiteral("tk-1"), QStringLiteral("tk-2")};
const QString feeder = QStringLiteral("freqtrade-feeder1.service");
const QString timer = QStringLiteral("influxdb-data-sync.timer");

template <typename T>
T *part(QWidget &of, const char *name)
{
    return of.findChild<T *>(QLatin1String(name));
}

} // namespace

class HostsTest : public QObject
{
    Q_OBJECT

    LabRig m_lab;
    std::unique_ptr<WindowRig> m_rig;

    const HostView *host(int at) { return m_rig->view().hosts().find(names[at]); }
    const monitor::HostUnit *unit(int at, const QString &name)
    {
        const HostView *view = host(at);
        if (!view)
            return nullptr;
        const auto found = std::ranges::find(view->units, name, &monitor::HostUnit::name);
        return found == view->units.end() ? nullptr : &*found;
    }
    bool isUp(int at) { return host(at) && host(at)->isUp(); }
    QAction *action(const char *name) { return m_rig->window().hosts().action(QLatin1String(name)); }
    bool hasEvent(const QString &title, const QString &subject)
    {
        return std::ranges::any_of(m_rig->view().events().events(), [&](const alert::Event &event) {
            return event.title == title && event.subject == subject;
        });
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
            m_lab.write(
                host, QStringLiteral("/etc/systemd/system/") + feeder,
                "[Unit]\nDescription=FreqAI feeder\n[Service]\nExecStart=/bin/sh -c 'echo hello; echo a warning "
                ">&2; exec sleep infinity'\n[Install]\nWantedBy=multi-user.target\n");
            m_lab.write(host, QStringLiteral("/etc/systemd/system/influxdb-data-sync.service"),
                        "[Service]\nType=oneshot\nExecStart=/bin/echo synced\n");
            m_lab.write(host, QStringLiteral("/etc/systemd/system/") + timer,
                        "[Unit]\nDescription=Sync of feather files\n[Timer]\nOnCalendar=hourly\n");
            m_lab.write(host, QStringLiteral("/srv/data/binance/futures/BTC_USDT_USDT-3m-futures.feather"), file);
            // Of a pair that nobody collects any more: it may end.
            m_lab.write(host, QStringLiteral("/srv/data/binance/futures/OLD_USDT_USDT-3m-futures.feather"), file);
            m_lab.ssh(host, QStringLiteral("sudo systemctl daemon-reload; sudo systemctl start ") + timer);
        }
        RigOptions options;
        options.factor = 1; // hosts live in real time
        options.pairs = 2;
        options.adjust = [this](config::Settings &settings) {
            for (const QString &name : names) {
                config::HostSettings host = m_lab.settings(name);
                host.units = {QStringLiteral("freqtrade-feeder*.service"), timer};
                host.stale_after = 24h * 7; // the file is of 2023: stale all the same
                settings.hosts.push_back(host);
            }
        };
        m_rig = std::make_unique<WindowRig>(WindowWay::Local, options);
        QVERIFY(m_rig->start());
        QVERIFY(m_rig->waitUntil([this] { return isUp(0) && isUp(1) && unit(0, feeder) && unit(1, timer); }));
    }
    void cleanupTestCase()
    {
        m_rig.reset();
        QTRY_COMPARE(m_lab.leftProcesses(), QStringList());
        m_lab.stop();
    }

    void showsThem()
    {
        m_rig->window().showHost(names[0], feeder);
        ui::HostsPanel &panel = m_rig->window().hosts();
        QVERIFY(panel.tree().isVisible());
        QCOMPARE(panel.model().rowCount(), 2);
        QVERIFY(unit(0, timer)->next_run > m_rig->rig().clock().utcNow());
        // The files: read from the files themselves, and so old that the host is red whatever its units do.
        QVERIFY(m_rig->waitUntil([this] { return host(0)->files() == 2 && host(0)->light == HostLight::Bad; }));
        ui::HealthCard &card = m_rig->window().health().card(ui::HealthPanel::Hosts);
        QVERIFY(m_rig->waitUntil([&] { return card.mood() == ui::HealthCard::Mood::Trouble; }));
        QVERIFY2(card.headline().contains(QStringLiteral("2 of 2 up")), qPrintable(card.headline()));
        QVERIFY2(card.detail().contains(QStringLiteral("files stale")), qPrintable(card.detail()));
        QVERIFY(m_rig->waitUntil([this] { return hasEvent(QStringLiteral("Files stale"), names[0]); }));
        // Fresh files, and it is well again.
        for (const QString &name : names)
            QVERIFY(QFile::remove(m_lab.root(name) +
                                  QStringLiteral("/srv/data/binance/futures/BTC_USDT_USDT-3m-futures.feather")));
        action("refreshHosts")->trigger();
        QVERIFY(m_rig->waitUntil(
            [this] { return host(0)->light != HostLight::Bad && host(1)->light != HostLight::Bad; }, 90s));
        QCOMPARE(host(0)->files(), 1);
        QCOMPARE(host(0)->folders[0].groups[0].ended, 1);
        QVERIFY(m_rig->waitUntil([this] { return hasEvent(QStringLiteral("Over: Files stale"), names[0]); }));
    }

    void actsOnSeveralAtOnceAndFollowsTheJournal()
    {
        ui::HostsPanel &panel = m_rig->window().hosts();
        QVERIFY(panel.select(names[0], feeder));
        action("hostSameUnits")->trigger();
        QCOMPARE(panel.tree().selectionModel()->selectedRows().size(), 2);
        m_rig->asker().asked.clear();
        action("hostStart")->trigger();
        QVERIFY(m_rig->waitUntil([this] {
            return unit(0, feeder)->text == QLatin1String("running") &&
                   unit(1, feeder)->text == QLatin1String("running");
        }));
        QVERIFY2(m_rig->waitUntil([&] { return panel.said().contains(QStringLiteral("done: ")); }),
                 qPrintable(panel.said()));
        QVERIFY(m_rig->asker().asked.isEmpty()); // starting hurts nobody
        QVERIFY(m_rig->waitUntil([this] { return hasEvent(QStringLiteral("Asked for: start"), names[1]); }));
        // The journal of the one that is selected, live.
        QVERIFY(panel.select(names[0], feeder));
        QVERIFY2(m_rig->waitUntil([&] { return panel.journal().text().contains(QStringLiteral("hello")); }, 30s),
                 qPrintable(part<QLabel>(panel, "journalTitle")->text() + panel.journal().text()));
        auto *filter = part<QLineEdit>(panel, "journalFilter");
        filter->setText(QStringLiteral("warning"));
        QVERIFY(!panel.journal().text().contains(QStringLiteral("hello")));
        QVERIFY(panel.journal().text().contains(QStringLiteral("a warning")));
        filter->clear();
        m_rig->shoot(m_rig->window(), QStringLiteral("hosts"));
        m_lab.ssh(names[0], QStringLiteral("sudo systemctl restart ") + feeder);
        QVERIFY(m_rig->waitUntil([&] { return panel.journal().text().count(QStringLiteral("hello")) == 2; }));

        // What hurts is asked for, and a no is a no.
        m_rig->asker().agrees = false;
        action("hostStop")->trigger();
        QCOMPARE(m_rig->asker().asked, QStringList{QStringLiteral("Stop 1 unit(s)?")});
        m_rig->asker().agrees = true;
        QCOMPARE(unit(0, feeder)->text, QStringLiteral("running"));
        action("hostSameUnits")->trigger();
        action("hostStop")->trigger();
        QVERIFY(m_rig->waitUntil([this] {
            return unit(0, feeder)->text == QLatin1String("off") && unit(1, feeder)->text == QLatin1String("off");
        }));

        QVERIFY(panel.select(names[1], timer));
        action("hostRun")->trigger();
        QVERIFY(m_rig->waitUntil([this] {
            return toMs(unit(1, timer)->last_run) != 0 ||
                   m_lab.ssh(names[1], QStringLiteral("journalctl -q -o cat -u influxdb-data-sync.service"))
                       .contains("synced");
        }));
    }

    void goesToThem()
    {
        m_rig->window().action(QStringLiteral("goTo"))->trigger();
        auto *dialog = part<ui::GoTo>(m_rig->window(), "goTo");
        QVERIFY(dialog);
        dialog->setTyped(QStringLiteral("tk-2"));
        QTest::keyClick(part<QLineEdit>(*dialog, "goToField"), Qt::Key_Return);
        QTRY_COMPARE(m_rig->window().hosts().tree().currentIndex().data(ui::HostModel::HostRole).toString(), names[1]);
    }

    // Frozen: nothing answers, no connection ends by itself.
    void aHostThatHangs()
    {
        const auto pause = qScopeGuard([this] { m_lab.lab({QStringLiteral("thaw"), names[1]}); });
        auto stalls = std::make_unique<StallWatch>();
        QElapsedTimer since;
        QVERIFY(m_lab.lab({QStringLiteral("freeze"), names[1]}));
        since.start();
        QVERIFY(m_rig->waitUntil([this] { return host(1)->state == HostView::State::Unreachable; }));
        qInfo("red after %lld ms", since.elapsed());
        // The other one goes on being looked at.
        const UtcTime looked = host(0)->looked;
        QVERIFY(m_rig->waitUntil([&] { return host(0)->looked > looked; }, 15s));
        QVERIFY(host(0)->isUp());
        QVERIFY2(m_rig->waitUntil([this] {
            return m_rig->window().status().line().text.contains(names[1] + QStringLiteral(" unreachable"));
        }),
                 qPrintable(m_rig->window().status().line().text));
        QVERIFY(m_rig->waitUntil([this] { return hasEvent(QStringLiteral("Host unreachable"), names[1]); }));
        qInfo("longest slice of the window's thread: %lld us", qint64(stalls->longest().count()));
        QVERIFY(stalls->longest() < 50ms);
        stalls.reset();
        m_rig->shoot(m_rig->window(), QStringLiteral("hosts-frozen"));
        // An order to it fails in time, and says so; an order to the other is done at once.
        ui::HostsPanel &panel = m_rig->window().hosts();
        QVERIFY(panel.select(names[0], feeder));
        action("hostStart")->trigger();
        QVERIFY2(m_rig->waitUntil([this] { return unit(0, feeder)->text == QLatin1String("running"); }, 15s),
                 qPrintable(panel.said() + u' ' + unit(0, feeder)->text));
        QVERIFY(m_lab.lab({QStringLiteral("thaw"), names[1]}));
        action("refreshHosts")->trigger();
        QVERIFY(m_rig->waitUntil([this] { return isUp(1); }, 60s));
        QVERIFY(m_rig->waitUntil([this] { return hasEvent(QStringLiteral("Host answers again"), names[1]); }));
    }

    void anUnknownKeyIsShownAndAcceptedByTheOperatorAlone()
    {
        ui::HostsPanel &panel = m_rig->window().hosts();
        QVERIFY(panel.select(names[0]));
        QFile known(m_lab.knownHosts());
        QVERIFY(known.open(QIODevice::WriteOnly | QIODevice::Truncate));
        known.close();
        action("hostTest")->trigger();
        auto *dialog = part<ui::HostCheckDialog>(m_rig->window(), "hostCheckDialog");
        QVERIFY(dialog);
        auto *trust = part<QPushButton>(*dialog, "hostCheckTrust");
        QVERIFY(m_rig->waitUntil([&] { return trust->isVisible(); }));
        const QString shown = part<QLabel>(*dialog, "hostCheckKey")->text();
        QProcess keygen;
        keygen.start(
            QStringLiteral("ssh-keygen"),
            {QStringLiteral("-lf"), m_lab.root(names[0]) + QStringLiteral("/etc/ssh/ssh_host_ed25519_key.pub")});
        QVERIFY(keygen.waitForFinished());
        const QString fingerprint = QString::fromUtf8(keygen.readAllStandardOutput()).section(u' ', 1, 1);
        QVERIFY2(shown.contains(fingerprint), qPrintable(shown));
        m_rig->shoot(*dialog, QStringLiteral("host-key"));
        m_rig->asker().agrees = false;
        trust->click();
        QCOMPARE(QFileInfo(m_lab.knownHosts()).size(), 0);
        m_rig->asker().agrees = true;
        trust->click();
        auto *said = part<QLabel>(*dialog, "hostCheckSaid");
        QVERIFY2(m_rig->waitUntil([&] { return said->text().contains(QStringLiteral("can be watched")); }),
                 qPrintable(said->text()));
        QCOMPARE(part<QTableWidget>(*dialog, "hostCheckSteps")->rowCount(), 7);
        m_rig->shoot(*dialog, QStringLiteral("host-test"));
        dialog->close();
        m_lab.resetKnownHosts();
    }

    void aHostThatIsOff()
    {
        QVERIFY(m_lab.lab({QStringLiteral("off"), names[1]}));
        action("refreshHosts")->trigger();
        QVERIFY(m_rig->waitUntil([this] { return host(1)->state == HostView::State::Unreachable; }));
        QVERIFY(m_lab.lab({QStringLiteral("up"), names[1]}));
        action("refreshHosts")->trigger();
        QVERIFY(m_rig->waitUntil([this] { return isUp(1); }, 60s));
    }
};

TK_TEST(HostsTest, hosts);

} // namespace tk::test
#include "tst_hosts.moc"
