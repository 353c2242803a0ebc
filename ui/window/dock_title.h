// A slim head of a dock: its title, and on hover the buttons to float and to close it. A tabbed one has its title in
// the tab. Drags the dock as the usual one does.
#pragma once

#include "ui/support/theme.h"

#include <QWidget>

class QDockWidget;
class QLabel;
class QToolButton;

namespace tk::ui {

class DockTitle final : public QWidget
{
    Q_OBJECT
public:
    DockTitle(QDockWidget &dock, const Theme &theme);

protected:
    void enterEvent(QEnterEvent *event) override;
    void leaveEvent(QEvent *event) override;
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void refresh();

    QDockWidget &m_dock;
    bool m_isTabbed = false;
    QLabel *m_title;
    QToolButton *m_float;
    QToolButton *m_close;
};

} // namespace tk::ui
