// Zoom, pan and following, without a window.
#include "support/test_registry.h"
#include "ui/chart/viewport.h"

#include <cmath>

using namespace tk::ui;

namespace {

constexpr double Slot = 60'000;
constexpr double First = 1'000'000'000'000;

Viewport filled(int candles = 1000)
{
    Viewport view;
    view.place(8, 800);
    view.setData(First, First + candles * Slot, Slot);
    return view;
}

bool near(double a, double b, double by = 1e-3)
{
    return std::abs(a - b) <= by;
}

} // namespace

class ViewportTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void scaleGoesThereAndBack()
    {
        const TimeScale scale{First, 7500, 8, 800};
        QCOMPARE(scale.x(First), 8.0);
        QCOMPARE(scale.x(scale.toMs()), 808.0);
        QVERIFY(near(scale.ms(scale.x(First + 123'456)), First + 123'456));
        const TimeScale device = scale.scaled(1.5);
        QCOMPARE(device.x(First + 75'000), scale.x(First + 75'000) * 1.5);
        QCOMPARE(device.spanMs(), scale.spanMs());
    }

    void beginsAtTheNewest()
    {
        const Viewport view = filled();
        QVERIFY(view.isFollowing());
        QCOMPARE(view.slotPx(), Viewport::InitialSlotPx);
        const double right = view.scale().x(view.endMs());
        QVERIFY(near(right, 8 + 800 * (1 - Viewport::FollowMargin), 0.01));
        QVERIFY(!view.wantsOlder());
    }

    void placeBeforeAndAfterDataIsTheSame()
    {
        Viewport late;
        late.setData(First, First + 1000 * Slot, Slot);
        late.place(8, 800);
        QVERIFY(late.scale() == filled().scale());
    }

    void zoomKeepsTheMomentUnderTheCursor()
    {
        Viewport view = filled();
        view.pan(2000);
        const double at = view.scale().ms(300);
        for (const double factor : {2.0, 1.3, 0.7, 0.5}) {
            view.zoom(factor, 300);
            QVERIFY(near(view.scale().ms(300), at, 1));
        }
        QVERIFY(!view.isFollowing());
    }

    void zoomHasEnds()
    {
        Viewport view = filled(100'000);
        for (int i = 0; i < 200; ++i)
            view.zoom(1.2, 400);
        QVERIFY(near(view.slotPx(), Viewport::WidestSlotPx));
        for (int i = 0; i < 400; ++i)
            view.zoom(0.8, 400);
        QVERIFY(view.scale().spanMs() >= 100'000 * Slot); // all of it fits
        QVERIFY(view.scale().spanMs() <= 100'000 * Slot * 1.2);
        view.zoom(0, 400);
        view.zoom(-1, 400);
        QVERIFY(view.scale().spanMs() > 0);
    }

    void panLeavesTwoThirdsOfTheView()
    {
        Viewport view = filled();
        view.pan(1e9);
        QVERIFY(near(view.scale().x(First), 8 + 800 / 3.0, 0.01));
        QVERIFY(view.wantsOlder());
        view.pan(-1e9);
        QVERIFY(near(view.scale().x(view.endMs()), 8 + 800 * 2 / 3.0, 0.01));
        QVERIFY(view.isFollowing());
    }

    void following()
    {
        Viewport view = filled();
        const double before = view.scale().from_ms;
        view.setData(First, First + 1001 * Slot, Slot);
        QVERIFY(near(view.scale().from_ms, before + Slot, 1)); // moved by the new candle
        view.pan(100);
        QVERIFY(!view.isFollowing());
        const TimeScale held = view.scale();
        view.setData(First, First + 1002 * Slot, Slot);
        QVERIFY(view.scale() == held); // who looks at the past is not disturbed
        view.followNewest();
        QVERIFY(view.isFollowing());
        QVERIFY(near(view.scale().x(view.endMs()), 8 + 776, 0.01));
    }

    void zoomingOutWhileFollowingStaysAtTheEnd()
    {
        Viewport view = filled();
        view.zoom(0.5, 100);
        QVERIFY(view.isFollowing());
        QVERIFY(near(view.scale().x(view.endMs()), 8 + 776, 0.01));
    }

    void resizeKeepsTheRightEnd()
    {
        Viewport view = filled();
        view.pan(500);
        const double right = view.scale().toMs();
        view.place(8, 400);
        QVERIFY(near(view.scale().toMs(), right, 1));
        QCOMPARE(view.slotPx(), Viewport::InitialSlotPx);
    }

    void olderDataDoNotMoveTheView()
    {
        Viewport view = filled();
        view.goToOldest();
        QVERIFY(view.wantsOlder());
        const TimeScale held = view.scale();
        view.setData(First - 500 * Slot, First + 1000 * Slot, Slot);
        QVERIFY(view.scale() == held);
        QVERIFY(!view.wantsOlder());
    }

    void showASpan()
    {
        Viewport view = filled();
        view.show(First + 100 * Slot, First + 300 * Slot);
        QVERIFY(near(view.scale().from_ms, First + 100 * Slot, 1));
        QVERIFY(near(view.scale().toMs(), First + 300 * Slot, 1));
        view.show(First, First); // nothing
        QVERIFY(near(view.scale().from_ms, First + 100 * Slot, 1));
        view.reset();
        QCOMPARE(view.slotPx(), Viewport::InitialSlotPx);
        QVERIFY(view.isFollowing());
    }

    void withoutDataNothingMoves()
    {
        Viewport view;
        view.place(0, 800);
        view.zoom(2, 10);
        view.pan(100);
        view.goToOldest();
        QVERIFY(!view.hasData());
        QVERIFY(!view.wantsOlder());
    }
};

TK_TEST(ViewportTest, viewport);
#include "tst_viewport.moc"
