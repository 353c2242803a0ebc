// `tapekeeper gaps [--repair]`: what is missing, why, and whether somebody works on it.
#pragma once

#include "app/commands/command.h"
#include "app/commands/engine_access.h"
#include "app/commands/progress_line.h"
#include "runtime/signal_watcher.h"

#include <QJsonArray>

namespace tk::app {

class GapsCommand final : public Command
{
    Q_OBJECT
public:
    GapsCommand(const CommandLine &line, const config::Settings &settings);
    void start() override;

private:
    void searchOurselves();
    void progressed(const QJsonObject &progress);
    void show(const QJsonArray &all);
    void interrupted(int count);

    EngineAccess m_access;
    runtime::SignalWatcher m_signals;
    std::optional<ProgressLine> m_bar;
    bool m_interrupted = false;
};

} // namespace tk::app
