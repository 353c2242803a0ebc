// tapekeeper copy: what one store holds, into the other.
#pragma once

#include "app/commands/command.h"
#include "app/commands/progress_line.h"
#include "app/store_copy.h"
#include "runtime/signal_watcher.h"

#include <atomic>
#include <optional>
#include <thread>

namespace tk::app {

class CopyCommand final : public Command
{
    Q_OBJECT
public:
    CopyCommand(const CommandLine &commandLine, const config::Settings &givenSettings);
    ~CopyCommand() override;

    void start() override;

private:
    Result<CopyWish> wish() const;
    void show(const CopyReport &report);

    runtime::SignalWatcher m_signals;
    std::optional<ProgressLine> m_bar;
    std::atomic<bool> m_stop{false};
    std::thread m_worker;
};

} // namespace tk::app
