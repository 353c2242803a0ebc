// Choosing pairs: a list with check marks and a filter. Nothing checked means nothing is chosen.
#pragma once

#include <QWidget>

class QLabel;
class QLineEdit;
class QListWidget;

namespace tk::ui {

class PairPicker final : public QWidget
{
    Q_OBJECT
public:
    explicit PairPicker(QWidget *parent = nullptr);

    void setPairs(const QStringList &pairs); // those checked stay checked
    QStringList checked() const;
    void setChecked(const QStringList &pairs);
    void checkAllShown(bool checked);
    int count() const;

Q_SIGNALS:
    void changed();

private:
    void filter(const QString &text);
    void showCount();

    QLineEdit *m_filter;
    QListWidget *m_list;
    QLabel *m_count;
};

} // namespace tk::ui
