// Fills one chart from an engine: stored candles and older ones when they are wanted, the forming candle, overlays,
// gaps and their repair. Lives as long as the chart.
#pragma once

#include "monitor/engine_view.h"
#include "ui/chart/candle_chart.h"

#include <QObject>

namespace tk::ui {

class ChartFeed final : public QObject
{
    Q_OBJECT
public:
    ChartFeed(monitor::EngineView &engine, CandleChart &chart); // child of the chart
    ~ChartFeed() override;

    void show(const SeriesKey &series);
    const SeriesKey &series() const { return m_series; }
    // Moves the view there; what is not loaded yet is loaded first.
    void goTo(UtcTime from, UtcTime to);

private:
    void load();
    void loadOlder(UtcTime before);
    void loadOverlays();
    void refill(UtcTime from, UtcTime to);
    void catchUp();
    void showGaps();
    void addHoles(std::vector<ChartGap> &gaps) const;
    void takeMark();
    void takeUnfillable(const QJsonValue &rows);
    void ask(const QString &command, const QJsonObject &more, std::function<void(const QJsonObject &)> take,
             bool required);

    monitor::EngineView &m_engine;
    CandleChart &m_chart;
    SeriesKey m_series;
    std::vector<ChartGap> m_unfillable;
    bool m_looking = false;
    bool m_complete = false; // the oldest stored candle is loaded
    bool m_loadingOlder = false;
    std::optional<tk::TimeSpan> m_goal; // to be shown as soon as it is loaded
    quint64 m_generation = 0;           // answers to earlier subjects are dropped
    UtcTime m_lastMark{};
    bool m_filling = false; // the first fill is under way: what is stored grows to the left
    UtcTime m_caughtUpAt{};
    QTimer m_clock;
};

} // namespace tk::ui
