// `tapekeeper hosts receipts`: what the engine keeps of other hosts' files. Asks nobody.
#pragma once

#include "app/commands/command.h"

namespace tk::app {

class HostReceiptsCommand final : public Command
{
    Q_OBJECT
public:
    using Command::Command;

    void start() override;
};

} // namespace tk::app
