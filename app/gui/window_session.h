// One run of the window: on an engine of its own, or attached to one that runs. Main thread.
#pragma once

#include "app/command_line.h"
#include "app/engine_session.h"
#include "app/gui/single_window.h"
#include "monitor/engine_view.h"
#include "ui/support/asker.h"
#include "ui/support/theme.h"
#include "ui/window/main_window.h"
#include "ui/window/tray.h"
#include "ui/window/welcome.h"

#include <QSettings>

#include <memory>

namespace tk::app {

class WindowSession final : public QObject
{
    Q_OBJECT
public:
    explicit WindowSession(CommandLine line);
    ~WindowSession() override;

    void start(); // ends in QCoreApplication::exit()

    ui::MainWindow *window() { return m_window.get(); }

private:
    void begin();
    void welcome();
    void writeFirstConfig(const QByteArray &content);
    void attach(const QString &target);
    void startEngine(const config::Settings &settings);
    void readSecrets(const config::Settings &settings, std::function<void()> then);
    void runEngine(const config::Settings &settings);
    void show(monitor::EngineConnection::Way way);
    void bringForward();
    void askQuit();
    void cancelBackfillsAndQuit();
    void quit();
    void fail(const QString &title, const QString &text, int code);

    CommandLine m_line;
    QSettings m_settings; // of the window
    ui::Theme m_theme;
    ui::DesktopAsker m_asker;
    int m_exitCode = Done;
    std::unique_ptr<ui::Keyring> m_keyring; // of the engine inside
    config::Secret m_token;                 // from it
    config::Secret m_password;
    std::unique_ptr<SingleWindow> m_single;
    std::unique_ptr<ui::Welcome> m_welcome;
    std::unique_ptr<EngineSession> m_engine;     // nothing: attached
    std::unique_ptr<monitor::EngineView> m_view; // its link needs the engine
    std::unique_ptr<ui::MainWindow> m_window;
    std::unique_ptr<ui::Tray> m_tray;
};

} // namespace tk::app
