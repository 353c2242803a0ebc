// `tapekeeper --no-gui`: the engine alone, until a signal ends it.
#pragma once

#include "app/command_line.h"

namespace tk::app {

// Runs the event loop of the one QCoreApplication, which must exist. Returns the exit code.
int runHeadless(const CommandLine &line);

} // namespace tk::app
