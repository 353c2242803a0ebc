// Closing a window whose engine is at work on a backfill: it asks, and each answer does what it says, now and at the
// next start. The session of the program itself, in this process.
#include "app/backfill_file.h"
#include "app/gui/window_session.h"
#include "link/link_client.h"
#include "runtime/data_dir_lock.h"
#include "support/exchange/simulator_thread.h"
#include "support/test_registry.h"

#include <QAbstractButton>
#include <QApplication>
#include <QJsonArray>
#include <QMessageBox>
#include <QTemporaryDir>
#include <QTimer>

namespace tk::test {

using namespace std::chrono_literals;

namespace {

constexpr double speed = 20;
constexpr int gaveUp = 99;

} // namespace

class QuitTest : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();

    void withoutABackfillItJustEnds();
    void goesOnAtTheNextStart();
    void isCancelled();
    void stays();

private:
    void start();
    bool waitUntil(const std::function<bool()> &condition) { return QTest::qWaitFor(condition, 30'000); }
    bool waitCollecting();
    // One that cannot end, as history is refused from now on.
    bool beginBackfill();
    QJsonValue ask(const QString &command, const QJsonObject &args = {});
    bool hasEvent(const QString &title);
    static QMessageBox *question();
    static bool answer(const QString &button);
    int waitEnd(); // the exit code of the program
    std::vector<history::BackfillRequest> unfinished() const { return app::BackfillFile(data()).load().value(); }
    QString data() const { return m_folder->filePath(QStringLiteral("data")); }

    std::unique_ptr<QTemporaryDir> m_folder;
    app::CommandLine m_line;
    std::shared_ptr<const Clock> m_clock;
    std::unique_ptr<sim::SimulatorThread> m_sim;
    std::unique_ptr<app::WindowSession> m_session;
};

void QuitTest::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_line = {};
    m_line.speed = speed;
    m_line.anchor = SystemClock().utcNow();
    m_clock = std::make_shared<ScaledClock>(speed, *m_line.anchor);
    sim::SimSettings settings;
    settings.pairs = 4;
    m_sim = std::make_unique<sim::SimulatorThread>(settings, m_clock);
    m_line.config = m_folder->filePath(QStringLiteral("tapekeeper.toml"));
    QFile file(m_line.config);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("version = 1\n[engine]\nhttp = \"\"\ndata_dir = \"" + data().toUtf8() +
               "\"\n[[exchange]]\nname = \"binance-usdm\"\nrest_url = \"" + m_sim->restUrl().toString().toUtf8() +
               "\"\nws_url = \"" + m_sim->wsUrl().toString().toUtf8() + "\"\ntimeframes = [\"3m\"]\nhistory = 20\n");
    file.close();
    start();
}

void QuitTest::cleanup()
{
    if (m_session && m_session->window()) { // of a test that failed
        m_sim->clearFaults();
        m_session->window()->close();
        answer(QStringLiteral("Cancel It and Quit"));
        waitEnd();
    }
    m_session.reset();
    m_sim.reset();
    m_folder.reset();
}

void QuitTest::start()
{
    m_session = std::make_unique<app::WindowSession>(m_line);
    m_session->start();
    QVERIFY(waitUntil([this] { return m_session->window() != nullptr; }));
}

bool QuitTest::waitCollecting()
{
    return waitUntil([this] { return ask(QStringLiteral("status"))[QLatin1String("ok")].toBool(); });
}

QJsonValue QuitTest::ask(const QString &command, const QJsonObject &args)
{
    link::LinkClient client;
    QJsonValue answer;
    bool told = false;
    connect(&client, &link::LinkClient::finished, this, [&](qint64, const QJsonValue &result) {
        answer = result;
        told = true;
    });
    connect(&client, &link::LinkClient::failed, this, [&] { told = true; });
    client.connectTo(link::LinkServer::fileIn(data()));
    client.request(command, args);
    (void)waitUntil([&] { return told; });
    return answer;
}

bool QuitTest::hasEvent(const QString &title)
{
    const QJsonArray events = ask(QStringLiteral("events")).toArray();
    return std::ranges::any_of(
        events, [&](const QJsonValue &event) { return event[QLatin1String("title")].toString() == title; });
}

bool QuitTest::beginBackfill()
{
    m_sim->addFault({.fault = QStringLiteral("F15"), .duration = 24h, .parameters = {{QStringLiteral("status"), 503}}});
    // Nobody waits for its end: the connection goes, and the backfill stays.
    link::LinkClient client;
    client.connectTo(link::LinkServer::fileIn(data()));
    client.request(QStringLiteral("backfill"), {{QStringLiteral("pairs"), QJsonArray{QStringLiteral("BTC/USDT:USDT")}},
                                                {QStringLiteral("timeframes"), QJsonArray{QStringLiteral("3m")}},
                                                {QStringLiteral("from"), isoText(m_clock->utcNow() - 48h)}});
    return waitUntil([this] { return unfinished().size() == 1; });
}

QMessageBox *QuitTest::question()
{
    for (QWidget *widget : QApplication::topLevelWidgets()) {
        if (auto *box = qobject_cast<QMessageBox *>(widget); box && box->isVisible())
            return box;
    }
    return nullptr;
}

bool QuitTest::answer(const QString &button)
{
    QMessageBox *box = question();
    if (!box)
        return false;
    for (QAbstractButton *one : box->buttons()) {
        if (one->text() == button) {
            one->click();
            return true;
        }
    }
    return false;
}

int QuitTest::waitEnd()
{
    QTimer patience;
    connect(&patience, &QTimer::timeout, this, [] { QCoreApplication::exit(gaveUp); });
    patience.start(30s);
    const int code = QCoreApplication::exec();
    m_session.reset();
    return code;
}

void QuitTest::withoutABackfillItJustEnds()
{
    QVERIFY(waitCollecting());
    m_session->window()->close();
    QVERIFY(!question());
    QCOMPARE(waitEnd(), 0);
    QVERIFY(runtime::DataDirLock::acquire(data()));
}

void QuitTest::goesOnAtTheNextStart()
{
    QVERIFY(waitCollecting());
    QVERIFY(beginBackfill());
    m_session->window()->close();
    QVERIFY(question());
    QVERIFY2(question()->informativeText().contains(QLatin1String("goes on by itself at the next start")),
             qPrintable(question()->informativeText()));
    QVERIFY(answer(QStringLiteral("Quit, Go On at the Next Start")));
    QCOMPARE(waitEnd(), 0);
    QCOMPARE(unfinished().size(), size_t(1));
    m_sim->clearFaults();
    start();
    QVERIFY(waitUntil([this] { return hasEvent(QStringLiteral("Backfill done")); }));
    QVERIFY(hasEvent(QStringLiteral("Backfill goes on")));
    QCOMPARE(unfinished().size(), size_t(0));
    m_session->window()->close();
    QVERIFY(!question()); // nothing is left to ask about
    QCOMPARE(waitEnd(), 0);
}

void QuitTest::isCancelled()
{
    QVERIFY(waitCollecting());
    QVERIFY(beginBackfill());
    m_session->window()->close();
    QVERIFY(answer(QStringLiteral("Cancel It and Quit")));
    QCOMPARE(waitEnd(), 0);
    QCOMPARE(unfinished().size(), size_t(0));
    m_sim->clearFaults();
    start();
    QVERIFY(waitCollecting());
    QVERIFY(hasEvent(QStringLiteral("Backfill cancelled"))); // by the run before
    QVERIFY(!hasEvent(QStringLiteral("Backfill goes on")));
    QVERIFY(!hasEvent(QStringLiteral("Backfill done")));
    m_session->window()->close();
    QVERIFY(!question());
    QCOMPARE(waitEnd(), 0);
}

void QuitTest::stays()
{
    QVERIFY(waitCollecting());
    QVERIFY(beginBackfill());
    m_session->window()->close();
    QVERIFY(answer(QStringLiteral("Do Not Quit")));
    QVERIFY(waitUntil([] { return !question(); }));
    QVERIFY(m_session->window()->isVisible());
    QVERIFY(!runtime::DataDirLock::acquire(data())); // the engine goes on
    m_sim->clearFaults();
    QVERIFY(waitUntil([this] { return hasEvent(QStringLiteral("Backfill done")); }));
    QCOMPARE(unfinished().size(), size_t(0));
    m_session->window()->close();
    QVERIFY(!question());
    QCOMPARE(waitEnd(), 0);
}

} // namespace tk::test

using tk::test::QuitTest;
TK_TEST(QuitTest, quit);
#include "tst_quit.moc"
