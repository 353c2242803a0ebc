// The chart as its user meets it: mouse, wheel, keys, and what is painted where.
#include "candle_samples.h"
#include "support/test_registry.h"
#include "ui/chart/candle_chart.h"

#include <QImage>
#include <QMouseEvent>
#include <QPaintEvent>
#include <QSignalSpy>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

using namespace tk;
using namespace tk::test;
using namespace tk::ui;
using namespace std::chrono_literals;

namespace {

const UtcTime ten = utc("2026-11-20T10:00:00Z");

// Adds up the area that paint events ask for.
class PaintWatch : public QObject
{
public:
    QRegion region;

    bool eventFilter(QObject *, QEvent *event) override
    {
        if (event->type() == QEvent::Paint)
            region += static_cast<QPaintEvent *>(event)->region();
        return false;
    }
    qint64 area() const
    {
        qint64 pixels = 0;
        for (const QRect &rect : region)
            pixels += qint64(rect.width()) * rect.height();
        return pixels;
    }
};

int countOf(const QImage &image, const QRect &rect, const std::vector<QColor> &colours)
{
    int count = 0;
    const QRect seen = rect.intersected(image.rect());
    for (int y = seen.top(); y <= seen.bottom(); ++y) {
        const auto *line = reinterpret_cast<const QRgb *>(image.constScanLine(y));
        for (int x = seen.left(); x <= seen.right(); ++x) {
            const auto same = [rgb = line[x]](const QColor &colour) { return colour.rgb() == rgb; };
            count += std::any_of(colours.begin(), colours.end(), same);
        }
    }
    return count;
}

int countOf(const QImage &image, const QRect &rect, const QColor &colour)
{
    return countOf(image, rect, std::vector{colour});
}

// Everything that stands for a candle or a line.
int dataPixels(const QImage &image, const QRect &rect, const Palette &palette)
{
    return countOf(image, rect,
                   {palette.candleUp, palette.candleDown, palette.volumeUp, palette.volumeDown, palette.accent,
                    palette.silent, mixed(palette.panel, palette.accent, 0.7)});
}

// QTest::mouseMove() moves the cursor instead, and what comes of that is up to the platform.
void point(CandleChart &chart, QPointF at, Qt::MouseButtons buttons = Qt::NoButton)
{
    QMouseEvent event(QEvent::MouseMove, at, chart.mapToGlobal(at), Qt::NoButton, buttons, Qt::NoModifier);
    QCoreApplication::sendEvent(&chart, &event);
}

void turn(CandleChart &chart, QPointF at, QPoint angle, Qt::KeyboardModifiers modifiers = Qt::NoModifier)
{
    QWheelEvent event(at, chart.mapToGlobal(at), {}, angle, Qt::NoButton, modifiers, Qt::NoScrollPhase, false);
    QCoreApplication::sendEvent(&chart, &event);
}

Candle forming(const CandleChart &chart, double change)
{
    const Bar last = chart.series().bars().back();
    Candle candle = candleAt(fromMs(last.open_ms) + 3min, last.close, last.close + change, 1);
    candle.volume = decimal(50, 3);
    return candle;
}

} // namespace

class CandleChartTest : public QObject
{
    Q_OBJECT

private:
    Theme m_theme{true};
    std::unique_ptr<CandleChart> m_chart;

