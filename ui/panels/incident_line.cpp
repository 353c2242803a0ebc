#include "ui/panels/incident_line.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QTimer>
#include <QToolTip>

#include <algorithm>
#include <array>

namespace tk::ui {

namespace {

constexpr int lanes = 2;
constexpr double laneHeight = 19;
constexpr double smallestBar = 6; // so that a short one can be seen and hit
constexpr int axisHeight = 16;

QColor barColour(const alert::Event &incident, const Palette &palette)
{
    switch (incident.severity) {
    case alert::Severity::Trouble:
        return palette.stale;
    case alert::Severity::Warning:
        return incident.lasts() ? palette.accent : palette.late;
    default:
        return palette.quiet;
    }
}

milliseconds stepFor(milliseconds reach, int width)
{
    using namespace std::chrono_literals;
    static constexpr std::array<milliseconds, 11> steps{1min, 5min, 10min, 15min, 30min, 1h, 2h, 3h, 6h, 12h, 24h};
    for (const milliseconds step : steps) {
        if (double(step.count()) / double(reach.count()) * width >= 70)
            return step;
    }
    return steps.back();
}

} // namespace

std::vector<IncidentBar> incidentBars(const std::vector<alert::Event> &incidents, UtcTime from, UtcTime to,
                                      double width, int laneCount)
{
    std::vector<IncidentBar> bars;
    std::vector<double> taken(size_t(laneCount), -1e9); // right end of each lane
    const double scale = width / double(std::max<qint64>(1, (to - from).count()));
    for (const alert::Event &incident : incidents) {
        const UtcTime until = incident.lasts() ? to : incident.until;
        if (until < from || incident.time > to)
            continue;
        IncidentBar bar{.id = incident.id};
        bar.left = std::max(0.0, double((incident.time - from).count()) * scale);
        bar.right = std::min(width, double((until - from).count()) * scale);
        if (bar.right - bar.left < smallestBar) {
            bar.right = std::min(width, bar.left + smallestBar);
            bar.left = std::max(0.0, bar.right - smallestBar);
        }
        const auto free = std::ranges::find_if(taken, [&](double end) { return end + 1 <= bar.left; });
        bar.lane =
            free != taken.end() ? int(free - taken.begin()) : int(std::ranges::min_element(taken) - taken.begin());
        taken[size_t(bar.lane)] = bar.right;
        bars.push_back(bar);
    }
    return bars;
}

IncidentLine::IncidentLine(monitor::EventBook &book, std::function<UtcTime()> now, const Theme &theme, QWidget *parent)
    : QWidget(parent)
    , m_book(book)
    , m_now(std::move(now))
    , m_theme(theme)
    , m_tick(new QTimer(this))
{
    setObjectName(QStringLiteral("incidentLine"));
    setAccessibleName(tr("Time line of incidents"));
    setMouseTracking(true);
    setFocusPolicy(Qt::TabFocus);
    setFixedHeight(int(lanes * laneHeight) + axisHeight + 4);
    for (const auto signal : {&monitor::EventBook::wasReset})
        connect(&book, signal, this, &IncidentLine::refresh);
    connect(&book, &monitor::EventBook::appended, this, &IncidentLine::refresh);
    connect(&book, &monitor::EventBook::replaced, this, &IncidentLine::refresh);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
    connect(m_tick, &QTimer::timeout, this, &IncidentLine::refresh);
    m_tick->start(5'000); // time goes on
}

UtcTime IncidentLine::end() const
{
    const UtcTime now = m_now();
    return toMs(now) != 0 || m_book.events().empty() ? now : m_book.events().back().time;
}

std::vector<alert::Event> IncidentLine::shown() const
{
    std::vector<alert::Event> incidents;
    std::ranges::copy_if(m_book.events(), std::back_inserter(incidents),
                         [](const alert::Event &event) { return event.kind == alert::EventKind::Incident; });
    return incidents;
}

void IncidentLine::refresh()
{
    m_bars = incidentBars(shown(), end() - m_reach, end(), width(), lanes);
    int lasting = 0;
    for (const alert::Event &incident : shown())
        lasting += incident.lasts() ? 1 : 0;
    setAccessibleDescription(tr("%1 incidents shown, %2 of them last").arg(m_bars.size()).arg(lasting));
    update();
}

void IncidentLine::setReach(milliseconds reach)
{
    using namespace std::chrono_literals;
    m_reach = std::clamp<milliseconds>(reach, 10min, 24h * 30);
    refresh();
}

void IncidentLine::setZone(ClockZone zone)
{
    m_zone = zone;
    update();
}

void IncidentLine::setSelected(qint64 incident)
{
    m_selected = incident;
    update();
}

QRectF IncidentLine::place(const IncidentBar &bar) const
{
    return QRectF(bar.left, 2 + bar.lane * laneHeight, bar.right - bar.left, laneHeight - 2);
}

void IncidentLine::paintEvent(QPaintEvent *)
{
    m_bars = incidentBars(shown(), end() - m_reach, end(), width(), lanes);
    const Palette &palette = m_theme.palette();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF track(0, 1, width(), lanes * laneHeight + 1);
    painter.setPen(Qt::NoPen);
    painter.setBrush(palette.window);
    painter.drawRoundedRect(track, 4, 4);
    for (const IncidentBar &bar : m_bars) {
        const alert::Event *incident = m_book.find(bar.id);
        if (!incident)
            continue;
        const QColor colour = barColour(*incident, palette);
        const QRectF box = place(bar);
        painter.setBrush(mixed(palette.window, colour, incident->lasts() ? 0.75 : 0.45));
        painter.setPen(bar.id == m_selected ? QPen(palette.text, 1.5) : QPen(colour, 1));
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
        const QRectF text = box.adjusted(6, 0, -4, 0);
        if (text.width() > 40) {
            painter.setPen(palette.text);
            painter.drawText(text, int(Qt::AlignLeft | Qt::AlignVCenter),
                             fontMetrics().elidedText(incident->title, Qt::ElideRight, int(text.width())));
        }
    }
    if (toMs(end()) == 0)
        return;
    painter.setPen(palette.secondaryText);
    QFont small = font();
    small.setPointSizeF(small.pointSizeF() * 0.85);
    painter.setFont(small);
    const milliseconds step = stepFor(m_reach, width());
    const UtcTime from = end() - m_reach;
    for (UtcTime tick = std::chrono::ceil<milliseconds>(from) - (from.time_since_epoch() % step) + step; tick <= end();
         tick += step) {
        const double x = double((tick - from).count()) / double(m_reach.count()) * width();
        const QString label =
            m_reach > std::chrono::hours(48) ? dateText(tick, m_zone).mid(5) : minuteText(tick, m_zone);
        const QRectF box(x - 30, track.bottom() + 1, 60, axisHeight);
        if (box.left() >= 0 && box.right() <= width())
            painter.drawText(box, int(Qt::AlignCenter), label);
    }
    if (hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(palette.accent);
        painter.drawRoundedRect(track.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    }
}

const IncidentBar *IncidentLine::barAt(QPointF at) const
{
    for (const IncidentBar &bar : m_bars) {
        if (place(bar).adjusted(-1, -1, 1, 1).contains(at))
            return &bar;
    }
    return nullptr;
}

void IncidentLine::mousePressEvent(QMouseEvent *event)
{
    const IncidentBar *bar = barAt(event->position());
    const alert::Event *incident = bar ? m_book.find(bar->id) : nullptr;
    setSelected(incident ? incident->id : 0);
    if (incident)
        Q_EMIT clicked(*incident);
    else
        Q_EMIT cleared();
}

void IncidentLine::mouseMoveEvent(QMouseEvent *event)
{
    setCursor(barAt(event->position()) ? Qt::PointingHandCursor : Qt::ArrowCursor);
}

void IncidentLine::wheelEvent(QWheelEvent *event)
{
    setReach(milliseconds(qint64(double(m_reach.count()) * (event->angleDelta().y() > 0 ? 0.8 : 1.25))));
    event->accept();
}

void IncidentLine::keyPressEvent(QKeyEvent *event)
{
    if ((event->key() != Qt::Key_Left && event->key() != Qt::Key_Right) || m_bars.empty())
        return QWidget::keyPressEvent(event);
    const auto at = std::ranges::find(m_bars, m_selected, &IncidentBar::id);
    qsizetype next = at == m_bars.end() ? qsizetype(m_bars.size()) - 1 : at - m_bars.begin();
    if (at != m_bars.end())
        next = std::clamp<qsizetype>(next + (event->key() == Qt::Key_Left ? -1 : 1), 0, qsizetype(m_bars.size()) - 1);
    if (const alert::Event *incident = m_book.find(m_bars[size_t(next)].id)) {
        setSelected(incident->id);
        Q_EMIT clicked(*incident);
    }
}

bool IncidentLine::event(QEvent *event)
{
    if (event->type() == QEvent::ToolTip) {
        auto *help = static_cast<QHelpEvent *>(event);
        const IncidentBar *bar = barAt(help->pos());
        if (const alert::Event *incident = bar ? m_book.find(bar->id) : nullptr) {
            const QString until = incident->lasts() ? tr("now") : clockText(incident->until, m_zone);
            QToolTip::showText(help->globalPos(),
                               QStringLiteral("%1 – %2\n%3\n%4")
                                   .arg(clockText(incident->time, m_zone), until, incident->title, incident->detail),
                               this);
        } else {
            QToolTip::hideText();
        }
        return true;
    }
    return QWidget::event(event);
}

} // namespace tk::ui
