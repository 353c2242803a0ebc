// `tapekeeper hosts push`: once to every host that takes files, all of them at once.
#pragma once

#include "app/commands/command.h"
#include "app/push_service.h"
#include "runtime/signal_watcher.h"

namespace tk::app {

class HostsPushCommand final : public Command
{
    Q_OBJECT
public:
    HostsPushCommand(const CommandLine &line, const config::Settings &settings);

    void start() override;

private:
    void pushed(const PushOutcome &outcome);

    std::shared_ptr<const Clock> m_clock;
    std::shared_ptr<std::atomic<bool>> m_stop = std::make_shared<std::atomic<bool>>(false);
    runtime::SignalWatcher m_signals;
    Table m_table;
    int m_code = Done;
    size_t m_waiting = 0;
    std::unique_ptr<PushService> m_service; // last: its threads use the above
};

} // namespace tk::app
