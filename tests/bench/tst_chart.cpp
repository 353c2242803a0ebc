// Our candle chart against a default QChartView with a QCandlestickSeries: the GUI thread's CPU time from the call
// until it is painted, 1200x700, all candles in sight.
#include "measure.h"
#include "support/test_registry.h"
#include "ui/chart/candle_chart.h"
#include "ui/chart/candle_samples.h"

#include <QCandlestickSeries>
#include <QCandlestickSet>
#include <QChart>
#include <QChartView>
#include <QDateTimeAxis>
#include <QElapsedTimer>
#include <QEvent>
#include <QValueAxis>

namespace tk::bench {

namespace {

using namespace tk::ui;
using test::walk;
using namespace std::chrono_literals;

const UtcTime end = fromMs(1'795'132'800'000);
constexpr QSize size(1200, 700);

class PaintFlag : public QObject
{
public:
    bool painted = false;

    bool eventFilter(QObject *, QEvent *event) override
    {
        painted |= event->type() == QEvent::Paint;
        return false;
    }
};

// One of the two, behind the same few verbs.
class Subject
{
public:
    virtual ~Subject() = default;
    virtual void updateLast(int step) = 0;
    virtual void pan(int step) = 0;
    virtual void zoom(int step) = 0;
    virtual QWidget *window() = 0;
    virtual QWidget *painted() { return window(); }

    // Milliseconds of CPU for each of `count` calls; nothing when one was not painted.
    std::optional<double> cost(const std::function<void(int)> &work, int count)
    {
        PaintFlag flag;
        painted()->installEventFilter(&flag);
        bool all = true;
        const double seconds = cpuOf([&] {
            for (int i = 0; i < count && all; ++i) {
                flag.painted = false;
                work(m_step++); // never the value of the call before, which would not be painted
                QElapsedTimer waiting;
                waiting.start();
                while (!flag.painted && waiting.elapsed() < 5000)
                    QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 1);
                all = flag.painted;
            }
        });
        painted()->removeEventFilter(&flag);
        if (!all)
            return {};
        return seconds * 1000 / count;
    }

private:
    int m_step = 0;
};

class Ours final : public Subject
{
public:
    explicit Ours(int count)
        : m_theme(true)
        , m_chart(m_theme)
    {
        m_chart.resize(size);
        m_chart.setSubject(QStringLiteral("BTC/USDT:USDT"), Timeframe::M1);
        m_chart.setCandles(walk(end, count, Timeframe::M1));
        m_forming = test::candleAt(end, m_chart.series().bars().back().close, m_chart.series().bars().back().close);
        m_chart.updateForming(m_forming);
        m_chart.showSpan(m_chart.series().oldest().open_time, end + 1min);
        m_chart.show();
    }

    void updateLast(int step) override
    {
        m_forming.close = test::decimal(m_forming.open.toDouble() + step % 5 - 2);
        m_forming.volume = test::decimal(50 + step % 40, 3);
        m_chart.updateForming(m_forming);
    }
    void pan(int step) override
    {
        const auto by = (m_chart.visibleTo() - m_chart.visibleFrom()) / 100 * (step % 2 == 0 ? 1 : -1);
        m_chart.showSpan(m_chart.visibleFrom() + by, m_chart.visibleTo() + by);
    }
    void zoom(int step) override { m_chart.zoom(step % 2 == 0 ? 1.05 : 1 / 1.05); }
    QWidget *window() override { return &m_chart; }

private:
    Theme m_theme;
    CandleChart m_chart;
    Candle m_forming;
};

class Theirs final : public Subject
{
public:
    explicit Theirs(int count)
        : m_series(new QCandlestickSeries)
        , m_time(new QDateTimeAxis)
        , m_view(new QChart)
    {
        double low = 1e12;
        double high = 0;
        for (const Candle &candle : walk(end, count, Timeframe::M1)) {
            m_series->append(new QCandlestickSet(candle.open.toDouble(), candle.high.toDouble(), candle.low.toDouble(),
                                                 candle.close.toDouble(), double(toMs(candle.open_time)), m_series));
            low = std::min(low, candle.low.toDouble());
            high = std::max(high, candle.high.toDouble());
        }
        m_first = QDateTime::fromMSecsSinceEpoch(toMs(end) - count * 60'000LL, Qt::UTC);
        m_last = QDateTime::fromMSecsSinceEpoch(toMs(end), Qt::UTC);
        m_time->setRange(m_first, m_last);
        auto *price = new QValueAxis;
        price->setRange(low, high);
        QChart *chart = m_view.chart();
        chart->legend()->hide();
        chart->addSeries(m_series);
        chart->addAxis(m_time, Qt::AlignBottom);
        chart->addAxis(price, Qt::AlignRight);
        m_series->attachAxis(m_time);
        m_series->attachAxis(price);
        m_view.resize(size);
        m_view.show();
    }

    void updateLast(int step) override
    {
        QCandlestickSet *last = m_series->sets().last();
        const double close = last->open() + step % 5 - 2;
        last->setHigh(std::max(last->open(), close) + 5);
        last->setLow(std::min(last->open(), close) - 5);
        last->setClose(close);
    }
    void pan(int step) override
    {
        const qint64 by = m_first.msecsTo(m_last) / 100 * (step % 2 == 0 ? 1 : 0);
        m_time->setRange(m_first.addMSecs(by), m_last.addMSecs(by));
    }
    void zoom(int step) override
    {
        m_time->setRange(m_first.addMSecs(step % 2 == 0 ? m_first.msecsTo(m_last) / 20 : 0), m_last);
    }
    QWidget *window() override { return &m_view; }
    QWidget *painted() override { return m_view.viewport(); }

private:
    QCandlestickSeries *m_series; // the chart's
    QDateTimeAxis *m_time;        // the chart's
    QChartView m_view;
    QDateTime m_first;
    QDateTime m_last;
};

struct Verb
{
    const char *name;
    void (Subject::*work)(int);
};

constexpr Verb verbs[]{{"update last", &Subject::updateLast}, {"pan", &Subject::pan}, {"zoom", &Subject::zoom}};

Demand report(const Verb &verb, const QString &who, int count)
{
    return {QStringLiteral("%1, %2, %3").arg(QLatin1String(verb.name), who).arg(count), Demand::Bound::ReportOnly, 0,
            QStringLiteral(" ms")};
}

} // namespace

class ChartBench : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // Both paint when they are told to: what every build checks.
    void bothPaint()
    {
        Ours ours(200);
        Theirs theirs(200);
        for (Subject *subject : std::initializer_list<Subject *>{&ours, &theirs}) {
            QVERIFY(QTest::qWaitForWindowExposed(subject->window()));
            for (const Verb &verb : verbs)
                QVERIFY(subject->cost([&](int step) { (subject->*verb.work)(step); }, 2).has_value());
        }
    }

