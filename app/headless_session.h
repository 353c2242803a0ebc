// One run of the engine without a window: start, signals, service manager, reload, progress, orderly end. Main thread.
#pragma once

#include "app/command_line.h"
#include "app/demo.h"
#include "app/engine.h"
#include "app/fill_bar.h"
#include "runtime/sd_notify.h"
#include "runtime/signal_watcher.h"

#include <QTimer>

#include <memory>
#include <optional>

namespace tk::app {

class HeadlessSession final : public QObject
{
    Q_OBJECT
public:
    HeadlessSession(CommandLine line, config::Settings settings);
    ~HeadlessSession() override;

    void start(); // ends in QCoreApplication::exit()

private:
    void startEngine();
    void terminate(int count);
    void reload();
    void end(bool clean);
    void exit(int code);

    CommandLine m_line;
    config::Settings m_settings;
    std::shared_ptr<const Clock> m_clock;
    runtime::SdNotify m_manager;
    runtime::SignalWatcher m_signals;
    QTimer m_watchdog;
    FillBar m_bar;
    int m_exitCode = Done;
    bool m_stopping = false;
    std::optional<Demo> m_demo; // outlives the engine
    std::unique_ptr<Engine> m_engine;
};

} // namespace tk::app
