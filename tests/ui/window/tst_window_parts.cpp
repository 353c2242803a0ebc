// Small parts of the window that decide something: what Ctrl+K finds, what the first page understands, what becomes a
// notification, where the bars of the time line lie.
#include "ui/panels/incident_line.h"
#include "ui/support/export.h"
#include "ui/window/go_to.h"
#include "ui/window/tray.h"
#include "ui/window/welcome.h"

#include "support/test_registry.h"

#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>

using namespace tk;
using namespace tk::ui;
using namespace std::chrono_literals;

class WindowPartsTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void findsWhatIsMeant()
    {
        const auto better = [](const char *typed, const char *one, const char *other) {
            const auto a = matchScore(QLatin1String(typed), QLatin1String(one));
            const auto b = matchScore(QLatin1String(typed), QLatin1String(other));
            return a && (!b || *a > *b);
        };
        QVERIFY(better("btc", "BTC/USDT:USDT", "WBTC/USDT:USDT"));
        QVERIFY(better("gap", "Gap report", "Show all big gaps"));
        QVERIFY(better("eth us", "ETH/USDT:USDT", "BTC/USDT:USDT"));
        QVERIFY(matchScore(QStringLiteral("rstl"), QStringLiteral("Resubscribe stale"))); // letters in order
        QVERIFY(!matchScore(QStringLiteral("xyz"), QStringLiteral("Resubscribe stale")));
        QVERIFY(matchScore({}, QStringLiteral("everything")));
    }

    void theFirstPage()
    {
        QCOMPARE(targetKind(QStringLiteral(" http://127.0.0.1:8086 ")), TargetKind::Influx);
        QCOMPARE(targetKind(QStringLiteral("ssh://ops@collector")), TargetKind::Engine);
        QCOMPARE(targetKind(QStringLiteral("/run/engine.sock")), TargetKind::Engine);
        QCOMPARE(targetKind(QStringLiteral("~/engine.sock")), TargetKind::Engine);
        QCOMPARE(targetKind(QStringLiteral("collector")), TargetKind::Unclear);
        QCOMPARE(targetKind({}), TargetKind::Empty);

        Welcome welcome(QStringLiteral("/home/x/tapekeeper.toml"));
        QSignalSpy connected(&welcome, &Welcome::connectChosen);
        auto *target = welcome.findChild<QLineEdit *>(QStringLiteral("welcomeTarget"));
        auto *error = welcome.findChild<QLabel *>(QStringLiteral("welcomeError"));
        auto *button = welcome.findChild<QPushButton *>(QStringLiteral("welcomeConnect"));
        button->click();
        QVERIFY(!error->text().isEmpty());
        target->setText(QStringLiteral("what"));
        button->click();
        QVERIFY(error->text().contains(QStringLiteral("neither")));
        QCOMPARE(connected.size(), 0);
        target->setText(QStringLiteral("ssh://collector"));
        button->click();
        QCOMPARE(connected.size(), 1);
        QVERIFY(error->text().isEmpty());
        // Hidden after a choice is not closed without one.
        QSignalSpy closed(&welcome, &Welcome::closed);
        welcome.show();
        welcome.hide();
        QCOMPARE(closed.size(), 0);
        welcome.show();
        welcome.close();
        QCOMPARE(closed.size(), 1);
    }

    void oneMessageAndOneAllClear()
    {
        alert::Event event{.id = 1, .time = fromMs(1'000), .title = QStringLiteral("market#2 silent")};
        event.kind = alert::EventKind::Incident;
        event.severity = alert::Severity::Trouble;
        const auto begin = notificationOf(event);
        QVERIFY(begin && begin->urgent);
        event.until = fromMs(9'000);
        const auto end = notificationOf(event);
        QVERIFY(end && !end->urgent && end->title.contains(QStringLiteral("Over")));
        event.kind = alert::EventKind::Gap;
        QVERIFY(!notificationOf(event));
        for (const monitor::Verdict verdict :
             {monitor::Verdict::Well, monitor::Verdict::Trouble, monitor::Verdict::Away})
            QVERIFY(!verdictIcon(verdict, Palette::dark()).isNull());
        QVERIFY(!applicationIcon().isNull());
    }

    void barsOfTheTimeLine()
    {
        const auto incident = [](qint64 id, qint64 from, qint64 to) {
            alert::Event event{.id = id, .time = fromMs(from), .until = fromMs(to)};
            event.kind = alert::EventKind::Incident;
            return event;
        };
        const std::vector<alert::Event> incidents{incident(1, 100, 300), incident(2, 200, 260), incident(3, 500, 0),
                                                  incident(4, 310, 311), incident(5, -900, -500)};
        const auto bars = incidentBars(incidents, fromMs(0), fromMs(1'000), 1'000, 2);
        QCOMPARE(bars.size(), size_t(4)); // one lies before all that is shown
        QCOMPARE(bars[0].left, 100.0);
        QCOMPARE(bars[0].right, 300.0);
        QCOMPARE(bars[1].lane, 1);                  // beside the first
        QCOMPARE(bars[2].right, 1'000.0);           // it lasts
        QVERIFY(bars[3].right - bars[3].left >= 6); // short, and still to be seen
    }

    void exportsTables()
    {
        QCOMPARE(toCsv({QStringLiteral("a"), QStringLiteral("b")},
                       {{QStringLiteral("1,5"), QStringLiteral("say \"hi\"")}, {QStringLiteral("x"), {}}}),
                 QByteArray("a,b\n\"1,5\",\"say \"\"hi\"\"\"\nx,\n"));
        const QTemporaryDir folder;
        QVERIFY(exportTable(folder.filePath(QStringLiteral("t.json")), {QStringLiteral("a")}, {{QStringLiteral("1")}}));
        QFile file(folder.filePath(QStringLiteral("t.json")));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QVERIFY(file.readAll().contains("\"a\": \"1\""));
        const Status status = exportTable(QStringLiteral("/nowhere/t.csv"), {}, {});
        QVERIFY(!status && status.error().message.contains(QStringLiteral("/nowhere/t.csv")));
    }
};

TK_TEST(WindowPartsTest, window_parts);
#include "tst_window_parts.moc"
