// The candle chart: a widget over plain values. Knows no engine; whoever owns it feeds it and answers olderWanted().
// Closed candles are painted into a picture that is kept; the forming one, tags and crosshair are painted over it.
#pragma once

#include "ui/chart/candle_series.h"
#include "ui/chart/chart_frame.h"
#include "ui/chart/chart_gap.h"
#include "ui/chart/price_scale.h"
#include "ui/chart/value_line.h"
#include "ui/chart/viewport.h"
#include "ui/support/palette.h"
#include "ui/support/theme.h"

#include <QPixmap>
#include <QWidget>

#include <optional>
#include <vector>

namespace tk::ui {

struct ChartBrush;

class CandleChart : public QWidget
{
    Q_OBJECT

public:
    enum class Overlay { Mark, Funding, Volume };

    // `theme` lives longer.
    explicit CandleChart(const Theme &theme, QWidget *parent = nullptr);
    ~CandleChart() override;

    // Another pair or timeframe: everything below starts empty.
    void setSubject(const QString &pair, Timeframe timeframe);
    QString pair() const { return m_pair; }
    Timeframe timeframe() const { return m_timeframe; }

    void setCandles(std::vector<Candle> candles);
    void prependCandles(std::vector<Candle> candles);
    void putCandle(const Candle &candle); // closed: a new one, or another value for one that is there
    void updateForming(const Candle &candle);
    void clearForming();
    // Whether there may be candles before the oldest; without, the chart says where the record starts. Said again after
    // a failure, older candles are asked for once more.
    void setHasOlder(bool older);
    const CandleSeries &series() const { return m_series; }

    void setGaps(std::vector<ChartGap> gaps);
    // Ascending. Lines break where two points are further apart than `longestStep`.
    void setMarkPrices(std::vector<LinePoint> points, milliseconds longestStep);
    void addMarkPrice(const LinePoint &point);
    void setFundingRates(std::vector<LinePoint> points);
    void setOverlay(Overlay overlay, bool shown);
    bool hasOverlay(Overlay overlay) const;

    void setNow(UtcTime now); // where a gap that lasts ends for now, and what "today" is
    void setClockZone(ClockZone zone);
    void setLoading(bool loading);
    void setEmptyText(const QString &text); // what would be here, and how to get it
    void setError(const QString &text);     // empty: none
    // The engine is away: everything turns grey and says since when.
    void setStaleSince(std::optional<UtcTime> time);

    void zoom(double factor);
    void followNewest();
    bool isFollowing() const { return m_view.isFollowing(); }
    void showSpan(UtcTime from, UtcTime to);
    UtcTime visibleFrom() const;
    UtcTime visibleTo() const;

    // Nothing: no crosshair. So that charts side by side can show the same moment.
    void setCrosshair(std::optional<UtcTime> time);
    // The values above the plot: of the candle under the crosshair, or the newest; or the story of the gap under it.
    QString valueLine() const;

    const ChartFrame &frame() const { return m_frame; }
    const TimeScale &timeScale() const { return m_view.scale(); }
    const PriceScale &priceScale() const { return m_price; }

    QSize sizeHint() const override { return {800, 420}; }
    QSize minimumSizeHint() const override { return {240, 160}; }

Q_SIGNALS:
    void olderWanted(tk::UtcTime before); // once for each oldest candle
    void visibleSpanChanged(tk::UtcTime from, tk::UtcTime to);
    void followingChanged(bool following);
    void crosshairMoved(std::optional<tk::UtcTime> time);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void changeEvent(QEvent *event) override;
    void wheelEvent(QWheelEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    struct Crosshair
    {
        double ms = 0;
        std::optional<double> y{}; // logical pixels; nothing when it came from elsewhere

        bool operator==(const Crosshair &) const = default;
    };

    struct ShownGap
    {
        const ChartGap *gap = nullptr;
        TimeSpan span;
    };

    // What changed decides what is done again, from much to little.
    void dataChanged();  // what there is to see: bounds of the view, axis
    void viewChanged();  // what part of it is seen
    void redraw();       // the kept picture
    void refreshFrame(); // where the parts lie
    void describe();     // for screen readers
    void announceView();
    void moveCrosshair(std::optional<Crosshair> crosshair);
    void pointAt(QPointF position);
    void stepCrosshair(int candles);
    QRegion crosshairArea(const Crosshair &crosshair) const;
    QRegion formingArea() const;

    double slotMs() const;
    double endOfData() const;
    UtcTime now() const;
    const Candle *newestCandle() const;
    const Candle *candleAtCrosshair() const;
    const ShownGap *gapAt(double ms) const;
    QRectF spanPlace(const TimeSpan &span) const;
    QRectF newestButton() const;
    bool isFormingVisible() const;
    std::optional<double> currentPrice() const;
    int decimals() const; // of the exchange's prices
    Palette shownPalette() const;
    std::optional<PriceRange> wantedRange(Bars visible) const;
    std::span<const LinePoint> visiblePoints(const std::vector<LinePoint> &points) const;
    std::vector<TimeSpan> gapSpans() const;

    void renderPicture();
    void paintPicture(const ChartBrush &brush);
    void paintGrid(const ChartBrush &brush) const;
    void paintGaps(const ChartBrush &brush) const;
    void paintMarks(const ChartBrush &brush) const;
    void paintFunding(const ChartBrush &brush) const;
    void paintFundingCaption(const ChartBrush &brush) const;
    void paintLevel(const ChartBrush &brush, double y) const;
    void paintOlder(const ChartBrush &brush) const;
    void paintForming(const ChartBrush &brush) const;
    void paintCrosshair(const ChartBrush &brush) const;
    void paintPriceAxis(const ChartBrush &brush) const;
    void paintTimeAxis(const ChartBrush &brush) const;
    void paintHead(const ChartBrush &brush) const;
    void paintNotices(const ChartBrush &brush) const;

    const Theme &m_theme;
    QString m_pair;
    Timeframe m_timeframe = Timeframe::M1;
    CandleSeries m_series;
    std::optional<Candle> m_forming;
    Bar m_formingBar;
    std::vector<ChartGap> m_gaps;
    std::vector<ShownGap> m_shownGaps; // into m_gaps
    std::vector<LinePoint> m_marks;
    milliseconds m_markStep{180'000};
    std::vector<LinePoint> m_funding;
    bool m_showMark = true;
    bool m_showFunding = false;
    bool m_showVolume = true;
    bool m_hasOlder = true;
    bool m_loading = false;
    std::optional<qint64> m_askedBefore; // opening of the oldest candle that was asked for
    UtcTime m_now{};
    ClockZone m_zone = ClockZone::Utc;
    QString m_emptyText;
    QString m_error;
    std::optional<UtcTime> m_staleSince;

    Viewport m_view;
    ChartFrame m_frame;
    PriceScale m_price;
    double m_largestVolume = 0;
    QPixmap m_picture;
    bool m_pictureValid = false;
    std::optional<Crosshair> m_crosshair;
    std::optional<QPointF> m_dragFrom;
    bool m_keyboardFocus = false; // shown; a click needs no frame
    double m_announcedFrom = 0;
    double m_announcedTo = 0;
    bool m_announcedFollowing = true;
};

} // namespace tk::ui
