// The operator's window on an engine of the rig: in the same process, over the engine's socket, or over ssh. The same
// tests pass on all of them.
#pragma once

#include "engine_rig.h"
#include "monitor/engine_view.h"
#include "ssh_host.h"
#include "ui/support/asker.h"
#include "ui/window/main_window.h"

#include <QSettings>

namespace tk::test {

// Answers at once, and keeps what was asked.
class ReadyAsker final : public ui::Asker
{
public:
    void confirm(QWidget *, const Question &question, std::function<void()> yes) override
    {
        asked.append(question.title);
        if (agrees)
            yes();
    }
    void saveFile(QWidget *, const QString &, const QString &, const QString &,
                  std::function<void(const QString &file)> chosen) override
    {
        if (!file.isEmpty())
            chosen(file);
    }
    void tell(QWidget *, const QString &title, const QString &text) override
    {
        told.append(title + QStringLiteral(": ") + text);
    }

    bool agrees = true;
    QString file;
    QStringList asked;
    QStringList told;
};

enum class WindowWay { Local, Socket, Ssh };

class WindowRig
{
public:
    explicit WindowRig(WindowWay way, RigOptions options = {});
    ~WindowRig();

    // The engine, and the window on it; false: something could not be started.
    bool start();
    bool isPossible() const { return m_way != WindowWay::Ssh || m_ssh.isRunning(); }

    EngineRig &rig() { return m_rig; }
    ui::MainWindow &window() { return *m_window; }
    monitor::EngineView &view() { return *m_view; }
    ui::Theme &theme() { return m_theme; }
    ReadyAsker &asker() { return m_asker; }
    QSettings &settings() { return m_settings; }
    SshHost &ssh() { return m_ssh; }

    bool waitUntil(const std::function<bool()> &condition, milliseconds patience = std::chrono::seconds(60))
    {
        return m_rig.waitUntil(condition, patience);
    }
    const monitor::PairRow *pair(const QString &name) const;
    void openWindow(); // anew, with the settings that are kept
    void closeWindow();
    void closeView();

    // Where pictures are wanted (TAPEKEEPER_SHOTS names a folder), in both themes.
    void shoot(QWidget &widget, const QString &name);

private:
    monitor::EngineConnection::Way makeWay();

    WindowWay m_way;
    SshHost m_ssh;
    EngineRig m_rig;
    QTemporaryDir m_folder;
    ui::Theme m_theme{true};
    ReadyAsker m_asker;
    QSettings m_settings;
    std::unique_ptr<monitor::EngineView> m_view;
    std::unique_ptr<ui::MainWindow> m_window;
};

} // namespace tk::test
