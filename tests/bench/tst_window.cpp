// What the window costs beside the engine: a thousand pairs that all change ten times a second, with a chart in front;
// and the memory of ten charts. Messages come as from an engine in the process: objects, no text.
#include "measure.h"
#include "monitor/engine_view.h"
#include "support/test_registry.h"
#include "ui/support/asker.h"
#include "ui/window/main_window.h"

#include <QEventLoop>
#include <QFile>
#include <QJsonArray>
#include <QSettings>
#include <QTemporaryDir>
#include <QTimer>

#include <cmath>

using namespace tk;
using namespace tk::bench;

namespace {

constexpr int pairCount = 1'000;
constexpr int updatesPerSecond = 10;

QString nameOf(int pair)
{
    return pair == 0 ? QStringLiteral("BTC/USDT:USDT")
                     : QStringLiteral("P%1/USDT:USDT").arg(pair, 4, 10, QLatin1Char('0'));
}

QJsonArray candle(qint64 at, double price)
{
    const auto text = [](double value) { return QString::number(value, 'f', 2); };
    return {at,         text(price),   text(price + 3), text(price - 3),          text(price + std::sin(double(at))),
            text(12.5), text(100'000), 1'027,           QStringLiteral("history")};
}

// Answers as an engine would, from numbers that it makes up.
class MadeUpLink final : public link::EngineLink
{
    Q_OBJECT
public:
    bool isConnected() const override { return m_up; }
    link::Hello engine() const override { return {}; }
    void watch(const QStringList &series) override { m_series = series; }

    void open()
    {
        m_up = true;
        Q_EMIT connected();
        Q_EMIT snapshot(changesNow());
    }

    qint64 request(const QString &command, const QJsonObject &args) override
    {
        const qint64 id = ++m_last;
        QJsonValue answer = QJsonArray();
        if (command == QLatin1String("candles")) {
            QJsonArray rows;
            const qint64 to = args.value(QLatin1String("to")).toInteger(m_now);
            const qint64 count = args.value(QLatin1String("limit")).toInteger(1'500);
            for (qint64 i = count; i > 0; --i)
                rows.append(candle(to / 180'000 * 180'000 - i * 180'000, 83'000 + double(i % 97)));
            answer = QJsonObject{{QStringLiteral("candles"), rows}, {QStringLiteral("first"), 1}};
        } else if (command == QLatin1String("marks") || command == QLatin1String("funding")) {
            answer = QJsonObject{{QStringLiteral("points"), QJsonArray()}};
        }
        QMetaObject::invokeMethod(
            this, [this, id, answer] { Q_EMIT finished(id, answer); }, Qt::QueuedConnection);
        return id;
    }

    // Every pair has moved.
    QJsonObject changesNow()
    {
        m_now += 1'000 / updatesPerSecond;
        ++m_turn;
        QJsonObject pairs;
        for (int i = 0; i < pairCount; ++i) {
            const QString pair = nameOf(i);
            QJsonArray streams;
            QJsonObject finals;
            for (const char *timeframe : {"3m", "15m", "1h"}) {
                finals.insert(QLatin1String(timeframe), m_now / 3'600'000 * 3'600'000);
                streams.append(QJsonArray{QLatin1String(timeframe) + QStringLiteral(" candles"), QStringLiteral("live"),
                                          1'000, m_now - 200, m_turn, QString()});
            }
            pairs.insert(
                QStringLiteral("x ") + pair,
                QJsonObject{{QStringLiteral("exchange"), QStringLiteral("x")},
                            {QStringLiteral("pair"), pair},
                            {QStringLiteral("state"), i % 97 == 3 ? QStringLiteral("late") : QStringLiteral("live")},
                            {QStringLiteral("since"), 1'000},
                            {QStringLiteral("last_data"), m_now - 200},
                            {QStringLiteral("frames"), m_turn * 4},
                            {QStringLiteral("price"), QString::number(100 + (m_turn + i) % 700)},
                            {QStringLiteral("mark"), QString::number(100 + (m_turn + i) % 701)},
                            {QStringLiteral("funding"), QStringLiteral("0.0001")},
                            {QStringLiteral("next_funding"), m_now + 1'000'000},
                            {QStringLiteral("finals"), finals},
                            {QStringLiteral("streams"), streams}});
        }
        QJsonObject candles;
        for (const QString &series : m_series)
            candles.insert(series, QJsonObject{{QStringLiteral("forming"),
                                                candle(m_now / 180'000 * 180'000, 83'000 + double(m_turn % 9))}});
        return {{QStringLiteral("pairs"), pairs},
                {QStringLiteral("candles"), candles},
                {QStringLiteral("engine"),
                 QJsonObject{
                     {QStringLiteral("engine"), QJsonObject{{QStringLiteral("now"), isoText(fromMs(m_now), true)}}}}}};
    }

private:
    bool m_up = false;
    qint64 m_last = 0;
    qint64 m_now = 1'763'632'960'000;
    qint64 m_turn = 0;
    QStringList m_series;
};

double residentMegabytes()
{
    QFile file(QStringLiteral("/proc/self/statm"));
    if (!file.open(QIODevice::ReadOnly))
        return 0;
    return file.readAll().split(' ').value(1).toDouble() * 4'096 / 1e6;
}

class Unasked final : public ui::Asker
{
    void confirm(QWidget *, const Question &, std::function<void()>) override {}
    void saveFile(QWidget *, const QString &, const QString &, const QString &,
                  std::function<void(const QString &)>) override
    {}
    void tell(QWidget *, const QString &, const QString &) override {}
};

struct Window
{
    Window()
        : settings(folder.filePath(QStringLiteral("w.ini")), QSettings::IniFormat)
    {
        theme.applyTo(*qobject_cast<QApplication *>(QCoreApplication::instance()));
        auto made = std::make_unique<MadeUpLink>();
        link = made.get();
        view = std::make_unique<monitor::EngineView>(
            monitor::EngineConnection::Way{std::move(made), [this] { link->open(); }, QStringLiteral("made up")});
        window = std::make_unique<ui::MainWindow>(ui::MainWindow::Parts{*view, theme, asker, settings});
        window->restoreSession();
        window->show();
        view->start();
    }

    QTemporaryDir folder;
    QSettings settings;
    ui::Theme theme{true};
    Unasked asker;
    MadeUpLink *link = nullptr;
    std::unique_ptr<monitor::EngineView> view;
    std::unique_ptr<ui::MainWindow> window;
};

} // namespace

class WindowBench : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void showsEveryPair()
    {
        Window made;
        QTRY_COMPARE(made.view->pairs().rows().size(), size_t(pairCount));
        QTRY_VERIFY(made.window->charts().current());
        QTRY_COMPARE(made.window->charts().current()->series().size(), size_t(1'500));
    }

    void cpuOfAThousandPairs()
    {
        if (qEnvironmentVariableIsEmpty("TAPEKEEPER_LONG"))
            QSKIP("a benchmark: scripts/test --long");
        Window made;
        QTRY_COMPARE(made.window->charts().current() ? made.window->charts().current()->series().size() : 0,
                     size_t(1'500));
        // What the engine would have to make anyway is not the window's: made before, told within.
        std::vector<double> rounds;
        for (int round = 0; round < 5; ++round) {
            std::vector<QJsonObject> messages;
            for (int i = 0; i < 2 * updatesPerSecond; ++i)
                messages.push_back(made.link->changesNow());
            double cpu = 0;
            for (const QJsonObject &message : messages) {
                const double before = threadCpuSeconds();
                Q_EMIT made.link->changes(message);
                // A tenth of a second as the loop lives it: timers, sorting, painting.
                QEventLoop loop;
                QTimer::singleShot(1'000 / updatesPerSecond, &loop, &QEventLoop::quit);
                loop.exec();
                cpu += threadCpuSeconds() - before;
            }
            rounds.push_back(100.0 * cpu * updatesPerSecond / double(messages.size()));
        }
        QVERIFY(judge({QStringLiteral("window, 1,000 pairs at 10 updates a second, of a core"), Demand::Bound::AtMost,
                       10, QStringLiteral("%")},
                      rounds));
    }

    void memoryOfTenCharts()
    {
        if (qEnvironmentVariableIsEmpty("TAPEKEEPER_LONG"))
            QSKIP("a benchmark: scripts/test --long");
        Window made;
        QTRY_COMPARE(made.window->charts().current() ? made.window->charts().current()->series().size() : 0,
                     size_t(1'500));
        const double before = residentMegabytes();
        for (int i = 1; i < 10; ++i) {
            made.window->charts().open(QStringLiteral("x"), nameOf(i), {}, true);
            QTRY_COMPARE(made.window->charts().current()->series().size(), size_t(1'500));
        }
        QVERIFY(judge({QStringLiteral("nine more charts of 1,500 candles, resident"), Demand::Bound::AtMost, 60,
                       QStringLiteral("MB")},
                      {residentMegabytes() - before}));
    }
};

TK_TEST(WindowBench, window);
#include "tst_window.moc"
