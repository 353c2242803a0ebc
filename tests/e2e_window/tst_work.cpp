// What an operator does in the window: charts, filters, backfills, repairs, exports, the keyboard; and that none of it
// holds up the window.
#include "window_rig.h"

#include "config/load.h"
#include "stall_watch.h"
#include "support/test_registry.h"
#include "ui/dialogs/backfill_dialog.h"
#include "ui/dialogs/gap_report.h"
#include "ui/window/about.h"
#include "ui/window/go_to.h"
#include "ui/window/welcome.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDockWidget>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QTabBar>
#include <QTableView>
#include <QTableWidget>
#include <QToolButton>

namespace tk::test {

using namespace std::chrono_literals;

namespace {

const QString btc = QStringLiteral("BTC/USDT:USDT");
const QString eth = QStringLiteral("ETH/USDT:USDT");

template <typename T>
T *part(QWidget &of, const char *name)
{
    return of.findChild<T *>(QLatin1String(name));
}

} // namespace

class WorkTest : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        m_rig = std::make_unique<WindowRig>(WindowWay::Local);
        QVERIFY(m_rig->start());
        QVERIFY(m_rig->rig().waitLive());
        QVERIFY(m_rig->waitUntil([this] { return m_rig->pair(btc) && m_rig->pair(eth); }));
        QVERIFY(m_rig->waitUntil([this] { return m_rig->window().charts().tabCount() == 1; }));
    }
    void cleanup() { m_rig.reset(); }

    void filtersAndOpensCharts()
    {
        ui::PairsPanel &pairs = m_rig->window().pairs();
        pairs.setFilterText(QStringLiteral("eth"));
        QTRY_COMPARE(pairs.shown().rowCount(), 1);
        pairs.setFilterText(QStringLiteral("state:nonsense"));
        QVERIFY(part<QLabel>(pairs, "filterProblem")->text().contains(QStringLiteral("nonsense")));
        pairs.setFilterText({});
        QTRY_COMPARE(pairs.shown().rowCount(), pairs.model().rowCount());
        QVERIFY(pairs.select(QStringLiteral("binance-usdm"), eth));
        QVERIFY(QTest::qWaitForWindowActive(&m_rig->window()));
        pairs.table().setFocus();
        QTest::keyClick(&pairs.table(), Qt::Key_Return, Qt::ControlModifier);
        ui::ChartsPanel &charts = m_rig->window().charts();
        QTRY_COMPARE(charts.tabCount(), 2);
        QCOMPARE(charts.current()->pair(), eth);
        charts.setTimeframe(1);
        QCOMPARE(charts.current()->timeframe(), Timeframe::M3);
        QVERIFY(m_rig->waitUntil([&] { return charts.current()->series().size() > 5; }));
        charts.closeTab(1);
        QCOMPARE(charts.current()->pair(), btc);
        charts.closeTab(0);
        QCOMPARE(charts.current(), nullptr);
        QVERIFY(pairs.select(QStringLiteral("binance-usdm"), btc));
        pairs.table().setFocus();
        QTest::keyClick(&pairs.table(), Qt::Key_Return);
        QTRY_COMPARE(charts.tabCount(), 1);
    }

    void goesAnywhere()
    {
        m_rig->window().action(QStringLiteral("goTo"))->trigger();
        auto *dialog = part<ui::GoTo>(m_rig->window(), "goTo");
        QVERIFY(dialog);
        dialog->setTyped(QStringLiteral("eth"));
        QVERIFY(dialog->count() >= 1);
        QTest::keyClick(part<QLineEdit>(*dialog, "goToField"), Qt::Key_Return);
        QTRY_COMPARE(m_rig->window().charts().current()->pair(), eth);
    }

    void backfillsFromTheDialog()
    {
        // A week more than the first fill brought.
        m_rig->window().pairs().select(QStringLiteral("binance-usdm"), eth);
        m_rig->window().action(QStringLiteral("backfill"))->trigger();
        auto *dialog = part<ui::BackfillDialog>(m_rig->window(), "backfillDialog");
        QVERIFY(dialog);
        dialog->setPreset(ui::BackfillDialog::Preset::LastDay);
        auto *start = part<QPushButton>(*dialog, "backfillStart");
        auto *preview = part<QLabel>(*dialog, "backfillPreview");
        QVERIFY2(m_rig->waitUntil([&] { return start->isEnabled(); }), qPrintable(preview->text()));
        QVERIFY2(preview->text().contains(QStringLiteral("requests")), qPrintable(preview->text()));
        m_rig->shoot(*dialog, QStringLiteral("backfill"));
        QTest::mouseClick(start, Qt::LeftButton);
        auto *summary = part<QLabel>(*dialog, "backfillSummary");
        QVERIFY2(m_rig->waitUntil([&] { return summary->text().startsWith(QStringLiteral("Done")); }),
                 qPrintable(summary->text()));
        m_rig->shoot(*dialog, QStringLiteral("backfill-done"));
        // Digit by digit what the exchange has.
        const UtcTime now = m_rig->rig().clock().utcNow();
        const tk::TimeSpan span{candleOpen(Timeframe::M1, now - 20h), candleOpen(Timeframe::M1, now - 10h)};
        const auto truth = m_rig->rig().sim().truth(QStringLiteral("ETHUSDT"), Timeframe::M1, span);
        QVERIFY(truth.size() > 100);
        std::optional<QJsonArray> stored;
        m_rig->view().connection().ask(QStringLiteral("candles"),
                                       {{QStringLiteral("exchange"), QStringLiteral("binance-usdm")},
                                        {QStringLiteral("pair"), eth},
                                        {QStringLiteral("timeframe"), QStringLiteral("1m")},
                                        {QStringLiteral("from"), toMs(span.from)},
                                        {QStringLiteral("to"), toMs(span.to)},
                                        {QStringLiteral("limit"), 5'000}},
                                       dialog, [&](const Result<QJsonValue> &answer) {
                                           stored =
                                               answer ? (*answer)[QLatin1String("candles")].toArray() : QJsonArray();
                                       });
        QVERIFY(m_rig->waitUntil([&] { return stored.has_value(); }));
        QCOMPARE(size_t(stored->size()), truth.size());
        for (size_t i = 0; i < truth.size(); ++i) {
            const auto candle = monitor::candleFromJson((*stored)[qsizetype(i)].toArray());
            QVERIFY(candle && sameValues(*candle, truth[i]));
        }
    }

    void pausesAndCancelsABackfill()
    {
        // So large that the budget of a minute does not hold it.
        m_rig->window().pairs().table().selectAll();
        m_rig->window().action(QStringLiteral("backfill"))->trigger();
        auto *dialog = part<ui::BackfillDialog>(m_rig->window(), "backfillDialog");
        dialog->setPreset(ui::BackfillDialog::Preset::LastMonth);
        auto *start = part<QPushButton>(*dialog, "backfillStart");
        QVERIFY(m_rig->waitUntil([&] { return start->isEnabled(); }));
        QTest::mouseClick(start, Qt::LeftButton);
        auto *pause = part<QPushButton>(*dialog, "backfillPause");
        const auto state = [&] {
            const auto &all = m_rig->view().backfills().all();
            return all.isEmpty() ? QString() : all.last().state;
        };
        QVERIFY(m_rig->waitUntil([&] { return state() == QStringLiteral("running") && pause->isEnabled(); }));
        QTest::mouseClick(pause, Qt::LeftButton);
        QVERIFY(m_rig->waitUntil([&] { return state() == QStringLiteral("paused"); }));
        // What was under way when it was paused may still come; then nothing does.
        QVERIFY(m_rig->waitUntil([this] { return m_rig->rig().history()->in_flight == 0; }));
        QVERIFY(m_rig->rig().waitSimulated(30s)); // and what came then is told
        const qint64 fetched = m_rig->view().backfills().all().last().all.fetched;
        const int left = m_rig->view().backfills().all().last().all.jobs_left;
        QVERIFY(left > 0);
        QVERIFY(m_rig->rig().waitSimulated(2min));
        QCOMPARE(m_rig->view().backfills().all().last().all.fetched, fetched);
        QCOMPARE(pause->text(), QStringLiteral("Resume"));
        QTest::mouseClick(pause, Qt::LeftButton);
        QVERIFY(m_rig->waitUntil([&] { return m_rig->view().backfills().all().last().all.fetched > fetched; }));
        QTest::mouseClick(part<QPushButton>(*dialog, "backfillCancel"), Qt::LeftButton);
        QVERIFY(m_rig->waitUntil([&] { return state() == QStringLiteral("cancelled"); }));
        QVERIFY(m_rig->view().backfills().all().last().all.fetched > 0);
    }

    void reportsGaps()
    {
        m_rig->window().action(QStringLiteral("gapReport"))->trigger();
        auto *report = part<ui::GapReport>(m_rig->window(), "gapReport");
        QVERIFY(report);
        auto *summary = part<QLabel>(*report, "gapSummary");
        auto *map = part<ui::HeatMap>(*report, "heatMap");
        QVERIFY2(m_rig->waitUntil([&] { return summary->text().contains(QStringLiteral("series")); }),
                 qPrintable(summary->text()));
        QCOMPARE(map->shownRows(), int(m_rig->rig().instruments().size() * 2)); // 1m and 3m
        m_rig->shoot(*report, QStringLiteral("gap-report"));
        QTemporaryDir folder;
        m_rig->asker().file = folder.filePath(QStringLiteral("gaps.json"));
        QTest::mouseClick(part<QPushButton>(*report, "gapExport"), Qt::LeftButton);
        QVERIFY(QFile::exists(m_rig->asker().file));
    }

    void exportsEvents()
    {
        QTRY_VERIFY(m_rig->window().events().shown().rowCount() > 0);
        QTemporaryDir folder;
        const QString json = folder.filePath(QStringLiteral("events.json"));
        m_rig->asker().file = json;
        m_rig->window().action(QStringLiteral("exportEvents"))->trigger();
        QFile file(json);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QJsonArray rows = QJsonDocument::fromJson(file.readAll()).array();
        QCOMPARE(rows.size(), qsizetype(m_rig->window().events().shown().rowCount()));
        QCOMPARE(rows.last()[QLatin1String("title")].toString(), QStringLiteral("Engine started"));
        m_rig->asker().file = QStringLiteral("/nowhere/at/all/events.csv");
        m_rig->window().action(QStringLiteral("exportEvents"))->trigger();
        QVERIFY(m_rig->asker().told.join(u' ').contains(QStringLiteral("/nowhere/at/all")));
    }

    void comesBackAsItWas()
    {
        ui::MainWindow &window = m_rig->window();
        window.pairs().setFilterText(QStringLiteral("usdt"));
        window.charts().open(QStringLiteral("binance-usdm"), eth, Timeframe::M3, true);
        part<QCheckBox>(window, "overlayVolume")->setChecked(false);
        part<QDockWidget>(window, "dockHealth")->hide();
        window.resize(1111, 777);
        window.saveSession();
        m_rig->closeWindow();
        m_rig->openWindow();
        ui::MainWindow &again = m_rig->window();
        QCOMPARE(again.size(), QSize(1111, 777));
        QCOMPARE(again.pairs().filterText(), QStringLiteral("usdt"));
        QCOMPARE(again.charts().tabCount(), 2);
        QCOMPARE(again.charts().current()->pair(), eth);
        QCOMPARE(again.charts().current()->timeframe(), Timeframe::M3);
        QVERIFY(!part<QCheckBox>(again, "overlayVolume")->isChecked());
        QVERIFY(!part<QDockWidget>(again, "dockHealth")->isVisible());
        again.action(QStringLiteral("resetLayout"))->trigger();
        QVERIFY(part<QDockWidget>(again, "dockHealth")->isVisible());
    }

    void everyActionHasAKeyOrAMenu()
    {
        for (const QAction *action : m_rig->window().findChildren<QAction *>()) {
            if (action->objectName().isEmpty() || action->objectName().startsWith(u'_') || action->isSeparator())
                continue;
            QVERIFY2(!action->text().isEmpty(), qPrintable(action->objectName()));
        }
        // Whoever cannot see the window is told what its parts are.
        for (const char *name :
             {"pairTable", "pairFilter", "eventTable", "incidentLine", "chartTabs", "statusSentence"}) {
            auto *widget = part<QWidget>(m_rig->window(), name);
            QVERIFY2(widget && !widget->accessibleName().isEmpty(), name);
        }
        m_rig->window().action(QStringLiteral("shortcuts"))->trigger();
        QVERIFY(part<QWidget>(m_rig->window(), "shortcutSheet"));
        m_rig->window().action(QStringLiteral("about"))->trigger();
        QVERIFY(part<QWidget>(m_rig->window(), "aboutBox"));
        QVERIFY(ui::aboutText(m_rig->view()).contains(QStringLiteral(TAPEKEEPER_VERSION)));
    }

    // From the table to the configuration file, with its comments, and at once out of the engine and the window.
    void excludesAPair()
    {
        QTemporaryDir folder;
        const QString name = folder.filePath(QStringLiteral("tapekeeper.toml"));
        const auto write = [&](const QByteArray &text) {
            QFile file(name);
            return file.open(QIODevice::WriteOnly) && file.write(text) == text.size();
        };
        QVERIFY(write("version = 1\n[[exchange]]\nname = \"binance-usdm\" # ours\n"));
        app::Engine &engine = m_rig->rig().engine();
        engine.setConfigPlace({.file = name});
        engine.setReload([&](const std::function<void(const Status &)> &done) {
            const config::LoadResult loaded = config::loadSettings(name);
            config::Settings settings = m_rig->rig().settings();
            settings.exchanges.front().exclude = loaded.settings.exchanges.front().exclude;
            done(engine.reload(settings));
        });
        ui::PairsPanel &pairs = m_rig->window().pairs();
        QVERIFY(pairs.select(QStringLiteral("binance-usdm"), eth));
        const auto exclude = [&] {
            for (QAction *action : pairs.pairActions()) {
                if (action->objectName() == QStringLiteral("excludePairs"))
                    action->trigger();
            }
        };
        m_rig->asker().agrees = false;
        exclude();
        QVERIFY(m_rig->asker().asked.last().contains(QStringLiteral("Stop collecting")));
        m_rig->asker().agrees = true;
        exclude();
        QVERIFY(m_rig->waitUntil([this] { return !m_rig->pair(eth); }));
        QVERIFY(m_rig->pair(btc));
        QFile file(name);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray text = file.readAll();
        QVERIFY2(text.contains("# ours") && text.contains("exclude = [\"ETH/USDT:USDT\"]"), text.constData());
    }

    void opensTheSettings()
    {
        m_rig->window().action(QStringLiteral("settings"))->trigger();
        auto *dialog = part<QDialog>(m_rig->window(), "settingsDialog");
        QVERIFY(dialog);
        QTRY_VERIFY(dialog->isVisible());
        m_rig->shoot(*dialog, QStringLiteral("settings"));
    }

    // Measured in the time that the thread itself computes: a busy machine does not count.
    void neverHoldsUpTheWindow()
    {
        QVERIFY(m_rig->rig().waitSimulated(1min));
        StallWatch watch;
        m_rig->rig().sim().addFault(
            {.fault = QStringLiteral("mute-all"), .stream = {}, .connection = 0, .duration = 1min, .parameters = {}});
        m_rig->window().charts().open(QStringLiteral("binance-usdm"), eth, {}, true);
        QVERIFY(m_rig->rig().waitSimulated(5min));
        m_rig->window().charts().stepTab(1);
        m_rig->window().pairs().setFilterText(QStringLiteral("age>1s"));
        QVERIFY(m_rig->rig().waitSimulated(2min));
        QVERIFY2(watch.longest() < 50ms,
                 qPrintable(QStringLiteral("%1 ms at once").arg(watch.longest().count() / 1000.0)));
        QVERIFY(watch.slices() > 50);
    }

    void looksAsItShould()
    {
        QVERIFY(m_rig->waitUntil([this] { return m_rig->window().charts().current()->series().size() >= 25; }));
        m_rig->window().resize(1400, 850);
        m_rig->shoot(m_rig->window(), QStringLiteral("window"));
        part<QDockWidget>(m_rig->window(), "dockConnections")->raise();
        m_rig->shoot(*part<QWidget>(m_rig->window(), "connectionsPanel"), QStringLiteral("connections"));
        part<QDockWidget>(m_rig->window(), "dockEvents")->raise();
        ui::Welcome welcome(QStringLiteral("~/.config/tapekeeper/tapekeeper.toml"));
        m_rig->shoot(welcome, QStringLiteral("welcome"));
        ui::GoTo anywhere(m_rig->view(), m_rig->window().findChildren<QAction *>(), &m_rig->window());
        anywhere.setAttribute(Qt::WA_DeleteOnClose, false);
        anywhere.setTyped(QStringLiteral("b"));
        m_rig->shoot(anywhere, QStringLiteral("go-to"));
        // Something of everything: no part of the window is empty ground.
        const QImage image = m_rig->window().grab().toImage();
        for (const char *name : {"pairTable", "chart", "eventTable", "cardStreams"}) {
            auto *widget = part<QWidget>(m_rig->window(), name);
            QVERIFY2(widget, name);
            const QRect place(widget->mapTo(&m_rig->window(), QPoint(0, 0)), widget->size());
            QSet<QRgb> colours;
            for (int y = place.top(); y < place.bottom(); y += 2) {
                for (int x = place.left(); x < place.right(); x += 2)
                    colours.insert(
                        image.pixel(std::clamp(x, 0, image.width() - 1), std::clamp(y, 0, image.height() - 1)));
            }
            QVERIFY2(colours.size() > 5, name);
        }
    }

private:
    std::unique_ptr<WindowRig> m_rig;
};

} // namespace tk::test

TK_TEST(tk::test::WorkTest, work);
#include "tst_work.moc"
