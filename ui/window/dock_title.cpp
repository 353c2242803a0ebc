#include "ui/window/dock_title.h"

#include <QDockWidget>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QMainWindow>
#include <QToolButton>

namespace tk::ui {

namespace {

constexpr int tabbedHeight = 4; // px

} // namespace

DockTitle::DockTitle(QDockWidget &dock, const Theme &)
    : QWidget(&dock)
    , m_dock(dock)
    , m_title(new QLabel(dock.windowTitle()))
    , m_float(new QToolButton)
    , m_close(new QToolButton)
{
    QFont bold = m_title->font();
    bold.setBold(true);
    m_title->setFont(bold);
    m_title->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    // Lets the mouse through to the dock, which drags itself.
    m_title->setAttribute(Qt::WA_TransparentForMouseEvents);
    const auto button = [](QToolButton *made, const QString &name, const QString &text, const QString &tip) {
        made->setObjectName(QStringLiteral("closeTab")); // the same quiet look
        made->setAccessibleName(name);
        made->setText(text);
        made->setToolTip(tip);
        made->setFocusPolicy(Qt::NoFocus);
        QSizePolicy policy = made->sizePolicy();
        policy.setRetainSizeWhenHidden(true);
        made->setSizePolicy(policy);
        made->hide();
    };
    button(m_float, tr("Float"), QStringLiteral("◱"), tr("Take out of the window, or put back"));
    button(m_close, tr("Close"), QStringLiteral("×"), tr("Close; View brings it back"));
    connect(m_float, &QToolButton::clicked, &dock, [&dock] { dock.setFloating(!dock.isFloating()); });
    connect(m_close, &QToolButton::clicked, &dock, &QWidget::close);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(8, 2, 4, 0);
    layout->setSpacing(0);
    layout->addWidget(m_title, 1);
    layout->addWidget(m_float);
    layout->addWidget(m_close);
    dock.installEventFilter(this);
    connect(&dock, &QDockWidget::dockLocationChanged, this, &DockTitle::refresh);
    connect(&dock, &QDockWidget::topLevelChanged, this, &DockTitle::refresh);
    connect(&dock, &QDockWidget::visibilityChanged, this, &DockTitle::refresh);
}

void DockTitle::refresh()
{
    const auto *window = qobject_cast<QMainWindow *>(m_dock.parentWidget());
    const bool tabbed = window && !m_dock.isFloating() && !window->tabifiedDockWidgets(&m_dock).isEmpty();
    m_title->setText(tabbed ? QString() : m_dock.windowTitle());
    // A tab tells the name already, and is dragged to take the panel out: no second bar below it.
    m_isTabbed = tabbed;
    setFixedHeight(tabbed ? tabbedHeight : sizeHint().height());
}

bool DockTitle::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == &m_dock && (event->type() == QEvent::WindowTitleChange || event->type() == QEvent::Show))
        refresh();
    return QWidget::eventFilter(watched, event);
}

void DockTitle::enterEvent(QEnterEvent *)
{
    if (m_isTabbed)
        return;
    m_float->show();
    m_close->show();
}

void DockTitle::leaveEvent(QEvent *)
{
    m_float->hide();
    m_close->hide();
}

} // namespace tk::ui
