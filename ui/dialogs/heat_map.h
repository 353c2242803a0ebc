// Completeness by series and day as coloured cells. Scrolls; keyboard and mouse choose a cell.
#pragma once

#include "ui/models/completeness.h"
#include "ui/support/theme.h"

#include <QAbstractScrollArea>

namespace tk::ui {

class HeatMap final : public QAbstractScrollArea
{
    Q_OBJECT
public:
    explicit HeatMap(const Theme &theme, QWidget *parent = nullptr);

    void setCompleteness(Completeness completeness);
    void setFilter(const QString &text, std::optional<Timeframe> timeframe, bool incompleteOnly);
    int shownRows() const { return int(m_rows.size()); }
    QString cellText(int row, int column) const; // what the tool tip says
    std::optional<std::pair<SeriesKey, QDate>> current() const;

Q_SIGNALS:
    void cellActivated(const tk::SeriesKey &series, const QDate &day); // double click, or Enter
    void currentChanged();

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    bool viewportEvent(QEvent *event) override;

private:
    void arrange();
    QRect cellRect(int row, int column) const; // in the viewport
    std::optional<std::pair<int, int>> cellAt(QPoint at) const;
    void setCurrent(int row, int column);
    QColor colour(const DayCell &cell) const;

    const Theme &m_theme;
    Completeness m_completeness;
    QString m_text;
    std::optional<Timeframe> m_timeframe;
    bool m_incompleteOnly = false;
    std::vector<size_t> m_rows; // shown, as indices of series
    int m_row = -1;
    int m_column = -1;
};

} // namespace tk::ui
