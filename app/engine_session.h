// One run of the engine, with a window beside it or without: start, signals, service manager, reload, progress, orderly
// end. Main thread.
#pragma once

#include "app/command_line.h"
#include "app/demo.h"
#include "app/engine.h"
#include "app/fill_bar.h"
#include "config/load.h"
#include "runtime/sd_notify.h"
#include "runtime/signal_watcher.h"

#include <QThreadPool>
#include <QTimer>

#include <functional>
#include <memory>
#include <optional>

namespace tk::app {

class EngineSession final : public QObject
{
    Q_OBJECT
public:
    EngineSession(CommandLine line, config::Settings settings);
    ~EngineSession() override;

    // Puts in what the configuration does not say, whenever it is read: secrets of the desktop's keyring.
    void setSecrets(std::function<void(config::Settings &)> secrets);

    void start(); // ends in ended()
    void stop();  // as SIGTERM does

    Engine *engine() { return m_engine.get(); }
    const config::Settings &settings() const { return m_settings; }
    const QString &failure() const { return m_failure; } // why it ended by itself; empty: it did not

Q_SIGNALS:
    void created(tk::app::Engine &engine); // before it starts
    void stopping();                       // it drains; its link still stands
    void ended(int exitCode);              // from the event loop, once

private:
    void startEngine();
    void terminate(int count);
    void reload(const std::function<void(const Status &)> &done);
    Status takeConfig(config::LoadResult loaded);
    void end(bool clean);
    void exit(int code);

    CommandLine m_line;
    config::Settings m_settings;
    std::function<void(config::Settings &)> m_secrets;
    std::shared_ptr<const Clock> m_clock;
    runtime::SdNotify m_manager;
    runtime::SignalWatcher m_signals;
    QTimer m_watchdog;
    FillBar m_bar;
    QString m_failure;
    int m_exitCode = Done;
    bool m_stopping = false;
    std::optional<Demo> m_demo; // outlives the engine
    std::unique_ptr<Engine> m_engine;
    QThreadPool m_loader; // reads and judges the configuration, one after the other; last: its end waits for what runs
};

} // namespace tk::app
