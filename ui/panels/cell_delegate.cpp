#include "ui/panels/cell_delegate.h"

#include "ui/models/pair_model.h"
#include "ui/support/state_mark.h"

#include <QApplication>
#include <QPainter>

namespace tk::ui {

namespace {

constexpr int markSize = 9;
constexpr int markRoom = 18; // left of the word

} // namespace

CellDelegate::CellDelegate(const Theme &theme, int stateColumn, int stateRole, int toneRole, QObject *parent)
    : QStyledItemDelegate(parent)
    , m_theme(theme)
    , m_stateColumn(stateColumn)
    , m_stateRole(stateRole)
    , m_toneRole(toneRole)
{}

void CellDelegate::initStyleOption(QStyleOptionViewItem *option, const QModelIndex &index) const
{
    QStyledItemDelegate::initStyleOption(option, index);
    const Palette &palette = m_theme.palette();
    QColor colour = palette.text;
    if (index.column() == m_stateColumn) {
        const auto state = StreamState(index.data(m_stateRole).toInt());
        if (state != StreamState::Live)
            colour = stateColour(palette, state);
    } else {
        switch (PairModel::Tone(index.data(m_toneRole).toInt())) {
        case PairModel::Tone::Plain:
            break;
        case PairModel::Tone::Faint:
            colour = palette.secondaryText;
            break;
        case PairModel::Tone::Warning:
            colour = palette.late;
            break;
        case PairModel::Tone::Trouble:
            colour = palette.stale;
            break;
        }
    }
    if (!(option->state & QStyle::State_Enabled)) // of the past: nothing may look fresh
        colour = palette.secondaryText;
    option->palette.setColor(QPalette::Text, colour);
    option->palette.setColor(QPalette::HighlightedText, colour);
    option->textElideMode = Qt::ElideRight;
}

void CellDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    if (index.column() != m_stateColumn) {
        QStyledItemDelegate::paint(painter, option, index);
        return;
    }
    QStyleOptionViewItem cell = option;
    initStyleOption(&cell, index);
    const QString word = std::exchange(cell.text, {});
    const QWidget *view = option.widget;
    QStyle *style = view ? view->style() : QApplication::style();
    style->drawControl(QStyle::CE_ItemViewItem, &cell, painter, view); // the ground alone
    const QRect room = option.rect.adjusted(6, 0, -4, 0);
    const QRectF mark(room.left(), room.center().y() - markSize / 2.0 + 0.5, markSize, markSize);
    const auto state = StreamState(index.data(m_stateRole).toInt());
    const bool fresh = option.state & QStyle::State_Enabled;
    paintMark(*painter, mark, markShape(state),
              fresh ? stateColour(m_theme.palette(), state) : m_theme.palette().secondaryText);
    painter->save();
    painter->setFont(cell.font);
    painter->setPen(cell.palette.color(QPalette::Text));
    const QRect text = room.adjusted(markRoom, 0, 0, 0);
    painter->drawText(text, int(Qt::AlignLeft | Qt::AlignVCenter),
                      cell.fontMetrics.elidedText(word, Qt::ElideRight, text.width()));
    painter->restore();
}

QSize CellDelegate::sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    QSize size = QStyledItemDelegate::sizeHint(option, index);
    size.setHeight(rowHeight);
    if (index.column() == m_stateColumn)
        size.rwidth() += markRoom;
    return size;
}

} // namespace tk::ui
