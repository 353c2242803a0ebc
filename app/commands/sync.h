// tapekeeper sync: feather files for freqtrade, from the store; once, or every interval until it is told to stop.
#pragma once

#include "app/commands/command.h"
#include "app/commands/progress_line.h"
#include "runtime/signal_watcher.h"
#include "sync/sync_run.h"

#include <QTimer>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

namespace tk::app {

class SyncCommand final : public Command
{
    Q_OBJECT
public:
    SyncCommand(const CommandLine &commandLine, const config::Settings &givenSettings);
    ~SyncCommand() override;

    void start() override;

private:
    Result<config::SyncSettings> wish() const;
    void run();
    void ended(const Result<sync::SyncReport> &result);
    bool show(const sync::SyncReport &report); // false: nobody takes the table
    void showReceipts();

    std::shared_ptr<const Clock> m_clock;
    config::SyncSettings m_wish;
    runtime::SignalWatcher m_signals;
    QTimer m_timer;
    std::optional<ProgressLine> m_bar;
    std::atomic<bool> m_stop{false};
    std::thread m_worker;
};

} // namespace tk::app
