// The time line: each incident one bar from its first sign to its end, over the last hours. A click tells which one.
#pragma once

#include "monitor/event_book.h"
#include "ui/support/format.h"
#include "ui/support/theme.h"

#include <QWidget>

#include <functional>

class QTimer;

namespace tk::ui {

// Where the bars lie: pure. In pixels from the left; lanes keep bars that overlap apart.
struct IncidentBar
{
    qint64 id = 0;
    double left = 0;
    double right = 0;
    int lane = 0;
};
std::vector<IncidentBar> incidentBars(const std::vector<alert::Event> &incidents, UtcTime from, UtcTime to,
                                      double width, int lanes);

class IncidentLine final : public QWidget
{
    Q_OBJECT
public:
    IncidentLine(monitor::EventBook &book, std::function<UtcTime()> now, const Theme &theme, QWidget *parent = nullptr);

    void setReach(milliseconds reach); // how far back it shows
    milliseconds reach() const { return m_reach; }
    void setZone(ClockZone zone);
    void setSelected(qint64 incident); // 0: none

    QSize sizeHint() const override { return {400, 58}; }
    QSize minimumSizeHint() const override { return {120, 58}; }

Q_SIGNALS:
    void clicked(const tk::alert::Event &incident);
    void cleared(); // a click beside all bars

protected:
    void paintEvent(QPaintEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void wheelEvent(QWheelEvent *event) override;
    bool event(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    std::vector<alert::Event> shown() const;
    const IncidentBar *barAt(QPointF at) const;
    QRectF place(const IncidentBar &bar) const;
    void refresh();
    UtcTime end() const;

    monitor::EventBook &m_book;
    std::function<UtcTime()> m_now;
    const Theme &m_theme;
    milliseconds m_reach = std::chrono::hours(6);
    ClockZone m_zone = ClockZone::Utc;
    qint64 m_selected = 0;
    std::vector<IncidentBar> m_bars;
    QTimer *m_tick;
};

} // namespace tk::ui
