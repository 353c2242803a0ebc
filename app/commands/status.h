// `tapekeeper status`: what a running engine says of itself, and whether it is well.
#pragma once

#include "app/commands/command.h"
#include "app/commands/engine_access.h"

namespace tk::app {

// Status as rows: part, state, since, detail.
Table statusTable(const QJsonObject &status);

class StatusCommand final : public Command
{
    Q_OBJECT
public:
    StatusCommand(const CommandLine &line, const config::Settings &settings);
    void start() override;

private:
    void show(const QJsonObject &status);

    EngineAccess m_access;
};

} // namespace tk::app
