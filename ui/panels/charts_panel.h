// Charts in tabs: each a pair and timeframe, with its overlays; one row of buttons serves the one in front.
#pragma once

#include "monitor/engine_view.h"
#include "ui/panels/chart_feed.h"

#include <QWidget>

class QButtonGroup;
class QCheckBox;
class QHBoxLayout;
class QSettings;
class QTabBar;
class QStackedLayout;
class QToolButton;

namespace tk::ui {

class ChartsPanel final : public QWidget
{
    Q_OBJECT
public:
    ChartsPanel(monitor::EngineView &engine, const Theme &theme, QWidget *parent = nullptr);

    // In the tab in front, or in a new one. Without a timeframe: that of the tab in front, or the pair's first.
    void open(const QString &exchange, const QString &pair, std::optional<Timeframe> timeframe, bool newTab);
    void goTo(UtcTime from, UtcTime to); // in the tab in front
    void setTimeframe(int number);       // the so-manieth button, from 0
    void stepTab(int by);
    void closeTab(int index);
    int tabCount() const { return int(m_tabs.size()); }
    CandleChart *current() const;
    ChartFeed *currentFeed() const;
    void setZone(ClockZone zone);

    void save(QSettings &settings) const;
    void restore(const QSettings &settings);

Q_SIGNALS:
    void currentChanged(const QString &exchange, const QString &pair);

private:
    struct Tab
    {
        CandleChart *chart;
        ChartFeed *feed;
    };
    Tab &addTab();
    void show(Tab &tab, const SeriesKey &series);
    void refreshTab(int index);
    void setTimeframes();
    void syncControls();
    void openFirst();

    monitor::EngineView &m_engine;
    const Theme &m_theme;
    QTabBar *m_bar;
    QHBoxLayout *m_frames; // the row of timeframe buttons
    QButtonGroup *m_timeframes;
    QCheckBox *m_mark;
    QCheckBox *m_funding;
    QCheckBox *m_volume;
    QStackedLayout *m_stack;
    QWidget *m_empty;
    std::vector<Tab> m_tabs; // as in the bar
    ClockZone m_zone = ClockZone::Utc;
};

} // namespace tk::ui