    void againstQtCharts_data()
    {
        QTest::addColumn<int>("count");
        for (const int count : {500, 1500, 5000})
            QTest::addRow("%d", count) << count;
    }
    void againstQtCharts()
    {
        if (qEnvironmentVariableIsEmpty("TAPEKEEPER_LONG"))
            QSKIP("a benchmark: set TAPEKEEPER_LONG");
        QFETCH(const int, count);
        Ours ours(count);
        Theirs theirs(count);
        QVERIFY(QTest::qWaitForWindowExposed(ours.window()));
        QVERIFY(QTest::qWaitForWindowExposed(theirs.window()));
        bool met = true;
        for (const Verb &verb : verbs) {
            std::vector<double> ratios;
            std::vector<double> mine;
            std::vector<double> other;
            for (int round = 0; round < 7; ++round) {
                const auto their = theirs.cost([&](int step) { (theirs.*verb.work)(step); }, 6);
                const auto our = ours.cost([&](int step) { (ours.*verb.work)(step); }, 60);
                QVERIFY(our && their);
                mine.push_back(*our);
                other.push_back(*their);
                ratios.push_back(*their / *our);
            }
            judge(report(verb, QStringLiteral("ours"), count), mine);
            judge(report(verb, QStringLiteral("Qt Charts"), count), other);
            const bool decisive = count == 1500 && verb.work == &Subject::updateLast;
            met &=
                judge({QStringLiteral("%1 of %2 candles, Qt Charts to ours").arg(QLatin1String(verb.name)).arg(count),
                       decisive ? Demand::Bound::AtLeast : Demand::Bound::ReportOnly, 10, QStringLiteral(" x")},
                      ratios);
        }
        QVERIFY(met);
    }

    // Twenty times the data of the largest that Qt Charts was asked to show, and still much quicker.
    void aHundredThousand()
    {
        if (qEnvironmentVariableIsEmpty("TAPEKEEPER_LONG"))
            QSKIP("a benchmark: set TAPEKEEPER_LONG");
        constexpr int count = 100'000;
        Ours ours(count);
        Theirs theirs(5000);
        QVERIFY(QTest::qWaitForWindowExposed(ours.window()));
        QVERIFY(QTest::qWaitForWindowExposed(theirs.window()));
        bool met = true;
        for (const Verb &verb : verbs) {
            std::vector<double> ratios;
            std::vector<double> mine;
            for (int round = 0; round < 5; ++round) {
                const auto their = theirs.cost([&](int step) { (theirs.*verb.work)(step); }, 4);
                const auto our = ours.cost([&](int step) { (ours.*verb.work)(step); }, 40);
                QVERIFY(our && their);
                mine.push_back(*our);
                ratios.push_back(*their / *our);
            }
            judge(report(verb, QStringLiteral("ours"), count), mine);
            met &= judge({QStringLiteral("%1, Qt Charts with 5000 to ours with 100000").arg(QLatin1String(verb.name)),
                          Demand::Bound::AtLeast, 3, QStringLiteral(" x")},
                         ratios);
        }
        QVERIFY(met);
    }
};

} // namespace tk::bench

using tk::bench::ChartBench;
TK_TEST(ChartBench, chart);
#include "tst_chart.moc"