    const Palette &palette() const { return m_theme.palette(); }
    QImage picture() { return m_chart->grab().toImage().convertToFormat(QImage::Format_RGB32); }
    // What a screen shows that showed `image` before, when only `region` is painted again.
    QImage repainted(QImage image, const QRegion &region)
    {
        m_chart->render(&image, region.boundingRect().topLeft(), region);
        return image;
    }
    QPoint inPlot(double x, double y) const
    {
        const QRectF plot = m_chart->frame().plot;
        return QPointF(plot.left() + plot.width() * x, plot.top() + plot.height() * y).toPoint();
    }
    QRect columns(UtcTime from, UtcTime to) const
    {
        const int left = int(std::ceil(m_chart->timeScale().x(double(toMs(from))))) + 2;
        const int right = int(std::floor(m_chart->timeScale().x(double(toMs(to))))) - 2;
        const QRectF body = m_chart->frame().body();
        return {QPoint(left, int(body.top()) + 1), QPoint(right, int(body.bottom()) - 2)};
    }

private Q_SLOTS:
    void init()
    {
        m_theme.setMode(Theme::Mode::Dark);
        m_chart = std::make_unique<CandleChart>(m_theme);
        m_chart->resize(900, 400);
        m_chart->setSubject(QStringLiteral("BTC/USDT:USDT"), Timeframe::M3);
        m_chart->setNow(ten);
        m_chart->setCandles(walk(ten, 1000, Timeframe::M3));
        m_chart->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_chart.get()));
    }

    void cleanup() { m_chart.reset(); }

    void candlesArePaintedInTheColoursOfTheTheme()
    {
        for (const Theme::Mode mode : {Theme::Mode::Dark, Theme::Mode::Light}) {
            m_theme.setMode(mode);
            const QImage image = picture();
            const QRect plot = m_chart->frame().plot.toRect();
            QVERIFY(countOf(image, plot, palette().candleUp) > 500);
            QVERIFY(countOf(image, plot, palette().candleDown) > 500);
            QVERIFY(countOf(image, plot, palette().volumeUp) > 500);
            QCOMPARE(image.pixelColor(1, 1), palette().panel);
            QVERIFY(countOf(image, m_chart->frame().price_axis.toRect(), palette().accent) > 100); // the price's tag
        }
        m_theme.setMode(Theme::Mode::Dark);
        const Palette light = Palette::light();
        QCOMPARE(countOf(picture(), m_chart->rect(), light.candleUp), 0);
    }

    void nothingIsDrawnInAGap_data()
    {
        QTest::addColumn<double>("pixelsForACandle");
        QTest::newRow("usual") << 8.0;
        QTest::newRow("columns") << 1.0;
        QTest::newRow("wide") << 30.0;
    }
    void nothingIsDrawnInAGap()
    {
        QFETCH(const double, pixelsForACandle);
        const UtcTime from = ten - 45min;
        const UtcTime to = ten - 21min;
        std::vector<Candle> candles = walk(ten, 1000, Timeframe::M3);
        std::vector<LinePoint> marks;
        for (const Candle &candle : candles)
            marks.push_back({candle.open_time + 90s, candle.close.toDouble()}); // they went on meanwhile
        std::erase_if(candles, [&](const Candle &each) { return each.open_time >= from && each.open_time < to; });
        m_chart->setCandles(candles);
        m_chart->setMarkPrices(marks, 6min);
        m_chart->setFundingRates({{ten - 100h, 0.0001}, {ten - 8h, 0.0002}});
        m_chart->setOverlay(CandleChart::Overlay::Funding, true);
        m_chart->zoom(pixelsForACandle / Viewport::InitialSlotPx);
        m_chart->updateForming(forming(*m_chart, 4));

        const QRect inside = columns(from, to);
        QVERIFY(inside.width() > 2);
        const QColor empty = picture().pixelColor(inside.center().x(), inside.top() + 100);
        m_chart->setGaps({{from + 40s, to - 30s, QStringLiteral("market#2 silent"), GapState::Open}});
        const QImage image = picture();
        QCOMPARE(dataPixels(image, inside, palette()), 0);
        QVERIFY(dataPixels(image, inside.translated(-inside.width() - 8, 0), palette()) > 20); // the line goes on here
        QVERIFY(image.pixelColor(inside.center().x(), inside.top() + 100) != empty);           // shaded
        QVERIFY(countOf(image, m_chart->rect(), palette().gapLine) > 30);                      // its words

        // Repaired: calm again.
        m_chart->setGaps({{from + 40s, to - 30s, QStringLiteral("market#2 silent"), GapState::Closed}});
        QCOMPARE(countOf(picture(), m_chart->rect(), palette().gapLine), 0);
    }

    void theFormingCandleIsHollowAndCheap()
    {
        const Candle first = forming(*m_chart, 40);
        m_chart->updateForming(first);
        const QRect column = columns(first.open_time, first.open_time + 3min).adjusted(-2, 0, 2, 0);
        const QImage image = picture();
        const int painted = countOf(image, column, palette().candleUp);
        QVERIFY(painted > 10);
        const double top = m_chart->priceScale().y(first.close.toDouble());
        const double bottom = m_chart->priceScale().y(first.open.toDouble());
        const QRect body(column.left(), int(top), column.width(), int(bottom - top));
        QVERIFY(body.height() > 6);
        QVERIFY(countOf(image, body, palette().candleUp) < body.width() * body.height() / 2);

        // Another value of it repaints its column, the two levels, the axis and the line on top.
        PaintWatch watch;
        QCoreApplication::processEvents();
        m_chart->installEventFilter(&watch);
        Candle second = first;
        second.close = decimal(first.close.toDouble() - 7);
        m_chart->updateForming(second);
        QTRY_VERIFY(!watch.region.isEmpty());
        m_chart->removeEventFilter(&watch);
        QVERIFY2(watch.area() < qint64(m_chart->width()) * m_chart->height() / 4,
                 qPrintable(QString::number(watch.area())));
        // And the screen shows exactly what painting all of it would.
        const QImage screen = repainted(image, watch.region);
        m_chart->setClockZone(ClockZone::Utc); // throws the kept picture away
        QVERIFY(picture() == screen);
    }

    void aFormingCandleThatLeavesTheScaleMovesIt()
    {
        Candle candle = forming(*m_chart, 5);
        m_chart->updateForming(candle);
        picture();
        candle.high = decimal(m_chart->priceScale().range.high + 500);
        m_chart->updateForming(candle);
        picture();
        QVERIFY(m_chart->priceScale().range.high > candle.high.toDouble());
    }

    void closingTheFormingCandle()
    {
        Candle candle = forming(*m_chart, 5);
        m_chart->updateForming(candle);
        QVERIFY(m_chart->valueLine().endsWith(QStringLiteral("source forming")));
        m_chart->putCandle(candle);
        QCOMPARE(m_chart->series().size(), 1001U);
        QVERIFY(m_chart->valueLine().endsWith(QStringLiteral("source live")));
        m_chart->updateForming(candle); // a straggler
        QVERIFY(m_chart->valueLine().endsWith(QStringLiteral("source live")));
        QVERIFY(m_chart->accessibleDescription().startsWith(QStringLiteral("10:00 UTC")));
        QVERIFY(m_chart->accessibleName().contains(QStringLiteral("BTC/USDT:USDT")));
    }

    void wheelZoomsAboutTheCursor()
    {
        QSignalSpy moved(m_chart.get(), &CandleChart::visibleSpanChanged);
        QSignalSpy following(m_chart.get(), &CandleChart::followingChanged);
        const QPointF at = inPlot(0.4, 0.5);
        const double moment = m_chart->timeScale().ms(at.x());
        const double before = m_chart->timeScale().ms_per_px;
        turn(*m_chart, at, {0, 120});
        QVERIFY(m_chart->timeScale().ms_per_px < before);
        QVERIFY(std::abs(m_chart->timeScale().ms(at.x()) - moment) < 2);
        QCOMPARE(moved.count(), 1);
        QCOMPARE(following.count(), 1); // the newest went out of sight
        QVERIFY(!m_chart->isFollowing());
        turn(*m_chart, at, {0, -120});
        QVERIFY(std::abs(m_chart->timeScale().ms_per_px - before) < 1e-6 * before);

        const double from = m_chart->timeScale().from_ms;
        turn(*m_chart, at, {0, 120}, Qt::ShiftModifier);
        QVERIFY(m_chart->timeScale().from_ms < from);
        QVERIFY(std::abs(m_chart->timeScale().ms_per_px - before) < 1e-6 * before);
    }

    void dragPans()
    {
        const double moment = m_chart->timeScale().ms(inPlot(0.3, 0.5).x());
        QTest::mousePress(m_chart.get(), Qt::LeftButton, {}, inPlot(0.3, 0.5));
        point(*m_chart, inPlot(0.5, 0.6), Qt::LeftButton);
        point(*m_chart, inPlot(0.6, 0.6), Qt::LeftButton);
        QTest::mouseRelease(m_chart.get(), Qt::LeftButton, {}, inPlot(0.6, 0.6));
        QVERIFY(!m_chart->isFollowing());
        QVERIFY(std::abs(m_chart->timeScale().x(moment) - inPlot(0.6, 0.5).x()) < 1);
        const double held = m_chart->timeScale().from_ms;
        point(*m_chart, inPlot(0.2, 0.6)); // no button any more
        QCOMPARE(m_chart->timeScale().from_ms, held);
    }

    void whoLooksAtThePastCanComeBack()
    {
        QTest::keyClick(m_chart.get(), Qt::Key_PageUp);
        QVERIFY(!m_chart->isFollowing());
        const double held = m_chart->timeScale().from_ms;
        m_chart->putCandle(candleAt(ten, 83'000, 83'010));
        QCOMPARE(m_chart->timeScale().from_ms, held);
        // The button in the corner.
        const QRectF plot = m_chart->frame().plot;
        QTest::mouseClick(m_chart.get(), Qt::LeftButton, {}, (plot.bottomRight() - QPointF(20, 18)).toPoint());
        QVERIFY(m_chart->isFollowing());
        // And the double click, which sets the zoom back as well.
        m_chart->zoom(3);
        QTest::keyClick(m_chart.get(), Qt::Key_PageUp);
        QTest::mouseDClick(m_chart.get(), Qt::LeftButton, {}, inPlot(0.2, 0.5));
        QVERIFY(m_chart->isFollowing());
        QVERIFY(std::abs(180'000 / m_chart->timeScale().ms_per_px - Viewport::InitialSlotPx) < 1e-6);
    }

    void keys()
    {
        const TimeScale start = m_chart->timeScale();
        const auto press = [this](Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
            QTest::keyClick(m_chart.get(), key, modifiers);
            return m_chart->timeScale();
        };
        QVERIFY(press(Qt::Key_Left).from_ms < start.from_ms);
        QVERIFY(press(Qt::Key_Right) == start);
        QVERIFY(std::abs(press(Qt::Key_Left, Qt::ControlModifier).from_ms - (start.from_ms - 180'000)) < 1);
        QVERIFY(press(Qt::Key_End) == start);
        QVERIFY(press(Qt::Key_Plus).ms_per_px < start.ms_per_px);
        QVERIFY(press(Qt::Key_Minus).ms_per_px > start.ms_per_px * 0.99);
        const TimeScale oldest = press(Qt::Key_Home);
        QVERIFY(oldest.from_ms < double(m_chart->series().bars().front().open_ms));
        QVERIFY(press(Qt::Key_PageDown).from_ms > oldest.from_ms);
        QTest::keyClick(m_chart.get(), Qt::Key_End);
        QVERIFY(m_chart->isFollowing());

        // The crosshair, candle by candle; Escape ends it.
        QSignalSpy pointed(m_chart.get(), &CandleChart::crosshairMoved);
        press(Qt::Key_Left, Qt::ShiftModifier);
        QVERIFY(m_chart->valueLine().startsWith(QStringLiteral("09:57 UTC")));
        press(Qt::Key_Left, Qt::ShiftModifier);
        QVERIFY(m_chart->valueLine().startsWith(QStringLiteral("09:54 UTC")));
        press(Qt::Key_Escape);
        QCOMPARE(pointed.count(), 3);
        QVERIFY(!pointed.last().first().value<std::optional<UtcTime>>().has_value());
    }

    void theWindowsShortcutsPassThrough()
    {
        for (const Qt::Key key : {Qt::Key_1, Qt::Key_6, Qt::Key_B, Qt::Key_Slash, Qt::Key_F5, Qt::Key_Escape}) {
            QKeyEvent event(QEvent::KeyPress, key, Qt::NoModifier);
            QCoreApplication::sendEvent(m_chart.get(), &event);
            QVERIFY(!event.isAccepted());
        }
    }

    void crosshairTellsTheValues()
    {
        const size_t index = m_chart->series().size() - 30;
        const Candle &candle = m_chart->series().candle(index);
        const double x = m_chart->timeScale().x(double(toMs(candle.open_time)) + 60'000);
        point(*m_chart, QPoint(int(x), inPlot(0, 0.3).y()));
        QVERIFY(m_chart->valueLine().contains(decimalText(candle.close)));
        QVERIFY(m_chart->valueLine().startsWith(candleOpenText(candle.open_time, Timeframe::M3, ten, ClockZone::Utc)));
        const QImage with = picture();
        point(*m_chart, QPoint(2, 2));                                         // into the line on top
        QVERIFY(m_chart->valueLine().startsWith(QStringLiteral("09:57 UTC"))); // the newest again
        QVERIFY(picture() != with);
    }

    void crosshairRepaintsLittleAndRight()
    {
        point(*m_chart, inPlot(0.3, 0.3));
        QCoreApplication::processEvents();
        const QImage before = picture();
        PaintWatch watch;
        m_chart->installEventFilter(&watch);
        point(*m_chart, inPlot(0.6, 0.5));
        QTRY_VERIFY(!watch.region.isEmpty());
        m_chart->removeEventFilter(&watch);
        QVERIFY(watch.area() < qint64(m_chart->width()) * m_chart->height() / 3);
        QVERIFY(repainted(before, watch.region) == picture());
    }

    void crosshairInAGapTellsItsStory()
    {
        std::vector<Candle> candles = walk(ten, 1000, Timeframe::M3);
        const UtcTime from = ten - 45min;
        const UtcTime to = ten - 21min;
        std::erase_if(candles, [&](const Candle &each) { return each.open_time >= from && each.open_time < to; });
        m_chart->setCandles(candles);
        m_chart->setCrosshair(from + 10min);
        QVERIFY(m_chart->valueLine().endsWith(QStringLiteral("no candle"))); // nobody has named it yet
        m_chart->setGaps({{from, to, QStringLiteral("market#2 silent"), GapState::Repairing}});
        QCOMPARE(m_chart->valueLine(), QStringLiteral("gap 09:15–09:39 UTC · 24 min · market#2 silent · repairing"));
    }

    void olderCandlesAreAskedForOnce()
    {
        QSignalSpy wanted(m_chart.get(), &CandleChart::olderWanted);
        QTest::keyClick(m_chart.get(), Qt::Key_Home);
        QCOMPARE(wanted.count(), 1);
        const UtcTime oldest = m_chart->series().oldest().open_time;
        QVERIFY(wanted.first().first().value<UtcTime>() == oldest);
        QTest::keyClick(m_chart.get(), Qt::Key_Left);
        QTest::keyClick(m_chart.get(), Qt::Key_Plus);
        QCOMPARE(wanted.count(), 1);

        QTest::keyClick(m_chart.get(), Qt::Key_Home);
        const double held = m_chart->timeScale().from_ms;
        m_chart->prependCandles(walk(oldest, 500, Timeframe::M3));
        QCOMPARE(m_chart->series().size(), 1500U);
        QCOMPARE(m_chart->timeScale().from_ms, held); // nothing jumps under the eyes
        QTest::keyClick(m_chart.get(), Qt::Key_Home);
        QCOMPARE(wanted.count(), 2);

        m_chart->setHasOlder(false);
        m_chart->prependCandles(walk(m_chart->series().oldest().open_time, 5, Timeframe::M3));
        QTest::keyClick(m_chart.get(), Qt::Key_Home);
        QCOMPARE(wanted.count(), 2);
    }

    // The receiver of olderWanted() may have the answer at hand.
    void olderCandlesMayComeAtOnce()
    {
        int asked = 0;
        connect(m_chart.get(), &CandleChart::olderWanted, this, [&](UtcTime before) {
            ++asked;
            m_chart->prependCandles(walk(before, 300, Timeframe::M3));
        });
        QTest::keyClick(m_chart.get(), Qt::Key_Home);
        QCOMPARE(asked, 1);
        QCOMPARE(m_chart->series().size(), 1300U);
    }

    void beforeTheFirstCandleItIsTold()
    {
        QTest::keyClick(m_chart.get(), Qt::Key_Home);
        for (int i = 0; i < 5; ++i)
            QTest::keyClick(m_chart.get(), Qt::Key_Left);
        const QRect before(m_chart->frame().plot.topLeft().toPoint() + QPoint(2, 2), QSize(40, 40));
        const QImage loading = picture();
        QVERIFY(loading.pixelColor(before.center()) != palette().panel);
        m_chart->setHasOlder(false);
        QVERIFY(picture() != loading); // another word
        QVERIFY(picture().pixelColor(before.center()) != palette().panel);
    }

    void nothingToShow()
    {
        m_chart->setSubject(QStringLiteral("ETH/USDT:USDT"), Timeframe::M15);
        QCOMPARE(m_chart->valueLine(), QString());
        const QImage empty = picture();
        QCOMPARE(dataPixels(empty, m_chart->rect(), palette()), 0);
        QVERIFY(countOf(empty, m_chart->rect(), palette().text) > 20); // says so
        m_chart->setEmptyText(QStringLiteral("Something else."));
        QVERIFY(picture() != empty);
        m_chart->setError(QStringLiteral("The store cannot be read."));
        QVERIFY(countOf(picture(), m_chart->rect(), palette().stale) > 20); // with its mark
        m_chart->setError({});
        // Neither mouse nor keys do harm.
        turn(*m_chart, inPlot(0.5, 0.5), {0, 120});
        QTest::mouseClick(m_chart.get(), Qt::LeftButton, {}, inPlot(0.5, 0.5));
        for (const Qt::Key key : {Qt::Key_Home, Qt::Key_End, Qt::Key_Plus, Qt::Key_Left, Qt::Key_PageUp})
            QTest::keyClick(m_chart.get(), key);
        m_chart->updateForming(candleAt(ten, 100, 101)); // the very first
        QVERIFY(dataPixels(picture(), m_chart->rect(), palette()) > 20);
    }

    void oldDataNeverLookFresh()
    {
        m_chart->setMarkPrices({{ten - 30min, 83'000}, {ten - 1min, 83'010}}, 60min);
        m_chart->updateForming(forming(*m_chart, 5));
        QVERIFY(dataPixels(picture(), m_chart->rect(), palette()) > 1000);
        m_chart->setStaleSince(ten - 30s);
        const QImage old = picture();
        QCOMPARE(dataPixels(old, m_chart->rect(), palette()), 0);
        m_chart->setStaleSince({});
        QVERIFY(dataPixels(picture(), m_chart->rect(), palette()) > 1000);
    }

    void overlaysComeAndGo()
    {
        m_chart->setMarkPrices({{ten - 200min, 83'000}, {ten - 1min, 83'010}}, 600min);
        const QRect plot = m_chart->frame().plot.toRect().adjusted(0, 0, -4, 0);
        m_chart->setOverlay(CandleChart::Overlay::Volume, false);
        QVERIFY(!m_chart->hasOverlay(CandleChart::Overlay::Volume));
        QCOMPARE(countOf(picture(), m_chart->rect(), palette().volumeUp), 0);
        m_chart->setOverlay(CandleChart::Overlay::Volume, true);
        QVERIFY(countOf(picture(), m_chart->rect(), palette().volumeUp) > 100);
        const QImage with = picture();
        m_chart->setOverlay(CandleChart::Overlay::Mark, false);
        QVERIFY(picture().copy(plot) != with.copy(plot));
        m_chart->setOverlay(CandleChart::Overlay::Funding, true);
        QVERIFY(!m_chart->frame().funding.isEmpty());
        m_chart->setFundingRates({{ten - 100h, 0.0001}});
        QVERIFY(countOf(picture(), m_chart->frame().funding.toRect(), palette().silent) > 100);
    }

    void everySizeIsPainted()
    {
        for (const QSize &size : {QSize(240, 160), QSize(1, 1), QSize(60, 30), QSize(1400, 900)}) {
            m_chart->setMinimumSize(0, 0);
            m_chart->resize(size);
            QVERIFY(!picture().isNull());
        }
    }

    void manyCandles()
    {
        m_chart->setCandles(walk(ten, 100'000, Timeframe::M3));
        m_chart->showSpan(m_chart->series().oldest().open_time, ten);
        const QImage image = picture();
        const QRect plot = m_chart->frame().plot.toRect();
        // No column of the plot is empty.
        for (int x = plot.left() + 4; x < plot.right() - 4; ++x)
            QVERIFY2(dataPixels(image, QRect(x, plot.top(), 1, plot.height()), palette()) > 0,
                     qPrintable(QString::number(x)));
    }
};

TK_TEST(CandleChartTest, candle_chart);
#include "tst_candle_chart.moc"
