// A small line of the recent past, as the health cards have it: no axis, the shape and the newest value.
#pragma once

#include "ui/chart/bar.h"
#include "ui/support/theme.h"

#include <QColor>
#include <QWidget>

#include <optional>
#include <vector>

namespace tk::ui {

class Sparkline : public QWidget
{
    Q_OBJECT

public:
    enum class Tone { Accent, Live, Late, Stale, Quiet };

    // A time in which something was wrong; shaded behind the line.
    struct Band
    {
        UtcTime from;
        UtcTime to;
        Tone tone = Tone::Late;
    };

    explicit Sparkline(const Theme &theme, QWidget *parent = nullptr);

    // Ascending. The line breaks where two points are further apart than `longestStep`.
    void setPoints(std::vector<LinePoint> points, milliseconds longestStep);
    void addPoint(const LinePoint &point); // older ones than the span leave
    void setBands(std::vector<Band> bands);
    // What is shown: this much time, up to the newest point or `now`, whichever is later.
    void setSpan(milliseconds span, UtcTime now);
    // The line's lowest range: flat lines stay flat, and a rate starts at zero.
    void setFloor(std::optional<double> floor);
    void setTone(Tone tone);
    void setEmptyText(const QString &text);
    void setGrey(bool grey); // nobody knows whether it is still so

    const std::vector<LinePoint> &points() const { return m_points; }

    QSize sizeHint() const override { return {180, 48}; }
    QSize minimumSizeHint() const override { return {48, 24}; }

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QColor colour(const Palette &palette, Tone tone) const;
    UtcTime end() const;

    const Theme &m_theme;
    std::vector<LinePoint> m_points;
    std::vector<Band> m_bands;
    milliseconds m_longestStep{60'000};
    milliseconds m_span{3'600'000};
    UtcTime m_now{};
    std::optional<double> m_floor;
    Tone m_tone = Tone::Accent;
    QString m_emptyText;
    bool m_grey = false;
};

} // namespace tk::ui
