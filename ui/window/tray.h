// The icon in the tray: the state at a glance, notifications of incidents, show and quit.
#pragma once

#include "monitor/engine_view.h"
#include "monitor/status_sentence.h"
#include "ui/support/theme.h"

#include <QIcon>
#include <QObject>
#include <QSystemTrayIcon>

class QMenu;

namespace tk::ui {

QIcon verdictIcon(monitor::Verdict verdict, const Palette &palette);
QIcon applicationIcon();

// What a notification of this event says; nothing: it is not worth one. One for the begin of an incident, one for its
// end. Pure.
struct Notification
{
    QString title;
    QString text;
    bool urgent = false;
};
std::optional<Notification> notificationOf(const alert::Event &event);

class Tray final : public QObject
{
    Q_OBJECT
public:
    Tray(monitor::EngineView &engine, const Theme &theme, QObject *parent = nullptr);
    ~Tray() override;

    static bool isAvailable() { return QSystemTrayIcon::isSystemTrayAvailable(); }
    void setLine(const monitor::StatusLine &line);

Q_SIGNALS:
    void showWanted();
    void quitWanted();

private:
    void told(const alert::Event &event);

    const Theme &m_theme;
    monitor::StatusLine m_line;
    std::unique_ptr<QMenu> m_menu;
    QSystemTrayIcon m_icon;
};

} // namespace tk::ui
