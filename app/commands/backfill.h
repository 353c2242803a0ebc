// `tapekeeper backfill`: fetches a span of history, through the running engine or an engine of its own.
#pragma once

#include "app/commands/command.h"
#include "app/commands/engine_access.h"
#include "app/commands/progress_line.h"
#include "runtime/signal_watcher.h"

namespace tk::app {

class BackfillCommand final : public Command
{
    Q_OBJECT
public:
    BackfillCommand(const CommandLine &line, const config::Settings &settings);
    void start() override;

private:
    Result<QJsonObject> arguments() const;
    void progressed(const QJsonObject &progress);
    void show(const QJsonObject &result);
    void interrupted(int count);

    EngineAccess m_access;
    runtime::SignalWatcher m_signals;
    std::optional<ProgressLine> m_bar;
    qint64 m_id = 0; // of the backfill, once it is known
    bool m_interrupted = false;
};

} // namespace tk::app
