// The program with a window.
#pragma once

#include "app/command_line.h"

namespace tk::app {

// Makes the one QApplication and runs its event loop. Returns the exit code.
int runWindow(int argc, char *argv[], const CommandLine &line);

} // namespace tk::app
