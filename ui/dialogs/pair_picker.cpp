#include "ui/dialogs/pair_picker.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QSignalBlocker>
#include <QToolButton>
#include <QVBoxLayout>

namespace tk::ui {

PairPicker::PairPicker(QWidget *parent)
    : QWidget(parent)
    , m_filter(new QLineEdit)
    , m_list(new QListWidget)
    , m_count(new QLabel)
{
    m_filter->setObjectName(QStringLiteral("pickerFilter"));
    m_filter->setPlaceholderText(tr("Filter pairs"));
    m_filter->setAccessibleName(tr("Filter pairs"));
    m_filter->setClearButtonEnabled(true);
    m_list->setObjectName(QStringLiteral("pickerList"));
    m_list->setAccessibleName(tr("Pairs"));
    m_list->setUniformItemSizes(true);
    m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_count->setForegroundRole(QPalette::PlaceholderText);
    auto *all = new QToolButton;
    all->setObjectName(QStringLiteral("pickAll"));
    all->setText(tr("All shown"));
    auto *none = new QToolButton;
    none->setObjectName(QStringLiteral("pickNone"));
    none->setText(tr("None"));
    auto *row = new QHBoxLayout;
    row->addWidget(m_count, 1);
    row->addWidget(all);
    row->addWidget(none);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(4);
    layout->addWidget(m_filter);
    layout->addWidget(m_list, 1);
    layout->addLayout(row);
    connect(m_filter, &QLineEdit::textChanged, this, &PairPicker::filter);
    connect(all, &QToolButton::clicked, this, [this] { checkAllShown(true); });
    connect(none, &QToolButton::clicked, this, [this] { setChecked({}); });
    connect(m_list, &QListWidget::itemChanged, this, [this] {
        showCount();
        Q_EMIT changed();
    });
    showCount();
}

void PairPicker::setPairs(const QStringList &pairs)
{
    const QStringList before = checked();
    const QSignalBlocker quiet(m_list);
    m_list->clear();
    for (const QString &pair : pairs) {
        auto *item = new QListWidgetItem(pair, m_list);
        item->setFlags(item->flags() | Qt::ItemIsUserCheckable);
        item->setCheckState(before.contains(pair) ? Qt::Checked : Qt::Unchecked);
    }
    filter(m_filter->text());
    showCount();
}

QStringList PairPicker::checked() const
{
    QStringList pairs;
    for (int row = 0; row < m_list->count(); ++row) {
        if (m_list->item(row)->checkState() == Qt::Checked)
            pairs.append(m_list->item(row)->text());
    }
    return pairs;
}

void PairPicker::setChecked(const QStringList &pairs)
{
    {
        const QSignalBlocker quiet(m_list);
        for (int row = 0; row < m_list->count(); ++row) {
            QListWidgetItem *item = m_list->item(row);
            item->setCheckState(pairs.contains(item->text()) ? Qt::Checked : Qt::Unchecked);
        }
    }
    showCount();
    Q_EMIT changed();
}

void PairPicker::checkAllShown(bool checked)
{
    {
        const QSignalBlocker quiet(m_list);
        for (int row = 0; row < m_list->count(); ++row) {
            if (QListWidgetItem *item = m_list->item(row); !item->isHidden())
                item->setCheckState(checked ? Qt::Checked : Qt::Unchecked);
        }
    }
    showCount();
    Q_EMIT changed();
}

int PairPicker::count() const
{
    return m_list->count();
}

void PairPicker::filter(const QString &text)
{
    for (int row = 0; row < m_list->count(); ++row) {
        QListWidgetItem *item = m_list->item(row);
        item->setHidden(!item->text().contains(text.trimmed(), Qt::CaseInsensitive));
    }
}

void PairPicker::showCount()
{
    m_count->setText(tr("%1 of %2 chosen").arg(checked().size()).arg(m_list->count()));
}

} // namespace tk::ui
