// tapekeeper sync --receive: the feeder's end of a push, at the other end of somebody's ssh.
#pragma once

#include "app/command_line.h"

namespace tk::app {

// Reads no configuration: who pushes says everything. Returns the exit code.
int receivePush(const CommandLine &line);

} // namespace tk::app
