#include "ui/dialogs/heat_map.h"

#include "ui/support/format.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>

namespace tk::ui {

namespace {

constexpr int nameWidth = 190;
constexpr int headHeight = 26;
constexpr int cellWidth = 30;
constexpr int cellHeight = 20;

} // namespace

HeatMap::HeatMap(const Theme &theme, QWidget *parent)
    : QAbstractScrollArea(parent)
    , m_theme(theme)
{
    setObjectName(QStringLiteral("heatMap"));
    setAccessibleName(tr("Completeness by series and day"));
    setFocusPolicy(Qt::StrongFocus);
    viewport()->setMouseTracking(true);
    setFrameShape(QFrame::NoFrame);
    connect(&theme, &Theme::changed, viewport(), qOverload<>(&QWidget::update));
}

void HeatMap::setCompleteness(Completeness completeness)
{
    m_completeness = std::move(completeness);
    m_row = m_column = -1;
    arrange();
    // The newest days are what people look for.
    horizontalScrollBar()->setValue(horizontalScrollBar()->maximum());
}

void HeatMap::setFilter(const QString &text, std::optional<Timeframe> timeframe, bool incompleteOnly)
{
    m_text = text.trimmed();
    m_timeframe = timeframe;
    m_incompleteOnly = incompleteOnly;
    arrange();
}

void HeatMap::arrange()
{
    m_rows.clear();
    for (size_t i = 0; i < m_completeness.series().size(); ++i) {
        const SeriesKey &series = m_completeness.series()[i];
        if (m_timeframe && series.timeframe != *m_timeframe)
            continue;
        if (!m_text.isEmpty() && !series.pair.contains(m_text, Qt::CaseInsensitive))
            continue;
        const DayCell total = m_completeness.total(i);
        if (m_incompleteOnly && total.missing + total.unfillable == 0)
            continue;
        m_rows.push_back(i);
    }
    const int height = viewport()->height() - headHeight;
    const int width = viewport()->width() - nameWidth;
    verticalScrollBar()->setPageStep(std::max(1, height));
    verticalScrollBar()->setSingleStep(cellHeight);
    verticalScrollBar()->setRange(0, std::max(0, int(m_rows.size()) * cellHeight - height));
    horizontalScrollBar()->setPageStep(std::max(1, width));
    horizontalScrollBar()->setSingleStep(cellWidth);
    horizontalScrollBar()->setRange(0, std::max(0, int(m_completeness.days().size()) * cellWidth - width));
    viewport()->update();
}

void HeatMap::resizeEvent(QResizeEvent *)
{
    arrange();
}

QRect HeatMap::cellRect(int row, int column) const
{
    return {nameWidth + column * cellWidth - horizontalScrollBar()->value(),
            headHeight + row * cellHeight - verticalScrollBar()->value(), cellWidth - 1, cellHeight - 1};
}

std::optional<std::pair<int, int>> HeatMap::cellAt(QPoint at) const
{
    if (at.x() < nameWidth || at.y() < headHeight)
        return {};
    const int row = (at.y() - headHeight + verticalScrollBar()->value()) / cellHeight;
    const int column = (at.x() - nameWidth + horizontalScrollBar()->value()) / cellWidth;
    if (row >= int(m_rows.size()) || column >= int(m_completeness.days().size()))
        return {};
    return std::pair(row, column);
}

QColor HeatMap::colour(const DayCell &cell) const
{
    const Palette &palette = m_theme.palette();
    if (!cell.isKnown())
        return palette.window;
    if (cell.missing == 0 && cell.unfillable == 0)
        return mixed(palette.panel, palette.live, 0.55);
    const QColor strong = cell.missing > 0 ? palette.stale : palette.late;
    const double share = double(cell.missing + cell.unfillable) / double(cell.expected);
    return mixed(palette.panel, strong, 0.35 + 0.6 * share);
}

void HeatMap::paintEvent(QPaintEvent *)
{
    const Palette &palette = m_theme.palette();
    QPainter painter(viewport());
    painter.fillRect(viewport()->rect(), palette.panel);
    const auto &days = m_completeness.days();
    const int firstRow = std::max(0, verticalScrollBar()->value() / cellHeight);
    const int lastRow =
        std::min(int(m_rows.size()) - 1, (verticalScrollBar()->value() + viewport()->height()) / cellHeight);
    painter.setClipRect(nameWidth, headHeight, viewport()->width(), viewport()->height());
    for (int row = firstRow; row <= lastRow; ++row) {
        for (int column = 0; column < int(days.size()); ++column) {
            const QRect box = cellRect(row, column);
            if (box.right() < nameWidth || box.left() > viewport()->width())
                continue;
            const DayCell cell = m_completeness.cell(m_rows[size_t(row)], size_t(column));
            painter.fillRect(box, colour(cell));
            // A number beside the colour: how many are missing.
            if (cell.missing + cell.unfillable > 0) {
                painter.setPen(palette.text);
                painter.drawText(box, int(Qt::AlignCenter),
                                 cell.missing + cell.unfillable > 999
                                     ? QStringLiteral("%1k").arg((cell.missing + cell.unfillable) / 1000)
                                     : QString::number(cell.missing + cell.unfillable));
            }
            if (row == m_row && column == m_column) {
                painter.setPen(palette.accent);
                painter.drawRect(box.adjusted(0, 0, -1, -1));
            }
        }
    }
    painter.setClipRect(0, headHeight, nameWidth, viewport()->height());
    for (int row = firstRow; row <= lastRow; ++row) {
        const SeriesKey &series = m_completeness.series()[m_rows[size_t(row)]];
        const QRect box(8, cellRect(row, 0).top(), nameWidth - 50, cellHeight);
        painter.setPen(palette.text);
        painter.drawText(box, int(Qt::AlignVCenter | Qt::AlignLeft),
                         fontMetrics().elidedText(series.pair, Qt::ElideRight, box.width()));
        painter.setPen(palette.secondaryText);
        painter.drawText(QRect(nameWidth - 42, box.top(), 36, cellHeight), int(Qt::AlignVCenter | Qt::AlignRight),
                         timeframeText(series.timeframe));
    }
    painter.setClipRect(nameWidth, 0, viewport()->width(), headHeight);
    painter.setPen(palette.secondaryText);
    for (int column = 0; column < int(days.size()); ++column) {
        const QDate &day = days[size_t(column)];
        const QRect cell = cellRect(0, column);
        const bool begins = day.day() == 1 || column == 0;
        painter.drawText(QRect(cell.left() - (begins ? 4 : 0), 2, cellWidth + (begins ? 20 : 0), headHeight - 4),
                         int((begins ? Qt::AlignLeft : Qt::AlignHCenter) | Qt::AlignVCenter),
                         begins ? QLocale::c().toString(day, QStringLiteral("MMM")) : QString::number(day.day()));
    }
    painter.setClipping(false);
    if (m_rows.empty()) {
        painter.setPen(palette.secondaryText);
        painter.drawText(viewport()->rect(), int(Qt::AlignCenter),
                         m_completeness.series().empty() ? tr("No stored candles yet")
                         : m_incompleteOnly              ? tr("Everything on record is complete")
                                                         : tr("No series matches"));
    }
}

QString HeatMap::cellText(int row, int column) const
{
    const SeriesKey &series = m_completeness.series()[m_rows[size_t(row)]];
    const DayCell cell = m_completeness.cell(m_rows[size_t(row)], size_t(column));
    const QString head = QStringLiteral("%1 · %2 · %3")
                             .arg(series.pair, timeframeText(series.timeframe),
                                  m_completeness.days()[size_t(column)].toString(Qt::ISODate));
    if (!cell.isKnown())
        return head + u'\n' + tr("before the record begins");
    QString text =
        head + u'\n' +
        tr("%1 of %2 candles").arg(countText(cell.expected - cell.missing - cell.unfillable), countText(cell.expected));
    if (cell.missing > 0)
        text += u'\n' + tr("%1 missing, can be fetched").arg(countText(cell.missing));
    if (cell.unfillable > 0)
        text += u'\n' + tr("%1 unfillable: the exchange does not have them").arg(countText(cell.unfillable));
    return text;
}

std::optional<std::pair<SeriesKey, QDate>> HeatMap::current() const
{
    if (m_row < 0 || m_row >= int(m_rows.size()) || m_column < 0)
        return {};
    return std::pair(m_completeness.series()[m_rows[size_t(m_row)]], m_completeness.days()[size_t(m_column)]);
}

void HeatMap::setCurrent(int row, int column)
{
    if (m_rows.empty() || m_completeness.days().empty())
        return;
    m_row = std::clamp(row, 0, int(m_rows.size()) - 1);
    m_column = std::clamp(column, 0, int(m_completeness.days().size()) - 1);
    const QRect box = cellRect(m_row, m_column);
    if (box.top() < headHeight)
        verticalScrollBar()->setValue(verticalScrollBar()->value() + box.top() - headHeight);
    if (box.bottom() > viewport()->height())
        verticalScrollBar()->setValue(verticalScrollBar()->value() + box.bottom() - viewport()->height());
    if (box.left() < nameWidth)
        horizontalScrollBar()->setValue(horizontalScrollBar()->value() + box.left() - nameWidth);
    if (box.right() > viewport()->width())
        horizontalScrollBar()->setValue(horizontalScrollBar()->value() + box.right() - viewport()->width());
    setAccessibleDescription(cellText(m_row, m_column));
    viewport()->update();
    Q_EMIT currentChanged();
}

void HeatMap::mousePressEvent(QMouseEvent *event)
{
    if (const auto cell = cellAt(event->position().toPoint()))
        setCurrent(cell->first, cell->second);
}

void HeatMap::mouseDoubleClickEvent(QMouseEvent *event)
{
    if (!cellAt(event->position().toPoint()))
        return;
    if (const auto chosen = current())
        Q_EMIT cellActivated(chosen->first, chosen->second);
}

void HeatMap::keyPressEvent(QKeyEvent *event)
{
    switch (event->key()) {
    case Qt::Key_Left:
        return setCurrent(m_row, m_column - 1);
    case Qt::Key_Right:
        return setCurrent(m_row, m_column + 1);
    case Qt::Key_Up:
        return setCurrent(m_row - 1, m_column);
    case Qt::Key_Down:
        return setCurrent(m_row + 1, m_column);
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (const auto chosen = current())
            Q_EMIT cellActivated(chosen->first, chosen->second);
        return;
    default:
        QAbstractScrollArea::keyPressEvent(event);
    }
}

bool HeatMap::viewportEvent(QEvent *event)
{
    if (event->type() == QEvent::ToolTip) {
        auto *help = static_cast<QHelpEvent *>(event);
        if (const auto cell = cellAt(help->pos()))
            QToolTip::showText(help->globalPos(), cellText(cell->first, cell->second), viewport());
        else
            QToolTip::hideText();
        return true;
    }
    return QAbstractScrollArea::viewportEvent(event);
}

} // namespace tk::ui
