// Paints cells: the tone of a value as a colour, the state as shape, colour and word. For models with PairModel's
// roles.
#pragma once

#include "ui/support/theme.h"

#include <QStyledItemDelegate>

namespace tk::ui {

class CellDelegate final : public QStyledItemDelegate
{
    Q_OBJECT
public:
    // `stateRole` holds an int(StreamState) on the cells of `stateColumn`; `toneRole` an int(PairModel::Tone).
    CellDelegate(const Theme &theme, int stateColumn, int stateRole, int toneRole, QObject *parent = nullptr);

    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;

protected:
    void initStyleOption(QStyleOptionViewItem *option, const QModelIndex &index) const override;

private:
    const Theme &m_theme;
    int m_stateColumn;
    int m_stateRole;
    int m_toneRole;
};

inline constexpr int rowHeight = 24; // px, of every table

} // namespace tk::ui
