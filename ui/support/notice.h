// What a view shows in place of what is not there: a title, and how to get it. Laid over the view; lets the mouse
// through.
#pragma once

#include <QWidget>

class QLabel;

namespace tk::ui {

class Notice final : public QWidget
{
    Q_OBJECT
public:
    explicit Notice(QWidget *over); // follows its size

    void say(const QString &title, const QString &detail = {}); // empty title: nothing to say
    QString text() const;

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    QLabel *m_title;
    QLabel *m_detail;
};

} // namespace tk::ui
