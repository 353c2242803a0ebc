#include "ui/window/tray.h"

#include "ui/panels/status_strip.h"

#include <QMenu>
#include <QPainter>

namespace tk::ui {

QIcon verdictIcon(monitor::Verdict verdict, const Palette &palette)
{
    QIcon icon;
    for (const int size : {16, 22, 32, 48, 64}) {
        QPixmap pixmap(size, size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paintVerdict(painter, QRectF(size * 0.12, size * 0.12, size * 0.76, size * 0.76), verdict, palette);
        icon.addPixmap(pixmap);
    }
    return icon;
}

// A tape: three candles on a rounded ground, drawn for every size.
QIcon applicationIcon()
{
    QIcon icon;
    for (const int size : {16, 24, 32, 48, 64, 128, 256}) {
        QPixmap pixmap(size, size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.scale(size / 64.0, size / 64.0);
        const Palette palette = Palette::dark();
        painter.setPen(Qt::NoPen);
        painter.setBrush(palette.window);
        painter.drawRoundedRect(QRectF(2, 2, 60, 60), 12, 12);
        struct Bar
        {
            double x, high, low, top, bottom;
            bool up;
        };
        for (const Bar &bar :
             {Bar{17, 22, 50, 30, 44, false}, Bar{32, 12, 46, 20, 40, true}, Bar{47, 16, 42, 18, 30, true}}) {
            const QColor colour = bar.up ? palette.live : palette.stale;
            painter.setPen(QPen(colour, 2.5));
            painter.drawLine(QPointF(bar.x, bar.high), QPointF(bar.x, bar.low));
            painter.setPen(Qt::NoPen);
            painter.setBrush(colour);
            painter.drawRoundedRect(QRectF(bar.x - 5, bar.top, 10, bar.bottom - bar.top), 1.5, 1.5);
        }
        painter.end();
        icon.addPixmap(pixmap);
    }
    return icon;
}

std::optional<Notification> notificationOf(const alert::Event &event)
{
    if (event.kind != alert::EventKind::Incident)
        return {};
    if (event.lasts())
        return Notification{event.title, event.detail, event.severity == alert::Severity::Trouble};
    return Notification{Tray::tr("Over: %1").arg(event.title), event.detail, false};
}

Tray::Tray(monitor::EngineView &engine, const Theme &theme, QObject *parent)
    : QObject(parent)
    , m_theme(theme)
    , m_menu(std::make_unique<QMenu>())
{
    connect(m_menu->addAction(tr("Show Tapekeeper")), &QAction::triggered, this, &Tray::showWanted);
    connect(m_menu->addAction(tr("Quit")), &QAction::triggered, this, &Tray::quitWanted);
    m_icon.setContextMenu(m_menu.get());
    m_icon.setIcon(verdictIcon(m_line.verdict, theme.palette()));
    connect(&m_icon, &QSystemTrayIcon::activated, this, [this](QSystemTrayIcon::ActivationReason reason) {
        if (reason == QSystemTrayIcon::Trigger || reason == QSystemTrayIcon::DoubleClick)
            Q_EMIT showWanted();
    });
    connect(&m_icon, &QSystemTrayIcon::messageClicked, this, &Tray::showWanted);
    connect(&theme, &Theme::changed, this, [this] { m_icon.setIcon(verdictIcon(m_line.verdict, m_theme.palette())); });
    connect(&engine.events(), &monitor::EventBook::happened, this, &Tray::told);
    connect(&engine.events(), &monitor::EventBook::replaced, this, [this, &engine](int at) {
        if (const alert::Event &event = engine.events().events()[size_t(at)]; !event.lasts())
            told(event);
    });
    m_icon.show();
}

Tray::~Tray() = default;

void Tray::setLine(const monitor::StatusLine &line)
{
    const bool verdict = line.verdict != m_line.verdict;
    m_line = line;
    m_icon.setToolTip(tr("Tapekeeper: %1").arg(line.text));
    if (verdict)
        m_icon.setIcon(verdictIcon(line.verdict, m_theme.palette()));
}

void Tray::told(const alert::Event &event)
{
    if (const auto notification = notificationOf(event); notification && QSystemTrayIcon::supportsMessages())
        m_icon.showMessage(notification->title, notification->text,
                           notification->urgent ? QSystemTrayIcon::Warning : QSystemTrayIcon::Information);
}

} // namespace tk::ui
